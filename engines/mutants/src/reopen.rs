//! Faults at a clean close and reopen (DUR-1, DUR-5, DUR-6, PRN-7).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Store};
use crate::fault::{Fault, RIGHT, durable};

pub(crate) fn mutants() -> Vec<Mutant> {
    [state(), octets(), undone(), numbers(), log(), entries(), opening()].into_iter().flatten().collect()
}

fn state() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-loses-last-write",
            "the last put before the close is gone after the reopen, with its number",
            &["DUR-1", "DUR-5"],
            Fault {
                put: |store, kvs| {
                    // What the keys held before, so that the close can put it back.
                    store.notes.late = kvs.iter().filter_map(|(key, _)| owned(store, key)).collect();
                    store.notes.entries = [(store.current + 1, kvs.to_vec())].into();
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    store.notes.entries.clear();
                    Ok(store.delete(keys))
                },
                closing: undo_last_put,
                ..RIGHT
            },
        ),
        durable(
            "reopen-loses-empty-values",
            "keys with empty values are gone after a reopen",
            &["DUR-1"],
            Fault {
                reopened: |store| {
                    store.state.retain(|_, value| !value.is_empty());
                    Ok(())
                },
                ..RIGHT
            },
        ),
    ]
}

fn owned(store: &Store, key: &Bytes) -> Option<Pair> {
    store.state.get_key_value(key).map(|(key, value)| (key.clone(), value.clone()))
}

fn undo_last_put(store: &mut Store) {
    for (number, kvs) in std::mem::take(&mut store.notes.entries) {
        for (key, _) in &kvs {
            store.state.remove(key);
        }
        store.log.remove(&number);
        store.current = number - 1;
        store.state.extend(std::mem::take(&mut store.notes.late));
    }
}

fn octets() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-cuts-values-at-64-kib",
            "values of more than 64 KiB are cut to that by a reopen",
            &["DUR-1"],
            Fault {
                reopened: |store| {
                    store.state.values_mut().for_each(|value| value.truncate(64 << 10));
                    Ok(())
                },
                ..RIGHT
            },
        ),
        durable(
            "reopen-keys-as-utf8",
            "a reopen replaces octets of keys that are not UTF-8",
            &["DUR-1", "GEN-10"],
            Fault {
                reopened: |store| {
                    let text = |key: Bytes| Bytes::from(String::from_utf8_lossy(&key).into_owned());
                    let state = std::mem::take(&mut store.state);
                    store.state = state.into_iter().map(|(key, value)| (text(key), value)).collect();
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
            "reopen-brings-deleted-back",
            "deleted keys are back after a reopen",
            &["DUR-1", "DUR-6"],
            Fault {
                delete: |store, keys| {
                    store.notes.late.extend(keys.iter().filter_map(|key| {
                        store.state.get_key_value(*key).map(|(key, value)| (key.clone(), value.clone()))
                    }));
                    Ok(store.delete(keys))
                },
                closing: |store| {
                    for (key, value) in std::mem::take(&mut store.notes.late) {
                        store.state.entry(key).or_insert(value);
                    }
                },
                ..RIGHT
            },
        ),
        durable(
            "reopen-undoes-prune",
            "pruned entries are back after a reopen",
            &["PRN-7", "LOG-5", "DUR-1"],
            Fault {
                prune: |store, cutoff| {
                    let mut pruned = store.take_below(cutoff);
                    let count = pruned.len() as u64;
                    store.notes.entries.append(&mut pruned);
                    Ok(count)
                },
                closing: |store| store.log.append(&mut store.notes.entries),
                ..RIGHT
            },
        ),
    ]
}

/// A fault that changes the number when the store is opened again.
macro_rules! renumbering {
    ($store:ident, $number:expr) => {
        Fault {
            reopened: |$store| {
                $store.current = $number;
                Ok(())
            },
            ..RIGHT
        }
    };
}

