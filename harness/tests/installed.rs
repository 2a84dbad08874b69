//! The binary that `cargo install` makes, in a folder that knows nothing of this repository.

use std::path::Path;
use std::process::Command;

/// Runs it in an empty folder; its exit code and what it wrote.
fn storecheck(args: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_storecheck"))
        .args(args)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary starts");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

fn python() -> String {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engines/python/store.py");
    format!("cmd:python3 {}", store.canonicalize().expect("the sample engine").display())
}

#[test]
fn an_engine_of_another_repository_is_judged_from_an_empty_folder() {
    let (code, out) = storecheck(&[
        "conform",
        "--engine",
        &python(),
        "--profile",
        "quick",
        "--check",
        "get/*",
        "--check",
        "crash/writes",
    ]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("durability  claims power-loss; demonstrated: process-crash\n"), "{out}");
}

#[test]
fn its_messages_name_it_and_say_what_engines_it_takes() {
    let (code, out) = storecheck(&["conform", "--engine", "sqlite"]);
    assert_eq!(code, Some(2), "{out}");
    assert!(out.contains("no engine is called \"sqlite\"") && out.contains("cmd:"), "{out}");
    assert!(!out.contains("cargo xtask"), "{out}");
}

#[test]
fn a_failure_is_replayed_with_its_own_command() {
    let engine = "cmd:exit 3";
    let (code, out) = storecheck(&["conform", "--engine", engine, "--check", "get/*"]);
    assert_eq!(code, Some(6), "{out}");
    assert!(out.contains("the host exited with code 3 before its first line"), "{out}");
}
