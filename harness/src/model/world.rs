//! One possible past of the store, and how a reply fits it.

mod write;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::behaviour::Behaviours;
use super::{Last, Past, diagnose, must};
use crate::call::{Call, Pair, Range, Reply};
use crate::contract::Level;
use crate::engine::Frontier;
use crate::finding::Finding;
use crate::octets::{Decimal, KEY_OCTETS_MAX, Octets, fnv64};

/// The longest value that every engine takes (PUT-11).
pub(super) const VALUE_OCTETS_MAX: usize = 10 << 20;

/// The versions of a key, oldest first: the number that wrote it, and the value, or none for a delete.
pub(super) type Versions = Vec<(u64, Option<Octets>)>;

/// A retained entry of the batch log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Put(Arc<[Pair]>),
    Delete(Arc<[Octets]>),
    /// The number of a failed write.
    Burnt,
}

impl Entry {
    fn pairs(&self) -> &[Pair] {
        match self {
            Self::Put(pairs) => pairs,
            Self::Delete(_) | Self::Burnt => &[],
        }
    }
}

/// A failed write whose outcome and number the next replies will tell (PUT-8).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pending {
    Whole(Call),
    Burnt { logged: bool },
}

/// What one call adds to what is known.
pub(super) struct Step<'a> {
    pub(super) past: &'a Past,
    pub(super) notes: Vec<Finding>,
    pub(super) learned: Behaviours,
    pub(super) last: Option<Last>,
}

impl<'a> Step<'a> {
    pub(super) fn new(past: &'a Past) -> Self {
        Self { past, notes: Vec::new(), learned: Behaviours::default(), last: None }
    }
}

/// A key and the value that it holds.
type Held<'a> = (&'a Octets, &'a Octets);

/// One possible past.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// Whether writes leave entries in the batch log at all.
    keeps_log: bool,
    state: Arc<BTreeMap<Octets, Versions>>,
    log: Arc<BTreeMap<u64, Entry>>,
    /// The number of the fresh store, once it was asked for.
    fresh: Option<u64>,
    /// The highest number assigned.
    highest: u64,
    written: bool,
    /// The last reply of `current_sequence` in this instance.
    seen: Option<u64>,
    /// The last Some of `oldest_retained_batch`.
    oldest_seen: u64,
    /// The highest cutoff of any prune.
    cutoff_max: u64,
    deletes_logged: Option<bool>,
    burnt_unlogged: bool,
    pending: Option<Pending>,
    /// A failed write that may still come true at a reopen.
    failed: Option<Call>,
}

/// The most rows that a scan may give.
fn rows_max(range: &Range) -> usize {
    usize::try_from(range.limit.0).unwrap_or(usize::MAX)
}

type Fit = Result<Vec<World>, Finding>;

impl World {
    pub(super) fn new(keeps_log: bool) -> Self {
        Self { keeps_log, ..Self::default() }
    }

    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    pub(super) fn deletes_are_logged(&self) -> bool {
        self.deletes_logged == Some(true)
    }

    pub(super) fn burnt_unlogged(&self) -> bool {
        self.burnt_unlogged
    }

    pub(super) fn live_keys(&self) -> usize {
        self.state.values().filter(|versions| matches!(versions.last(), Some((_, Some(_))))).count()
    }

    pub(super) fn versions(&self, key: &Octets) -> Option<&Versions> {
        self.state.get(key)
    }

    pub(super) fn newest(&self, key: &Octets) -> Option<&Octets> {
        self.state.get(key)?.last()?.1.as_ref()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&Octets, &Versions)> {
        self.state.iter()
    }

    pub(super) fn entry(&self, number: u64) -> Option<&Entry> {
        self.log.get(&number)
    }

    pub(super) fn entries(&self) -> usize {
        self.log.len()
    }

    pub(super) fn fresh(&self) -> Option<u64> {
        self.fresh
    }

    pub(super) fn written(&self) -> bool {
        self.written
    }

    pub(super) fn seen(&self) -> Option<u64> {
        self.seen
    }

    pub(super) fn oldest_seen(&self) -> u64 {
        self.oldest_seen
    }

    pub(super) fn cutoff_max(&self) -> u64 {
        self.cutoff_max
    }

