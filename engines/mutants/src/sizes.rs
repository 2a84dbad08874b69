//! Faults at the sizes that are accepted and those that may be refused: the empty key and value, 254 octets, 10 MiB
//! and what lies beyond (PUT-2, PUT-8 to PUT-12, GET-2, GET-3).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Answer, Pair, Store};
use crate::fault::{Fault, RIGHT, broken, hostile};

const LONGEST_KEY: usize = 254;
const LONGEST_VALUE: usize = 10 << 20;

pub(crate) fn mutants() -> Vec<Mutant> {
    [refused(), accepted_keys(), accepted_values(), oversize_keys(), oversize_values(), empty_values(), reads()]
        .into_iter()
        .flatten()
        .collect()
}

fn too_large((key, value): &Pair) -> bool {
    key.len() > LONGEST_KEY || value.len() > LONGEST_VALUE
}

fn refusal<T>() -> Answer<T> {
    Err("a key or a value is too long".to_owned())
}

/// A put that refuses every batch with a pair that `refused` picks.
fn put_unless(store: &mut Store, kvs: &[Pair], refused: impl Fn(&Pair) -> bool) -> Answer<u64> {
    if kvs.iter().any(refused) { refusal() } else { Ok(store.put(kvs)) }
}

/// A put whose pairs reach State as `stored` makes them, and the log as they are.
fn put_changed(store: &mut Store, kvs: &[Pair], stored: impl Fn(&Pair) -> Pair) -> Answer<u64> {
    let stored: Vec<Pair> = kvs.iter().map(stored).collect();
    Ok(store.put_storing(kvs, &stored))
}

fn refused() -> Vec<Mutant> {
    vec![
        broken(
            "refused-put-applies-pairs-before",
            "a batch refused for an oversize pair has stored the pairs before that pair",
            &["PUT-10", "PUT-2", "PUT-8"],
            Fault {
                put: |store, kvs| match kvs.iter().position(too_large) {
                    Some(at) => {
                        store.write(&kvs[..at]);
                        refusal()
                    }
                    None => Ok(store.put(kvs)),
                },
                ..RIGHT
            },
        ),
        broken(
            "refused-put-takes-number",
            "a batch refused for an oversize pair consumes a number, for which there is no log entry",
            &["PUT-10", "PUT-9", "PUT-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    if kvs.iter().any(too_large) {
                        store.next();
                    }
                    put_unless(store, kvs, too_large)
                },
                ..RIGHT
            },
        ),
        broken(
            "refused-put-is-logged",
            "a batch refused for an oversize pair stands in the log under a number of its own",
            &["PUT-10", "PUT-8", "LOG-7"],
            Fault {
                put: |store, kvs| {
                    if kvs.iter().any(too_large) {
                        store.record(kvs);
                    }
                    put_unless(store, kvs, too_large)
                },
                ..RIGHT
            },
        ),
        broken(
            "refused-put-is-stored",
            "a batch refused for an oversize value is stored whole, but has neither number nor log entry",
            &["PUT-10", "PUT-8"],
            Fault {
                put: |store, kvs| {
                    if kvs.iter().any(too_large) {
                        store.write(kvs);
                    }
                    put_unless(store, kvs, too_large)
                },
                ..RIGHT
            },
        ),
    ]
}

fn accepted_keys() -> Vec<Mutant> {
    vec![
        broken(
            "key-of-254-refused",
            "a key of exactly 254 octets is refused",
            &["PUT-11", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(key, _)| key.len() >= LONGEST_KEY), ..RIGHT },
        ),
        broken(
            "key-of-254-loses-last-octet",
            "a key of exactly 254 octets is stored without its last octet",
            &["PUT-11", "GEN-10", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |(key, value)| {
                        let kept = if key.len() == LONGEST_KEY { LONGEST_KEY - 1 } else { key.len() };
                        (key.slice(..kept), value.clone())
                    })
                },
                ..RIGHT
            },
        ),
        broken(
            "key-empty-refused",
            "the empty key is refused",
            &["PUT-11", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(key, _)| key.is_empty()), ..RIGHT },
        ),
        broken(
            "key-empty-not-stored",
            "a pair with the empty key is accepted, logged and not stored",
            &["PUT-11", "PUT-1", "GET-3", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let stored: Vec<Pair> = kvs.iter().filter(|(key, _)| !key.is_empty()).cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "key-with-ff-refused",
            "a key that holds the octet 0xFF is refused",
            &["PUT-11", "GEN-10", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(key, _)| key.contains(&0xFF)), ..RIGHT },
        ),
        broken(
            "key-with-nul-refused",
            "a key that holds the octet 0x00 is refused",
            &["PUT-11", "GEN-10", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(key, _)| key.contains(&0x00)), ..RIGHT },
        ),
    ]
}

