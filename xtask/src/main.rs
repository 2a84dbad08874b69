//! The workspace's command line: storecheck with the bundled engines, the mutants and the eccentrics registered, and the
//! chores of whoever works on this repository.

mod publish;
mod test;

use std::process::ExitCode;

use storecheck::cli::{self, Chore, Registry};

/// The sample engine, started from wherever this repository was when it was built.
fn python() -> String {
    format!("python3 '{}/../engines/python/store.py'", env!("CARGO_MANIFEST_DIR"))
}

fn main() -> ExitCode {
    let mut engines = vec![storecheck_btree::engine(), storecheck_sqlite::engine(), storecheck_append_log::engine()];
    engines.extend(storecheck_sqlite::modes());
    cli::main(&Registry {
        program: "cargo xtask",
        engines,
        commands: vec![("python", python())],
        mutants: storecheck_mutants::all(),
        eccentrics: storecheck_eccentrics::all(),
        chores: vec![
            Chore { name: "test", about: "Run the tests of the whole workspace", run: test::run },
            Chore { name: "publish", about: "Judge the bundled engines anew for reports/", run: publish::run },
        ],
    })
}
