//! The proof of a violation: the few calls that cannot all have been, in words.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{Anomaly, Violation};
use crate::call::{Call, Outcome, Pair, Reply};
use crate::history::Recorded;
use crate::octets::Octets;

/// The calls that prove a violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// What it is.
    pub anomaly: Anomaly,
    /// The key that it is about, if it is about one.
    pub key: Option<Octets>,
    /// The calls, in the order in which they began.
    pub calls: Vec<Witness>,
}

/// A call of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Its place in the history, from 1.
    pub nth: u64,
    /// Whether it is the one whose reply cannot be.
    pub wrong: bool,
    /// The call.
    pub recorded: Recorded,
}

impl Proof {
    /// The proof of `violation`; `call` finds the calls by their places in the history, from 1.
    #[must_use]
    pub fn new(violation: &Violation, mut call: impl FnMut(u64) -> Option<Recorded>) -> Self {
        let wrong = violation.calls.first().copied();
        let witness = |nth: &u64| Some(Witness { nth: *nth, wrong: Some(*nth) == wrong, recorded: call(*nth)? });
        let mut calls: Vec<Witness> = violation.calls.iter().filter_map(witness).collect();
        calls.sort_by_key(|witness| witness.nth);
        Self { anomaly: violation.anomaly, key: violation.key.clone(), calls }
    }

    /// The call whose reply cannot be.
    #[must_use]
    pub fn wrong(&self) -> Option<&Witness> {
        self.calls.iter().find(|witness| witness.wrong)
    }

    /// What a call of the proof did and was answered, as far as it matters here.
    #[must_use]
    pub fn told(&self, witness: &Witness) -> String {
        told(&witness.recorded, &self.keys())
    }

    /// The keys that matter: the one that the violation is about, and, of a torn batch, one that the scan shows.
    fn keys(&self) -> Vec<Octets> {
        let mut keys: Vec<Octets> = self.key.iter().cloned().collect();
        if self.anomaly == Anomaly::TornBatch
            && let Some(shown) = self.shown_of_batch()
        {
            keys.insert(0, shown);
        }
        keys
    }

    /// A key of the torn batch of which the scan shows the batch's own value.
    fn shown_of_batch(&self) -> Option<Octets> {
        let rows = self.calls.iter().find_map(|witness| match &witness.recorded.outcome {
            Outcome::Reply(Reply::Rows(rows)) => Some(rows),
            _ => None,
        })?;
        let batch = self.calls.iter().find(|witness| !witness.wrong).map(|witness| &witness.recorded.request)?;
        match batch {
            Call::PutBatch(pairs) => pairs.iter().find(|pair| rows.contains(pair)).map(|(key, _)| key.clone()),
            Call::DeleteBatch(keys) => keys.iter().find(|key| rows.iter().all(|(row, _)| row != *key)).cloned(),
            _ => None,
        }
    }

    /// The proof as lines: each call, with what it comes after, and the rule that they break.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut lines = Vec::with_capacity(self.calls.len() + 1);
        for (at, witness) in self.calls.iter().enumerate() {
            let after: Vec<String> = self.calls[..at]
                .iter()
                .filter(|other| other.recorded.ret.is_some_and(|ret| ret < witness.recorded.call))
                .map(|other| format!("#{}", other.nth))
                .collect();
            let mut line = format!("#{} client {}", witness.nth, witness.recorded.client);
            if !after.is_empty() {
                let _ = write!(line, ", after {} returned", after.join(" and "));
            } else if at > 0 {
                let _ = write!(line, ", beside #{}", self.calls[at - 1].nth);
            }
            let _ = write!(line, ": {}", self.told(witness));
            lines.push(line);
        }
        lines
    }
}

/// A call and its reply; of batches and rows only the keys that matter, if any do.
fn told(recorded: &Recorded, keys: &[Octets]) -> String {
    let outcome = &recorded.outcome;
    match (&recorded.request, outcome) {
        // What is short is told whole.
        (Call::PutBatch(pairs), _) if pairs.len() < 2 => format!("{} -> {outcome}", recorded.request),
        (Call::DeleteBatch(deleted), _) if deleted.len() < 2 => format!("{} -> {outcome}", recorded.request),
        (request, outcome) if keys.is_empty() => format!("{request} -> {outcome}"),
        (Call::PutBatch(pairs), _) => format!("put_batch of {} pairs, {} -> {outcome}", pairs.len(), of(pairs, keys)),
        (Call::DeleteBatch(deleted), _) => {
            let named = keys.iter().filter(|key| deleted.contains(key)).map(ToString::to_string);
            let named: Vec<String> = named.collect();
            format!("delete_batch of {} keys, {} among them -> {outcome}", deleted.len(), named.join(" and "))
        }
        (request @ Call::RangeScan(_), Outcome::Reply(Reply::Rows(rows))) => {
            format!("{request} -> {} rows, {}", rows.len(), of(rows, keys))
        }
        (Call::GetMany(asked), Outcome::Reply(Reply::Values(values))) => {
            let shown = values.iter().filter(|(key, _)| keys.contains(key));
            let shown: Vec<String> = shown
                .map(|(key, value)| match value {
                    Some(value) => format!("{key}: {value}"),
                    None => format!("{key}: None"),
                })
                .collect();
            format!("get_many of {} keys -> {}", asked.len(), shown.join(", "))
        }
        (request, outcome) => format!("{request} -> {outcome}"),
    }
}

/// What the pairs say of the keys.
fn of(pairs: &[Pair], keys: &[Octets]) -> String {
    let last = |key: &Octets| pairs.iter().rfind(|(other, _)| other == key);
    let told = keys.iter().map(|key| match last(key) {
        Some((key, value)) => format!("{key}: {value}"),
        None => format!("without {key}"),
    });
    told.collect::<Vec<_>>().join(", ")
}
