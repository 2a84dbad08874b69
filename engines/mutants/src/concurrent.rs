//! What mutants are made from that are right with one client and wrong with several: the right store under one lock,
//! and a [`Race`], one function for each call, of which a mutant replaces one or two.
//!
//! Nothing here sleeps. A fault yields the processor where other threads should come between, and counts itself only
//! when another call was in flight, so that "exposed 40 times in 1000 calls", which the engine writes when it is dropped, says how
//! often the suite could have seen it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::{self, ThreadId};

use bytes::Bytes;
use storecheck::{Engine, Mutant, StoreEngine};

use crate::base::{Answer, Entry, Pair, Span, Store, Value};

/// What an engine does at each call, several at once.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) put: fn(&Core, &[Pair]) -> Answer<u64>,
    pub(crate) get: fn(&Core, &[u8]) -> Answer<Value>,
    pub(crate) scan: fn(&Core, Span<'_>) -> Answer<Vec<Pair>>,
    pub(crate) many: Many,
    pub(crate) delete: fn(&Core, &[&[u8]]) -> Answer<u64>,
    pub(crate) current: fn(&Core) -> u64,
    pub(crate) batch: fn(&Core, u64) -> Answer<Option<Vec<Pair>>>,
    pub(crate) oldest: fn(&Core) -> Answer<Option<u64>>,
    pub(crate) prune: fn(&Core, u64) -> Answer<u64>,
}

/// A `get_many`.
pub(crate) type Many = fn(&Core, &[&[u8]]) -> Answer<Vec<Entry>>;

/// No fault at all.
pub(crate) const RIGHT: Race = Race {
    put: |core, kvs| Ok(core.write(|store| store.put(kvs))),
    get: |core, key| Ok(core.read().get(key)),
    scan: |core, span| Ok(core.read().scan(span)),
    many: |core, keys| Ok(core.read().many(keys)),
    delete: |core, keys| Ok(core.write(|store| store.delete(keys))),
    current: |core| core.published.load(Ordering::Acquire),
    batch: |core, number| Ok(core.read().batch(number)),
    oldest: |core| Ok(core.read().oldest()),
    prune: |core, cutoff| Ok(core.lock().prune(cutoff)),
};

/// The store, and what faults keep beside it.
#[derive(Default)]
pub(crate) struct Core {
    store: RwLock<Store>,
    /// The number that `current_sequence` answers.
    pub(crate) published: AtomicU64,
    /// Held by faults that take a write apart and still do one write after the other.
    pub(crate) turn: Mutex<()>,
    /// A second lock, to be taken in the wrong order.
    pub(crate) other: Mutex<()>,
    pub(crate) wake: Condvar,
    pub(crate) side: Mutex<Side>,
    /// Calls in flight, and calls made.
    calls: AtomicU64,
    made: AtomicU64,
    exposed: AtomicU64,
}

/// What a fault remembers between calls.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) busy: bool,
    pub(crate) values: HashMap<Bytes, Value>,
    pub(crate) pending: Option<Vec<Pair>>,
    pub(crate) threads: HashMap<ThreadId, Own>,
}

/// What a fault remembers of one thread.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) uses: u64,
    pub(crate) number: Option<u64>,
    pub(crate) oldest: Option<Option<u64>>,
    pub(crate) rows: Option<Vec<Pair>>,
    pub(crate) late: Vec<(u64, Vec<Pair>)>,
}

/// Lets other threads come between.
pub(crate) fn others_turn() {
    for _ in 0..3 {
        thread::yield_now();
    }
}

impl Core {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lock(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store if nobody else is at it.
    pub(crate) fn try_read(&self) -> Option<RwLockReadGuard<'_, Store>> {
        self.store.try_read().ok()
    }

    pub(crate) fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A right write: its number is published before the lock is given up.
    pub(crate) fn write(&self, write: impl FnOnce(&mut Store) -> u64) -> u64 {
        let mut store = self.lock();
        let number = write(&mut store);
        self.published.fetch_max(number, Ordering::Release);
        number
    }

    pub(crate) fn publish(&self, number: u64) {
        self.published.fetch_max(number, Ordering::Release);
    }

    /// What this thread remembers.
    pub(crate) fn own<T>(&self, f: impl FnOnce(&mut Own) -> T) -> T {
        f(self.side().threads.entry(thread::current().id()).or_default())
    }

    /// Counts the fault, if another call is in flight that could see it.
    pub(crate) fn expose(&self) {
        if self.calls.load(Ordering::Relaxed) > 1 {
            self.exposed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts the fault if it made a difference.
    pub(crate) fn expose_if(&self, different: bool) {
        if different {
            self.exposed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A mutant that races.
pub(crate) fn racing(name: &'static str, line: &'static str, breaks: &'static [&'static str], race: Race) -> Mutant {
    let engine = Engine::new(name, move |_: &Path| Ok(Racing { race, core: Core::default() }));
    let engine = engine.version(env!("CARGO_PKG_VERSION")).batch_log(true);
    Mutant { concurrent: true, ..Mutant::new(engine, line, breaks) }
}

/// An engine with one fault that takes several threads.
pub(crate) struct Racing {
    race: Race,
    core: Core,
}

impl Racing {
    /// Makes a call, which is in flight meanwhile.
    fn call<T>(&self, call: impl FnOnce(&Core) -> T) -> T {
        self.core.calls.fetch_add(1, Ordering::Relaxed);
        self.core.made.fetch_add(1, Ordering::Relaxed);
        let answer = call(&self.core);
        self.core.calls.fetch_sub(1, Ordering::Relaxed);
        answer
    }
}

impl Drop for Racing {
    fn drop(&mut self) {
        let exposed = self.core.exposed.load(Ordering::Relaxed);
        if exposed > 0 {
            eprintln!("exposed {exposed} times in {} calls", self.core.made.load(Ordering::Relaxed));
        }
    }
}

impl StoreEngine for Racing {
    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        self.call(|core| (self.race.put)(core, kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Value, String> {
        self.call(|core| (self.race.get)(core, key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        self.call(|core| (self.race.scan)(core, Span { start, end, limit, forward }))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Entry>, String> {
        self.call(|core| (self.race.many)(core, keys))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.call(|core| (self.race.delete)(core, keys))
    }

    fn current_sequence(&self) -> u64 {
        self.call(|core| (self.race.current)(core))
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<Pair>>, String> {
        self.call(|core| (self.race.batch)(core, sequence_number))
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.call(|core| (self.race.oldest)(core))
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.call(|core| (self.race.prune)(core, cutoff_exclusive))
    }
}
