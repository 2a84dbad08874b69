//! The store that every mutant is made from, and that is right in everything: what the gallery shows is each time
//! one fault added to it.
//!
//! It keeps State and batch log in memory as plain maps. Locking is the business of [`fault`](crate::fault), files
//! that of [`saved`](crate::saved).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::PathBuf;

use bytes::Bytes;

/// A key and its value.
pub(crate) type Pair = (Bytes, Bytes);

/// What a call answers.
pub(crate) type Answer<T> = Result<T, String>;

/// What a key holds, if anything.
pub(crate) type Value = Option<Vec<u8>>;

/// One entry of a `get_many` answer.
pub(crate) type Entry = (Vec<u8>, Value);

/// The arguments of one `range_scan`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) start: &'a [u8],
    pub(crate) end: &'a [u8],
    pub(crate) limit: usize,
    pub(crate) forward: bool,
}

/// State, batch log and number of a right store, and room for what a fault wants to remember.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// State: the newest value of every key.
    pub(crate) state: BTreeMap<Bytes, Bytes>,
    /// The batch log; deletes are entries without pairs.
    pub(crate) log: BTreeMap<u64, Vec<Pair>>,
    /// The highest number given to a write.
    pub(crate) current: u64,
    /// Where a durable store lives.
    pub(crate) dir: Option<PathBuf>,
    /// What a fault remembers between calls: never saved, and of no use to a right store.
    pub(crate) notes: Notes,
}

/// The memory of a fault.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) count: u64,
    pub(crate) flag: bool,
    pub(crate) keys: BTreeSet<Bytes>,
    pub(crate) history: BTreeMap<Bytes, Vec<Bytes>>,
    pub(crate) entries: BTreeMap<u64, Vec<Pair>>,
    pub(crate) late: Vec<Pair>,
}

/// Copies of the pairs, so that nothing of the caller's buffers is held (GEN-9).
pub(crate) fn copied(kvs: &[Pair]) -> Vec<Pair> {
    kvs.iter().map(|(key, value)| (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))).collect()
}

impl Store {
    /// Takes the next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.current += 1;
        self.current
    }

    /// Writes pairs to State and nowhere else.
    pub(crate) fn write(&mut self, kvs: &[Pair]) {
        self.state.extend(copied(kvs));
    }

    /// A right `put_batch`.
    pub(crate) fn put(&mut self, kvs: &[Pair]) -> u64 {
        self.put_storing(kvs, kvs)
    }

    /// A `put_batch` that logs `kvs` but writes `stored` to State.
    pub(crate) fn put_storing(&mut self, kvs: &[Pair], stored: &[Pair]) -> u64 {
        self.write(stored);
        self.record(kvs)
    }

    /// A `put_batch` that writes `kvs` to State but logs `logged`.
    pub(crate) fn put_logging(&mut self, kvs: &[Pair], logged: &[Pair]) -> u64 {
        self.put_storing(logged, kvs)
    }

    /// Takes the next number and logs `kvs` under it; State stays as it is.
    pub(crate) fn record(&mut self, kvs: &[Pair]) -> u64 {
        let number = self.next();
        self.log.insert(number, copied(kvs));
        number
    }

    /// A right `put_batch` that also notes every value that each key was given.
    pub(crate) fn put_noting(&mut self, kvs: &[Pair]) -> u64 {
        for (key, value) in copied(kvs) {
            self.notes.history.entry(key).or_default().push(value);
        }
        self.put(kvs)
    }

    /// A right `get`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.state.get(key).map(|value| value.to_vec())
    }

    /// A right `get_many`.
    pub(crate) fn many(&self, keys: &[&[u8]]) -> Vec<Entry> {
        keys.iter().map(|key| (key.to_vec(), self.get(key))).collect()
    }

    /// A right `range_scan`.
    pub(crate) fn scan(&self, span: Span<'_>) -> Vec<Pair> {
        if !span.end.is_empty() && span.start > span.end {
            return Vec::new();
        }
        let upper = if span.end.is_empty() { Bound::Unbounded } else { Bound::Included(span.end) };
        let rows = self.state.range::<[u8], _>((Bound::Included(span.start), upper));
        let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
        if span.forward { rows.take(span.limit).collect() } else { rows.rev().take(span.limit).collect() }
    }

    /// A right `range_scan` that disregards the limit: what faults filter before they apply it.
    pub(crate) fn rows(&self, span: Span<'_>) -> Vec<Pair> {
        self.scan(Span { limit: usize::MAX, ..span })
    }

    /// The key that follows `key` in order.
    pub(crate) fn following(&self, key: &[u8]) -> Option<Bytes> {
        self.state.range::<[u8], _>((Bound::Excluded(key), Bound::Unbounded)).next().map(|(next, _)| next.clone())
    }

    /// A right `delete_batch`.
    pub(crate) fn delete(&mut self, keys: &[&[u8]]) -> u64 {
        for key in keys {
            self.state.remove(*key);
        }
        self.record(&[])
    }

    /// A right `get_batch`.
    pub(crate) fn batch(&self, number: u64) -> Option<Vec<Pair>> {
        self.log.get(&number).cloned()
    }

    /// A right `oldest_retained_batch`.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.log.keys().next().copied()
    }

    /// A right `prune_batch_log`.
    pub(crate) fn prune(&mut self, cutoff: u64) -> u64 {
        self.take_below(cutoff).len() as u64
    }

    /// Removes the log entries below `cutoff` and hands them out.
    pub(crate) fn take_below(&mut self, cutoff: u64) -> BTreeMap<u64, Vec<Pair>> {
        let kept = self.log.split_off(&cutoff);
        std::mem::replace(&mut self.log, kept)
    }
}
