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

use crate::engine::{Declarations, Engine, Frontier};
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
        let lagging = declared.frontier == Frontier::Lagging;
        let engine = match self.clone() {
            Self::Loopback { server, host } => Engine::new(name, move |dir: &Path| {
                Ok(WireStore::behind(Loopback::start(&server, &host, dir)?, lagging))
            }),
            Self::Endpoint { url, namespace } => Engine::new(name, move |dir: &Path| {
                Tenant::enter(WireStore::new(Server::new(&url, PATIENCE), lagging), &namespace, dir)
            }),
        };
        engine
            .version(version)
            .batch_log(declared.batch_log)
            .durability(declared.durability)
            .frontier(declared.frontier)
            .through(self)
    }
}

type Pairs = Vec<(bytes::Bytes, bytes::Bytes)>;
