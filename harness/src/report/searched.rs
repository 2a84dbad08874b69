//! The report's types for checks that run programs of their own making, as they stand in JSON: how many there were, and
//! what became of the one that failed.

use serde::{Deserialize, Serialize};

use crate::damage::Damage;
use crate::octets::Decimal;
use crate::stress::{Guarantees, Program};

/// A search among random programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SearchReport {
    /// Programs run.
    pub programs: u64,
    /// Different states in which their stores ended.
    pub states: u64,
    /// The program that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The scenario, expected to fail, that fails in the same way as every program that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

/// A random program that failed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The program's own seed.
    pub seed: Decimal,
    /// Its steps.
    pub steps: u64,
    /// The steps of the shortest program found that fails in the same way.
    pub shortest: u64,
    /// How often that one failed when it was run again,
    pub fails: u32,
    /// and how often it was.
    pub runs: u32,
    /// The shortest as a scenario file; empty when none was made.
    pub scenario: String,
}

/// Programs for many clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StressReport {
    /// Programs run.
    pub programs: u64,
    /// What was seen of guarantees.
    pub guarantees: Guarantees,
    /// The program that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<StressFound>,
}

/// A program for many clients that failed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StressFound {
    /// The smallest program found that fails in the same way.
    pub program: Program,
    /// Calls up to the failure when it was first seen,
    pub calls: u64,
    /// and in the history that is kept, which is one of the smallest program's.
    pub shortest: u64,
    /// How often that program failed when it was run again,
    pub fails: u32,
    /// and how often it was.
    pub runs: u32,
    /// The file of the history; empty when none was written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub history: String,
    /// The history itself.
    #[serde(skip)]
    pub text: String,
}

/// Programs whose process was killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DamageReport {
    /// What the stores were put through, and what they kept.
    pub damage: Damage,
    /// The seed of the program that failed, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Decimal>,
}
