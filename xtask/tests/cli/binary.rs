//! Running the binary, and reading what it left.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary with `args`, its reports in `dir`.
pub(crate) fn xtask(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Where it is.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_xtask"))
}

/// Its exit code, stdout and stderr.
pub(crate) fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = xtask(dir, args).output().expect("the binary starts");
    let text = |octets| String::from_utf8(octets).expect("output is UTF-8");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// The same for a line of words.
pub(crate) fn line(dir: &Path, line: &str) -> (i32, String, String) {
    run(dir, &line.split_whitespace().collect::<Vec<_>>())
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

/// The report below `dir`.
pub(crate) fn report(dir: &Path) -> Value {
    let text = std::fs::read_to_string(dir.join("report.json")).expect("a report was written");
    serde_json::from_str(&text).expect("a report is JSON")
}

/// What a search found, in a report of this one check.
pub(crate) fn found(dir: &Path) -> Value {
    report(dir)["checks"][0]["search"]["found"].clone()
}
