//! Workloads: what clients do, as data. `scenarios/bench/*.yaml`, compiled in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::keys::KEY;
use crate::contract::ClauseId;
use crate::scenario::load::{self, LoadError};

const FILES: &[(&str, &str)] = &[
    ("bench/load.yaml", include_str!("../../scenarios/bench/load.yaml")),
    ("bench/write.yaml", include_str!("../../scenarios/bench/write.yaml")),
    ("bench/read.yaml", include_str!("../../scenarios/bench/read.yaml")),
    ("bench/log.yaml", include_str!("../../scenarios/bench/log.yaml")),
    ("bench/mixed.yaml", include_str!("../../scenarios/bench/mixed.yaml")),
    ("bench/ycsb.yaml", include_str!("../../scenarios/bench/ycsb.yaml")),
];

/// What clients do, and to what store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Its stable name.
    #[serde(rename = "workload")]
    pub name: String,
    /// One line about it.
    pub title: String,
    /// The clauses that its calls rest on: an engine that breaks one of them gets no figure.
    pub clauses: Vec<ClauseId>,
    /// What the store holds when the clients begin.
    #[serde(default)]
    pub start: Start,
    /// When a round ends.
    #[serde(default)]
    pub work: Work,
    /// Clients that call at once.
    #[serde(default = "one")]
    pub clients: u32,
    /// Calls a second of all clients together; as fast as they can when none. Calls are then timed from when they were
    /// due.
    #[serde(default)]
    pub rate: Option<u32>,
    /// The most calls of a round, so that a fast engine does not end with a larger store than a slow one.
    #[serde(default)]
    pub calls: Option<u64>,
    /// Octets of a value.
    #[serde(default = "hundred")]
    pub value: u32,
    /// The least number of batch-log entries to begin with.
    #[serde(default)]
    pub entries: u64,
    /// What a client does next, drawn by share.
    pub steps: Vec<Step>,
}

/// What the store holds when the clients begin.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// As many keys as the run says.
    #[default]
    Loaded,
    /// Nothing.
    Empty,
}

/// When a round ends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// After the run's seconds, or after the workload's calls.
    #[default]
    Time,
    /// When the store holds as many keys as the run says.
    Load,
}

/// One thing a client does, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its share among the steps.
    #[serde(default = "one")]
    pub share: u32,
    /// What.
    pub r#do: Move,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Move {
    /// `put_batch`.
    Put {
        /// Pairs of the batch.
        pairs: u32,
        /// Which keys.
        keys: Keys,
    },
    /// `get`.
    Get {
        /// Which key.
        keys: Keys,
    },
    /// `get` of a key, then `put_batch` of it.
    Modify {
        /// Which key.
        keys: Keys,
    },
    /// `get_many` of keys that are there.
    GetMany {
        /// How many keys.
        keys: u32,
    },
    /// `range_scan` from a key that is there.
    Scan {
        /// The limit.
        rows: u32,
        /// Which way.
        direction: Direction,
        /// Whether the limit is drawn, from 1 to `rows`.
        #[serde(default)]
        at_most: bool,
    },
    /// `get_batch` of an entry that filling the store made.
    GetBatch {},
    /// `prune_batch_log` of the oldest entries.
    Prune {
        /// How many entries.
        entries: u32,
    },
    /// `delete_batch` of keys that are there.
    Delete {
        /// How many keys.
        keys: u32,
    },
    /// Closing the store and opening it again; the opening is timed.
    Reopen {},
}

/// How keys are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// New keys, in order.
    Sequential,
    /// New keys, scattered over all keys.
    Scattered,
    /// Keys that are there, each as likely as any other.
    Uniform,
    /// Keys that are there, few of them often: zipfian 0.99, scattered.
    Zipfian,
    /// Keys that are there, the newest most often: zipfian 0.99 from the end.
    Latest,
    /// Keys between those that are there.
    Absent,
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Reverse,
}

const fn one() -> u32 {
    1
}

const fn hundred() -> u32 {
    100
}

