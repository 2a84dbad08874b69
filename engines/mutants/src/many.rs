//! Faults of `get_many` (MANY-1, MANY-2, MANY-3).

use std::collections::BTreeSet;

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Entry, Store};
use crate::fault::{Fault, Many, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [shape(), echo(), values(), remembered(), no_keys()].into_iter().flatten().collect()
}

/// A fault of `get_many` alone.
const fn many(many: Many) -> Fault {
    Fault { many: Some(many), ..RIGHT }
}

fn shape() -> Vec<Mutant> {
    vec![
        broken(
            "many-collapses-duplicates",
            "get_many answers a key that is asked for twice once",
            &["MANY-1"],
            many(|store, keys| {
                let mut seen = BTreeSet::new();
                Ok(store.many(keys).into_iter().filter(|(key, _)| seen.insert(key.clone())).collect())
            }),
        ),
        broken(
            "many-sorts-keys",
            "get_many answers in the order of keys",
            &["MANY-1"],
            many(|store, keys| {
                let mut entries = store.many(keys);
                entries.sort();
                Ok(entries)
            }),
        ),
        broken(
            "many-drops-missing",
            "get_many leaves out keys that do not exist",
            &["MANY-1"],
            many(|store, keys| Ok(store.many(keys).into_iter().filter(|(_, value)| value.is_some()).collect())),
        ),
        broken(
            "many-missing-last",
            "get_many puts keys that do not exist behind those that do",
            &["MANY-1"],
            many(|store, keys| {
                let mut entries = store.many(keys);
                entries.sort_by_key(|(_, value)| value.is_none());
                Ok(entries)
            }),
        ),
        broken(
            "many-cap-100",
            "get_many answers the first 100 keys only",
            &["MANY-1"],
            many(|store, keys| Ok(store.many(&keys[..keys.len().min(100)]))),
        ),
    ]
}

fn echo() -> Vec<Mutant> {
    vec![
        broken(
            "many-missing-echoed-as-empty",
            "get_many echoes keys that do not exist as the empty key",
            &["MANY-1"],
            many(|store, keys| {
                let echo = |(key, value): Entry| (if value.is_none() { Vec::new() } else { key }, value);
                Ok(store.many(keys).into_iter().map(echo).collect())
            }),
        ),
        broken(
            "many-echoes-text",
            "get_many echoes keys that are not UTF-8 with their octets replaced",
            &["MANY-1", "GEN-10"],
            many(|store, keys| {
                let text = |(key, value): Entry| (String::from_utf8_lossy(&key).into_owned().into_bytes(), value);
                Ok(store.many(keys).into_iter().map(text).collect())
            }),
        ),
    ]
}

fn values() -> Vec<Mutant> {
    vec![
        broken(
            "many-missing-is-empty",
            "get_many answers an empty value for keys that do not exist",
            &["MANY-2"],
            many(|store, keys| {
                let found = |(key, value): Entry| (key, Some(value.unwrap_or_default()));
                Ok(store.many(keys).into_iter().map(found).collect())
            }),
        ),
        broken(
            "many-empty-value-is-none",
            "get_many answers None for keys whose value is empty",
            &["MANY-2", "GET-2"],
            many(|store, keys| {
                let found = |(key, value): Entry| (key, value.filter(|value| !value.is_empty()));
                Ok(store.many(keys).into_iter().map(found).collect())
            }),
        ),
        broken(
            "many-repeated-key-is-none",
            "get_many answers None when it meets a key for the second time",
            &["MANY-2"],
            many(|store, keys| {
                let mut seen = BTreeSet::new();
                let first = |(key, value): Entry| {
                    let value = value.filter(|_| seen.insert(key.clone()));
                    (key, value)
                };
                Ok(store.many(keys).into_iter().map(first).collect())
            }),
        ),
        broken(
            "many-values-shift-after-missing",
            "get_many gives the key behind a missing key no value",
            &["MANY-2"],
            many(|store, keys| {
                let mut entries = store.many(keys);
                for at in (1..entries.len()).rev() {
                    if entries[at - 1].1.is_none() {
                        entries[at].1 = None;
                    }
                }
                Ok(entries)
            }),
        ),
    ]
}

fn remembered() -> Vec<Mutant> {
    /// What a cache beside the store holds, whatever became of the key since.
    fn cached(store: &Store, key: &[u8]) -> Option<Vec<u8>> {
        store.notes.history.get(key).and_then(|values| values.first()).map(|value| value.to_vec())
    }
    vec![
        broken(
            "many-stale",
            "get_many answers the first value that a key was given",
            &["MANY-2"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                ..many(|store, keys| {
                    let entries = store.many(keys).into_iter();
                    let stale = |(key, value): Entry| {
                        let value = value.and_then(|_| cached(store, &key));
                        (key, value)
                    };
                    Ok(entries.map(stale).collect())
                })
            },
        ),
        broken(
            "many-shows-deleted",
            "get_many answers for deleted keys the value that they had",
            &["MANY-2", "DEL-1"],
            Fault {
                delete: |store, keys| {
                    for key in keys {
                        if let Some(value) = store.get(key) {
                            store.notes.history.insert(Bytes::copy_from_slice(key), vec![value.into()]);
                        }
                    }
                    Ok(store.delete(keys))
                },
                ..many(|store, keys| {
                    let entries = store.many(keys).into_iter();
                    let kept = |(key, value): Entry| {
                        let value = value.or_else(|| cached(store, &key));
                        (key, value)
                    };
                    Ok(entries.map(kept).collect())
                })
            },
        ),
    ]
}

fn no_keys() -> Vec<Mutant> {
    vec![
        broken(
            "many-no-keys-err",
            "get_many of no keys is an error",
            &["MANY-3", "GEN-12"],
            many(|store, keys| if keys.is_empty() { Err("no keys".to_owned()) } else { Ok(store.many(keys)) }),
        ),
        broken(
            "many-no-keys-answers-all",
            "get_many of no keys answers every key of the store",
            &["MANY-3", "MANY-1"],
            many(|store, keys| {
                if !keys.is_empty() {
                    return Ok(store.many(keys));
                }
                Ok(store.state.iter().map(|(key, value)| (key.to_vec(), Some(value.to_vec()))).collect())
            }),
        ),
    ]
}
