//! Faults of `range_scan` in how many rows it shows and which values they carry (SCAN-4, SCAN-5, SCAN-6, SCAN-9,
//! SCAN-10).

use bytes::Bytes;
use storecheck::Mutant;

use crate::base::{Answer, Pair, Span, Store};
use crate::fault::{Fault, RIGHT, broken, hostile};

pub(crate) fn mutants() -> Vec<Mutant> {
    [off_by_one(), reverse(), zero(), caps(), greatest(), gaps(), values()].into_iter().flatten().collect()
}

/// A right scan with another limit.
fn limited(store: &Store, span: Span<'_>, limit: usize) -> Answer<Vec<Pair>> {
    Ok(store.scan(Span { limit, ..span }))
}

fn off_by_one() -> Vec<Mutant> {
    vec![
        broken(
            "scan-one-row-too-many",
            "a scan shows one row more than the limit",
            &["SCAN-4"],
            Fault {
                scan: |store, span| limited(store, span, span.limit.saturating_add(usize::from(span.limit > 0))),
                ..RIGHT
            },
        ),
        broken(
            "scan-limit-equal-to-count-loses-row",
            "a scan whose limit is exactly the number of rows leaves out the last one",
            &["SCAN-9", "SCAN-4"],
            Fault {
                scan: |store, span| {
                    let exact = store.rows(span).len() == span.limit;
                    limited(store, span, span.limit - usize::from(exact && span.limit > 0))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-limit-counts-start-twice",
            "a forward scan that finds its start key counts that row twice against the limit",
            &["SCAN-9", "SCAN-4"],
            Fault {
                scan: |store, span| {
                    let found = span.forward && span.limit > 1 && store.get(span.start).is_some();
                    limited(store, span, span.limit - usize::from(found))
                },
                ..RIGHT
            },
        ),
    ]
}

fn reverse() -> Vec<Mutant> {
    vec![
        broken(
            "scan-reverse-limit-takes-lowest",
            "a reverse scan with a limit shows the lowest keys, reversed",
            &["SCAN-4"],
            Fault {
                scan: |store, span| {
                    let mut rows = store.scan(Span { forward: true, ..span });
                    if !span.forward {
                        rows.reverse();
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-reverse-one-row-too-few",
            "a reverse scan shows one row less than its limit when the limit cuts it",
            &["SCAN-9", "SCAN-4"],
            Fault {
                scan: |store, span| {
                    let cut = !span.forward && span.limit > 0 && store.rows(span).len() > span.limit;
                    limited(store, span, span.limit - usize::from(cut))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-reverse-limit-one-takes-lowest",
            "a reverse scan with limit 1 shows the lowest key",
            &["SCAN-4"],
            Fault {
                scan: |store, span| Ok(store.scan(Span { forward: span.forward || span.limit == 1, ..span })),
                ..RIGHT
            },
        ),
    ]
}

fn zero() -> Vec<Mutant> {
    vec![
        broken(
            "scan-limit-zero-gives-one",
            "a scan with limit 0 shows one row",
            &["SCAN-5", "SCAN-4"],
            Fault { scan: |store, span| limited(store, span, span.limit.max(1)), ..RIGHT },
        ),
        broken(
            "scan-limit-zero-means-all",
            "a reverse scan with limit 0 shows all rows",
            &["SCAN-5", "SCAN-4"],
            Fault {
                scan: |store, span| {
                    limited(store, span, if span.limit == 0 && !span.forward { usize::MAX } else { span.limit })
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-limit-zero-err",
            "a scan with limit 0 is an error",
            &["SCAN-5", "GEN-12"],
            Fault {
                scan: |store, span| {
                    if span.limit == 0 { Err("the limit is zero".to_owned()) } else { Ok(store.scan(span)) }
                },
                ..RIGHT
            },
        ),
    ]
}

fn caps() -> Vec<Mutant> {
    vec![
        broken(
            "scan-cap-1000",
            "a scan shows 1,000 rows at most",
            &["SCAN-9", "SCAN-6"],
            Fault { scan: |store, span| limited(store, span, span.limit.min(1_000)), ..RIGHT },
        ),
        broken(
            "scan-cap-256-in-reverse",
            "a reverse scan shows 256 rows at most",
            &["SCAN-9", "SCAN-6"],
            Fault {
                scan: |store, span| limited(store, span, if span.forward { span.limit } else { span.limit.min(256) }),
                ..RIGHT
            },
        ),
        broken(
            "scan-cap-1-mib",
            "a scan ends when its values fill 1 MiB",
            &["SCAN-9"],
            Fault {
                scan: |store, span| {
                    let mut octets = 0;
                    let rows = store.scan(span).into_iter();
                    let fits = rows.take_while(|(_, value)| {
                        octets += value.len();
                        octets <= 1 << 20
                    });
                    Ok(fits.collect())
                },
                ..RIGHT
            },
        ),
    ]
}

fn greatest() -> Vec<Mutant> {
    vec![
        broken(
            "scan-limit-in-32-bits",
            "the limit of a scan is cut to 32 bits, so that 2^32 is none",
            &["SCAN-9"],
            Fault { scan: |store, span| limited(store, span, span.limit & 0xFFFF_FFFF), ..RIGHT },
        ),
        broken(
            "scan-limit-max-is-negative",
            "a limit of usize::MAX is read as -1, and shows nothing",
            &["SCAN-6", "SCAN-9"],
            Fault {
                scan: |store, span| limited(store, span, usize::try_from(span.limit.cast_signed()).unwrap_or(0)),
                ..RIGHT
            },
        ),
        hostile(broken(
            "scan-limit-allocates",
            "a scan reserves room for as many rows as the limit says",
            &["SCAN-6", "GEN-4"],
            Fault {
                scan: |store, span| {
                    let mut rows = Vec::with_capacity(span.limit);
                    rows.extend(store.scan(span));
                    Ok(rows)
                },
                ..RIGHT
            },
        )),
        hostile(broken(
            "scan-limit-plus-one-overflows",
            "a reverse scan looks one row ahead, and panics for a limit of usize::MAX",
            &["SCAN-6", "GEN-4"],
            Fault {
                scan: |store, span| {
                    let ahead = if span.forward { 0 } else { 1 };
                    let looked_at = span.limit.checked_add(ahead).expect("attempt to add with overflow");
                    let mut rows = store.scan(Span { limit: looked_at, ..span });
                    rows.truncate(span.limit);
                    Ok(rows)
                },
                ..RIGHT
            },
        )),
    ]
}

/// Notes keys that a delete is about to remove from State, with their values.
fn delete_noting(store: &mut Store, keys: &[&[u8]]) -> u64 {
    for key in keys {
        if let Some((key, value)) = store.state.get_key_value(*key) {
            store.notes.history.insert(key.clone(), vec![value.clone()]);
        }
    }
    store.delete(keys)
}

/// Keys in the span that were deleted and not written again.
fn deleted_in(store: &Store, span: Span<'_>) -> Vec<Bytes> {
    let gone = store.notes.history.keys().filter(|key| !store.state.contains_key(*key));
    let within = |key: &&Bytes| key[..] >= *span.start && (span.end.is_empty() || key[..] <= *span.end);
    gone.filter(within).cloned().collect()
}

fn gaps() -> Vec<Mutant> {
    vec![
        broken(
            "scan-limit-counts-deleted",
            "deleted keys in the range count against the limit of a scan",
            &["SCAN-4", "SCAN-9"],
            Fault {
                delete: |store, keys| Ok(delete_noting(store, keys)),
                scan: |store, span| {
                    if span.limit == usize::MAX {
                        return Ok(store.scan(span));
                    }
                    limited(store, span, span.limit.saturating_sub(deleted_in(store, span).len()))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-page-border-loses-row",
            "of every hundred rows of a scan the last one is left out",
            &["SCAN-9", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    let rows = store.rows(span).into_iter().enumerate().filter(|(at, _)| at % 100 != 99);
                    Ok(rows.map(|(_, row)| row).take(span.limit).collect())
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-page-border-repeats-row",
            "a forward scan shows every hundredth row twice",
            &["SCAN-2"],
            Fault {
                scan: |store, span| {
                    let mut rows = Vec::new();
                    for row in store.scan(span) {
                        rows.push(row);
                        if span.forward && rows.len() % 100 == 0 {
                            rows.extend(rows.last().cloned());
                        }
                    }
                    rows.truncate(span.limit);
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-hides-empty-values",
            "keys with empty values are left out of scans",
            &["SCAN-9", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    let rows = store.rows(span).into_iter().filter(|(_, value)| !value.is_empty());
                    Ok(rows.take(span.limit).collect())
                },
                ..RIGHT
            },
        ),
    ]
}

fn values() -> Vec<Mutant> {
    vec![
        broken(
            "scan-shows-deleted-as-empty",
            "a scan shows deleted keys with empty values",
            &["SCAN-10", "DEL-1"],
            Fault {
                delete: |store, keys| Ok(delete_noting(store, keys)),
                scan: |store, span| {
                    let mut rows = store.rows(span);
                    rows.extend(deleted_in(store, span).into_iter().map(|key| (key, Bytes::new())));
                    rows.sort();
                    if !span.forward {
                        rows.reverse();
                    }
                    rows.truncate(span.limit);
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-values-one-write-behind",
            "a forward scan shows the value before the newest one of keys that were overwritten",
            &["SCAN-10"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                scan: |store, span| {
                    let mut rows = store.scan(span);
                    for (key, value) in rows.iter_mut().filter(|_| span.forward) {
                        if let Some([.., former, _]) = store.notes.history.get(key).map(Vec::as_slice) {
                            *value = former.clone();
                        }
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-reverse-shows-first-values",
            "a reverse scan shows the first value that each key was given",
            &["SCAN-10"],
            Fault {
                put: |store, kvs| Ok(store.put_noting(kvs)),
                scan: |store, span| {
                    let mut rows = store.scan(span);
                    for (key, value) in rows.iter_mut().filter(|_| !span.forward) {
                        if let Some([first, ..]) = store.notes.history.get(key).map(Vec::as_slice) {
                            *value = first.clone();
                        }
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
    ]
}
