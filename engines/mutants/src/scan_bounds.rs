//! Faults of `range_scan` at its bounds (SCAN-1, SCAN-3, SCAN-7, SCAN-8, SCAN-11).

use storecheck::Mutant;

use crate::base::{Answer, Pair, Span, Store};
use crate::fault::{Fault, RIGHT, broken, hostile};

pub(crate) fn mutants() -> Vec<Mutant> {
    [inclusive(), existing(), widened(), open_ended(), crossed(), single(), long()].into_iter().flatten().collect()
}

/// A right scan without the rows whose keys `keep` does not want; the limit counts what is left.
fn keeping(store: &Store, span: Span<'_>, keep: impl Fn(&[u8]) -> bool) -> Answer<Vec<Pair>> {
    let rows = store.rows(span).into_iter().filter(|(key, _)| keep(key));
    Ok(rows.take(span.limit).collect())
}

fn inclusive() -> Vec<Mutant> {
    vec![
        broken(
            "scan-start-exclusive",
            "a forward scan leaves out the start key",
            &["SCAN-1", "SCAN-8"],
            Fault {
                scan: |store, span| keeping(store, span, |key| !span.forward || key != span.start || key.is_empty()),
                ..RIGHT
            },
        ),
        broken(
            "scan-start-exclusive-in-reverse",
            "a reverse scan stops before the start key",
            &["SCAN-1", "SCAN-8"],
            Fault {
                scan: |store, span| keeping(store, span, |key| span.forward || key != span.start || key.is_empty()),
                ..RIGHT
            },
        ),
        broken(
            "scan-end-exclusive",
            "a forward scan leaves out the end key",
            &["SCAN-1", "SCAN-8"],
            Fault {
                scan: |store, span| keeping(store, span, |key| !span.forward || key != span.end || key.is_empty()),
                ..RIGHT
            },
        ),
        broken(
            "scan-end-exclusive-in-reverse",
            "a reverse scan leaves out the end key",
            &["SCAN-1", "SCAN-8"],
            Fault {
                scan: |store, span| keeping(store, span, |key| span.forward || key != span.end || key.is_empty()),
                ..RIGHT
            },
        ),
    ]
}

