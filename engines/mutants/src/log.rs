//! Faults of the batch log: what an entry holds, which numbers have one, and for how long (LOG-1 to LOG-9).

use std::collections::BTreeMap;

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Store};
use crate::fault::{Fault, RIGHT, broken, hostile};

pub(crate) fn mutants() -> Vec<Mutant> {
    [order(), left_out(), rewritten(), unassigned(), errors(), shed(), back()].into_iter().flatten().collect()
}

fn order() -> Vec<Mutant> {
    vec![
        broken(
            "log-sorts-pairs",
            "a log entry holds its pairs in the order of keys",
            &["LOG-1"],
            Fault {
                put: |store, kvs| {
                    let mut sorted = kvs.to_vec();
                    sorted.sort_by(|a, b| a.0.cmp(&b.0));
                    Ok(store.put_logging(kvs, &sorted))
                },
                ..RIGHT
            },
        ),
        broken(
            "log-collapses-duplicates",
            "of several pairs with one key a log entry holds the last one, in its place",
            &["LOG-1"],
            Fault {
                put: |store, kvs| {
                    let last: BTreeMap<&Bytes, usize> = kvs.iter().enumerate().map(|(at, kv)| (&kv.0, at)).collect();
                    let is_last = |(at, (key, _)): &(usize, &Pair)| last.get(key) == Some(at);
                    let logged: Vec<Pair> =
                        kvs.iter().enumerate().filter(is_last).map(|(_, pair)| pair.clone()).collect();
                    Ok(store.put_logging(kvs, &logged))
                },
                ..RIGHT
            },
        ),
        broken(
            "log-second-read-reversed",
            "reading the same log entry twice in a row shows its pairs backwards the second time",
            &["LOG-4", "LOG-1"],
            Fault {
                batch: |store, number| {
                    let again = store.notes.count == number;
                    store.notes.count = if again { 0 } else { number };
                    let mut entry = store.batch(number);
                    if again && let Some(pairs) = &mut entry {
                        pairs.reverse();
                    }
                    Ok(entry)
                },
                ..RIGHT
            },
        ),
    ]
}

/// Logs only the pairs that `keep` picks.
fn put_logging_some(store: &mut Store, kvs: &[Pair], keep: impl Fn(&Pair) -> bool) -> u64 {
    let logged: Vec<Pair> = kvs.iter().filter(|pair| keep(pair)).cloned().collect();
    store.put_logging(kvs, &logged)
}

fn left_out() -> Vec<Mutant> {
    vec![
        broken(
            "log-drops-empty-values",
            "pairs with empty values are left out of log entries",
            &["LOG-1"],
            Fault { put: |store, kvs| Ok(put_logging_some(store, kvs, |(_, value)| !value.is_empty())), ..RIGHT },
        ),
        broken(
            "log-drops-empty-key",
            "pairs with the empty key are left out of log entries",
            &["LOG-1"],
            Fault { put: |store, kvs| Ok(put_logging_some(store, kvs, |(key, _)| !key.is_empty())), ..RIGHT },
        ),
        broken(
            "log-cuts-values-at-1024",
            "a log entry holds only the first 1,024 octets of a value",
            &["LOG-1"],
            Fault {
                put: |store, kvs| {
                    let cut = |(key, value): &Pair| (key.clone(), value.slice(..value.len().min(1_024)));
                    let logged: Vec<Pair> = kvs.iter().map(cut).collect();
                    Ok(store.put_logging(kvs, &logged))
                },
                ..RIGHT
            },
        ),
        broken(
            "log-keys-as-utf8",
            "octets of a key that are not UTF-8 are replaced in log entries",
            &["LOG-1", "GEN-10"],
            Fault {
                put: |store, kvs| {
                    let text = |key: &[u8]| Bytes::from(String::from_utf8_lossy(key).into_owned());
                    let logged: Vec<Pair> = kvs.iter().map(|(key, value)| (text(key), value.clone())).collect();
                    Ok(store.put_logging(kvs, &logged))
                },
                ..RIGHT
            },
        ),
    ]
}

