//! Faults in the order of `range_scan`'s rows, and rows that come twice (SCAN-2).

use std::cmp::Ordering;

use storecheck::Mutant;

use crate::base::{Answer, Pair, Span, Store};
use crate::fault::{Fault, RIGHT, broken};

/// A scan of the right rows, ordered by `order`.
fn ordered(store: &Store, span: Span<'_>, order: impl Fn(&[u8], &[u8]) -> Ordering) -> Answer<Vec<Pair>> {
    let mut rows = store.rows(span);
    rows.sort_by(|a, b| if span.forward { order(&a.0, &b.0) } else { order(&b.0, &a.0) });
    rows.truncate(span.limit);
    Ok(rows)
}

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        broken(
            "scan-order-signed",
            "rows are ordered as if octets were signed",
            &["SCAN-2"],
            Fault {
                scan: |store, span| {
                    ordered(store, span, |a, b| {
                        let signed = |octet: &u8| octet.cast_signed();
                        a.iter().map(signed).cmp(b.iter().map(signed))
                    })
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-order-extension-first",
            "rows are ordered with the extensions of a key before it",
            &["SCAN-2"],
            Fault {
                scan: |store, span| {
                    ordered(store, span, |a, b| {
                        if a.starts_with(b) || b.starts_with(a) { b.len().cmp(&a.len()) } else { a.cmp(b) }
                    })
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-order-shorter-first",
            "rows are ordered by the length of their keys first",
            &["SCAN-2"],
            Fault {
                scan: |store, span| ordered(store, span, |a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b))),
                ..RIGHT
            },
        ),
        broken(
            "scan-reverse-ascends",
            "a reverse scan shows the right rows in ascending order",
            &["SCAN-2"],
            Fault {
                scan: |store, span| {
                    let mut rows = store.scan(span);
                    if !span.forward {
                        rows.reverse();
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "scan-last-row-twice",
            "a forward scan without a limit shows its last row twice when there are three or more",
            &["SCAN-2"],
            Fault {
                scan: |store, span| {
                    let mut rows = store.scan(span);
                    if span.forward && span.limit == usize::MAX && rows.len() >= 3 {
                        rows.extend(rows.last().cloned());
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
    ]
}
