//! Faults of `prune_batch_log` (PRN-1 to PRN-5).

use storecheck::Mutant;

use crate::base::Store;
use crate::fault::{Fault, RIGHT, broken, hostile};

pub(crate) fn mutants() -> Vec<Mutant> {
    [removed(), kept(), counted(), repeated(), beyond(), state()].into_iter().flatten().collect()
}

fn removed() -> Vec<Mutant> {
    vec![
        broken(
            "prune-takes-cutoff",
            "a prune removes the entry at its cutoff too",
            &["PRN-1"],
            Fault { prune: |store, cutoff| Ok(store.prune(cutoff.saturating_add(1))), ..RIGHT },
        ),
        broken(
            "prune-zero-clears",
            "a prune with cutoff 0 clears the log",
            &["PRN-3", "PRN-1"],
            Fault { prune: |store, cutoff| Ok(store.prune(if cutoff == 0 { u64::MAX } else { cutoff })), ..RIGHT },
        ),
    ]
}

fn kept() -> Vec<Mutant> {
    vec![
        broken(
            "prune-keeps-one-below",
            "a prune keeps the entry right below its cutoff",
            &["PRN-1"],
            Fault { prune: |store, cutoff| Ok(store.prune(cutoff.saturating_sub(1))), ..RIGHT },
        ),
        broken(
            "prune-keeps-entries-without-pairs",
            "a prune keeps the entries of deletes and of empty puts",
            &["PRN-1"],
            Fault {
                prune: |store, cutoff| {
                    let before = store.log.len();
                    store.log.retain(|number, entry| *number >= cutoff || entry.is_empty());
                    Ok((before - store.log.len()) as u64)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-spares-newest",
            "a prune never removes the newest entry",
            &["PRN-1", "PRN-4", "OLD-2"],
            Fault { prune: |store, cutoff| Ok(store.prune(cutoff.min(store.current))), ..RIGHT },
        ),
        broken(
            "prune-cap-10",
            "a prune removes ten entries at most",
            &["PRN-1"],
            Fault {
                prune: |store, cutoff| {
                    let limit = store.log.keys().nth(10).copied().unwrap_or(u64::MAX);
                    Ok(store.prune(cutoff.min(limit)))
                },
                ..RIGHT
            },
        ),
    ]
}

fn counted() -> Vec<Mutant> {
    vec![
        broken(
            "prune-counts-pairs",
            "a prune answers the number of pairs that it removed",
            &["PRN-2"],
            Fault {
                prune: |store, cutoff| Ok(store.take_below(cutoff).values().map(|entry| entry.len() as u64).sum()),
                ..RIGHT
            },
        ),
        broken(
            "prune-counts-cutoff",
            "a prune counts the entry at its cutoff, which it keeps",
            &["PRN-2", "PRN-3"],
            Fault {
                prune: |store, cutoff| Ok(store.prune(cutoff) + u64::from(store.log.contains_key(&cutoff))),
                ..RIGHT
            },
        ),
        broken(
            "prune-answers-zero",
            "a prune answers 0 whatever it removed",
            &["PRN-2"],
            Fault {
                prune: |store, cutoff| {
                    store.prune(cutoff);
                    Ok(0)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-does-not-count-entries-without-pairs",
            "a prune does not count the entries of deletes and of empty puts",
            &["PRN-2"],
            Fault {
                prune: |store, cutoff| {
                    Ok(store.take_below(cutoff).values().filter(|entry| !entry.is_empty()).count() as u64)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-answers-what-is-left",
            "a prune that removes something answers how many entries are left",
            &["PRN-2"],
            Fault {
                prune: |store, cutoff| Ok(if store.prune(cutoff) > 0 { store.log.len() as u64 } else { 0 }),
                ..RIGHT
            },
        ),
    ]
}

/// Prunes, and keeps what was removed in the notes.
fn prune_noting(store: &mut Store, cutoff: u64) -> u64 {
    let mut pruned = store.take_below(cutoff);
    let count = pruned.len() as u64;
    store.notes.entries.append(&mut pruned);
    count
}

fn repeated() -> Vec<Mutant> {
    vec![
        broken(
            "prune-repeats-count",
            "repeating a prune answers the count of the first time",
            &["PRN-3", "PRN-2"],
            Fault { prune: |store, cutoff| Ok(prune_recalling(store, cutoff)), ..RIGHT },
        ),
        broken(
            "prune-counts-all-below",
            "a prune answers how many numbers lie below its cutoff, pruned before or not",
            &["PRN-3", "PRN-2"],
            Fault {
                prune: |store, cutoff| {
                    store.prune(cutoff);
                    Ok(cutoff.saturating_sub(1).min(store.current))
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-smaller-cutoff-restores",
            "a prune with a smaller cutoff brings back the entries from there on",
            &["PRN-3", "LOG-5", "OLD-4"],
            Fault {
                prune: |store, cutoff| {
                    let count = prune_noting(store, cutoff);
                    if count == 0 {
                        let mut restored = store.notes.entries.split_off(&cutoff);
                        store.log.append(&mut restored);
                    }
                    Ok(count)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-nothing-err",
            "a prune of an empty log is an error",
            &["PRN-3", "GEN-12"],
            Fault {
                prune: |store, cutoff| {
                    if store.log.is_empty() { Err("nothing to prune".to_owned()) } else { Ok(store.prune(cutoff)) }
                },
                ..RIGHT
            },
        ),
    ]
}

fn prune_recalling(store: &mut Store, cutoff: u64) -> u64 {
    let count = store.prune(cutoff);
    if count > 0 {
        store.notes.count = count;
        store.notes.entries = [(cutoff, Vec::new())].into();
        return count;
    }
    if store.notes.entries.contains_key(&cutoff) { store.notes.count } else { 0 }
}

fn beyond() -> Vec<Mutant> {
    vec![
        broken(
            "prune-cutoff-applies-to-later-writes",
            "entries written after a prune are hidden when they are below its cutoff",
            &["PRN-4", "LOG-1", "LOG-4", "OLD-2"],
            Fault {
                prune: |store, cutoff| {
                    store.notes.count = store.notes.count.max(cutoff);
                    Ok(store.prune(cutoff))
                },
                batch: |store, number| Ok(store.batch(number).filter(|_| number >= store.notes.count)),
                oldest: |store| Ok(store.log.range(store.notes.count..).next().map(|(number, _)| *number)),
                ..RIGHT
            },
        ),
        broken(
            "prune-beyond-newest-err",
            "a cutoff beyond the number that comes next is an error",
            &["PRN-4", "GEN-12"],
            Fault {
                prune: |store, cutoff| {
                    if cutoff > store.current + 1 {
                        return Err("the cutoff is beyond the newest batch".to_owned());
                    }
                    Ok(store.prune(cutoff))
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-max-removes-nothing",
            "a cutoff of u64::MAX is read as -1 and removes nothing",
            &["PRN-4", "PRN-1"],
            Fault { prune: |store, cutoff| Ok(store.prune(u64::try_from(cutoff.cast_signed()).unwrap_or(0))), ..RIGHT },
        ),
        hostile(broken(
            "prune-max-overflows",
            "a cutoff of u64::MAX panics for an addition that overflows",
            &["PRN-4", "GEN-4"],
            Fault {
                prune: |store, cutoff| {
                    let above = cutoff.checked_add(1).expect("attempt to add with overflow");
                    Ok(store.prune(above - 1))
                },
                ..RIGHT
            },
        )),
        hostile(broken(
            "prune-walks-every-number",
            "a prune counts up to its cutoff one by one, which for u64::MAX never ends",
            &["GEN-2", "PRN-4"],
            Fault {
                prune: |store, cutoff| {
                    let removed = |number: &u64| store.log.remove(std::hint::black_box(number)).is_some();
                    Ok((0..cutoff).filter(removed).count() as u64)
                },
                ..RIGHT
            },
        )),
    ]
}

fn state() -> Vec<Mutant> {
    vec![
        broken(
            "prune-removes-state",
            "a prune removes the keys of pruned puts from State",
            &["PRN-5"],
            Fault {
                prune: |store, cutoff| {
                    let pruned = store.take_below(cutoff);
                    for (key, _) in pruned.values().flatten() {
                        store.state.remove(key);
                    }
                    Ok(pruned.len() as u64)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-resets-numbers",
            "clearing the log starts the numbers anew",
            &["PRN-5", "PUT-3", "SEQ-1"],
            Fault {
                prune: |store, cutoff| {
                    let count = store.prune(cutoff);
                    if count > 0 && store.log.is_empty() {
                        store.current = 0;
                    }
                    Ok(count)
                },
                ..RIGHT
            },
        ),
        broken(
            "prune-restores-old-values",
            "a prune writes the pairs of the newest entry that it removes to State again",
            &["PRN-5", "GET-1"],
            Fault {
                prune: |store, cutoff| {
                    let pruned = store.take_below(cutoff);
                    if let Some(newest) = pruned.values().next_back() {
                        store.write(newest);
                    }
                    Ok(pruned.len() as u64)
                },
                ..RIGHT
            },
        ),
    ]
}
