//! Faults of numbering and of `current_sequence` (PUT-3, PUT-4, PUT-5, PUT-7, SEQ-1 to SEQ-5).

use storecheck::Mutant;

use crate::fault::{Fault, RIGHT, broken};

pub(crate) fn mutants() -> Vec<Mutant> {
    [repeated(), falling(), holes(), first(), trailing(), leading()].into_iter().flatten().collect()
}

fn repeated() -> Vec<Mutant> {
    vec![
        broken(
            "number-repeats-after-delete",
            "a put right after a delete takes the delete's number and its place in the log",
            &["PUT-3", "LOG-4", "DEL-4"],
            Fault {
                put: |store, kvs| {
                    if std::mem::take(&mut store.notes.flag) {
                        store.current -= 1;
                    }
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    store.notes.flag = true;
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "deletes-numbered-apart",
            "deletes answer numbers of a series of their own",
            &["DEL-2", "PUT-3", "PUT-4", "SEQ-4"],
            Fault {
                delete: |store, keys| {
                    store.delete(keys);
                    store.notes.count += 1;
                    Ok(store.notes.count)
                },
                ..RIGHT
            },
        ),
    ]
}

fn falling() -> Vec<Mutant> {
    vec![
        broken(
            "number-of-fifth-write-falls-back",
            "the put that is the fifth write answers the number of the third",
            &["PUT-3", "LOG-1", "PUT-4"],
            Fault {
                put: |store, kvs| {
                    let number = store.put(kvs);
                    Ok(if number == 5 { 3 } else { number })
                },
                ..RIGHT
            },
        ),
        broken(
            "numbers-wrap-after-127",
            "the put that should take the number 128 answers 0, and numbers start anew",
            &["PUT-3", "SEQ-1", "LOG-1"],
            Fault {
                put: |store, kvs| {
                    store.put(kvs);
                    store.current &= 0x7F;
                    Ok(store.current)
                },
                ..RIGHT
            },
        ),
    ]
}

fn holes() -> Vec<Mutant> {
    vec![
        broken(
            "numbers-skip-every-fifth",
            "every fifth number is left out by puts",
            &["PUT-4", "LOG-6"],
            Fault {
                put: |store, kvs| {
                    if store.current % 5 == 4 {
                        store.next();
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
        broken(
            "numbers-skip-before-delete",
            "the number before that of a delete is left out",
            &["PUT-4", "LOG-6"],
            Fault {
                delete: |store, keys| {
                    if !store.log.is_empty() {
                        store.next();
                    }
                    Ok(store.delete(keys))
                },
                ..RIGHT
            },
        ),
        broken(
            "numbers-count-pairs",
            "a put takes as many numbers as it has pairs and answers the last one",
            &["PUT-4", "LOG-6", "PUT-5"],
            Fault {
                put: |store, kvs| {
                    store.current += kvs.len().saturating_sub(1) as u64;
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]
}

fn first() -> Vec<Mutant> {
    vec![
        broken(
            "numbers-start-at-zero",
            "the first put of a fresh store takes the number 0",
            &["PUT-5", "PUT-4"],
            Fault {
                put: |store, kvs| {
                    if store.current > 0 || store.notes.flag {
                        return Ok(store.put(kvs));
                    }
                    store.notes.flag = true;
                    store.put(kvs);
                    store.current = 0;
                    store.log = std::mem::take(&mut store.log).into_values().map(|entry| (0, entry)).collect();
                    Ok(0)
                },
                ..RIGHT
            },
        ),
        broken(
            "numbers-start-two-above",
            "the first put of a fresh store takes current_sequence() + 2",
            &["PUT-5", "PUT-4"],
            Fault {
                put: |store, kvs| {
                    if store.current == 0 {
                        store.next();
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]
}

fn trailing() -> Vec<Mutant> {
    vec![
        broken(
            "current-trails-after-delete",
            "current_sequence does not count a delete until the next put",
            &["PUT-7", "SEQ-4"],
            Fault {
                put: |store, kvs| {
                    store.notes.count = 0;
                    Ok(store.put(kvs))
                },
                delete: |store, keys| {
                    store.notes.count += 1;
                    Ok(store.delete(keys))
                },
                current: |store| store.current - store.notes.count,
                ..RIGHT
            },
        ),
        broken(
            "current-first-read-is-old",
            "the first current_sequence after a put does not count it, the second does",
            &["PUT-7", "SEQ-4"],
            Fault {
                put: |store, kvs| {
                    store.notes.flag = true;
                    Ok(store.put(kvs))
                },
                current: |store| store.current - u64::from(std::mem::take(&mut store.notes.flag)),
                ..RIGHT
            },
        ),
        broken(
            "current-zero-when-state-is-empty",
            "current_sequence is 0 while State is empty",
            &["SEQ-1", "SEQ-4", "PUT-7"],
            Fault { current: |store| if store.state.is_empty() { 0 } else { store.current }, ..RIGHT },
        ),
        broken(
            "current-falls-with-prune",
            "current_sequence is the number of the newest log entry, 0 when all are pruned",
            &["PRN-5", "SEQ-1", "SEQ-4"],
            Fault { current: |store| store.log.keys().next_back().copied().unwrap_or(0), ..RIGHT },
        ),
    ]
}

fn leading() -> Vec<Mutant> {
    vec![
        broken(
            "current-one-ahead",
            "current_sequence is one above the highest number given to a write",
            &["SEQ-4"],
            Fault { current: |store| store.current + u64::from(store.current > 0), ..RIGHT },
        ),
        broken(
            "current-advances-with-prune",
            "a prune that removes something takes a number",
            &["SEQ-5", "PRN-5", "SEQ-4", "PUT-4"],
            Fault {
                prune: |store, cutoff| {
                    let count = store.prune(cutoff);
                    if count > 0 {
                        store.next();
                    }
                    Ok(count)
                },
                ..RIGHT
            },
        ),
    ]
}