impl Workload {
    /// Whether no call of it writes: then what an engine keeps through a crash does not matter to its figure.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.steps.iter().all(|step| {
            matches!(step.r#do, Move::Get { .. } | Move::GetMany { .. } | Move::Scan { .. } | Move::GetBatch {})
        })
    }

    /// Pairs that each call gets, when gets are all that it does.
    #[must_use]
    pub fn gets(&self) -> Option<u32> {
        match self.steps[..] {
            [Step { r#do: Move::Get { .. }, .. }] => Some(1),
            [Step { r#do: Move::GetMany { keys }, .. }] => Some(keys),
            _ => None,
        }
    }

    /// Octets of keys and values that each call puts, when one client puts and nothing else is done.
    #[must_use]
    pub fn puts(&self) -> Option<u64> {
        match self.steps[..] {
            [Step { r#do: Move::Put { pairs, .. }, .. }] if self.clients == 1 => {
                Some(u64::from(pairs) * (KEY as u64 + u64::from(self.value)))
            }
            _ => None,
        }
    }

    /// Whether it reads the batch log, or prunes it.
    #[must_use]
    pub fn needs_log(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.r#do, Move::GetBatch {} | Move::Prune { .. }))
    }

    /// Whether it closes the store and opens it again.
    #[must_use]
    pub fn reopens(&self) -> bool {
        self.steps.iter().any(|step| step.r#do == Move::Reopen {})
    }

    fn mistake(&self) -> Option<String> {
        let none = |what: &str| Some(format!("workload {:?} has {what}", self.name));
        let opens = |step: &Step| matches!(step.r#do, Move::Reopen {});
        let prunes = |step: &Step| matches!(step.r#do, Move::Prune { .. } | Move::Delete { .. });
        if self.steps.is_empty() || self.steps.iter().all(|step| step.share == 0) {
            return none("no steps");
        }
        if self.clients == 0 || self.clients > 256 {
            return none("no clients, or more than 256");
        }
        if self.rate == Some(0) || self.value < 16 || self.calls == Some(0) {
            return none("a rate of 0, no calls, or values under 16 octets, which say whose they are");
        }
        let alone = self.work == Work::Load || self.steps.iter().any(|step| opens(step) || prunes(step));
        if self.clients > 1 && alone {
            return none("several clients for what one alone can verify: loading, reopen, prune, delete");
        }
        if self.steps.len() > 1 && self.steps.iter().any(opens) {
            return none("a reopen beside other steps");
        }
        if self.work == Work::Load && !matches!(self.steps[..], [Step { r#do: Move::Put { .. }, .. }]) {
            return none("`work: load` without a put as its only step");
        }
        None
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The suite's own workloads, in the order of their files.
///
/// # Errors
/// The first mistake; the crate's tests see to it that there is none.
pub fn builtin() -> Result<Vec<Workload>, LoadError> {
    let mut workloads = Vec::new();
    for (file, text) in FILES {
        workloads.extend(parse(file, text)?);
    }
    Ok(workloads)
}

/// The workloads of a YAML file.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(file: &str, text: &str) -> Result<Vec<Workload>, LoadError> {
    let workloads: Vec<serde_yaml::Spanned<Workload>> = load::parse(file, text, "scenarios/README.md")?;
    for workload in &workloads {
        if let Some(mistake) = workload.value.mistake() {
            let at = (workload.referenced.line(), workload.referenced.column());
            return Err(load::mistake_at(file, text, at, mistake, "scenarios/README.md has the rules".to_owned()));
        }
    }
    Ok(workloads.into_iter().map(|workload| workload.value).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_bundled_workloads_are_whole() {
        let workloads = builtin().unwrap_or_else(|error| panic!("{error}"));
        let names: BTreeSet<&str> = workloads.iter().map(|workload| workload.name.as_str()).collect();
        assert_eq!(names.len(), workloads.len(), "a name is used twice");
        assert!(workloads.iter().all(|workload| workload.clauses.iter().all(|id| id.is_known())));
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/bench")).unwrap();
        assert_eq!(files.count(), FILES.len(), "a file of scenarios/bench is not compiled in");
    }

    #[test]
    fn what_a_machine_allows_is_known_of_plain_gets_and_puts() {
        let workloads = builtin().unwrap_or_else(|error| panic!("{error}"));
        let of = |name: &str| {
            let found = workloads.iter().find(|workload| workload.name == name).expect("it is bundled");
            (found.gets(), found.puts())
        };
        assert_eq!(of("get-hit"), (Some(1), None));
        assert_eq!(of("get-many-100"), (Some(100), None));
        assert_eq!(of("put-100-of-1KiB"), (None, Some(100 * (16 + 1024))));
        for other in ["put-1-by-4", "scan-100", "mixed-by-1", "ycsb-a", "prune-10"] {
            assert_eq!(of(other), (None, None), "{other}");
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        let message = |text: &str| parse("bench/x.yaml", text).unwrap_err().to_string();
        let empty = message("- workload: a\n  title: A\n  clauses: []\n  steps: []\n");
        assert!(empty.contains("bench/x.yaml:1:3") && empty.contains("workload \"a\" has no steps"), "{empty}");
        let unknown = message("- workload: a\n  title: A\n  clauses: [GET-99]\n  steps: []\n");
        assert!(unknown.contains("bench/x.yaml:3") && unknown.contains("GET-99"), "{unknown}");
    }
}
