//! Each anomaly a thousand times: a right history of some length, and behind it calls of which one cannot be. What makes
//! it wrong is how it was made, and owes nothing to the checker.

use std::collections::BTreeMap;

use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::checker::{Anomaly, Checker, Facts};
use crate::engine::Frontier;
use crate::history::Recorded;
use crate::octets::{Decimal, Octets};
use crate::scenario::generate::SplitMix;

const TIMES: u64 = 1000;
const CLIENTS: u64 = 4;
const KEYS: u64 = 6;

/// A right store, and the history of what was asked of it.
struct World {
    draws: SplitMix,
    state: BTreeMap<Octets, Octets>,
    /// Every value that a key ever had.
    past: BTreeMap<Octets, Vec<Octets>>,
    log: BTreeMap<u64, Vec<Pair>>,
    number: u64,
    tick: u64,
    values: u64,
    history: Vec<Recorded>,
}

impl World {
    /// A store after a history of 40 to 120 calls of four clients, all of which have returned.
    fn lived(seed: u64) -> Self {
        let mut world = Self {
            draws: SplitMix::new(seed),
            state: BTreeMap::new(),
            past: BTreeMap::new(),
            log: BTreeMap::new(),
            number: 0,
            tick: 0,
            values: 0,
            history: Vec::new(),
        };
        let calls = 40 + world.draws.below(80);
        let mut open: Vec<usize> = Vec::new();
        for _ in 0..calls {
            while open.len() as u64 == CLIENTS || (!open.is_empty() && world.draws.percent(50)) {
                let at = world.draws.below(open.len() as u64) as usize;
                world.answer(open.swap_remove(at));
            }
            let request = world.request();
            open.push(world.begin(request));
        }
        for at in open {
            world.answer(at);
        }
        // What the injections need: a value that was replaced, a key that was deleted, an entry that was kept.
        let value = world.value();
        let other = world.value();
        world.ask(Call::PutBatch(vec![(key(0), value.clone()), (key(1), value.clone()), (key(2), value)]));
        world.ask(Call::PutBatch(vec![(key(0), other.clone()), (key(1), other)]));
        world.ask(Call::DeleteBatch(vec![key(2)]));
        world
    }

    fn value(&mut self) -> Octets {
        self.values += 1;
        Octets::text(&format!("v{}", self.values))
    }

    fn key(&mut self) -> Octets {
        key(self.draws.below(KEYS))
    }

    fn request(&mut self) -> Call {
        match self.draws.below(12) {
            0..4 => {
                let count = 1 + self.draws.below(3);
                Call::PutBatch((0..count).map(|_| (self.key(), self.value())).collect())
            }
            4 => Call::DeleteBatch(vec![self.key()]),
            5 => Call::GetMany(vec![self.key(), self.key()]),
            6 => whole(),
            7 => Call::CurrentSequence {},
            8 => Call::GetBatch(Decimal(self.draws.below(self.number + 2))),
            9 => Call::OldestRetainedBatch {},
            10 => Call::PruneBatchLog(Decimal(self.number.saturating_sub(self.draws.below(12)))),
            _ => Call::Get(self.key()),
        }
    }

    fn begin(&mut self, request: Call) -> usize {
        let outcome = Outcome::Reply(Reply::Done {});
        let client = self.history.len() as u32;
        self.history.push(Recorded { client, call: self.tick, ret: None, ns: [0, 0], request, outcome });
        self.history.len() - 1
    }

    /// The call takes effect and returns.
    fn answer(&mut self, at: usize) {
        let reply = self.right(&self.history[at].request.clone());
        self.end(at, reply);
    }

    fn end(&mut self, at: usize, reply: Reply) {
        self.history[at].outcome = Outcome::Reply(reply);
        self.history[at].ret = Some(self.tick);
        self.tick += 1;
    }

    /// A call alone, answered rightly.
    fn ask(&mut self, request: Call) {
        let at = self.begin(request);
        self.answer(at);
    }

    /// A call alone, with that answer.
    fn say(&mut self, request: Call, reply: Reply) {
        let at = self.begin(request);
        self.end(at, reply);
    }

    fn right(&mut self, request: &Call) -> Reply {
        match request {
            Call::PutBatch(pairs) => {
                for (key, value) in pairs {
                    self.past.entry(key.clone()).or_default().push(value.clone());
                    self.state.insert(key.clone(), value.clone());
                }
                self.next(pairs.clone())
            }
            Call::DeleteBatch(keys) => {
                keys.iter().for_each(|key| drop(self.state.remove(key)));
                self.next(Vec::new())
            }
            Call::Get(key) => Reply::Value(self.state.get(key).cloned()),
            Call::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| (key.clone(), self.state.get(key).cloned())).collect())
            }
            Call::RangeScan(_) => Reply::Rows(self.rows()),
            Call::CurrentSequence {} => Reply::Sequence(Decimal(self.number)),
            Call::GetBatch(number) => Reply::Batch(self.log.get(&number.0).cloned()),
            Call::OldestRetainedBatch {} => Reply::Oldest(self.log.keys().next().copied().map(Decimal)),
            Call::PruneBatchLog(cutoff) => {
                let kept = self.log.split_off(&cutoff.0);
                Reply::Removed(Decimal(std::mem::replace(&mut self.log, kept).len() as u64))
            }
        }
    }

    fn next(&mut self, pairs: Vec<Pair>) -> Reply {
        // Holes leave room for a number that comes too late.
        self.number += 1 + self.draws.below(2);
        self.log.insert(self.number, pairs);
        Reply::Sequence(Decimal(self.number))
    }

    fn rows(&self) -> Vec<Pair> {
        self.state.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// A put of one key, in flight, that has the next number and has taken effect.
    fn put_in_flight(&mut self, pairs: Vec<Pair>) -> (usize, Reply) {
        let at = self.begin(Call::PutBatch(pairs.clone()));
        let reply = self.right(&Call::PutBatch(pairs));
        (at, reply)
    }

    /// Anything that a live key held before, and does not hold now.
    fn overwritten(&self) -> (Octets, Octets) {
        let old = |key: &Octets| self.past[key].iter().find(|value| self.state[key] != **value).cloned();
        let found = self.state.keys().find_map(|key| Some((key.clone(), old(key)?)));
        found.expect("the first key's value was replaced")
    }
}

fn key(at: u64) -> Octets {
    Octets::text(&format!("k{at}"))
}

fn whole() -> Call {
    Call::RangeScan(Range { start: Octets::default(), end: Octets::default(), limit: Decimal(u64::MAX), forward: true })
}

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
