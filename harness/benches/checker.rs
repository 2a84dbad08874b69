//! How many calls a second the checker judges, on one thread.
//!
//! `cargo bench -p storecheck --bench checker`; `docs/measurements.md` has the figures. Histories are those of a store
//! that takes effect as each call returns, with eight calls in flight, made before the clock starts.

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use storecheck::call::{Call, Outcome, Pair, Range, Reply};
use storecheck::checker::{Checker, Facts};
use storecheck::engine::Frontier;
use storecheck::history::Recorded;
use storecheck::octets::{Decimal, Octets};
use storecheck::scenario::generate::SplitMix;

const CLIENTS: usize = 8;

/// What the clients do.
#[derive(Clone, Copy)]
struct Mix {
    keys: u64,
    /// Of a hundred calls, those that put; the others get, but for scans.
    puts: u64,
    scans: u64,
    /// Pairs of a put, rows of a scan.
    pairs: u64,
    rows: u64,
}

/// A store and the calls in flight on it.
struct Store {
    mix: Mix,
    draws: SplitMix,
    state: BTreeMap<Octets, Octets>,
    number: u64,
    tick: u64,
}

impl Store {
    fn key(&mut self) -> Octets {
        Octets::text(&format!("key{:06}", self.draws.below(self.mix.keys)))
    }

    fn request(&mut self, turn: u64) -> Call {
        let choice = self.draws.below(100);
        if choice < self.mix.puts {
            let value = Octets::text(&format!("value of call {turn}"));
            Call::PutBatch((0..self.mix.pairs).map(|_| (self.key(), value.clone())).collect())
        } else if choice < self.mix.puts + self.mix.scans {
            let (start, end) = (self.key(), Octets::default());
            Call::RangeScan(Range { start, end, limit: Decimal(self.mix.rows), forward: true })
        } else {
            Call::Get(self.key())
        }
    }

    fn answer(&mut self, request: &Call) -> Reply {
        match request {
            Call::PutBatch(pairs) => {
                self.state.extend(pairs.iter().cloned());
                self.number += 1;
                Reply::Sequence(Decimal(self.number))
            }
            Call::RangeScan(range) => {
                let rows = self.state.range(range.start.clone()..).take(self.mix.rows as usize);
                Reply::Rows(rows.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<Pair>>())
            }
            Call::Get(key) => Reply::Value(self.state.get(key).cloned()),
            _ => unreachable!("the mix has no other calls"),
        }
    }
}

/// A history of so many calls, in the order in which they began.
fn history(mix: Mix, calls: u64) -> Vec<Recorded> {
    let mut store = Store { mix, draws: SplitMix::new(7), state: BTreeMap::new(), number: 0, tick: 0 };
    let mut open: Vec<Option<usize>> = vec![None; CLIENTS];
    let mut history: Vec<Recorded> = Vec::new();
    let mut idle: VecDeque<usize> = (0..CLIENTS).collect();
    while (history.len() as u64) < calls || open.iter().any(Option::is_some) {
        if let Some(client) = idle.pop_front().filter(|_| (history.len() as u64) < calls) {
            open[client] = Some(history.len());
            let request = store.request(history.len() as u64);
            let outcome = Outcome::Reply(Reply::Done {});
            history.push(Recorded { client: client as u32, call: store.tick, ret: None, ns: [0, 0], request, outcome });
            continue;
        }
        let client = store.draws.below(CLIENTS as u64) as usize;
        if let Some(at) = open[client].take() {
            let reply = store.answer(&history[at].request);
            history[at].outcome = Outcome::Reply(reply);
            history[at].ret = Some(store.tick);
            store.tick += 1;
            idle.push_back(client);
        }
    }
    history
}

fn judge(history: &[Recorded]) -> u64 {
    let mut checker = Checker::new(Facts { frontier: Frontier::Immediate, batch_log: false, fresh: 0 });
    history.iter().for_each(|recorded| checker.take(recorded));
    let findings = checker.finish();
    assert!(findings.violations.is_empty() && findings.undecided == 0, "the store is right");
    findings.judged
}

fn benches(c: &mut Criterion) {
    let points = Mix { keys: 1000, puts: 20, scans: 0, pairs: 1, rows: 0 };
    for (name, mix, calls) in [
        ("80 % get, 20 % put of one pair, 1,000 keys", points, 1_000_000),
        ("the same, 100 keys", Mix { keys: 100, ..points }, 100_000),
        ("the same, 1 key", Mix { keys: 1, ..points }, 100_000),
        ("10 % scans of 100 rows, puts of 8 pairs", Mix { scans: 10, pairs: 8, rows: 100, ..points }, 100_000),
    ] {
        let history = history(mix, calls);
        let mut group = c.benchmark_group(format!("checker: {calls} calls, {name}"));
        group.throughput(Throughput::Elements(calls)).sample_size(10);
        group.bench_function("judged", |b| b.iter(|| black_box(judge(&history))));
        group.finish();
    }
}

criterion_group!(checker, benches);
criterion_main!(checker);
