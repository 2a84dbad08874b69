//! What the supervisor and a worker say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::contract::ClauseId;
use crate::damage;
use crate::property::run::Programs;
use crate::scenario::Case;
use crate::scenario::run::CaseResult;
use crate::stress;

/// What a worker can be asked to do. A job is data: nothing that it needs lies in the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Open the engine and close it again.
    Probe(Probe),
    /// Run a case.
    Case(Box<Case>),
    /// Run a case and write down every reply.
    Transcript(Box<Case>),
    /// Make programs of seeds and run them, each on a store of its own.
    Programs(Programs),
    /// Run programs of many clients, each on a store of its own.
    Stress(stress::judge::Programs),
    /// Run programs whose process is killed, each on a store of its own.
    Damage(damage::Programs),
    /// Ask a server.
    #[cfg(feature = "wire")]
    Wire(crate::wire::Request),
    /// Run a round of a workload and measure it.
    #[cfg(feature = "bench")]
    Bench(Box<crate::bench::run::Bench>),
}

/// Nothing but opening and closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {}

/// The first message to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Which engine to serve.
    pub(super) engine: String,
    /// The most octets of data memory it may have.
    pub(super) memory: u64,
}

/// The worker's answer to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Why the worker cannot serve the engine; empty when it can.
    pub(super) problem: String,
}

/// A job, and where its store lives.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) job: Job,
    pub(super) dir: PathBuf,
    /// The file that the worker announces its actions in.
    pub(super) trace: PathBuf,
    pub(super) frontier_deadline_ms: u64,
}

/// A line of the trace, which the worker writes ahead of every action. It is a file and no message: it outlives the
/// worker, and nobody need wake up to read it as long as all goes well.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum TraceLine {
    /// A job of many programs has come to the one of this seed.
    Program(u64),
    /// Where the job is, from here on.
    Place(Place),
    /// The action that is about to be performed, in words: 10 MiB of it would be too much to read.
    Started(String),
    /// What became of it.
    Ended(String),
}

/// Where a job is.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) place: String,
    pub(super) line: u64,
    pub(super) clauses: Vec<ClauseId>,
}

/// The job's end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Finished {
    pub(super) result: CaseResult,
}
