//! Engines over the wire: behind the published server of version 2026.4.1, driven over HTTP as its clients do.
//!
//! A [`Door`] is how one is reached: a server that is started for each store and hosts any engine (`wire:NAME`), or a
//! live endpoint (`exoware:http://…`). Behind it lies a store like any other, so that scenarios and random programs run
//! through it; what the wire does not carry comes back as [`NotCarried`](crate::call::Outcome::NotCarried), with the
//! reason. The family `wire` besides asks what only a client of the server can see: its checks are in `checks`.

mod carried;
pub(crate) mod checks;
mod client;
mod connect;
mod detail;
mod endpoint;
mod server;
mod store;
mod witness;

use std::path::Path;
use std::time::Duration;

use crate::engine::{Declarations, Engine, Frontier, StoreEngine};
use crate::protocol::HostCommand;
use connect::Server;
use endpoint::Tenant;
use server::Loopback;
use store::WireStore;

pub(crate) use checks::{CHECKS, check, run};
pub use checks::{Request, WireCheck};
pub(crate) use endpoint::{claim, declared};

/// What a request may take; whoever supervises the worker has the shorter patience.
const PATIENCE: Duration = Duration::from_secs(600);

/// How an engine is reached over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// A server on the loopback interface, started for each store.
    Loopback {
        /// The command for `sh` that starts the server; the store's folder and the command of its host follow as words.
        server: String,
        /// The command for `sh` that starts a host of the engine.
        host: String,
    },
    /// A server that somebody else runs.
    Endpoint {
        /// Where, such as `http://127.0.0.1:8080`.
        url: String,
        /// What the suite's keys start with; empty when all of the endpoint is the suite's.
        namespace: String,
    },
}

impl Door {
    /// A server for each store of `engine`, which a worker finds by the name `spec`.
    ///
    /// # Errors
    /// When nobody knows where this program is.
    pub(crate) fn loopback(server: &str, engine: &Engine, spec: &str) -> std::io::Result<Self> {
        let own = || HostCommand::Own(spec.to_owned());
        let host = engine.host_command().cloned().unwrap_or_else(own).shell()?;
        Ok(Self::Loopback { server: server.to_owned(), host })
    }

    /// The engine behind it.
    pub(crate) fn engine(self, name: &str, version: &str, declared: Declarations) -> Engine {
        let door = self.clone();
        let lagging = declared.frontier == Frontier::Lagging;
        Engine::new(name, move |dir: &Path| Wired::open(&door, dir, lagging))
            .version(version)
            .batch_log(declared.batch_log)
            .durability(declared.durability)
            .frontier(declared.frontier)
            .through(self)
    }
}

/// A store behind a server.
pub(crate) struct Wired {
    store: Box<dyn StoreEngine>,
    loopback: Option<Loopback>,
}

impl Wired {
    fn open(door: &Door, dir: &Path, lagging: bool) -> Result<Self, String> {
        match door {
            Door::Loopback { server, host } => {
                let loopback = Loopback::start(server, host, dir)?;
                let store = WireStore::new(Server::new(loopback.address(), PATIENCE), lagging);
                Ok(Self { store: Box::new(store), loopback: Some(loopback) })
            }
            Door::Endpoint { url, namespace } => {
                let store = WireStore::new(Server::new(url, PATIENCE), lagging);
                Ok(Self { store: Box::new(Tenant::enter(store, namespace, dir)?), loopback: None })
            }
        }
    }
}

impl Drop for Wired {
    fn drop(&mut self) {
        let Some(loopback) = self.loopback.take() else { return };
        if let Err(how) = loopback.close()
            && !std::thread::panicking()
        {
            std::panic::panic_any(crate::call::Outcome::Died(format!("the server, told to end, {how}")));
        }
    }
}

type Pairs = Vec<(bytes::Bytes, bytes::Bytes)>;

impl StoreEngine for Wired {
    fn put_batch(&self, kvs: &[(bytes::Bytes, bytes::Bytes)]) -> Result<u64, String> {
        self.store.put_batch(kvs)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.store.get(key)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        self.store.range_scan(start, end, limit, forward)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        self.store.get_many(keys)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.store.delete_batch(keys)
    }

    fn current_sequence(&self) -> u64 {
        self.store.current_sequence()
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        self.store.get_batch(sequence_number)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.store.oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.store.prune_batch_log(cutoff_exclusive)
    }
}
