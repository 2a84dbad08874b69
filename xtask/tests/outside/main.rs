//! An engine author's crate, outside this workspace, on the packaged crate: `cargo test` and `cargo nextest run` list
//! the checks, fail for an engine that is not there yet and say which clause, and pass for a right one.

mod action;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a command to its end: its exit code and all that it wrote.
fn run(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

fn succeed(command: &mut Command) -> String {
    let (code, wrote) = run(command);
    assert_eq!(code, Some(0), "{command:?}:\n{wrote}");
    wrote
}

/// The storecheck crate as it would be published, unpacked below `dir`.
fn packaged(dir: &Path) -> PathBuf {
    let target = dir.join("package-target");
    let mut package = Command::new(env!("CARGO"));
    package.args(["package", "-p", "storecheck", "--no-verify", "--allow-dirty", "--offline", "--target-dir"]);
    succeed(package.arg(&target).current_dir(workspace()));
    let name = concat!("storecheck-", env!("CARGO_PKG_VERSION"));
    let archive = target.join("package").join(format!("{name}.crate"));
    succeed(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(dir));
    dir.join(name)
}

/// cargo in the author's crate. The workspace's lock file names versions that are there already.
fn cargo(engine: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(engine);
    settle(&mut command, engine);
    command
}

/// Gives a command the environment of the author's machine instead of this test's.
fn settle(command: &mut Command, engine: &Path) {
    command.env("CARGO_TARGET_DIR", engine.join("target")).env("CARGO_NET_OFFLINE", "true");
    for inherited in ["CARGO_MANIFEST_DIR", "RUSTFLAGS", "RUSTDOCFLAGS", "NEXTEST", "NEXTEST_RUN_ID"] {
        command.env_remove(inherited);
    }
}

#[test]
fn an_authors_crate_lists_fails_and_passes() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let storecheck = packaged(dir.path());
    let engine = dir.path().join("mine");
    let mut new = Command::new(env!("CARGO_BIN_EXE_xtask"));
    new.args(["new-engine", "mine", "--dir"]).arg(&engine).arg("--storecheck").arg(&storecheck);
    succeed(&mut new);
    std::fs::copy(workspace().join("Cargo.lock"), engine.join("Cargo.lock")).expect("there is a lock file");

    // What was scaffolded compiles, lists every check, and fails with the clauses that are to do.
    let listed = succeed(&mut cargo(&engine, &["test", "--quiet", "--test", "conformance", "--", "--list"]));
    let count = listed.lines().filter(|line| line.ends_with(": test")).count();
    assert!(count > 800, "{count} checks are listed:\n{listed}");
    let exact = ["test", "--test", "conformance", "--", "--exact", "get/untouched-by-other-writes"];
    let (code, wrote) = run(&mut cargo(&engine, &exact));
    assert_eq!(code, Some(101), "{wrote}");
    assert!(wrote.contains("MUST GEN-12") && wrote.contains("still to be written"), "{wrote}");
    let only_scans = ["nextest", "run", "--no-fail-fast", "-E", "test(/^scan.limit/)"];
    let (code, wrote) = run(&mut cargo(&engine, &only_scans));
    assert_eq!(code, Some(100), "{wrote}");
    assert!(wrote.contains("MUST GEN-12") && wrote.contains("0 passed"), "{wrote}");

    // A right engine in its place passes, under both.
    std::fs::copy(workspace().join("engines/btree/src/lib.rs"), engine.join("src/lib.rs")).expect("writable");
    let conformance = "fn main() -> std::process::ExitCode {\n    storecheck::main(mine::engine())\n}\n";
    std::fs::write(engine.join("tests/conformance.rs"), conformance).expect("writable");
    let wrote = succeed(&mut cargo(&engine, &["test", "--test", "conformance"]));
    assert!(wrote.contains(&format!("{count} passed; 0 failed")), "{wrote}");
    let wrote = succeed(&mut cargo(&engine, &only_scans));
    assert!(wrote.contains("passed") && !wrote.contains("failed"), "{wrote}");

    in_a_job(dir.path(), &engine, &storecheck);
}

