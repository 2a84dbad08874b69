//! From a wrong reply to the clauses it breaks and the words that explain it.

mod scan;
mod write;

use scan::scan;
pub(super) use write::{burnt_unlogged, current, delete_refused, delete_unlogged, number, prune, put_refused};

use super::world::{Entry, VALUE_OCTETS_MAX, Versions, World};
use super::{Last, Past, must};
use crate::call::{Call, Pair, Range, Reply};
use crate::finding::Finding;
use crate::octets::{KEY_OCTETS_MAX, Octets};

/// Keys and values from these sizes on are near enough to the limits for PUT-11 to be what a wrong reply is about.
const LONG_KEY: usize = 128;
const LONG_VALUE: usize = 1 << 20;
/// Batches from these sizes on are large: their size is the first suspect.
const MANY_PAIRS: usize = 1000;
const MANY_KEYS: usize = 100;

/// The clauses that a change seen now speaks against, by what happened last.
pub(super) fn suspects(past: &Past) -> Vec<&'static str> {
    if past.audited {
        return vec!["GEN-8"];
    }
    let mut clauses = match past.last {
        Last::Opened => vec![],
        Last::Put { pairs } if pairs > MANY_PAIRS => vec!["PUT-15"],
        Last::Delete { keys } if keys > MANY_KEYS => vec!["DEL-6"],
        Last::Put { .. } | Last::Delete { .. } => vec![],
        Last::Prune => vec!["PRN-5"],
        Last::Reopened => vec!["DUR-1"],
        Last::Refused => vec!["PUT-10", "PUT-8"],
    };
    if past.reopened && !clauses.contains(&"DUR-1") {
        clauses.push("DUR-1");
    }
    clauses
}

fn with_suspects(past: &Past, mut clauses: Vec<&'static str>) -> Vec<&'static str> {
    for suspect in suspects(past) {
        if !clauses.contains(&suspect) {
            clauses.push(suspect);
        }
    }
    clauses
}

/// A read that replied wrong.
pub(super) fn read(world: &World, past: &Past, call: &Call, reply: &Reply) -> Finding {
    let mut clauses = match (call, reply) {
        (_, Reply::Error(_)) => refused_read(world, past, call),
        (Call::Get(key), Reply::Value(value)) => with_suspects(past, value_clauses(world, past, key, value.as_ref())),
        (Call::GetMany(keys), Reply::Values(values)) => many(world, past, keys, values),
        (Call::RangeScan(range), Reply::Rows(rows)) => scan(world, past, range, rows),
        (Call::GetBatch(number), Reply::Batch(batch)) => {
            return log_entry(world, past, call, reply, number.0, batch.as_deref());
        }
        (Call::OldestRetainedBatch {}, Reply::Oldest(oldest)) => oldest_clauses(world, past, oldest.map(|n| n.0)),
        _ => vec!["GEN-12"],
    };
    if past.shown_whole && super::is_whole(call) && !clauses.contains(&"GEN-8") {
        clauses.push("GEN-8");
    }
    let mut expected = explain(world, past, call);
    if let (Call::RangeScan(range), Reply::Rows(rows)) = (call, reply) {
        expected.push_str(&first_difference(&world.rows(range), rows));
    }
    must(&clauses, expected, reply)
}

/// Where two lists of rows part, for those too long to compare by eye.
fn first_difference(expected: &[Pair], got: &[Pair]) -> String {
    let at = expected.iter().zip(got).take_while(|(expected, got)| expected == got).count();
    let row =
        |rows: &[Pair]| rows.get(at).map_or_else(|| "the end".to_owned(), |(key, value)| format!("{key}: {value}"));
    format!("; they part at row {}: expected {}, got {}", at + 1, row(expected), row(got))
}

fn refused_read(world: &World, past: &Past, call: &Call) -> Vec<&'static str> {
    let subject = match call {
        Call::Get(key) if key.is_empty() => "GET-3",
        Call::Get(_) => "GET-1",
        Call::GetMany(keys) if keys.is_empty() => "MANY-3",
        Call::GetMany(_) => "MANY-2",
        Call::RangeScan(range) => refused_scan(range),
        Call::GetBatch(number) if world.entry(number.0).is_some() => "LOG-4",
        Call::GetBatch(_) => "LOG-3",
        Call::OldestRetainedBatch {} => "OLD-1",
        _ => "GEN-12",
    };
    with_suspects_if_reopened(past, vec![subject, "GEN-12"])
}

