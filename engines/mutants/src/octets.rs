//! Faults that read meaning into octets: folded, trimmed and cut keys, names that are reserved, values that must be
//! text (GEN-10, GEN-11).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Answer, Pair, Store, copied};
use crate::fault::{Fault, RIGHT, broken};

/// A name that a known engine keeps for itself.
const COUNTER: &[u8] = b"__simulator_seq__";

pub(crate) fn mutants() -> Vec<Mutant> {
    [folded(), reserved(), counter(), values()].into_iter().flatten().collect()
}

/// A put that stores every key as `fold` makes it, and logs it as it is.
fn put_folded(store: &mut Store, kvs: &[Pair], fold: fn(&[u8]) -> Vec<u8>) -> Answer<u64> {
    let stored: Vec<Pair> = kvs.iter().map(|(key, value)| (Bytes::from(fold(key)), value.clone())).collect();
    Ok(store.put_storing(kvs, &stored))
}

fn delete_folded(store: &mut Store, keys: &[&[u8]], fold: fn(&[u8]) -> Vec<u8>) -> Answer<u64> {
    let folded: Vec<Vec<u8>> = keys.iter().map(|key| fold(key)).collect();
    let folded: Vec<&[u8]> = folded.iter().map(Vec::as_slice).collect();
    Ok(store.delete(&folded))
}

/// A fault that takes two keys for the same when `$fold` makes the same of them.
macro_rules! folding {
    ($fold:expr) => {
        Fault {
            put: |store, kvs| put_folded(store, kvs, $fold),
            get: |store, key| Ok(store.get(&$fold(key))),
            delete: |store, keys| delete_folded(store, keys, $fold),
            ..RIGHT
        }
    };
}

fn trimmed(key: &[u8]) -> Vec<u8> {
    let kept = key.iter().rposition(|octet| *octet != b' ').map_or(0, |last| last + 1);
    key[..kept].to_vec()
}

fn until_nul(key: &[u8]) -> Vec<u8> {
    key.split(|octet| *octet == 0).next().unwrap_or_default().to_vec()
}

fn as_text(key: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(key).into_owned().into_bytes()
}

fn without_leading_zeros(key: &[u8]) -> Vec<u8> {
    key.iter().copied().skip_while(|octet| *octet == 0).collect()
}

fn first_32(key: &[u8]) -> Vec<u8> {
    key[..key.len().min(32)].to_vec()
}

fn first_128(key: &[u8]) -> Vec<u8> {
    key[..key.len().min(128)].to_vec()
}

fn folded() -> Vec<Mutant> {
    const BREAKS: &[&str] = &["GEN-10", "PUT-1", "GET-1"];
    vec![
        broken("keys-lower-cased", "keys are folded to lower case", BREAKS, folding!(<[u8]>::to_ascii_lowercase)),
        broken("keys-trimmed", "spaces at the end of a key are dropped", BREAKS, folding!(trimmed)),
        broken("keys-end-at-nul", "a key ends before its first 0x00", BREAKS, folding!(until_nul)),
        broken("keys-as-utf8", "octets of a key that are not UTF-8 are replaced", BREAKS, folding!(as_text)),
        broken("keys-as-numbers", "leading 0x00 of a key are dropped", BREAKS, folding!(without_leading_zeros)),
        broken("keys-cut-at-32", "a key is stored under its first 32 octets", BREAKS, folding!(first_32)),
        broken(
            "keys-cut-at-128",
            "a key is stored under its first 128 octets",
            &["GEN-10", "PUT-11", "PUT-1", "GET-1"],
            folding!(first_128),
        ),
    ]
}

fn is_reserved(key: &[u8]) -> bool {
    key.starts_with(b"__")
}

fn reserved() -> Vec<Mutant> {
    vec![
        broken(
            "reserved-prefix-hidden-from-scans",
            "keys that begin with two underscores are left out of scans",
            &["GEN-11", "SCAN-9"],
            Fault {
                scan: |store, span| {
                    let rows = store.rows(span).into_iter().filter(|(key, _)| !is_reserved(key));
                    Ok(rows.take(span.limit).collect())
                },
                ..RIGHT
            },
        ),
        broken(
            "reserved-prefix-refused",
            "keys that begin with two underscores are refused",
            &["GEN-11", "PUT-11", "GEN-12"],
            Fault {
                put: |store, kvs| {
                    if kvs.iter().any(|(key, _)| is_reserved(key)) {
                        return Err("the key is reserved".to_owned());
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "reserved-prefix-swallowed",
            "pairs whose key begins with two underscores are accepted but not stored",
            &["GEN-11", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let stored: Vec<Pair> = kvs.iter().filter(|(key, _)| !is_reserved(key)).cloned().collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
    ]
}

fn counter() -> Vec<Mutant> {
    vec![
        broken(
            "counter-overwrites-user-key",
            "every write overwrites the key __simulator_seq__, once it exists, with its number",
            &["GEN-11", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    if let Some(value) = store.state.get_mut(COUNTER) {
                        *value = Bytes::from(number.to_be_bytes().to_vec());
                    }
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "counter-key-unreadable",
            "the key __simulator_seq__ can be written but not read",
            &["GEN-11", "GET-1"],
            Fault { get: |store, key| if key == COUNTER { Ok(None) } else { Ok(store.get(key)) }, ..RIGHT },
        ),
        broken(
            "counter-shown-in-reverse-scan",
            "a reverse scan of the whole store shows a row that the engine keeps for itself",
            &["SCAN-10"],
            Fault {
                scan: |store, span| {
                    let mut rows = store.rows(span);
                    if !span.forward && span.start.is_empty() && span.end.is_empty() {
                        rows.insert(0, (Bytes::from_static(b"\xff\xff\xff\xffseq"), Bytes::from_static(b"1")));
                    }
                    rows.truncate(span.limit);
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
    ]
}

fn values() -> Vec<Mutant> {
    vec![
        broken(
            "values-as-utf8",
            "octets of a value that are not UTF-8 are replaced",
            &["PUT-11", "PUT-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let text = |(key, value): Pair| (key, Bytes::from(as_text(&value)));
                    let stored: Vec<Pair> = copied(kvs).into_iter().map(text).collect();
                    Ok(store.put_storing(kvs, &stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "values-lose-trailing-zeros",
            "0x00 at the end of a value are dropped",
            &["PUT-11", "PUT-1", "GET-1"],
            Fault {
                get: |store, key| {
                    let mut value = store.get(key);
                    while value.as_ref().is_some_and(|value| value.last() == Some(&0)) {
                        value.as_mut().map(Vec::pop);
                    }
                    Ok(value)
                },
                ..RIGHT
            },
        ),
        broken(
            "values-end-at-nul",
            "get answers a value only up to its first 0x00",
            &["GET-1"],
            Fault { get: |store, key| Ok(store.get(key).map(|value| until_nul(&value))), ..RIGHT },
        ),
    ]
}
