//! The list of known failures: exact in both directions.

use std::path::Path;

use crate::binary::{folder, line, report};

const MUTANT: &str = "mutant:long-oldest-of-former-filling";

/// Runs the promoted scenarios, which the mutant fails one of, against the list in `known.yaml`.
fn against(dir: &Path, engine: &str, more: &str) -> (i32, String, String) {
    let checks = "--check regressions/* --profile quick --report r";
    line(dir, &format!("conform --engine {engine} {checks} --expect known.yaml {more}"))
}

fn list(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("known.yaml")).expect("the list is there")
}

const LISTED: &str = "expectations:
  - check: \"regressions/oldest-after-log-refilled\"
    clause: OLD-1
    engine: \"long-oldest-of-former-filling\"
";

#[test]
fn a_listed_failure_is_expected_and_no_other() {
    let dir = folder();
    let (code, _, err) = against(dir.path(), MUTANT, "");
    assert_eq!(code, 2);
    assert!(err.contains("known.yaml: cannot be read") && err.contains("--write-expect starts a list"), "{err}");

    against(dir.path(), MUTANT, "--write-expect");
    assert_eq!(list(dir.path()), LISTED);
    let (code, out, _) = against(dir.path(), MUTANT, "");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("against known.yaml: 1 failing as expected, 0 unexpected, 0 entries used up"), "{out}");
    let checks = report(&dir.path().join("r"))["checks"].clone();
    let expected = checks.as_array().expect("checks").iter().filter(|check| check["expected"] == true).count();
    assert_eq!(expected, 1, "{checks}");

    let (code, out, _) = against(dir.path(), MUTANT, "--check property/log");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("1 failing as expected, 1 unexpected"), "{out}");
    // An entry narrowed to another answer lists nothing here.
    std::fs::write(dir.path().join("known.yaml"), format!("{LISTED}    message: \"sequence 9\"\n")).expect("writable");
    let (code, out, _) = against(dir.path(), MUTANT, "");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("known.yaml:2: what it names fails in another way: no such clause or message"), "{out}");
}

#[test]
fn an_entry_that_is_used_up_fails_the_run_and_the_list_is_shown_as_it_should_be() {
    let dir = folder();
    let everyone = LISTED.replace("\"long-oldest-of-former-filling\"", "\"*\"");
    let expired = format!("# kept\n{LISTED}    expires: 2020-01-01\n");
    let none = "expectations: []\n";
    for (engine, text, line, why) in [
        ("btree", &everyone, 2, "what it names does not fail any more"),
        (MUTANT, &expired, 3, "it expired on 2020-01-01"),
    ] {
        std::fs::write(dir.path().join("known.yaml"), text).expect("writable");
        let (code, out, _) = against(dir.path(), engine, "");
        assert_eq!(code, 3, "{out}");
        assert!(out.contains(&format!("known.yaml:{line}: ")) && out.contains(why), "{why} is not in:\n{out}");
        assert!(out.trim_end().ends_with(none.trim_end()), "{out}");
    }
    // What an engine of another name is known for is no business of this run.
    std::fs::write(dir.path().join("known.yaml"), LISTED).expect("writable");
    assert_eq!(against(dir.path(), "btree", "").0, 0);
    std::fs::write(dir.path().join("known.yaml"), &everyone).expect("writable");
    against(dir.path(), "btree", "--write-expect");
    assert_eq!(list(dir.path()), none);
    assert_eq!(against(dir.path(), "btree", "").0, 0);
}

#[test]
fn a_list_with_a_mistake_is_refused_at_its_place() {
    let dir = folder();
    for (text, place, says) in [
        ("expectations:\n  - chek: a\n    engine: x\n", ":2:5", "unknown field `chek`"),
        ("expectations:\n  - engine: x\n", ":2:5", "an entry names a check or a clause"),
        ("expectations:\n  - check: property/small\n    engine: x\n", ":2:5", "promote the program"),
        ("expectations:\n  - check: a\n    engine: x\n    expires: soon\n", ":2:5", "is no day"),
    ] {
        std::fs::write(dir.path().join("known.yaml"), text).expect("writable");
        let (code, _, err) = against(dir.path(), "btree", "");
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(&format!("known.yaml{place}")) && err.contains(says), "{says}: {err}");
        assert_eq!(err.matches("error").count(), 1, "{err}");
    }
}
