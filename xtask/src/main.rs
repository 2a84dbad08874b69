//! The workspace's command line: storecheck with the bundled engines, the mutants and the eccentrics registered, and the
//! chores of whoever works on this repository.

mod publish;
mod test;

use std::process::ExitCode;

use storecheck::cli::{self, Chore, Registry};

fn main() -> ExitCode {
    let mut engines = vec![storecheck_btree::engine(), storecheck_sqlite::engine(), storecheck_append_log::engine()];
    engines.extend(storecheck_sqlite::modes());
    cli::main(&Registry {
        program: "cargo xtask",
        engines,
        mutants: storecheck_mutants::all(),
        eccentrics: storecheck_eccentrics::all(),
        chores: vec![
            Chore { name: "test", about: "Run the tests of the whole workspace", run: test::run },
            Chore { name: "publish", about: "Judge the bundled engines anew for reports/", run: publish::run },
        ],
    })
}
