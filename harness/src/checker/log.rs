//! The batch log: which entries a reply may show or miss.
//!
//! An entry becomes visible at an instant of its own between the call and the return of its write, before or after
//! State shows it, so what is known of the log comes from acknowledgements, from `current_sequence` and from earlier
//! sights of the entry, never from reads of State. A prune removes the entries below its cutoff that exist when it takes
//! effect, and says nothing about later ones (PRN-4). No right history is refused here; where a read overlaps both an
//! entry's write and its prune, a wrong one may pass.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::{Anomaly, Violation};
use crate::history::Recorded;

/// A log call to be judged at its return.
#[derive(Debug)]
pub(super) enum LogCall {
    /// `get_batch`: the number, and the digest of the pairs with whether there are none.
    Batch { seq: u64, content: Option<(Digest, bool)> },
    /// `oldest_retained_batch`.
    Oldest(Option<u64>),
    /// `prune_batch_log`, which was taken in when it began.
    Prune,
}

/// When a log call was made, and what was known then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) call: u64,
    pub(super) ret: u64,
    pub(super) nth: u64,
    /// The highest number that `current_sequence` had answered.
    pub(super) answered: u64,
}

#[derive(Debug)]
struct Entry {
    nth: u64,
    call: u64,
    ret: u64,
    /// The digest of its pairs; none for a delete's, which has none and need not be there (DEL-4).
    pairs: Option<Digest>,
    /// The return of the first read that saw it, and that read.
    sighted: (u64, u64),
    /// The return of the first read that missed it although it had been visible, and that read.
    missed: (u64, u64),
}

const NEVER: (u64, u64) = (u64::MAX, 0);

#[derive(Debug)]
struct Prune {
    nth: u64,
    call: u64,
    ret: u64,
    cutoff: u64,
    count: u64,
}

#[derive(Debug)]
pub(super) struct Log {
    kept: bool,
    entries: BTreeMap<u64, Entry>,
    /// Prunes in the order in which they began.
    prunes: Vec<Prune>,
    /// The highest cutoff of a prune whose entries are forgotten, and that prune.
    forgotten_below: (u64, u64),
    /// Entries that prunes must have removed, and are forgotten; and what forgotten prunes counted.
    forgotten: u64,
    counted: u64,
}

impl Log {
    pub(super) fn new(kept: bool) -> Self {
        Self { kept, entries: BTreeMap::new(), prunes: Vec::new(), forgotten_below: (0, 0), forgotten: 0, counted: 0 }
    }

    /// Takes a write's entry in.
    pub(super) fn wrote(&mut self, seq: u64, recorded: &Recorded, nth: u64, pairs: Option<Digest>) {
        if !self.kept {
            return;
        }
        let ret = recorded.ret.unwrap_or(u64::MAX);
        let entry = Entry { nth, call: recorded.call, ret, pairs, sighted: NEVER, missed: NEVER };
        self.entries.entry(seq).or_insert(entry);
    }

    /// Takes a prune in.
    pub(super) fn prune(&mut self, cutoff: u64, count: u64, recorded: &Recorded, nth: u64) {
        let ret = recorded.ret.unwrap_or(u64::MAX);
        self.prunes.push(Prune { nth, call: recorded.call, ret, cutoff, count });
    }

    /// Judges a log call at its return.
    pub(super) fn judge(&mut self, call: &LogCall, seen: &Seen) -> Option<Violation> {
        match call {
            LogCall::Batch { seq, content: Some((pairs, empty)) } => self.shown(*seq, Some((*pairs, *empty)), seen),
            LogCall::Batch { seq, content: None } => self.missed(*seq, seen),
            LogCall::Oldest(Some(seq)) => {
                self.shown(*seq, None, seen).or_else(|| self.left_out(*seq, seen)).map(oldest)
            }
            LogCall::Oldest(None) => self.left_out(u64::MAX, seen).map(oldest),
            LogCall::Prune => self.counted(seen),
        }
    }

