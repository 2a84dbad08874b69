//! Faults of `delete_batch` (DEL-1 to DEL-7).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Store};
use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [too_few(), too_many(), numbers(), refusals(), logged(), rewritten(), empty()].into_iter().flatten().collect()
}

fn exists(store: &Store, key: &[u8]) -> bool {
    store.state.contains_key(key)
}

fn too_few() -> Vec<Mutant> {
    vec![
        broken(
            "delete-first-key-only",
            "a delete of several keys deletes the first one",
            &["DEL-1"],
            Fault { delete: |store, keys| Ok(store.delete(&keys[..keys.len().min(1)])), ..RIGHT },
        ),
        broken(
            "delete-stops-at-missing-key",
            "a delete leaves the keys behind a missing one where they are",
            &["DEL-1", "DEL-3"],
            Fault {
                delete: |store, keys| {
                    let found = keys.iter().take_while(|key| exists(store, key)).count();
                    Ok(store.delete(&keys[..found]))
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-cap-1000",
            "a delete removes 1,000 keys at most",
            &["DEL-6", "DEL-1"],
            Fault { delete: |store, keys| Ok(store.delete(&keys[..keys.len().min(1_000)])), ..RIGHT },
        ),
        broken(
            "delete-skips-empty-key",
            "a delete leaves the empty key where it is",
            &["DEL-1"],
            Fault {
                delete: |store, keys| {
                    let keys: Vec<&[u8]> = keys.iter().copied().filter(|key| !key.is_empty()).collect();
                    Ok(store.delete(&keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-skips-empty-values",
            "a delete takes keys with empty values for missing and leaves them",
            &["DEL-1"],
            Fault {
                delete: |store, keys| {
                    let valued = |key: &&[u8]| store.get(key).is_some_and(|value| !value.is_empty());
                    let keys: Vec<&[u8]> = keys.iter().copied().filter(valued).collect();
                    Ok(store.delete(&keys))
                },
                ..RIGHT
            },
        ),
    ]
}

fn too_many() -> Vec<Mutant> {
    vec![
        broken(
            "delete-takes-extensions",
            "deleting a key that exists deletes the keys that extend it",
            &["DEL-1", "GEN-10"],
            Fault {
                delete: |store, keys| {
                    for key in keys.iter().filter(|key| !key.is_empty()) {
                        while let Some(next) = store.following(key).filter(|next| next.starts_with(key)) {
                            store.state.remove(&next);
                        }
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-missing-takes-next",
            "deleting a missing key deletes the key after it",
            &["DEL-1", "DEL-3"],
            Fault {
                delete: |store, keys| {
                    let next: Vec<Bytes> =
                        keys.iter().filter(|key| !exists(store, key)).filter_map(|key| store.following(key)).collect();
                    for key in next {
                        store.state.remove(&key);
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-brings-back-former-value",
            "deleting a key that was overwritten brings back the value before",
            &["DEL-1", "GET-1"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                delete: |store, keys| {
                    let number = store.delete(keys);
                    for key in keys {
                        if let Some([.., former, _]) = store.notes.history.remove(*key).as_deref() {
                            store.state.insert(Bytes::copy_from_slice(key), former.clone());
                        }
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

fn numbers() -> Vec<Mutant> {
    vec![
        broken(
            "delete-takes-no-number",
            "a delete takes no number and answers the newest one again",
            &["DEL-2", "PUT-3", "DEL-4"],
            Fault {
                delete: |store, keys| {
                    for key in keys {
                        store.state.remove(*key);
                    }
                    Ok(store.current)
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-of-missing-takes-no-number",
            "a delete that removes nothing takes no number and answers the newest one again",
            &["DEL-3", "DEL-2", "PUT-3"],
            Fault {
                delete: |store, keys| {
                    let idle = !keys.is_empty() && keys.iter().all(|key| !exists(store, key));
                    Ok(if idle { store.current } else { store.delete(keys) })
                },
                ..RIGHT
            },
        ),
    ]
}

fn refusals() -> Vec<Mutant> {
    vec![
        broken(
            "delete-of-missing-err",
            "deleting a missing key is an error",
            &["DEL-3", "GEN-12"],
            Fault {
                delete: |store, keys| match keys.iter().find(|key| !exists(store, key)) {
                    Some(_) => Err("no such key".to_owned()),
                    None => Ok(store.delete(keys)),
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-of-repeated-err",
            "naming a key twice in a delete is an error",
            &["DEL-3", "GEN-12"],
            Fault {
                delete: |store, keys| {
                    let mut sorted = keys.to_vec();
                    sorted.sort_unstable();
                    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
                        return Err("a key is named twice".to_owned());
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
    ]
}

fn logged() -> Vec<Mutant> {
    vec![
        broken(
            "delete-unlogged",
            "a delete takes a number but gets no log entry",
            &["DEL-4", "LOG-6"],
            Fault {
                delete: |store, keys| {
                    let number = store.delete(keys);
                    store.log.remove(&number);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-of-missing-unlogged",
            "a delete that removes nothing takes a number but gets no log entry",
            &["DEL-4", "LOG-6"],
            Fault {
                delete: |store, keys| {
                    let idle = keys.iter().all(|key| !exists(store, key));
                    Ok(if idle && !keys.is_empty() { store.next() } else { store.delete(keys) })
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-logs-keys",
            "the log entry of a delete holds the deleted keys with empty values",
            &["DEL-4"],
            Fault {
                delete: |store, keys| {
                    let number = store.delete(keys);
                    let gone = |key: &&[u8]| (Bytes::copy_from_slice(key), Bytes::new());
                    store.log.insert(number, keys.iter().map(gone).collect());
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

fn rewritten() -> Vec<Mutant> {
    fn delete_noting(store: &mut Store, keys: &[&[u8]]) -> u64 {
        store.notes.keys.extend(keys.iter().map(|key| Bytes::copy_from_slice(key)));
        store.delete(keys)
    }
    vec![
        broken(
            "delete-is-for-ever",
            "a key that was deleted cannot be written again",
            &["DEL-7", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let gone = &store.notes.keys;
                    let stored: Vec<Pair> = kvs.iter().filter(|(key, _)| !gone.contains(key)).cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                delete: |store, keys| Ok(delete_noting(store, keys)),
                ..RIGHT
            },
        ),
        broken(
            "delete-hides-rewritten-from-scans",
            "a key that was deleted and written again is left out of scans",
            &["DEL-7", "SCAN-9", "SCAN-10"],
            Fault {
                delete: |store, keys| Ok(delete_noting(store, keys)),
                scan: |store, span| {
                    let rows = store.rows(span).into_iter().filter(|(key, _)| !store.notes.keys.contains(key));
                    Ok(rows.take(span.limit).collect())
                },
                ..RIGHT
            },
        ),
    ]
}

fn empty() -> Vec<Mutant> {
    vec![
        broken(
            "empty-delete-clears-all",
            "a delete of no keys clears State",
            &["DEL-5", "DEL-1"],
            Fault {
                delete: |store, keys| {
                    if keys.is_empty() {
                        store.state.clear();
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "empty-delete-unlogged",
            "a delete of no keys takes a number but gets no log entry",
            &["DEL-5", "LOG-6"],
            Fault {
                delete: |store, keys| Ok(if keys.is_empty() { store.next() } else { store.delete(keys) }),
                ..RIGHT
            },
        ),
        broken(
            "empty-delete-wavers",
            "a delete of no keys takes a number every other time",
            &["DEL-5"],
            Fault {
                delete: |store, keys| {
                    store.notes.flag ^= keys.is_empty();
                    Ok(if keys.is_empty() && store.notes.flag { store.current } else { store.delete(keys) })
                },
                ..RIGHT
            },
        ),
    ]
}
