//! Every anomaly by its name, with the calls that prove it.

use super::*;
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::checker::Anomaly;
use crate::engine::Frontier;
use crate::octets::{Decimal, Octets};

/// Calls with the ticks from which and to which they went; each by a client of its own.
fn history(calls: &[(u64, u64, Call, Reply)]) -> Vec<Recorded> {
    let recorded = |(client, (call, ret, request, reply)): (usize, &(u64, u64, Call, Reply))| Recorded {
        client: client as u32,
        call: *call,
        ret: Some(*ret),
        ns: [0, 0],
        request: request.clone(),
        outcome: Outcome::Reply(reply.clone()),
    };
    calls.iter().enumerate().map(recorded).collect()
}

fn text(text: &str) -> Octets {
    Octets::text(text)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<Pair> {
    pairs.iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn put(call: u64, ret: u64, list: &[(&str, &str)], seq: u64) -> (u64, u64, Call, Reply) {
    (call, ret, Call::PutBatch(pairs(list)), Reply::Sequence(Decimal(seq)))
}

fn delete(call: u64, ret: u64, key: &str, seq: u64) -> (u64, u64, Call, Reply) {
    (call, ret, Call::DeleteBatch(vec![text(key)]), Reply::Sequence(Decimal(seq)))
}

fn get(call: u64, ret: u64, key: &str, value: Option<&str>) -> (u64, u64, Call, Reply) {
    (call, ret, Call::Get(text(key)), Reply::Value(value.map(text)))
}

fn scan(call: u64, ret: u64, rows: &[(&str, &str)]) -> (u64, u64, Call, Reply) {
    let range = Range { start: text(""), end: text(""), limit: Decimal(u64::MAX), forward: true };
    (call, ret, Call::RangeScan(range), Reply::Rows(pairs(rows)))
}

fn current(call: u64, ret: u64, seq: u64) -> (u64, u64, Call, Reply) {
    (call, ret, Call::CurrentSequence {}, Reply::Sequence(Decimal(seq)))
}

fn batch(call: u64, ret: u64, seq: u64, list: Option<&[(&str, &str)]>) -> (u64, u64, Call, Reply) {
    (call, ret, Call::GetBatch(Decimal(seq)), Reply::Batch(list.map(pairs)))
}

fn oldest(call: u64, ret: u64, seq: Option<u64>) -> (u64, u64, Call, Reply) {
    (call, ret, Call::OldestRetainedBatch {}, Reply::Oldest(seq.map(Decimal)))
}

fn prune(call: u64, ret: u64, cutoff: u64, count: u64) -> (u64, u64, Call, Reply) {
    (call, ret, Call::PruneBatchLog(Decimal(cutoff)), Reply::Removed(Decimal(count)))
}

fn judge(calls: &[(u64, u64, Call, Reply)]) -> Findings {
    check(Facts { frontier: Frontier::Immediate, batch_log: true, fresh: 0 }, &history(calls))
}

/// What is wrong, and where: the wrong call first.
#[test]
fn every_anomaly_has_its_name_and_its_proof() {
    let a1 = || put(0, 0, &[("a", "1")], 1);
    let a3 = || put(2, 4, &[("a", "3")], 3);
    let a2 = || put(1, 1, &[("a", "2")], 2);
    for (anomaly, calls, proof) in [
        (Anomaly::DuplicateSequence, vec![a1(), put(0, 1, &[("b", "1")], 1)], vec![2, 1]),
        (Anomaly::SequenceRegression, vec![put(0, 0, &[("a", "1")], 2), put(1, 1, &[("a", "2")], 1)], vec![2, 1]),
        (Anomaly::SequenceAhead, vec![a1(), current(1, 1, 2), put(2, 2, &[("a", "2")], 2)], vec![2, 3]),
        (Anomaly::SequenceBehind, vec![a1(), current(1, 1, 0)], vec![2, 1]),
        (Anomaly::SequenceBehind, vec![put(0, 3, &[("a", "1")], 1), current(0, 0, 1), current(1, 1, 0)], vec![3, 2]),
        (Anomaly::StaleRead, vec![a1(), a2(), get(2, 2, "a", Some("1"))], vec![3, 1, 2]),
        (
            Anomaly::NonMonotonicRead,
            vec![a1(), put(1, 4, &[("a", "2")], 2), get(1, 1, "a", Some("2")), get(2, 2, "a", Some("1"))],
            vec![4, 1, 2, 3],
        ),
        (Anomaly::LostWrite, vec![a1(), get(1, 1, "a", None)], vec![2, 1]),
        (Anomaly::LostWrite, vec![a1(), get(1, 1, "a", None), delete(2, 3, "a", 2), a3()], vec![2, 1]),
        (Anomaly::ResurrectedDelete, vec![a1(), delete(1, 1, "a", 2), get(2, 2, "a", Some("1"))], vec![3, 1, 2]),
        (Anomaly::FutureRead, vec![a1(), get(1, 1, "a", Some("2")), put(2, 2, &[("a", "2")], 2)], vec![2, 3]),
        (Anomaly::GarbageRead, vec![a1(), get(1, 1, "a", Some("9"))], vec![2, 1]),
        (
            Anomaly::TornBatch,
            vec![
                put(0, 0, &[("a", "1"), ("b", "1")], 1),
                put(1, 3, &[("a", "2"), ("b", "2")], 2),
                scan(1, 2, &[("a", "2"), ("b", "1")]),
            ],
            vec![3, 2],
        ),
        (
            Anomaly::FuzzySnapshot,
            vec![put(0, 3, &[("a", "1")], 1), put(0, 4, &[("b", "2")], 2), scan(0, 2, &[("b", "2")])],
            vec![3, 2, 1],
        ),
        (Anomaly::MissingRow, vec![a1(), scan(1, 1, &[])], vec![2, 1]),
        (Anomaly::Phantom, vec![a1(), scan(1, 1, &[("a", "1"), ("b", "1")])], vec![2, 1]),
        (
            Anomaly::ScanShape,
            vec![put(0, 0, &[("a", "1"), ("b", "1")], 1), scan(1, 1, &[("b", "1"), ("a", "1")])],
            vec![2],
        ),
        (Anomaly::BatchMismatch, vec![a1(), batch(1, 1, 1, Some(&[("a", "2")]))], vec![2, 1]),
        (Anomaly::BatchLost, vec![a1(), batch(1, 1, 1, None)], vec![2, 1]),
        (
            Anomaly::BatchFromFuture,
            vec![a1(), batch(1, 1, 2, Some(&[("a", "2")])), put(2, 2, &[("a", "2")], 2)],
            vec![2, 3],
        ),
        (
            Anomaly::PrunedBatchVisible,
            vec![a1(), prune(1, 1, 2, 1), batch(2, 2, 1, Some(&[("a", "1")]))],
            vec![3, 2, 1],
        ),
        (
            Anomaly::BatchReappeared,
            vec![a1(), prune(1, 9, 2, 1), batch(1, 2, 1, None), batch(3, 3, 1, Some(&[("a", "1")]))],
            vec![4, 3, 1],
        ),
        (Anomaly::OldestRetainedWrong, vec![a1(), a2(), oldest(2, 2, Some(2))], vec![3, 1]),
        (Anomaly::PruneCount, vec![a1(), a2(), prune(2, 2, 3, 1)], vec![3]),
        (Anomaly::UnexpectedError, vec![a1(), (1, 1, Call::Get(text("a")), Reply::Error("busy".into()))], vec![2]),
    ] {
        let found: Vec<_> = judge(&calls).violations.into_iter().map(|one| (one.anomaly, one.calls)).collect();
        assert_eq!(found, [(anomaly, proof)]);
    }
}

#[test]
fn what_is_seen_behind_a_write_of_unknown_outcome_is_undecided() {
    let mut calls = history(&[
        put(0, 0, &[("a", "1")], 1),
        put(1, 1, &[("a", "2")], 2),
        get(1, 4, "a", Some("2")),
        get(2, 5, "a", Some("1")),
    ]);
    calls[1].ret = None;
    calls[1].outcome = Outcome::TimedOut(Decimal(1000));
    let findings = check(Facts { frontier: Frontier::Immediate, batch_log: true, fresh: 0 }, &calls);
    assert_eq!((findings.violations.len(), findings.judged, findings.undecided), (0, 1, 3));
}

#[test]
fn weaker_guarantees_are_counted_and_are_no_violation() {
    let many = |a: &str, b: &str| Reply::Values(vec![(text("a"), Some(text(a))), (text("b"), Some(text(b)))]);
    let both = Call::GetMany(vec![text("a"), text("b")]);
    let findings = judge(&[
        put(0, 0, &[("a", "1"), ("b", "1")], 1),
        put(1, 3, &[("a", "2"), ("b", "2")], 2),
        (1, 1, both.clone(), many("1", "2")),
        put(4, 4, &[("a", "4")], 4),
    ]);
    assert_eq!(findings.violations, []);
    assert_eq!((findings.observed.many_not_of_one_state.seen, findings.observed.many_not_of_one_state.of), (1, 1));
    assert_eq!((findings.observed.holes.seen, findings.observed.holes.of), (1, 3));
}
