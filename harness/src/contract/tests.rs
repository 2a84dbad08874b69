//! The registry's own tests: that it is complete and consistent, and that `CONTRACT.md` says the same.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Clause, ClauseId, Condition, Contract, Family, Level, Source, UnknownClause, markdown};
use crate::{Declarations, Durability, Frontier, Target};

/// Every combination of declarations.
fn all_declarations() -> Vec<Declarations> {
    let mut all = Vec::new();
    for batch_log in [false, true] {
        for durability in
            [Durability::Volatile, Durability::CleanClose, Durability::ProcessCrash, Durability::PowerLoss]
        {
            for frontier in [Frontier::Immediate, Frontier::Lagging] {
                all.push(Declarations { batch_log, durability, frontier });
            }
        }
    }
    all
}

fn declared(batch_log: bool, durability: Durability) -> Declarations {
    Declarations { batch_log, durability, frontier: Frontier::Immediate }
}

fn clause(id: &str) -> &'static Clause {
    Contract::get().clause(id).unwrap_or_else(|| panic!("no clause {id}"))
}

/// The clauses for which `broken` holds.
fn offenders(broken: impl Fn(&Clause) -> bool) -> Vec<ClauseId> {
    Contract::get().clauses().filter(|clause| broken(clause)).map(|clause| clause.id).collect()
}

