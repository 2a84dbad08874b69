//! storecheck's suite on this engine: `cargo test -p storecheck-btree`.

fn main() -> std::process::ExitCode {
    storecheck::main(storecheck_btree::engine())
}
