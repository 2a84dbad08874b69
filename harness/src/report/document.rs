//! The report's types, as they stand in JSON.
//!
//! Format 1. Readers refuse a format they do not know; fields are only ever added within a format.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::durability::DurabilityReport;
use super::searched::{DamageReport, SearchReport, StressReport};
use crate::contract::{ClauseId, Family, Level};
use crate::driver::Executor;
use crate::engine::{Declarations, Target};
use crate::judged::Failure;
use crate::scenario::Profile;
use crate::stress::Guarantees;

/// The format that this version writes.
pub const FORMAT: u32 = 1;

/// One run of the suite on one engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The document's format, [`FORMAT`].
    pub format: u32,
    /// The version of storecheck that ran.
    pub storecheck: String,
    /// The contract's name.
    pub contract: String,
    /// The digest of the contract's text.
    pub contract_hash: String,
    /// The engine.
    pub engine: EngineReport,
    /// How the run was made.
    pub run: RunReport,
    /// The machine, without names and paths.
    pub machine: Machine,
    /// The verdict at each target; none when only a selection was run.
    pub verdicts: Option<Verdicts>,
    /// Checks by verdict.
    pub counts: Count,
    /// Every clause of the contract.
    pub clauses: Vec<ClauseReport>,
    /// What was observed where the contract is open.
    pub behaviours: Vec<Observation>,
    /// What was seen of guarantees while many clients called at once; none when no check of the run did so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guarantees: Option<Guarantees>,
    /// Durability, claimed and demonstrated; none when no check of the run killed a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durability: Option<DurabilityReport>,
    /// Things worth knowing that fail nothing, underclaims among them.
    pub notes: Vec<String>,
    /// Every check of the plan, in the suite's order.
    pub checks: Vec<CheckReport>,
}

/// The engine's verdict at each target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// Every MUST.
    pub r#trait: EngineVerdict,
    /// Every MUST and SERVED.
    pub served: EngineVerdict,
}

impl Verdicts {
    /// The verdict at `target`.
    #[must_use]
    pub fn at(&self, target: Target) -> EngineVerdict {
        match target {
            Target::Trait => self.r#trait,
            Target::Served => self.served,
        }
    }
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EngineReport {
    /// Its name.
    pub name: String,
    /// Its version; empty when it states none.
    pub version: String,
    /// The language that it is written in, which the host of an engine in a process of its own states.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// What it declares.
    pub declarations: Declarations,
}

/// How the run was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// The profile.
    pub profile: Profile,
    /// The target that the run was asked about.
    pub target: Target,
    /// The seed that all randomness came from, as a decimal string.
    pub seed: String,
    /// Worker processes at a time.
    pub jobs: u32,
    /// The digest of the suite's scenarios.
    pub suite: String,
    /// How many checks the suite has at this profile.
    pub suite_checks: u32,
    /// What selected the checks; empty for the whole suite.
    pub selection: Vec<String>,
    /// Families that the user agreed to do without where the machine cannot run them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Family>,
    /// Which part of a run it was that several machines shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The minutes that searches were given; 0 when they went by the number of programs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minutes: u32,
    /// Whether the run came to its end.
    pub finished: bool,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stopped_by: String,
    /// Where stores were kept: `memory` or `disk`.
    pub scratch: String,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// The command that runs the same again.
    pub command: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One of several runs that share the work of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which one, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The machine, as far as it can matter for a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Processors available.
    pub cpus: u32,
}

impl Machine {
    /// The machine that this runs on.
    #[must_use]
    pub fn here() -> Self {
        Self {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        }
    }
}

/// The verdict of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// Nothing deviates at the target.
    Pass,
    /// Something deviates.
    Fail,
    /// The engine's process died.
    Died,
    /// A call or the check did not end in time.
    Timeout,
    /// The harness or its environment failed; says nothing about the engine.
    Error,
    /// What it needs is not declared, and that refusal was verified.
    Refused,
    /// The way to the engine does not carry what it does: nothing is said about the engine.
    #[serde(rename = "not-carried")]
    NotCarried,
    /// This machine cannot run it.
    Unavailable,
    /// Taken out by the user.
    Skipped,
}

