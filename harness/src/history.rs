//! Histories: the calls of one or many clients, their replies, and the order in which calls began and returned.
//!
//! Order comes from one counter that all clients share: it is read (with Acquire) when a call begins, and advanced by
//! one (with AcqRel) when it returns; the value before the advance is the tick of the return. A call that returned at
//! tick *a* comes before one that began at tick *b* exactly if *a* < *b*, and then the two were synchronised, so that a
//! right engine never fails for the clock's sake. Wall clocks give no such order; nanoseconds are for people to read.

pub mod file;
pub mod record;
#[cfg(feature = "schema")]
pub mod schema;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Outcome};
use crate::engine::Frontier;
use crate::octets::Decimal;

/// What a history is about: its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the form, [`file::FORMAT`].
    pub history: u32,
    /// The engine's name.
    pub engine: String,
    /// When `current_sequence` must cover a write.
    pub frontier: Frontier,
    /// Whether the engine declares a batch log.
    pub batch_log: bool,
    /// The number of the store before the first call. State and the log are empty then.
    pub fresh: Decimal,
}

/// One call of a history: a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Who called. A client makes one call after the other.
    pub client: u32,
    /// The tick at which the call began.
    pub call: u64,
    /// The tick at which it returned; none when it never did.
    pub ret: Option<u64>,
    /// Nanoseconds since the history's beginning, at the call and at the return, for people alone.
    pub ns: [u64; 2],
    /// The call.
    pub request: Call,
    /// What became of it.
    pub outcome: Outcome,
}