    /// The least retained number.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.log.keys().next().copied()
    }

    pub(super) fn digest(&self) -> u64 {
        let fresh = self.fresh.unwrap_or(0);
        let extent = [self.log.len() as u64, self.oldest().unwrap_or(0).wrapping_sub(fresh)];
        let held = self.state.iter().filter_map(|(key, versions)| {
            let (number, value) = versions.last()?;
            let length = value.as_ref()?.len() as u64;
            Some(fnv64(key) ^ number.wrapping_sub(fresh).rotate_left(24) ^ length.rotate_left(48))
        });
        extent.into_iter().chain(held).fold(self.highest.wrapping_sub(fresh), |digest, word| {
            (digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        })
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.log.keys().copied()
    }

    /// The rows that a scan must give.
    pub(super) fn rows(&self, range: &Range) -> Vec<Pair> {
        let (mut forward, mut backward) = self.live_within(range);
        let rows: &mut dyn Iterator<Item = _> = if range.forward { &mut forward } else { &mut backward };
        rows.take(rows_max(range)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Whether a scan may give these rows.
    fn gives(&self, range: &Range, rows: &[Pair]) -> bool {
        fn same<'a>(right: impl Iterator<Item = (&'a Octets, &'a Octets)>, rows: &'a [Pair]) -> bool {
            right.eq(rows.iter().map(|(key, value)| (key, value)))
        }
        let (forward, backward) = self.live_within(range);
        let limit = rows_max(range);
        if range.forward { same(forward.take(limit), rows) } else { same(backward.take(limit), rows) }
    }

    /// The pairs within the bounds, whatever the limit, from the least key up and from the greatest down.
    fn live_within<'a>(&'a self, range: &Range) -> (impl Iterator<Item = Held<'a>>, impl Iterator<Item = Held<'a>>) {
        fn live<'a>((key, versions): (&'a Octets, &'a Versions)) -> Option<Held<'a>> {
            Some((key, versions.last()?.1.as_ref()?))
        }
        let last = if range.end.is_empty() { Bound::Unbounded } else { Bound::Included(&range.end[..]) };
        // Bounds that cross hold nothing, and the map takes none that do.
        let crossed = !range.end.is_empty() && range.start > range.end;
        let first = if crossed { Bound::Excluded(&range.end[..]) } else { Bound::Included(&range.start[..]) };
        let within = || self.state.range::<[u8], _>((first, last));
        (within().filter_map(live), within().rev().filter_map(live))
    }

    /// How many entries a prune must remove.
    pub(super) fn prunable(&self, cutoff: u64) -> u64 {
        self.log.range(..cutoff).count() as u64
    }

    /// Whether a write or prune may be answered so, and the answer leaves one world and tells nothing about the engine's
    /// choices: what is happening then. None when it takes more to judge it.
    pub(super) fn plain(&self, call: &Call, reply: &Reply) -> Option<Last> {
        if self.pending.is_some() || self.fresh.is_none() {
            return None;
        }
        let (last, right) = match call {
            Call::PutBatch(pairs) if write::is_plain(pairs) => (Last::Put { pairs: pairs.len() }, self.next()?),
            Call::DeleteBatch(keys) if !keys.is_empty() && (self.deletes_logged.is_some() || !self.keeps_log) => {
                (Last::Delete { keys: keys.len() }, self.next()?)
            }
            Call::PruneBatchLog(cutoff) => (Last::Prune, Reply::Removed(Decimal(self.prunable(cutoff.0)))),
            _ => return None,
        };
        (*reply == right).then_some(last)
    }

    /// The reply that gives a write the next number.
    fn next(&self) -> Option<Reply> {
        self.highest.checked_add(1).map(|number| Reply::Sequence(Decimal(number)))
    }

    /// Whether two worlds hold the same State for having got it from one.
    pub(super) fn shares_state(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// The worlds that remain of this one after `reply`, or what is wrong with it.
    pub(super) fn take(mut self, call: &Call, reply: &Reply, step: &mut Step<'_>) -> Fit {
        if self.pending.is_some() && !matches!(call, Call::CurrentSequence {}) {
            let number = self.highest.saturating_add(1);
            self.settle(number);
        }
        match call {
            Call::PutBatch(pairs) => self.put(call, pairs, reply, step),
            Call::DeleteBatch(keys) => self.delete(call, keys, reply, step),
            Call::PruneBatchLog(cutoff) => self.prune(call, cutoff.0, reply, step),
            Call::CurrentSequence {} => self.current(reply, step),
            _ => self.read(call, reply, step),
        }
    }

    fn read(mut self, call: &Call, reply: &Reply, step: &mut Step<'_>) -> Fit {
        if self.shows(call, reply, &mut step.learned) {
            Ok(vec![self])
        } else {
            Err(diagnose::read(&self, step.past, call, reply))
        }
    }

    /// Whether no failed write is waiting to be told apart: then a read changes nothing but what has been seen.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_none()
    }

    /// Whether a read may be answered so. Of numbers only the highest counts here; what else they may be is for
    /// [`World::take`].
    pub(super) fn shows(&mut self, call: &Call, reply: &Reply, learned: &mut Behaviours) -> bool {
        match (call, reply) {
            (Call::Get(key), Reply::Value(value)) => self.newest(key) == value.as_ref(),
            (Call::Get(key), Reply::Error(_)) => key.len() > KEY_OCTETS_MAX && self.newest(key).is_none(),
            (Call::GetMany(keys), Reply::Values(values)) => {
                keys.len() == values.len()
                    && keys
                        .iter()
                        .zip(values)
                        .all(|(key, (echo, value))| key == echo && self.newest(key) == value.as_ref())
            }
            (Call::GetMany(keys), Reply::Error(_)) => {
                keys.iter().any(|key| key.len() > KEY_OCTETS_MAX && self.newest(key).is_none())
            }
            (Call::RangeScan(range), Reply::Rows(rows)) => {
                if range.start.len().max(range.end.len()) > KEY_OCTETS_MAX {
                    learned.observe("long_bound", "compared");
                }
                self.gives(range, rows)
            }
            (Call::RangeScan(range), Reply::Error(_)) => {
                let long = range.start.len().max(range.end.len()) > KEY_OCTETS_MAX;
                if long {
                    learned.observe("long_bound", "refused");
                }
                long
            }
            (Call::GetBatch(number), Reply::Batch(batch)) => batch.as_deref() == self.entry(number.0).map(Entry::pairs),
            (Call::CurrentSequence {}, Reply::Sequence(number)) => {
                let right = self.fresh.is_some() && number.0 == self.highest;
                self.seen = if right { Some(number.0) } else { self.seen };
                right
            }
            (Call::OldestRetainedBatch {}, Reply::Oldest(oldest)) => {
                let oldest = oldest.map(|number| number.0);
                let right = oldest == self.oldest();
                self.oldest_seen = self.oldest_seen.max(oldest.filter(|_| right).unwrap_or(0));
                right
            }
            _ => false,
        }
    }

    fn current(mut self, reply: &Reply, step: &mut Step<'_>) -> Fit {
        let Reply::Sequence(number) = reply else {
            return Err(must(&["GEN-12"], "a number", reply));
        };
        let number = number.0;
        let Some(_) = self.fresh else {
            step.learned.observe("fresh_number", &number.to_string());
            if number != 0 {
                let expected = "0 on a fresh store".to_owned();
                step.notes.push(Finding::new(Level::Should, &["SEQ-6"], expected, reply.to_string()));
            }
            self.fresh = Some(number);
            self.highest = number;
            self.seen = Some(number);
            return Ok(vec![self]);
        };
        if self.pending.is_some() {
            if number > self.highest {
                self.settle(number);
            } else if step.past.declared.frontier == Frontier::Immediate {
                return Err(diagnose::current(&self, step.past, reply, number));
            }
        }
        let right = match step.past.declared.frontier {
            Frontier::Immediate => number == self.highest,
            Frontier::Lagging => (self.seen.unwrap_or(0)..=self.highest).contains(&number),
        };
        if !right {
            return Err(diagnose::current(&self, step.past, reply, number));
        }
        self.seen = Some(number);
        Ok(vec![self])
    }

    /// After a reopen: a failed write may have come true, if nothing was acknowledged since.
    pub(super) fn reopened(mut self) -> Vec<Self> {
        self.seen = None;
        match self.failed.take() {
            None => vec![self],
            Some(call) => {
                let whole = Self { pending: Some(Pending::Whole(call)), ..self.clone() };
                vec![self, whole]
            }
        }
    }

    /// What a correct engine would reply, in words.
    pub(super) fn expected(&self, call: &Call, past: &Past) -> String {
        match call {
            Call::PutBatch(_) | Call::DeleteBatch(_) => format!("sequence {}", self.highest.saturating_add(1)),
            Call::Get(key) => Reply::Value(self.newest(key).cloned()).to_string(),
            Call::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| (key.clone(), self.newest(key).cloned())).collect()).to_string()
            }
            Call::RangeScan(range) => Reply::Rows(self.rows(range)).to_string(),
            Call::CurrentSequence {} => match past.declared.frontier {
                Frontier::Immediate => format!("sequence {}", self.highest),
                Frontier::Lagging => format!("sequence {} to {}", self.seen.unwrap_or(0), self.highest),
            },
            Call::GetBatch(number) => {
                Reply::Batch(self.entry(number.0).map(|entry| entry.pairs().to_vec())).to_string()
            }
            Call::OldestRetainedBatch {} => Reply::Oldest(self.oldest().map(Decimal)).to_string(),
            Call::PruneBatchLog(cutoff) => format!("{} removed", self.prunable(cutoff.0)),
        }
    }
}
