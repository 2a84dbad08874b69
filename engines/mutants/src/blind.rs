//! Twelve faults written blind: from the contract alone, before the suite was first run on them and without a look at
//! any scenario or check.
//!
//! They are a sample of what the suite was not made for. Each is of a kind that real engines have (caches, pages,
//! tombstones, retries, replay) and shows only in some states, at some sizes or after some calls; all of them can be
//! reached with a few dozen calls and small values.

use std::collections::BTreeSet;

use storecheck::Mutant;

use crate::base::{Entry, Pair, Span, Store};
use crate::fault::{Fault, RIGHT, broken, durable};

pub(crate) fn mutants() -> Vec<Mutant> {
    [writes(), reads(), deletes(), logs(), reopens()].into_iter().flatten().collect()
}

fn writes() -> Vec<Mutant> {
    vec![
        broken(
            "blind-put-skips-similar-value",
            "a value of 64 octets or more is not stored over one of its length that has the same first and last 16",
            &["PUT-1", "PUT-14", "GET-1"],
            Fault {
                put: |store, kvs| {
                    for pair in kvs {
                        if !store.state.get(&pair.0).is_some_and(|old| similar(old, &pair.1)) {
                            store.write(std::slice::from_ref(pair));
                        }
                    }
                    Ok(store.record(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "blind-put-chunks-backwards",
            "pairs are written in chunks of 16, the last chunk first: a key in two chunks keeps the earlier value",
            &["PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let stored: Vec<Pair> = kvs.chunks(16).rev().flatten().cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "blind-number-of-a-retry",
            "a put of two pairs or more that repeats one of the last four writes is taken for a retry: it does nothing \
             and answers the former number",
            &["PUT-3", "PUT-14", "PUT-1"],
            Fault {
                put: |store, kvs| {
                    let recent = store.current.saturating_sub(3);
                    let former = store.notes.entries.range(recent..).find(|(_, entry)| entry.as_slice() == kvs);
                    if let Some((number, _)) = former {
                        return Ok(*number);
                    }
                    let number = store.put(kvs);
                    if kvs.len() > 1 {
                        store.notes.entries.insert(number, crate::base::copied(kvs));
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

/// What a careless comparison takes for equal.
fn similar(old: &[u8], new: &[u8]) -> bool {
    let length = old.len();
    length >= 64 && length == new.len() && old[..16] == new[..16] && old[length - 16..] == new[length - 16..]
}

fn reads() -> Vec<Mutant> {
    vec![
        broken(
            "blind-get-remembers-missing",
            "a get that finds nothing is cached, and a put of more than eight pairs does not clear the cache",
            &["GET-1", "PUT-1", "SEQ-2"],
            Fault {
                put: |store, kvs| {
                    if kvs.len() <= 8 {
                        for (key, _) in kvs {
                            store.notes.keys.remove(key);
                        }
                    }
                    Ok(store.put(kvs))
                },
                get: |store, key| {
                    if store.notes.keys.contains(key) {
                        return Ok(None);
                    }
                    let value = store.get(key);
                    if value.is_none() {
                        store.notes.keys.insert(bytes::Bytes::copy_from_slice(key));
                    }
                    Ok(value)
                },
                ..RIGHT
            },
        ),
        broken(
            "blind-scan-page-skips-extensions",
            "a forward scan reads pages of 16 rows, and goes on behind all extensions of a page's last key",
            &["SCAN-9", "SCAN-4"],
            Fault { scan: |store, span| Ok(if span.forward { paged(store, span) } else { store.scan(span) }), ..RIGHT },
        ),
        broken(
            "blind-many-repeats-are-missing",
            "in a get_many of more than eight keys, a key that came before has no value",
            &["MANY-2"],
            Fault {
                many: Some(|store, keys| {
                    let entries = store.many(keys);
                    Ok(if keys.len() > 8 { once(entries) } else { entries })
                }),
                ..RIGHT
            },
        ),
    ]
}

/// A forward scan in pages, with a continuation that lies too far.
fn paged(store: &Store, span: Span<'_>) -> Vec<Pair> {
    let mut rows: Vec<Pair> = Vec::new();
    for row in store.rows(span) {
        if rows.len() == span.limit {
            break;
        }
        let skipped = rows.len().is_multiple_of(16) && rows.last().is_some_and(|(last, _)| row.0.starts_with(last));
        if !skipped {
            rows.push(row);
        }
    }
    rows
}

/// The entries, with a value only where a key comes first.
fn once(entries: Vec<Entry>) -> Vec<Entry> {
    let mut seen = BTreeSet::new();
    let first = |(key, value): Entry| {
        let value = if seen.insert(key.clone()) { value } else { None };
        (key, value)
    };
    entries.into_iter().map(first).collect()
}

fn deletes() -> Vec<Mutant> {
    vec![
        broken(
            "blind-delete-run-stops-scan",
            "a scan ends where it meets twelve deleted keys in a row",
            &["SCAN-9", "SCAN-4"],
            Fault {
                put: |store, kvs| {
                    for (key, _) in kvs {
                        store.notes.keys.remove(key);
                    }
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    for key in keys {
                        if let Some((key, _)) = store.state.get_key_value(*key) {
                            store.notes.keys.insert(key.clone());
                        }
                    }
                    Ok(store.delete(keys))
                },
                scan: |store, span| Ok(among_deleted(store, span)),
                ..RIGHT
            },
        ),
        broken(
            "blind-delete-reveals-flushed-value",
            "State is flushed at every eighth write; the delete of a key that was given another value since the last \
             flush is undone by the next one, which brings the flushed value back",
            &["DEL-1", "GET-1", "SCAN-10"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    flush(store);
                    Ok(number)
                },
                delete: |store, keys| {
                    for key in keys {
                        let flushed = store.notes.history.get_key_value(*key);
                        if let (Some(now), Some((key, values))) = (store.state.get(*key), flushed) {
                            let revealed = values.iter().filter(|value| *value != now);
                            store.notes.late.extend(revealed.map(|value| (key.clone(), value.clone())));
                        }
                    }
                    let number = store.delete(keys);
                    flush(store);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

/// A scan that walks over deleted keys too, and gives up after twelve of them.
fn among_deleted(store: &Store, span: Span<'_>) -> Vec<Pair> {
    let within = |key: &[u8]| key >= span.start && (span.end.is_empty() || key <= span.end);
    let deleted = store.notes.keys.iter().filter(|key| within(key)).map(|key| (key.clone(), None));
    let present = store.rows(span).into_iter().map(|(key, value)| (key, Some(value)));
    let mut walk: Vec<_> = present.chain(deleted).collect();
    walk.sort();
    if !span.forward {
        walk.reverse();
    }
    let (mut rows, mut run) = (Vec::new(), 0);
    for (key, value) in walk {
        run = if value.is_none() { run + 1 } else { 0 };
        if run == 12 || rows.len() == span.limit {
            break;
        }
        rows.extend(value.map(|value| (key, value)));
    }
    rows
}

/// Notes what State holds at every eighth write, after bringing back what deletes should have hidden.
fn flush(store: &mut Store) {
    if !store.current.is_multiple_of(8) {
        return;
    }
    for (key, value) in std::mem::take(&mut store.notes.late) {
        store.state.entry(key).or_insert(value);
    }
    store.notes.history = store.state.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
}

fn logs() -> Vec<Mutant> {
    vec![
        broken(
            "blind-log-shares-large-values",
            "get_batch reads values of 1024 octets or more from State, if the key holds one of the same length",
            &["LOG-2", "LOG-4", "LOG-1"],
            Fault {
                batch: |store, number| {
                    let mut entry = store.batch(number);
                    for (key, value) in entry.iter_mut().flatten() {
                        let shared = store.state.get(key).filter(|now| now.len() >= 1024 && now.len() == value.len());
                        if let Some(now) = shared {
                            *value = now.clone();
                        }
                    }
                    Ok(entry)
                },
                ..RIGHT
            },
        ),
        broken(
            "blind-prune-remembers-far-cutoff",
            "a cutoff beyond the next number is remembered, and applied again by later prunes with smaller cutoffs",
            &["PRN-4", "PRN-3", "PRN-1"],
            Fault {
                prune: |store, cutoff| {
                    if cutoff > store.current + 1 {
                        store.notes.count = store.notes.count.max(cutoff);
                    }
                    Ok(store.prune(cutoff.max(store.notes.count)))
                },
                ..RIGHT
            },
        ),
    ]
}

fn reopens() -> Vec<Mutant> {
    vec![
        durable(
            "blind-reopen-after-delete-skips-numbers",
            "numbers are reserved by eights, and a close after a delete does not give back the unused ones",
            &["DUR-1", "SEQ-4", "PUT-4"],
            Fault {
                closing: |store| {
                    if store.log.values().next_back().is_some_and(Vec::is_empty) {
                        store.current = store.current.next_multiple_of(8);
                    }
                },
                ..RIGHT
            },
        ),
        durable(
            "blind-reopen-replays-last-entries",
            "a reopen writes the pairs of the last three log entries again, whatever was deleted between them",
            &["DUR-6", "DUR-1"],
            Fault {
                reopened: |store| {
                    let last: Vec<Vec<Pair>> = store.log.values().rev().take(3).cloned().collect();
                    for entry in last.iter().rev() {
                        store.write(entry);
                    }
                    Ok(())
                },
                ..RIGHT
            },
        ),
    ]
}
