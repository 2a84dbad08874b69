//! Long runs and many machines: searches in parts, and their reports put together again.

use crate::binary::{folder, line, report};

#[test]
fn shards_put_together_are_the_whole_run() {
    let dir = folder();
    let run = |rest: &str| line(dir.path(), &format!("conform --engine btree --check property/small {rest}"));
    for rest in ["--profile quick --report whole", "--profile quick --shard 1/2 --report one"] {
        assert_eq!(run(rest).0, 0);
    }
    assert_eq!(run("--profile quick --shard 2/2 --report two").0, 0);
    let part = report(&dir.path().join("one"));
    assert_eq!(part["checks"][0]["search"]["programs"], 300);
    assert_eq!(part["run"]["shard"], serde_json::json!({"index": 1, "of": 2}));

    let (code, out, err) = line(dir.path(), "merge one/report.json two/report.json --report merged");
    assert_eq!(code, 0, "{out}{err}");
    let (whole, merged) = (report(&dir.path().join("whole")), report(&dir.path().join("merged")));
    assert_eq!(merged["checks"][0]["calls"], whole["checks"][0]["calls"]);
    assert_eq!(merged["checks"][0]["search"]["programs"], 600);
    assert!(merged["run"].get("shard").is_none(), "{}", merged["run"]);
    let (code, out, _) = line(dir.path(), "verify merged/report.json");
    assert_eq!(code, 0, "{out}");

    let other = run("--profile quick --shard 2/2 --seed 7 --report other").0;
    assert_eq!(other, 0);
    for (files, says) in [
        ("one/report.json one/report.json", "one/report.json and one/report.json are both shard 1/2: they overlap"),
        ("one/report.json", "a gap: no report of shard 2/2"),
        ("one/report.json whole/report.json", "whole/report.json is no shard: it was made without --shard"),
        ("one/report.json other/report.json", "seed"),
    ] {
        let (code, _, err) = line(dir.path(), &format!("merge {files} --report refused"));
        assert_eq!(code, 2, "{files}");
        assert!(err.starts_with("error: nothing was merged: ") && err.contains(says), "{files}: {err}");
        assert!(!dir.path().join("refused").exists(), "{files}");
    }
}

#[test]
fn a_shard_that_fails_makes_the_whole_fail() {
    let dir = folder();
    let engine = "mutant:long-oldest-of-former-filling";
    for shard in [1, 2] {
        let rest = format!("--check property/small --profile quick --shrink 5 --shard {shard}/2 --report r{shard}");
        assert_eq!(line(dir.path(), &format!("conform --engine {engine} {rest}")).0, 1);
    }
    let (code, out, _) = line(dir.path(), "merge r1/report.json r2/report.json --report merged");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("property/small: fail"), "{out}");
}

#[test]
fn only_a_soak_has_a_time_to_keep() {
    let dir = folder();
    let (code, _, err) = line(dir.path(), "conform --engine btree --minutes 1");
    assert_eq!((code, err.as_str()), (2, "error: --minutes is for searches without end: add `--profile soak`\n"));
    let (code, _, err) = line(dir.path(), "conform --engine btree --shard 3/2");
    assert_eq!(code, 2);
    assert!(err.contains("one part of several, such as 1/4"), "{err}");
}