impl CheckVerdict {
    /// All verdicts, in the order in which they are counted.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Fail,
        Self::Died,
        Self::Timeout,
        Self::Error,
        Self::Refused,
        Self::NotCarried,
        Self::Unavailable,
        Self::Skipped,
    ];

    /// Whether the engine did something wrong.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Died | Self::Timeout)
    }
}

impl fmt::Display for CheckVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Died => "died",
            Self::Timeout => "timeout",
            Self::Error => "error",
            Self::Refused => "refused",
            Self::NotCarried => "not-carried",
            Self::Unavailable => "unavailable",
            Self::Skipped => "skipped",
        })
    }
}

/// Checks by verdict; verdicts that none has are left out.
pub type Count = BTreeMap<CheckVerdict, u32>;

/// The verdict of an engine at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EngineVerdict {
    /// Every check of the suite was run, and nothing deviates.
    Conformant,
    /// Nothing deviates, but checks were skipped or could not be run.
    Partial,
    /// Something deviates.
    NonConformant,
    /// The run did not come to its end, or the harness failed.
    Incomplete,
}

impl fmt::Display for EngineVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Conformant => "conformant",
            Self::Partial => "partial",
            Self::NonConformant => "non-conformant",
            Self::Incomplete => "incomplete",
        })
    }
}

/// One check of the plan and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckReport {
    /// Its stable id.
    pub id: String,
    /// Its family.
    pub family: crate::contract::Family,
    /// One line about it.
    pub title: String,
    /// The clauses it covers.
    pub clauses: Vec<ClauseId>,
    /// Where its calls were made.
    pub executor: Executor,
    /// The verdict at the run's target.
    pub verdict: CheckVerdict,
    /// The verdict at target `trait`, where SERVED rules do not count.
    pub verdict_trait: CheckVerdict,
    /// Whether the list of known failures has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
    /// Why it was refused, not carried, skipped, unavailable or in error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Calls that were left out because the way to the engine does not carry them, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_carried: BTreeMap<String, u64>,
    /// The scenario file, for those that come from one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Deviations with their evidence, notes included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Actions performed.
    pub calls: u64,
    /// What was searched, for checks that run random programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchReport>,
    /// What many clients did and showed, for checks that run them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress: Option<StressReport>,
    /// What the store was put through, for checks that kill its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<DamageReport>,
    /// Wall time in microseconds.
    pub duration_us: u64,
    /// What the engine wrote to stdout and stderr during the check, its end; only for checks that did not pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// The command that runs this check again; only for checks that did not pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replay: String,
}

impl CheckReport {
    /// The verdict at `target`.
    #[must_use]
    pub fn verdict_at(&self, target: Target, run_target: Target) -> CheckVerdict {
        match target {
            Target::Trait => self.verdict_trait,
            Target::Served if run_target == Target::Served => self.verdict,
            Target::Served => super::verdict::of_check(self, Target::Served),
        }
    }
}

/// What the run says about one clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClauseReport {
    /// Its id.
    pub id: ClauseId,
    /// Its title.
    pub title: String,
    /// The strongest level that binds this engine; none when no rule of the clause does.
    pub level: Option<Level>,
    /// The verdict.
    pub verdict: ClauseVerdict,
    /// Checks of this run that cover it.
    pub checks: u32,
    /// Checks whose findings name it.
    pub failed: u32,
}

/// The verdict on one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClauseVerdict {
    /// Covered, and nothing speaks against it.
    Pass,
    /// A finding that counts at the target names it.
    Fail,
    /// Only findings that do not count at the target name it.
    Deviates,
    /// No check of this run shows it.
    Untested,
    /// No rule of it binds this engine.
    NotBinding,
}

impl fmt::Display for ClauseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Deviates => "deviates",
            Self::Untested => "untested",
            Self::NotBinding => "not binding",
        })
    }
}

/// What was observed of one behaviour that the contract leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The behaviour's name.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The clause that leaves it open; empty for what no clause speaks of.
    pub clause: String,
    /// What was observed.
    pub observed: String,
}
