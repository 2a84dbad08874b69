//! What a store holds, and how records change it.

use std::collections::BTreeMap;

use storecheck::Bytes;

/// A key and its value.
pub(crate) type Pair = (Bytes, Bytes);

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Pairs to State, and all of them as the entry of the number.
    Put(u64, Vec<Pair>),
    /// Keys out of State, and an empty entry.
    Delete(u64, Vec<Bytes>),
    /// Pairs to State alone; the number counts.
    State(u64, Vec<Pair>),
    /// An entry alone; the number counts.
    Entry(u64, Vec<Pair>),
    /// Entries below are gone.
    Prune(u64),
    /// This entry is gone.
    Remove(u64),
    /// The number is at least this.
    Number(u64),
    /// One pair of a batch that counts once its `Commit` is there.
    Part(u64, Pair),
    /// The parts of this number count.
    Commit(u64),
    /// Which snapshot this is, where there are several; it changes nothing.
    Generation(u64),
}

/// State, log and number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) state: BTreeMap<Bytes, Bytes>,
    pub(crate) log: BTreeMap<u64, Vec<Pair>>,
    pub(crate) number: u64,
    /// Parts that wait for their commit.
    pub(crate) parts: Vec<Pair>,
    /// The first key that was ever deleted, with its value: what one habit brings back.
    pub(crate) deleted: Option<Pair>,
}

impl Contents {
    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::Put(number, pairs) => {
                self.state.extend(pairs.iter().cloned());
                self.log.insert(*number, pairs.clone());
                self.number = self.number.max(*number);
            }
            Change::Delete(number, keys) => {
                for key in keys {
                    if let Some(old) = self.state.remove(key) {
                        self.deleted.get_or_insert((key.clone(), old));
                    }
                }
                self.log.insert(*number, Vec::new());
                self.number = self.number.max(*number);
            }
            Change::State(number, pairs) => {
                self.state.extend(pairs.iter().cloned());
                self.number = self.number.max(*number);
            }
            Change::Entry(number, pairs) => {
                self.log.entry(*number).or_default().extend(pairs.iter().cloned());
                self.number = self.number.max(*number);
            }
            Change::Prune(cutoff) => self.log = self.log.split_off(cutoff),
            Change::Remove(number) => {
                self.log.remove(number);
            }
            Change::Number(number) => self.number = self.number.max(*number),
            Change::Generation(_) => {}
            Change::Part(_, pair) => self.parts.push(pair.clone()),
            Change::Commit(number) => {
                let pairs = std::mem::take(&mut self.parts);
                self.apply(&Change::Put(*number, pairs));
            }
        }
    }

    /// The changes that make it from nothing.
    pub(crate) fn snapshot(&self) -> Vec<Change> {
        let mut changes = vec![Change::Number(self.number)];
        changes.extend(self.state.iter().map(|(key, value)| Change::State(0, vec![(key.clone(), value.clone())])));
        changes.extend(self.log.iter().map(|(number, pairs)| Change::Entry(*number, pairs.clone())));
        changes
    }
}
