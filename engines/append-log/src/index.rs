//! State and batch log in memory, and what a record does to them: the same function serves writers and recovery, so
//! that a reopened store cannot differ from the one that was closed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem;
use std::ops::Bound;

use storecheck::Bytes;

use crate::record::{FRAME, Pair, Record, pair_size};

/// All that readers see.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    state: BTreeMap<Bytes, Bytes>,
    log: BTreeMap<u64, Vec<Pair>>,
    live: u64,
}

impl Index {
    /// Does what `record` says and answers what the call behind it returns: a write's number, a prune's count.
    pub(crate) fn apply(&mut self, sequence: u64, record: Record) -> u64 {
        match record {
            Record::Put(pairs) => {
                self.set(&pairs);
                self.enter(sequence, pairs);
                sequence
            }
            Record::Delete(keys) => {
                keys.iter().for_each(|key| self.unset(key));
                self.enter(sequence, Vec::new());
                sequence
            }
            Record::Prune(cutoff) => self.prune(cutoff),
            Record::State(pairs) => {
                self.set(&pairs);
                sequence
            }
            Record::Entry(pairs) => {
                self.enter(sequence, pairs);
                sequence
            }
            Record::Close => sequence,
        }
    }

    fn set(&mut self, pairs: &[Pair]) {
        for (key, value) in pairs {
            self.live += pair_size(key, value);
            match self.state.entry(key.clone()) {
                Entry::Vacant(place) => drop(place.insert(value.clone())),
                Entry::Occupied(mut place) => {
                    let old = place.insert(value.clone());
                    self.live -= pair_size(key, &old);
                }
            }
        }
    }

    fn unset(&mut self, key: &[u8]) {
        if let Some(old) = self.state.remove(key) {
            self.live -= pair_size(key, &old);
        }
    }

    fn enter(&mut self, sequence: u64, pairs: Vec<Pair>) {
        self.live += entry_size(&pairs);
        self.log.insert(sequence, pairs);
    }

    fn prune(&mut self, cutoff: u64) -> u64 {
        let kept = self.log.split_off(&cutoff);
        let removed = mem::replace(&mut self.log, kept);
        self.live -= removed.values().map(|pairs| entry_size(pairs)).sum::<u64>();
        removed.values().flatten().for_each(|pair| self.part(pair));
        removed.len() as u64
    }

    /// Gives what State has of a pair octets of its own, so that it does not keep those of the pair's whole batch.
    fn part(&mut self, (key, value): &Pair) {
        let Some((held, current)) = self.state.get_key_value(key) else { return };
        if held.as_ptr() == key.as_ptr() || current.as_ptr() == value.as_ptr() {
            let own = (Bytes::copy_from_slice(held), Bytes::copy_from_slice(current));
            // Inserting alone would keep the old key.
            self.state.remove(key);
            self.state.insert(own.0, own.1);
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Bytes> {
        self.state.get(key)
    }

    /// The first `limit` pairs of `[start, end]` in the direction of travel; an empty `end` is no bound.
    pub(crate) fn scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Vec<Pair> {
        let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
        // `BTreeMap::range` panics on a range that runs backwards (SCAN-7).
        if !end.is_empty() && start > end {
            return Vec::new();
        }
        let rows = self.state.range::<[u8], _>((Bound::Included(start), upper));
        let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
        if forward { rows.take(limit).collect() } else { rows.rev().take(limit).collect() }
    }

    /// The batch-log entry of a number.
    pub(crate) fn entry(&self, sequence: u64) -> Option<&Vec<Pair>> {
        self.log.get(&sequence)
    }

    /// The least number with an entry.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.log.keys().next().copied()
    }

    /// The greatest number with an entry.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.log.keys().next_back().copied()
    }

    /// State in key order.
    pub(crate) fn state(&self) -> impl Iterator<Item = Pair> + '_ {
        self.state.iter().map(|(key, value)| (key.clone(), value.clone()))
    }

    /// The batch log in number order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, &Vec<Pair>)> + '_ {
        self.log.iter().map(|(sequence, pairs)| (*sequence, pairs))
    }

    /// Octets that State and batch log would take in a file with nothing dead in it, but for a few frames.
    pub(crate) fn live(&self) -> u64 {
        self.live
    }
}

fn entry_size(pairs: &[Pair]) -> u64 {
    (FRAME + 4) as u64 + pairs.iter().map(|(key, value)| pair_size(key, value)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> Pair {
        (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
    }

    #[test]
    fn live_octets_follow_every_change_and_end_at_nothing() {
        let mut index = Index::default();
        index.apply(1, Record::Put(vec![pair("a", "1"), pair("a", "longer"), pair("b", "")]));
        let pairs: u64 = index.state().map(|(key, value)| pair_size(&key, &value)).sum();
        let entries: u64 = index.entries().map(|(_, pairs)| entry_size(pairs)).sum();
        assert_eq!(index.live(), pairs + entries);
        index.apply(2, Record::Put(vec![pair("a", "2")]));
        let keys = ["a", "b", "a", "none"].map(|key| Bytes::from_static(key.as_bytes()));
        index.apply(3, Record::Delete(keys.to_vec()));
        assert_eq!(index.apply(3, Record::Prune(u64::MAX)), 3);
        assert_eq!(index, Index::default());
    }

    #[test]
    fn pairs_that_outlive_their_entry_leave_the_octets_of_their_batch() {
        let batch = Bytes::from_static(b"a1b2");
        let pairs = vec![(batch.slice(0..1), batch.slice(1..2)), (batch.slice(2..3), batch.slice(3..4))];
        let mut index = Index::default();
        index.apply(1, Record::Put(pairs));
        index.apply(2, Record::Put(vec![pair("b", "3")]));
        let of_batch = |index: &Index| {
            let inside = |octets: &Bytes| batch.as_ptr_range().contains(&octets.as_ptr());
            index.state().filter(|(key, value)| inside(key) || inside(value)).count()
        };
        // The key of a pair whose value was replaced is still the old one.
        assert_eq!(of_batch(&index), 2);
        let before: Vec<Pair> = index.state().collect();
        index.apply(2, Record::Prune(2));
        assert_eq!((of_batch(&index), index.state().collect::<Vec<_>>()), (0, before));
    }

    #[test]
    fn scans_bear_any_bounds_and_limits() {
        let mut index = Index::default();
        index.apply(1, Record::Put(vec![pair("", "0"), pair("a", "1"), pair("b", "2")]));
        assert_eq!(index.scan(b"", b"", usize::MAX, true).len(), 3);
        assert_eq!(index.scan(b"", b"", 2, false), [pair("b", "2"), pair("a", "1")]);
        assert_eq!(index.scan(b"a", b"a", 9, false), [pair("a", "1")]);
        assert!(index.scan(b"b", b"a", 9, true).is_empty() && index.scan(b"", b"", 0, true).is_empty());
    }
}
