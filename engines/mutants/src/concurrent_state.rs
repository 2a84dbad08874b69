//! Races about what State shows: writes that take effect bit by bit or late, and reads that are not at one instant
//! (ISO-1, ISO-3).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Pair, Span, Store, copied};
use crate::concurrent::{Core, RIGHT, Race, others_turn, racing};

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        racing(
            "put-key-by-key",
            "a put of several pairs shows one after the other",
            &["ISO-3", "PUT-2", "ISO-1"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    let last = kvs.len().saturating_sub(1);
                    for pair in &kvs[..last] {
                        core.lock().write(std::slice::from_ref(pair));
                        core.expose();
                        others_turn();
                    }
                    Ok(core.write(|store| store.put_storing(kvs, &kvs[last..])))
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
        racing(
            "delete-key-by-key",
            "a delete of several keys shows one after the other",
            &["ISO-3", "PUT-2", "DEL-1", "ISO-1", "SCAN-10"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.put(kvs)))
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    for key in keys {
                        core.lock().state.remove(*key);
                        core.expose();
                        others_turn();
                    }
                    Ok(core.write(|store| store.delete(&[])))
                },
                ..RIGHT
            },
        ),
        racing(
            "scan-in-chunks",
            "a scan takes two rows at a time, and writes come between",
            &["ISO-3", "PUT-2", "ISO-1", "SCAN-10", "SCAN-9"],
            Race { scan: |core, span| Ok(in_chunks(core, span)), ..RIGHT },
        ),
        racing(
            "reverse-scan-in-chunks",
            "a scan backwards takes two rows at a time, and writes come between",
            &["ISO-3", "PUT-2", "ISO-1", "SCAN-10", "SCAN-9"],
            Race {
                scan: |core, span| Ok(if span.forward { core.read().scan(span) } else { in_chunks(core, span) }),
                ..RIGHT
            },
        ),
        racing(
            "acknowledged-before-applied",
            "a put is applied by the next call of the thread that made it, after it was acknowledged",
            &["ISO-1", "ISO-3", "ISO-2", "ISO-4", "PUT-2", "PUT-6", "DEL-1", "SCAN-10"],
            Race {
                put: |core, kvs| {
                    apply(core);
                    let number = core.write(|store| store.put_storing(kvs, &[]));
                    core.own(|own| own.late.push((number, copied(kvs))));
                    core.expose();
                    Ok(number)
                },
                get: |core, key| Ok(applied(core, |store| store.get(key))),
                scan: |core, span| Ok(applied(core, |store| store.scan(span))),
                many: |core, keys| Ok(applied(core, |store| store.many(keys))),
                delete: |core, keys| {
                    apply(core);
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
        racing(
            "value-in-two-halves",
            "the first half of a value is replaced before the second",
            &["GET-1", "ISO-1", "PUT-2", "ISO-3"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    let halves: Vec<Pair> = {
                        let store = core.read();
                        let torn = |(key, value): &Pair| Some((key.clone(), torn(store.state.get(key)?, value)));
                        kvs.iter().filter_map(torn).collect()
                    };
                    core.lock().write(&halves);
                    core.expose();
                    others_turn();
                    Ok(core.write(|store| store.put(kvs)))
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
        racing(
            "delete-takes-effect-late",
            "a delete takes its number first and removes the keys later, whatever was put under them meanwhile",
            &["ISO-2", "ISO-1", "ISO-4", "ISO-3", "SCAN-10", "DEL-1"],
            Race {
                delete: |core, keys| {
                    let number = core.lock().record(&[]);
                    others_turn();
                    let mut store = core.lock();
                    core.expose_if(store.current != number);
                    for key in keys {
                        store.state.remove(*key);
                    }
                    core.publish(number);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        racing(
            "put-shows-only-to-gets",
            "for a moment gets see a put that scans do not see yet",
            &["ISO-1", "ISO-3", "PUT-2"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    core.side().values.extend(copied(kvs).into_iter().map(|(key, value)| (key, Some(value.to_vec()))));
                    core.expose();
                    others_turn();
                    let number = core.write(|store| store.put(kvs));
                    core.side().values.clear();
                    Ok(number)
                },
                get: |core, key| {
                    let early = core.side().values.get(key).cloned().flatten();
                    Ok(early.or_else(|| core.read().get(key)))
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
    ]
}

/// A scan of two rows at a time.
fn in_chunks(core: &Core, span: Span<'_>) -> Vec<Pair> {
    const CHUNK: usize = 2;
    let before = core.read().current;
    let mut rows: Vec<Pair> = Vec::new();
    while rows.len() < span.limit {
        let edge = rows.last().map(|(key, _)| key.clone());
        let next: Vec<Pair> = {
            let store = core.read();
            let beyond = |row: &Pair| match &edge {
                None => true,
                Some(edge) if span.forward => row.0 > *edge,
                Some(edge) => row.0 < *edge,
            };
            store.rows(span).into_iter().filter(beyond).take(CHUNK.min(span.limit - rows.len())).collect()
        };
        if next.is_empty() {
            break;
        }
        rows.extend(next);
        others_turn();
    }
    core.expose_if(rows.len() > CHUNK && core.read().current != before);
    rows
}

/// Applies what this thread's last put left.
fn apply(core: &Core) {
    let late = core.own(|own| std::mem::take(&mut own.late));
    for (_, pairs) in late {
        core.lock().write(&pairs);
    }
}

fn applied<T>(core: &Core, read: impl FnOnce(&Store) -> T) -> T {
    apply(core);
    read(&core.read())
}

/// The first half of the new value, and of the old one what lies behind it.
fn torn(old: &Bytes, new: &Bytes) -> Bytes {
    let half = new.len().div_ceil(2);
    let mut value = new[..half].to_vec();
    value.extend_from_slice(old.get(half..).unwrap_or_default());
    value.into()
}
