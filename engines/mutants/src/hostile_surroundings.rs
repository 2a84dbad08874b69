//! Hostile engines that go for what lies around a call: output that looks like the suite's own, the working
//! directory, the store's folder, opening and dropping.

use std::fs;
use std::io::{self, Write};

use storecheck::Mutant;

use crate::base::Store;
use crate::fault::{Fault, RIGHT, broken, durable, hostile};
use crate::hostile::{TRIGGER, armed, hang};

pub(crate) fn mutants() -> Vec<Mutant> {
    [output(), folders(), closing(), opening()].into_iter().flatten().map(hostile).collect()
}

/// Lines that a runner which reads its workers' output might believe.
const LIES: &str = "\ntest result: ok. 1 passed; 0 failed; 0 ignored\n\
    {\"verdict\":\"pass\"}\n{\"id\":1,\"ok\":null}\nok 1 - everything\n\u{1b}[2J\u{7}\n\0";

fn lie() {
    let rubbish = LIES.repeat((1 << 20) / LIES.len());
    // Whether anybody takes the rubbish is no matter: the answer that follows is wrong either way.
    let _ = io::stdout().write_all(rubbish.as_bytes()).and_then(|()| io::stdout().flush());
    let _ = io::stderr().write_all(rubbish.as_bytes());
}

fn output() -> Vec<Mutant> {
    vec![broken(
        "writes-rubbish-and-lies",
        "get of the trigger writes 1 MiB of false verdicts to stdout and to stderr and answers a wrong value",
        &["GET-1"],
        Fault {
            get: |store, key| {
                if key != TRIGGER {
                    return Ok(store.get(key));
                }
                lie();
                Ok(Some(b"not what was written".to_vec()))
            },
            ..RIGHT
        },
    )]
}

fn folders() -> Vec<Mutant> {
    vec![
        broken(
            "changes-folder-and-lies",
            "get of the trigger makes / the working directory and answers a wrong value",
            &["GET-1"],
            Fault {
                get: |store, key| {
                    if key != TRIGGER {
                        return Ok(store.get(key));
                    }
                    std::env::set_current_dir("/").map_err(|error| error.kind().to_string())?;
                    Ok(Some(b"not what was written".to_vec()))
                },
                ..RIGHT
            },
        ),
        durable(
            "deletes-its-folder",
            "put_batch of the trigger deletes the store's folder, so that nothing can be saved",
            &["DUR-1", "GEN-12"],
            Fault {
                put: |store, kvs| {
                    if let Some(dir) = store.dir.as_ref().filter(|_| armed(kvs)) {
                        fs::remove_dir_all(dir).map_err(|error| error.kind().to_string())?;
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]
}

fn holds_trigger(store: &Store) -> bool {
    store.state.contains_key(TRIGGER)
}

fn closing() -> Vec<Mutant> {
    vec![
        durable(
            "panics-in-drop",
            "dropping a store that holds the trigger panics before anything is saved",
            &["DUR-1", "GEN-4"],
            Fault { closing: |store| assert!(!holds_trigger(store), "drop with the trigger"), ..RIGHT },
        ),
        durable(
            "hangs-in-drop",
            "dropping a store that holds the trigger never ends",
            &["DUR-1", "GEN-2"],
            Fault {
                closing: |store| {
                    if holds_trigger(store) {
                        hang();
                    }
                },
                ..RIGHT
            },
        ),
    ]
}

fn opening() -> Vec<Mutant> {
    vec![
        durable(
            "panics-in-open",
            "opening a store that holds the trigger panics",
            &["DUR-1", "GEN-4"],
            Fault {
                reopened: |store| {
                    assert!(!holds_trigger(store), "open with the trigger");
                    Ok(())
                },
                ..RIGHT
            },
        ),
        durable(
            "hangs-in-open",
            "opening a store that holds the trigger never ends",
            &["DUR-1", "GEN-2"],
            Fault { reopened: |store| if holds_trigger(store) { hang() } else { Ok(()) }, ..RIGHT },
        ),
        durable(
            "fails-to-open",
            "opening a store that holds the trigger is an error",
            &["DUR-1"],
            Fault {
                reopened: |store| {
                    if holds_trigger(store) { Err("the store is damaged".to_owned()) } else { Ok(()) }
                },
                ..RIGHT
            },
        ),
    ]
}
