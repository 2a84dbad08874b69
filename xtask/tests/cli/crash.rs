//! Stores whose process is killed: right ones keep what they acknowledged, others are found out, with evidence.

use crate::binary::{folder, line, report};

#[test]
fn what_was_acknowledged_survives_and_the_report_says_how_often_it_was_tried() {
    let dir = folder();
    let (code, out, err) = line(dir.path(), "conform --engine append-log --check crash/* --profile quick --report r");
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("durability  claims power-loss; demonstrated: process-crash\n"), "{out}");
    let durability = &report(&dir.path().join("r"))["durability"];
    let damage = &durability["damage"];
    assert_eq!((durability["demonstrated"].as_str(), damage["kills"].as_u64()), (Some("process-crash"), Some(51)));
    assert_eq!((damage["lost"].as_u64(), damage["damaged"].as_u64()), (Some(0), Some(0)), "{damage}");
    let page = std::fs::read_to_string(dir.path().join("r/report.md")).expect("a page");
    assert!(
        page.contains("\n## Durability\n\nclaims power-loss; demonstrated: process-crash.\n\n- 51 kills: "),
        "{page}"
    );
}

#[test]
fn a_lost_write_is_named_with_the_command_that_shows_it_again() {
    let dir = folder();
    let (code, out, err) =
        line(dir.path(), "conform --engine mutant:writes-at-close --check crash/writes --seed 7 --report r");
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("MUST DUR-2 ") && out.contains("after SIGKILL every acknowledged write is present"), "{out}");
    assert!(out.contains("the store ends at 0; acknowledged and gone: 1, 2, 3"), "{out}");
    assert!(out.contains("--check 'crash/writes' --seed 7"), "{out}");
    assert_eq!(report(&dir.path().join("r"))["durability"]["demonstrated"], "clean-close");
}

#[test]
fn below_the_class_what_a_kill_leaves_is_graded() {
    let dir = folder();
    let (code, out, err) = line(dir.path(), "conform --engine btree --check crash/writes --report r");
    assert_eq!(code, 0, "{out}{err}");
    let report = report(&dir.path().join("r"));
    let check = &report["checks"][0];
    assert_eq!((&check["verdict"], &report["durability"]["demonstrated"]), (&"refused".into(), &"volatile".into()));
    assert_eq!(check["reason"], "declares volatile: what is left is graded");
}
