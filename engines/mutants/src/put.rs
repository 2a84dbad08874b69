//! Faults of `put_batch`: what reaches State, empty batches, equal values, large batches (PUT-1, PUT-2, PUT-6,
//! PUT-13, PUT-14, PUT-15).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Store, copied};
use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [duplicates(), partial(), neighbours(), late(), empty(), same_value(), large()].into_iter().flatten().collect()
}

fn duplicates() -> Vec<Mutant> {
    vec![
        broken(
            "put-first-duplicate-wins",
            "of several pairs with one key in a batch the first one is kept",
            &["PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let reversed: Vec<Pair> = kvs.iter().rev().cloned().collect();
                    Ok(store.put_storing(kvs, &reversed))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-third-duplicate-lost",
            "of several pairs with one key in a batch only the first two are looked at",
            &["PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let mut seen: BTreeMap<&Bytes, u32> = BTreeMap::new();
                    let mut stored = Vec::new();
                    for pair in kvs {
                        let times = seen.entry(&pair.0).or_default();
                        *times += 1;
                        if *times <= 2 {
                            stored.push(pair.clone());
                        }
                    }
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
    ]
}

fn partial() -> Vec<Mutant> {
    vec![
        broken(
            "put-second-of-two-dropped",
            "a batch of exactly two pairs leaves its second pair out of State",
            &["PUT-1", "PUT-2", "GET-1"],
            Fault {
                put: |store, kvs| Ok(store.put_storing(kvs, if kvs.len() == 2 { &kvs[..1] } else { kvs })),
                ..RIGHT
            },
        ),
        broken(
            "put-over-100-drops-last",
            "a batch of more than 100 pairs leaves its last pair out of State",
            &["PUT-1", "PUT-2", "PUT-15", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let stored = if kvs.len() > 100 { kvs.len() - 1 } else { kvs.len() };
                    Ok(store.put_storing(kvs, &kvs[..stored]))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-new-key-beside-old-lost",
            "a batch that overwrites a key leaves the keys that are new in it out of State",
            &["PUT-1", "PUT-2", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let (old, new): (Vec<Pair>, Vec<Pair>) =
                        kvs.iter().cloned().partition(|(key, _)| store.state.contains_key(key));
                    Ok(store.put_storing(kvs, if old.is_empty() { &new } else { &old }))
                },
                ..RIGHT
            },
        ),
    ]
}

fn neighbours() -> Vec<Mutant> {
    vec![
        broken(
            "put-overwrite-removes-next-key",
            "overwriting a key removes the key that follows it in order",
            &["PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let hit: Vec<Bytes> = kvs
                        .iter()
                        .filter(|(key, _)| store.state.contains_key(key))
                        .filter_map(|(key, _)| store.following(key))
                        .collect();
                    let written: BTreeSet<&Bytes> = kvs.iter().map(|(key, _)| key).collect();
                    for key in hit.iter().filter(|key| !written.contains(key)) {
                        store.state.remove(key);
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-shorter-value-keeps-tail",
            "a value written over a longer one keeps the longer one's last octets",
            &["PUT-1", "PUT-14", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let merged = |(key, value): &Pair| {
                        let tail = store.state.get(key).and_then(|old| old.get(value.len()..)).unwrap_or_default();
                        (key.clone(), Bytes::from([&value[..], tail].concat()))
                    };
                    let stored: Vec<Pair> = kvs.iter().map(merged).collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Applies what an earlier write left for later.
fn catch_up(store: &mut Store) {
    let late = std::mem::take(&mut store.notes.late);
    store.write(&late);
    store.log.append(&mut store.notes.entries);
}

fn late() -> Vec<Mutant> {
    vec![
        broken(
            "put-large-batch-readable-late",
            "a batch of more than 16 pairs is in State only once the next write has come",
            &["PUT-6", "PUT-1", "SEQ-2", "GET-1"],
            Fault {
                put: |store, kvs| {
                    catch_up(store);
                    if kvs.len() <= 16 {
                        return Ok(store.put(kvs));
                    }
                    store.notes.late = copied(kvs);
                    Ok(store.record(kvs))
                },
                delete: |store, keys| {
                    catch_up(store);
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-every-fourth-logged-late",
            "every fourth write that is a put gets its log entry only when the next write has come",
            &["PUT-6", "LOG-4", "LOG-1", "SEQ-2"],
            Fault {
                put: |store, kvs| {
                    catch_up(store);
                    let number = store.put(kvs);
                    if number % 4 == 0 {
                        store.notes.entries = store.log.split_off(&number);
                    }
                    Ok(number)
                },
                delete: |store, keys| {
                    catch_up(store);
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
    ]
}

fn empty() -> Vec<Mutant> {
    let mut mutants = empty_numbering();
    mutants.extend([
        broken(
            "empty-put-unlogged",
            "an empty put takes a number but gets no log entry",
            &["PUT-13", "LOG-6"],
            Fault { put: |store, kvs| if kvs.is_empty() { Ok(store.next()) } else { Ok(store.put(kvs)) }, ..RIGHT },
        ),
        broken(
            "empty-put-accepted-once",
            "the first empty put is accepted, all later ones are refused",
            &["PUT-13"],
            Fault {
                put: |store, kvs| {
                    if kvs.is_empty() && std::mem::replace(&mut store.notes.flag, true) {
                        return Err("the batch is empty".to_owned());
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "empty-put-removes-a-key",
            "an empty put removes the greatest key",
            &["PUT-13", "PUT-1"],
            Fault {
                put: |store, kvs| {
                    if kvs.is_empty() {
                        store.state.pop_last();
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]);
    mutants
}

fn empty_numbering() -> Vec<Mutant> {
    vec![
        broken(
            "empty-put-answers-current",
            "an empty put takes no number and answers the newest one again",
            &["PUT-13", "PUT-3"],
            Fault { put: |store, kvs| if kvs.is_empty() { Ok(store.current) } else { Ok(store.put(kvs)) }, ..RIGHT },
        ),
        broken(
            "empty-put-refused-takes-number",
            "an empty put is refused but consumes a number, for which there is no log entry",
            &["PUT-13", "PUT-10", "PUT-9", "PUT-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    if kvs.is_empty() {
                        store.next();
                        return Err("the batch is empty".to_owned());
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Whether State already holds the pair.
fn unchanged(store: &Store, (key, value): &Pair) -> bool {
    store.state.get(key) == Some(value)
}

fn same_value() -> Vec<Mutant> {
    vec![
        broken(
            "same-value-put-ignored",
            "a batch that changes nothing takes no number and answers the newest one again",
            &["PUT-14", "PUT-3"],
            Fault {
                put: |store, kvs| {
                    let idle = !kvs.is_empty() && kvs.iter().all(|pair| unchanged(store, pair));
                    Ok(if idle { store.current } else { store.put(kvs) })
                },
                ..RIGHT
            },
        ),
        broken(
            "same-value-put-unlogged",
            "a batch that changes nothing takes a number but gets no log entry",
            &["PUT-14", "LOG-1", "LOG-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    let idle = !kvs.is_empty() && kvs.iter().all(|pair| unchanged(store, pair));
                    Ok(if idle { store.next() } else { store.put(kvs) })
                },
                ..RIGHT
            },
        ),
        broken(
            "same-value-pairs-unlogged",
            "pairs whose value is already stored are left out of the log entry",
            &["PUT-14", "LOG-1"],
            Fault {
                put: |store, kvs| {
                    let logged: Vec<Pair> = kvs.iter().filter(|pair| !unchanged(store, pair)).cloned().collect();
                    Ok(store.put_logging(kvs, &logged))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-third-write-of-key-lost",
            "the third write of a key does not reach State",
            &["PUT-14", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    for (key, value) in copied(kvs) {
                        store.notes.history.entry(key).or_default().push(value);
                    }
                    let third = |key: &Bytes| store.notes.history.get(key).is_some_and(|values| values.len() == 3);
                    let stored: Vec<Pair> = kvs.iter().filter(|(key, _)| !third(key)).cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
    ]
}

fn large() -> Vec<Mutant> {
    vec![
        broken(
            "put-over-10000-cut",
            "a batch of more than 10,000 pairs keeps the first 10,000, in State and log",
            &["PUT-15", "PUT-1", "PUT-2", "LOG-1"],
            Fault { put: |store, kvs| Ok(store.put(&kvs[..kvs.len().min(10_000)])), ..RIGHT },
        ),
        broken(
            "put-over-10000-refused-partly",
            "a batch of more than 10,000 pairs is refused, but its first 10,000 pairs are in State",
            &["PUT-15", "PUT-2", "PUT-8"],
            Fault {
                put: |store, kvs| {
                    if kvs.len() > 10_000 {
                        store.write(&kvs[..10_000]);
                        return Err("the batch is too large".to_owned());
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-over-10000-refused-takes-number",
            "a batch of more than 10,000 pairs is refused and consumes a number, for which there is no log entry",
            &["PUT-15", "PUT-10", "PUT-9", "PUT-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    if kvs.len() > 10_000 {
                        store.next();
                        return Err("the batch is too large".to_owned());
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "put-1000-pairs-refused",
            "a batch of 1,000 pairs or more is refused",
            &["GEN-12"],
            Fault {
                put: |store, kvs| {
                    if kvs.len() >= 1_000 { Err("too many pairs".to_owned()) } else { Ok(store.put(kvs)) }
                },
                ..RIGHT
            },
        ),
    ]
}
