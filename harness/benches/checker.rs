//! How many calls a second the checker judges, on one thread.
//!
//! `cargo bench -p storecheck --bench checker`; `docs/measurements.md` has the figures. The histories are made before
//! the clock starts.

#[path = "generated/store.rs"]
mod store;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use store::{Generated, Mix, POINTS};
use storecheck::checker::{Checker, Facts};
use storecheck::engine::Frontier;
use storecheck::history::Recorded;

fn judge(history: &[Recorded]) -> u64 {
    let mut checker = Checker::new(Facts { frontier: Frontier::Immediate, batch_log: false, fresh: 0 });
    history.iter().for_each(|recorded| checker.take(recorded));
    let findings = checker.finish();
    assert!(findings.violations.is_empty() && findings.undecided == 0, "the store is right");
    findings.judged
}

fn benches(c: &mut Criterion) {
    for (name, mix, calls) in [
        ("80 % get, 20 % put of one pair, 1,000 keys", POINTS, 1_000_000),
        ("the same, 100 keys", Mix { keys: 100, ..POINTS }, 100_000),
        ("the same, 1 key", Mix { keys: 1, ..POINTS }, 100_000),
        ("10 % scans of 100 rows, puts of 8 pairs", Mix { scans: 10, pairs: 8, rows: 100, ..POINTS }, 100_000),
    ] {
        let history: Vec<Recorded> = Generated::new(mix, calls).collect();
        let mut group = c.benchmark_group(format!("checker: {calls} calls, {name}"));
        group.throughput(Throughput::Elements(calls)).sample_size(10);
        group.bench_function("judged", |b| b.iter(|| black_box(judge(&history))));
        group.finish();
    }
}

criterion_group!(checker, benches);
criterion_main!(checker);
