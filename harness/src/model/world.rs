//! One possible past of the store, and how a reply fits it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::behaviour::Behaviours;
use super::{Last, Past, diagnose, must};
use crate::call::{Call, Pair, Range, Reply};
use crate::contract::Level;
use crate::engine::Frontier;
use crate::finding::Finding;
use crate::octets::Octets;

/// The longest key and value that every engine takes (PUT-11), the most pairs that must never be refused (GEN-12), and
/// the most octets the server can deliver (PUT-15).
pub(super) const KEY_OCTETS_MAX: usize = 254;
pub(super) const VALUE_OCTETS_MAX: usize = 10 << 20;
const PAIRS_MAX: usize = 10_000;
const BATCH_OCTETS_MAX: u64 = 256 << 20;

/// The versions of a key, oldest first: the number that wrote it, and the value, or none for a delete.
pub(super) type Versions = Vec<(u64, Option<Octets>)>;

/// A retained entry of the batch log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Put(Arc<Vec<Pair>>),
    Delete(Arc<Vec<Octets>>),
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

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.log.keys().copied()
    }

    /// The rows that a scan must give.
    pub(super) fn rows(&self, range: &Range) -> Vec<Pair> {
        if !range.end.is_empty() && range.start > range.end {
            return Vec::new();
        }
        let limit = usize::try_from(range.limit.0).unwrap_or(usize::MAX);
        let within =
            self.state.range(range.start.clone()..).take_while(|(key, _)| range.end.is_empty() || **key <= range.end);
        let live = within.filter_map(|(key, versions)| Some((key.clone(), versions.last()?.1.clone()?)));
        if range.forward {
            live.take(limit).collect()
        } else {
            let mut rows: Vec<Pair> = live.collect();
            rows.reverse();
            rows.truncate(limit);
            rows
        }
    }

    /// How many entries a prune must remove.
    pub(super) fn prunable(&self, cutoff: u64) -> u64 {
        self.log.range(..cutoff).count() as u64
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
        let right = match (call, reply) {
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
                    step.learned.observe("long_bound", "compared");
                }
                self.rows(range) == *rows
            }
            (Call::RangeScan(range), Reply::Error(_)) => {
                let long = range.start.len().max(range.end.len()) > KEY_OCTETS_MAX;
                if long {
                    step.learned.observe("long_bound", "refused");
                }
                long
            }
            (Call::GetBatch(number), Reply::Batch(batch)) => batch.as_deref() == self.entry(number.0).map(Entry::pairs),
            (Call::OldestRetainedBatch {}, Reply::Oldest(oldest)) => {
                let oldest = oldest.map(|number| number.0);
                let right = oldest == self.oldest();
                self.oldest_seen = self.oldest_seen.max(oldest.filter(|_| right).unwrap_or(0));
                right
            }
            _ => false,
        };
        if right { Ok(vec![self]) } else { Err(diagnose::read(&self, step.past, call, reply)) }
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

    fn put(mut self, call: &Call, pairs: &[Pair], reply: &Reply, step: &mut Step<'_>) -> Fit {
        let long_key = pairs.iter().any(|(key, _)| key.len() > KEY_OCTETS_MAX);
        let long_value = pairs.iter().any(|(_, value)| value.len() > VALUE_OCTETS_MAX);
        let large = pairs.len() > PAIRS_MAX || call.octets() > BATCH_OCTETS_MAX;
        let open = [
            (pairs.is_empty(), "empty_put", "accepted"),
            (long_key, "long_key", "stored"),
            (long_value, "long_value", "stored"),
            (large, "large_batch", "stored"),
        ];
        let refusable = open.iter().filter(|(applies, ..)| *applies);
        match reply {
            Reply::Sequence(number) => {
                for (_, name, accepted) in refusable {
                    step.learned.observe(name, accepted);
                }
                self.check_number(call, number.0, reply, step)?;
                step.last = Some(Last::Put { pairs: pairs.len() });
                self.apply(number.0, call);
                Ok(vec![self])
            }
            Reply::Error(_) if open.iter().any(|(applies, ..)| *applies) => {
                for (_, name, _) in refusable {
                    step.learned.observe(name, "refused");
                }
                step.last = Some(Last::Refused);
                if pairs.len() == 100_000 && call.octets() <= 100 * 100_000 {
                    let expected = "100,000 small pairs in one batch succeed";
                    step.notes.push(Finding::new(Level::Should, &["PUT-15"], expected, reply.to_string()));
                }
                if pairs.is_empty() || long_key || long_value {
                    return Ok(vec![self]);
                }
                Ok(self.after_failure(call))
            }
            _ => Err(diagnose::put_refused(pairs, reply)),
        }
    }

    fn delete(mut self, call: &Call, keys: &[Octets], reply: &Reply, step: &mut Step<'_>) -> Fit {
        match reply {
            Reply::Sequence(number) if keys.is_empty() && number.0 == self.highest && self.fresh.is_some() => {
                step.learned.observe("empty_delete", "no-op");
                Ok(vec![self])
            }
            Reply::Sequence(number) => {
                if keys.is_empty() {
                    step.learned.observe("empty_delete", "accepted");
                }
                self.check_number(call, number.0, reply, step)?;
                step.last = Some(Last::Delete { keys: keys.len() });
                if self.deletes_logged.is_some() || !self.keeps_log {
                    self.apply(number.0, call);
                    return Ok(vec![self]);
                }
                // Whether deletes are logged is the engine's to show; until then both pasts are kept.
                let mut unlogged = Self { deletes_logged: Some(false), ..self.clone() };
                self.deletes_logged = Some(true);
                self.apply(number.0, call);
                unlogged.apply(number.0, call);
                Ok(vec![self, unlogged])
            }
            Reply::Error(_) if keys.is_empty() => {
                step.learned.observe("empty_delete", "refused");
                step.last = Some(Last::Refused);
                Ok(vec![self])
            }
            Reply::Error(_) if keys.iter().any(|key| key.len() > KEY_OCTETS_MAX && self.newest(key).is_none()) => {
                step.last = Some(Last::Refused);
                Ok(vec![self])
            }
            _ => Err(diagnose::delete_refused(&self, keys, reply)),
        }
    }

    fn prune(mut self, call: &Call, cutoff: u64, reply: &Reply, step: &mut Step<'_>) -> Fit {
        let right = matches!(reply, Reply::Removed(count) if count.0 == self.prunable(cutoff));
        if !right {
            return Err(diagnose::prune(&self, step.past, call, cutoff, reply));
        }
        step.last = Some(Last::Prune);
        let retained = Arc::make_mut(&mut self.log).split_off(&cutoff);
        self.log = Arc::new(retained);
        self.cutoff_max = self.cutoff_max.max(cutoff);
        Ok(vec![self])
    }

    /// Whether a write may be given `number`; a hole is noted.
    fn check_number(&self, call: &Call, number: u64, reply: &Reply, step: &mut Step<'_>) -> Result<(), Finding> {
        let next = self.highest.saturating_add(1);
        if number == next {
            return Ok(());
        }
        let finding = diagnose::number(self, step.past, call, number, reply);
        if finding.level == Level::Must {
            return Err(finding);
        }
        step.notes.push(finding);
        Ok(())
    }

    fn apply(&mut self, number: u64, call: &Call) {
        let entry = match call {
            Call::PutBatch(pairs) => {
                let newest: BTreeMap<&Octets, &Octets> = pairs.iter().map(|(key, value)| (key, value)).collect();
                let state = Arc::make_mut(&mut self.state);
                for (key, value) in newest {
                    state.entry(key.clone()).or_default().push((number, Some(value.clone())));
                }
                Some(Entry::Put(Arc::new(pairs.clone())))
            }
            Call::DeleteBatch(keys) => {
                let state = Arc::make_mut(&mut self.state);
                for key in keys {
                    if let Some(versions) = state.get_mut(key)
                        && matches!(versions.last(), Some((_, Some(_))))
                    {
                        versions.push((number, None));
                    }
                }
                (self.deletes_logged != Some(false)).then(|| Entry::Delete(Arc::new(keys.clone())))
            }
            _ => None,
        };
        if let Some(entry) = entry.filter(|_| self.keeps_log) {
            Arc::make_mut(&mut self.log).insert(number, entry);
        }
        self.highest = number;
        self.written = true;
        self.failed = None;
    }

    /// The three outcomes of a write that failed (PUT-8); a burnt number with and without its entry.
    fn after_failure(mut self, call: &Call) -> Vec<Self> {
        let with = |world: &Self, pending| Self { pending: Some(pending), ..world.clone() };
        let whole = with(&self, Pending::Whole(call.clone()));
        let burnt = with(&self, Pending::Burnt { logged: self.keeps_log });
        let unlogged = with(&self, Pending::Burnt { logged: false });
        self.failed = Some(call.clone());
        if self.keeps_log { vec![self, whole, burnt, unlogged] } else { vec![self, whole, burnt] }
    }

    fn settle(&mut self, number: u64) {
        match self.pending.take() {
            None => {}
            Some(Pending::Whole(call)) => self.apply(number, &call),
            Some(Pending::Burnt { logged }) => {
                if logged {
                    Arc::make_mut(&mut self.log).insert(number, Entry::Burnt);
                } else {
                    self.burnt_unlogged = self.keeps_log;
                }
                self.highest = number;
                self.failed = None;
            }
        }
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
            Call::OldestRetainedBatch {} => Reply::Oldest(self.oldest().map(crate::octets::Decimal)).to_string(),
            Call::PruneBatchLog(cutoff) => format!("{} removed", self.prunable(cutoff.0)),
        }
    }
}
