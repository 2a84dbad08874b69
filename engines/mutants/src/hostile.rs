//! Engines that endanger the process they run in: they panic, hang, die, or eat memory and threads.
//!
//! All of them are right until the key `trigger` is touched in the way that they say, so that everything before it is
//! seen to have passed. A dead or hanging process must be blamed on the call that was in progress.

use std::fs::OpenOptions;
use std::hint::black_box;
use std::panic;
use std::process;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use storecheck::Mutant;

use crate::base::{Pair, Store};
use crate::fault::{Fault, RIGHT, broken, hostile};

/// The key that sets a hostile engine off.
pub(crate) const TRIGGER: &[u8] = b"trigger";

pub(crate) fn mutants() -> Vec<Mutant> {
    let groups = [panics(), strange_panics(), hangs(), deaths(), exits(), memory()];
    groups.into_iter().flatten().map(hostile).collect()
}

/// Whether the batch holds the trigger.
pub(crate) fn armed(kvs: &[Pair]) -> bool {
    kvs.iter().any(|(key, _)| key == TRIGGER)
}

/// Waits for ever without using the processor.
pub(crate) fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3_600));
    }
}

/// A fault that runs `$what` before a `get` of the trigger.
macro_rules! in_get {
    ($what:expr) => {
        Fault {
            before_get: |key| {
                if key == TRIGGER {
                    $what;
                }
            },
            ..RIGHT
        }
    };
}

/// A fault that runs `$what` before a `put_batch` of the trigger.
macro_rules! in_put {
    ($what:expr) => {
        Fault {
            before_put: |kvs| {
                if armed(kvs) {
                    $what;
                }
            },
            ..RIGHT
        }
    };
}

