//! The definition of right: what a correct store holds at every sequence number, and what it may answer.
//!
//! The model keeps *versions*, so that it knows State at every number, and *worlds*: after an error, or where the
//! contract leaves a choice open, more than one past is possible, and each reply removes those that it contradicts.
//! When none is left the reply is wrong, and [`Model::judge`] says which clauses it breaks. What is OPEN is learned
//! from the engine's first answer, and the engine is held to it.
//!
//! `world` applies calls to one possible past, `diagnose` turns a wrong reply into clauses, `audit` lists the calls
//! that together show everything observable.

mod audit;
mod behaviour;
mod diagnose;
#[cfg(test)]
mod tests;
mod world;

pub(crate) use behaviour::BEHAVIOURS;
pub use behaviour::Behaviours;

use std::collections::BTreeSet;

use crate::call::{Call, Reply};
use crate::contract::Level;
use crate::engine::Declarations;
use crate::finding::Finding;
use crate::octets::Octets;
use world::World;

/// What happened to the store last, other than reads: the first suspect when something observed has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Last {
    Opened,
    Put { pairs: usize },
    Delete { keys: usize },
    Prune,
    Reopened,
    Refused,
}

/// What the judgement of a reply looks back on.
#[derive(Debug, Clone)]
struct Past {
    declared: Declarations,
    last: Last,
    /// Whether an audit found everything right after `last`: whatever changes now was changed by a read.
    audited: bool,
    /// Whether the store was reopened and has not been written since.
    reopened: bool,
    /// Whether a prune was made since the last write.
    pruned: bool,
    /// Whether a scan showed everything right since State or log last changed: one that does not now was told so by a
    /// read.
    shown_whole: bool,
}

/// The model of one store.
#[derive(Debug, Clone)]
pub struct Model {
    past: Past,
    worlds: Vec<World>,
    behaviours: Behaviours,
    keys: BTreeSet<Octets>,
    /// The worlds that a wrong reply to a read or a prune left none of: they still say what the store should hold.
    contradicted: Vec<World>,
}

impl Model {
    /// A fresh store of an engine that declares `declared`.
    #[must_use]
    pub fn new(declared: Declarations) -> Self {
        Self {
            past: Past {
                declared,
                last: Last::Opened,
                audited: false,
                reopened: false,
                pruned: false,
                shown_whole: false,
            },
            worlds: vec![World::new(declared.batch_log)],
            behaviours: Behaviours::default(),
            keys: BTreeSet::new(),
            contradicted: Vec::new(),
        }
    }

    /// Judges `reply` to `call` and takes it in. An empty answer means that a correct engine may reply so.
    ///
    /// After a finding that weighs like a MUST the model no longer knows what the store holds, and judges nothing
    /// more.
    pub fn judge(&mut self, call: &Call, reply: &Reply) -> Vec<Finding> {
        self.remember_keys(call);
        self.judge_audit(call, reply)
    }

    /// Judges a reply to one of an audit's own calls, whose keys it knows or has made up.
    pub(crate) fn judge_audit(&mut self, call: &Call, reply: &Reply) -> Vec<Finding> {
        let mut learned = Behaviours::default();
        if self.only_shows(call, reply, &mut learned) {
            self.past.shown_whole |= is_whole(call);
            return self.behaviours.learn(&learned);
        }
        if let Some(last) = self.plain(call, reply) {
            World::go_on(&mut self.worlds, call);
            self.contradicted.clear();
            self.happened(last);
            return Vec::new();
        }
        let before = std::mem::take(&mut self.worlds);
        if before.is_empty() {
            return Vec::new();
        }
        self.contradicted = match call {
            _ if call.is_read() => before.clone(),
            // What a prune should have done is known, whatever it counted.
            Call::PruneBatchLog(cutoff) => before.iter().cloned().map(|world| world.pruned(cutoff.0)).collect(),
            _ => Vec::new(),
        };
        let mut refused = None;
        let mut notes = None;
        let logged_before = before.iter().any(World::deletes_are_logged);
        let burns_logged_before = before.iter().any(|world| !world.burnt_unlogged());
        for world in before {
            let mut step = world::Step::new(&self.past);
            match world.take(call, reply, &mut step) {
                Ok(worlds) => {
                    self.worlds.extend(worlds);
                    notes.get_or_insert((step.notes, step.last));
                    learned = step.learned;
                }
                Err(finding) => refused = refused.or(Some(finding)),
            }
        }
        let Some((mut findings, last)) = notes else {
            return refused.into_iter().collect();
        };
        if let Some(last) = last {
            self.happened(last);
        }
        if logged_before && !self.worlds.iter().any(World::deletes_are_logged) {
            learned.observe("delete_entries", "unlogged");
            findings.push(diagnose::delete_unlogged(call, reply));
        } else if self.worlds.iter().all(World::deletes_are_logged) {
            learned.observe("delete_entries", "logged");
        }
        if burns_logged_before && self.worlds.iter().all(World::burnt_unlogged) {
            findings.push(diagnose::burnt_unlogged(call, reply));
        }
        findings.extend(self.behaviours.learn(&learned));
        findings
    }

