//! What clients know of their writes: acknowledged under a number, or still in flight when the store was lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Call, Pair};
use crate::octets::Octets;

/// State as the writes make it.
pub(super) type State = BTreeMap<Octets, Octets>;

/// What a write does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    Put(Vec<Pair>),
    Delete(Vec<Octets>),
    /// A number that was taken and changed nothing.
    Nothing,
}

impl Edit {
    /// The write that `call` is; none for a call that is no write.
    pub(super) fn of(call: &Call) -> Option<Self> {
        match call {
            Call::PutBatch(pairs) => Some(Self::Put(pairs.clone())),
            Call::DeleteBatch(keys) => Some(Self::Delete(keys.clone())),
            _ => None,
        }
    }

    /// What its entry of the batch log holds.
    pub(super) fn entry(&self) -> &[Pair] {
        match self {
            Self::Put(pairs) => pairs,
            Self::Delete(_) | Self::Nothing => &[],
        }
    }

    pub(super) fn apply(&self, state: &mut State) {
        match self {
            Self::Put(pairs) => state.extend(pairs.iter().cloned()),
            Self::Delete(keys) => {
                for key in keys {
                    state.remove(key);
                }
            }
            Self::Nothing => {}
        }
    }

    /// The keys that it decides, each once.
    pub(super) fn keys(&self) -> BTreeSet<&Octets> {
        match self {
            Self::Put(pairs) => pairs.iter().map(|(key, _)| key).collect(),
            Self::Delete(keys) => keys.iter().collect(),
            Self::Nothing => BTreeSet::new(),
        }
    }
}

/// A write that was begun and not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InFlight {
    pub(super) edit: Edit,
    /// The highest number acknowledged before it began: its own, if it has one, is above (PUT-3).
    pub(super) above: u64,
}

/// What is known of a store at the moment when it was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Every write that is there as far as anyone knows, by its number.
    pub(super) writes: BTreeMap<u64, Edit>,
    pub(super) in_flight: Vec<InFlight>,
    /// Entries below may be gone: by a prune that was acknowledged, which a crash may undo, or by one in flight. Cutoffs
    /// are hardly above what is known, so that a write whose number was not known yet is the most they took along.
    pub(super) perhaps_pruned: u64,
}

impl Known {
    /// The highest number acknowledged.
    pub(super) fn highest(&self) -> u64 {
        self.writes.last_key_value().map_or(0, |(number, _)| *number)
    }
}

/// The account that all clients of a store keep together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: Known,
    open: BTreeMap<u64, InFlight>,
    open_prunes: BTreeMap<u64, u64>,
    next: u64,
}

impl Ledger {
    /// An account that goes on from `known`, which an audit has settled.
    pub(super) fn from(known: Known) -> Self {
        Self { known, ..Self::default() }
    }

    /// A call is about to be made; the ticket ends it. None for a call that changes nothing.
    pub(super) fn begin(&mut self, call: &Call) -> Option<u64> {
        let ticket = self.next;
        if let Some(edit) = Edit::of(call) {
            self.open.insert(ticket, InFlight { edit, above: self.known.highest() });
        } else if let Call::PruneBatchLog(cutoff) = call {
            self.open_prunes.insert(ticket, cutoff.0);
        } else {
            return None;
        }
        self.next += 1;
        Some(ticket)
    }

    /// A write was acknowledged. Says so if its number belongs to another write already.
    pub(super) fn acknowledged(&mut self, ticket: u64, number: u64) -> Result<(), u64> {
        let Some(write) = self.open.remove(&ticket) else { return Ok(()) };
        let floor = write.above;
        let taken = self.known.writes.insert(number, write.edit).is_some();
        if taken || number <= floor { Err(floor) } else { Ok(()) }
    }

    /// What was in flight when the account began can come to be no more.
    #[cfg(all(feature = "powerloss", target_os = "linux"))]
    pub(super) fn forget_in_flight(&mut self) {
        self.known.in_flight.clear();
    }

    /// A prune was acknowledged.
    pub(super) fn pruned(&mut self, ticket: u64) {
        if let Some(cutoff) = self.open_prunes.remove(&ticket) {
            self.known.perhaps_pruned = self.known.perhaps_pruned.max(cutoff);
        }
    }

    /// A number that the clients have heard of, for cutoffs.
    pub(super) fn highest(&self) -> u64 {
        self.known.highest()
    }

    /// Whether a write, and whether a prune, is in flight.
    pub(super) fn in_flight(&self) -> (bool, bool) {
        (!self.open.is_empty(), !self.open_prunes.is_empty())
    }

    /// The account at the end: what was not acknowledged is in flight.
    pub(super) fn lost(self) -> Known {
        let mut known = self.known;
        let perhaps = self.open_prunes.into_values().max().unwrap_or(0);
        known.perhaps_pruned = known.perhaps_pruned.max(perhaps);
        known.in_flight.extend(self.open.into_values());
        known
    }
}
