//! Faults of `get`: old values, wrong keys, reads that change something, errors without a cause, and a runtime inside
//! a call (GET-1, GEN-3, GEN-8, GEN-12).

use std::sync::OnceLock;

use bytes::Bytes;
use storecheck::Mutant;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::base::Store;
use crate::fault::{Fault, RIGHT, broken, hostile};

pub(crate) fn mutants() -> Vec<Mutant> {
    [stale(), side_effects(), log_side_effects(), causeless_errors(), nested_runtime()].into_iter().flatten().collect()
}

/// The value that `key` was given `back` writes before its newest one.
fn earlier(store: &Store, key: &[u8], back: usize) -> Option<Vec<u8>> {
    let values = store.notes.history.get(key)?;
    values.len().checked_sub(back + 1).map(|at| values[at].to_vec())
}

fn stale() -> Vec<Mutant> {
    vec![
        broken(
            "get-deleted-answers-old",
            "get of a deleted key answers the value it had",
            &["GET-1", "DEL-1"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                get: |store, key| Ok(store.get(key).or_else(|| earlier(store, key, 0))),
                ..RIGHT
            },
        ),
        broken(
            "get-stale-after-third-write",
            "get answers the value before the newest one for keys that were written three times or more",
            &["GET-1"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                get: |store, key| {
                    let stale = earlier(store, key, 2).and_then(|_| earlier(store, key, 1));
                    Ok(store.get(key).map(|newest| stale.unwrap_or(newest)))
                },
                ..RIGHT
            },
        ),
        broken(
            "get-missing-finds-extension",
            "get of a missing key answers for the next key when that one extends it",
            &["GET-1", "GEN-10"],
            Fault {
                get: |store, key| {
                    let extension = store.following(key).filter(|next| !key.is_empty() && next.starts_with(key));
                    Ok(store.get(key).or_else(|| extension.and_then(|next| store.get(&next))))
                },
                ..RIGHT
            },
        ),
        broken(
            "get-missing-is-empty-after-delete",
            "get of a deleted key answers an empty value",
            &["GET-1", "DEL-1"],
            Fault {
                delete: |store, keys| {
                    store.notes.keys.extend(keys.iter().map(|key| Bytes::copy_from_slice(key)));
                    Ok(store.delete(keys))
                },
                get: |store, key| Ok(store.get(key).or_else(|| store.notes.keys.get(key).map(|_| Vec::new()))),
                ..RIGHT
            },
        ),
    ]
}

