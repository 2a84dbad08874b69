//! storecheck's suite on this engine: `cargo test -p storecheck-sqlite`.

fn main() -> std::process::ExitCode {
    storecheck::main(storecheck_sqlite::engine())
}
