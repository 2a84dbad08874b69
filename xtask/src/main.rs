//! The workspace's command line: storecheck with the bundled engines, the mutants and the eccentrics registered, and the
//! chores of whoever works on this repository.

mod publish;
mod test;

use std::process::ExitCode;

use std::path::PathBuf;

use storecheck::cli::{self, Chore, ProcessEngine, Registry};

/// The folder of the engines, wherever this repository was when this was built.
fn engines() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../engines"))
}

/// The sample engine.
fn python() -> ProcessEngine {
    let command = format!("python3 '{}'", engines().join("python/store.py").display());
    ProcessEngine { name: "python", command, workspace: None, features: "" }
}

/// An engine with a workspace of its own.
fn peer(name: &'static str, workspace: &str, command: &str) -> ProcessEngine {
    let workspace = engines().join(workspace);
    let (program, arguments) = command.split_at(command.find(' ').unwrap_or(command.len()));
    let command = format!("'{}/target/release/{program}'{arguments}", workspace.display());
    ProcessEngine { name, command, workspace: Some(workspace), features: "" }
}

fn main() -> ExitCode {
    let mut engines = vec![storecheck_btree::engine(), storecheck_sqlite::engine(), storecheck_append_log::engine()];
    engines.extend(storecheck_sqlite::modes());
    cli::main(&Registry {
        program: "cargo xtask",
        engines,
        processes: vec![
            python(),
            peer("redb", "redb", "storecheck-redb"),
            peer("fjall", "fjall", "storecheck-fjall"),
            peer("fjall@process-crash", "fjall", "storecheck-fjall process-crash"),
            peer("lmdb", "lmdb", "storecheck-lmdb"),
            peer("lmdb@process-crash", "lmdb", "storecheck-lmdb process-crash"),
            // RocksDB takes minutes to build, and only this engine wants it.
            ProcessEngine { features: "rocksdb", ..peer("exoware-rocksdb", "exoware-2026-4", "exoware-rocksdb") },
        ],
        server: Some(peer("exoware-serve", "exoware-2026-4", "exoware-serve")),
        mutants: storecheck_mutants::all(),
        eccentrics: storecheck_eccentrics::all(),
        chores: vec![
            Chore { name: "test", about: "Run the tests of the whole workspace", run: test::run },
            Chore { name: "publish", about: "Judge what is in reports/ anew", run: publish::run },
        ],
    })
}
