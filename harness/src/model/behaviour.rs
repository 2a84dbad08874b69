//! What the contract leaves OPEN and the engine shows: learned from its first answer, then held against it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contract::Level;
use crate::finding::Finding;

/// A choice that an engine has: its name in reports, the clause that allows it, and whether it must be the same
/// throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behaviour {
    /// The name in reports.
    pub name: &'static str,
    /// The clause that leaves it open.
    pub clause: &'static str,
    /// What is observed, for readers of a report.
    pub title: &'static str,
    /// Whether two different observations contradict each other. They do not where the choice may depend on a size.
    pub constant: bool,
}

/// Every choice that the suite observes.
pub(crate) const BEHAVIOURS: [Behaviour; 8] = [
    Behaviour { name: "empty_put", clause: "PUT-13", title: "put_batch of nothing", constant: true },
    Behaviour { name: "empty_delete", clause: "DEL-5", title: "delete_batch of nothing", constant: true },
    Behaviour { name: "delete_entries", clause: "DEL-4", title: "deletes in the batch log", constant: true },
    Behaviour { name: "fresh_number", clause: "SEQ-6", title: "current_sequence of a fresh store", constant: false },
    Behaviour { name: "long_key", clause: "PUT-12", title: "keys over 254 octets", constant: false },
    Behaviour { name: "long_value", clause: "PUT-12", title: "values over 10 MiB", constant: false },
    Behaviour { name: "long_bound", clause: "SCAN-11", title: "scan bounds over 254 octets", constant: false },
    Behaviour { name: "large_batch", clause: "PUT-15", title: "batches over 10,000 pairs", constant: false },
];

/// What was observed, by the behaviour's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Behaviours(BTreeMap<String, BTreeSet<String>>);

impl Behaviours {
    /// Notes that `name` was seen to be `value`.
    pub fn observe(&mut self, name: &str, value: &str) {
        self.0.entry(name.to_owned()).or_default().insert(value.to_owned());
    }

    /// Takes in other observations; says which contradict what was known.
    pub fn learn(&mut self, other: &Self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, values) in &other.0 {
            let known = self.0.entry(name.clone()).or_default();
            let before = known.clone();
            known.extend(values.iter().cloned());
            let behaviour = BEHAVIOURS.iter().find(|behaviour| behaviour.name == name);
            if let Some(behaviour) = behaviour.filter(|behaviour| behaviour.constant)
                && !before.is_empty()
                && before != *known
            {
                findings.push(Finding::new(
                    Level::Open,
                    &[behaviour.clause],
                    format!("{}: {}, as before", behaviour.title, list(&before)),
                    format!("{}: {}", behaviour.title, list(values)),
                ));
            }
        }
        findings
    }

    /// The observations, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, values)| (name.as_str(), list(values)))
    }
}

fn list(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
