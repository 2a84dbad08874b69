//! Processes: the worker that runs checks next to the engine, and the supervisor that outlives it.
//!
//! A worker is the same executable started again with [`WORKER_ENV`] set. It speaks over a private socket, which
//! arrives as its descriptor 0 and is moved out of the engine's way before the engine opens; the engine gets an empty
//! stdin, and its stdout goes to stderr, which the supervisor captures. Every action is announced before it is made, so
//! that a hang, an abort or a SIGKILL always names the call.

mod death;
pub(crate) mod end_with_parent;
mod frame;
pub(crate) mod group;
mod message;
mod processor;
mod supervisor;
mod watch;
mod worker;

pub(crate) use death::describe;
use std::process::ExitCode;

use crate::engine::Engine;
use crate::protocol;

pub use message::{Job, Probe};
pub use supervisor::{Attempt, Ending, Limits, Worker};
pub(crate) use supervisor::{keep_end, own_program, spawn};
pub use worker::{is_worker, serve};

/// Does what this executable was started again for: to be a worker or a host. None when it was started for
/// anything else. `resolve` finds engines by name.
pub fn serve_role(resolve: impl Fn(&str) -> Option<Engine>) -> Option<ExitCode> {
    #[cfg(all(feature = "powerloss", target_os = "linux"))]
    if crate::disk::is_flusher() {
        return Some(crate::disk::serve_flusher());
    }
    if is_worker() { Some(serve(resolve)) } else { protocol::is_host().then(|| protocol::serve(resolve)) }
}

/// The environment variable that makes an executable a worker.
pub const WORKER_ENV: &str = "STORECHECK_WORKER";

/// What the names of the harness's scratch folders start with; an error message that contains it gives a path away.
pub const STORE_FOLDER: &str = "storecheck-scratch-";
