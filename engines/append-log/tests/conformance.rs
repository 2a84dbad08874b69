//! storecheck's suite on this engine: `cargo test -p storecheck-append-log`.

fn main() -> std::process::ExitCode {
    storecheck::main(storecheck_append_log::engine())
}
