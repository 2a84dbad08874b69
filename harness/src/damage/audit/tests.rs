//! Audits of stores that are made up: each kind of damage is seen, and no legal outcome is taken for one.

use super::*;
use crate::call::Pair;
use crate::damage::explain::{self, Class};
use crate::octets::Octets;

const KILL: Class = Class { clause: "DUR-2", lost_by: "SIGKILL" };

fn pair(key: &str, value: &str) -> Pair {
    (Octets::text(key), Octets::text(value))
}

fn put(pairs: &[(&str, &str)]) -> Edit {
    Edit::Put(pairs.iter().map(|(key, value)| pair(key, value)).collect())
}

fn delete(keys: &[&str]) -> Edit {
    Edit::Delete(keys.iter().map(|key| Octets::text(key)).collect())
}

/// Three acknowledged writes, and a batch of two in flight.
fn known() -> Known {
    Known {
        writes: [(1, put(&[("a", "1"), ("b", "1")])), (2, put(&[("a", "2")])), (3, delete(&["b"]))].into(),
        in_flight: vec![InFlight { edit: put(&[("a", "4"), ("c", "4")]), above: 3 }],
        perhaps_pruned: 0,
    }
}

fn state(pairs: &[(&str, &str)]) -> State {
    pairs.iter().map(|(key, value)| pair(key, value)).collect()
}

/// What a store shows that holds the writes up to `current`.
fn right(current: u64) -> Seen {
    let mut writes = known().writes;
    writes.insert(4, known().in_flight[0].edit.clone());
    let mut seen = Seen { current, oldest: (current > 0).then_some(1), ..Seen::default() };
    for (number, edit) in writes.range(..=current) {
        edit.apply(&mut seen.state);
        seen.entries.insert(*number, edit.entry().to_vec());
    }
    seen
}

/// The clauses that an audit finds broken; none for a prefix, with the writes that it lost.
fn judged(known: &Known, seen: &Seen) -> Result<Vec<u64>, Vec<String>> {
    match audit(known, seen, true) {
        Audited::Prefix { lost, .. } => Ok(lost),
        Audited::Damaged(nearest) => {
            let findings = explain::damaged(KILL, known, seen, &nearest, true);
            let mut clauses: Vec<String> =
                findings.iter().flat_map(|finding| &finding.clauses).map(ToString::to_string).collect();
            clauses.sort();
            clauses.dedup();
            Err(clauses)
        }
    }
}

fn broken(clauses: &[&str]) -> Result<Vec<u64>, Vec<String>> {
    Err(clauses.iter().map(|clause| (*clause).to_owned()).collect())
}

