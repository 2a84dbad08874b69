//! The store over RocksDB that the published simulator has, as it is published, judged like any other.

use std::path::Path;
use std::process::ExitCode;

use exoware_simulator::RocksStore;

fn main() -> ExitCode {
    let engine = storecheck_exoware::engine("exoware-rocksdb", |dir: &Path| RocksStore::open(&dir.join("rocksdb")));
    storecheck::protocol::host(&engine.version("2026.4.1"))
}
