//! What is wrong with a store that holds no prefix of the writes: clauses, and the keys and writes that show it.

use std::collections::BTreeSet;

use super::audit::{Nearest, differing, hole};
use super::ledger::{Edit, Known};
use super::seen::Seen;
use crate::contract::Level;
use crate::finding::Finding;
use crate::octets::Octets;

/// Keys that are named in a message.
const KEYS_MAX: usize = 3;

/// The clause about acknowledged writes of the class that is judged, and how the store came to be lost, in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) clause: &'static str,
    pub(super) lost_by: &'static str,
}

/// Acknowledged writes that are gone with everything after them.
pub(super) fn lost(class: Class, seen: &Seen, lost: &[u64]) -> Finding {
    let numbers: Vec<String> = lost.iter().take(KEYS_MAX).map(ToString::to_string).collect();
    let more = if lost.len() > KEYS_MAX { format!(" … {} in all", lost.len()) } else { String::new() };
    Finding::new(
        Level::Must,
        &[class.clause, "DUR-4"],
        format!("after {} every acknowledged write is present", class.lost_by),
        format!("the store ends at {}; acknowledged and gone: {}{more}", seen.current, numbers.join(", ")),
    )
}

/// What is wrong with a store that is no prefix.
pub(super) fn damaged(class: Class, known: &Known, seen: &Seen, nearest: &Nearest, batch_log: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((call, what)) = &seen.contradiction {
        let expected = format!("after {} all calls show one State and one Log", class.lost_by);
        let clauses: &[&str] = if call.method() == "oldest_retained_batch" { &["DUR-4", "OLD-1"] } else { &["DUR-4"] };
        findings.push(Finding::new(Level::Must, clauses, expected, format!("{call}: {what}")));
    }
    findings.extend(wrong_state(class, known, seen, nearest));
    findings.extend(wrong_log(class, known, seen, nearest, batch_log));
    let lost: Vec<u64> = known.writes.range(seen.current.saturating_add(1)..).map(|(number, _)| *number).collect();
    if !lost.is_empty() {
        findings.push(self::lost(class, seen, &lost));
    }
    if findings.is_empty() {
        let expected = "State and Log are those of the writes up to one number";
        findings.push(Finding::new(
            Level::Must,
            &["DUR-4"],
            expected,
            "no numbering of the writes in flight explains it",
        ));
    }
    findings
}

fn wrong_state(class: Class, known: &Known, seen: &Seen, nearest: &Nearest) -> Option<Finding> {
    let wrong: BTreeSet<&Octets> = differing(&nearest.state, &seen.state).collect();
    let first = wrong.first()?;
    let mut finding = Finding::new(
        Level::Must,
        &["DUR-4"],
        format!(
            "after {} State is what the writes 1 to {} make, in the order of their numbers",
            class.lost_by, seen.current
        ),
        String::new(),
    );
    let mut told: Vec<String> = Vec::new();
    for key in &wrong {
        let decided = nearest.writes.iter().rev().find(|(_, edit)| edit.keys().contains(key));
        let got = seen.state.get(*key);
        if let Some((number, edit)) = decided {
            let acknowledged = known.writes.contains_key(number);
            match edit {
                Edit::Delete(_) if acknowledged => finding.blame([id("DUR-6")]),
                _ if acknowledged => finding.blame([id(class.clause)]),
                _ => {}
            }
            if partly(edit, *number, seen, nearest) {
                finding.blame([id("PUT-2")]);
            }
        }
        if let Some(value) = got
            && known.in_flight.iter().any(|write| write.edit.entry().iter().any(|(k, v)| k == *key && v == value))
        {
            finding.blame([id("PUT-2")]);
        }
        if told.len() < KEYS_MAX {
            told.push(tell(key, decided, got, known));
        }
    }
    let more = if wrong.len() > KEYS_MAX { format!(" … {} keys in all", wrong.len()) } else { String::new() };
    finding.got = format!("{}{more}", told.join("; "));
    debug_assert!(!first.is_empty() || !told.is_empty(), "a key that differs is told of");
    Some(finding)
}

