//! The simplest correct engine: ordered maps in memory behind one lock.
//!
//! Read this one first. It shows what a [`StoreEngine`] owes its callers when there is no disk to think of: State and
//! batch log change together under one write lock, so every reader sees a write entirely or not at all, and the order
//! of sequence numbers is the order of effects. It is also what other engines are compared with.
//!
//! It declares a batch log and volatile data: nothing is written to the directory it is opened in.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use storecheck::{Bytes, Durability, Engine, StoreEngine};

/// The engine as the suite knows it.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("btree", |_| Ok(BTree::new()))
        .version(env!("CARGO_PKG_VERSION"))
        .batch_log(true)
        .durability(Durability::Volatile)
}

/// A store in memory. It accepts everything: empty batches, and keys and values of any size.
#[derive(Debug, Default)]
pub struct BTree {
    store: RwLock<Store>,
}

/// All that a write changes. One lock around the three is what makes a write one instant.
#[derive(Debug, Default)]
struct Store {
    state: BTreeMap<Bytes, Bytes>,
    log: BTreeMap<u64, Vec<(Bytes, Bytes)>>,
    current: u64,
}

impl Store {
    /// Gives the next number to a write whose log entry is `pairs`.
    fn enter(&mut self, pairs: Vec<(Bytes, Bytes)>) -> u64 {
        self.current += 1;
        self.log.insert(self.current, pairs);
        self.current
    }
}

impl BTree {
    /// An empty store, whose first write gets number 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // A panic elsewhere while the lock was held poisons it. No step below can panic half-way through a change, so the
    // data are whole, and refusing to serve them would turn one failed call into a dead store (GEN-7).
    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreEngine for BTree {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        // The octets passed in are slices of a whole request body: a kept clone would keep all of it alive (GEN-9).
        // They are copied before the lock is taken, so that a large batch does not hold up readers.
        let pairs: Vec<_> =
            kvs.iter().map(|(key, value)| (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))).collect();
        let mut store = self.write();
        store.state.extend(pairs.iter().cloned());
        Ok(store.enter(pairs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(self.read().state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
        // `BTreeMap::range` panics on a range that runs backwards (SCAN-7).
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        let store = self.read();
        let rows = store.state.range::<[u8], _>((Bound::Included(start), upper));
        let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
        // `limit` may be usize::MAX: collecting grows with the rows found and never reserves by it (SCAN-6).
        Ok(if forward { rows.take(limit).collect() } else { rows.rev().take(limit).collect() })
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let mut store = self.write();
        for key in keys {
            store.state.remove(*key);
        }
        // Whoever follows the log walks number after number, so a delete leaves an entry too, without pairs (DEL-4).
        Ok(store.enter(Vec::new()))
    }

    fn current_sequence(&self) -> u64 {
        self.read().current
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        Ok(self.read().log.get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.read().log.keys().next().copied())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let mut store = self.write();
        let kept = store.log.split_off(&cutoff_exclusive);
        let removed = std::mem::replace(&mut store.log, kept);
        Ok(removed.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (Bytes, Bytes) {
        (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
    }

    fn three() -> BTree {
        let store = BTree::new();
        store.put_batch(&[pair("a", "1"), pair("b", "2"), pair("a", "3"), pair("", "")]).unwrap();
        store
    }

    #[test]
    fn the_last_pair_of_a_key_wins_and_the_log_keeps_them_all() {
        let store = three();
        assert_eq!(store.get(b"a"), Ok(Some(b"3".to_vec())));
        assert_eq!(store.get(b""), Ok(Some(Vec::new())));
        assert_eq!(store.get_batch(1).unwrap().unwrap().len(), 4);
    }

    #[test]
    fn scans_bear_any_bounds_and_limits() {
        let store = three();
        let rows = |start: &str, end: &str, limit, forward| {
            let rows = store.range_scan(start.as_bytes(), end.as_bytes(), limit, forward).unwrap();
            rows.iter().map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(rows("", "", usize::MAX, true), ["", "a", "b"]);
        assert_eq!(rows("", "", 2, false), ["b", "a"]);
        assert_eq!(rows("a", "a", 9, true), ["a"]);
        assert!(rows("b", "a", 9, false).is_empty() && rows("", "", 0, true).is_empty());
    }

    #[test]
    fn every_write_takes_a_number_and_leaves_an_entry() {
        let store = three();
        assert_eq!(store.put_batch(&[]), Ok(2));
        assert_eq!(store.delete_batch(&[]), Ok(3));
        assert_eq!(store.delete_batch(&[b"a", b"a", b"none"]), Ok(4));
        assert_eq!(store.get(b"a"), Ok(None));
        assert!((2..=4).all(|number| store.get_batch(number) == Ok(Some(Vec::new()))));
        assert_eq!(store.current_sequence(), 4);
    }

    #[test]
    fn pruning_counts_once_and_says_nothing_of_later_entries() {
        let store = three();
        store.put_batch(&[]).unwrap();
        assert_eq!(store.prune_batch_log(0), Ok(0));
        assert_eq!(store.prune_batch_log(2), Ok(1));
        assert_eq!(store.oldest_retained_batch(), Ok(Some(2)));
        assert_eq!((store.prune_batch_log(u64::MAX), store.prune_batch_log(u64::MAX)), (Ok(1), Ok(0)));
        assert_eq!((store.oldest_retained_batch(), store.current_sequence()), (Ok(None), 2));
        assert_eq!(store.put_batch(&[]), Ok(3));
        assert_eq!(store.oldest_retained_batch(), Ok(Some(3)));
    }
}
