//! The plain correct store that every eccentric bends: two maps in memory behind one lock.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use storecheck::StoreEngine;

/// A key and its value.
pub(crate) type Pair = (Bytes, Bytes);
/// What `get_many` answers.
pub(crate) type Values = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// State, log and the newest number, without any locking.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) state: BTreeMap<Bytes, Bytes>,
    pub(crate) log: BTreeMap<u64, Vec<Pair>>,
    pub(crate) last: u64,
}

impl Contents {
    pub(crate) fn set(&mut self, pairs: &[Pair]) {
        self.state.extend(pairs.iter().cloned());
    }

    pub(crate) fn remove(&mut self, keys: &[&[u8]]) {
        for key in keys {
            self.state.remove(*key);
        }
    }

    pub(crate) fn take_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes a number and logs `pairs` under it.
    pub(crate) fn append(&mut self, pairs: Vec<Pair>) -> u64 {
        let number = self.take_number();
        self.log.insert(number, pairs);
        number
    }
}

/// [`Contents`] for many threads.
///
/// A write publishes its number while it still holds the lock, so whoever sees the number and then reads waits for the
/// data (SEQ-2).
#[derive(Debug, Default)]
pub(crate) struct Memory {
    contents: RwLock<Contents>,
    published: AtomicU64,
}

impl Memory {
    pub(crate) fn holding(contents: Contents) -> Self {
        Self { published: AtomicU64::new(contents.last), contents: RwLock::new(contents) }
    }

    /// A fresh store whose first write gets the number after `last`.
    pub(crate) fn fresh_after(last: u64) -> Self {
        Self::holding(Contents { last, ..Contents::default() })
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One atomic write: `change`, then the number published.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> T {
        self.change(|contents| {
            let done = change(contents);
            self.publish(contents.last);
            done
        })
    }

    /// One atomic change that `current_sequence` does not cover until it is [published](Self::publish).
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> T {
        change(&mut self.contents.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, number: u64) {
        self.published.fetch_max(number, Ordering::SeqCst);
    }
}

/// The pairs in memory of their own, so that a kept one does not keep a whole request alive (GEN-9).
pub(crate) fn copied(pairs: &[Pair]) -> Vec<Pair> {
    pairs.iter().map(|(key, value)| (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))).collect()
}

/// The rows of one sorted map that a scan asks for.
pub(crate) fn rows(state: &BTreeMap<Bytes, Bytes>, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Vec<Pair> {
    // The map panics at a range that runs backwards; here it holds no rows (SCAN-7).
    if !end.is_empty() && start > end {
        return vec![];
    }
    let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
    let range = state.range::<[u8], _>((Bound::Included(start), upper));
    let row = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
    if forward { range.take(limit).map(row).collect() } else { range.rev().take(limit).map(row).collect() }
}

impl StoreEngine for Memory {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let pairs = copied(kvs);
        Ok(self.write(|contents| {
            contents.set(&pairs);
            contents.append(pairs)
        }))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(self.read().state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        Ok(rows(&self.read().state, start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        let contents = self.read();
        Ok(keys.iter().map(|key| (key.to_vec(), contents.state.get(*key).map(|value| value.to_vec()))).collect())
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(|contents| {
            contents.remove(keys);
            contents.append(vec![])
        }))
    }

    fn current_sequence(&self) -> u64 {
        self.published.load(Ordering::SeqCst)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        Ok(self.read().log.get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.read().log.first_key_value().map(|(number, _)| *number))
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let removed = self.change(|contents| {
            let kept = contents.log.split_off(&cutoff_exclusive);
            std::mem::replace(&mut contents.log, kept)
        });
        Ok(removed.len() as u64)
    }
}
