//! Each anomaly a thousand times: a right history of some length, and behind it calls of which one cannot be. What makes
//! it wrong is how it was made, and owes nothing to the checker.

use std::collections::BTreeMap;

use super::world::{World, key, whole};
use crate::call::{Call, Outcome, Reply};
use crate::checker::{Anomaly, Checker, Facts};
use crate::engine::Frontier;
use crate::history::Recorded;
use crate::octets::{Decimal, Octets};

const TIMES: u64 = 1000;
/// Puts calls behind the history that cannot have been answered so.
fn inject(anomaly: Anomaly, world: &mut World) {
    match anomaly {
        Anomaly::DuplicateSequence
        | Anomaly::SequenceRegression
        | Anomaly::SequenceAhead
        | Anomaly::SequenceBehind
        | Anomaly::SequenceGap => numbers(anomaly, world),
        Anomaly::StaleRead
        | Anomaly::NonMonotonicRead
        | Anomaly::LostWrite
        | Anomaly::ResurrectedDelete
        | Anomaly::FutureRead
        | Anomaly::GarbageRead => reads(anomaly, world),
        Anomaly::TornBatch | Anomaly::FuzzySnapshot | Anomaly::MissingRow | Anomaly::Phantom | Anomaly::ScanShape => {
            scans(anomaly, world);
        }
        Anomaly::BatchMismatch
        | Anomaly::BatchLost
        | Anomaly::BatchFromFuture
        | Anomaly::PrunedBatchVisible
        | Anomaly::BatchReappeared
        | Anomaly::OldestRetainedWrong
        | Anomaly::PruneCount => entries(anomaly, world),
        Anomaly::UnexpectedError => {
            let request = world.request();
            world.say(request, Reply::Error("no".to_owned()));
        }
        Anomaly::Panicked => {
            let request = world.request();
            let at = world.begin(request);
            world.answer(at);
            world.history[at].outcome = Outcome::Panicked { message: String::new(), backtrace: String::new() };
        }
    }
}

fn numbers(anomaly: Anomaly, world: &mut World) {
    let put = Call::PutBatch(vec![(world.key(), world.value())]);
    let used: Vec<u64> = world
        .history
        .iter()
        .filter(|recorded| !recorded.request.is_read())
        .filter_map(|recorded| match recorded.outcome {
            Outcome::Reply(Reply::Sequence(number)) => Some(number.0),
            _ => None,
        })
        .collect();
    match anomaly {
        Anomaly::DuplicateSequence => {
            let number = used[world.draws.below(used.len() as u64) as usize];
            world.say(put, Reply::Sequence(Decimal(number)));
        }
        Anomaly::SequenceRegression => {
            let free = (1..world.number).rev().find(|number| !used.contains(number)).unwrap_or(0);
            world.say(put, Reply::Sequence(Decimal(free)));
        }
        Anomaly::SequenceAhead => {
            let above = world.number + 1 + world.draws.below(5);
            world.say(Call::CurrentSequence {}, Reply::Sequence(Decimal(above)));
        }
        Anomaly::SequenceBehind => {
            let below = world.draws.below(world.number);
            world.say(Call::CurrentSequence {}, Reply::Sequence(Decimal(below)));
        }
        _ => {
            let above = world.number + 2 + world.draws.below(5);
            world.say(put, Reply::Sequence(Decimal(above)));
        }
    }
}

fn reads(anomaly: Anomaly, world: &mut World) {
    let (overwritten, old) = world.overwritten();
    match anomaly {
        Anomaly::StaleRead => world.say(Call::Get(overwritten), Reply::Value(Some(old))),
        Anomaly::NonMonotonicRead => {
            let (key, value) = (key(0), world.value());
            let before = world.state.get(&key).cloned();
            let (put, reply) = world.put_in_flight(vec![(key.clone(), value.clone())]);
            world.say(Call::Get(key.clone()), Reply::Value(Some(value)));
            world.say(Call::Get(key), Reply::Value(before));
            world.end(put, reply);
        }
        Anomaly::LostWrite => world.say(Call::Get(overwritten), Reply::Value(None)),
        Anomaly::ResurrectedDelete => {
            let old = world.past[&key(2)].last().cloned();
            world.say(Call::Get(key(2)), Reply::Value(old));
        }
        Anomaly::FutureRead => {
            let (key, value) = (world.key(), world.value());
            world.say(Call::Get(key.clone()), Reply::Value(Some(value.clone())));
            world.ask(Call::PutBatch(vec![(key, value)]));
        }
        _ => {
            let value = world.value();
            world.say(Call::Get(overwritten), Reply::Value(Some(value)));
        }
    }
}

fn scans(anomaly: Anomaly, world: &mut World) {
    let mut rows = world.rows();
    let at = world.draws.below(rows.len() as u64) as usize;
    match anomaly {
        Anomaly::TornBatch => {
            let value = world.value();
            let (put, reply) = world.put_in_flight(vec![(key(0), value.clone()), (key(1), value)]);
            // The new value of one key and the old one of the other.
            let new = world.rows().into_iter().find(|row| row.0 == key(0));
            rows.retain(|row| row.0 != key(0));
            rows.splice(0..0, new);
            world.say(whole(), Reply::Rows(rows));
            world.end(put, reply);
        }
        Anomaly::FuzzySnapshot => {
            let scan = world.begin(whole());
            let values = [world.value(), world.value()];
            world.ask(Call::PutBatch(vec![(key(0), values[0].clone())]));
            world.ask(Call::PutBatch(vec![(key(1), values[1].clone())]));
            // The later write and not the earlier.
            rows.iter_mut().filter(|row| row.0 == key(1)).for_each(|row| row.1 = values[1].clone());
            world.end(scan, Reply::Rows(rows));
        }
        Anomaly::MissingRow => {
            rows.remove(at);
            world.say(whole(), Reply::Rows(rows));
        }
        Anomaly::Phantom => {
            rows.push((Octets::text("z"), world.value()));
            world.say(whole(), Reply::Rows(rows));
        }
        _ => {
            let row = rows[at].clone();
            rows.insert(at, row);
            world.say(whole(), Reply::Rows(rows));
        }
    }
}

