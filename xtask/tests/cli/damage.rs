//! Stores that lose power, whose disk fails, whose files rot: right ones conform, others are found out, and nothing is
//! left mounted or running, however a run ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{binary, folder, line, report};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn durability_is_demonstrated_up_to_power_loss() {
    let dir = folder();
    let select = "--check crash/* --check power-loss/* --check fault/* --check rot/*";
    let (code, out, err) =
        line(dir.path(), &format!("conform --engine append-log {select} --profile quick --report r"));
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("durability  claims power-loss; demonstrated: power-loss\n"), "{out}");
    let durability = &report(&dir.path().join("r"))["durability"];
    let power = &durability["power"];
    assert_eq!((power["lost"].as_u64(), power["damaged"].as_u64()), (Some(0), Some(0)), "{power}");
    assert_eq!(power["strict_broken"].as_u64(), Some(0), "{power}");
    assert!(power["images"].as_u64() > Some(100) && power["differing"].as_u64() > Some(30), "{power}");
    assert!(durability["faults"]["errors"].as_u64() > Some(0), "{durability}");
    assert_eq!(durability["rot"]["rotted"], 60, "{durability}");
}

#[test]
fn a_power_failure_is_told_with_what_the_disk_was_told_before_it() {
    let dir = folder();
    let (code, out, err) =
        line(dir.path(), "conform --engine mutant:compaction-unsynced --check power-loss/writes --report r");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("MUST DUR-3 "), "{out}");
    assert!(out.contains("the power failed after operation "), "{out}");
    assert!(out.contains(" rename journal.new to journal\n"), "{out}");
    assert!(
        out.contains("replay: cargo xtask conform --engine mutant:compaction-unsynced --check 'power-loss/writes'")
    );
}

#[test]
fn a_folder_that_is_never_synced_is_told_beside_the_verdict() {
    let dir = folder();
    let (code, out, err) =
        line(dir.path(), "conform --engine mutant:folder-above-synced --check power-loss/* --report r");
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("relies on the order in which names reach the disk: "), "{out}");
}

#[test]
fn an_error_that_was_swallowed_is_told_with_the_request_that_failed() {
    let dir = folder();
    let (code, out, err) =
        line(dir.path(), "conform --engine mutant:sync-error-ignored --check fault/errors --report r");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("MUST GEN-5 "), "{out}");
    assert!(out.contains(" (the sync of journal) fails with EIO"), "{out}");
    // The request stands behind the call that made it, and a power failure before what was opened after it.
    let hit = out.find(", the sync of journal\n").expect("the request in the trace");
    let power = out.find("instead of the close the power fails").expect("the power failure in the trace");
    assert!(hit < power, "{out}");
}

#[test]
fn rot_is_counted_and_fails_nobody() {
    let dir = folder();
    let (code, out, err) = line(dir.path(), "conform --engine mutant:no-checksum --check rot/files --report r");
    assert_eq!(code, 0, "{out}{err}");
    let rot = &report(&dir.path().join("r"))["durability"]["rot"];
    let (code, out, err) = line(dir.path(), "conform --engine append-log --check rot/files --report s");
    assert_eq!(code, 0, "{out}{err}");
    let right = &report(&dir.path().join("s"))["durability"]["rot"];
    assert!(rot["silent"].as_u64() > right["silent"].as_u64(), "{rot} {right}");
}