#[test]
fn a_write_in_flight_is_there_whole_or_not_at_all() {
    assert_eq!(judged(&known(), &right(3)), Ok(vec![]));
    assert_eq!(judged(&known(), &right(4)), Ok(vec![]));
    let Audited::Prefix { known, .. } = audit(&known(), &right(4), true) else { panic!("a prefix") };
    assert_eq!(known.writes.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_lost_suffix_is_a_prefix_that_says_what_it_lost() {
    assert_eq!(judged(&known(), &right(2)), Ok(vec![3]));
    assert_eq!(judged(&known(), &right(0)), Ok(vec![1, 2, 3]));
}

#[test]
fn half_of_a_batch_is_damage() {
    let mut seen = right(3);
    seen.state = state(&[("a", "4")]);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-2", "DUR-4", "PUT-2"]));
    let mut seen = right(4);
    seen.state = state(&[("a", "4")]);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-4", "PUT-2"]));
}

#[test]
fn a_deleted_key_that_comes_back_is_damage() {
    let mut seen = right(3);
    seen.state.extend(state(&[("b", "1")]));
    assert_eq!(judged(&known(), &seen), broken(&["DUR-4", "DUR-6"]));
}

#[test]
fn a_value_of_an_older_write_is_damage() {
    let mut seen = right(3);
    seen.state = state(&[("a", "1")]);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-2", "DUR-4"]));
}

#[test]
fn the_log_must_agree() {
    let mut seen = right(3);
    seen.entries.remove(&2);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-2", "DUR-4", "LOG-1", "LOG-6", "LOG-9"]));
    let mut pruned = known();
    pruned.perhaps_pruned = 3;
    assert_eq!(judged(&pruned, &seen), broken(&["DUR-4", "LOG-6"]), "a hole");
    seen.entries.remove(&1);
    seen.oldest = Some(3);
    assert_eq!(judged(&pruned, &seen), Ok(vec![]));
    let mut seen = right(3);
    seen.entries.insert(4, vec![pair("a", "4"), pair("c", "4")]);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-4", "LOG-1", "LOG-7"]));
    let mut seen = right(3);
    seen.entries.insert(1, vec![pair("b", "1"), pair("a", "1")]);
    assert_eq!(judged(&known(), &seen), broken(&["DUR-4", "LOG-1"]));
}

#[test]
fn numbers_without_effect_are_legal() {
    let mut seen = right(3);
    seen.current = 4;
    assert_eq!(judged(&known(), &seen), Ok(vec![]), "skipped");
    seen.entries.insert(4, vec![]);
    assert_eq!(judged(&known(), &seen), Ok(vec![]), "filled");
}

#[test]
fn many_in_flight_may_have_come_in_any_order() {
    let mut known = known();
    known.in_flight.push(InFlight { edit: put(&[("a", "5")]), above: 3 });
    let mut seen = right(3);
    seen.current = 5;
    seen.state = state(&[("a", "4"), ("c", "4")]);
    seen.entries.insert(4, vec![pair("a", "5")]);
    seen.entries.insert(5, vec![pair("a", "4"), pair("c", "4")]);
    assert_eq!(judged(&known, &seen), Ok(vec![]));
    seen.state = state(&[("a", "5"), ("c", "4")]);
    assert_eq!(judged(&known, &seen), broken(&["DUR-4", "PUT-2"]));
}

#[test]
fn a_first_number_of_any_size_is_found_at_once() {
    let first = 10_u64.pow(12);
    let in_flight = |key: &str| InFlight { edit: put(&[(key, "1")]), above: 0 };
    let known = Known { in_flight: vec![in_flight("a"), in_flight("b")], ..Known::default() };
    let mut seen = Seen { current: first + 1, oldest: Some(first), ..Seen::default() };
    seen.state = state(&[("a", "1"), ("b", "1")]);
    seen.entries = [(first, vec![pair("b", "1")]), (first + 1, vec![pair("a", "1")])].into();
    assert_eq!(judged(&known, &seen), Ok(vec![]));
    seen.state = state(&[("a", "1")]);
    // b has a number and is not there.
    assert_eq!(judged(&known, &seen), broken(&["DUR-4", "LOG-1"]));
}

#[test]
fn numbers_far_apart_are_any_that_their_order_allows() {
    let clock = 10_u64.pow(9);
    let known = Known {
        writes: [(clock, put(&[("a", "1")]))].into(),
        in_flight: vec![
            InFlight { edit: put(&[("a", "2")]), above: clock },
            InFlight { edit: put(&[("a", "3"), ("b", "3")]), above: 0 },
        ],
        perhaps_pruned: 0,
    };
    let mut seen = Seen { current: 5 * clock, oldest: Some(clock), ..Seen::default() };
    seen.unread = vec![clock + 9..=5 * clock - 9];
    seen.entries.insert(clock, vec![pair("a", "1")]);
    for (shown, right) in [
        ([("a", "2"), ("b", "3")], Ok(vec![])),
        ([("a", "3"), ("b", "3")], Ok(vec![])),
        ([("a", "1"), ("b", "2")], broken(&["DUR-4"])),
    ] {
        seen.state = state(&shown);
        assert_eq!(judged(&known, &seen), right, "{shown:?}");
    }
}
