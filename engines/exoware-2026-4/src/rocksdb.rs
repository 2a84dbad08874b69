//! The store over RocksDB that the published simulator has, as it is published, judged like any other.

use std::path::Path;

use exoware_simulator::RocksStore;
use storecheck::Engine;

/// The engine as the suite is told of it.
#[must_use]
pub fn rocksdb() -> Engine {
    crate::engine("exoware-rocksdb", |dir: &Path| RocksStore::open(&dir.join("rocksdb"))).version("2026.4.1")
}