#[test]
fn without_fuse_the_families_are_unavailable_and_the_engine_is_partial() {
    let dir = folder();
    let conform = |more: &str, folder: &str| {
        let mut command = ordinary(dir.path());
        // Whoever may not mount, and has no program that may.
        command.env("FUSERMOUNT_PATH", "/nonexistent/fusermount3");
        command.args(["conform", "--engine", "append-log", "--profile", "quick", "--check", "power-loss/writes"]);
        command.args(["--report", folder]).args(more.split_whitespace());
        let output = command.output().expect("the binary starts");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (_, out) = conform("", "r");
    let report = report(&dir.path().join("r"));
    assert_eq!(report["checks"][0]["verdict"], "unavailable", "{out}");
    assert!(out.contains("UNAVAILABLE  power-loss: no FUSE file system can be mounted: "), "{out}");
    assert!(out.contains("not tested; to do without: --accept-unavailable power-loss\n"), "{out}");
    let (_, out) = conform("--accept-unavailable power-loss", "s");
    assert!(out.contains("\n             accepted\n"), "{out}");
    let reason = report["checks"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("no FUSE file system can be mounted: "), "{reason}");
}

#[test]
fn an_ordinary_user_with_fusermount3_runs_it_all() {
    let dir = folder();
    let mut command = ordinary(dir.path());
    command.args(["conform", "--engine", "append-log", "--profile", "quick", "--report", "r"]);
    command.args(["--check", "power-loss/writes", "--check", "fault/errors"]);
    let output = command.output().expect("the binary starts");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&output.stderr));
    let verdicts: Vec<String> = report(&dir.path().join("r"))["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| check["verdict"].to_string())
        .collect();
    assert_eq!(verdicts, ["\"pass\"", "\"pass\""], "{out}");
}

#[test]
fn nothing_is_left_of_a_run_that_was_interrupted_and_the_next_clears_up_after_one_that_was_killed() {
    let dir = folder();
    for signal in ["INT", "KILL"] {
        let mut run = storecheck(dir.path())
            .args([
                "conform",
                "--engine",
                "append-log",
                "--check",
                "power-loss/*",
                "--profile",
                "soak",
                "--report",
                "r",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        wait("a disk is mounted", || !mounts(dir.path()).is_empty());
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(run.id().to_string()).status();
        assert!(sent.expect("kill starts").success());
        run.wait().expect("it ends");
        wait("its processes end", || processes(dir.path()).is_empty());
        if signal == "KILL" {
            let next = storecheck(dir.path())
                .args(["conform", "--engine", "append-log", "--check", "get/*", "--profile", "quick", "--report", "r"])
                .output()
                .expect("the binary starts");
            assert_eq!(next.status.code(), Some(0));
        }
        assert_eq!(mounts(dir.path()), Vec::<PathBuf>::new(), "{signal}");
        assert_eq!(scratches(dir.path()), Vec::<PathBuf>::new(), "{signal}");
    }
}

/// The binary, with its stores in `dir`.
fn storecheck(dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(dir).env("STORECHECK_SCRATCH", dir);
    command
}

/// The binary as somebody who is not root.
fn ordinary(dir: &Path) -> Command {
    if !rustix::process::getuid().is_root() {
        return storecheck(dir);
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata("/dev/fuse").expect("FUSE").permissions());
    assert_eq!(mode & 0o006, 0o006, "an ordinary user needs /dev/fuse: chmod a+rw /dev/fuse");
    let open = Command::new("chmod").arg("a+rwx").arg(dir).status();
    assert!(open.expect("chmod starts").success());
    // Where it was built others may not be let in.
    let copy = dir.join("storecheck");
    if !copy.exists() {
        std::fs::copy(binary(), &copy).expect("the binary can be copied");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
    command.current_dir(dir).env("STORECHECK_SCRATCH", dir);
    command
}

/// What is mounted below `dir`.
fn mounts(dir: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").expect("a list of mounts");
    text.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from).filter(|at| at.starts_with(dir)).collect()
}

/// Processes whose environment names `dir`: workers and hosts have it from the run.
fn processes(dir: &Path) -> Vec<PathBuf> {
    let named = format!("STORECHECK_SCRATCH={}\0", dir.display());
    let entries = std::fs::read_dir("/proc").expect("a list of processes");
    let mine = |folder: &PathBuf| {
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&named)
    };
    entries.flatten().map(|entry| entry.path()).filter(mine).collect()
}

fn scratches(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().contains("storecheck-scratch-")).collect()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