fn accepted_values() -> Vec<Mutant> {
    vec![
        broken(
            "value-empty-refused",
            "an empty value is refused",
            &["PUT-11", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(_, value)| value.is_empty()), ..RIGHT },
        ),
        broken(
            "value-of-10-mib-refused",
            "a value of exactly 10 MiB is refused",
            &["PUT-11", "GEN-12"],
            Fault { put: |store, kvs| put_unless(store, kvs, |(_, value)| value.len() >= LONGEST_VALUE), ..RIGHT },
        ),
        broken(
            "value-of-10-mib-loses-last-octet",
            "a value of exactly 10 MiB is stored without its last octet",
            &["PUT-11", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |(key, value)| {
                        let kept = if value.len() == LONGEST_VALUE { LONGEST_VALUE - 1 } else { value.len() };
                        (key.clone(), value.slice(..kept))
                    })
                },
                ..RIGHT
            },
        ),
        broken(
            "value-length-in-16-bits",
            "the length of a stored value is kept in 16 bits, so that longer values are cut",
            &["PUT-11", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |(key, value)| (key.clone(), value.slice(..value.len() & 0xFFFF)))
                },
                ..RIGHT
            },
        ),
    ]
}

fn oversize_keys() -> Vec<Mutant> {
    vec![
        broken(
            "key-over-254-cut",
            "a key of more than 254 octets is stored under its first 254",
            &["PUT-12"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |(key, value)| (key.slice(..key.len().min(LONGEST_KEY)), value.clone()))
                },
                ..RIGHT
            },
        ),
        broken(
            "key-of-255-is-empty-key",
            "the length of a key is kept modulo 255, so that a key of 255 octets is the empty key",
            &["PUT-12"],
            Fault {
                put: |store, kvs| put_changed(store, kvs, |(key, value)| (key.slice(..key.len() % 255), value.clone())),
                ..RIGHT
            },
        ),
        broken(
            "key-over-254-unreadable",
            "a key of more than 254 octets is accepted but never stored",
            &["PUT-12", "PUT-1"],
            Fault {
                put: |store, kvs| {
                    let stored: Vec<Pair> = kvs.iter().filter(|(key, _)| key.len() <= LONGEST_KEY).cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "delete-over-254-deletes-prefix",
            "deleting a key of more than 254 octets deletes the key of its first 254",
            &["DEL-1", "GEN-10"],
            Fault {
                delete: |store, keys| {
                    let cut: Vec<&[u8]> = keys.iter().map(|key| &key[..key.len().min(LONGEST_KEY)]).collect();
                    Ok(store.delete(&cut))
                },
                ..RIGHT
            },
        ),
    ]
}

fn oversize_values() -> Vec<Mutant> {
    vec![
        broken(
            "value-over-10-mib-cut",
            "a value of more than 10 MiB is cut to 10 MiB",
            &["PUT-12"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |(key, value)| (key.clone(), value.slice(..value.len().min(LONGEST_VALUE))))
                },
                ..RIGHT
            },
        ),
        broken(
            "value-over-10-mib-is-empty",
            "a value of more than 10 MiB is accepted and stored as the empty value",
            &["PUT-12"],
            Fault {
                put: |store, kvs| {
                    put_changed(store, kvs, |pair| {
                        (pair.0.clone(), if too_large(pair) { Bytes::new() } else { pair.1.clone() })
                    })
                },
                ..RIGHT
            },
        ),
    ]
}

fn empty_values() -> Vec<Mutant> {
    vec![
        broken(
            "value-empty-reads-as-none",
            "get answers None for a key whose value is empty",
            &["GET-2", "GET-1"],
            Fault { get: |store, key| Ok(store.get(key).filter(|value| !value.is_empty())), ..RIGHT },
        ),
        broken(
            "value-empty-deletes",
            "writing an empty value removes the key",
            &["GET-2", "PUT-11", "PUT-1"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    for (key, _) in kvs {
                        if store.state.get(key).is_some_and(Bytes::is_empty) {
                            store.state.remove(key);
                        }
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

fn reads() -> Vec<Mutant> {
    vec![
        hostile(broken(
            "get-over-254-panics",
            "get of a key of more than 254 octets panics",
            &["GET-3", "GEN-4"],
            Fault {
                get: |store, key| {
                    assert!(key.len() <= LONGEST_KEY, "the key is too long");
                    Ok(store.get(key))
                },
                ..RIGHT
            },
        )),
        broken(
            "get-over-254-finds-prefix",
            "get of a key of more than 254 octets answers for its first 254",
            &["GET-3", "GEN-10", "GET-1"],
            Fault { get: |store, key| Ok(store.get(&key[..key.len().min(LONGEST_KEY)])), ..RIGHT },
        ),
        broken(
            "get-empty-key-err",
            "get of the empty key is an error",
            &["GET-3", "GEN-12"],
            Fault {
                get: |store, key| if key.is_empty() { Err("no key".to_owned()) } else { Ok(store.get(key)) },
                ..RIGHT
            },
        ),
        broken(
            "get-empty-key-none",
            "get of the empty key answers None although it was written",
            &["GET-3", "GET-1"],
            Fault { get: |store, key| if key.is_empty() { Ok(None) } else { Ok(store.get(key)) }, ..RIGHT },
        ),
    ]
}
