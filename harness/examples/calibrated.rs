//! A command line of its own with engines that differ by a known amount: `reference` and `plain` do not, and `slower`
//! spins after every call for a tenth of the time that the call took. What `bench` and `diff` say of them can be held
//! against that tenth:
//!
//! `cargo run --profile xtask --example calibrated --features cli -- bench --engine reference,plain --report before`
//!
//! It is also the shortest example of a command line for engines that live elsewhere.

use std::process::ExitCode;
use std::time::Instant;

use storecheck::cli::{self, Registry};
use storecheck::{Bytes, Engine, StoreEngine};
use storecheck_btree::BTree;

fn main() -> ExitCode {
    cli::main(&Registry {
        program: "cargo run --profile xtask --example calibrated --features cli --",
        engines: vec![calibrated("reference", 0), calibrated("plain", 0), calibrated("slower", 10)],
        ..Registry::default()
    })
}

fn calibrated(name: &str, percent: u32) -> Engine {
    Engine::new(name, move |_| Ok(Calibrated { store: BTree::new(), percent })).batch_log(true)
}

struct Calibrated {
    store: BTree,
    /// How much longer every call takes, in percent.
    percent: u32,
}

impl Calibrated {
    /// Makes a call, and spins for as long as it has to. Both engines read the clock, so that reading it is no part of
    /// the difference.
    fn spin<T>(&self, call: impl FnOnce(&BTree) -> T) -> T {
        let start = Instant::now();
        let reply = call(&self.store);
        let until = start.elapsed() * (100 + self.percent) / 100;
        while start.elapsed() < until {
            std::hint::spin_loop();
        }
        reply
    }
}

impl StoreEngine for Calibrated {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.spin(|store| store.put_batch(kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.spin(|store| store.get(key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        self.spin(|store| store.range_scan(start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        self.spin(|store| store.get_many(keys))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.spin(|store| store.delete_batch(keys))
    }

    fn current_sequence(&self) -> u64 {
        self.spin(BTree::current_sequence)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.spin(|store| store.get_batch(sequence_number))
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.spin(BTree::oldest_retained_batch)
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.spin(|store| store.prune_batch_log(cutoff_exclusive))
    }
}
