//! What people read: the terminal, Markdown and JUnit views of one report, on an engine that is wrong in one place and
//! whose name would do harm where it is not escaped.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use storecheck::process::Limits;
use storecheck::report::{Report, annotations, badge, junit, markdown, matrix, terminal};
use storecheck::runner::{self, Collector, Commands, Plan};
use storecheck::scenario::Profile;
use storecheck::{Bytes, Engine, StoreEngine, Target, suite};

/// A right engine but for reverse scans, which come without their last row.
struct Short(storecheck_btree::BTree);

impl StoreEngine for Short {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.0.put_batch(kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        let mut rows = self.0.range_scan(start, end, limit, forward)?;
        if !forward {
            rows.pop();
        }
        Ok(rows)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.0.delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.0.current_sequence()
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.0.get_batch(sequence_number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.0.oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.0.prune_batch_log(cutoff_exclusive)
    }
}

/// A report of three scenarios and a search, with what differs from run to run and from suite to suite made equal.
fn report() -> Report {
    let engine =
        Engine::new("<script>|`x`", |_| Ok(Short(storecheck_btree::BTree::new()))).version("1").batch_log(true);
    let wanted = ["get/never-written#prefix", "get/fresh-store", "scan/limit-zero", "property/small"];
    let all = suite::checks(Profile::Quick, Vec::new()).expect("the built-in scenarios have no mistakes");
    let first = |id: &&str| all.iter().find(|check| check.id.starts_with(id)).cloned();
    let checks: Vec<_> = wanted.iter().filter_map(first).collect();
    assert_eq!(checks.len(), wanted.len());
    let plan = Plan {
        spec: "script".to_owned(),
        name: engine.name().to_owned(),
        version: engine.version_text().to_owned(),
        language: String::new(),
        declared: engine.declarations(),
        target: Target::Served,
        profile: Profile::Quick,
        seed: 7,
        jobs: 1,
        limits: Limits::default(),
        shrink: Duration::MAX,
        time: None,
        shard: None,
        corpus: Vec::new(),
        known: Vec::new(),
        suite_checks: checks.len(),
        checks,
        selection: Vec::new(),
        wired: false,
        accepted: Vec::new(),
        fail_fast: false,
        keep: false,
        in_process: Some(engine),
        command: Commands {
            run: "storecheck conform".to_owned(),
            check: "storecheck conform --check '{check}'".to_owned(),
        },
    };
    let mut collector = Collector::new(&plan);
    runner::run(&plan, &Arc::new(AtomicBool::new(false)), |event| collector.take(event))
        .expect("there is a scratch folder");
    let mut report = collector.report(&plan, &[]);
    report.run.duration_ms = 1_200;
    report.run.scratch = "memory".to_owned();
    report.run.suite = "0123456789abcdef".to_owned();
    report.contract_hash = "fedcba9876543210".to_owned();
    report.machine.cpus = 2;
    for check in &mut report.checks {
        check.duration_us = 1_000;
        for failure in &mut check.failures {
            failure.line = 1;
        }
    }
    report
}

#[test]
fn terminal_view() {
    insta::assert_snapshot!(terminal::render(&report(), terminal::Style::default()));
}

#[test]
fn markdown_view() {
    let page = markdown::render(&report());
    assert!(!page.contains("<script>|"), "the name is not escaped outside of fences");
    insta::assert_snapshot!(page);
}

#[test]
fn junit_view() {
    let xml = junit::render(&report()).expect("a report can be written");
    insta::assert_snapshot!(xml);
}

#[test]
fn annotations_hold_no_command_of_an_engines() {
    let mut report = report();
    let failing = report.checks.iter_mut().find(|check| !check.failures.is_empty()).expect("a check fails");
    failing.failures[0].finding.got = "50%\r\n::error::taken".to_owned();
    failing.id += ",file=taken:1";
    report.engine.name = "a\n::error::taken".to_owned();
    insta::assert_snapshot!(annotations::render(&report));

    // GitHub shows ten of a step: the verdict, eight checks, and the names of the rest.
    let failing = failing_of(&report);
    report.checks = (0..30).map(|_| failing.clone()).collect();
    let all = annotations::render(&report);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 10, "{all}");
    assert!(lines[9].starts_with("::error title=storecheck::22 more checks fail: "), "{all}");
    report.checks.iter_mut().for_each(|check| check.expected = true);
    let known = annotations::render(&report);
    assert!(
        known.starts_with(
            "::warning title=storecheck::a%0A::error::taken 1: non-conformant, as expected: 30 known failures"
        ),
        "{known}"
    );
    assert_eq!(known.lines().count(), 1, "{known}");
}

fn failing_of(report: &Report) -> storecheck::report::CheckReport {
    report.checks.iter().find(|check| check.verdict.is_failure()).expect("a check fails").clone()
}

#[test]
fn engines_side_by_side() {
    let script = report();
    let mut other = script.clone();
    other.engine.name = "other".to_owned();
    other.guarantees = Some(storecheck::stress::Guarantees::default());
    other.behaviours.truncate(1);
    insta::assert_snapshot!(matrix::render(&[script, other], &[], "One of them is <b>wrong</b> on purpose."));
}

#[test]
fn a_badge_says_the_verdict_and_its_target_in_words() {
    let mut report = report();
    insta::assert_snapshot!(badge::svg(&report));
    let json: serde_json::Value = serde_json::from_str(&badge::json(&report)).expect("shields reads JSON");
    assert_eq!((&json["schemaVersion"], &json["message"]), (&1.into(), &"non-conformant (served)".into()));
    report.verdicts = None;
    assert!(badge::svg(&report).contains("a selection (served)"));
}