#[test]
fn every_clause_is_there_and_numbered_without_gaps() {
    let expected = [
        ("general", vec![("GEN", 12)]),
        ("put", vec![("PUT", 15)]),
        ("get", vec![("GET", 3)]),
        ("scan", vec![("SCAN", 11)]),
        ("many", vec![("MANY", 5)]),
        ("delete", vec![("DEL", 7)]),
        ("sequence", vec![("SEQ", 8)]),
        ("log", vec![("LOG", 9), ("OLD", 4)]),
        ("prune", vec![("PRN", 8)]),
        ("isolation", vec![("ISO", 5)]),
        ("durability", vec![("DUR", 7)]),
    ];
    let found: Vec<_> = Contract::get()
        .areas
        .iter()
        .map(|area| (area.id.as_str(), area.clauses.iter().map(|clause| clause.id.to_string()).collect()))
        .collect();
    let expected: Vec<(&str, Vec<String>)> = expected
        .into_iter()
        .map(|(area, runs)| {
            (area, runs.iter().flat_map(|(prefix, last)| (1..=*last).map(move |n| format!("{prefix}-{n}"))).collect())
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn ids_found_in_the_text_are_those_of_the_parsed_contract() {
    let parsed: Vec<_> = Contract::get().clauses().map(|clause| clause.id).collect();
    assert_eq!(ClauseId::all().collect::<Vec<_>>(), parsed);
    assert_eq!(parsed.iter().collect::<BTreeSet<_>>().len(), parsed.len(), "an id stands twice");
}

#[test]
fn clauses_are_filled_in() {
    assert_eq!(offenders(|clause| clause.rules.is_empty()), [], "without a rule");
    assert_eq!(offenders(|clause| clause.source.is_empty()), [], "without a source");
    assert_eq!(offenders(|clause| clause.title.chars().count() > 60), [], "with a title too long for tables");
    let unfinished = |text: &str| !text.ends_with(['.', ')']) || text.contains(['\n', '|']);
    assert_eq!(
        offenders(|clause| clause.rules.iter().map(|rule| &rule.text).chain(&clause.note).any(|text| unfinished(text))),
        [],
        "with a text that is no whole sentence on one line"
    );
}

#[test]
fn what_is_demanded_can_be_shown() {
    let demanded = |clause: &Clause| clause.rules.iter().any(|rule| rule.level.binds(Target::Served));
    assert_eq!(offenders(|clause| demanded(clause) && clause.shown_by.is_empty()), []);
    assert_eq!(
        offenders(|clause| clause.shown_by.is_empty() && clause.note.is_none()),
        [],
        "nothing shows it and no note says more"
    );
    assert_eq!(
        offenders(|clause| clause.shown_by.iter().collect::<BTreeSet<_>>().len() != clause.shown_by.len()),
        [],
        "a family stands twice"
    );
}

/// Without this a check could not say which of a clause's rules was broken, and a verdict would take the strongest.
#[test]
fn rules_that_bind_the_same_engine_have_parts_of_their_own() {
    for declarations in all_declarations() {
        let ambiguous = offenders(|clause| {
            let parts: Vec<_> = clause.rules_for(&declarations).map(|rule| rule.part.as_deref()).collect();
            parts.len() > 1 && (parts.contains(&None) || parts.iter().collect::<BTreeSet<_>>().len() != parts.len())
        });
        assert_eq!(ambiguous, [], "{declarations:?}");
    }
}

#[test]
fn every_word_has_one_meaning() {
    fn words<T: Copy>(meanings: &[super::Meaning<T>]) -> Vec<T> {
        meanings.iter().map(|meaning| meaning.id).collect()
    }
    let contract = Contract::get();
    assert_eq!(words(&contract.levels), Level::ALL);
    assert_eq!(words(&contract.conditions), Condition::ALL);
    assert_eq!(words(&contract.sources), Source::ALL);
    assert_eq!(words(&contract.families), Family::ALL);
}

#[test]
fn levels_follow_the_declarations() {
    let log = declared(true, Durability::PowerLoss);
    let bare = declared(false, Durability::Volatile);
    assert_eq!(clause("PUT-4").level_for(&log), Some(Level::Served));
    assert_eq!(clause("PUT-4").level_for(&bare), Some(Level::Should));
    assert_eq!(clause("LOG-1").level_for(&bare), None);
    assert_eq!(clause("LOG-8").level_for(&log), None);
    assert_eq!(clause("DUR-4").level_for(&log), Some(Level::Must));
    assert_eq!(clause("DUR-4").level_for(&bare), Some(Level::Graded));
    assert_eq!(clause("PUT-6").level_for(&log), Some(Level::Must));
}

#[test]
fn levels_of_parts_differ() {
    let log = declared(true, Durability::PowerLoss);
    let bare = declared(false, Durability::Volatile);
    assert_eq!(clause("PUT-6").level_of_part("log", &log), Some(Level::Served));
    assert_eq!(clause("PUT-6").level_of_part("log", &bare), None);
    assert_eq!(clause("OLD-4").level_of_part("concurrent", &log), Some(Level::Served));
    assert_eq!(clause("LOG-8").level_of_part("kept", &bare), Some(Level::Served));
    assert_eq!(clause("GET-1").level_of_part("anything", &bare), Some(Level::Must));
}

#[test]
fn unknown_ids_name_their_neighbours() {
    assert_eq!("SCAN-3".parse(), Ok(ClauseId::new("SCAN-3")));
    assert!(ClauseId::new("SCAN-3").is_known());
    assert!(!ClauseId::new("SCAN-12").is_known());
    let unknown = |id: &str| id.parse::<ClauseId>().map_err(|error| error.to_string()).unwrap_err();
    assert_eq!(unknown("scan3"), "the contract has no clause \"scan3\"; did you mean SCAN-3?");
    assert_eq!(unknown("GET-9"), "the contract has no clause \"GET-9\"; did you mean GEN-9 or GET-1 or GET-2?");
    assert_eq!("consensus".parse::<ClauseId>(), Err(UnknownClause { id: "consensus".to_owned(), nearest: Vec::new() }));
    assert_eq!(Contract::get().nearest("PUT7"), ["PUT-7"]);
}

#[test]
fn ids_are_checked_when_files_are_read() {
    let ids: Vec<ClauseId> = serde_json::from_str(r#"["GEN-1", "DUR-7"]"#).unwrap();
    assert_eq!(ids, [ClauseId::new("GEN-1"), ClauseId::new("DUR-7")]);
    assert_eq!(serde_json::to_string(&ids).unwrap(), r#"["GEN-1","DUR-7"]"#);
    let error = serde_yaml::from_str::<Vec<ClauseId>>("- GEN-1\n- GEN-21\n").unwrap_err().to_string();
    assert!(error.contains("did you mean GEN-1"), "{error}");
}

#[test]
fn the_hash_is_of_fixed_length() {
    assert_eq!(super::fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c, "the published test vector");
    assert_eq!(Contract::hash().len(), 16);
}

#[test]
fn contract_md_is_the_rendering() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../CONTRACT.md");
    let rendered = markdown(Contract::get());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &rendered).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == rendered,
        "CONTRACT.md is not what harness/contract.yaml renders to; run `UPDATE=1 cargo test -p storecheck contract`"
    );
}
