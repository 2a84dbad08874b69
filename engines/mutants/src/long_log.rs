//! Faults of log, numbers and reopens that only long programs of calls reach; the sibling of [`long`](crate::long).
//!
//! What a fault needs to know after a reopen it takes from what was saved, or from the mere fact of the reopen.

use std::collections::BTreeMap;

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Store, copied};
use crate::fault::{Fault, RIGHT, broken, durable};

pub(crate) fn mutants() -> Vec<Mutant> {
    [overwritten(), refilled(), numbers(), reopened(), undone()].into_iter().flatten().collect()
}

fn overwritten() -> Vec<Mutant> {
    vec![
        broken(
            "long-log-ring-of-32",
            "the log is a ring of 32 places: a put overwrites the entry 32 numbers before it, if that is not pruned",
            &["LOG-1", "LOG-2", "LOG-4"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    let place = number.checked_sub(32).and_then(|former| store.log.get_mut(&former));
                    if let Some(entry) = place {
                        *entry = copied(kvs);
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "long-log-counts-pairs-in-an-octet",
            "the log numbers its pairs in one octet, and an entry ends at the pair where that wraps",
            &["LOG-1"],
            Fault {
                put: |store, kvs| {
                    let room = 256 - (store.notes.count % 256) as usize;
                    store.notes.count += kvs.len() as u64;
                    Ok(store.put_logging(kvs, &kvs[..room.min(kvs.len())]))
                },
                ..RIGHT
            },
        ),
        broken(
            "long-log-shares-freed-places",
            "deletes free the places of values, and when sixteen are free, a put writes its values over freed ones of \
             the same length, which older log entries still show",
            &["LOG-2", "LOG-1", "LOG-4"],
            Fault {
                put: |store, kvs| {
                    kvs.iter().for_each(|(_, value)| reuse(store, value));
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    for key in keys {
                        store.notes.late.extend(store.state.remove_entry(*key));
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Writes the value over a freed one of its length, wherever the newest log entry with that shows it.
fn reuse(store: &mut Store, value: &Bytes) {
    if store.notes.late.len() < 16 {
        return;
    }
    let Some(at) = store.notes.late.iter().position(|(_, freed)| freed.len() == value.len()) else { return };
    let freed = store.notes.late.remove(at);
    let shown = store.log.values_mut().rev().flatten().find(|pair| **pair == freed);
    if let Some((_, place)) = shown {
        *place = Bytes::copy_from_slice(value);
    }
}

fn refilled() -> Vec<Mutant> {
    vec![
        broken(
            "long-oldest-of-former-filling",
            "once the log was cleared and filled again twice, oldest_retained_batch answers the first number of the \
             filling before, until something is pruned",
            &["OLD-1", "OLD-2", "OLD-4"],
            Fault {
                put: |store, kvs| {
                    note_filling(store);
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    note_filling(store);
                    Ok(store.delete(keys))
                },
                oldest: |store| Ok(oldest_of_former(store)),
                ..RIGHT
            },
        ),
        broken(
            "long-get-batch-by-sixteenth",
            "once the log was cleared, get_batch of a pruned number answers the entry that lies a multiple of 16 \
             above it, if there is one",
            &["LOG-3", "LOG-5", "OLD-1"],
            Fault {
                prune: |store, cutoff| Ok(prune_flagging_clearing(store, cutoff)),
                batch: |store, number| {
                    let pruned = store.notes.flag && number > 0 && !store.log.contains_key(&number);
                    let mut above = store.log.range(number..).filter(|(other, _)| (*other - number).is_multiple_of(16));
                    Ok(if pruned { above.next().map(|(_, entry)| entry.clone()) } else { store.batch(number) })
                },
                ..RIGHT
            },
        ),
    ]
}

/// Notes the number that comes next if it is the first of a log that was cleared.
fn note_filling(store: &mut Store) {
    if store.log.is_empty() && store.current > 0 {
        store.notes.entries.insert(store.current + 1, Vec::new());
    }
}

fn oldest_of_former(store: &Store) -> Option<u64> {
    let oldest = store.oldest()?;
    let mut fillings = store.notes.entries.keys().rev();
    match (fillings.next(), fillings.next()) {
        (Some(last), Some(former)) if *last == oldest => Some(*former),
        _ => Some(oldest),
    }
}

/// A right prune that raises the flag when it clears the log.
fn prune_flagging_clearing(store: &mut Store, cutoff: u64) -> u64 {
    let count = store.prune(cutoff);
    store.notes.flag |= count > 0 && store.log.is_empty();
    count
}

fn numbers() -> Vec<Mutant> {
    vec![broken(
        "long-prune-gives-up-block-of-numbers",
        "numbers are reserved by 32; from the 64th write on, a prune that clears the log gives up the rest of the \
         block, and the next write takes the first number of the one behind",
        &["PUT-4", "PRN-5"],
        Fault {
            prune: |store, cutoff| {
                let count = prune_flagging_clearing(store, cutoff);
                store.notes.flag &= store.current >= 64;
                Ok(count)
            },
            put: |store, kvs| {
                skip_block(store);
                Ok(store.put(kvs))
            },
            delete: |store, keys| {
                skip_block(store);
                Ok(store.delete(keys))
            },
            ..RIGHT
        },
    )]
}

fn skip_block(store: &mut Store) {
    if std::mem::take(&mut store.notes.flag) {
        store.current = store.current.next_multiple_of(32);
    }
}

/// Raises the flag: the store was opened again.
fn flag_reopened(store: &mut Store) {
    store.notes.flag = true;
}

fn was_pruned(store: &Store) -> bool {
    store.oldest().is_some_and(|oldest| oldest > 1)
}

fn reopened() -> Vec<Mutant> {
    vec![
        durable(
            "long-reopened-prune-only-counts",
            "when a store whose log begins above 1 was opened again, the first prune that finds four entries or more \
             counts them and removes nothing",
            &["PRN-1", "PRN-2", "PRN-3"],
            Fault {
                reopened: |store| {
                    store.notes.flag = was_pruned(store);
                    Ok(())
                },
                prune: |store, cutoff| {
                    let found = store.log.range(..cutoff).count() as u64;
                    if found >= 4 && std::mem::take(&mut store.notes.flag) {
                        return Ok(found);
                    }
                    Ok(store.prune(cutoff))
                },
                ..RIGHT
            },
        ),
        durable(
            "long-reopen-forgets-last-deletes-of-pruned-log",
            "when a store whose log begins above 1 is opened again and its last two entries or more have no pairs, \
             these are forgotten with their numbers",
            &["DUR-1", "DUR-5", "PUT-3"],
            Fault {
                reopened: |store| {
                    let without_pairs = store.log.values().rev().take_while(|entry| entry.is_empty()).count() as u64;
                    if was_pruned(store) && without_pairs >= 2 {
                        store.current -= without_pairs;
                        store.log.split_off(&(store.current + 1));
                    }
                    Ok(())
                },
                ..RIGHT
            },
        ),
    ]
}

fn undone() -> Vec<Mutant> {
    vec![
        durable(
            "long-reopened-deletes-come-back",
            "the second reopen brings back what was deleted since the first, if nothing was put in between",
            &["DUR-6", "DUR-1"],
            Fault {
                reopened: |store| {
                    flag_reopened(store);
                    Ok(())
                },
                put: |store, kvs| {
                    store.notes.flag = false;
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    for key in keys {
                        store.notes.late.extend(store.state.remove_entry(*key));
                    }
                    Ok(store.delete(keys))
                },
                closing: |store| {
                    let deleted = std::mem::take(&mut store.notes.late);
                    if store.notes.flag {
                        store.state.extend(deleted);
                    }
                },
                ..RIGHT
            },
        ),
        durable(
            "long-reopened-last-prune-is-undone",
            "the second reopen brings back what was pruned since the first and after the last write",
            &["PRN-7", "LOG-5", "DUR-1"],
            Fault {
                reopened: |store| {
                    flag_reopened(store);
                    Ok(())
                },
                put: |store, kvs| {
                    store.notes.entries.clear();
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    store.notes.entries.clear();
                    Ok(store.delete(keys))
                },
                prune: |store, cutoff| {
                    let mut pruned: BTreeMap<u64, Vec<Pair>> = store.take_below(cutoff);
                    let count = pruned.len() as u64;
                    store.notes.entries.append(&mut pruned);
                    Ok(count)
                },
                closing: |store| {
                    if store.notes.flag {
                        store.log.append(&mut store.notes.entries);
                    }
                },
                ..RIGHT
            },
        ),
    ]
}
