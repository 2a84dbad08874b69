//! What measuring costs: workloads as `bench` runs them, against a bare loop of the same calls on the same map engine.
//! Both take turns; told is the geometric mean of each turn's ratio, workloads' over bare, with its interval.
//!
//! `cargo bench -p storecheck --features bench --bench bench_mode`; `docs/measurements.md` has the figures.

#![expect(clippy::print_stdout, reason = "what it prints is what it is run for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use storecheck::bench::compare;
use storecheck::bench::keys::{Draw, Pairs, key};
use storecheck::bench::run::{Bench, run};
use storecheck::bench::workload::{Keys, Workload, builtin};
use storecheck::{Bytes, Engine, StoreEngine};
use storecheck_btree::BTree;

const ROUNDS: usize = 31;
const KEYS: u64 = 100_000;
const BATCH: u64 = 100;
const TIME: Duration = Duration::from_millis(200);
/// Calls that are made ready at once, as clients do.
const READY: u64 = 1 << 15;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let engine = Engine::new("btree", |_: &std::path::Path| Ok(BTree::new()));
    let dir = tempfile::tempdir().expect("a scratch folder");
    for name in ["get-hit", "scan-100", "put-10", "put-100"] {
        let workload = workload(name);
        let bench = Bench {
            workload: workload.clone(),
            keys: KEYS,
            milliseconds: u64::try_from(TIME.as_millis()).unwrap_or(u64::MAX),
            seed: 1,
        };
        let (mut measured, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let round = run(&bench, &engine, dir.path());
            assert_eq!(round.problem, "", "{name}");
            measured.push(round.calls as f64 * 1e9 / round.nanoseconds as f64);
            bare.push(loop_of(name, workload.calls));
        }
        let ratios: Vec<f64> = measured.iter().zip(&bare).map(|(measured, bare)| measured / bare).collect();
        let ratio = compare::mean(&ratios).expect("calls were made");
        let (measured, bare) = (middle(measured), middle(bare));
        println!(
            "{name}: {measured:.0} calls/s measured, {bare:.0} bare, ratio {:.3} ({:.3} to {:.3})",
            ratio.middle, ratio.low, ratio.high
        );
    }
}

fn workload(name: &str) -> Workload {
    let all = builtin().expect("the bundled workloads are right");
    all.into_iter().find(|workload| workload.name == name).expect("one of the bundled workloads")
}

/// Calls a second of nothing but the calls.
fn loop_of(name: &str, most: Option<u64>) -> f64 {
    // Through the trait, as every engine is called.
    let store: Box<dyn StoreEngine> = black_box(Box::new(BTree::new()));
    let (pairs, mut draw) = (Pairs::new(1, 100), Draw::new(1, KEYS));
    let filled = |nth: u64| pairs.pair(draw.filling(Keys::Scattered, nth), nth);
    for first in (0..KEYS).step_by(usize::try_from(BATCH).expect("small")) {
        let batch: Vec<_> = (first..first + BATCH).map(filled).collect();
        store.put_batch(&batch).expect("the map takes it");
    }
    let (mut calls, mut spent, mut new) = (0, Duration::ZERO, 0);
    while spent < TIME && most.is_none_or(|most| calls < most) {
        let left = most.map_or(u64::MAX, |most| most - calls);
        let start;
        let made;
        match name {
            "get-hit" => {
                let keys: Vec<_> = (0..READY).map(|_| key(draw.existing(Keys::Uniform, 0, |nth| nth))).collect();
                start = Instant::now();
                for key in &keys {
                    black_box(store.get(key)).expect("the map has it");
                }
                made = READY;
            }
            "scan-100" => {
                let keys: Vec<_> = (0..1024).map(|_| key(draw.existing(Keys::Uniform, 0, |nth| nth))).collect();
                start = Instant::now();
                for key in &keys {
                    black_box(store.range_scan(key, &[], 100, true)).expect("the map has them");
                }
                made = 1024;
            }
            _ => {
                let size = if name == "put-10" { 10 } else { 100 };
                let count = left.min(20_000 / size);
                let batches: Vec<Vec<(Bytes, Bytes)>> = (0..count)
                    .map(|_| {
                        let first = new;
                        new += size;
                        (first..new).map(|nth| pairs.pair(draw.between(nth), nth)).collect()
                    })
                    .collect();
                start = Instant::now();
                for batch in &batches {
                    black_box(store.put_batch(batch)).expect("the map takes it");
                }
                made = count;
            }
        }
        spent += start.elapsed();
        calls += made;
    }
    calls as f64 / spent.as_secs_f64()
}

fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
