//! Benchmark runs as they were measured on a machine that others used too, kept in `recorded/`: what `diff` says of
//! engines that are a tenth apart, and of one engine measured twice. `examples/calibrated.rs` is the command line that
//! measured them:
//!
//! `bench --engine reference,plain --workload get-many-100 --workload put-100 --workload scan-1000 --keys 10000
//! --rounds 20 --seconds 0.1`, twice, and `--engine reference,slower` with the same.

use storecheck::bench::BenchReport;
use storecheck::report::bench_diff::{self, Move};

fn recorded(text: &str) -> BenchReport {
    serde_json::from_str(text).expect("a recorded run is a benchmark run")
}

fn plain() -> BenchReport {
    recorded(include_str!("recorded/plain.json"))
}

/// What is said of the engine beside the reference.
fn moves(base: &BenchReport, head: &BenchReport) -> Vec<(String, bool, bool)> {
    let diff = bench_diff::of_runs(base, head);
    assert_eq!(diff.left_out, [] as [String; 0]);
    let told = |one: Move| (one.workload.clone(), one.significant(), one.ratio.middle < 1.0);
    diff.moves.into_iter().filter(|one| one.spec != "reference").map(told).collect()
}

#[test]
fn a_tenth_slower_is_found() {
    let slower = recorded(include_str!("recorded/slower.json"));
    for (workload, significant, less) in moves(&plain(), &slower) {
        assert!(significant && less, "{workload}");
    }
    assert!(bench_diff::of_runs(&plain(), &slower).regressed());
    for (workload, significant, less) in moves(&slower, &plain()) {
        assert!(significant && !less, "{workload}");
    }
    assert!(!bench_diff::of_runs(&slower, &plain()).regressed());
}

#[test]
fn noise_is_not_reported() {
    let again = recorded(include_str!("recorded/again.json"));
    assert_ne!(plain(), again, "two runs, and not one");
    for (base, head) in [(&plain(), &again), (&again, &plain())] {
        let moved: Vec<_> = moves(base, head).into_iter().filter(|(_, significant, _)| *significant).collect();
        assert_eq!(moved, []);
        assert!(!bench_diff::of_runs(base, head).regressed());
    }
}
