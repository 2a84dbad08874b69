//! What a reply that no State explains is called, and which calls prove it.

use super::digest::{Digest, NONE};
use super::state::Sight;
use super::{Anomaly, Checker, Open};

impl Checker {
    /// Names what is wrong with a value that the key held in no State allowed.
    pub(super) fn wrong_value(&mut self, open: &Open, key: u32, value: Digest, latest: u64) {
        let held = self.keys.version(key, open.floor.at).copied();
        let source = self.keys.versions(key).iter().rfind(|version| version.value == value).copied();
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
            None => {
                let by = |id: &u32| self.keys.versions(*id).iter().rfind(|version| version.value == seen(*id));
                let mut calls = vec![open.nth];
                calls.extend(differing.iter().filter_map(by).map(|version| version.by).take(3));
                calls.dedup();
                self.wrong(Anomaly::FuzzySnapshot, &calls, differing.first().copied());
            }
        }
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
