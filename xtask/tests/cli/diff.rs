//! Two reports side by side: what the engine did, what the suite did, and what was only declared, through the binary.

use std::path::Path;

use serde_json::Value;

use crate::binary::{folder, line, report};

/// Judges an engine in a few checks, its report in `name`.
fn judged(dir: &Path, engine: &str, name: &str) {
    let (code, out, err) = line(
        dir,
        &format!("conform --engine {engine} --check get/* --check log/* --target trait --shrink 0 --report {name}"),
    );
    assert!(code == 0 || code == 1, "{out}{err}");
}

fn diff(dir: &Path, base: &str, head: &str) -> (i32, String) {
    let (code, out, err) = line(dir, &format!("diff {base}/report.json {head}/report.json"));
    assert_eq!(err, "");
    (code, out)
}

/// Writes a report without its failing checks, as if the suite had not had them yet.
fn without_failures(dir: &Path, from: &str, to: &str) -> usize {
    let mut text = report(&dir.join(from));
    let checks = text["checks"].as_array_mut().expect("checks");
    let all = checks.len();
    checks.retain(|check| check["verdict"] != "fail");
    let left_out = all - checks.len();
    std::fs::create_dir_all(dir.join(to)).expect("a folder");
    std::fs::write(dir.join(to).join("report.json"), text.to_string()).expect("writable");
    left_out
}

fn failing(dir: &Path, name: &str) -> usize {
    let checks = report(&dir.join(name))["checks"].clone();
    checks.as_array().map_or(0, |checks| checks.iter().filter(|check| check["verdict"] == "fail").count())
}

#[test]
fn what_changed_is_told_by_whose_doing_it_is() {
    let dir = folder();
    let at = dir.path();
    judged(at, "btree", "right");
    judged(at, "mutant:get-stale-after-third-write", "wrong");
    judged(at, "eccentric:no-batch-log", "bare");
    let broken = failing(at, "wrong");
    assert!(broken > 0);

    let (code, out) = diff(at, "right", "right");
    assert_eq!((code, out.contains("Nothing changed.")), (0, true), "{out}");

    let (code, out) = diff(at, "right", "wrong");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(&format!("{broken} broken · 0 fixed")), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("| broken | ")).count(), broken, "{out}");

    let (code, out) = diff(at, "wrong", "right");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains(&format!("0 broken · {broken} fixed")), "{out}");

    // The suite grew by checks that fail: nobody has broken anything.
    let came = without_failures(at, "wrong", "smaller");
    let (code, out) = diff(at, "smaller", "wrong");
    assert_eq!((code, came), (0, broken), "{out}");
    let suite = out.split("The suite (no regression)").nth(1).expect("a part about the suite");
    assert_eq!(suite.lines().filter(|line| line.contains("| not there | fail |")).count(), broken, "{out}");

    // A run that was stopped proves nothing.
    let mut stopped = report(&at.join("right"));
    stopped["run"]["finished"] = false.into();
    std::fs::create_dir_all(at.join("stopped")).expect("a folder");
    std::fs::write(at.join("stopped/report.json"), stopped.to_string()).expect("writable");
    assert_eq!(diff(at, "right", "stopped").0, 7);

    // A log that is not declared any more is asked for its refusal only.
    let (code, out) = diff(at, "right", "bare");
    assert_eq!(code, 0, "{out}");
    let declared = out.split("What it declares").nth(1).expect("a part about declarations");
    assert!(declared.contains("| batch log | kept | none |") && declared.contains("| pass | refused |"), "{out}");
}

#[test]
fn documents_that_cannot_be_compared_are_told_in_a_line() {
    let dir = folder();
    judged(dir.path(), "btree", "r");
    let (_, _, err) =
        line(dir.path(), "bench --engine btree --workload get-hit --profile quick --seconds 0.01 --report b");
    assert!(!err.contains("error"), "{err}");
    let (code, _, err) = line(dir.path(), "diff r/report.json b/bench.json");
    assert_eq!(code, 2);
    assert_eq!(err, "error: one is a report of conformance and the other one of speed: give two of a kind\n");
    let (code, _, err) = line(dir.path(), "diff r/report.json none.json");
    assert!(code == 2 && err.starts_with("error: none.json: "), "{err}");
    let (code, out, _) = line(dir.path(), "diff b/bench.json b/bench.json");
    assert_eq!(code, 0);
    assert!(out.starts_with("**speed**: 1 figures compared · 0 slower · 0 faster · 1 level\n"), "{out}");
    let mut newer: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("b/bench.json")).expect("there")).expect("JSON");
    newer["format"] = 99.into();
    std::fs::write(dir.path().join("b/newer.json"), newer.to_string()).expect("writable");
    let (code, _, err) = line(dir.path(), "diff b/bench.json b/newer.json");
    assert_eq!((code, err.as_str()), (2, "error: b/newer.json: format 99, and this version reads format 1\n"));
}
