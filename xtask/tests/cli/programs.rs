//! Random programs: a failure is shrunk, written, replayed, promoted and run first the next time.

use std::path::Path;

use crate::binary::{folder, found, line, report};

/// The scenario file that the only check's search left, relative to `dir`, and its text.
fn scenario(dir: &Path) -> (String, String) {
    let folder = dir.join("r/failures");
    let files: Vec<_> = std::fs::read_dir(&folder).expect("failures are kept").collect();
    let [Ok(file)] = files.as_slice() else { panic!("{} files in {}", files.len(), folder.display()) };
    let name = format!("r/failures/{}", file.file_name().to_string_lossy());
    let text = std::fs::read_to_string(file.path()).expect("readable");
    (name, text)
}

/// The steps of a scenario file.
fn steps(text: &str) -> Vec<&str> {
    let steps = text.lines().skip_while(|line| *line != "steps:").skip(1);
    steps.take_while(|line| line.starts_with("  - ")).map(|line| line.trim_start_matches("  - ")).collect()
}

#[test]
fn a_failing_program_becomes_a_scenario_that_fails_in_the_same_way() {
    let dir = folder();
    let search = "conform --engine mutant:long-many-hides-key-deleted-twice --check property/small --profile quick";
    let (code, out, err) = line(dir.path(), &format!("{search} --report r"));
    assert_eq!(code, 1, "{out}{err}");
    let (file, text) = scenario(dir.path());
    let shortest = ["put_batch: [[a, a]]", "delete_batch: [a]"];
    assert_eq!(steps(&text), [shortest[0], shortest[1], shortest[0], shortest[1], shortest[0]], "{text}");
    assert!(text.contains("clauses: [MANY-2, DEL-7, GET-1]"), "{text}");
    assert!(out.contains(&format!("--replay {file}")), "{file} is not in:\n{out}");
    let found = found(&dir.path().join("r"));
    assert_eq!((&found["shortest"], &found["fails"], &found["runs"]), (&5.into(), &5.into(), &5.into()), "{found}");

    let replay = |engine: &str| line(dir.path(), &format!("conform --engine {engine} --replay {file} --report r2"));
    let (code, out, _) = replay("mutant:long-many-hides-key-deleted-twice");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("MUST MANY-2 ") && out.contains("audit after step 5"), "{out}");
    let (code, out, _) = replay("btree");
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_program_that_kills_or_hangs_its_engine_is_shrunk_replayed_and_promoted_like_any_other() {
    for (engine, clause, verdict, runs) in
        [("aborts-in-get", "GEN-4", "died", 5), ("hangs-in-get", "GEN-2", "timeout", 1)]
    {
        let dir = folder();
        let run = |rest: &str| line(dir.path(), &format!("conform --engine {rest} --call-timeout 2"));
        let (code, out, err) =
            run(&format!("mutant:{engine} --check property/small --profile quick --shrink 20 --report r"));
        assert_eq!(code, 1, "{out}{err}");
        let (file, text) = scenario(dir.path());
        let steps = steps(&text);
        assert!(steps.len() == 1 && steps[0].contains("trigger"), "{engine}: {steps:?}");
        assert!(text.contains(&format!("clauses: [{clause}")), "{text}");
        let found = found(&dir.path().join("r"));
        assert_eq!((&found["fails"], &found["runs"]), (&runs.into(), &runs.into()), "{found}");

        let (code, out, err) = line(dir.path(), &format!("promote {file} --dir mine --name kept"));
        assert_eq!(code, 0, "{out}{err}");
        let (code, out, _) = run(&format!("mutant:{engine} --replay mine/regressions/kept.yaml --report r2"));
        assert_eq!(code, 1, "{out}");
        let replayed = report(&dir.path().join("r2"));
        assert_eq!(replayed["checks"][0]["verdict"], verdict, "{out}");
        let (code, out, _) = run("btree --replay mine/regressions/kept.yaml --report r3");
        assert_eq!(code, 0, "{out}");
    }
}