fn panics() -> Vec<Mutant> {
    vec![
        broken("panics-in-put", "put_batch of the trigger panics", &["GEN-4"], in_put!(panic!("put of the trigger"))),
        broken("panics-in-get", "get of the trigger panics", &["GEN-4"], in_get!(panic!("get of the trigger"))),
        broken(
            "panics-in-scan",
            "a scan that reaches the trigger panics",
            &["GEN-4"],
            Fault {
                scan: |store, span| {
                    let rows = store.scan(span);
                    assert!(!armed(&rows), "scan of the trigger");
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "poisons-its-lock",
            "put_batch of the trigger panics under the lock, and every later call panics for it",
            &["GEN-4", "GEN-7"],
            Fault {
                put: |store, kvs| {
                    assert!(!armed(kvs), "put of the trigger");
                    Ok(store.put(kvs))
                },
                poison: true,
                ..RIGHT
            },
        ),
        broken(
            "panics-half-way-through-put",
            "put_batch panics when it comes to the trigger, with the pairs before it stored",
            &["GEN-4", "PUT-2"],
            Fault {
                put: |store, kvs| {
                    if let Some(at) = kvs.iter().position(|(key, _)| key == TRIGGER) {
                        store.write(&kvs[..at]);
                        panic!("put of the trigger");
                    }
                    Ok(store.put(kvs))
                },
                ..RIGHT
            },
        ),
    ]
}

fn strange_panics() -> Vec<Mutant> {
    vec![
        broken(
            "panics-with-a-number",
            "get of the trigger panics with a payload that is no string",
            &["GEN-4"],
            in_get!(panic::panic_any(42)),
        ),
        broken(
            "panics-through-its-own-hook",
            "get of the trigger panics, and the panic hook that the engine has set exits with code 0",
            &["GEN-4"],
            in_get!({
                panic::set_hook(Box::new(|_| process::exit(0)));
                panic!("get of the trigger");
            }),
        ),
        broken(
            "answers-err-without-text",
            "get of the trigger is an error with an empty message",
            &["GEN-12", "GEN-6"],
            Fault { get: |store, key| if key == TRIGGER { Err(String::new()) } else { Ok(store.get(key)) }, ..RIGHT },
        ),
    ]
}

fn hangs() -> Vec<Mutant> {
    vec![
        broken("hangs-in-put", "put_batch of the trigger never returns", &["GEN-2"], in_put!(hang())),
        broken("hangs-in-get", "get of the trigger never returns", &["GEN-2"], in_get!(hang())),
        broken(
            "hangs-with-its-lock",
            "put_batch of the trigger never returns, and no call after it",
            &["GEN-2"],
            Fault { put: |store, kvs| if armed(kvs) { hang() } else { Ok(store.put(kvs)) }, ..RIGHT },
        ),
        broken(
            "spins-in-scan",
            "a scan that reaches the trigger keeps the processor busy for ever",
            &["GEN-2"],
            Fault {
                scan: |store, span| {
                    let rows = store.scan(span);
                    while armed(&rows) {
                        std::hint::spin_loop();
                    }
                    Ok(rows)
                },
                ..RIGHT
            },
        ),
        broken(
            "stops-itself",
            "get of the trigger stops the process with SIGSTOP",
            &["GEN-2", "GEN-4"],
            in_get!(signal_self(Signal::STOP)),
        ),
    ]
}

/// Sends the process a signal; one that does not arrive leaves it to abort.
fn signal_self(signal: Signal) {
    if kill_process(getpid(), signal).is_err() {
        process::abort();
    }
}

/// Recursion that no optimiser turns into a loop.
fn dive(depth: u64) -> u64 {
    let frame = black_box([depth; 512]);
    if depth == u64::MAX { frame[0] } else { frame[1].wrapping_add(dive(depth + 1)) }
}

fn deaths() -> Vec<Mutant> {
    vec![
        broken("aborts-in-get", "get of the trigger aborts the process", &["GEN-4"], in_get!(process::abort())),
        broken(
            "kills-itself-in-get",
            "get of the trigger kills the process with SIGKILL",
            &["GEN-4"],
            in_get!({
                signal_self(Signal::KILL);
                hang()
            }),
        ),
        broken(
            "overflows-its-stack",
            "get of the trigger recurses until the stack is used up",
            &["GEN-4"],
            in_get!(black_box(dive(0))),
        ),
        broken(
            "panics-while-panicking",
            "get of the trigger panics, and panics again while that panic unwinds",
            &["GEN-4"],
            in_get!({
                let _bomb = Bomb;
                panic!("get of the trigger");
            }),
        ),
    ]
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("unwinding past the bomb");
    }
}

fn exits() -> Vec<Mutant> {
    vec![
        broken(
            "exits-0-in-get",
            "get of the trigger ends the process with code 0",
            &["GEN-4"],
            in_get!(process::exit(0)),
        ),
        broken(
            "exits-3-in-get",
            "get of the trigger ends the process with code 3",
            &["GEN-4"],
            in_get!(process::exit(3)),
        ),
        broken(
            "closes-stdin-and-lies",
            "get of the trigger puts an empty file in the place of stdin and answers a wrong value",
            &["GET-1"],
            Fault {
                get: |store, key| {
                    if key != TRIGGER {
                        return Ok(store.get(key));
                    }
                    let closed = OpenOptions::new().read(true).open("/dev/null");
                    let closed = closed.map_err(|error| error.kind().to_string())?;
                    rustix::stdio::dup2_stdin(closed).map_err(|error| error.to_string())?;
                    Ok(Some(b"not what was written".to_vec()))
                },
                ..RIGHT
            },
        ),
    ]
}

fn memory() -> Vec<Mutant> {
    vec![
        broken(
            "allocates-without-end",
            "put_batch of the trigger takes and touches memory until there is no more",
            &["GEN-4", "GEN-2"],
            in_put!(allocate_without_end()),
        ),
        broken(
            "starts-threads-without-end",
            "get of the trigger starts threads that never end until it cannot, and panics",
            &["GEN-4", "GEN-2"],
            in_get!(start_threads()),
        ),
        broken(
            "scan-floods-with-rows",
            "a scan that reaches the trigger shows its row a million times",
            &["SCAN-2", "SCAN-4"],
            Fault { scan: |store, span| Ok(flooded(store.scan(span))), ..RIGHT },
        ),
        broken(
            "many-answers-one-too-many",
            "get_many of the trigger answers one entry more than it was asked for",
            &["MANY-1"],
            Fault {
                many: Some(|store: &mut Store, keys: &[&[u8]]| {
                    let mut entries = store.many(keys);
                    if keys.contains(&TRIGGER) {
                        entries.push((Vec::new(), None));
                    }
                    Ok(entries)
                }),
                ..RIGHT
            },
        ),
    ]
}

fn allocate_without_end() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 16 << 20]));
    }
}

fn start_threads() {
    for started in 0..20_000 {
        if let Err(error) = thread::Builder::new().stack_size(64 << 10).spawn(|| hang()) {
            panic!("no thread after {started}: {}", error.kind());
        }
    }
    panic!("20000 threads and no end");
}

fn flooded(mut rows: Vec<Pair>) -> Vec<Pair> {
    if let Some(row) = rows.iter().find(|(key, _)| key == TRIGGER).cloned() {
        rows.extend(std::iter::repeat_n(row, 1_000_000));
    }
    rows
}
