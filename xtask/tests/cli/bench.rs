//! Benchmarks through the real binary: figures in every form, none for an engine that is wrong, and clear messages.

use crate::binary::{folder, line};

fn document(dir: &std::path::Path) -> serde_json::Value {
    let text = std::fs::read_to_string(dir.join("b/bench.json")).expect("the document is written");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn engines_are_measured_side_by_side_and_what_is_wrong_gets_no_figure() {
    let dir = folder();
    let (code, out, err) = line(
        dir.path(),
        "bench --engine btree,append-log@process-crash,mutant:put-shorter-value-keeps-tail --workload get-hit \
         --workload put-10 --profile quick --seconds 0.02 --report b",
    );
    assert_eq!(code, 0, "{out}{err}");
    let written = document(dir.path());
    assert_eq!(written["kind"], "bench");
    let workloads = written["workloads"].as_array().expect("workloads");
    let names: Vec<&str> = workloads.iter().filter_map(|workload| workload["name"].as_str()).collect();
    assert_eq!(names, ["put-10", "get-hit"]);
    for workload in workloads {
        for figures in workload["engines"].as_array().expect("engines").iter().take(2).chain([&workload["twin"]]) {
            let rounds = figures["rounds"].as_array().expect("rounds");
            assert_eq!(rounds.len(), 3, "{figures}");
            assert!(rounds.iter().all(|round| round.as_f64().is_some_and(|figure| figure > 0.0)), "{figures}");
            assert!(figures["latency"]["timed"].as_u64().is_some_and(|timed| timed > 0), "{figures}");
        }
        assert_eq!(workload["twin"]["spec"], "btree");
    }
    // A volatile engine and one that survives a crash do not do the same work when they write; both read.
    let broken = &workloads[1]["engines"][2];
    assert_eq!(broken["rounds"].as_array().map(Vec::len), Some(0), "{broken}");
    assert!(
        broken["problem"].as_str().is_some_and(|why| why.starts_with("not measured: the engine does not keep GET-1"))
    );
    let puts = out.lines().find(|line| line.contains("put-10")).expect("a row");
    assert!(puts.contains("not compared"), "{puts}");
    assert!(out.contains("limit  append-fdatasync"), "{out}");
    let page = std::fs::read_to_string(dir.path().join("b/bench.md")).expect("a page");
    assert!(page.contains("| workload | btree (volatile) | append-log@process-crash (process-crash) |"), "{page}");
}

#[test]
fn durability_is_asked_of_every_engine_that_can_keep_it() {
    let dir = folder();
    let (code, out, err) = line(
        dir.path(),
        "bench --engine append-log,sqlite --durability process-crash --workload put-1 --profile quick --seconds 0.02 --report b",
    );
    assert_eq!(code, 0, "{out}{err}");
    let written = document(dir.path());
    let engines = written["engines"].as_array().expect("engines");
    for (engine, spec) in engines.iter().zip(["append-log@process-crash", "sqlite@process-crash"]) {
        assert_eq!((&engine["spec"], &engine["declarations"]["durability"]), (&spec.into(), &"process-crash".into()));
    }
    assert!(!out.contains("not compared"), "{out}");
    assert!(written["run"]["command"].as_str().is_some_and(|command| command.contains("--durability process-crash")));
}

#[test]
fn what_cannot_be_measured_is_told_in_a_line() {
    let dir = folder();
    let said = |arguments: &str, expected: i32| {
        let (code, _, err) = line(dir.path(), arguments);
        assert_eq!(code, expected, "{err}");
        err
    };
    let typo = said("bench --engine btree --workload get-hot", 4);
    assert!(typo.starts_with("error: no workload matches \"get-hot\"; did you mean get-hit or "), "{typo}");
    let twice = said("bench --engine btree,btree --workload get-hit --profile quick", 2);
    assert!(twice.ends_with("error: btree is named twice; its noise is measured anyway\n"), "{twice}");
    let nowhere = said("bench --engine btree --workload get-hit --profile quick --dir nowhere", 2);
    assert!(nowhere.contains("no stores can be kept in nowhere: ") && nowhere.contains("name a folder with --dir"));
    let (code, out, _) = line(dir.path(), "bench --engine btree --list --workload ycsb-?");
    assert_eq!((code, out.lines().count()), (0, 6), "{out}");
}
