//! data-before-number: a write shows in State, then in the log, and then its number is published; three steps, all
//! before it returns (section 10 of the contract).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;

use bytes::Bytes;
use storecheck::StoreEngine;

use crate::base::{Pairs, prune, scan};

/// A store whose State, log and number each have a lock of their own.
#[derive(Debug, Default)]
pub(crate) struct DataFirst {
    /// Held through all three steps, so that writes take each step in number order.
    writing: Mutex<()>,
    state: RwLock<BTreeMap<Bytes, Bytes>>,
    log: RwLock<BTreeMap<u64, Pairs>>,
    published: AtomicU64,
}

impl DataFirst {
    fn step_by_step(&self, entry: Pairs, change: impl FnOnce(&mut BTreeMap<Bytes, Bytes>)) -> u64 {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.published.load(Ordering::SeqCst) + 1;
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
        // Readers get their chance to see the steps apart.
        thread::yield_now();
        self.log.write().unwrap_or_else(PoisonError::into_inner).insert(number, entry);
        thread::yield_now();
        self.published.store(number, Ordering::SeqCst);
        drop(writing);
        number
    }
}

impl StoreEngine for DataFirst {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let pairs: Pairs =
            kvs.iter().map(|(key, value)| (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))).collect();
        Ok(self.step_by_step(pairs.clone(), |state| state.extend(pairs)))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Ok(state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        Ok(scan(&self.state.read().unwrap_or_else(PoisonError::into_inner), start, end, limit, forward))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.step_by_step(Vec::new(), |state| {
            for key in keys {
                state.remove(*key);
            }
        }))
    }

    fn current_sequence(&self) -> u64 {
        self.published.load(Ordering::SeqCst)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        Ok(self.log.read().unwrap_or_else(PoisonError::into_inner).get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.log.read().unwrap_or_else(PoisonError::into_inner).keys().next().copied())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        Ok(prune(&mut self.log.write().unwrap_or_else(PoisonError::into_inner), cutoff_exclusive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_shows_a_write_before_the_log_and_the_log_before_the_number() {
        let store = DataFirst::default();
        let pair = (Bytes::from_static(b"k"), Bytes::from_static(b"v"));
        thread::scope(|scope| {
            let log = store.log.write().unwrap();
            scope.spawn(|| store.put_batch(&[pair]).unwrap());
            while store.get(b"k").unwrap().is_none() {
                thread::yield_now();
            }
            assert!(log.is_empty() && store.current_sequence() == 0);
        });
        assert_eq!(store.get_batch(1).unwrap().unwrap().len(), 1);
        assert_eq!(store.current_sequence(), 1);
    }
}