    /// An entry was seen, with its pairs if they were read.
    fn shown(&mut self, seq: u64, content: Option<(Digest, bool)>, seen: &Seen) -> Option<Violation> {
        let Some(entry) = self.entries.get(&seq) else {
            let (cutoff, prune) = self.forgotten_below;
            let anomaly = if seq < cutoff { Anomaly::PrunedBatchVisible } else { Anomaly::BatchFromFuture };
            return violation(anomaly, &[seen.nth, if seq < cutoff { prune } else { 0 }]);
        };
        if entry.call > seen.ret {
            return violation(Anomaly::BatchFromFuture, &[seen.nth, entry.nth]);
        }
        let right = match (content, entry.pairs) {
            (Some((pairs, _)), Some(put)) => pairs == put,
            (Some((_, empty)), None) => empty,
            (None, _) => true,
        };
        if !right {
            return violation(Anomaly::BatchMismatch, &[seen.nth, entry.nth]);
        }
        if entry.missed.0 < seen.call {
            return violation(Anomaly::BatchReappeared, &[seen.nth, entry.missed.1, entry.nth]);
        }
        // The newest prune that can have removed it is as good a proof as any.
        let removes = |prune: &&Prune| prune.cutoff > seq && prune.ret < seen.call && prune.call > entry.ret;
        let began_later = self.prunes.iter().rev().take_while(|prune| prune.call > entry.ret);
        if let Some(prune) = began_later.clone().find(removes) {
            return violation(Anomaly::PrunedBatchVisible, &[seen.nth, prune.nth, entry.nth]);
        }
        if let Some(entry) = self.entries.get_mut(&seq) {
            entry.sighted = entry.sighted.min((seen.ret, seen.nth));
        }
        None
    }

    /// An entry was not seen.
    fn missed(&mut self, seq: u64, seen: &Seen) -> Option<Violation> {
        let entry = self.entries.get(&seq)?;
        if entry.call > seen.ret || !self.is_there(seq, entry, seen) {
            return None;
        }
        if !self.may_be_removed(seq, entry, seen.ret) {
            return violation(Anomaly::BatchLost, &[seen.nth, entry.nth, proof_of(entry, seen)]);
        }
        if let Some(entry) = self.entries.get_mut(&seq) {
            entry.missed = entry.missed.min((seen.ret, seen.nth));
        }
        None
    }

    /// Whether the entry was there when the call began, unless removed. A delete's need not be, if nobody saw it.
    fn is_there(&self, seq: u64, entry: &Entry, seen: &Seen) -> bool {
        let acknowledged = entry.ret < seen.call || seq <= seen.answered;
        entry.sighted.0 < seen.call || (entry.pairs.is_some() && acknowledged)
    }

    /// Whether a prune that began by `by` may have removed the entry.
    fn may_be_removed(&self, seq: u64, entry: &Entry, by: u64) -> bool {
        let began = self.prunes.partition_point(|prune| prune.call <= by);
        self.prunes[..began].iter().rev().any(|prune| prune.cutoff > seq && prune.ret >= entry.call)
    }

    /// An entry below `seq` that must be there, though the reply says that the oldest is `seq`.
    fn left_out(&self, seq: u64, seen: &Seen) -> Option<Violation> {
        if !self.kept {
            return None;
        }
        let must_be_there = |(number, entry): &(&u64, &Entry)| {
            self.is_there(**number, entry, seen) && !self.may_be_removed(**number, entry, seen.ret)
        };
        let began = self.prunes.partition_point(|prune| prune.call <= seen.ret);
        let cutoff = self.prunes[..began].iter().map(|prune| prune.cutoff).max().unwrap_or(0);
        let mut candidates = self.entries.range(cutoff.min(seq)..seq).take_while(|(_, entry)| entry.call <= seen.ret);
        let (_, entry) = candidates.find(must_be_there)?;
        violation(Anomaly::OldestRetainedWrong, &[seen.nth, entry.nth, proof_of(entry, seen)])
    }