fn with_suspects_if_reopened(past: &Past, mut clauses: Vec<&'static str>) -> Vec<&'static str> {
    if past.reopened {
        clauses.push("DUR-1");
    }
    clauses
}

fn refused_scan(range: &Range) -> &'static str {
    if range.limit.0 == 0 {
        "SCAN-5"
    } else if !range.end.is_empty() && range.start > range.end {
        "SCAN-7"
    } else if range.start.len().max(range.end.len()) >= LONG_KEY {
        "SCAN-11"
    } else if range.limit.0 == u64::MAX {
        "SCAN-6"
    } else {
        "SCAN-1"
    }
}

/// The clauses that a wrong value of one key speaks against.
fn value_clauses(world: &World, past: &Past, key: &Octets, got: Option<&Octets>) -> Vec<&'static str> {
    let versions = world.versions(key);
    let deleted_before = versions.is_some_and(|versions| versions.iter().any(|(_, value)| value.is_none()));
    let expected = world.newest(key);
    let mut clauses = match (expected, got) {
        (Some(value), None) if value.is_empty() => vec!["GET-2"],
        (Some(_), None) if deleted_before => vec!["DEL-7", "GET-1"],
        (Some(_), _) => vec!["PUT-1", "GET-1"],
        (None, _) if deleted_before => vec!["DEL-1", "GET-1"],
        (None, _) => vec!["GET-1", "PUT-1"],
    };
    if key.is_empty() {
        clauses.push("GET-3");
    }
    if let Some(value) = expected {
        if key.len() > KEY_OCTETS_MAX || value.len() > VALUE_OCTETS_MAX {
            clauses.insert(0, "PUT-12");
        } else if key.is_empty() || value.is_empty() || key.len() >= LONG_KEY || value.len() >= LONG_VALUE {
            clauses.push("PUT-11");
        }
        if versions.is_some_and(|versions| repeats(versions)) {
            clauses.push("PUT-14");
        }
        let older = |versions: &Versions| versions.iter().rev().skip(1).any(|(_, value)| value.as_ref() == got);
        if got.is_some() && versions.is_some_and(older) {
            clauses.push("ISO-2");
        }
    }
    if expected.is_some() && matches!(past.last, Last::Delete { .. }) {
        clauses.push("DEL-1");
    }
    if expected.is_none() && got.is_some() && deleted_before && past.reopened {
        clauses.push("DUR-6");
    }
    if matches!(past.last, Last::Refused) {
        clauses.push("PUT-2");
    }
    // A value that belongs to another key, or a key that takes another's place: keys are not compared octet by octet.
    if got.is_some_and(|got| {
        world
            .keys()
            .any(|(other, versions)| other != key && versions.iter().any(|(_, value)| value.as_ref() == Some(got)))
    }) {
        clauses.push("GEN-10");
    }
    clauses
}

/// Whether the newest value is the one before again.
fn repeats(versions: &[(u64, Option<Octets>)]) -> bool {
    matches!(versions, [.., (_, before), (_, newest)] if before == newest)
}

fn many(world: &World, past: &Past, keys: &[Octets], values: &[(Octets, Option<Octets>)]) -> Vec<&'static str> {
    let same_shape = keys.len() == values.len() && keys.iter().zip(values).all(|(key, (echo, _))| key == echo);
    if keys.is_empty() {
        return vec!["MANY-3", "MANY-1"];
    }
    if !same_shape {
        return vec!["MANY-1"];
    }
    let mut clauses = vec!["MANY-2"];
    for (key, (_, value)) in keys.iter().zip(values) {
        if world.newest(key) != value.as_ref() {
            clauses.extend(value_clauses(world, past, key, value.as_ref()));
            break;
        }
    }
    with_suspects(past, clauses)
}