fn existing() -> Vec<Mutant> {
    vec![
        broken(
            "scan-missing-start-skips-row",
            "a forward scan whose start is no key leaves out its first row",
            &["SCAN-1", "SCAN-9"],
            Fault {
                scan: |store, span| {
                    let skip = span.forward && !span.start.is_empty() && store.get(span.start).is_none();
                    let rows = store.rows(span).into_iter().skip(usize::from(skip));
                    Ok(rows.take(span.limit).collect())
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-missing-end-finds-nothing",
            "a reverse scan whose end is no key finds nothing",
            &["SCAN-1", "SCAN-9"],
            Fault {
                scan: |store, span| {
                    let lost = !span.forward && !span.end.is_empty() && store.get(span.end).is_none();
                    Ok(if lost { Vec::new() } else { store.scan(span) })
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-missing-end-takes-next",
            "a reverse scan whose end is no key begins at the key after it",
            &["SCAN-1", "SCAN-4"],
            Fault {
                scan: |store, span| {
                    let missing = !span.forward && span.start <= span.end && store.get(span.end).is_none();
                    let next = if missing { store.following(span.end) } else { None };
                    Ok(match &next {
                        Some(next) if !span.end.is_empty() => store.scan(Span { end: next, ..span }),
                        _ => store.scan(span),
                    })
                },
                ..RIGHT
            },
        ),
    ]
}

fn widened() -> Vec<Mutant> {
    vec![
        broken(
            "scan-end-is-prefix",
            "a forward scan goes on to all keys that extend the end",
            &["SCAN-1"],
            Fault {
                scan: |store, span| {
                    if !span.forward || span.end.is_empty() || span.start > span.end {
                        return Ok(store.scan(span));
                    }
                    keeping(store, Span { end: b"", ..span }, |key| key <= span.end || key.starts_with(span.end))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-stays-with-first-octet",
            "a scan shows only keys that share the first octet of its start",
            &["SCAN-9", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    keeping(store, span, |key| span.start.is_empty() || key.first() == span.start.first())
                },
                ..RIGHT
            },
        ),
    ]
}

fn open_ended() -> Vec<Mutant> {
    vec![
        broken(
            "scan-empty-end-is-nothing",
            "a forward scan from a key on with an empty end finds nothing",
            &["SCAN-3", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    keeping(store, span, |_| !span.forward || span.start.is_empty() || !span.end.is_empty())
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-empty-end-is-least-in-reverse",
            "a reverse scan with an empty end begins at the empty key",
            &["SCAN-3", "SCAN-1"],
            Fault {
                scan: |store, span| keeping(store, span, |key| span.forward || !span.end.is_empty() || key.is_empty()),
                ..RIGHT
            },
        ),
        broken(
            "scan-empty-start-skips-empty-key",
            "a forward scan with an empty start leaves out the empty key",
            &["SCAN-3", "SCAN-1"],
            Fault { scan: |store, span| keeping(store, span, |key| !span.forward || !key.is_empty()), ..RIGHT },
        ),
        broken(
            "scan-reverse-skips-empty-key",
            "a reverse scan leaves out the empty key",
            &["SCAN-3", "SCAN-1"],
            Fault { scan: |store, span| keeping(store, span, |key| span.forward || !key.is_empty()), ..RIGHT },
        ),
    ]
}

fn crossed() -> Vec<Mutant> {
    fn crosses(span: Span<'_>) -> bool {
        !span.end.is_empty() && span.start > span.end
    }
    fn swapped(span: Span<'_>) -> Span<'_> {
        Span { start: span.end, end: span.start, ..span }
    }
    vec![
        hostile(broken(
            "scan-start-above-end-panics",
            "a scan whose start is above its end panics",
            &["SCAN-7", "GEN-4"],
            Fault {
                scan: |store, span| {
                    assert!(!crosses(span), "range start is greater than range end");
                    Ok(store.scan(span))
                },
                ..RIGHT
            },
        )),
        broken(
            "scan-start-above-end-swaps",
            "a forward scan whose start is above its end swaps them",
            &["SCAN-7", "SCAN-1"],
            Fault {
                scan: |store, span| Ok(store.scan(if crosses(span) && span.forward { swapped(span) } else { span })),
                ..RIGHT
            },
        ),
        broken(
            "scan-reverse-takes-swapped-bounds",
            "a reverse scan whose start is above its end swaps them",
            &["SCAN-7", "SCAN-1"],
            Fault {
                scan: |store, span| Ok(store.scan(if crosses(span) && !span.forward { swapped(span) } else { span })),
                ..RIGHT
            },
        ),
        broken(
            "scan-start-above-end-err",
            "a scan whose start is above its end is an error",
            &["SCAN-7", "GEN-12"],
            Fault {
                scan: |store, span| {
                    if crosses(span) { Err("start is above end".to_owned()) } else { Ok(store.scan(span)) }
                },
                ..RIGHT
            },
        ),
    ]
}

fn single() -> Vec<Mutant> {
    vec![
        broken(
            "scan-start-equals-end-is-nothing",
            "a forward scan whose start is its end finds nothing",
            &["SCAN-8", "SCAN-1", "SCAN-3"],
            Fault {
                scan: |store, span| {
                    keeping(store, span, |key| !span.forward || key.is_empty() || span.start != span.end)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-start-equals-end-is-nothing-in-reverse",
            "a reverse scan whose start is its end finds nothing",
            &["SCAN-8", "SCAN-1", "SCAN-3"],
            Fault {
                scan: |store, span| {
                    keeping(store, span, |key| span.forward || key.is_empty() || span.start != span.end)
                },
                ..RIGHT
            },
        ),
    ]
}

fn long() -> Vec<Mutant> {
    fn cut(bound: &[u8]) -> &[u8] {
        &bound[..bound.len().min(32)]
    }
    vec![
        broken(
            "scan-bounds-cut-at-32",
            "only the first 32 octets of a bound are looked at",
            &["SCAN-11", "SCAN-1"],
            Fault {
                scan: |store, span| Ok(store.scan(Span { start: cut(span.start), end: cut(span.end), ..span })),
                ..RIGHT
            },
        ),
        broken(
            "scan-end-of-all-ff-is-nothing",
            "a scan whose end is 254 octets 0xFF finds nothing",
            &["SCAN-11", "SCAN-1", "SCAN-9"],
            Fault { scan: |store, span| keeping(store, span, |_| span.end != [0xFF; 254]), ..RIGHT },
        ),
        broken(
            "scan-end-with-ff-wraps",
            "the last octet 0xFF of an end wraps to 0x00",
            &["SCAN-11", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    let mut end = span.end.to_vec();
                    if let Some(last @ 0xFF) = end.last_mut() {
                        *last = 0;
                    }
                    Ok(store.scan(Span { end: &end, ..span }))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-bounds-of-254-err",
            "a bound of 254 octets is an error",
            &["SCAN-11", "GEN-12"],
            Fault {
                scan: |store, span| {
                    if span.start.len() == 254 || span.end.len() == 254 {
                        return Err("the bound is too long".to_owned());
                    }
                    Ok(store.scan(span))
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-bounds-end-at-nul",
            "a bound ends before its first 0x00",
            &["SCAN-11", "GEN-10", "SCAN-1"],
            Fault {
                scan: |store, span| {
                    let until_nul = |bound: &[u8]| bound.iter().position(|octet| *octet == 0).unwrap_or(bound.len());
                    let (start, end) = (until_nul(span.start), until_nul(span.end));
                    Ok(store.scan(Span { start: &span.start[..start], end: &span.end[..end], ..span }))
                },
                ..RIGHT
            },
        ),
    ]
}
