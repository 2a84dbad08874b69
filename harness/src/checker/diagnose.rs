//! What a reply that no State explains is called, and which calls prove it.

use super::digest::{Digest, NONE};
use super::state::{Sight, Version};
use super::{Anomaly, Checker, Open};

impl Checker {
    /// Names what is wrong with a value that the key held in no State allowed.
    pub(super) fn wrong_value(&mut self, open: &Open, key: u32, value: Digest, latest: u64) {
        let held = self.keys.version(key, open.floor.at).copied();
        // That a later write removes the key does not make its absence that write's.
        let there = |version: &&Version| version.value == value && (value != NONE || version.state <= latest);
        let source = self.keys.versions(key).iter().rfind(there).copied();
        let overwritten = held.map_or(0, |version| version.by);
        let floor = open.floor.by;
        let by_write = floor == overwritten;
        let (anomaly, proof) = match (value, source) {
            (NONE, None) => (Anomaly::LostWrite, [overwritten, floor, 0]),
            (_, Some(source)) if source.state > latest => {
                let lo_by = self.order.get(source.state).map_or(0, |placed| placed.lo_by);
                (Anomaly::FutureRead, [source.by, lo_by, 0])
            }
            (NONE, Some(_)) if by_write => (Anomaly::LostWrite, [overwritten, floor, 0]),
            (_, Some(source)) if held.is_some_and(|held| held.value == NONE) => {
                (Anomaly::ResurrectedDelete, [source.by, overwritten, floor])
            }
            (_, Some(source)) if by_write => (Anomaly::StaleRead, [source.by, overwritten, 0]),
            (_, Some(source)) => {
                let anomaly = if self.is_acknowledged(floor) { Anomaly::StaleRead } else { Anomaly::NonMonotonicRead };
                (anomaly, [source.by, overwritten, floor])
            }
            (_, None) => match self.order.coming(key, value) {
                Some(write) => (Anomaly::FutureRead, [write.nth, 0, 0]),
                None => (Anomaly::GarbageRead, [overwritten, 0, 0]),
            },
        };
        let mut calls = vec![open.nth];
        for nth in proof {
            if !calls.contains(&nth) {
                calls.push(nth);
            }
        }
        self.wrong(anomaly, &calls, Some(key));
    }

    /// Whether the call is a write that was placed.
    fn is_acknowledged(&self, nth: u64) -> bool {
        self.acknowledged.by == nth || self.order.holds(nth)
    }

    /// Names what is wrong with rows that no one State explains.
    pub(super) fn wrong_rows(&mut self, open: &Open, sight: &Sight, differing: &[u32], latest: u64) {
        let seen = |id: u32| sight.seen.iter().find(|(row, _)| *row == id).map_or(NONE, |(_, value)| *value);
        let alone = differing.iter().find(|id| self.keys.least(**id, seen(**id), open.floor.at, latest).is_none());
        if let Some(&key) = alone {
            let value = seen(key);
            let held = self.keys.at(key, open.floor.at);
            let never = self.keys.versions(key).iter().all(|version| version.value == NONE);
            let by = self.keys.version(key, open.floor.at).map_or(0, |version| version.by);
            let proof = [open.nth, by, if by == open.floor.by { 0 } else { open.floor.by }];
            return match (held, value) {
                (held, NONE) if held != NONE => self.wrong(Anomaly::MissingRow, &proof, Some(key)),
                (NONE, _) if never => self.wrong(Anomaly::Phantom, &proof, Some(key)),
                _ => self.wrong_value(open, key, value, latest),
            };
        }
        let torn = self.torn(open, sight, latest);
        match torn {
            Some((write, key)) => self.wrong(Anomaly::TornBatch, &[open.nth, write], Some(key)),
            None => self.fuzzy(open, sight, differing, latest),
        }
    }

    /// Two rows that did not hold together: one that is no older than some write, and one that an earlier write, or that
    /// very one, had replaced. Values hold over stretches of States, and of stretches without a common State two lie
    /// apart, so that there are two.
    fn fuzzy(&mut self, open: &Open, sight: &Sight, differing: &[u32], latest: u64) {
        let seen = |id: u32| sight.seen.iter().find(|(row, _)| *row == id).map_or(NONE, |(_, value)| *value);
        // A key that the rows do not have may have been written meanwhile.
        let written = (open.floor.at + 1..=latest).filter_map(|state| self.order.get(state));
        let written = written.flat_map(|placed| placed.write.changes.iter().map(|(id, _)| *id));
        let unseen = written.filter(|id| self.keys.covers(sight, *id));
        let ids = sight.seen.iter().map(|(id, _)| *id).chain(differing.iter().copied()).chain(unseen);
        let (mut newest, mut replaced): (Option<Version>, Option<(Version, u32)>) = (None, None);
        for id in ids {
            let versions = self.keys.versions(id);
            let at = versions.iter().rposition(|version| version.value == seen(id) && version.state <= latest);
            let (began, ended) = match at {
                Some(at) => (versions.get(at), versions.get(at + 1)),
                None => (None, versions.front()),
            };
            newest = newest.into_iter().chain(began.copied()).max_by_key(|version| version.state);
            let ended = ended.filter(|version| version.state <= latest).map(|version| (*version, id));
            replaced = replaced.into_iter().chain(ended).min_by_key(|(version, _)| version.state);
        }
        let proof = [open.nth, newest.map_or(0, |version| version.by), replaced.map_or(0, |(version, _)| version.by)];
        let key = replaced.map(|(_, id)| id).or_else(|| differing.first().copied());
        self.wrong(Anomaly::FuzzySnapshot, &proof, key);
    }

    /// A batch of which the rows show one part, and for another key what was there before it.
    fn torn(&self, open: &Open, sight: &Sight, latest: u64) -> Option<(u64, u32)> {
        let seen = |id: u32| sight.seen.iter().find(|(row, _)| *row == id).map_or(NONE, |(_, value)| *value);
        (open.floor.at + 1..=latest).rev().find_map(|state| {
            let write = &self.order.get(state)?.write;
            let visible: Vec<_> = write
                .changes
                .iter()
                .filter(|(id, _)| self.keys.covers(sight, *id))
                .map(|(id, value)| (*id, *value, seen(*id)))
                .collect();
            let shown = visible.iter().any(|(id, value, seen)| value == seen && self.keys.at(*id, state - 1) != *value);
            let before = visible.iter().find(|(id, value, seen)| {
                seen != value && self.keys.least(*id, *seen, open.floor.at, state - 1).is_some()
            });
            before.filter(|_| shown).map(|(id, ..)| (write.nth, *id))
        })
    }
}
