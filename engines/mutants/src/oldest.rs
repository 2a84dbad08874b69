//! Faults of `oldest_retained_batch` (OLD-1 to OLD-4).

use storecheck::Mutant;

use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [fresh(), overlooked(), pruned()].into_iter().flatten().collect()
}

fn fresh() -> Vec<Mutant> {
    vec![
        broken(
            "oldest-zero-when-fresh",
            "oldest_retained_batch of a fresh store is 0",
            &["OLD-2", "OLD-1"],
            Fault { oldest: |store| Ok(if store.current == 0 { Some(0) } else { store.oldest() }), ..RIGHT },
        ),
        broken(
            "oldest-one-when-fresh",
            "oldest_retained_batch of a fresh store is 1",
            &["OLD-2", "OLD-1"],
            Fault { oldest: |store| Ok(if store.current == 0 { Some(1) } else { store.oldest() }), ..RIGHT },
        ),
        broken(
            "oldest-none-after-one-write",
            "oldest_retained_batch is None while the log has a single entry",
            &["OLD-2", "OLD-1"],
            Fault { oldest: |store| Ok(store.oldest().filter(|_| store.log.len() > 1)), ..RIGHT },
        ),
    ]
}

fn overlooked() -> Vec<Mutant> {
    vec![
        broken(
            "oldest-overlooks-entries-without-pairs",
            "oldest_retained_batch is that of the oldest entry with pairs",
            &["OLD-3", "OLD-1"],
            Fault {
                oldest: |store| Ok(store.log.iter().find(|(_, entry)| !entry.is_empty()).map(|(number, _)| *number)),
                ..RIGHT
            },
        ),
        broken(
            "oldest-overlooks-deletes",
            "oldest_retained_batch passes over the entries of deletes, not those of empty puts",
            &["OLD-3", "OLD-1"],
            Fault {
                delete: |store, keys| {
                    let number = store.delete(keys);
                    store.notes.entries.insert(number, Vec::new());
                    Ok(number)
                },
                oldest: |store| Ok(store.log.keys().find(|number| !store.notes.entries.contains_key(number)).copied()),
                ..RIGHT
            },
        ),
        broken(
            "oldest-overlooks-empty-puts",
            "oldest_retained_batch passes over the entries of empty puts",
            &["OLD-3", "OLD-1"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    if kvs.is_empty() {
                        store.notes.entries.insert(number, Vec::new());
                    }
                    Ok(number)
                },
                oldest: |store| Ok(store.log.keys().find(|number| !store.notes.entries.contains_key(number)).copied()),
                ..RIGHT
            },
        ),
    ]
}

fn pruned() -> Vec<Mutant> {
    vec![
        broken(
            "oldest-stays-after-prune",
            "oldest_retained_batch stays at the first number, 1, while anything is left in the log",
            &["OLD-1", "OLD-2"],
            Fault { oldest: |store| Ok(store.oldest().map(|_| 1)), ..RIGHT },
        ),
        broken(
            "oldest-after-clearing-is-next",
            "oldest_retained_batch of a cleared log is the number that comes next",
            &["OLD-2", "OLD-1"],
            Fault { oldest: |store| Ok(store.oldest().or((store.current > 0).then_some(store.current + 1))), ..RIGHT },
        ),
        broken(
            "oldest-none-once-cleared",
            "oldest_retained_batch is None for good once the log was cleared",
            &["OLD-2", "OLD-1"],
            Fault {
                prune: |store, cutoff| {
                    let count = store.prune(cutoff);
                    store.notes.flag |= count > 0 && store.log.is_empty();
                    Ok(count)
                },
                oldest: |store| Ok(store.oldest().filter(|_| !store.notes.flag)),
                ..RIGHT
            },
        ),
        broken(
            "oldest-follows-smaller-cutoff",
            "a prune with a smaller cutoff than before moves oldest_retained_batch back to it",
            &["OLD-4", "OLD-1", "PRN-3"],
            Fault {
                prune: |store, cutoff| {
                    let count = store.prune(cutoff);
                    store.notes.count = cutoff;
                    Ok(count)
                },
                oldest: |store| {
                    let back = Some(store.notes.count).filter(|back| *back > 0);
                    Ok(store.oldest().map(|oldest| back.map_or(oldest, |back| back.min(oldest))))
                },
                ..RIGHT
            },
        ),
    ]
}
