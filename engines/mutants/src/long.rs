//! Faults of State that only long programs of calls reach: each is right until a count has grown, a structure that
//! real engines have (pages, levels, caches) has changed its shape, or certain states have followed each other.
//!
//! Nothing else about the faults is rare: a few hundred random calls on a few dozen keys that are often deleted and
//! written again meet them, except for the one that waits for the thousandth write. Those of log, numbers and reopens
//! are in [`long_log`](crate::long_log).

use std::collections::BTreeMap;

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Entry, Pair, Span, Store, Value, copied};
use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [writes(), levels(), caches(), pages(), limits(), many()].into_iter().flatten().collect()
}

fn writes() -> Vec<Mutant> {
    vec![
        broken(
            "long-put-1000-loses-last-pair",
            "from the thousandth write on a put of two pairs or more does not store the last one",
            &["PUT-1", "PUT-2", "GET-1"],
            Fault {
                put: |store, kvs| {
                    let full = store.current >= 999 && kvs.len() > 1;
                    let stored = if full { &kvs[..kvs.len() - 1] } else { kvs };
                    Ok(store.put_storing(kvs, stored))
                },
                ..RIGHT
            },
        ),
        broken(
            "long-delete-turns-next-key-back",
            "deleting a key turns the one that follows it back by a write, if that was written five times or more",
            &["DEL-1", "GET-1"],
            Fault {
                put: |store, kvs| {
                    note_newest(store, kvs);
                    Ok(store.put(kvs))
                },
                delete: |store, keys| Ok(delete_turning_back(store, keys)),
                ..RIGHT
            },
        ),
    ]
}

/// Notes the value that the batch leaves each of its keys with: one for each write, however often it names the key.
fn note_newest(store: &mut Store, kvs: &[Pair]) {
    let newest: BTreeMap<Bytes, Bytes> = copied(kvs).into_iter().collect();
    for (key, value) in newest {
        store.notes.history.entry(key).or_default().push(value);
    }
}

/// Deletes, and spoils the neighbours of the keys that were there.
fn delete_turning_back(store: &mut Store, keys: &[&[u8]]) -> u64 {
    let present: Vec<&[u8]> = keys.iter().copied().filter(|key| store.state.contains_key(*key)).collect();
    let number = store.delete(keys);
    for key in present {
        store.notes.history.remove(key);
        let Some(next) = store.following(key) else { continue };
        // The values are taken out of the notes, so that the key has to be written five times again.
        let often = store.notes.history.get(&next).is_some_and(|values| values.len() >= 5);
        if often && let Some(mut values) = store.notes.history.remove(&next) {
            values.pop();
            store.state.extend(values.pop().map(|former| (next, former)));
        }
    }
    number
}

