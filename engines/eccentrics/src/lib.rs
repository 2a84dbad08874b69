//! Deliberately odd but legal engines, which the suite must pass: a suite that fails one of them takes habit for law.
//!
//! [`all`] lists them. Most are the store of [`base`] with one setting changed; some are a [`twist`] around it, and a
//! few have a shape of their own.

use std::thread;
use std::time::Duration;

use storecheck::{Durability, Eccentric, Engine, Frontier, StoreEngine, Target};

use crate::base::{Base, EmptyDelete, EmptyPut, Settings, USUAL};
use crate::data_first::DataFirst;
use crate::lagging::Lagging;
use crate::layers::{LastKeyFirst, SharedBuffer, Slow};
use crate::own_runtime::OwnRuntime;
use crate::twist::Twisted;

mod base;
mod data_first;
mod lagging;
mod layers;
mod own_runtime;
mod saved;
#[cfg(test)]
mod tests;
mod twist;

/// How long slow-reopen takes to open what was saved.
const REOPENING: Duration = Duration::from_millis(20);

/// Every eccentric, each with what is odd about it.
#[must_use]
pub fn all() -> Vec<Eccentric> {
    let mut all = numbers_and_log();
    all.extend(refusals());
    all.extend(order());
    all.extend(hosting());
    all
}

/// Oddities of numbers and of the batch log.
fn numbers_and_log() -> Vec<Eccentric> {
    vec![
        plain(
            "no-batch-log",
            Settings { log: false, ..USUAL },
            "keeps no batch log and says so (LOG-8)",
            Target::Trait,
        ),
        plain(
            "fresh-number-10-12",
            Settings { fresh: 1_000_000_000_000, ..USUAL },
            "a fresh store's number is 10^12 and its first write's one more (SEQ-6, PUT-5)",
            Target::Served,
        ),
        plain(
            "holes-in-numbers",
            // 1 after the fresh number 0 (PUT-5), then 1 to 3 in no simple rhythm.
            Settings { step: |current| 1 + (current ^ (current >> 1)) % 3, ..USUAL },
            "leaves up to two numbers out between writes (PUT-4 below served)",
            Target::Trait,
        ),
        plain(
            "deletes-not-logged",
            Settings { log_deletes: false, ..USUAL },
            "deletes take numbers but leave no log entries (DEL-4 below served)",
            Target::Trait,
        ),
    ]
}

/// Oddities of what is refused, and how.
fn refusals() -> Vec<Eccentric> {
    let served = |name, settings, line| plain(name, settings, line, Target::Served);
    vec![
        served(
            "empty-puts-refused",
            Settings { empty_put: EmptyPut::Refused, ..USUAL },
            "refuses a put of nothing (PUT-13)",
        ),
        served(
            "empty-deletes-noop",
            Settings { empty_delete: EmptyDelete::Noop, ..USUAL },
            "answers a delete of nothing with the current number and writes nothing (DEL-5)",
        ),
        served(
            "empty-deletes-refused",
            Settings { empty_delete: EmptyDelete::Refused, ..USUAL },
            "refuses a delete of nothing (DEL-5)",
        ),
        served(
            "number-burnt-on-err",
            Settings { burn_over: 50_000, ..USUAL },
            "refuses puts of more than 50,000 pairs, spending a number with an empty log entry (PUT-8, PUT-9)",
        ),
        served(
            "large-batches-refused",
            Settings { pairs_limit: 10_000, ..USUAL },
            "refuses puts of more than 10,000 pairs, changing nothing (PUT-15, GEN-12)",
        ),
        served(
            "long-keys-refused",
            Settings { key_limit: 254, ..USUAL },
            "refuses keys and scan bounds of more than 254 octets (PUT-12, SCAN-11)",
        ),
        served(
            "long-values-refused",
            Settings { value_limit: 10 << 20, ..USUAL },
            "refuses values of more than 10 MiB (PUT-12)",
        ),
    ]
}

/// Oddities of what is seen when.
fn order() -> Vec<Eccentric> {
    let lagging = memory("lagging-frontier", || Ok(Twisted(Lagging::new()))).frontier(Frontier::Lagging);
    vec![
        served(
            lagging,
            "its current number trails by up to two and comes nearer when asked (PUT-7, waived by declaring)",
        ),
        served(
            memory("data-before-number", || Ok(DataFirst::default())),
            "a write shows in State, then in the log, then in the number, all before it returns (SEQ-3)",
        ),
        served(
            memory("get-many-last-key-first", || Ok(Twisted(LastKeyFirst(Base::new(USUAL))))),
            "get_many looks the last key up first and answers in input order (MANY-4)",
        ),
        served(
            memory("slow", || Ok(Twisted(Slow(Base::new(USUAL))))),
            "every call takes 50 microseconds of a processor (GEN-2 asks only that it ends)",
        ),
    ]
}

/// Oddities of memory, threads and files.
fn hosting() -> Vec<Eccentric> {
    let clean_close_only = Engine::new("clean-close-only", |dir| Base::open(USUAL, dir));
    let slow_reopen = Engine::new("slow-reopen", |dir| {
        if saved::exists(dir) {
            thread::sleep(REOPENING);
        }
        Base::open(USUAL, dir)
    });
    let kept = |engine| declared(engine, USUAL.log).durability(Durability::CleanClose);
    vec![
        served(
            memory("shared-buffer-bytes", || Ok(Twisted(SharedBuffer(Base::new(USUAL))))),
            "all octets of a scan or of a log entry are slices of one buffer (LOG-1 asks for the octets alone)",
        ),
        served(memory("own-runtime", OwnRuntime::new), "does its work on a Tokio runtime of its own (GEN-3)"),
        served(kept(clean_close_only), "writes its data to a file when it is dropped, and not before (DUR-1)"),
        served(kept(slow_reopen), "takes 20 milliseconds to open what was saved (no clause says how long)"),
    ]
}

/// A store that differs by its settings alone.
fn plain(name: &str, settings: Settings, line: &'static str, target: Target) -> Eccentric {
    let engine = declared(Engine::new(name, move |_| Ok(Base::new(settings))), settings.log);
    Eccentric { engine, line, target }
}

/// An engine in memory with a batch log.
fn memory<E: StoreEngine>(name: &str, open: impl Fn() -> Result<E, String> + Send + Sync + 'static) -> Engine {
    declared(Engine::new(name, move |_| open()), true)
}

fn declared(engine: Engine, log: bool) -> Engine {
    engine.version(env!("CARGO_PKG_VERSION")).batch_log(log).durability(Durability::Volatile)
}

fn served(engine: Engine, line: &'static str) -> Eccentric {
    Eccentric { engine, line, target: Target::Served }
}
