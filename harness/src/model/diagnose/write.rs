//! Which clauses a wrong reply to a write, a prune or `current_sequence` speaks against.

use super::{LONG_KEY, MANY_KEYS, explain, with_suspects};
use crate::call::{Call, Pair, Reply};
use crate::contract::Level;
use crate::finding::Finding;
use crate::model::world::World;
use crate::model::{Last, Past, must};
use crate::octets::{Decimal, Octets};

/// `prune_batch_log` that replied wrong.
pub(in crate::model) fn prune(world: &World, past: &Past, call: &Call, cutoff: u64, reply: &Reply) -> Finding {
    let mut clauses = if !past.declared.batch_log {
        vec!["LOG-8"]
    } else if matches!(reply, Reply::Error(_)) {
        if cutoff > world.highest() { vec!["PRN-4", "GEN-12"] } else { vec!["PRN-1", "GEN-12"] }
    } else if world.prunable(cutoff) == 0 {
        vec!["PRN-2", "PRN-3"]
    } else if matches!(reply, Reply::Removed(count) if count.0 < world.prunable(cutoff)) {
        // Fewer removed, or fewer counted: the reply alone does not tell.
        vec!["PRN-2", "PRN-1"]
    } else {
        vec!["PRN-2"]
    };
    // One too many, where the cutoff itself has an entry: it was taken for inclusive.
    let one_more = Reply::Removed(Decimal(world.prunable(cutoff) + 1));
    if *reply == one_more && world.entry(cutoff).is_some() {
        clauses.push("PRN-1");
    }
    must(&clauses, explain(world, past, call), reply)
}

/// `current_sequence` that replied wrong.
pub(in crate::model) fn current(world: &World, past: &Past, reply: &Reply, got: u64) -> Finding {
    let mut clauses = Vec::new();
    if got < world.highest() {
        if got < world.seen().unwrap_or(0) {
            clauses.push("SEQ-1");
        }
        if past.reopened {
            clauses.push("DUR-1");
        }
        clauses.extend(["PUT-7", "SEQ-4"]);
    } else {
        clauses.push("SEQ-4");
        if past.audited || matches!(past.last, Last::Prune | Last::Opened | Last::Refused) {
            clauses.push("SEQ-5");
        }
    }
    must(&with_suspects(past, clauses), explain(world, past, &Call::CurrentSequence {}), reply)
}

/// A write that was given a number other than the next.
pub(in crate::model) fn number(world: &World, past: &Past, call: &Call, number: u64, reply: &Reply) -> Finding {
    let expected = explain(world, past, call);
    let is_delete = matches!(call, Call::DeleteBatch(_));
    let first = !world.written();
    let next = world.highest().saturating_add(1);
    if number < next || first {
        let mut clauses = if first { vec!["PUT-5"] } else { vec!["PUT-3"] };
        if first && number < next {
            clauses.push("PUT-3");
        } else if !first {
            clauses.push("ISO-4");
        }
        match call {
            Call::DeleteBatch(keys) => {
                clauses.push("DEL-2");
                let mut seen = std::collections::BTreeSet::new();
                if keys.iter().any(|key| world.newest(key).is_none() || !seen.insert(key)) {
                    clauses.push("DEL-3");
                }
                if keys.is_empty() {
                    clauses.push("DEL-5");
                }
            }
            Call::PutBatch(pairs) if pairs.is_empty() => clauses.push("PUT-13"),
            Call::PutBatch(pairs) if pairs.iter().all(|(key, value)| world.newest(key) == Some(value)) => {
                clauses.push("PUT-14");
            }
            _ => {}
        }
        if past.reopened {
            clauses.extend(["DUR-5", "DUR-1"]);
        }
        if past.pruned {
            clauses.push("PRN-5");
        }
        return must(&clauses, expected, reply);
    }
    let mut clauses = vec!["PUT-4"];
    if is_delete {
        clauses.push("DEL-2");
    }
    if matches!(past.last, Last::Refused) {
        clauses.push("PUT-10");
    }
    if past.reopened {
        clauses.push("DUR-1");
    }
    let level = if past.declared.batch_log { Level::Served } else { Level::Should };
    Finding::new(level, &clauses, format!("{expected}: numbers have no holes"), reply.to_string())
}

/// A put within the limits that was refused.
pub(in crate::model) fn put_refused(pairs: &[Pair], reply: &Reply) -> Finding {
    let mut clauses = vec!["GEN-12"];
    let limit =
        |(key, value): &Pair| key.is_empty() || value.is_empty() || key.len() >= LONG_KEY || value.len() >= 4096;
    if pairs.iter().any(limit) {
        clauses.insert(0, "PUT-11");
    }
    must(&clauses, "the write is accepted: keys and values are within PUT-11", reply)
}

/// A delete within the limits that was refused.
pub(in crate::model) fn delete_refused(world: &World, keys: &[Octets], reply: &Reply) -> Finding {
    let mut clauses = vec!["GEN-12"];
    let mut seen = std::collections::BTreeSet::new();
    if keys.iter().any(|key| world.newest(key).is_none() || !seen.insert(key)) {
        clauses.insert(0, "DEL-3");
    }
    if keys.len() > MANY_KEYS {
        clauses.insert(0, "DEL-6");
    }
    must(&clauses, "the delete is accepted", reply)
}

/// The log keeps no entry of a delete.
pub(in crate::model) fn delete_unlogged(call: &Call, reply: &Reply) -> Finding {
    Finding::new(
        Level::Served,
        &["DEL-4", "LOG-6"],
        "a delete has an empty entry in the batch log: a subscriber that meets none is cut off",
        format!("{call} -> {reply}: deletes have no entry"),
    )
}

/// The number of a failed write has no entry in the log.
pub(in crate::model) fn burnt_unlogged(call: &Call, reply: &Reply) -> Finding {
    Finding::new(
        Level::Served,
        &["PUT-9", "LOG-6"],
        "the number of a failed write has an empty entry in the batch log before a larger number is acknowledged",
        format!("{call} -> {reply}: the consumed number has no entry"),
    )
}
