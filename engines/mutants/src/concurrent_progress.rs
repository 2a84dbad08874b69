//! Races that end in errors, panics and waits without end (GEN-12, GEN-4, GEN-2).

use std::sync::PoisonError;

use storecheck::Mutant;

use crate::concurrent::{Core, RIGHT, Race, others_turn, racing};
use crate::fault::hostile;

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        racing(
            "get-fails-when-busy",
            "a get fails when a writer holds the lock",
            &["GEN-12"],
            Race {
                put: slow_put,
                get: |core, key| match core.try_read() {
                    Some(store) => Ok(store.get(key)),
                    None => {
                        core.expose();
                        Err("the store is busy".to_owned())
                    }
                },
                ..RIGHT
            },
        ),
        racing(
            "put-fails-when-busy",
            "a put fails when another is under way",
            &["GEN-12", "ISO-5"],
            Race {
                put: |core, kvs| match core.turn.try_lock() {
                    Ok(_turn) => {
                        others_turn();
                        Ok(core.write(|store| store.put(kvs)))
                    }
                    Err(_) => {
                        core.expose();
                        Err("another write is under way".to_owned())
                    }
                },
                ..RIGHT
            },
        ),
        racing(
            "scan-gives-up-when-busy",
            "a scan answers no rows when a writer holds the lock",
            &["ISO-3", "SCAN-10", "SCAN-9", "ISO-1"],
            Race {
                put: slow_put,
                scan: |core, span| match core.try_read() {
                    Some(store) => Ok(store.scan(span)),
                    None => {
                        core.expose();
                        Ok(Vec::new())
                    }
                },
                ..RIGHT
            },
        ),
        hostile(racing(
            "panics-when-busy",
            "a delete panics when another is under way",
            &["GEN-4", "GEN-12"],
            Race {
                delete: |core, keys| {
                    let turn = core.turn.try_lock();
                    if turn.is_err() {
                        core.expose();
                    }
                    let _turn = turn.expect("deletes come one at a time");
                    others_turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        )),
        hostile(racing(
            "scan-and-prune-deadlock",
            "a scan and a prune take two locks in different orders",
            &["GEN-2"],
            Race {
                scan: |core, span| {
                    let _first = core.turn();
                    others_turn();
                    let _second = core.other.lock().unwrap_or_else(PoisonError::into_inner);
                    Ok(core.read().scan(span))
                },
                prune: |core, cutoff| {
                    let _first = core.other.lock().unwrap_or_else(PoisonError::into_inner);
                    others_turn();
                    let _second = core.turn();
                    Ok(core.lock().prune(cutoff))
                },
                ..RIGHT
            },
        )),
        hostile(racing(
            "lost-wake-up",
            "a put that waits for another may miss the signal and wait for ever",
            &["GEN-2"],
            Race {
                put: |core, kvs| {
                    take_place(core);
                    others_turn();
                    let number = core.write(|store| store.put(kvs));
                    core.side().busy = false;
                    core.wake.notify_one();
                    Ok(number)
                },
                ..RIGHT
            },
        )),
    ]
}

/// A right put that holds the lock for a while.
fn slow_put(core: &Core, kvs: &[crate::base::Pair]) -> crate::base::Answer<u64> {
    Ok(core.write(|store| {
        let number = store.put(kvs);
        others_turn();
        number
    }))
}

/// Waits until no other put is under way, and does not look again between that look and the wait.
fn take_place(core: &Core) {
    loop {
        let busy = std::mem::replace(&mut core.side().busy, true);
        if !busy {
            return;
        }
        core.expose();
        others_turn();
        // A signal that came by now is lost.
        drop(core.wake.wait(core.side()));
    }
}
