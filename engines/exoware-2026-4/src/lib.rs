//! Engines of the published `exoware_server::StoreEngine` 2026.4.1, judged by storecheck.
//!
//! The suite has a trait of its own with the same signatures, so that it does not build the published server. Here both
//! are linked, and one is the other: [`host`] serves any type of the published trait over storecheck's engine protocol,
//! and [`serve`] puts any engine of storecheck behind the published server.

#[cfg(feature = "rocksdb")]
mod rocksdb;
mod served;

#[cfg(feature = "rocksdb")]
pub use rocksdb::rocksdb;
pub use served::{Served, serve};

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use bytes::Bytes;
use storecheck::{Durability, Engine};

/// A published engine as one of storecheck's.
#[derive(Debug)]
pub struct Published<E>(pub E);

impl<E: exoware_server::StoreEngine> storecheck::StoreEngine for Published<E> {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.0.put_batch(kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        self.0.range_scan(start, end, limit, forward)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        self.0.get_many(keys)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.0.delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.0.current_sequence()
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.0.get_batch(sequence_number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.0.oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.0.prune_batch_log(cutoff_exclusive)
    }
}

/// A published engine called `name`, which `open` opens in a folder. It declares a batch log and that it survives the
/// end of its process, until it is told otherwise.
pub fn engine<E, X>(name: &str, open: impl Fn(&Path) -> Result<E, X> + Send + Sync + 'static) -> Engine
where
    E: exoware_server::StoreEngine,
    X: Display,
{
    let open = move |dir: &Path| open(dir).map(Published).map_err(|error| error.to_string());
    Engine::new(name, open).batch_log(true).durability(Durability::ProcessCrash)
}

/// Serves a published engine over storecheck's engine protocol: the `main` of an executable for
/// `storecheck conform --engine cmd:…`. Its name is the executable's; [`engine`] with `storecheck::protocol::host`
/// declares something else.
pub fn host<E, X>(open: impl Fn(&Path) -> Result<E, X> + Send + Sync + 'static) -> ExitCode
where
    E: exoware_server::StoreEngine,
    X: Display,
{
    let program = std::env::current_exe().unwrap_or_default();
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    storecheck::protocol::host(&engine(&name, open))
}