fn numbers() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-restarts-numbers",
            "numbers start anew after a reopen",
            &["DUR-1", "DUR-5", "PUT-3"],
            renumbering!(store, 0),
        ),
        durable(
            "reopen-number-is-log-length",
            "after a reopen the number is how many entries the log holds",
            &["DUR-1", "DUR-5", "PUT-3"],
            renumbering!(store, store.log.len() as u64),
        ),
        durable(
            "reopen-number-from-newest-entry",
            "after a reopen the number is that of the newest log entry, 0 when all were pruned",
            &["DUR-1", "DUR-5", "PUT-3"],
            renumbering!(store, store.log.keys().next_back().copied().unwrap_or(0)),
        ),
        durable(
            "reopen-number-lost-with-state",
            "numbers start anew after a reopen when State is empty",
            &["DUR-1", "DUR-5", "PUT-3"],
            renumbering!(store, if store.state.is_empty() { 0 } else { store.current }),
        ),
        durable(
            "reopen-reuses-last-number",
            "the last number before a close is given out again after the reopen",
            &["DUR-5", "DUR-1", "PUT-3"],
            renumbering!(store, store.current.saturating_sub(1)),
        ),
        durable(
            "reopen-takes-number",
            "a reopen takes a number",
            &["DUR-1", "SEQ-5", "SEQ-4", "PUT-4"],
            renumbering!(store, store.current + 1),
        ),
    ]
}

/// A fault that changes the log when the store is opened again.
macro_rules! relogging {
    ($store:ident, $change:expr) => {
        Fault {
            reopened: |$store| {
                $change;
                Ok(())
            },
            ..RIGHT
        }
    };
}

fn log() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-loses-log",
            "the log is empty after a reopen",
            &["DUR-1", "LOG-9"],
            relogging!(store, store.log.clear()),
        ),
        durable(
            "reopen-loses-entries-without-pairs",
            "the log entries of deletes and empty puts are gone after a reopen",
            &["DUR-1", "LOG-6", "LOG-9"],
            relogging!(store, store.log.retain(|_, entry| !entry.is_empty())),
        ),
        durable(
            "reopen-oldest-is-one",
            "after a reopen oldest_retained_batch is 1 while anything is left in the log",
            &["DUR-1", "OLD-1"],
            Fault {
                reopened: |store| {
                    store.notes.flag = true;
                    Ok(())
                },
                oldest: |store| Ok(store.oldest().map(|oldest| if store.notes.flag { 1 } else { oldest })),
                ..RIGHT
            },
        ),
    ]
}

fn entries() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-sorts-log-entries",
            "after a reopen log entries hold their pairs in the order of keys",
            &["DUR-1", "LOG-1", "LOG-4"],
            relogging!(store, store.log.values_mut().for_each(|entry| entry.sort_by(|a, b| a.0.cmp(&b.0)))),
        ),
        durable(
            "reopen-collapses-log-duplicates",
            "after a reopen log entries hold of repeated neighbouring keys the first pair",
            &["DUR-1", "LOG-1", "LOG-4"],
            relogging!(store, store.log.values_mut().for_each(|entry| entry.dedup_by(|a, b| a.0 == b.0))),
        ),
        durable(
            "reopen-empties-log-values",
            "after a reopen the oldest log entry holds keys without their values",
            &["DUR-1", "LOG-1", "LOG-4"],
            relogging!(store, {
                let oldest = store.log.values_mut().next().into_iter().flatten();
                oldest.for_each(|(_, value)| value.clear());
            }),
        ),
    ]
}

fn opening() -> Vec<Mutant> {
    vec![
        durable(
            "reopen-fails-on-empty-key",
            "a store that holds the empty key cannot be opened again",
            &["DUR-1"],
            Fault {
                reopened: |store| {
                    if store.state.contains_key(&b""[..]) { Err("a key is missing".to_owned()) } else { Ok(()) }
                },
                ..RIGHT
            },
        ),
        durable(
            "reopen-twice-loses-log",
            "the second reopen and later ones find an empty log",
            &["DUR-1", "LOG-9"],
            Fault {
                reopened: |store| {
                    let mark = store.dir.iter().map(|dir| dir.join("reopened")).find(|mark| !mark.exists());
                    match mark {
                        Some(mark) => std::fs::write(mark, b"").map_err(|error| error.kind().to_string())?,
                        None => store.log.clear(),
                    }
                    Ok(())
                },
                ..RIGHT
            },
        ),
    ]
}
