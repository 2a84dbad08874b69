//! Time and peak memory of the checker on long histories of a right store, which are generated while they are checked
//! and never kept. None of them may show a violation.
//!
//! `cargo bench -p storecheck --bench long_histories`; `docs/measurements.md` has the figures. Each length runs in a
//! process of its own, so that its peak is its own.

#![expect(clippy::print_stdout, reason = "what it prints is what it is run for")]

#[path = "generated/store.rs"]
mod store;

use std::process::Command;
use std::time::Instant;

use store::{Generated, Mix, POINTS};
use storecheck::checker::{Checker, Facts};
use storecheck::engine::Frontier;

const ALL: Mix = Mix { keys: 1000, puts: 20, scans: 10, others: 20, pairs: 8, rows: 20 };
const CASES: [(&str, u64); 5] =
    [("points", 1_000_000), ("points", 10_000_000), ("points", 100_000_000), ("all", 1_000_000), ("all", 10_000_000)];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mix, calls] = &arguments[..]
        && let Ok(calls) = calls.parse()
    {
        return measure(mix, calls);
    }
    println!(
        "{:<8} {:>12} {:>10} {:>14} {:>12} {:>12}",
        "mix", "calls", "seconds", "calls a second", "generating", "peak MiB"
    );
    for (mix, calls) in CASES {
        let program = std::env::current_exe().expect("this program has a path");
        let status = Command::new(program).args([mix, &calls.to_string()]).status().expect("this program starts again");
        assert!(status.success(), "{mix} {calls} failed");
    }
}

fn measure(mix: &str, calls: u64) {
    let of = if mix == "all" { ALL } else { POINTS };
    let began = Instant::now();
    let generated = Generated::new(of, calls).count() as u64;
    let generating = began.elapsed().as_secs_f64();
    assert_eq!(generated, calls);
    let began = Instant::now();
    let mut checker = Checker::new(Facts { frontier: Frontier::Immediate, batch_log: mix == "all", fresh: 0 });
    Generated::new(of, calls).for_each(|recorded| checker.take(&recorded));
    let findings = checker.finish();
    let seconds = began.elapsed().as_secs_f64();
    assert!(findings.violations.is_empty() && findings.undecided == 0, "the store is right: {:?}", findings.violations);
    assert_eq!(findings.judged, calls);
    println!(
        "{mix:<8} {calls:>12} {seconds:>10.1} {:>14.0} {generating:>10.1} s {:>12.1}",
        calls as f64 / (seconds - generating),
        peak_kib() as f64 / 1024.0
    );
}

/// The most memory that this process held so far, as Linux tells it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}
