//! What checks talk to: a [`Driver`] takes one [`Action`] and gives one [`Outcome`].
//!
//! A check never calls `StoreEngine` itself. `current_sequence() -> u64` cannot say that the process behind it died or
//! that the wire does not carry the call; an `Outcome` can. Here is the driver for an engine in this process, which
//! makes the calls from a plain thread or from Tokio runtimes (GEN-3), and [`Prefixed`], which moves all keys of a
//! program below a prefix so that a store that already lives can be judged.

mod in_process;
mod prefixed;

use std::fmt;

pub use in_process::{InProcess, Shared, hush_panics};
pub use prefixed::Prefixed;

use serde::{Deserialize, Serialize};

use crate::call::{Action, Call, Outcome};
use crate::contract::ClauseId;

/// Something that can perform actions on a store, one at a time.
pub trait Driver {
    /// Performs `action` and says what became of it. Never panics because of the engine.
    fn perform(&mut self, action: &Action) -> Outcome;

    /// Says where in a check the next action stands, for whoever outlives this process: the place in words, the line in
    /// the scenario file, and the clauses that a failure there speaks against.
    fn enter(&mut self, _place: &dyn fmt::Display, _line: u64, _clauses: &[ClauseId]) {}

    /// Makes a call.
    fn call(&mut self, call: Call) -> Outcome {
        self.perform(&Action::Call(call))
    }
}

impl<D: Driver + ?Sized> Driver for &mut D {
    fn perform(&mut self, action: &Action) -> Outcome {
        (**self).perform(action)
    }

    fn enter(&mut self, place: &dyn fmt::Display, line: u64, clauses: &[ClauseId]) {
        (**self).enter(place, line, clauses);
    }
}

/// Where calls are made from (GEN-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Executor {
    /// A plain thread.
    #[default]
    Thread,
    /// Inside `block_on` of a current-thread Tokio runtime.
    TokioCurrentThread,
    /// On a worker of a multi-thread Tokio runtime.
    TokioMultiThread,
}
