//! Oddities that are a layer around the [`Base`]: a [`Twist`] says which calls it does in its own way, and [`Twisted`]
//! makes an engine of it.

use bytes::Bytes;
use storecheck::StoreEngine;

use crate::base::{Base, Pairs};

/// What `get_many` answers.
pub(crate) type Looked = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A layer around a store. Every call goes to the store unless the layer has its own way with it.
pub(crate) trait Twist: Send + Sync + 'static {
    /// The store inside.
    fn base(&self) -> &Base;

    /// Done before every call.
    fn before(&self) {}

    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.base().put_batch(kvs)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        self.base().range_scan(start, end, limit, forward)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Looked, String> {
        self.base().get_many(keys)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.base().delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.base().current_sequence()
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        self.base().get_batch(sequence_number)
    }
}

/// The engine that a twist makes.
#[derive(Debug)]
pub(crate) struct Twisted<T>(pub(crate) T);

impl<T: Twist> StoreEngine for Twisted<T> {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.0.before();
        self.0.put_batch(kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.before();
        self.0.base().get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        self.0.before();
        self.0.range_scan(start, end, limit, forward)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Looked, String> {
        self.0.before();
        self.0.get_many(keys)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.0.before();
        self.0.delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.0.before();
        self.0.current_sequence()
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        self.0.before();
        self.0.get_batch(sequence_number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.0.before();
        self.0.base().oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.0.before();
        self.0.base().prune_batch_log(cutoff_exclusive)
    }
}
