//! Calls as they come in: digests for values, ids for keys, and what a reply shows to be wrong by itself.

use std::ops::Bound;

use super::digest::{self, Digest, NONE};
use super::log::LogCall;
use super::order::Write;
use super::state::Sight;
use super::{Anomaly, Checker, Work};
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::history::Recorded;

impl Checker {
    /// The call in the form in which it is judged. What needs no other call to be seen is judged here.
    pub(super) fn work(&mut self, recorded: &Recorded) -> (Work, Option<Write>) {
        let nth = self.nth;
        let Outcome::Reply(reply) = &recorded.outcome else {
            return self.without_reply(recorded);
        };
        let write = |seq: u64, changes: Box<[(u32, Digest)]>, may_be_a_read: bool| {
            let ret = recorded.ret.unwrap_or(u64::MAX);
            let write = Write { seq, nth, call: recorded.call, ret, changes, may_be_a_read };
            (Work::Write { seq }, Some(write))
        };
        match (&recorded.request, reply) {
            (Call::PutBatch(pairs), Reply::Sequence(seq)) => {
                self.log.wrote(seq.0, recorded, nth, Some(digest::of_pairs(pairs)));
                write(seq.0, self.changes(pairs), false)
            }
            (Call::DeleteBatch(keys), Reply::Sequence(seq)) => {
                let mut changes: Vec<(u32, Digest)> = keys.iter().map(|key| (self.keys.id(key), NONE)).collect();
                changes.sort_unstable();
                changes.dedup();
                if !keys.is_empty() {
                    self.log.wrote(seq.0, recorded, nth, None);
                }
                write(seq.0, changes.into(), keys.is_empty())
            }
            (Call::Get(key), Reply::Value(value)) => {
                (Work::Get { key: self.keys.id(key), value: digest::of(value.as_deref()) }, None)
            }
            (Call::GetMany(keys), Reply::Values(values)) => {
                if !keys.iter().eq(values.iter().map(|(key, _)| key)) {
                    self.wrong(Anomaly::GarbageRead, &[nth], None);
                    return (Work::Nothing, None);
                }
                let seen = values.iter().map(|(key, value)| (self.keys.id(key), digest::of(value.as_deref())));
                (Work::GetMany(Sight { seen: seen.collect(), covered: None }), None)
            }
            (Call::RangeScan(range), Reply::Rows(rows)) => (self.scan(range, rows), None),
            (Call::CurrentSequence {}, Reply::Sequence(seq)) => (Work::Current(seq.0), None),
            (Call::GetBatch(seq), Reply::Batch(batch)) => {
                let content = batch.as_ref().map(|pairs| (digest::of_pairs(pairs), pairs.is_empty()));
                (Work::Log(LogCall::Batch { seq: seq.0, content }), None)
            }
            (Call::OldestRetainedBatch {}, Reply::Oldest(oldest)) => {
                (Work::Log(LogCall::Oldest(oldest.map(|seq| seq.0))), None)
            }
            (Call::PruneBatchLog(cutoff), Reply::Removed(count)) => {
                self.log.prune(cutoff.0, count.0, recorded, nth);
                (Work::Log(LogCall::Prune), None)
            }
            (Call::DeleteBatch(keys), Reply::Error(_)) if keys.is_empty() => (Work::Nothing, None),
            (Call::PutBatch(pairs), Reply::Error(_)) if pairs.is_empty() => (Work::Nothing, None),
            _ => self.without_reply(recorded),
        }
    }

    /// A call that failed, or never returned: a violation of its own. If it may have changed something, what is seen
    /// from then on cannot be judged.
    fn without_reply(&mut self, recorded: &Recorded) -> (Work, Option<Write>) {
        if recorded.ret.is_some() {
            let panicked = matches!(recorded.outcome, Outcome::Panicked { .. });
            let anomaly = if panicked { Anomaly::Panicked } else { Anomaly::UnexpectedError };
            self.wrong(anomaly, &[self.nth], None);
        }
        if !recorded.request.is_read() {
            self.unknown_from = self.unknown_from.min(recorded.call);
        }
        (Work::Nothing, None)
    }

    /// What a put changes: of one key's pairs the last wins.
    fn changes(&mut self, pairs: &[Pair]) -> Box<[(u32, Digest)]> {
        let mut changes: Vec<(u32, Digest)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            changes.push((self.keys.id(key), digest::of(Some(value))));
        }
        if changes.len() > 1 {
            changes.reverse();
            changes.sort_by_key(|(key, _)| *key);
            changes.dedup_by_key(|(key, _)| *key);
        }
        changes.into()
    }

    fn scan(&mut self, range: &Range, rows: &[Pair]) -> Work {
        let full = rows.len() as u64 >= range.limit.0;
        let ordered = rows.windows(2).all(|two| (two[0].0 < two[1].0) == range.forward && two[0].0 != two[1].0);
        let bounded = rows.iter().all(|(key, _)| *key >= range.start && (range.end.is_empty() || *key <= range.end));
        if !ordered || !bounded || rows.len() as u64 > range.limit.0 {
            self.wrong(Anomaly::ScanShape, &[self.nth], None);
            return Work::Nothing;
        }
        let mut seen: Vec<(u32, Digest)> =
            rows.iter().map(|(key, value)| (self.keys.id(key), digest::of(Some(value)))).collect();
        if !range.forward {
            seen.reverse();
        }
        let end = if range.end.is_empty() { Bound::Unbounded } else { Bound::Included(range.end.clone()) };
        // A scan that came to its limit says nothing of what lies beyond its last row.
        let covered = match rows.last() {
            None if full => return Work::Nothing,
            Some((last, _)) if full && range.forward => (range.start.clone(), Bound::Included(last.clone())),
            Some((last, _)) if full => (last.clone(), end),
            _ => (range.start.clone(), end),
        };
        Work::Scan(Sight { seen: seen.into(), covered: Some(covered) })
    }
}
