//! The calls in which another store is ahead of this one in `docs/measurements.md`, alone, so that a profiler sees
//! nothing else; all unsynced. Their names are those of what `cargo xtask bench` measures.
//!
//! Stores are in the directory for temporary files.

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use storecheck::{Bytes, StoreEngine};
use storecheck_append_log::AppendLog;

const VALUE: &[u8] = &[7; 100];
/// Calls until the store is begun anew.
const CALLS: u64 = 500;

/// A scattered key for each number: an odd factor loses none.
fn scattered(nth: u64) -> Bytes {
    Bytes::from(format!("{:016x}", nth.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn batch(first: u64, pairs: u64, key: fn(u64) -> Bytes) -> Vec<(Bytes, Bytes)> {
    (first..first + pairs).map(|nth| (key(nth), Bytes::from_static(VALUE))).collect()
}

/// A store of so many batches of so many pairs.
fn filled(dir: &std::path::Path, batches: u64, pairs: u64, key: fn(u64) -> Bytes) -> AppendLog {
    let store = AppendLog::open_unsynced(dir).expect("a new store opens");
    for nth in 0..batches {
        store.put_batch(&batch(nth * pairs, pairs, key)).expect("the disk takes it");
    }
    store
}

/// Times so many calls, on stores that `prepare` makes.
fn in_turns<S>(times: u64, prepare: impl Fn() -> S, measure: impl Fn(&S, u64) -> Duration) -> Duration {
    (0..times).step_by(CALLS as usize).map(|first| measure(&prepare(), CALLS.min(times - first))).sum()
}

fn put_by_four(times: u64) -> Duration {
    let fresh = || {
        let dir = tempfile::tempdir().expect("a scratch folder");
        (AppendLog::open_unsynced(dir.path()).expect("a new store opens"), dir)
    };
    in_turns(times, fresh, |(store, _), calls| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for client in 0..4 {
                scope.spawn(move || {
                    for nth in (client..calls).step_by(4) {
                        store.put_batch(&batch(nth, 1, scattered)).expect("the disk takes it");
                    }
                });
            }
        });
        start.elapsed()
    })
}

fn put_sequential(times: u64) -> Duration {
    let ascending: fn(u64) -> Bytes = |nth| Bytes::from(format!("{nth:016}"));
    let fresh = || {
        let dir = tempfile::tempdir().expect("a scratch folder");
        (AppendLog::open_unsynced(dir.path()).expect("a new store opens"), dir)
    };
    in_turns(times, fresh, |(store, _), calls| {
        let put = |nth| {
            let pairs = batch(nth * 100, 100, ascending);
            let start = Instant::now();
            store.put_batch(&pairs).expect("the disk takes it");
            start.elapsed()
        };
        (0..calls).map(put).sum()
    })
}

fn prune_ten(times: u64) -> Duration {
    let fresh = || {
        let dir = tempfile::tempdir().expect("a scratch folder");
        (filled(dir.path(), CALLS * 10, 20, scattered), dir)
    };
    in_turns(times, fresh, |(store, _), calls| {
        let start = Instant::now();
        for nth in 1..=calls {
            store.prune_batch_log(nth * 10 + 1).expect("the disk takes it");
        }
        start.elapsed()
    })
}

fn reopen(times: u64) -> Duration {
    let dir = tempfile::tempdir().expect("a scratch folder");
    drop(filled(dir.path(), 1_000, 100, scattered));
    let open = |_| {
        let start = Instant::now();
        let store = AppendLog::open_unsynced(dir.path()).expect("the store opens again");
        let taken = start.elapsed();
        drop(store);
        taken
    };
    (0..times).map(open).sum()
}

fn behind(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append-log");
    group.bench_function("put-1-by-4", |bencher| bencher.iter_custom(put_by_four));
    group.bench_function("put-100-sequential", |bencher| bencher.iter_custom(put_sequential));
    group.bench_function("prune-10", |bencher| bencher.iter_custom(prune_ten));
    group.bench_function("reopen", |bencher| bencher.iter_custom(reopen));
    group.finish();
}

criterion_group!(benches, behind);
criterion_main!(benches);
