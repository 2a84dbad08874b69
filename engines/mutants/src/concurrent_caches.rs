//! Races between caches and writers: what was read before a write is kept and shown after it (ISO-1).

use storecheck::Mutant;

use crate::base::{Pair, Span, Store, Value};
use crate::concurrent::{Core, Own, RIGHT, Race, others_turn, racing};

/// How many reads a thread's snapshot serves.
const USES: u64 = 4;

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        racing(
            "stale-read-cache",
            "a get that read before a put fills the cache after the put has cleared it",
            &["ISO-1", "ISO-4", "DEL-1", "GET-1"],
            Race {
                put: |core, kvs| {
                    let number = core.write(|store| store.put(kvs));
                    forget(core, kvs.iter().map(|(key, _)| &key[..]));
                    Ok(number)
                },
                delete: |core, keys| {
                    let number = core.write(|store| store.delete(keys));
                    forget(core, keys.iter().copied());
                    Ok(number)
                },
                get: |core, key| Ok(through_cache(core, key, |_| true)),
                ..RIGHT
            },
        ),
        racing(
            "stale-negative-cache",
            "a get that found nothing keeps that in a cache after a put has cleared it",
            &["ISO-1", "ISO-4", "GET-1"],
            Race {
                put: |core, kvs| {
                    let number = core.write(|store| store.put(kvs));
                    forget(core, kvs.iter().map(|(key, _)| &key[..]));
                    Ok(number)
                },
                get: |core, key| Ok(through_cache(core, key, Option::is_none)),
                ..RIGHT
            },
        ),
        racing(
            "cache-filled-before-commit",
            "a put fills the read cache before it takes effect, and another put may take effect in between",
            &["ISO-1", "ISO-2", "ISO-4", "GET-1", "ISO-3"],
            Race {
                put: |core, kvs| {
                    core.side().values.extend(kvs.iter().map(|(key, value)| (key.clone(), Some(value.to_vec()))));
                    others_turn();
                    let number = core.write(|store| store.put(kvs));
                    let side = core.side();
                    let differs = |(key, value): &Pair| side.values.get(key) != Some(&Some(value.to_vec()));
                    core.expose_if(kvs.iter().any(differs));
                    Ok(number)
                },
                delete: |core, keys| {
                    let number = core.write(|store| store.delete(keys));
                    forget(core, keys.iter().copied());
                    Ok(number)
                },
                get: |core, key| {
                    let cached = core.side().values.get(key).cloned();
                    Ok(cached.unwrap_or_else(|| core.read().get(key)))
                },
                ..RIGHT
            },
        ),
        racing(
            "get-many-of-old-snapshot",
            "get_many answers from a snapshot that the thread took some calls ago",
            &["ISO-1", "ISO-4", "DEL-1", "MANY-2", "GET-1"],
            Race {
                put: |core, kvs| Ok(afresh(core, core.write(|store| store.put(kvs)))),
                delete: |core, keys| Ok(afresh(core, core.write(|store| store.delete(keys)))),
                many: |core, keys| {
                    let rows = snapshot(core);
                    let value = |key: &[u8]| rows.iter().find(|row| row.0 == key).map(|row| row.1.to_vec());
                    Ok(keys.iter().map(|key| (key.to_vec(), value(key))).collect())
                },
                ..RIGHT
            },
        ),
        racing(
            "scan-of-old-snapshot",
            "a scan answers from a snapshot that the thread took some calls ago",
            &["ISO-1", "ISO-3", "ISO-4", "DEL-1", "SCAN-10"],
            Race {
                put: |core, kvs| Ok(afresh(core, core.write(|store| store.put(kvs)))),
                delete: |core, keys| Ok(afresh(core, core.write(|store| store.delete(keys)))),
                scan: |core, span| {
                    let store = Store { state: snapshot(core).into_iter().collect(), ..Store::default() };
                    Ok(store.scan(span))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Takes keys out of the cache.
fn forget<'a>(core: &Core, keys: impl Iterator<Item = &'a [u8]>) {
    let mut side = core.side();
    for key in keys {
        side.values.remove(key);
    }
}

/// A get that asks the cache first and fills it afterwards.
fn through_cache(core: &Core, key: &[u8], kept: impl FnOnce(&Value) -> bool) -> Value {
    if let Some(value) = core.side().values.get(key) {
        return value.clone();
    }
    let value = core.read().get(key);
    others_turn();
    if kept(&value) {
        core.expose_if(core.read().get(key) != value);
        core.side().values.insert(bytes::Bytes::copy_from_slice(key), value.clone());
    }
    value
}

/// All rows as this thread last saw them.
fn snapshot(core: &Core) -> Vec<Pair> {
    let all = Span { start: b"", end: b"", limit: usize::MAX, forward: true };
    let newest = core.read().scan(all);
    let rows = core.own(|own| {
        own.uses += 1;
        if own.uses % USES == 0 {
            own.rows = None;
        }
        own.rows.get_or_insert_with(|| newest.clone()).clone()
    });
    core.expose_if(rows != newest);
    rows
}

/// After a write of its own a thread takes a new snapshot.
fn afresh(core: &Core, number: u64) -> u64 {
    core.own(|own| *own = Own::default());
    number
}
