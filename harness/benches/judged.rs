//! What judging costs: a call through driver and model against the bare call on the same engine, btree.
//!
//! `cargo bench -p storecheck --bench judged`; `docs/measurements.md` has the ratios.

use std::hint::black_box;
use std::path::Path;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use storecheck::call::{Action, Call, Outcome, Range};
use storecheck::driver::{Driver, Executor, InProcess};
use storecheck::model::Model;
use storecheck::octets::{Decimal, Octets};
use storecheck::scenario::generate;

const KEYS: u64 = 1000;

/// A store of a thousand keys, with its model.
struct Judged {
    driver: InProcess,
    model: Model,
}

impl Judged {
    fn new() -> Self {
        let engine = storecheck_btree::engine();
        let model = Model::new(engine.declarations());
        let driver = InProcess::new(engine, Path::new("."), Executor::Thread).expect("a plain thread needs nothing");
        let mut judged = Self { driver, model };
        judged.driver.perform(&Action::Open {});
        judged.call(Call::CurrentSequence {});
        judged.call(Call::PutBatch((0..KEYS).map(pair).collect()));
        judged
    }

    fn call(&mut self, call: Call) {
        let action = Action::Call(call);
        let Outcome::Reply(reply) = self.driver.perform(&action) else { panic!("btree replies") };
        let Action::Call(call) = action else { unreachable!("a call was made") };
        assert!(self.model.judge(&call, &reply).is_empty(), "btree is right");
    }
}

fn pair(i: u64) -> (Octets, Octets) {
    (generate::key(b"k", i), generate::octets(16, i))
}

fn ten(from: u64) -> Vec<(Octets, Octets)> {
    (from..from + 10).map(|i| pair(i % KEYS)).collect()
}

fn scan_of_100() -> Range {
    Range { start: generate::key(b"k", 100), end: Octets::default(), limit: Decimal(100), forward: true }
}

fn bare() -> std::sync::Arc<dyn storecheck::StoreEngine> {
    let store = storecheck_btree::engine().open(Path::new(".")).expect("btree opens");
    let pairs: Vec<(Bytes, Bytes)> = (0..KEYS).map(pair).map(|(key, value)| (key.0, value.0)).collect();
    store.put_batch(&pairs).expect("btree accepts");
    store
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("get");
    let store = bare();
    let key = generate::key(b"k", 500);
    group.bench_function("bare", |b| b.iter(|| black_box(store.get(black_box(&key)))));
    let mut judged = Judged::new();
    group.bench_function("judged", |b| b.iter(|| judged.call(Call::Get(key.clone()))));
    group.finish();

    // A fresh store for each sample: versions and the log grow with every put.
    let mut group = c.benchmark_group("put of 10 pairs");
    let pairs: Vec<(Bytes, Bytes)> = ten(0).into_iter().map(|(key, value)| (key.0, value.0)).collect();
    group.bench_function("bare", |b| {
        b.iter_batched_ref(bare, |store| black_box(store.put_batch(&pairs)), BatchSize::NumIterations(1000));
    });
    group.bench_function("judged", |b| {
        let pairs = ten(0);
        b.iter_batched_ref(
            Judged::new,
            |judged| judged.call(Call::PutBatch(pairs.clone())),
            BatchSize::NumIterations(1000),
        );
    });
    group.finish();

    let mut group = c.benchmark_group("scan of 100");
    let range = scan_of_100();
    let store = bare();
    group.bench_function("bare", |b| b.iter(|| black_box(store.range_scan(&range.start, &[], 100, true))));
    let mut judged = Judged::new();
    group.bench_function("judged", |b| b.iter(|| judged.call(Call::RangeScan(range.clone()))));
    group.finish();
}

criterion_group!(judged, benches);
criterion_main!(judged);
