//! What a random program costs, judged and audited, against the bare engine (btree) making the same calls.
//!
//! `cargo bench -p storecheck --bench programs`; `docs/measurements.md` has the ratios. Both sides count the same calls,
//! audits included, so that the ratio of the two rates is the price of knowing what is right.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use storecheck::StoreEngine;
use storecheck::call::{Action, Call, Outcome};
use storecheck::driver::{Driver, Executor, InProcess};
use storecheck::judged::Options;
use storecheck::property::{SHAPES, Shape, Suited, generate};
use storecheck::scenario::Case;
use storecheck::scenario::run::{self, CaseResult};

/// Programs of one shape's measurement.
const PROGRAMS: u64 = 40;

/// Writes the actions down that pass through it.
struct Recorder {
    inner: InProcess,
    actions: Vec<Action>,
}

impl Driver for Recorder {
    fn perform(&mut self, action: &Action) -> Outcome {
        self.actions.push(action.clone());
        self.inner.perform(action)
    }
}

fn options() -> Options {
    Options { declared: storecheck_btree::engine().declarations(), frontier_deadline: Duration::from_secs(1) }
}

fn driver() -> InProcess {
    InProcess::new(storecheck_btree::engine(), Path::new("."), Executor::Thread).expect("a thread needs nothing")
}

/// The program of a seed, as it is run.
fn program(shape: &Shape, seed: u64) -> Case {
    let mut program = generate(shape, Suited { batch_log: true, reopen: false }, seed);
    // The same for both sides: what a runtime costs is the engine's caller's business.
    program.executor = Executor::Thread;
    program.into_case(shape.name, shape.title, Vec::new())
}

/// Runs it as a search does.
fn judged(case: &Case, driver: &mut dyn Driver) -> CaseResult {
    let result = run::run(case, driver, options());
    assert!(result.failures.is_empty(), "btree is right: {:?}", result.failures);
    result
}

/// A call with its arguments as the trait takes them.
enum Bare {
    Put(Vec<(Bytes, Bytes)>),
    Delete(Vec<Bytes>),
    Get(Bytes),
    GetMany(Vec<Bytes>),
    Scan(Bytes, Bytes, usize, bool),
    Current,
    Batch(u64),
    Oldest,
    Prune(u64),
}

impl Bare {
    fn of(action: Action) -> Option<Self> {
        let Action::Call(call) = action else { return None };
        let keys = |keys: Vec<storecheck::octets::Octets>| keys.into_iter().map(|key| key.0).collect();
        Some(match call {
            Call::PutBatch(pairs) => Self::Put(pairs.into_iter().map(|(key, value)| (key.0, value.0)).collect()),
            Call::DeleteBatch(list) => Self::Delete(keys(list)),
            Call::Get(key) => Self::Get(key.0),
            Call::GetMany(list) => Self::GetMany(keys(list)),
            Call::RangeScan(range) => {
                let limit = usize::try_from(range.limit.0).unwrap_or(usize::MAX);
                Self::Scan(range.start.0, range.end.0, limit, range.forward)
            }
            Call::CurrentSequence {} => Self::Current,
            Call::GetBatch(number) => Self::Batch(number.0),
            Call::OldestRetainedBatch {} => Self::Oldest,
            Call::PruneBatchLog(cutoff) => Self::Prune(cutoff.0),
        })
    }

    fn make(&self, store: &dyn StoreEngine) {
        match self {
            Self::Put(pairs) => drop(black_box(store.put_batch(pairs))),
            Self::Delete(keys) => {
                drop(black_box(store.delete_batch(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>())));
            }
            Self::Get(key) => drop(black_box(store.get(key))),
            Self::GetMany(keys) => {
                drop(black_box(store.get_many(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>())));
            }
            Self::Scan(start, end, limit, forward) => {
                drop(black_box(store.range_scan(start, end, *limit, *forward)));
            }
            Self::Current => {
                black_box(store.current_sequence());
            }
            Self::Batch(number) => drop(black_box(store.get_batch(*number))),
            Self::Oldest => drop(black_box(store.oldest_retained_batch())),
            Self::Prune(cutoff) => drop(black_box(store.prune_batch_log(*cutoff))),
        }
    }
}

fn open() -> Arc<dyn StoreEngine> {
    storecheck_btree::engine().open(Path::new(".")).expect("btree opens")
}

/// Measures the programs, bare and judged.
fn measure(c: &mut Criterion, name: &str, programs: &[Case]) {
    let recorded: Vec<Vec<Bare>> = programs
        .iter()
        .map(|program| {
            let mut recorder = Recorder { inner: driver(), actions: Vec::new() };
            judged(program, &mut recorder);
            recorder.actions.into_iter().filter_map(Bare::of).collect()
        })
        .collect();
    let calls: usize = recorded.iter().map(Vec::len).sum();
    let mut group = c.benchmark_group(format!("programs: {name}"));
    group.throughput(Throughput::Elements(calls as u64)).sample_size(20);
    group.bench_function("bare", |b| {
        b.iter(|| {
            for program in &recorded {
                let store = open();
                program.iter().for_each(|call| call.make(&*store));
            }
        });
    });
    group.bench_function("judged", |b| {
        b.iter(|| {
            for program in programs {
                black_box(judged(program, &mut driver()));
            }
        });
    });
    group.finish();
}

fn benches(c: &mut Criterion) {
    for shape in SHAPES {
        let programs: Vec<Case> = (0..PROGRAMS.min(shape.programs[0])).map(|seed| program(shape, seed)).collect();
        measure(c, shape.name, &programs);
    }
    // As many programs of each shape as a quick run makes.
    let quick: Vec<Case> =
        SHAPES.iter().flat_map(|shape| (0..shape.programs[0]).map(|seed| program(shape, seed))).collect();
    measure(c, "all, as a quick run has them", &quick);
}

criterion_group!(programs, benches);
criterion_main!(programs);
