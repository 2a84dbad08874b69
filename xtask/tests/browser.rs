//! The comparison page and the history page in a real browser: light, dark, narrow, without scripts, each audited by axe-core.
//!
//! Needs Chromium, Node, and what `npm ci` installs in `tests/browser`; without them it fails and says so.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

fn xtask(dir: &Path, arguments: &str) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments.split_whitespace()).current_dir(dir).env("NO_COLOR", "1");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("the binary starts").code().unwrap_or(-1)
}

/// The page of the bundled engines, of three mutants, and of one whose name is a tag.
fn page(dir: &Path) {
    let engines = [
        ("append-log", 0),
        ("sqlite", 0),
        ("btree", 0),
        ("mutant:get-stale-after-third-write", 1),
        ("mutant:scan-in-chunks", 1),
        ("mutant:panics-when-busy", 1),
    ];
    let mut reports = Vec::new();
    for (nth, (engine, expected)) in engines.into_iter().enumerate() {
        let code = xtask(dir, &format!("conform --engine {engine} --profile quick --shrink 0 --report r{nth}"));
        assert_eq!(code, expected, "{engine}");
        reports.push(format!("r{nth}/report.json"));
    }
    let mut named: Value =
        serde_json::from_slice(&std::fs::read(dir.join("r3/report.json")).expect("there")).expect("JSON");
    named["engine"]["name"] = "<script>document.title = 'taken'</script>".into();
    std::fs::write(dir.join("named.json"), named.to_string()).expect("writable");
    let bench = "bench --engine btree,append-log --workload get-hit --workload mixed-by-? --profile quick --seconds 0.02 --report b";
    assert_eq!(xtask(dir, bench), 0);
    assert_eq!(xtask(dir, &format!("compare {} named.json b/bench.json --out page", reports.join(" "))), 0);
}

/// The versions of an engine whose name is a tag, one of them wrong, and its speed in two of them.
fn history(dir: &Path) {
    for (name, engine, expected) in [("a", "btree", 0), ("b", "mutant:get-stale-after-third-write", 1)] {
        let run = format!("conform --engine {engine} --check get/* --profile quick --report history/{name}");
        assert_eq!(xtask(dir, &run), expected);
        let file = dir.join("history").join(name).join("report.json");
        edit(&file, |report| {
            report["engine"]["name"] = "<script>document.title = 'taken'</script>".into();
            report["engine"]["version"] = if expected == 0 { "0.9.0" } else { "0.10.0" }.into();
        });
        let run =
            format!("bench --engine btree --workload get-hit --profile quick --seconds 0.02 --report history/b{name}");
        assert_eq!(xtask(dir, &run), 0);
        let file = dir.join("history").join(format!("b{name}")).join("bench.json");
        edit(&file, |bench| bench["engines"][0]["spec"] = "<script>document.title = 'taken'</script>".into());
    }
    assert_eq!(xtask(dir, "history history --out page.html"), 0);
}

fn edit(file: &Path, change: impl Fn(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(file).expect("there")).expect("JSON");
    change(&mut value);
    std::fs::write(file, value.to_string()).expect("writable");
}

/// What the browser saw of a page in each way that people meet it, after what holds for every page.
fn audited(file: &Path, screenshots: &Path, title: &str) -> Vec<Value> {
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let output = Command::new("node")
        .arg("audit.mjs")
        .args([file, screenshots])
        .current_dir(&browser)
        .output()
        .expect("this test needs Node, Chromium, and `npm ci` in xtask/tests/browser");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<Value> = serde_json::from_str(&text).expect("what was seen is JSON");
    let names: Vec<&str> = seen.iter().filter_map(|way| way["name"].as_str()).collect();
    assert_eq!(names, ["light", "dark", "narrow", "scriptless"]);
    for way in &seen {
        assert_eq!(way["title"], title, "{way}");
        assert_eq!(way["problems"], serde_json::json!([]), "{way}");
        assert_eq!((&way["rows"], &way["scrolls"]), (&seen[0]["rows"], &false.into()), "{way}");
        if way["name"] != "scriptless" {
            assert_eq!(way["violations"], serde_json::json!([]), "{way}");
            assert!(way["passes"].as_u64().is_some_and(|passes| passes > 20), "{way}");
        }
    }
    seen
}

/// The published page, of many engines, has a limit of its own in `reports.rs`.
fn assert_small(page: &Path) {
    let octets = std::fs::metadata(page).expect("a page").len();
    assert!(octets < 500_000, "the page has {octets} octets");
}

#[test]
fn the_comparison_holds_in_every_light() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    page(dir.path());
    let page = dir.path().join("page/index.html");
    assert_small(&page);
    let seen = audited(&page, dir.path(), "Engines compared");
    assert!(seen[0]["rows"].as_u64().is_some_and(|rows| rows > 90), "{}", seen[0]);
    for way in seen.iter().filter(|way| way["name"] != "scriptless") {
        assert_eq!(way["filtered"], 1, "{way}");
    }
}

#[test]
fn the_history_holds_in_every_light() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    history(dir.path());
    let page = dir.path().join("page.html");
    assert_small(&page);
    let seen = audited(&page, dir.path(), "Engines over time");
    assert_eq!(seen[0]["rows"], 3, "two versions and a workload");
}

#[test]
fn the_published_comparison_holds_in_every_light() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/index.html").canonicalize().expect("it is there");
    let seen = audited(&page, dir.path(), "Engines compared");
    assert!(seen[0]["rows"].as_u64().is_some_and(|rows| rows > 150), "{}", seen[0]);
}
