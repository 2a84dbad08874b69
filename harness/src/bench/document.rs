//! What was measured, as it stands in JSON. Format 1; fields are only ever added within a format.

use serde::{Deserialize, Serialize};

use super::latency::Percentiles;
use crate::engine::{Declarations, Durability};
use crate::report::Machine;

/// The format that this version writes.
pub const FORMAT: u32 = 1;

/// What a round of a workload gave, as a worker sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Calls made.
    pub calls: u64,
    /// Nanoseconds they took, all clients at once.
    pub nanoseconds: u64,
    /// Times of calls: nanoseconds, and how many took as long.
    pub latency: Vec<(u64, u64)>,
    /// Octets of keys and values that clients put.
    pub written: u64,
    /// Octets of the pairs that the store holds in the end.
    pub held: u64,
    /// Octets on disk after closing.
    pub disk: u64,
    /// Octets that the process had the disk write; none where the system does not count, and in memory.
    pub disk_writes: Option<u64>,
    /// Octets of memory at most, beyond what the process had before the store was opened.
    pub memory: Option<u64>,
    /// What was wrong; empty when nothing was.
    pub problem: String,
}

/// A benchmark run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BenchReport {
    /// The document's format, [`FORMAT`].
    pub format: u32,
    /// `bench`, which tells the document from a report of conformance.
    pub kind: String,
    /// The version of storecheck that ran.
    pub storecheck: String,
    /// The machine.
    pub machine: Machine,
    /// How the run was made.
    pub run: BenchRun,
    /// Those that were measured.
    pub engines: Vec<BenchEngine>,
    /// What the machine itself could do, round by round.
    pub limits: Vec<Limit>,
    /// What was measured, workload by workload.
    pub workloads: Vec<WorkloadReport>,
}

/// How a benchmark run was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BenchRun {
    /// The day on which it began.
    pub date: String,
    /// The command that runs the same again.
    pub command: String,
    /// What keys and their order were drawn from, as a decimal string.
    pub seed: String,
    /// Rounds, in each of which every engine runs once.
    pub rounds: u32,
    /// Milliseconds of a round, unless the workload ends it.
    pub milliseconds: u64,
    /// Keys of a filled store.
    pub keys: u64,
    /// Where stores were kept: `memory` or `disk`.
    pub scratch: String,
    /// Wall time of the run in seconds.
    pub seconds: u64,
}

/// An engine of a benchmark run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BenchEngine {
    /// The name by which it was asked for.
    pub spec: String,
    /// Its version.
    pub version: String,
    /// Whether it lives in a process of its own, so that its figures have the engine protocol in them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protocol: bool,
    /// What it declares, its durability among it.
    pub declarations: Declarations,
}

/// What the machine can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What is counted a second.
    pub unit: String,
    /// As many a second, round by round.
    pub rounds: Vec<f64>,
}

/// What a workload gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkloadReport {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub title: String,
    /// Clients that called at once.
    pub clients: u32,
    /// Whether no call of it writes, so that durability does not matter to it.
    pub only_reads: bool,
    /// Calls a second that were asked for; none when as many as possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Engines in the order of the document's.
    pub engines: Vec<Figures>,
    /// The first engine once more, in the same rounds: what differs between the two is noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<Figures>,
}

/// What an engine did in a workload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The engine, as it was asked for.
    pub spec: String,
    /// The durability at which this was had.
    pub durability: Option<Durability>,
    /// Why there are no figures; empty when there are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// Calls a second, round by round.
    pub rounds: Vec<f64>,
    /// Times of calls of all rounds.
    pub latency: Percentiles,
    /// Octets on disk after closing, over those of the pairs that the store held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<f64>,
    /// Octets written to disk over those of the pairs that were put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_amplification: Option<f64>,
    /// Octets of memory at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}
