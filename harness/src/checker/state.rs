//! What keys held in which State, and the least State that explains a reply.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;

use super::digest::{Digest, NONE};
use super::order::{Order, Write};
use crate::octets::Octets;

/// One value of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    /// The State that the write made.
    pub(super) state: u64,
    pub(super) value: Digest,
    /// The write's place in the history.
    pub(super) by: u64,
}

#[derive(Debug, Default)]
struct Key {
    name: Octets,
    /// Oldest first; at least the newest one that holds in the oldest State of interest.
    versions: VecDeque<Version>,
}

/// All keys that anybody wrote or read.
#[derive(Debug, Default)]
pub(super) struct Keys {
    ids: HashMap<Octets, u32>,
    names: BTreeMap<Octets, u32>,
    keys: Vec<Key>,
}

/// Rows or values that should have held in one State, and where to look for others.
#[derive(Debug)]
pub(super) struct Sight {
    /// Keys with what was seen; for a scan in ascending order.
    pub(super) seen: Box<[(u32, Digest)]>,
    /// For a scan, the range that the rows cover: keys in it that are not among them were seen to hold nothing.
    pub(super) covered: Option<(Octets, Bound<Octets>)>,
}

/// No State explains what was seen: the keys that differ in the oldest State that was allowed.
#[derive(Debug)]
pub(super) struct Unexplained(pub(super) Vec<u32>);

impl Keys {
    /// The id of a key.
    pub(super) fn id(&mut self, name: &Octets) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        // Ids are given out one by one; a history with 2^32 keys would have ended for want of memory.
        let id = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.ids.insert(name.clone(), id);
        self.names.insert(name.clone(), id);
        self.keys.push(Key { name: name.clone(), versions: VecDeque::new() });
        id
    }

    pub(super) fn name(&self, id: u32) -> &Octets {
        &self.keys[id as usize].name
    }

    pub(super) fn versions(&self, id: u32) -> &VecDeque<Version> {
        &self.keys[id as usize].versions
    }

    /// Takes in what a write changed. `oldest` is the oldest State that a read may still have to be explained by.
    pub(super) fn write(&mut self, state: u64, write: &Write, oldest: u64) {
        for (id, value) in &write.changes {
            let versions = &mut self.keys[*id as usize].versions;
            versions.push_back(Version { state, value: *value, by: write.nth });
            while versions.get(1).is_some_and(|second| second.state <= oldest) {
                versions.pop_front();
            }
        }
    }

    /// What the key held in `state`.
    pub(super) fn at(&self, id: u32, state: u64) -> Digest {
        let versions = &self.keys[id as usize].versions;
        versions.iter().rev().find(|version| version.state <= state).map_or(NONE, |version| version.value)
    }

    /// The version that the key held in `state`.
    pub(super) fn version(&self, id: u32, state: u64) -> Option<&Version> {
        self.versions(id).iter().rev().find(|version| version.state <= state)
    }

    /// The least State from `from` to `to` in which the key held the value.
    pub(super) fn least(&self, id: u32, value: Digest, from: u64, to: u64) -> Option<u64> {
        if self.at(id, from) == value {
            return Some(from);
        }
        let later = self.versions(id).iter().skip_while(|version| version.state <= from);
        later.take_while(|version| version.state <= to).find(|version| version.value == value).map(|found| found.state)
    }

    /// The least State from `from` to `to` that shows all that was seen at once.
    pub(super) fn least_of_all(&self, sight: &Sight, order: &Order, from: u64, to: u64) -> Result<u64, Unexplained> {
        let differing = self.differing(sight, from);
        if differing.is_empty() {
            return Ok(from);
        }
        let seen: HashMap<u32, Digest> = sight.seen.iter().copied().collect();
        let mut wrong: std::collections::HashSet<u32> = differing.iter().copied().collect();
        for state in from + 1..=to {
            let Some(placed) = order.get(state) else { continue };
            for (id, value) in &placed.write.changes {
                let right = match seen.get(id) {
                    Some(seen) => seen == value,
                    None if self.covers(sight, *id) => *value == NONE,
                    None => continue,
                };
                if right {
                    wrong.remove(id);
                } else {
                    wrong.insert(*id);
                }
            }
            if wrong.is_empty() {
                return Ok(state);
            }
        }
        Err(Unexplained(differing))
    }

    /// Whether the key is one that would have been seen.
    pub(super) fn covers(&self, sight: &Sight, id: u32) -> bool {
        let Some((first, last)) = &sight.covered else { return false };
        let name = self.name(id);
        name >= first && within(name, last)
    }

    /// The keys that did not hold in `state` what was seen.
    fn differing(&self, sight: &Sight, state: u64) -> Vec<u32> {
        let Some((first, last)) = &sight.covered else {
            let differs = |(id, seen): &&(u32, Digest)| self.at(*id, state) != *seen;
            return sight.seen.iter().filter(differs).map(|(id, _)| *id).collect();
        };
        if !within(first, last) {
            return sight.seen.iter().map(|(id, _)| *id).collect();
        }
        let mut wrong = Vec::new();
        let mut rows = sight.seen.iter().peekable();
        for id in self.names.range::<Octets, _>((Bound::Included(first), last.as_ref())).map(|(_, id)| *id) {
            let seen = rows.next_if(|(row, _)| *row == id).map_or(NONE, |(_, value)| *value);
            if self.at(id, state) != seen {
                wrong.push(id);
            }
        }
        wrong
    }
}

fn within(name: &Octets, last: &Bound<Octets>) -> bool {
    match last {
        Bound::Included(last) => name <= last,
        Bound::Excluded(last) => name < last,
        Bound::Unbounded => true,
    }
}