/// `get_batch` that replied wrong.
fn log_entry(world: &World, past: &Past, call: &Call, reply: &Reply, number: u64, got: Option<&[Pair]>) -> Finding {
    let expected = explain(world, past, call);
    if !past.declared.batch_log {
        return must(&["LOG-8"], expected, reply);
    }
    let clauses = match (world.entry(number), got) {
        (Some(Entry::Put(pairs)), Some(_)) => {
            let rewritten = pairs.iter().any(|(key, _)| {
                world.versions(key).is_some_and(|v| v.last().is_some_and(|(newest, _)| *newest > number))
            });
            if rewritten { vec!["LOG-1", "LOG-2"] } else { vec!["LOG-1"] }
        }
        (Some(Entry::Delete(_) | Entry::Burnt), Some(_)) => vec!["DEL-4"],
        (Some(entry), None) => missing_entry(world, past, number, entry),
        (None, _) if number < world.cutoff_max() && number > world.fresh().unwrap_or(0) => {
            vec!["PRN-1", "LOG-5", "LOG-3"]
        }
        (None, _) => vec!["LOG-3"],
    };
    must(&with_suspects(past, clauses), expected, reply)
}

fn missing_entry(world: &World, past: &Past, number: u64, entry: &Entry) -> Vec<&'static str> {
    let mut clauses = vec!["LOG-4", "PUT-6"];
    match entry {
        Entry::Put(pairs) if pairs.is_empty() => clauses.insert(0, "PUT-13"),
        Entry::Put(pairs) => {
            let same = pairs.iter().all(|(key, _)| {
                world.versions(key).is_some_and(|versions| {
                    versions
                        .iter()
                        .position(|(n, _)| *n == number)
                        .is_some_and(|at| at > 0 && versions[at].1 == versions[at - 1].1)
                })
            });
            if same {
                clauses.push("PUT-14");
            }
        }
        Entry::Delete(_) | Entry::Burnt => clauses.push("DEL-4"),
    }
    if past.pruned {
        clauses.insert(0, "PRN-1");
    } else if world.cutoff_max() > number {
        clauses.insert(0, "PRN-4");
    } else if world.entries() > 1 {
        clauses.extend(["LOG-9", "LOG-6"]);
    }
    clauses
}

fn oldest_clauses(world: &World, past: &Past, got: Option<u64>) -> Vec<&'static str> {
    if !past.declared.batch_log {
        return vec!["LOG-8"];
    }
    let mut clauses = vec!["OLD-1"];
    let oldest = world.oldest();
    if world.entries() <= 1 {
        clauses.push("OLD-2");
    }
    if oldest
        .and_then(|oldest| world.entry(oldest))
        .is_some_and(|entry| !matches!(entry, Entry::Put(pairs) if !pairs.is_empty()))
    {
        clauses.push("OLD-3");
    }
    if got.is_some_and(|got| got < world.oldest_seen()) {
        clauses.push("OLD-4");
    }
    with_suspects(past, clauses)
}

/// What a correct engine replies, and the fact that it follows from.
fn explain(world: &World, past: &Past, call: &Call) -> String {
    let expected = world.expected(call, past);
    let fact = match call {
        Call::Get(key) => world.versions(key).and_then(|versions| versions.last()).map_or_else(
            || format!("key {key} was never written"),
            |(number, value)| {
                format!("sequence {number} {} key {key}", if value.is_some() { "wrote" } else { "deleted" })
            },
        ),
        Call::CurrentSequence {} => format!("the last write was given {}", world.highest()),
        Call::PutBatch(_) | Call::DeleteBatch(_) => format!("the number before is {}", world.highest()),
        Call::GetBatch(number) => match world.entry(number.0) {
            Some(Entry::Put(pairs)) => format!("put_batch of {} pairs was given it", pairs.len()),
            Some(Entry::Delete(keys)) => format!("delete_batch of {} keys was given it", keys.len()),
            Some(Entry::Burnt) => "a failed write consumed it".to_owned(),
            None if !past.declared.batch_log => "no batch log is declared".to_owned(),
            None if number.0 < world.cutoff_max() => format!("the log was pruned below {}", world.cutoff_max()),
            None => "no write was given it".to_owned(),
        },
        Call::OldestRetainedBatch {} | Call::PruneBatchLog(_) => format!("{} entries are retained", world.entries()),
        Call::RangeScan(_) | Call::GetMany(_) => return expected,
    };
    format!("{expected}: {fact}")
}
