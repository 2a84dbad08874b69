//! Races about the batch log: entries that are early, late, halved or swapped, and prunes that meet readers and each
//! other (LOG, PRN, OLD).

use storecheck::Mutant;

use crate::base::{Store, copied};
use crate::concurrent::{Core, Own, RIGHT, Race, others_turn, racing};

pub(crate) fn mutants() -> Vec<Mutant> {
    vec![
        racing(
            "entry-of-a-number-to-come",
            "while a put is under way its pairs stand in the log under the number after its own",
            &["LOG-1", "LOG-3", "LOG-7", "LOG-5", "OLD-1", "PRN-2"],
            Race {
                put: |core, kvs| {
                    let _turn = core.turn();
                    let early = core.read().current + 2;
                    core.lock().log.insert(early, copied(kvs));
                    core.expose();
                    others_turn();
                    Ok(core.write(|store| {
                        store.log.remove(&early);
                        store.put(kvs)
                    }))
                },
                delete: |core, keys| {
                    let _turn = core.turn();
                    Ok(core.write(|store| store.delete(keys)))
                },
                ..RIGHT
            },
        ),
        racing(
            "entry-after-acknowledgement",
            "a put's log entry is written by the next call of its thread",
            &["LOG-4", "PUT-6", "OLD-1", "PRN-2", "LOG-5"],
            Race {
                put: |core, kvs| {
                    log_late(core);
                    let number = core.write(|store| {
                        store.write(kvs);
                        store.next()
                    });
                    core.own(|own| own.late.push((number, copied(kvs))));
                    core.expose();
                    Ok(number)
                },
                delete: |core, keys| {
                    log_late(core);
                    Ok(core.write(|store| store.delete(keys)))
                },
                batch: |core, number| Ok(logged(core, |store| store.batch(number))),
                oldest: |core| Ok(logged(core, Store::oldest)),
                prune: |core, cutoff| {
                    log_late(core);
                    Ok(core.lock().prune(cutoff))
                },
                ..RIGHT
            },
        ),
        racing(
            "get-batch-fails-beside-prune",
            "get_batch fails when a prune removes the entry between its two looks",
            &["GEN-12", "LOG-3"],
            Race {
                batch: |core, number| {
                    if !core.read().log.contains_key(&number) {
                        return Ok(None);
                    }
                    others_turn();
                    let batch = core.read().batch(number);
                    core.expose_if(batch.is_none());
                    batch.map(Some).ok_or_else(|| "the entry is gone".to_owned())
                },
                ..RIGHT
            },
        ),
        racing(
            "prune-halves-entries",
            "a prune drops the pairs of an entry before the entry",
            &["LOG-1", "LOG-4"],
            Race {
                prune: |core, cutoff| {
                    let _turn = core.turn();
                    for entry in core.lock().log.range_mut(..cutoff) {
                        entry.1.truncate(entry.1.len() / 2);
                    }
                    core.expose();
                    others_turn();
                    let mut store = core.lock();
                    Ok(store.prune(cutoff))
                },
                ..RIGHT
            },
        ),
        racing(
            "prunes-count-twice",
            "two prunes at once both count the entries that they meet",
            &["PRN-2"],
            Race {
                prune: |core, cutoff| {
                    let count = core.read().log.range(..cutoff).count() as u64;
                    others_turn();
                    let removed = core.lock().prune(cutoff);
                    core.expose_if(removed < count);
                    Ok(count)
                },
                ..RIGHT
            },
        ),
        racing(
            "prune-takes-new-entries-along",
            "a prune up to the newest number also removes entries that are written meanwhile",
            &["PRN-1", "PRN-4", "LOG-4", "PUT-6", "OLD-1", "LOG-9", "PRN-2"],
            Race {
                prune: |core, cutoff| {
                    let before = core.read().current;
                    others_turn();
                    let mut store = core.lock();
                    let late = if cutoff > before { store.current.saturating_sub(before) } else { 0 };
                    core.expose_if(late > 0);
                    Ok(store.prune(cutoff.saturating_add(late)))
                },
                ..RIGHT
            },
        ),
        racing(
            "oldest-of-a-while-ago",
            "oldest_retained_batch answers what the thread saw some calls ago, whatever others pruned",
            &["OLD-1", "PRN-1", "LOG-5"],
            Race {
                put: |core, kvs| Ok(afresh(core, core.write(|store| store.put(kvs)))),
                delete: |core, keys| Ok(afresh(core, core.write(|store| store.delete(keys)))),
                prune: |core, cutoff| Ok(afresh(core, core.lock().prune(cutoff))),
                oldest: |core| {
                    let newest = core.read().oldest();
                    let answer = core.own(|own| {
                        own.uses += 1;
                        if own.uses % 4 == 0 {
                            own.oldest = None;
                        }
                        *own.oldest.get_or_insert(newest)
                    });
                    core.expose_if(answer != newest);
                    Ok(answer)
                },
                ..RIGHT
            },
        ),
        racing(
            "entries-change-places",
            "two puts at once hand their pairs to the log through one slot, and one entry gets the other's",
            &["LOG-1", "ISO-4"],
            Race {
                put: |core, kvs| {
                    core.side().pending = Some(copied(kvs));
                    others_turn();
                    let pending = core.side().pending.take();
                    let logged = pending.unwrap_or_else(|| copied(kvs));
                    core.expose_if(logged != kvs);
                    Ok(core.write(|store| store.put_logging(kvs, &logged)))
                },
                ..RIGHT
            },
        ),
    ]
}

/// Writes the entry that this thread's last put left.
fn log_late(core: &Core) {
    let late = core.own(|own| std::mem::take(&mut own.late));
    core.lock().log.extend(late);
}

fn logged<T>(core: &Core, read: impl FnOnce(&Store) -> T) -> T {
    log_late(core);
    read(&core.read())
}

/// After a change of its own a thread looks again.
fn afresh(core: &Core, answer: u64) -> u64 {
    core.own(|own| *own = Own::default());
    answer
}