#[test]
fn a_promoted_program_is_a_scenario_like_any_other_and_never_replaces_one() {
    let dir = folder();
    let engine = "mutant:long-oldest-of-former-filling";
    let (code, ..) =
        line(dir.path(), &format!("conform --engine {engine} --check property/small --profile quick --report r"));
    assert_eq!(code, 1);
    let (file, text) = scenario(dir.path());
    let (code, out, err) = line(dir.path(), &format!("promote {file} --dir mine --name refilled-log"));
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("mine/regressions/refilled-log.yaml is there."), "{out}");
    let promoted = std::fs::read_to_string(dir.path().join("mine/regressions/refilled-log.yaml")).expect("it is there");
    assert!(promoted.starts_with("scenario: regressions/refilled-log\n"), "{promoted}");
    assert_eq!(steps(&promoted), steps(&text));
    let (code, out, err) = line(dir.path(), "scenarios lint mine");
    assert_eq!(code, 0, "{out}{err}");
    let run = |engine: &str| {
        let rest = "--scenarios mine --check regressions/refilled-log --profile quick --report r2";
        line(dir.path(), &format!("conform --engine {engine} {rest}"))
    };
    assert_eq!((run(engine).0, run("btree").0), (1, 0));

    let (code, _, err) = line(dir.path(), &format!("promote {file} --dir mine --name refilled-log"));
    assert_eq!(code, 2);
    assert_eq!(err, "error: mine/regressions/refilled-log.yaml is there already; choose another --name\n");
    // Without a name the id follows from the steps, whoever promotes them.
    let (code, out, _) = line(dir.path(), &format!("promote {file} --dir mine"));
    assert_eq!(code, 0);
    assert!(out.starts_with("mine/regressions/old-1-"), "{out}");
}

#[test]
fn a_seed_that_failed_is_run_first_the_next_time() {
    let dir = folder();
    let run = |seed: u32| {
        let engine = "mutant:long-oldest-of-former-filling";
        let rest = format!("--check property/small --profile quick --shrink 0 --seed {seed} --report r");
        assert_eq!(line(dir.path(), &format!("conform --engine {engine} {rest}")).0, 1);
        found(&dir.path().join("r"))["seed"].clone()
    };
    let first = run(5);
    assert!(first.is_string(), "{first}");
    assert_eq!(run(6), first);
    std::fs::remove_file(dir.path().join("r/corpus.json")).expect("the corpus lies beside the report");
    assert_ne!(run(6), first);
}

#[test]
fn the_same_seed_makes_the_same_programs_and_another_makes_others() {
    let dir = folder();
    let run = |seed: u32, jobs: u32| {
        let rest = format!("--check property/log --profile quick --seed {seed} --jobs {jobs} --report r");
        assert_eq!(line(dir.path(), &format!("conform --engine btree {rest}")).0, 0);
        let report = report(&dir.path().join("r"));
        (report["checks"][0]["calls"].clone(), report["checks"][0]["search"].clone())
    };
    let (calls, search) = run(1, 1);
    assert_eq!(search["programs"], 150);
    assert_eq!(run(1, 3), (calls.clone(), search));
    assert_ne!(run(2, 1).0, calls);
}

#[test]
fn engines_that_agree_are_told_so_and_others_where_they_part() {
    let dir = folder();
    let (code, out, err) = line(dir.path(), "differ --engine btree --engine eccentric:gap-numbers --report r");
    assert_eq!(code, 2, "no such engine: {out}");
    assert!(err.contains("no engine is called \"eccentric:gap-numbers\""), "{err}");

    let (code, out, err) =
        line(dir.path(), "differ --engine btree --engine mutant:long-oldest-of-former-filling --report r");
    assert_eq!(code, 1, "{out}{err}");
    for part in [
        "property/small program ",
        "the shortest such program has 5",
        "btree: as the contract has it",
        "mutant:long-oldest-of-former-filling: against MUST OLD-1, OLD-2",
        "expected  sequence 3: 1 entries are retained",
        "got       sequence 2",
    ] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
    let replay = out.lines().find(|line| line.contains("--engine mutant:")).expect("a replay command");
    let replay = replay.split_once("cargo xtask ").expect("it is a command").1;
    assert_eq!(line(dir.path(), &format!("{replay} --report r2")).0, 1);

    let (code, _, err) = line(dir.path(), "differ --engine btree");
    assert_eq!((code, err.as_str()), (2, "error: one engine differs from none: give --engine twice or more\n"));
}