/// The action on the author's repository: right, wrong, wrong as expected, and right against a list that is used up.
fn in_a_job(dir: &Path, engine: &Path, storecheck: &Path) {
    let job = |inputs: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> =
            [("working-directory", "mine"), ("profile", "quick")].iter().chain(inputs).copied().collect();
        action::run(dir, &all, &|command| settle(command, engine))
    };
    let right = std::fs::read_to_string(engine.join("src/lib.rs")).expect("it was written");
    let report = engine.join("storecheck-report").canonicalize();
    assert!(report.is_err(), "no run has written a report yet");

    let passed = job(&[("command", "echo ::error::taken; cargo test --test conformance")]);
    assert!(passed.passed, "{}", passed.log);
    assert!(passed.log.contains("\n::error::taken\n"), "{}", passed.log);
    assert_eq!(passed.obeyed, ["::notice title=storecheck::btree 0.1.0: conformant (served)"], "{}", passed.log);
    assert_eq!(passed.outputs["verdict"], "conformant (served)");
    let report = engine.join("storecheck-report").canonicalize().expect("a report").display().to_string();
    assert_eq!(passed.outputs["report"], report);
    assert_eq!(passed.uploaded, [("storecheck-report".to_owned(), report)]);
    assert!(passed.summary.starts_with("# "), "{}", passed.summary);

    // One limit is taken for none at all, against SCAN-9.
    let limit = ", limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {\n";
    assert!(right.contains(limit));
    let wrong = format!("{limit}        if limit == 1 << 32 {{\n            return Ok(Vec::new());\n        }}\n");
    std::fs::write(engine.join("src/lib.rs"), right.replace(limit, &wrong)).expect("writable");
    let failed = job(&[]);
    assert!(!failed.passed, "{}", failed.log);
    assert_eq!(failed.outputs["verdict"], "non-conformant (served)");
    let [verdict, check, searches @ ..] = &failed.obeyed[..] else { panic!("{:#?}", failed.obeyed) };
    assert!(searches.iter().all(|search| search.starts_with("::error title=property/")), "{searches:#?}");
    assert_eq!(verdict, "::error title=storecheck::btree 0.1.0: non-conformant (served)");
    let scenario = "scan/limit-as-large-as-can-be";
    let place = format!("::error title={scenario}#2to32 (fail),file=scenarios/{scenario}.yaml,line=");
    assert!(
        check.starts_with(&place)
            && check.contains("%0AMUST SCAN-3, SCAN-9, SCAN-6%0A")
            && check.contains("%0Areplay: "),
        "{check}"
    );
    assert!(failed.summary.contains("scan/limit-as-large-as-can-be#2to32"), "{}", failed.summary);
    assert_eq!(failed.uploaded.len(), 1);

    // A list of known failures needs the feature that reads it; with it, it quietens exactly what it names.
    std::fs::write(engine.join("known.yaml"), "expectations: []\n").expect("writable");
    let without = job(&[("expect", "known.yaml")]);
    assert!(!without.passed && without.log.contains("storecheck's feature `expect`"), "{}", without.log);
    assert_eq!((without.outputs["verdict"].as_str(), without.uploaded.len()), ("no report", 1));
    let manifest = std::fs::read_to_string(engine.join("Cargo.toml")).expect("it was written");
    let plain = format!("{:?}", storecheck.display().to_string());
    let featured = manifest.replace(&plain, &format!("{plain}, features = [\"expect\"]"));
    assert_ne!(manifest, featured, "{plain}");
    std::fs::write(engine.join("Cargo.toml"), featured).expect("writable");
    let unlisted = job(&[("expect", "known.yaml"), ("artifact", "")]);
    assert!(!unlisted.passed && unlisted.uploaded.is_empty(), "{}", unlisted.log);
    std::fs::copy(engine.join("storecheck-report/known.yaml"), engine.join("known.yaml"))
        .unwrap_or_else(|error| panic!("{error}: {}", unlisted.log));
    let listed = job(&[("expect", "known.yaml")]);
    assert!(listed.passed, "{}", listed.log);
    let [told] = &listed.obeyed[..] else { panic!("{:#?}", listed.obeyed) };
    assert!(told.starts_with("::warning title=storecheck::btree 0.1.0: non-conformant, as expected: "), "{told}");

    std::fs::write(engine.join("src/lib.rs"), right).expect("writable");
    let stale = job(&[("expect", "known.yaml")]);
    assert!(!stale.passed && stale.log.contains("known.yaml:2: what it names does not fail any more"), "{}", stale.log);
}