fn rewritten() -> Vec<Mutant> {
    vec![
        broken(
            "log-shows-current-values",
            "a log entry shows the values that its keys have now",
            &["LOG-2", "LOG-1", "LOG-4"],
            Fault {
                batch: |store, number| {
                    let now = |(key, value): Pair| (key.clone(), store.state.get(&key).cloned().unwrap_or(value));
                    Ok(store.batch(number).map(|entry| entry.into_iter().map(now).collect()))
                },
                ..RIGHT
            },
        ),
        broken(
            "log-loses-deleted-keys",
            "deleting a key takes it out of earlier log entries",
            &["LOG-2", "LOG-1", "LOG-4"],
            Fault {
                delete: |store, keys| {
                    for entry in store.log.values_mut() {
                        entry.retain(|(key, _)| !keys.contains(&&key[..]));
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
    ]
}

fn unassigned() -> Vec<Mutant> {
    vec![
        broken(
            "get-batch-zero-is-empty",
            "get_batch(0) answers an entry without pairs",
            &["LOG-3", "OLD-1"],
            Fault {
                batch: |store, number| if number == 0 { Ok(Some(Vec::new())) } else { Ok(store.batch(number)) },
                ..RIGHT
            },
        ),
        broken(
            "get-batch-next-is-empty",
            "get_batch of the number that comes next answers an entry without pairs",
            &["LOG-3", "LOG-7"],
            Fault {
                batch: |store, number| {
                    Ok(if number == store.current + 1 { Some(Vec::new()) } else { store.batch(number) })
                },
                ..RIGHT
            },
        ),
        broken(
            "get-batch-above-answers-newest",
            "get_batch of a number not yet assigned answers the newest entry",
            &["LOG-3", "LOG-7"],
            Fault { batch: |store, number| Ok(store.batch(number.min(store.current))), ..RIGHT },
        ),
        broken(
            "get-batch-remembers-none",
            "a number that get_batch once answered None for has no entry ever after",
            &["LOG-4", "LOG-1"],
            Fault {
                batch: |store, number| {
                    if store.notes.entries.contains_key(&number) {
                        return Ok(None);
                    }
                    let entry = store.batch(number);
                    if entry.is_none() {
                        store.notes.entries.insert(number, Vec::new());
                    }
                    Ok(entry)
                },
                ..RIGHT
            },
        ),
        broken(
            "get-batch-number-in-32-bits",
            "the number passed to get_batch is cut to 32 bits",
            &["LOG-3"],
            Fault { batch: |store, number| Ok(store.batch(number & 0xFFFF_FFFF)), ..RIGHT },
        ),
    ]
}

fn errors() -> Vec<Mutant> {
    vec![
        broken(
            "get-batch-unassigned-err",
            "get_batch of a number not yet assigned is an error",
            &["LOG-3", "GEN-12"],
            Fault {
                batch: |store, number| {
                    if number > store.current { Err("no such batch".to_owned()) } else { Ok(store.batch(number)) }
                },
                ..RIGHT
            },
        ),
        broken(
            "get-batch-max-err",
            "get_batch(u64::MAX) is an error",
            &["LOG-3", "GEN-12"],
            Fault {
                batch: |store, number| {
                    i64::try_from(number).map(|_| store.batch(number)).map_err(|_| "out of range".to_owned())
                },
                ..RIGHT
            },
        ),
        hostile(broken(
            "get-batch-max-overflows",
            "get_batch(u64::MAX) panics for an addition that overflows",
            &["LOG-3", "GEN-4"],
            Fault {
                batch: |store, number| {
                    let upper = number.checked_add(1).expect("attempt to add with overflow");
                    Ok(store.log.range(number..upper).next().map(|(_, entry)| entry.clone()))
                },
                ..RIGHT
            },
        )),
        broken(
            "get-batch-pruned-err",
            "get_batch of a pruned number is an error",
            &["LOG-3", "GEN-12"],
            Fault {
                batch: |store, number| match store.batch(number) {
                    None if (1..=store.current).contains(&number) => Err("pruned".to_owned()),
                    entry => Ok(entry),
                },
                ..RIGHT
            },
        ),
    ]
}

fn shed() -> Vec<Mutant> {
    vec![
        broken(
            "log-keeps-last-100",
            "the log keeps the last 100 entries",
            &["LOG-9", "LOG-4"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    store.prune(number.saturating_sub(99));
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "log-sheds-over-4-mib",
            "a put after which the log holds more than 4 MiB drops all older entries",
            &["LOG-9", "LOG-4"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    store.notes.count += kvs.iter().map(|(_, value)| value.len() as u64).sum::<u64>();
                    if store.notes.count > 4 << 20 {
                        store.prune(number);
                        store.notes.count = 0;
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "log-leaves-out-1000-pairs",
            "a put of 1,000 pairs or more gets no log entry",
            &["LOG-1", "LOG-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    if kvs.len() >= 1_000 {
                        store.log.remove(&number);
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "log-leaves-out-first-write",
            "the first put of a fresh store gets no log entry",
            &["OLD-2", "LOG-1", "LOG-4"],
            Fault {
                put: |store, kvs| {
                    let fresh = store.current == 0;
                    let number = store.put(kvs);
                    if fresh {
                        store.log.clear();
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

fn back() -> Vec<Mutant> {
    vec![
        broken(
            "pruned-returns-with-next-put",
            "the next put brings pruned entries back",
            &["LOG-5", "OLD-4"],
            Fault {
                prune: |store, cutoff| {
                    let mut pruned = store.take_below(cutoff);
                    let count = pruned.len() as u64;
                    store.notes.entries.append(&mut pruned);
                    Ok(count)
                },
                put: |store, kvs| {
                    store.log.append(&mut store.notes.entries);
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "pruned-stays-readable",
            "a pruned entry can still be read by its number",
            &["PRN-1", "LOG-3", "OLD-1"],
            Fault {
                prune: |store, cutoff| {
                    let mut pruned = store.take_below(cutoff);
                    let count = pruned.len() as u64;
                    store.notes.entries.append(&mut pruned);
                    Ok(count)
                },
                batch: |store, number| Ok(store.batch(number).or_else(|| store.notes.entries.get(&number).cloned())),
                ..RIGHT
            },
        ),
    ]
}