/// Whether some keys that the write decides are as it left them, and others are not.
fn partly(edit: &Edit, number: u64, seen: &Seen, nearest: &Nearest) -> bool {
    let newest = |key: &Octets| {
        nearest.writes.iter().rev().find(|(_, edit)| edit.keys().contains(key)).is_some_and(|(n, _)| *n == number)
    };
    let (right, wrong): (Vec<&Octets>, Vec<&Octets>) = edit
        .keys()
        .into_iter()
        .filter(|key| newest(key))
        .partition(|key| seen.state.get(*key) == nearest.state.get(*key));
    !right.is_empty() && !wrong.is_empty()
}

fn tell(key: &Octets, decided: Option<(&u64, &Edit)>, got: Option<&Octets>, known: &Known) -> String {
    let wanted = match decided {
        Some((number, Edit::Delete(_))) => format!("write {number} deleted it"),
        Some((number, _)) => format!("write {number} put it"),
        None => "no write that is there put it".to_owned(),
    };
    let status = decided.map_or("", |(number, _)| {
        if known.writes.contains_key(number) { " and was acknowledged" } else { " and was in flight" }
    });
    let held = match got {
        None => "it holds nothing".to_owned(),
        Some(value) => match writer(value, known) {
            Some(writer) => format!("it holds the value of {writer}"),
            None => format!("it holds {value}, which nobody put"),
        },
    };
    format!("{key}: {wanted}{status}, but {held}")
}

/// The write that put this value, in words: no two put the same.
fn writer(value: &Octets, known: &Known) -> Option<String> {
    let puts = |edit: &Edit| edit.entry().iter().any(|(_, put)| put == value);
    let by_number = known.writes.iter().find(|(_, edit)| puts(edit)).map(|(number, _)| format!("write {number}"));
    by_number.or_else(|| {
        known.in_flight.iter().find(|write| puts(&write.edit)).map(|_| "a write that was in flight".to_owned())
    })
}

fn wrong_log(class: Class, known: &Known, seen: &Seen, nearest: &Nearest, batch_log: bool) -> Vec<Finding> {
    let finding = |clauses: &[&'static str], got: String| {
        let expected =
            format!("after {} the entries of the retained numbers up to {} are intact", class.lost_by, seen.current);
        Finding::new(Level::Must, clauses, expected, got)
    };
    let mut findings = Vec::new();
    if !batch_log {
        return findings;
    }
    if let Some((number, _)) = seen.entries.range(seen.current.saturating_add(1)..).next() {
        findings
            .push(finding(&["DUR-4", "LOG-7"], format!("get_batch({number}) has an entry above the store's number")));
    }
    for (number, edit) in &nearest.writes {
        match seen.entries.get(number) {
            Some(pairs) if pairs != edit.entry() => {
                let got = format!("get_batch({number}) has {} pairs of another batch or order", pairs.len());
                findings.push(finding(&["DUR-4", "LOG-1"], got));
                break;
            }
            None if *number >= known.perhaps_pruned && !edit.entry().is_empty() => {
                let got = format!("get_batch({number}) is None, and nobody pruned it");
                findings.push(finding(&["DUR-4", "LOG-1", "LOG-6", "LOG-9", class.clause], got));
                break;
            }
            _ => {}
        }
    }
    if let Some(number) = hole(seen, &nearest.writes).filter(|_| findings.is_empty()) {
        let got = format!("get_batch({number}) is None between entries that are there");
        findings.push(Finding { level: Level::Served, ..finding(&["LOG-6", "DUR-4"], got) });
    }
    if let Some((number, pairs)) = seen.entries.iter().find(|(number, _)| !nearest.writes.contains_key(number)) {
        let got = format!("get_batch({number}) has {} pairs that no write can have put there", pairs.len());
        findings.push(finding(&["DUR-4", "LOG-1"], got));
    }
    findings
}

fn id(clause: &'static str) -> crate::contract::ClauseId {
    crate::contract::ClauseId::new(clause)
}