fn side_effects() -> Vec<Mutant> {
    vec![
        broken(
            "get-third-read-removes",
            "a key that get reads three times in a row is gone",
            &["GEN-8", "GET-1"],
            Fault {
                get: |store, key| {
                    let value = store.get(key);
                    let again = store.notes.late.first().is_some_and(|(last, _)| last == key);
                    store.notes.count = if again { store.notes.count + 1 } else { 1 };
                    store.notes.late = vec![(Bytes::copy_from_slice(key), Bytes::new())];
                    if store.notes.count == 3 {
                        store.state.remove(key);
                    }
                    Ok(value)
                },
                ..RIGHT
            },
        ),
        broken(
            "get-missing-takes-number",
            "get of a missing key takes a number",
            &["GEN-8", "SEQ-5", "SEQ-4", "PUT-4"],
            Fault {
                get: |store, key| {
                    let value = store.get(key);
                    if value.is_none() {
                        store.next();
                    }
                    Ok(value)
                },
                ..RIGHT
            },
        ),
        broken(
            "get-many-creates-missing-keys",
            "get_many leaves the keys that it did not find behind with empty values",
            &["GEN-8", "GET-1"],
            Fault {
                many: Some(|store, keys| {
                    let entries = store.many(keys);
                    for (key, _) in entries.iter().filter(|(_, value)| value.is_none()) {
                        store.state.insert(Bytes::copy_from_slice(key), Bytes::new());
                    }
                    Ok(entries)
                }),
                ..RIGHT
            },
        ),
        broken(
            "current-fifth-read-advances",
            "every fifth call of current_sequence advances it",
            &["GEN-8", "SEQ-5", "SEQ-4", "PUT-4"],
            Fault {
                current: |store| {
                    store.notes.count += 1;
                    if store.notes.count.is_multiple_of(5) {
                        store.next();
                    }
                    store.current
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-removes-empty-values",
            "a scan removes the keys with empty values that it has shown",
            &["GEN-8", "GET-1"],
            Fault {
                scan: |store, span| {
                    let rows = store.scan(span);
                    for (key, _) in rows.iter().filter(|(_, value)| value.is_empty()) {
                        store.state.remove(key);
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
    ]
}

fn log_side_effects() -> Vec<Mutant> {
    vec![
        broken(
            "scan-in-reverse-prunes",
            "a reverse scan drops the oldest log entry",
            &["GEN-8", "LOG-9", "LOG-4"],
            Fault {
                scan: |store, span| {
                    if !span.forward {
                        store.log.pop_first();
                    }
                    Ok(store.scan(span))
                },
                ..RIGHT
            },
        ),
        broken(
            "get-batch-consumes",
            "a log entry can be read once",
            &["GEN-8", "LOG-4", "LOG-9"],
            Fault { batch: |store, number| Ok(store.log.remove(&number)), ..RIGHT },
        ),
        broken(
            "oldest-read-prunes",
            "oldest_retained_batch drops the entry it names when there are more than three",
            &["GEN-8", "LOG-9", "OLD-1"],
            Fault {
                oldest: |store| {
                    let oldest = store.oldest();
                    if store.log.len() > 3 {
                        store.log.pop_first();
                    }
                    Ok(oldest)
                },
                ..RIGHT
            },
        ),
    ]
}

fn causeless_errors() -> Vec<Mutant> {
    vec![
        broken(
            "get-every-fiftieth-err",
            "every fiftieth get is an error",
            &["GEN-12"],
            Fault {
                get: |store, key| {
                    store.notes.count += 1;
                    if store.notes.count.is_multiple_of(50) { Err("try again".to_owned()) } else { Ok(store.get(key)) }
                },
                ..RIGHT
            },
        ),
        broken(
            "put-third-overwrite-err",
            "writing a key that was written three times before is refused as a conflict",
            &["GEN-12", "PUT-14"],
            Fault {
                put: |store, kvs| {
                    if kvs.iter().any(|(key, _)| earlier(store, key, 2).is_some()) {
                        return Err("conflict".to_owned());
                    }
                    Ok(store.put_noting(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-after-delete-busy",
            "the first scan after a delete is an error",
            &["GEN-12"],
            Fault {
                delete: |store, keys| {
                    store.notes.flag = true;
                    Ok(store.delete(keys))
                },
                scan: |store, span| {
                    if std::mem::take(&mut store.notes.flag) {
                        return Err("busy".to_owned());
                    }
                    Ok(store.scan(span))
                },
                ..RIGHT
            },
        ),
    ]
}

/// A runtime of the engine's own, as engines have that wrap an asynchronous store.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().build().expect("a runtime without drivers needs nothing"))
}

fn nested_runtime() -> Vec<Mutant> {
    vec![
        hostile(broken(
            "get-blocks-on-own-runtime",
            "get runs a runtime of its own, which panics on a thread of another runtime",
            &["GEN-3"],
            Fault {
                get: |store, key| {
                    let value = store.get(key);
                    Ok(runtime().block_on(async move { value }))
                },
                ..RIGHT
            },
        )),
        hostile(broken(
            "delete-needs-a-runtime",
            "delete_batch of two keys or more asks for the runtime around it, and panics on a plain thread",
            &["GEN-3", "GEN-4"],
            Fault {
                delete: |store, keys| {
                    if keys.len() > 1 {
                        drop(Handle::current());
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        )),
    ]
}
