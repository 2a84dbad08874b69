//! The calls of [`StoreEngine`].

use std::ops::Bound;

use storecheck::{Bytes, StoreEngine};

use crate::contents::{Change, Pair};
use crate::journal::Journal;

impl StoreEngine for Journal {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let copied: Vec<Pair> =
            kvs.iter().map(|(k, v)| (Bytes::copy_from_slice(k), Bytes::copy_from_slice(v))).collect();
        let mut inner = self.lock();
        let number = inner.next();
        inner.write(&Change::Put(number, copied))?;
        Ok(number)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.lock().look(|contents| contents.state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
        self.lock().look(|contents| {
            let rows = contents.state.range::<[u8], _>((Bound::Included(start), upper));
            let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
            if forward { rows.take(limit).collect() } else { rows.rev().take(limit).collect() }
        })
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let keys = keys.iter().map(|key| Bytes::copy_from_slice(key)).collect();
        let mut inner = self.lock();
        let number = inner.next();
        inner.write(&Change::Delete(number, keys))?;
        Ok(number)
    }

    fn current_sequence(&self) -> u64 {
        self.lock().contents.number
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.lock().look(|contents| contents.log.get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.lock().look(|contents| contents.log.keys().next().copied())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let mut inner = self.lock();
        // What is written down says nothing about entries that come later (PRN-4).
        let cutoff = cutoff_exclusive.min(inner.contents.number + 1);
        let count = inner.contents.log.range(..cutoff).count() as u64;
        if count > 0 {
            inner.write(&Change::Prune(cutoff))?;
        }
        Ok(count)
    }
}
