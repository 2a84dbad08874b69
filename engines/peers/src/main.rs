//! storecheck with the stores of others and the bundled ones in one program.
//!
//! Elsewhere each of them is judged in a process of its own, which is what its users need and what makes its builds
//! independent. For speed that will not do: a call through the engine protocol takes as long as many calls of a store.
//! Here all of them are called as a Rust program calls them.

use std::process::ExitCode;

use storecheck::cli::{self, Registry};

fn main() -> ExitCode {
    cli::main(&Registry {
        program: "cargo run --release --manifest-path engines/peers/Cargo.toml --",
        engines: vec![
            storecheck_append_log::engine(),
            storecheck_sqlite::engine(),
            storecheck_btree::engine(),
            storecheck_redb::engine(),
            storecheck_fjall::engine(),
            storecheck_lmdb::engine(),
            #[cfg(feature = "rocksdb")]
            storecheck_exoware::rocksdb(),
        ],
        ..Registry::default()
    })
}
