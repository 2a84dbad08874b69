//! Races about numbers: who gets which, when it is announced, and in which order writes take effect (PUT-3, ISO-2).

use std::sync::atomic::Ordering;

use storecheck::Mutant;

use crate::base::copied;
use crate::concurrent::{Core, RIGHT, Race, others_turn, racing};

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        racing(
            "number-before-data",
            "current_sequence covers a put before State shows it",
            &["ISO-1", "ISO-3", "ISO-4", "PUT-7", "LOG-4", "SEQ-2", "SEQ-4", "PRN-2", "OLD-1"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    let number = core.lock().next();
                    core.publish(number);
                    core.expose();
                    others_turn();
                    let mut store = core.lock();
                    store.write(kvs);
                    store.log.insert(number, copied(kvs));
                    Ok(number)
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
        racing(
            "two-writers-one-number",
            "two puts at once may be given one number",
            &["PUT-3", "ISO-4", "ISO-2", "ISO-1", "LOG-1", "LOG-4", "PRN-2"],
            Race {
                put: |core, kvs| {
                    let number = core.published.load(Ordering::Acquire) + 1;
                    others_turn();
                    let mut store = core.lock();
                    core.expose_if(store.current >= number);
                    store.current = store.current.max(number);
                    store.write(kvs);
                    store.log.insert(number, copied(kvs));
                    core.publish(number);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        racing(
            "effects-out-of-order",
            "of two puts at once that with the smaller number may take effect last",
            &["ISO-2", "ISO-1", "ISO-3", "ISO-4", "PUT-6", "LOG-4", "LOG-5", "PUT-7", "SEQ-1", "PRN-2", "OLD-1"],
            Race {
                put: |core, kvs| {
                    let number = core.lock().next();
                    others_turn();
                    let mut store = core.lock();
                    core.expose_if(store.current > number);
                    store.write(kvs);
                    store.log.insert(number, copied(kvs));
                    core.publish(number);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        racing(
            "number-after-effect",
            "a put takes effect first and its number later, so that two puts at once may do so in different orders",
            &["ISO-2", "ISO-1", "ISO-3", "ISO-4"],
            Race {
                put: |core, kvs| {
                    let before = {
                        let mut store = core.lock();
                        store.write(kvs);
                        store.current
                    };
                    others_turn();
                    let mut store = core.lock();
                    core.expose_if(store.current != before);
                    let number = store.record(kvs);
                    core.publish(number);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        racing(
            "current-goes-back",
            "current_sequence shows the number of the put that ends last, even if it is the smaller",
            &["SEQ-1", "PUT-7"],
            Race {
                put: |core, kvs| {
                    let number = core.lock().put(kvs);
                    others_turn();
                    core.expose_if(core.published.load(Ordering::Acquire) > number);
                    core.published.store(number, Ordering::Release);
                    Ok(number)
                },
                ..RIGHT
            },
        ),
        racing(
            "current-cached-per-thread",
            "current_sequence answers what the thread knew at its last write or some calls ago",
            &["SEQ-1", "PUT-7"],
            Race {
                put: |core, kvs| Ok(noted(core, core.write(|store| store.put(kvs)))),
                delete: |core, keys| Ok(noted(core, core.write(|store| store.delete(keys)))),
                current: |core| {
                    let newest = core.published.load(Ordering::Acquire);
                    let answer = core.own(|own| {
                        own.uses += 1;
                        if own.uses % 4 == 0 || own.number.is_none() {
                            own.number = Some(newest);
                        }
                        own.number.unwrap_or(newest)
                    });
                    core.expose_if(answer < newest);
                    answer
                },
                ..RIGHT
            },
        ),
        racing(
            "lost-update",
            "a put replaces State by a copy that it made before, and what others wrote meanwhile is gone",
            &["ISO-4", "ISO-1", "ISO-2", "ISO-3", "DEL-1", "SCAN-10"],
            Race {
                put: |core, kvs| {
                    let (mut state, before) = {
                        let store = core.read();
                        (store.state.clone(), store.current)
                    };
                    state.extend(copied(kvs));
                    others_turn();
                    Ok(core.write(|store| {
                        core.expose_if(store.current != before);
                        store.state = state;
                        store.record(kvs)
                    }))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Keeps the number that this thread's write was given.
fn noted(core: &Core, number: u64) -> u64 {
    core.own(|own| own.number = Some(number));
    number
}
