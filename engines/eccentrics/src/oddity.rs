//! One odd thing on top of the plain store: everything that an [`Oddity`] does not say itself, its base does.

use bytes::Bytes;
use storecheck::StoreEngine;

use crate::base::{Memory, Pair, Values};

/// The calls of [`StoreEngine`], each answered by the base unless the oddity answers it.
pub(crate) trait Oddity: Send + Sync + 'static {
    fn base(&self) -> &Memory;

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        self.base().put_batch(kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.base().get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        self.base().range_scan(start, end, limit, forward)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        self.base().get_many(keys)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.base().delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.base().current_sequence()
    }

    fn get_batch(&self, number: u64) -> Result<Option<Vec<Pair>>, String> {
        self.base().get_batch(number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.base().oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff: u64) -> Result<u64, String> {
        self.base().prune_batch_log(cutoff)
    }
}

/// An oddity as an engine. A type of its own, so that an oddity and its base never offer the same method twice.
#[derive(Debug)]
pub(crate) struct Odd<T>(pub(crate) T);

impl<T: Oddity> StoreEngine for Odd<T> {
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
