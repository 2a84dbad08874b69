//! Judging engines, and what surrounds it: verdicts, evidence, reports, usage, interruption.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary::{folder, report, run, xtask};

#[test]
fn a_right_engine_conforms_and_its_report_verifies() {
    let dir = folder();
    let (code, out, err) = run(dir.path(), &["conform", "--engine", "btree", "--profile", "quick", "--report", "r"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("btree 0.1.0: CONFORMANT (served) · trait: conformant"), "{out}");
    assert!(out.contains("2 clauses are untested by this run: GEN-5, PUT-15\n"), "{out}");
    let json = report(&dir.path().join("r"));
    assert_eq!(json["verdicts"]["served"], "conformant");
    assert_eq!(json["run"]["finished"], true);
    assert_eq!(json["checks"].as_array().map(Vec::len), json["run"]["suite_checks"].as_u64().map(|n| n as usize));
    let markdown = std::fs::read_to_string(dir.path().join("r/report.md")).expect("report.md");
    assert!(markdown.starts_with("# btree 0.1.0\n\n**conformant** (served)"), "{markdown}");
    let junit = std::fs::read_to_string(dir.path().join("r/junit.xml")).expect("junit.xml");
    assert!(junit.contains("failures=\"0\" errors=\"0\""), "{junit}");
    let (code, out, _) = run(dir.path(), &["verify", "r/report.json"]);
    assert_eq!((code, out.contains("consistent")), (0, true), "{out}");
}

#[test]
fn a_report_that_was_touched_does_not_verify() {
    let dir = folder();
    let (code, ..) = run(dir.path(), &["conform", "--engine", "btree", "--profile", "quick", "--report", "r"]);
    assert_eq!(code, 0);
    let path = dir.path().join("r/report.json");
    let mut json = report(&dir.path().join("r"));
    json["checks"].as_array_mut().expect("checks").pop();
    std::fs::write(&path, json.to_string()).expect("writable");
    let (code, out, _) = run(dir.path(), &["verify", "r/report.json"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("of the suite is missing") && out.contains("the counts differ"), "{out}");
    let whole = {
        let (code, ..) = run(dir.path(), &["conform", "--engine", "btree", "--profile", "quick", "--report", "r"]);
        assert_eq!(code, 0);
        report(&dir.path().join("r"))
    };
    type Touch = fn(&mut Value);
    let touches: [(Touch, &str); 5] = [
        (|json| json["verdicts"]["served"] = "partial".into(), "the verdicts do not follow from the checks"),
        (|json| json["checks"][0]["verdict"] = "fail".into(), "which does not follow from its findings"),
        (|json| json["clauses"][5]["checks"] = 1.into(), "the clauses' verdicts do not follow from the checks"),
        (|json| json["checks"][1] = json["checks"][0].clone(), "stands twice"),
        (
            |json| {
                let checks = json["checks"].as_array_mut().expect("checks");
                let small =
                    checks.iter_mut().find(|check| check["id"] == "property/small").expect("the check is there");
                small["search"]["programs"] = 1.into();
            },
            "property/small passes with 1 programs of 600",
        ),
    ];
    for (touch, says) in touches {
        let mut json = whole.clone();
        touch(&mut json);
        std::fs::write(&path, json.to_string()).expect("writable");
        let (code, out, _) = run(dir.path(), &["verify", "r/report.json"]);
        assert_eq!(code, 1, "{says}: {out}");
        assert!(out.contains(says), "{says} is not in:\n{out}");
    }
    std::fs::write(&path, "{\"format\": 99}").expect("writable");
    let (code, _, err) = run(dir.path(), &["verify", "r/report.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("format 99, and this version reads format 1"), "{err}");
}

#[test]
fn a_wrong_engine_does_not_conform_and_the_evidence_replays() {
    let dir = folder();
    let args =
        ["conform", "--engine", "mutant:scan-cap-1000", "--check", "scan/no-cap-within-bounds#low", "--report", "r"];
    let (code, out, err) = run(dir.path(), &args);
    assert_eq!(code, 1, "{out}{err}");
    for part in [
        "scan/no-cap-within-bounds#low: fail",
        "MUST SCAN-9",
        "they part at row 1001",
        "scenarios/scan/no-cap-within-bounds.yaml:",
        "replay: cargo xtask conform --engine mutant:scan-cap-1000 --check 'scan/no-cap-within-bounds#low'",
        "0 of 1 selected passed",
    ] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
    assert_eq!(report(&dir.path().join("r"))["verdicts"], Value::Null);
}

#[test]
fn json_goes_to_stdout_whole() {
    let dir = folder();
    let args = ["conform", "--engine", "btree", "--check", "get/*", "--profile", "quick", "--format", "json"];
    let (code, out, _) = run(dir.path(), &args);
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&out).expect("stdout is one JSON document");
    assert_eq!(json["format"], 1);
    assert_eq!(json["run"]["selection"][0], "--check get/*");
}

/// Wrong usage: the flags, the exit code, and what the one message says.
#[test]
fn wrong_usage_has_one_message_and_its_exit_code() {
    let dir = folder();
    std::fs::write(dir.path().join("file"), "").expect("writable");
    std::fs::write(dir.path().join("bad.yaml"), "scenario: x\nsteps: [\n").expect("writable");
    for (args, code, says) in [
        (vec!["--engine", "sqlit"], 2, "did you mean sqlite or sqlite-wal-off or "),
        (vec!["--engine", "mutant:scan-cap-100"], 2, "did you mean mutant:scan-cap-1000"),
        (vec!["--engine", "zzzzzzz"], 2, "`cargo xtask engines` lists"),
        (vec!["--engine", "btree", "--check", "scan/end-is-inclusiv"], 2, "did you mean scan/end-is-inclusive"),
        (vec!["--engine", "btree", "--check", "nothing/*"], 4, "no check matches \"nothing/*\""),
        (vec!["--engine", "btree", "--clause", "SCAN-99"], 2, "did you mean SCAN-9?"),
        (vec!["--engine", "btree", "--check", "get/*", "--clause", "PRN-7"], 4, "no check was selected"),
        (vec!["--engine", "btree", "--report", "file/below"], 2, "name another folder with --report"),
        (vec!["--engine", "btree", "--replay", "none.yaml"], 2, "cannot read the file"),
        (vec!["--engine", "btree", "--replay", "bad.yaml"], 2, "--> bad.yaml:"),
        (vec!["--engine", "btree", "--replay", "x", "--check", "y"], 2, "cannot be used with"),
        (vec!["--engine", "btree", "--profile", "slow"], 2, "[possible values: quick, standard, soak]"),
        (vec!["--engine", "btree", "--jobs", "0"], 2, "0 is not in 1..=256"),
        (vec!["--engine", "btree", "--call-timeout", "0"], 2, "a number of seconds above 0"),
        (vec![], 2, "--engine <ENGINE>"),
    ] {
        let (got, out, err) = run(dir.path(), &[vec!["conform"], args.clone()].concat());
        assert_eq!(got, code, "{args:?}: {out}{err}");
        assert!(err.contains(says), "{args:?}: {says} is not in:\n{err}");
        assert_eq!(out, "", "{args:?}");
    }
}

#[test]
fn a_skipped_check_makes_the_engine_partial() {
    let dir = folder();
    let (code, out, _) = run(dir.path(), &["conform", "--engine", "btree", "--profile", "quick", "--skip", "many/*"]);
    assert_eq!(code, 5, "{out}");
    assert!(out.contains("PARTIAL (served)") && out.contains(" skipped"), "{out}");
}

#[test]
fn the_verdict_reaches_the_terminal_when_the_disk_is_full() {
    let dir = folder();
    std::fs::create_dir(dir.path().join("r")).expect("writable");
    std::os::unix::fs::symlink("/dev/full", dir.path().join("r/report.md")).expect("links can be made");
    let args = ["conform", "--engine", "btree", "--check", "get/*", "--profile", "quick", "--report", "r"];
    let (code, out, err) = run(dir.path(), &args);
    assert_eq!(code, 7, "{out}{err}");
    assert!(out.contains("selected passed"), "{out}");
    assert!(err.contains("report.md cannot be written") && err.contains("the verdict above stands"), "{err}");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let dir = folder();
    std::fs::create_dir(dir.path().join("r")).expect("writable");
    let lock = std::fs::File::create(dir.path().join("r/.lock")).expect("writable");
    lock.lock().expect("nobody else has it");
    let args = ["conform", "--engine", "btree", "--check", "get/*", "--profile", "quick", "--report", "r"];
    let (code, _, err) = run(dir.path(), &args);
    assert_eq!(code, 2);
    assert!(err.contains("another run is writing its report to r"), "{err}");
}

#[test]
fn a_closed_stdout_changes_nothing() {
    let dir = folder();
    let mut child = xtask(dir.path(), &["conform", "--engine", "btree", "--check", "get/*", "--profile", "quick"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn hostile_engines_cost_one_check_and_no_other() {
    let dir = folder();
    for (mutant, verdict, says) in [
        ("aborts-in-get", "died", "killed by signal 6 (SIGABRT)"),
        ("exits-0-in-get", "died", "exited with code 0"),
        ("overflows-its-stack", "died", "stack overflow"),
        ("allocates-without-end", "died", "memory"),
        ("hangs-in-get", "timeout", "get(\"trigger\") -> no answer"),
        ("panics-in-get", "fail", "panicked: "),
        ("writes-rubbish-and-lies", "fail", "MUST GET-1"),
    ] {
        let engine = format!("mutant:{mutant}");
        let deadline = if verdict == "timeout" { "2" } else { "60" };
        let args = [
            "conform",
            "--engine",
            &engine,
            "--profile",
            "quick",
            "--check",
            "general/*",
            "--check",
            "get/*",
            "--call-timeout",
            deadline,
        ];
        let (code, out, err) = run(dir.path(), &args);
        assert_eq!(code, 1, "{mutant}: {out}{err}");
        assert!(out.contains(says), "{mutant}: {says} is not in:\n{out}");
        let counts = report(&dir.path().join("storecheck-report").join(mutant))["counts"].clone();
        assert!(counts[verdict].as_u64().is_some_and(|n| (1..=2).contains(&n)), "{mutant}: {counts}");
        let lost: u64 = ["fail", "died", "timeout", "error"].iter().filter_map(|v| counts[*v].as_u64()).sum();
        assert!(lost <= 2, "{mutant}: {counts}");
    }
}

#[test]
fn ctrl_c_leaves_a_report_and_no_process() {
    let dir = folder();
    let child =
        xtask(dir.path(), &["conform", "--engine", "mutant:hangs-in-get", "--profile", "quick", "--report", "r"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
    // The hanging check holds its worker for the call's deadline, half a minute: there is time to interrupt it.
    let started = Instant::now();
    let children = || {
        let path = format!("/proc/{0}/task/{0}/children", child.id());
        std::fs::read_to_string(path).unwrap_or_default()
    };
    let mut seen = String::new();
    while seen.trim().is_empty() && started.elapsed() < Duration::from_secs(20) {
        seen = workers(child.id()).join(" ");
        if seen.is_empty() {
            seen = children();
        }
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let json = report(&dir.path().join("r"));
    assert_eq!(json["run"]["finished"], false);
    assert_eq!(json["run"]["stopped_by"], "interrupted");
    assert_eq!(json["verdicts"]["served"], "incomplete");
    for pid in seen.split_whitespace() {
        assert!(!Path::new("/proc").join(pid).exists(), "worker {pid} is left behind");
    }
}

/// The processes whose parent is `parent`.
fn workers(parent: u32) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("Linux has /proc");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.chars().all(|c| c.is_ascii_digit()))
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after = stat.rsplit(')').next().unwrap_or_default();
            after.split_whitespace().nth(1) == Some(&parent.to_string())
        })
        .collect()
}

#[test]
fn three_engines_conform_whatever_the_seed_and_the_jobs() {
    let dir = folder();
    for (engine, seed, jobs) in [("append-log", "7", "1"), ("sqlite", "8", "3"), ("btree", "9", "5")] {
        let args = ["conform", "--engine", engine, "--profile", "quick", "--seed", seed, "--jobs", jobs];
        let (code, out, err) = run(dir.path(), &args);
        assert_eq!(code, 0, "{engine}: {out}{err}");
    }
}

#[test]
fn a_new_engine_is_a_crate_with_a_list_of_what_is_to_do() {
    let dir = folder();
    let (code, out, err) = run(dir.path(), &["new-engine", "my-engine", "--dir", "mine"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("lists what is to do"), "{out}");
    for file in ["Cargo.toml", "src/lib.rs", "tests/conformance.rs"] {
        assert!(dir.path().join("mine").join(file).exists(), "{file}");
    }
    let (code, _, err) = run(dir.path(), &["new-engine", "my-engine", "--dir", "mine"]);
    assert_eq!(code, 2);
    assert!(err.contains("is there already"), "{err}");
    let (code, _, err) = run(dir.path(), &["new-engine", "My Engine"]);
    assert_eq!(code, 2);
    assert!(err.contains("is no name for an engine"), "{err}");
}

#[test]
fn scenarios_are_started_and_linted() {
    let dir = folder();
    let new = ["scenarios", "new", "scan/mine", "--clause", "SCAN-1", "--dir", "s"];
    assert_eq!(run(dir.path(), &new).0, 0);
    let (code, out, _) = run(dir.path(), &["scenarios", "lint", "s"]);
    assert_eq!((code, out.as_str()), (0, "1 scenarios, 1 cases, no mistakes\n"));
    let (code, out, err) =
        run(dir.path(), &["conform", "--engine", "btree", "--scenarios", "s", "--check", "scan/mine", "--report", "r"]);
    assert_eq!(code, 0, "{out}{err}");
    std::fs::write(dir.path().join("s/bad.yaml"), "scenario: bad\ntitel: x\n").expect("writable");
    let (code, _, err) = run(dir.path(), &["scenarios", "lint", "s"]);
    assert_eq!(code, 2);
    assert!(err.contains("unknown field `titel`") && err.contains("--> bad.yaml:2:1"), "{err}");
}

/// Files that are generated: the command or type they come from is the truth.
#[test]
fn generated_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (file, text) in [
        ("scenarios/schema.json", storecheck::scenario::schema::text()),
        ("harness/report.schema.json", storecheck::report::schema::text()),
        ("harness/bench.schema.json", storecheck::bench::schema::text()),
        ("harness/protocol/schema.json", storecheck::protocol::schema::text()),
        ("harness/history.schema.json", storecheck::history::schema::text()),
    ] {
        let path = root.join(file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).expect("writable");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{file} is stale: UPDATE=1 cargo test -p xtask generated writes it anew");
    }
}

const REPLAYED: &str = "scenario: mine/last-row
title: A reverse scan comes whole
clauses: [SCAN-9]
steps:
  - put_batch: [[a, '1'], [b, '2']]
  - range_scan: { direction: reverse, limit: 1 }
    expect: { rows: [[b, '2']] }
";

#[test]
fn a_scenario_file_is_replayed_from_anywhere() {
    let dir = folder();
    std::fs::write(dir.path().join("failure.yaml"), REPLAYED).expect("writable");
    let args = |engine| ["conform", "--engine", engine, "--replay", "failure.yaml", "--report", "r"];
    let (code, out, err) = run(dir.path(), &args("btree"));
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, _) = run(dir.path(), &args("mutant:scan-reverse-limit-takes-lowest"));
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("mine/last-row: fail") && out.contains("at        step 2, failure.yaml:6"), "{out}");
}

#[test]
fn completions_are_made_for_the_usual_shells() {
    let dir = folder();
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, err) = run(dir.path(), &["completions", shell]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("conform"), "{shell}: {out}");
    }
}
