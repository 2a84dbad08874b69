//! Death and damage: what a store still holds after its process was killed, the power failed, its disk returned errors
//! or its files rotted.
//!
//! A program is clients that write to a store behind a host process. Every pair that they put names the write that it
//! belongs to, so that what is found afterwards says by itself which writes are there. The `ledger` is what the clients
//! know: which writes were acknowledged, under which numbers, and which were in flight. After a crash the store is
//! opened by a fresh host and looked at (`seen`), and `audit` decides whether what it holds is the writes up to one
//! number, in the order of their numbers, and nothing of any other; `explain` says what is wrong if it is not. A `trial`
//! is one program with what comes of it; `crash`, `power`, `faults` and `rot` are what is done to its store, `mixes` how
//! much of it, as data.

mod audit;
mod client;
mod crash;
mod desk;
mod explain;
#[cfg(all(feature = "powerloss", target_os = "linux"))]
mod faults;
mod ledger;
mod mixes;
#[cfg(all(feature = "powerloss", target_os = "linux"))]
mod past;
#[cfg(all(feature = "powerloss", target_os = "linux"))]
mod power;
mod rot;
mod run;
mod seen;
mod trial;

use serde::{Deserialize, Serialize};

use crate::octets::Decimal;
pub use mixes::{Effort, MIXES, Mix, mix};
pub(crate) use run::{promised, run, seeds};

/// Programs to run, one after the other, until one fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// The id of the mix that they are drawn from.
    pub mix: String,
    /// The name by which a host finds the engine.
    pub spec: String,
    /// What is tried in each round of one, at most.
    pub each: Decimal,
    /// A seed for each.
    pub seeds: Vec<Decimal>,
}

/// What a store was put through, and what it kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// Programs run, each on a store of its own.
    pub programs: u64,
    /// Processes killed.
    pub kills: u64,
    /// Of these, with a write in flight.
    pub in_flight: u64,
    /// Of these, while the store was opening after a kill.
    pub in_recovery: u64,
    /// Of these, while a prune was in flight.
    pub in_prune: u64,
    /// Of these, while the store was closing.
    pub in_close: u64,
    /// Kills that left a file which the next open removed: a replacement was under way.
    #[serde(default)]
    pub in_replacement: u64,
    /// Audits of what a store held after a kill.
    pub audits: u64,
    /// Acknowledged writes that the audits asked for.
    pub acknowledged: u64,
    /// Of these, gone: a suffix, where the engine's class allows that.
    pub lost: u64,
    /// Audits in which what was left was no prefix of the writes, or the store did not open.
    pub damaged: u64,
    /// Power failures, each at some place of a recorded run.
    #[serde(default)]
    pub cuts: u64,
    /// What they left, each image once.
    #[serde(default)]
    pub images: u64,
    /// Of these, other than exactly what was synced.
    #[serde(default)]
    pub differing: u64,
    /// Power failures after which a store was short of something, with names kept only as their folder was synced.
    #[serde(default)]
    pub strict_broken: u64,
    /// Calls that failed because the disk did.
    #[serde(default)]
    pub errors: u64,
    /// Closed stores whose files were changed.
    #[serde(default)]
    pub rotted: u64,
    /// Of these, that returned an error, or died of it.
    #[serde(default)]
    pub noticed: u64,
    /// Of these, that answered wrongly.
    #[serde(default)]
    pub silent: u64,
}

impl Damage {
    /// Takes in what other programs came to.
    pub fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.kills += other.kills;
        self.in_flight += other.in_flight;
        self.in_recovery += other.in_recovery;
        self.in_prune += other.in_prune;
        self.in_close += other.in_close;
        self.in_replacement += other.in_replacement;
        self.audits += other.audits;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.damaged += other.damaged;
        self.cuts += other.cuts;
        self.images += other.images;
        self.differing += other.differing;
        self.strict_broken += other.strict_broken;
        self.errors += other.errors;
        self.rotted += other.rotted;
        self.noticed += other.noticed;
        self.silent += other.silent;
    }

    /// Whether every acknowledged write was there whenever it was asked for.
    #[must_use]
    pub fn kept_all(&self) -> bool {
        self.audits > 0 && self.lost == 0 && self.damaged == 0
    }
}

/// What came of programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damaged {
    /// What the stores were put through.
    pub damage: Damage,
    /// The seed of the program that failed.
    pub failed: Option<Decimal>,
}
