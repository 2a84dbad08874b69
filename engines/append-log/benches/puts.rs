//! Puts of 100 new pairs of 1 KiB, in key order and unsynced, on a growing store: what `cargo xtask bench` calls
//! put-100-of-1KiB, alone, so that a profiler sees nothing else.
//!
//! The store is begun anew after as many puts as the workload makes; the directory is where temporary files are.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use storecheck::{Bytes, StoreEngine};
use storecheck_append_log::AppendLog;

const PAIRS: u64 = 100;
const VALUE: usize = 1024;
/// Puts until the store is begun anew.
const PUTS: u64 = 1000;

fn batch(nth: u64, octets: &[u8]) -> Vec<(Bytes, Bytes)> {
    let key = |pair: u64| Bytes::from(format!("{:016}", nth * PAIRS + pair));
    (0..PAIRS).map(|pair| (key(pair), Bytes::copy_from_slice(octets))).collect()
}

fn puts(criterion: &mut Criterion) {
    let octets = [7; VALUE];
    let mut group = criterion.benchmark_group("append-log");
    group.throughput(Throughput::Bytes(PAIRS * VALUE as u64));
    group.bench_function("put-100-of-1KiB", |bencher| {
        bencher.iter_custom(|times| {
            let mut taken = Duration::ZERO;
            for first in (0..times).step_by(PUTS as usize) {
                let dir = tempfile::tempdir().expect("a scratch folder");
                let store = AppendLog::open_unsynced(dir.path()).expect("a new store opens");
                for nth in first..times.min(first + PUTS) {
                    let pairs = batch(nth, &octets);
                    let start = Instant::now();
                    store.put_batch(&pairs).expect("the disk takes it");
                    taken += start.elapsed();
                }
            }
            taken
        });
    });
    group.finish();
}

criterion_group!(benches, puts);
criterion_main!(benches);
