//! What is published in `reports/` is what this version says: every report is whole, has the checks that the suite has,
//! and the reference engines' clauses, declarations and behaviours come out as published. Counts, times and benchmark
//! figures vary from run to run and are not compared. Stores of others are not built here: `.ci/peers` judges them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the binary in `dir`: exit code and output.
fn xtask(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).current_dir(dir).env("NO_COLOR", "1").stdin(Stdio::null());
    let output = command.output().expect("the binary starts");
    let wrote = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), wrote)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn published() -> Vec<PathBuf> {
    let contract = workspace().join("reports/exoware-server-2026.4.1");
    let mut files = Vec::new();
    for engine in std::fs::read_dir(contract).expect("there are reports") {
        let engine = engine.expect("readable").path();
        if engine.is_dir() {
            files.extend(std::fs::read_dir(engine).expect("readable").map(|file| file.expect("readable").path()));
        }
    }
    files.sort();
    files
}

/// The engine as the command line knows it, from the command that the report names.
fn spec(report: &Value) -> String {
    let command = report["run"]["command"].as_str().expect("a command");
    command.split(' ').skip_while(|word| *word != "--engine").nth(1).expect("it names an engine").to_owned()
}

/// Engines of the root workspace, whose verdicts are compared.
const BUNDLED: [&str; 3] = ["append-log", "btree", "sqlite"];

fn ids(report: &Value) -> BTreeSet<String> {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().map(|check| check["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn every_report_is_whole_and_has_the_suites_checks() {
    let files = published();
    assert_eq!(files.len(), 10, "{files:?}");
    let (code, listed) = xtask(&workspace(), &["conform", "--engine", "btree", "--list"]);
    assert_eq!(code, 0, "{listed}");
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    let suites: BTreeSet<String> = files.iter().map(|file| json(file)["run"]["suite"].to_string()).collect();
    assert_eq!(suites.len(), 1, "all are of one suite: cargo xtask publish");
    for file in files {
        let name = file.display().to_string();
        let (code, wrote) = xtask(&workspace(), &["verify", &name]);
        assert_eq!(code, 0, "{wrote}");
        assert_eq!(ids(&json(&file)), listed, "{name}: publish it anew: cargo xtask publish");
    }
}

#[test]
fn the_comparison_is_made_of_the_reports() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let copied = Command::new("cp").arg("-r").arg(workspace().join("reports")).arg(dir.path()).status();
    assert!(copied.expect("there is a cp").success());
    let (code, wrote) = xtask(dir.path(), &["publish", "--page"]);
    assert_eq!(code, 0, "{wrote}");
    for page in ["README.md", "index.html"] {
        let read = |root: &Path| std::fs::read_to_string(root.join("reports").join(page)).expect("there is a page");
        assert!(read(dir.path()) == read(&workspace()), "{page} is out of date: cargo xtask publish --page");
    }
    let octets = std::fs::metadata(workspace().join("reports/index.html")).expect("a page").len();
    assert!(octets < 800_000, "the page has {octets} octets");
}

#[test]
fn reference_engines_still_come_out_as_published() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    for file in published() {
        let report = json(&file);
        let engine = spec(&report);
        if !BUNDLED.contains(&engine.as_str()) {
            continue;
        }
        // The quick suite, and of the published one what that leaves out.
        let (code, wrote) =
            xtask(dir.path(), &["conform", "--engine", &engine, "--profile", "quick", "--report", "quick"]);
        assert_eq!(code, 0, "{wrote}");
        let quick = json(&dir.path().join("quick/report.json"));
        let left_out: Vec<String> = ids(&report).difference(&ids(&quick)).cloned().collect();
        assert!(!left_out.is_empty(), "the published suite has large checks");
        let mut rest = vec!["conform", "--engine", &engine, "--report", "rest"];
        rest.extend(left_out.iter().flat_map(|id| ["--check", id.as_str()]));
        let (code, wrote) = xtask(dir.path(), &rest);
        assert_eq!(code, 0, "{wrote}");
        let rest = json(&dir.path().join("rest/report.json"));

        let again = "publish it anew: cargo xtask publish";
        assert_eq!(quick["engine"], report["engine"], "{again}");
        assert_eq!(quick["verdicts"], report["verdicts"], "{again}");
        for part in ["contract", "contract_hash"] {
            assert_eq!(quick[part], report[part], "{again}");
        }
        assert_eq!(quick["run"]["suite"], report["run"]["suite"], "scenarios have changed; {again}");
        assert_eq!(clauses(&[&quick, &rest]), clauses(&[&report]), "{engine}: {again}");
        assert_eq!(behaviours(&[&quick, &rest]), behaviours(&[&report]), "{engine}: {again}");
    }
}

/// The verdict on every clause, `untested` only where none of `reports` tests it.
fn clauses(reports: &[&Value]) -> BTreeMap<String, String> {
    let mut verdicts = BTreeMap::new();
    for report in reports {
        for clause in report["clauses"].as_array().expect("clauses") {
            let [id, verdict] = ["id", "verdict"].map(|part| clause[part].as_str().expect("text").to_owned());
            let told = verdicts.entry(id).or_insert_with(|| verdict.clone());
            if told == "untested" {
                *told = verdict;
            }
        }
    }
    verdicts
}

fn behaviours(reports: &[&Value]) -> BTreeSet<(String, String)> {
    let all = reports.iter().flat_map(|report| report["behaviours"].as_array().expect("behaviours"));
    let text = |seen: &Value, part: &str| seen[part].as_str().expect("text").to_owned();
    all.map(|seen| (text(seen, "name"), text(seen, "observed"))).collect()
}
