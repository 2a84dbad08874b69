//! Serves the engine over storecheck's engine protocol.

use std::process::ExitCode;

fn main() -> ExitCode {
    storecheck::protocol::host(&storecheck_redb::engine())
}
