//! How a fault is put into the right store: a [`Fault`] is one function for each call, all of them right in
//! [`RIGHT`], of which a mutant replaces one or two.
//!
//! [`Faulty`] is the engine made of a fault and a store. It runs every call under one lock, so that mutants are wrong
//! only in what they say, however many threads call them.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use storecheck::{Durability, Engine, Mutant, StoreEngine};

use crate::base::{Answer, Entry, Pair, Span, Store, Value};
use crate::saved;

/// What an engine does at each call.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) put: fn(&mut Store, &[Pair]) -> Answer<u64>,
    pub(crate) get: fn(&mut Store, &[u8]) -> Answer<Value>,
    pub(crate) scan: fn(&mut Store, Span<'_>) -> Answer<Vec<Pair>>,
    /// `None` loops over `get`, as the trait's provided method does.
    pub(crate) many: Option<Many>,
    pub(crate) delete: fn(&mut Store, &[&[u8]]) -> Answer<u64>,
    pub(crate) current: fn(&mut Store) -> u64,
    pub(crate) batch: fn(&mut Store, u64) -> Answer<Option<Vec<Pair>>>,
    pub(crate) oldest: fn(&mut Store) -> Answer<Option<u64>>,
    pub(crate) prune: fn(&mut Store, u64) -> Answer<u64>,
    /// Runs when a saved store has been loaded, before the first call.
    pub(crate) reopened: fn(&mut Store) -> Answer<()>,
    /// Runs when the engine is dropped, before a durable store is saved.
    pub(crate) closing: fn(&mut Store),
    /// Runs before a `put_batch` takes the lock.
    pub(crate) before_put: fn(&[Pair]),
    /// Runs before a `get` takes the lock.
    pub(crate) before_get: fn(&[u8]),
    /// Whether a panic under the lock makes every later call panic.
    pub(crate) poison: bool,
}

/// A replacement for `get_many`.
pub(crate) type Many = fn(&mut Store, &[&[u8]]) -> Answer<Vec<Entry>>;

/// No fault at all: what mutants fill up with.
pub(crate) const RIGHT: Fault = Fault {
    put: |store, kvs| Ok(store.put(kvs)),
    get: |store, key| Ok(store.get(key)),
    scan: |store, span| Ok(store.scan(span)),
    many: None,
    delete: |store, keys| Ok(store.delete(keys)),
    current: |store| store.current,
    batch: |store, number| Ok(store.batch(number)),
    oldest: |store| Ok(store.oldest()),
    prune: |store, cutoff| Ok(store.prune(cutoff)),
    reopened: |_| Ok(()),
    closing: |_| {},
    before_put: |_| {},
    before_get: |_| {},
    poison: false,
};

/// A mutant that keeps a batch log, declares so, and is volatile.
pub(crate) fn broken(name: &'static str, line: &'static str, breaks: &'static [&'static str], fault: Fault) -> Mutant {
    let engine = Engine::new(name, move |_: &Path| Ok(Faulty::new(fault, Store::default())));
    Mutant::new(described(engine), line, breaks)
}

/// A mutant that keeps a batch log and survives a clean close, and declares both.
pub(crate) fn durable(name: &'static str, line: &'static str, breaks: &'static [&'static str], fault: Fault) -> Mutant {
    let engine = Engine::new(name, move |dir: &Path| Faulty::open(fault, dir)).durability(Durability::CleanClose);
    Mutant::new(described(engine), line, breaks)
}

fn described(engine: Engine) -> Engine {
    engine.version(env!("CARGO_PKG_VERSION")).batch_log(true)
}

/// The same mutant, marked as one that endangers its process.
pub(crate) fn hostile(mutant: Mutant) -> Mutant {
    Mutant { hostile: true, ..mutant }
}

/// The same mutant with other declarations.
pub(crate) fn declaring(mutant: Mutant, declare: impl FnOnce(Engine) -> Engine) -> Mutant {
    Mutant { engine: declare(mutant.engine), ..mutant }
}

/// An engine with one fault.
pub(crate) struct Faulty {
    fault: Fault,
    store: Mutex<Store>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault, store: Store) -> Self {
        Self { fault, store: Mutex::new(store) }
    }

    fn open(fault: Fault, dir: &Path) -> Answer<Self> {
        let mut store = match saved::load(dir)? {
            Some(mut store) => {
                store.dir = Some(dir.to_owned());
                (fault.reopened)(&mut store)?;
                store
            }
            None => Store::default(),
        };
        store.dir = Some(dir.to_owned());
        Ok(Self::new(fault, store))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        match self.store.lock() {
            Err(_) if self.fault.poison => panic!("the lock is poisoned"),
            other => other.unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl StoreEngine for Faulty {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        (self.fault.before_put)(kvs);
        (self.fault.put)(&mut self.lock(), kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        (self.fault.before_get)(key);
        (self.fault.get)(&mut self.lock(), key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        (self.fault.scan)(&mut self.lock(), Span { start, end, limit, forward })
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        match self.fault.many {
            Some(many) => many(&mut self.lock(), keys),
            None => keys.iter().map(|key| Ok((key.to_vec(), self.get(key)?))).collect(),
        }
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        (self.fault.delete)(&mut self.lock(), keys)
    }

    fn current_sequence(&self) -> u64 {
        (self.fault.current)(&mut self.lock())
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        (self.fault.batch)(&mut self.lock(), sequence_number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        (self.fault.oldest)(&mut self.lock())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        (self.fault.prune)(&mut self.lock(), cutoff_exclusive)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let store = self.store.get_mut().unwrap_or_else(PoisonError::into_inner);
        (self.fault.closing)(store);
        // A drop has nobody to report an error to; what was not saved is then missed at the reopen.
        let _ = saved::save(store);
    }
}