    /// A prune's count, between the entries that it must have found and those that it can have.
    fn counted(&self, seen: &Seen) -> Option<Violation> {
        let at = self.prunes.iter().rposition(|prune| prune.nth == seen.nth)?;
        let prune = &self.prunes[at];
        if !self.kept {
            return if prune.count == 0 { None } else { violation(Anomaly::PruneCount, &[seen.nth]) };
        }
        let others = || self.prunes.iter().filter(|other| other.nth != prune.nth && other.call <= prune.ret);
        let removed_before = |seq: u64, entry: &Entry| {
            others().any(|other| other.ret < prune.call && other.cutoff > seq && entry.ret < other.call)
        };
        let removed_by_others =
            |seq: u64, entry: &Entry| others().any(|other| other.cutoff > seq && other.ret >= entry.call);
        let (mut most, mut least) = (0, 0);
        for (seq, entry) in self.entries.range(..prune.cutoff).filter(|(_, entry)| entry.call <= prune.ret) {
            most += u64::from(!removed_before(*seq, entry));
            least += u64::from(self.is_there(*seq, entry, seen) && !removed_by_others(*seq, entry));
        }
        if (least..=most).contains(&prune.count) {
            return None;
        }
        let before = others().filter(|other| other.ret < prune.call).max_by_key(|other| other.cutoff);
        violation(Anomaly::PruneCount, &[seen.nth, before.map_or(0, |other| other.nth)])
    }

    /// Forgets the entries that a prune must have removed before any call that is still to be judged, and prunes that
    /// no entry is left for. Calls still to be judged began at `horizon` or later.
    pub(super) fn forget(&mut self, horizon: u64) {
        for prune in self.prunes.iter().filter(|prune| prune.ret < horizon) {
            let before = self.entries.len();
            self.entries.retain(|seq, entry| *seq >= prune.cutoff || entry.ret >= prune.call);
            self.forgotten += (before - self.entries.len()) as u64;
            self.forgotten_below = self.forgotten_below.max((prune.cutoff, prune.nth));
        }
        let (entries, counted) = (&self.entries, &mut self.counted);
        self.prunes.retain(|prune| {
            let may_remove = |entry: &Entry| entry.call <= prune.ret;
            let matters = prune.ret >= horizon || entries.range(..prune.cutoff).any(|(_, entry)| may_remove(entry));
            *counted += if matters { 0 } else { prune.count };
            matters
        });
    }

    /// At the end: all prunes together cannot have counted more entries than there were below their cutoffs.
    pub(super) fn balance(&self) -> Option<Violation> {
        let counted: u64 = self.counted + self.prunes.iter().map(|prune| prune.count).sum::<u64>();
        let removable = |(seq, entry): &(&u64, &Entry)| {
            self.prunes.iter().any(|prune| prune.cutoff > **seq && prune.ret >= entry.call)
        };
        let there_were = self.forgotten + self.entries.iter().filter(removable).count() as u64;
        if counted <= there_were {
            return None;
        }
        let mut prunes: Vec<&Prune> = self.prunes.iter().filter(|prune| prune.count > 0).collect();
        prunes.sort_by_key(|prune| std::cmp::Reverse(prune.count));
        violation(Anomaly::PruneCount, &prunes.iter().take(4).map(|prune| prune.nth).collect::<Vec<_>>())
    }
}

/// The call that proves the entry to have been visible, beside its write's own return.
fn proof_of(entry: &Entry, seen: &Seen) -> u64 {
    if entry.ret < seen.call || entry.sighted.0 >= seen.call { 0 } else { entry.sighted.1 }
}

fn oldest(violation: Violation) -> Violation {
    Violation { anomaly: Anomaly::OldestRetainedWrong, ..violation }
}

#[expect(clippy::unnecessary_wraps, reason = "every caller is about to return it")]
fn violation(anomaly: Anomaly, calls: &[u64]) -> Option<Violation> {
    let calls = calls.iter().copied().filter(|nth| *nth > 0).collect();
    Some(Violation { anomaly, calls, key: None })
}