fn entries(anomaly: Anomaly, world: &mut World) {
    let kept: Vec<u64> = world.log.iter().filter(|(_, pairs)| !pairs.is_empty()).map(|(number, _)| *number).collect();
    let number = kept[world.draws.below(kept.len() as u64) as usize];
    let pairs = world.log[&number].clone();
    let batch = Call::GetBatch(Decimal(number));
    match anomaly {
        Anomaly::BatchMismatch => {
            let mut other = pairs;
            other.push((key(5), world.value()));
            world.say(batch, Reply::Batch(Some(other)));
        }
        Anomaly::BatchLost => world.say(batch, Reply::Batch(None)),
        Anomaly::BatchFromFuture => {
            let later = Call::GetBatch(Decimal(world.number + 1 + world.draws.below(3)));
            world.say(later, Reply::Batch(Some(pairs)));
        }
        Anomaly::PrunedBatchVisible => {
            world.ask(Call::PruneBatchLog(Decimal(number + 1)));
            world.say(batch, Reply::Batch(Some(pairs)));
        }
        Anomaly::BatchReappeared => {
            let prune = world.begin(Call::PruneBatchLog(Decimal(number + 1)));
            world.say(batch.clone(), Reply::Batch(None));
            world.say(batch, Reply::Batch(Some(pairs)));
            world.answer(prune);
        }
        Anomaly::OldestRetainedWrong => {
            let later = kept.iter().copied().rfind(|other| *other > kept[0]).unwrap_or(world.number + 1);
            world.say(Call::OldestRetainedBatch {}, Reply::Oldest(Some(Decimal(later))));
        }
        _ => {
            let right = world.log.range(..number).count() as u64;
            // A delete need not have an entry (DEL-4), so that only puts make a count too small.
            let puts = kept.iter().filter(|kept| **kept < number).count() as u64;
            let wrong = if puts > 0 && world.draws.percent(50) { puts - 1 } else { right + 1 };
            world.say(Call::PruneBatchLog(Decimal(number)), Reply::Removed(Decimal(wrong)));
        }
    }
}

const ALL: [Anomaly; 25] = [
    Anomaly::DuplicateSequence,
    Anomaly::SequenceRegression,
    Anomaly::SequenceAhead,
    Anomaly::SequenceBehind,
    Anomaly::SequenceGap,
    Anomaly::StaleRead,
    Anomaly::NonMonotonicRead,
    Anomaly::LostWrite,
    Anomaly::ResurrectedDelete,
    Anomaly::FutureRead,
    Anomaly::GarbageRead,
    Anomaly::TornBatch,
    Anomaly::FuzzySnapshot,
    Anomaly::MissingRow,
    Anomaly::Phantom,
    Anomaly::ScanShape,
    Anomaly::BatchMismatch,
    Anomaly::BatchLost,
    Anomaly::BatchFromFuture,
    Anomaly::PrunedBatchVisible,
    Anomaly::BatchReappeared,
    Anomaly::OldestRetainedWrong,
    Anomaly::PruneCount,
    Anomaly::UnexpectedError,
    Anomaly::Panicked,
];

/// The anomalies that the checker names, holes included.
fn found(history: &[Recorded]) -> Vec<Anomaly> {
    let mut history: Vec<&Recorded> = history.iter().collect();
    history.sort_by_key(|recorded| recorded.call);
    let mut checker = Checker::new(Facts { frontier: Frontier::Immediate, batch_log: true, fresh: 0 });
    history.into_iter().for_each(|recorded| checker.take(recorded));
    let findings = checker.finish();
    let few = |calls: &Vec<u64>| (1..=4).contains(&calls.len());
    assert!(findings.violations.iter().all(|violation| few(&violation.calls)), "a person can read a proof");
    findings.violations.iter().map(|violation| violation.anomaly).collect()
}

#[test]
fn each_anomaly_is_found_each_time_and_nothing_before_it_was_injected() {
    let mut named: BTreeMap<Anomaly, u64> = BTreeMap::new();
    for anomaly in ALL {
        for seed in 0..TIMES {
            let mut world = World::lived(seed);
            if seed < TIMES / 10 {
                assert_eq!(found(&world.history), [], "seed {seed} before {anomaly}");
            }
            inject(anomaly, &mut world);
            let found = found(&world.history);
            // A hole is no violation of every engine, and has a place of its own.
            let there = anomaly == Anomaly::SequenceGap || !found.is_empty();
            assert!(there, "{anomaly} is not found with seed {seed}");
            *named.entry(anomaly).or_default() += u64::from(found.contains(&anomaly));
        }
    }
    let others: Vec<_> = named.iter().filter(|(_, count)| **count < TIMES).collect();
    println!("found by another name: {others:?}");
    assert_eq!(named.len(), ALL.len());
}

#[test]
fn a_hole_is_told_with_the_writes_around_it() {
    for seed in 0..TIMES {
        let mut world = World::lived(seed);
        inject(Anomaly::SequenceGap, &mut world);
        let mut checker = Checker::new(Facts { frontier: Frontier::Immediate, batch_log: true, fresh: 0 });
        world.history.iter().for_each(|recorded| checker.take(recorded));
        let gap = checker.finish().gap.expect("the last number leaves a hole");
        assert_eq!((gap.anomaly, gap.calls.len() <= 2), (Anomaly::SequenceGap, true));
    }
}
