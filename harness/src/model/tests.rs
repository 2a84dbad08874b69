//! The model on its own: what it accepts, what it refuses and for which clauses, and how worlds come and go.

use super::*;
use crate::call::{Pair, Range};
use crate::contract::ClauseId;
use crate::engine::{Durability, Frontier};
use crate::octets::Decimal;

fn declared() -> Declarations {
    Declarations { batch_log: true, durability: Durability::CleanClose, frontier: Frontier::Immediate }
}

/// A fresh store that said its number is 0.
fn fresh(declared: Declarations) -> Model {
    let mut model = Model::new(declared);
    assert!(model.judge(&Call::CurrentSequence {}, &sequence(0)).is_empty());
    model
}

fn sequence(number: u64) -> Reply {
    Reply::Sequence(Decimal(number))
}

fn pair(key: &str, value: &str) -> Pair {
    (Octets::text(key), Octets::text(value))
}

fn put(pairs: &[(&str, &str)]) -> Call {
    Call::PutBatch(pairs.iter().map(|(key, value)| pair(key, value)).collect())
}

fn get(key: &str) -> Call {
    Call::Get(Octets::text(key))
}

fn value(value: &str) -> Reply {
    Reply::Value(Some(Octets::text(value)))
}

fn error() -> Reply {
    Reply::Error("no".to_owned())
}

/// The clauses of the only finding.
fn clauses(findings: &[Finding]) -> Vec<&'static str> {
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0].clauses.iter().copied().map(ClauseId::as_str).collect()
}

#[test]
fn a_right_history_has_no_findings() {
    let mut model = fresh(declared());
    let rows = Range { start: Octets::default(), end: Octets::default(), limit: Decimal(1), forward: false };
    for (call, reply) in [
        (put(&[("a", "1"), ("b", "2"), ("a", "3")]), sequence(1)),
        (get("a"), value("3")),
        (Call::DeleteBatch(vec![Octets::text("a")]), sequence(2)),
        (get("a"), Reply::Value(None)),
        (Call::RangeScan(rows), Reply::Rows(vec![pair("b", "2")])),
        (Call::GetBatch(Decimal(1)), Reply::Batch(Some(vec![pair("a", "1"), pair("b", "2"), pair("a", "3")]))),
        (Call::GetBatch(Decimal(2)), Reply::Batch(Some(vec![]))),
        (Call::PruneBatchLog(Decimal(2)), Reply::Removed(Decimal(1))),
        (Call::OldestRetainedBatch {}, Reply::Oldest(Some(Decimal(2)))),
        (Call::CurrentSequence {}, sequence(2)),
    ] {
        assert_eq!(model.judge(&call, &reply), [], "{call} -> {reply}");
    }
    assert_eq!((model.highest(), model.live_keys()), (2, 1));
}

#[test]
fn a_stale_value_names_the_clause_and_ends_the_judgement() {
    let mut model = fresh(declared());
    model.judge(&put(&[("a", "1")]), &sequence(1));
    model.judge(&put(&[("a", "2")]), &sequence(2));
    let findings = model.judge(&get("a"), &value("1"));
    assert_eq!(clauses(&findings), ["PUT-1", "GET-1", "ISO-2"]);
    assert_eq!(findings[0].level, Level::Must);
    assert!(model.is_lost());
    assert_eq!(model.judge(&get("a"), &Reply::Value(None)), []);
}

#[test]
fn a_hole_in_the_numbers_costs_the_target_served_alone() {
    let mut model = fresh(declared());
    model.judge(&put(&[("a", "1")]), &sequence(1));
    let findings = model.judge(&put(&[("a", "2")]), &sequence(5));
    assert_eq!((clauses(&findings), findings[0].level), (vec!["PUT-4"], Level::Served));
    assert_eq!(model.judge(&Call::CurrentSequence {}, &sequence(5)), []);
}

/// A batch that an engine may refuse, which then has the three outcomes of PUT-8.
fn large() -> Call {
    Call::PutBatch((0..10_001).map(|i| pair(&format!("{i}"), "v")).collect())
}

#[test]
fn a_refused_write_has_three_outcomes_and_the_next_replies_choose() {
    for (current, first_key, right) in
        [(0, Reply::Value(None), true), (1, value("v"), true), (1, Reply::Value(None), true), (0, value("v"), false)]
    {
        let mut model = fresh(declared());
        assert_eq!(model.judge(&large(), &error()), []);
        assert_eq!(model.judge(&Call::CurrentSequence {}, &sequence(current)), []);
        let findings = model.judge(&get("0"), &first_key);
        assert_eq!(findings.is_empty(), right, "current {current}, {first_key}: {findings:?}");
    }
}

#[test]
fn half_of_a_refused_write_fits_no_outcome() {
    let mut model = fresh(declared());
    model.judge(&large(), &error());
    model.judge(&Call::CurrentSequence {}, &sequence(1));
    assert_eq!(model.judge(&get("0"), &value("v")), []);
    assert!(!model.judge(&get("10000"), &Reply::Value(None)).is_empty());
}

#[test]
fn a_write_within_the_limits_is_not_refused() {
    let mut model = fresh(declared());
    assert_eq!(clauses(&model.judge(&put(&[("a", "1")]), &error())), ["GEN-12"]);
}

#[test]
fn what_is_open_is_learned_and_then_held_against_the_engine() {
    let mut model = fresh(declared());
    assert_eq!(model.judge(&put(&[]), &error()), []);
    let findings = model.judge(&put(&[]), &sequence(1));
    assert_eq!((clauses(&findings), findings[0].level), (vec!["PUT-13"], Level::Open));
}

#[test]
fn unlogged_deletes_are_told_from_logged_ones_by_the_log() {
    let mut model = fresh(declared());
    model.judge(&put(&[("a", "1")]), &sequence(1));
    assert_eq!(model.judge(&Call::DeleteBatch(vec![Octets::text("a")]), &sequence(2)), []);
    let findings = model.judge(&Call::GetBatch(Decimal(2)), &Reply::Batch(None));
    assert_eq!((clauses(&findings), findings[0].level), (vec!["DEL-4", "LOG-6"], Level::Served));
    assert_eq!(model.judge(&Call::GetBatch(Decimal(2)), &Reply::Batch(None)), []);
    assert!(!model.judge(&Call::GetBatch(Decimal(2)), &Reply::Batch(Some(vec![]))).is_empty());
}

#[test]
fn a_lagging_frontier_may_trail_but_never_go_back() {
    let mut model = fresh(Declarations { frontier: Frontier::Lagging, ..declared() });
    for number in 1..=3 {
        model.judge(&put(&[("a", "1")]), &sequence(number));
    }
    assert_eq!(model.judge(&Call::CurrentSequence {}, &sequence(2)), []);
    assert!(!model.frontier_reached(2) && model.frontier_reached(3));
    let findings = model.judge(&Call::CurrentSequence {}, &sequence(1));
    assert!(clauses(&findings).contains(&"SEQ-1"), "{findings:?}");
}

#[test]
fn a_deleted_key_that_returns_at_a_reopen_speaks_against_durability() {
    let mut model = fresh(declared());
    model.judge(&put(&[("a", "1")]), &sequence(1));
    model.judge(&Call::DeleteBatch(vec![Octets::text("a")]), &sequence(2));
    model.reopened();
    let findings = model.judge(&get("a"), &value("1"));
    let named = clauses(&findings);
    assert!(["DEL-1", "DUR-6", "DUR-1"].iter().all(|clause| named.contains(clause)), "{named:?}");
}
