//! Serves the published store over RocksDB over storecheck's engine protocol.

use std::process::ExitCode;

fn main() -> ExitCode {
    storecheck::protocol::host(&storecheck_exoware::rocksdb())
}
