//! Engines that are not what they declare: the batch log, the durability class, the frontier (LOG-8, DUR-1 to DUR-4,
//! SEQ-4, PUT-7).

use storecheck::{Durability, Engine, Family, Frontier, Mutant};

use crate::base::{Pair, Store};
use crate::fault::{Fault, RIGHT, broken, declaring, durable};

pub(crate) fn mutants() -> Vec<Mutant> {
    [log(), no_log(), durability(), frontier(), lagging_data()].into_iter().flatten().collect()
}

/// A right engine without a batch log.
const WITHOUT_LOG: Fault = Fault { batch: |_, _| Ok(None), oldest: |_| Ok(None), prune: |_, _| Ok(0), ..RIGHT };

fn log() -> Vec<Mutant> {
    vec![
        broken(
            "claims-log-keeps-none",
            "declares a batch log and keeps none",
            &["LOG-1", "LOG-4", "LOG-8", "OLD-2"],
            WITHOUT_LOG,
        ),
        without_log(broken("keeps-log-claims-none", "declares no batch log and keeps one", &["LOG-8"], RIGHT)),
    ]
}

fn without_log(mutant: Mutant) -> Mutant {
    declaring(mutant, |engine| engine.batch_log(false))
}

fn no_log() -> Vec<Mutant> {
    let mutants = [
        broken(
            "no-log-oldest-is-some",
            "without a batch log oldest_retained_batch answers the first write's number all the same",
            &["LOG-8"],
            Fault { oldest: |store| Ok(store.oldest()), ..WITHOUT_LOG },
        ),
        broken(
            "no-log-oldest-is-zero",
            "without a batch log oldest_retained_batch answers 0",
            &["LOG-8"],
            Fault { oldest: |_| Ok(Some(0)), ..WITHOUT_LOG },
        ),
        broken(
            "no-log-prune-counts",
            "without a batch log a prune answers a count all the same",
            &["LOG-8"],
            Fault { prune: |store, cutoff| Ok(store.prune(cutoff)), ..WITHOUT_LOG },
        ),
        broken(
            "no-log-newest-batch-is-empty",
            "without a batch log get_batch of the newest number answers an entry without pairs",
            &["LOG-8"],
            Fault { batch: |store, number| Ok((number > 0 && number == store.current).then(Vec::new)), ..WITHOUT_LOG },
        ),
        broken(
            "no-log-get-batch-err",
            "without a batch log get_batch is an error",
            &["LOG-8", "LOG-3", "GEN-12"],
            Fault { batch: |_, _| Err("there is no log".to_owned()), ..WITHOUT_LOG },
        ),
        broken(
            "no-log-prune-err",
            "without a batch log a prune is an error",
            &["LOG-8", "GEN-12"],
            Fault { prune: |_, _| Err("there is no log".to_owned()), ..WITHOUT_LOG },
        ),
    ];
    mutants.into_iter().map(without_log).collect()
}

/// A mutant that only a killed process brings to light.
fn killed(mutant: Mutant) -> Mutant {
    Mutant { family: Some(Family::Crash), ..mutant }
}

fn durability() -> Vec<Mutant> {
    let class = |class| move |engine: Engine| engine.durability(class);
    vec![
        declaring(
            broken("claims-clean-close-is-volatile", "declares clean-close and saves nothing", &["DUR-1"], RIGHT),
            class(Durability::CleanClose),
        ),
        killed(declaring(
            durable(
                "claims-process-crash-saves-at-close",
                "declares process-crash and saves only when it is closed",
                &["DUR-2", "DUR-4", "DUR-6"],
                RIGHT,
            ),
            class(Durability::ProcessCrash),
        )),
        killed(declaring(
            durable(
                "claims-power-loss-saves-at-close",
                "declares power-loss and saves only when it is closed",
                &["DUR-3", "DUR-2", "DUR-4", "DUR-6"],
                RIGHT,
            ),
            class(Durability::PowerLoss),
        )),
    ]
}

fn lagging(mutant: Mutant) -> Mutant {
    declaring(mutant, |engine| engine.frontier(Frontier::Lagging))
}

fn frontier() -> Vec<Mutant> {
    vec![
        broken(
            "immediate-trails-by-one",
            "declares an immediate frontier, and current_sequence never counts the newest write",
            &["PUT-7", "SEQ-4"],
            Fault { current: |store| store.current.saturating_sub(1), ..RIGHT },
        ),
        lagging(broken(
            "lagging-never-catches-up",
            "declares a lagging frontier, and current_sequence never counts the newest write",
            &["SEQ-4"],
            Fault { current: |store| store.current.saturating_sub(1), ..RIGHT },
        )),
        lagging(broken(
            "lagging-exceeds",
            "declares a lagging frontier, and current_sequence is one ahead right after a put",
            &["SEQ-4", "SEQ-1"],
            Fault {
                put: |store, kvs| {
                    store.notes.flag = true;
                    Ok(store.put(kvs))
                },
                current: |store| store.current + u64::from(std::mem::take(&mut store.notes.flag)),
                ..RIGHT
            },
        )),
        lagging(broken(
            "lagging-goes-back",
            "declares a lagging frontier, and every other current_sequence is one less",
            &["SEQ-1"],
            Fault {
                current: |store| {
                    store.notes.flag = !store.notes.flag;
                    store.current.saturating_sub(u64::from(!store.notes.flag))
                },
                ..RIGHT
            },
        )),
    ]
}

/// Applies the overwrites that wait for the frontier.
fn catch_up(store: &mut Store) {
    let late = std::mem::take(&mut store.notes.late);
    store.write(&late);
}

fn lagging_data() -> Vec<Mutant> {
    vec![
        lagging(broken(
            "lagging-overwrites-too",
            "declares a lagging frontier, and an overwrite is readable only after current_sequence or another write",
            &["PUT-1", "PUT-6", "GET-1", "ISO-1"],
            Fault {
                put: |store, kvs| {
                    catch_up(store);
                    let (old, new): (Vec<Pair>, Vec<Pair>) =
                        kvs.iter().cloned().partition(|(key, _)| store.state.contains_key(key));
                    store.notes.late = old;
                    Ok(store.put_storing(kvs, &new))
                },
                delete: |store, keys| {
                    catch_up(store);
                    Ok(store.delete(keys))
                },
                current: |store| {
                    catch_up(store);
                    store.current
                },
                ..RIGHT
            },
        )),
        lagging(durable(
            "lagging-loses-number-at-close",
            "declares a lagging frontier, and a close without a current_sequence before it forgets the last number",
            &["DUR-1", "DUR-5"],
            Fault {
                put: |store, kvs| {
                    store.notes.flag = true;
                    Ok(store.put(kvs))
                },
                current: |store| {
                    store.notes.flag = false;
                    store.current
                },
                closing: |store| store.current -= u64::from(store.notes.flag),
                ..RIGHT
            },
        )),
    ]
}