fn levels() -> Vec<Mutant> {
    vec![
        broken(
            "long-delete-hides-one-level",
            "every sixteenth write flushes what was written to a level of its own; the delete of a key that is in two \
             levels hides the newer one and brings the older one's value back",
            &["DEL-1", "GET-1", "SCAN-10"],
            Fault {
                put: |store, kvs| {
                    store.notes.keys.extend(copied(kvs).into_iter().map(|(key, _)| key));
                    let number = store.put(kvs);
                    flush_to_level(store);
                    Ok(number)
                },
                delete: |store, keys| {
                    let number = delete_one_level(store, keys);
                    flush_to_level(store);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        broken(
            "long-compaction-drops-tombstone",
            "every fortieth write compacts: the first of the keys that were deleted since the compaction before is \
             back with the value that it had then",
            &["DEL-1", "GET-1", "SCAN-10", "PUT-1"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    compact(store);
                    Ok(number)
                },
                delete: |store, keys| {
                    let number = store.delete(keys);
                    compact(store);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
    ]
}

/// Deletes, and brings back what lies two levels below.
fn delete_one_level(store: &mut Store, keys: &[&[u8]]) -> u64 {
    let mut revealed = Vec::new();
    for key in keys {
        store.notes.keys.remove(*key);
        if let Some((key, values)) = store.notes.history.remove_entry(*key)
            && let [.., older, _] = values.as_slice()
        {
            revealed.push((key, older.clone()));
        }
    }
    let number = store.delete(keys);
    store.write(&revealed);
    number
}

/// Notes at every sixteenth write the values of the keys that were written since the last time.
fn flush_to_level(store: &mut Store) {
    if !store.current.is_multiple_of(16) {
        return;
    }
    for key in std::mem::take(&mut store.notes.keys) {
        if let Some(value) = store.state.get(&key) {
            store.notes.history.entry(key).or_default().push(value.clone());
        }
    }
}

/// Brings one deleted key back at every fortieth write, and notes what State holds.
fn compact(store: &mut Store) {
    if !store.current.is_multiple_of(40) {
        return;
    }
    let deleted = store.notes.history.iter().find(|(key, _)| !store.state.contains_key(*key));
    let back = deleted.and_then(|(key, values)| Some((key.clone(), values.first()?.clone())));
    store.state.extend(back);
    store.notes.history = store.state.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
}

fn caches() -> Vec<Mutant> {
    vec![broken(
        "long-get-cache-by-octet-sum",
        "get caches values under the sum of the key's octets, cut to eight bits: of two keys with one sum the first \
         answers the other's value once both were read, until it is written again",
        &["GET-1", "GEN-8"],
        Fault {
            put: |store, kvs| {
                kvs.iter().for_each(|(key, _)| forget(store, key));
                Ok(store.put(kvs))
            },
            delete: |store, keys| {
                keys.iter().for_each(|key| forget(store, key));
                Ok(store.delete(keys))
            },
            get: |store, key| Ok(cached(store, key)),
            // An override of its own, which does without the cache.
            many: Some(|store, keys| Ok(store.many(keys))),
            ..RIGHT
        },
    )]
}

fn octet_sum(key: &[u8]) -> u64 {
    u64::from(key.iter().fold(0, |sum: u8, octet| sum.wrapping_add(*octet)))
}

/// A place of the cache holds the keys that were read into it; all of them are answered with what was read last.
fn cached(store: &mut Store, key: &[u8]) -> Value {
    let place = store.notes.entries.entry(octet_sum(key)).or_default();
    if place.iter().any(|(read, _)| read == key) {
        return place.last().map(|(_, value)| value.to_vec());
    }
    let (key, value) = store.state.get_key_value(key)?;
    place.push((key.clone(), value.clone()));
    Some(value.to_vec())
}

fn forget(store: &mut Store, key: &[u8]) {
    if let Some(place) = store.notes.entries.get_mut(&octet_sum(key)) {
        place.retain(|(read, _)| read != key);
    }
}

fn pages() -> Vec<Mutant> {
    vec![
        broken(
            "long-split-key-rewritten-lost-to-scans",
            "a put that brings State above sixteen keys splits it in the middle; a forward scan that begins before \
             the split leaves its key out if that was deleted and written again",
            &["SCAN-9", "SCAN-4", "DEL-7"],
            Fault {
                put: |store, kvs| Ok(put_splitting(store, kvs)),
                delete: |store, keys| {
                    for key in keys {
                        if let Some(key) = store.notes.keys.take(*key) {
                            store.notes.history.insert(key, Vec::new());
                        }
                    }
                    Ok(store.delete(keys))
                },
                scan: |store, span| {
                    let lost = |store: &Store, key: &Bytes| span.start < key && store.notes.history.contains_key(key);
                    Ok(if span.forward { scan_without(store, span, lost) } else { store.scan(span) })
                },
                ..RIGHT
            },
        ),
        broken(
            "long-merged-split-key-lost-in-reverse",
            "a put that brings State above sixteen keys splits it in the middle; when deletes then leave fewer than \
             twelve, a reverse scan leaves the split's key out until it is written again",
            &["SCAN-9", "SCAN-4"],
            Fault {
                put: |store, kvs| {
                    for (key, _) in kvs {
                        store.notes.history.remove(key);
                    }
                    Ok(put_splitting(store, kvs))
                },
                delete: |store, keys| {
                    let number = store.delete(keys);
                    if store.state.len() < 12 {
                        let split = std::mem::take(&mut store.notes.keys).into_iter();
                        store.notes.history.extend(split.map(|key| (key, Vec::new())));
                    }
                    Ok(number)
                },
                scan: |store, span| {
                    let lost = |store: &Store, key: &Bytes| store.notes.history.contains_key(key);
                    Ok(if span.forward { store.scan(span) } else { scan_without(store, span, lost) })
                },
                ..RIGHT
            },
        ),
    ]
}

/// A right put that notes the key in the middle whenever it brings State above sixteen keys.
fn put_splitting(store: &mut Store, kvs: &[Pair]) -> u64 {
    let before = store.state.len();
    let number = store.put(kvs);
    let after = store.state.len();
    if before <= 16 && after > 16 {
        store.notes.keys.extend(store.state.keys().nth(after / 2).cloned());
    }
    number
}

/// A scan that overlooks the keys that are lost.
fn scan_without(store: &Store, span: Span<'_>, lost: impl Fn(&Store, &Bytes) -> bool) -> Vec<Pair> {
    store.rows(span).into_iter().filter(|(key, _)| !lost(store, key)).take(span.limit).collect()
}

fn limits() -> Vec<Mutant> {
    vec![broken(
        "long-scan-limit-equal-to-count-after-deletes",
        "once thirty keys were deleted, a scan whose limit is exactly the number of rows leaves out the last one",
        &["SCAN-9", "SCAN-4"],
        Fault {
            delete: |store, keys| Ok(delete_counting(store, keys)),
            scan: |store, span| {
                let mut rows = store.rows(span);
                if rows.len() == span.limit && store.notes.count >= 30 {
                    rows.pop();
                }
                rows.truncate(span.limit);
                Ok(rows)
            },
            ..RIGHT
        },
    )]
}

/// Deletes, and counts the keys that were there.
fn delete_counting(store: &mut Store, keys: &[&[u8]]) -> u64 {
    let before = store.state.len();
    let number = store.delete(keys);
    store.notes.count += (before - store.state.len()) as u64;
    number
}

fn many() -> Vec<Mutant> {
    vec![
        broken(
            "long-many-hides-key-deleted-twice",
            "get_many has no value for a key that was deleted twice and then written again",
            &["MANY-2", "DEL-7"],
            Fault {
                delete: |store, keys| {
                    for key in keys {
                        if let Some((key, value)) = store.state.remove_entry(*key) {
                            store.notes.history.entry(key).or_default().push(value);
                        }
                    }
                    Ok(store.delete(keys))
                },
                many: Some(|store, keys| {
                    let mut entries = store.many(keys);
                    for (key, value) in &mut entries {
                        if store.notes.history.get(&key[..]).is_some_and(|gone| gone.len() >= 2) {
                            *value = None;
                        }
                    }
                    Ok(entries)
                }),
                ..RIGHT
            },
        ),
        broken(
            "long-many-shifts-values-behind-deleted-key",
            "once thirty keys were deleted, a get_many of more than ten keys moves all values by one, from the first \
             key on that was deleted and not written again",
            &["MANY-2"],
            Fault {
                put: |store, kvs| {
                    for (key, _) in kvs {
                        store.notes.keys.remove(key);
                    }
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    for key in keys {
                        store.notes.keys.extend(store.state.get_key_value(*key).map(|(key, _)| key.clone()));
                    }
                    Ok(delete_counting(store, keys))
                },
                many: Some(|store, keys| Ok(many_shifting(store, keys))),
                ..RIGHT
            },
        ),
    ]
}

fn many_shifting(store: &Store, keys: &[&[u8]]) -> Vec<Entry> {
    let entries = store.many(keys);
    let first = keys.iter().position(|key| store.notes.keys.contains(*key));
    let Some(first) = first.filter(|_| keys.len() > 10 && store.notes.count >= 30) else { return entries };
    let (keys, mut values): (Vec<Vec<u8>>, Vec<Value>) = entries.into_iter().unzip();
    values[first..].rotate_left(1);
    keys.into_iter().zip(values).collect()
}
