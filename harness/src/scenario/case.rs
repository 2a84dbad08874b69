//! The form of a scenario that is run: one combination of its matrix, everything known but the numbers that replies
//! will bring. A case is plain data, so that it can be sent to a worker.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::expression::NumberExpression;
use super::generate;
use crate::call::{Call, Pair, Range};
use crate::contract::ClauseId;
use crate::driver::Executor;
use crate::octets::{Decimal, Octets};

/// What a scenario asks of the engine or of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It is about the batch log.
    BatchLog,
    /// It drops the engine and opens the store again.
    Durable,
    /// It needs the whole key space for itself.
    Fresh,
}

/// How much work a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Seconds.
    #[default]
    Quick,
    /// About a minute; what a gate asks for.
    Standard,
    /// As long as asked, and whatever is huge.
    Soak,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Soak => "soak",
        })
    }
}

impl std::str::FromStr for Profile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Quick, Self::Standard, Self::Soak].into_iter().find(|profile| profile.to_string() == text).ok_or(())
    }
}

/// A scenario with one value of each axis of its matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The scenario's id, and `#` with the labels of the matrix values when it has any.
    pub id: String,
    /// The scenario file, as a path below the scenarios' folder.
    pub file: String,
    /// The scenario's title.
    pub title: String,
    /// The clauses it shows, its subject first.
    pub clauses: Vec<ClauseId>,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// The least profile that it belongs to.
    pub profile: Profile,
    /// Where its calls are made.
    pub executor: Executor,
    /// What it does.
    pub steps: Vec<Step>,
}

impl Case {
    /// The scenario's id.
    #[must_use]
    pub fn scenario(&self) -> &str {
        self.id.split('#').next().unwrap_or(&self.id)
    }

    /// About how many octets of keys and values its steps pass to the engine; deadlines grow with it.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.steps.iter().map(|step| step.octets() * u64::from(step.times)).sum()
    }

    /// Whether it asks for `need`.
    #[must_use]
    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}

/// One step of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its line in the scenario file, from 1.
    pub line: u64,
    /// What is done.
    pub operation: Operation,
    /// What is expected beyond what the model says.
    pub expect: Expectation,
    /// The name given to the number in the reply.
    pub name: Option<String>,
    /// The clauses that the step shows, when they are not the scenario's subject.
    pub clauses: Vec<ClauseId>,
    /// How often it is made in a row.
    pub times: u32,
}

impl Step {
    fn octets(&self) -> u64 {
        match &self.operation {
            Operation::PutBatch(Pairs::Generate { count, octets, prefix, .. }) => {
                count * (octets + prefix.len() as u64 + 8)
            }
            Operation::PutBatch(Pairs::List(pairs)) => {
                pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
            }
            _ => 0,
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `put_batch`.
    PutBatch(Pairs),
    /// `delete_batch`.
    DeleteBatch(Keys),
    /// `get`.
    Get(Octets),
    /// `get_many`.
    GetMany(Keys),
    /// `range_scan`.
    RangeScan {
        /// Lower bound.
        start: Octets,
        /// Upper bound, empty for none.
        end: Octets,
        /// The most rows.
        limit: NumberExpression,
        /// Ascending or not.
        forward: bool,
    },
    /// `current_sequence`.
    CurrentSequence,
    /// `get_batch`.
    GetBatch(NumberExpression),
    /// `oldest_retained_batch`.
    OldestRetainedBatch,
    /// `prune_batch_log`.
    PruneBatchLog(NumberExpression),
    /// Drop the engine and open the store again.
    Reopen,
    /// Open the store a second time while it is open.
    OpenAgain,
    /// Compare everything observable with the model.
    Audit,
}

impl Operation {
    /// The number that the operation asks for, when it is one that may follow the store.
    #[must_use]
    pub(crate) fn number(&self) -> Option<&NumberExpression> {
        match self {
            Self::GetBatch(number) | Self::PruneBatchLog(number) | Self::RangeScan { limit: number, .. } => {
                Some(number)
            }
            _ => None,
        }
    }

    /// The call to make in repetition `turn` of the step; none for what is not a call.
    #[must_use]
    pub fn call(&self, names: &BTreeMap<String, u64>, turn: u32) -> Option<Call> {
        Some(match self {
            Self::PutBatch(pairs) => Call::PutBatch(pairs.list(turn)),
            Self::DeleteBatch(keys) => Call::DeleteBatch(keys.list(turn)),
            Self::Get(key) => Call::Get(key.clone()),
            Self::GetMany(keys) => Call::GetMany(keys.list(turn)),
            Self::RangeScan { start, end, limit, forward } => Call::RangeScan(Range {
                start: start.clone(),
                end: end.clone(),
                limit: Decimal(limit.value(names)),
                forward: *forward,
            }),
            Self::CurrentSequence => Call::CurrentSequence {},
            Self::GetBatch(number) => Call::GetBatch(Decimal(number.value(names))),
            Self::OldestRetainedBatch => Call::OldestRetainedBatch {},
            Self::PruneBatchLog(cutoff) => Call::PruneBatchLog(Decimal(cutoff.value(names))),
            Self::Reopen | Self::OpenAgain | Self::Audit => return None,
        })
    }
}

/// Pairs, listed or to be generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairs {
    /// These.
    List(Vec<Pair>),
    /// Made from a counter and a seed.
    Generate {
        /// How many.
        count: u64,
        /// What keys start with.
        prefix: Octets,
        /// The first key's counter.
        from: u64,
        /// Octets of a value.
        octets: u64,
        /// What values are drawn from.
        seed: u64,
    },
}

impl Pairs {
    /// The pairs of repetition `turn`.
    #[must_use]
    pub fn list(&self, turn: u32) -> Vec<Pair> {
        match self {
            Self::List(pairs) => pairs.clone(),
            Self::Generate { count, prefix, from, octets, seed } => {
                let first = from + count * u64::from(turn);
                (first..first + count)
                    .map(|counter| {
                        let value_seed = seed.wrapping_mul(0x1_0000_0000).wrapping_add(counter);
                        (generate::key(prefix, counter), generate::octets(*octets, value_seed))
                    })
                    .collect()
            }
        }
    }
}

/// Keys, listed or to be generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// These.
    List(Vec<Octets>),
    /// Made from a counter.
    Generate {
        /// How many.
        count: u64,
        /// What keys start with.
        prefix: Octets,
        /// The first key's counter.
        from: u64,
    },
}

impl Keys {
    /// The keys of repetition `turn`.
    #[must_use]
    pub fn list(&self, turn: u32) -> Vec<Octets> {
        match self {
            Self::List(keys) => keys.clone(),
            Self::Generate { count, prefix, from } => {
                let first = from + count * u64::from(turn);
                (first..first + count).map(|counter| generate::key(prefix, counter)).collect()
            }
        }
    }
}

/// What a step expects beyond what the model says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Nothing beyond the model.
    Model,
    /// Any reply but an error.
    Ok,
    /// An error.
    Error,
    /// The number of a write, or the current one.
    Sequence(NumberExpression),
    /// Of `get`.
    Value(Option<Octets>),
    /// Of `get_many`.
    Values(Vec<(Octets, Option<Octets>)>),
    /// Of `range_scan`.
    Rows(Pairs),
    /// Of `get_batch`.
    Batch(Option<Pairs>),
    /// Of `oldest_retained_batch`.
    Oldest(Option<NumberExpression>),
    /// Of `prune_batch_log`.
    Removed(NumberExpression),
    /// Of opening.
    Done,
    /// One of these.
    AnyOf(Vec<Expectation>),
}