    /// The way of nearly all reads, on which nothing is copied: all worlds are of one State, which may answer so.
    fn only_shows(&mut self, call: &Call, reply: &Reply, learned: &mut Behaviours) -> bool {
        let Some((first, others)) = self.worlds.split_first_mut() else { return false };
        let shows_state = matches!(call, Call::Get(_) | Call::GetMany(_) | Call::RangeScan(_));
        let alike = |other: &World| shows_state && other.is_settled() && other.shares_state(first);
        first.is_settled() && call.is_read() && others.iter().all(alike) && first.shows(call, reply, learned)
    }

    /// The way of nearly all writes: every world goes on as it must. What happened, if so.
    fn plain(&self, call: &Call, reply: &Reply) -> Option<Last> {
        let (first, others) = self.worlds.split_first()?;
        let last = first.plain(call, reply)?;
        others.iter().all(|other| other.plain(call, reply).is_some()).then_some(last)
    }

    /// What a correct engine would reply, in words.
    #[must_use]
    pub fn expected(&self, call: &Call) -> String {
        self.worlds.first().map_or_else(String::new, |world| world.expected(call, &self.past))
    }

    /// The store was dropped and opened again.
    pub fn reopened(&mut self) {
        self.worlds = std::mem::take(&mut self.worlds).into_iter().flat_map(World::reopened).collect();
        self.happened(Last::Reopened);
    }

    /// An audit found everything as it should be.
    pub fn audited(&mut self) {
        self.past.audited = true;
    }

    /// Whether the model still knows what the store holds.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.worlds.is_empty()
    }

    /// Takes the worlds back that a wrong reply left none of: for those who want to know what else is wrong. Whether
    /// there are any.
    pub fn reconsider(&mut self) -> bool {
        if self.worlds.is_empty() {
            self.worlds = std::mem::take(&mut self.contradicted);
        }
        !self.worlds.is_empty()
    }

    /// The highest number assigned so far, as far as is known; 0 before the first is.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.worlds.first().map_or(0, World::highest)
    }

    /// The least number that the batch log retains, as far as is known.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.worlds.first().and_then(World::oldest)
    }

    /// A digest of State, by the numbers that wrote it, and of the log's extent.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.worlds.first().map_or(0, World::digest)
    }

    /// Whether `current_sequence` has reached the highest number; always so for an immediate frontier.
    #[must_use]
    pub fn frontier_reached(&self, current: u64) -> bool {
        self.worlds.iter().any(|world| world.highest() <= current)
    }

    /// How many keys hold a value.
    #[must_use]
    pub fn live_keys(&self) -> usize {
        self.worlds.first().map_or(0, World::live_keys)
    }

    /// What was learned of the engine's choices.
    #[must_use]
    pub fn behaviours(&self) -> &Behaviours {
        &self.behaviours
    }

    /// The clauses that a change seen now speaks against, by what happened last.
    #[must_use]
    pub fn suspects(&self) -> Vec<&'static str> {
        diagnose::suspects(&self.past)
    }

    fn happened(&mut self, last: Last) {
        match last {
            Last::Put { .. } | Last::Delete { .. } => {
                self.past.reopened = false;
                self.past.pruned = false;
            }
            Last::Reopened => self.past.reopened = true,
            Last::Prune => self.past.pruned = true,
            Last::Opened | Last::Refused => {}
        }
        self.past.last = last;
        self.past.audited = false;
        self.past.shown_whole = false;
    }

    fn remember_keys(&mut self, call: &Call) {
        let mut remember = |key: &Octets| {
            if !self.keys.contains(key) {
                self.keys.insert(key.clone());
            }
        };
        match call {
            Call::PutBatch(pairs) => pairs.iter().for_each(|(key, _)| remember(key)),
            Call::DeleteBatch(keys) | Call::GetMany(keys) => keys.iter().for_each(remember),
            Call::Get(key) => remember(key),
            Call::RangeScan(_)
            | Call::CurrentSequence {}
            | Call::GetBatch(_)
            | Call::OldestRetainedBatch {}
            | Call::PruneBatchLog(_) => {}
        }
    }
}

/// Whether the call is the plainest scan of everything.
fn is_whole(call: &Call) -> bool {
    let whole = |range: &crate::call::Range| {
        range.start.is_empty() && range.end.is_empty() && range.limit.0 == u64::MAX && range.forward
    };
    matches!(call, Call::RangeScan(range) if whole(range))
}

/// A deviation that fails both targets.
fn must(clauses: &[&'static str], expected: impl Into<String>, got: &Reply) -> Finding {
    Finding::new(Level::Must, clauses, expected, got.to_string())
}
