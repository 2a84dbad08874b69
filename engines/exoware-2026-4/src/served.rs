//! The other way round: an engine of storecheck behind the published server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use exoware_server::{AppState, connect_stack};
use storecheck::StoreEngine;
use storecheck::call::Outcome;
use tokio::net::TcpListener;

/// One of storecheck's engines as a published one.
pub struct Served(pub Arc<dyn StoreEngine>);

impl Served {
    /// Makes a call. What an engine in a process of its own comes to, where that is no reply, is raised as a panic: it is
    /// written down before the server drops the connection, which is all that its client sees of it.
    fn call<T>(&self, call: impl FnOnce(&dyn StoreEngine) -> T) -> T {
        catch_unwind(AssertUnwindSafe(|| call(&*self.0))).unwrap_or_else(|payload| {
            if let Some(outcome) = payload.downcast_ref::<Outcome>() {
                eprintln!("the engine behind the server: {outcome}");
            }
            resume_unwind(payload)
        })
    }
}

impl exoware_server::StoreEngine for Served {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.call(|engine| engine.put_batch(kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.call(|engine| engine.get(key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        self.call(|engine| engine.range_scan(start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        self.call(|engine| engine.get_many(keys))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.call(|engine| engine.delete_batch(keys))
    }

    fn current_sequence(&self) -> u64 {
        self.call(|engine| engine.current_sequence())
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        self.call(|engine| engine.get_batch(sequence_number))
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.call(|engine| engine.oldest_retained_batch())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.call(|engine| engine.prune_batch_log(cutoff_exclusive))
    }
}

/// Serves a store on a port of the loopback interface, any that is free if 0, and says on stdout at which address, in one
/// line. Ends when stdin does: so no server outlives whoever started it. The store is closed then.
///
/// # Errors
/// A message when there is no such port to be had, or the machine has no threads or descriptors to spare.
pub fn serve(store: Arc<dyn StoreEngine>, port: u16) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Calls block their thread; two clients, and a subscriber whose log is read meanwhile, want one each.
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(|error| format!("no threads for a server: {error}"))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = runtime
        .block_on(TcpListener::bind(address))
        .map_err(|error| format!("{address} cannot be listened on: {error}; another port is `--port N`"))?;
    let address = listener.local_addr().map_err(|error| format!("no address: {error}"))?;
    let published: Arc<dyn exoware_server::StoreEngine> = Arc::new(Served(Arc::clone(&store)));
    let app = Router::new().fallback_service(connect_stack(AppState::new(published)));
    runtime.spawn(async move { axum::serve(listener, app).await });
    let told = writeln!(std::io::stdout(), "listening on http://{address}");
    told.map_err(|error| format!("nobody to tell the address to: {error}"))?;
    // Whatever is said there, only its end means something.
    let _ = std::io::copy(&mut std::io::stdin().lock().by_ref(), &mut std::io::sink());
    // Connections go with their threads, and the last hold on the store with them.
    drop(runtime);
    drop(store);
    Ok(())
}
