//! An engine author's crate, outside this workspace, on the packaged crate: `cargo test` and `cargo nextest run` list
//! the checks, fail for an engine that is not there yet and say which clause, and pass for a right one.

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
    command
        .args(args)
        .current_dir(engine)
        .env("CARGO_TARGET_DIR", engine.join("target"))
        .env("CARGO_NET_OFFLINE", "true");
    for inherited in ["CARGO_MANIFEST_DIR", "RUSTFLAGS", "RUSTDOCFLAGS", "NEXTEST", "NEXTEST_RUN_ID"] {
        command.env_remove(inherited);
    }
    command
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
}
