//! The correct store that the eccentrics are made of: ordered maps in memory behind one lock, and [`Settings`], plain
//! data in which most oddities are one line.
//!
//! What settings cannot say is a [`twist`](crate::twist) around this store, or an engine of its own.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use storecheck::StoreEngine;

use crate::saved::Saved;

/// Pairs of key and value.
pub(crate) type Pairs = Vec<(Bytes, Bytes)>;

/// What `put_batch(&[])` does (PUT-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmptyPut {
    /// A write like any other: a number and an empty entry.
    Accepted,
    /// An error that changes nothing.
    Refused,
}

/// What `delete_batch(&[])` does (DEL-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmptyDelete {
    /// A write like any other: a number and an empty entry.
    Accepted,
    /// The current number, and no write.
    Noop,
    /// An error that changes nothing.
    Refused,
}

/// How one store differs from the usual one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// `current_sequence` before the first write.
    pub(crate) fresh: u64,
    /// How far the number after this one is; at least 1.
    pub(crate) step: fn(u64) -> u64,
    /// Whether there is a batch log.
    pub(crate) log: bool,
    /// Whether deletes leave entries in it.
    pub(crate) log_deletes: bool,
    pub(crate) empty_put: EmptyPut,
    pub(crate) empty_delete: EmptyDelete,
    /// Longest key taken, in octets.
    pub(crate) key_limit: usize,
    /// Longest value taken, in octets.
    pub(crate) value_limit: usize,
    /// Most pairs in one put; more are refused and change nothing.
    pub(crate) pairs_limit: usize,
    /// Most pairs in one put; more are refused after a number was taken for them.
    pub(crate) burn_over: usize,
}

/// The usual store: everything accepted, everything logged, numbers from 1 without holes.
pub(crate) const USUAL: Settings = Settings {
    fresh: 0,
    step: |_| 1,
    log: true,
    log_deletes: true,
    empty_put: EmptyPut::Accepted,
    empty_delete: EmptyDelete::Accepted,
    key_limit: usize::MAX,
    value_limit: usize::MAX,
    pairs_limit: usize::MAX,
    burn_over: usize::MAX,
};

/// All that a write changes. One lock around the three is what makes a write one instant.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) state: BTreeMap<Bytes, Bytes>,
    pub(crate) log: BTreeMap<u64, Pairs>,
    pub(crate) current: u64,
}

impl Store {
    fn fresh(settings: Settings) -> Self {
        Self { current: settings.fresh, ..Self::default() }
    }
}

/// A correct store in memory that follows its [`Settings`].
#[derive(Debug)]
pub(crate) struct Base {
    settings: Settings,
    store: RwLock<Store>,
    saved: Option<Saved>,
}

impl Base {
    /// An empty store that is forgotten when it is dropped.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, store: RwLock::new(Store::fresh(settings)), saved: None }
    }

    /// The store saved in `dir`, or an empty one; it is saved there when it is dropped.
    pub(crate) fn open(settings: Settings, dir: &Path) -> Result<Self, String> {
        let saved = Saved::claim(dir)?;
        let store = saved.load()?.unwrap_or_else(|| Store::fresh(settings));
        Ok(Self { settings, store: RwLock::new(store), saved: Some(saved) })
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        // No step under the lock can panic half-way through a change, so what a poisoned lock guards is whole (GEN-7).
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the next number to a write and, when there is one, its log entry.
    fn enter(&self, store: &mut Store, entry: Option<Pairs>) -> u64 {
        store.current += (self.settings.step)(store.current);
        if let Some(pairs) = entry.filter(|_| self.settings.log) {
            store.log.insert(store.current, pairs);
        }
        store.current
    }

    fn check_key(&self, key: &[u8]) -> Result<(), String> {
        if key.len() > self.settings.key_limit { Err("the key is too long".to_owned()) } else { Ok(()) }
    }

    fn check_put(&self, kvs: &[(Bytes, Bytes)]) -> Result<(), String> {
        if kvs.is_empty() && self.settings.empty_put == EmptyPut::Refused {
            return Err("a batch needs a pair at least".to_owned());
        }
        if kvs.len() > self.settings.pairs_limit {
            return Err("the batch has too many pairs".to_owned());
        }
        for (key, value) in kvs {
            self.check_key(key)?;
            if value.len() > self.settings.value_limit {
                return Err("the value is too long".to_owned());
            }
        }
        Ok(())
    }
}

impl StoreEngine for Base {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.check_put(kvs)?;
        if kvs.len() > self.settings.burn_over {
            // Whoever follows the log walks number after number: the number taken in vain gets an empty entry (PUT-9).
            self.enter(&mut self.write(), Some(Vec::new()));
            return Err("the batch has too many pairs; its number is spent".to_owned());
        }
        // A kept clone would pin the request body that the octets are slices of (GEN-9).
        let pairs: Pairs =
            kvs.iter().map(|(key, value)| (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))).collect();
        let mut store = self.write();
        store.state.extend(pairs.iter().cloned());
        Ok(self.enter(&mut store, Some(pairs)))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(self.read().state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        self.check_key(start)?;
        self.check_key(end)?;
        Ok(scan(&self.read().state, start, end, limit, forward))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        if keys.is_empty() {
            match self.settings.empty_delete {
                EmptyDelete::Accepted => {}
                EmptyDelete::Noop => return Ok(self.current_sequence()),
                EmptyDelete::Refused => return Err("a batch needs a key at least".to_owned()),
            }
        }
        keys.iter().try_for_each(|key| self.check_key(key))?;
        let mut store = self.write();
        for key in keys {
            store.state.remove(*key);
        }
        Ok(self.enter(&mut store, self.settings.log_deletes.then(Vec::new)))
    }

    fn current_sequence(&self) -> u64 {
        self.read().current
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        Ok(self.read().log.get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.read().log.keys().next().copied())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        Ok(prune(&mut self.write().log, cutoff_exclusive))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Some(saved) = &self.saved {
            // A drop has nobody to tell; what was saved before stays as it was.
            drop(saved.save(&self.read()));
        }
    }
}

/// The rows of `state` that `range_scan` owes.
pub(crate) fn scan(state: &BTreeMap<Bytes, Bytes>, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Pairs {
    // `BTreeMap::range` panics on a range that runs backwards (SCAN-7).
    if !end.is_empty() && start > end {
        return Vec::new();
    }
    let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
    let rows = state.range::<[u8], _>((Bound::Included(start), upper));
    let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
    // Collecting grows with the rows found and never reserves by `limit` (SCAN-6).
    if forward { rows.take(limit).collect() } else { rows.rev().take(limit).collect() }
}

/// Removes the entries below `cutoff` and counts them.
pub(crate) fn prune(log: &mut BTreeMap<u64, Pairs>, cutoff: u64) -> u64 {
    let kept = log.split_off(&cutoff);
    std::mem::replace(log, kept).len() as u64
}
