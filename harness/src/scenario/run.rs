//! Running a case: its steps on a fresh store, every reply judged, an audit at the end and after every error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::{Case, Expectation, Need, Operation, Step};
use super::expect::{describe, meets};
use crate::call::{Action, Reply};
use crate::contract::{ClauseId, Contract, Level};
use crate::driver::Driver;
use crate::engine::{Declarations, Durability};
use crate::finding::Finding;
use crate::judged::{Failure, Judged, Options, Place, Stop};
use crate::model::Behaviours;
use crate::property::run::Tally;
use crate::property::transcript::Line;
use crate::stress::judge::Stressed;

/// The names that the harness itself gives: the fresh store's number, the highest assigned so far, and the least
/// retained entry's, which is one above the highest when the log is empty.
pub(super) const FRESH: &str = "fresh";
pub(super) const CURRENT: &str = "current";
pub(super) const OLDEST: &str = "oldest";

/// What a case showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The deviations found, with their evidence.
    pub failures: Vec<Failure>,
    /// What was observed where the contract is open.
    pub behaviours: Behaviours,
    /// How many actions were performed.
    pub calls: u64,
    /// Why the engine could only be asked for its refusal, when it does not declare what the case needs.
    pub refusal: Option<String>,
    /// Steps left out because the way to the engine does not carry them, by the reason.
    #[serde(default)]
    pub not_carried: BTreeMap<String, u64>,
    /// A digest of what the store held at the end: two that differ were two states.
    #[serde(default)]
    pub state: u64,
    /// What came of the programs, when there were many of them.
    #[serde(default)]
    pub tally: Option<Tally>,
    /// What came of programs for many clients.
    #[serde(default)]
    pub stressed: Option<Box<Stressed>>,
    /// What came of programs whose process was killed.
    #[serde(default)]
    pub damaged: Option<Box<crate::damage::Damaged>>,
    /// What a benchmark measured.
    #[cfg(feature = "bench")]
    #[serde(default)]
    pub measured: Option<Box<crate::bench::Measured>>,
    /// Every action and what became of it, when a transcript was asked for.
    #[serde(default)]
    pub transcript: Vec<Line>,
}

/// Runs `case` on `driver`, whose store is fresh and not yet open.
pub fn run(case: &Case, driver: &mut dyn Driver, options: Options) -> CaseResult {
    let refusal = refusal(case, options.declared);
    let store = Judged::new(driver, case.executor, options);
    let mut run = Run { case, store, names: BTreeMap::new(), refused: refusal.is_some() };
    // The findings are in the result; how far the run came is in them too.
    let _ = run.all();
    let store = run.store;
    let mut behaviours = store.model.behaviours().clone();
    if store.kept_volatile {
        behaviours.observe("volatile_reopen", "kept");
    }
    let state = store.model.digest();
    CaseResult {
        failures: store.failures,
        behaviours,
        calls: store.calls,
        refusal,
        not_carried: store.not_carried,
        state,
        ..CaseResult::default()
    }
}

/// What the case needs and the engine does not declare.
fn refusal(case: &Case, declared: Declarations) -> Option<String> {
    if case.needs(Need::BatchLog) && !declared.batch_log {
        Some("no batch log is declared: log calls must find nothing (LOG-8)".to_owned())
    } else if case.needs(Need::Durable) && declared.durability == Durability::Volatile {
        Some("volatile: after a reopen the store must work, whatever it holds".to_owned())
    } else {
        None
    }
}

struct Run<'a> {
    case: &'a Case,
    store: Judged<'a>,
    names: BTreeMap<String, u64>,
    /// Asked for its refusal, an engine owes only what the model says.
    refused: bool,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), Stop> {
        let case = self.case;
        self.store.open()?;
        if let Some(Reply::Sequence(fresh)) = self.store.reply() {
            self.names.insert(FRESH.to_owned(), fresh.0);
        }
        for (i, step) in case.steps.iter().enumerate() {
            for turn in 0..step.times {
                self.store.enter(Place::step(i + 1, turn + 1, step.times), step.line, self.blamed(step));
                self.take_step(step, turn)?;
            }
        }
        self.store.audit()?;
        self.store.close()
    }

    /// The clauses that a failure of the step speaks against, besides those that the model names: what the step is
    /// about, where it says so or expects something of its own.
    fn blamed(&self, step: &Step) -> Vec<ClauseId> {
        if !step.clauses.is_empty() {
            step.clauses.clone()
        } else if step.expect != Expectation::Model {
            self.case.clauses.first().copied().into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn take_step(&mut self, step: &Step, turn: u32) -> Result<(), Stop> {
        self.keep_current(&step.operation);
        match step.operation.call(&self.names, turn) {
            Some(call) => {
                self.store.judged(call)?;
                if self.store.reply().is_none() {
                    return self.left_out(step);
                }
                self.bind(step);
                self.check_expectation(step)?;
                if matches!(self.store.reply(), Some(Reply::Error(_))) {
                    self.store.audit()?;
                }
                Ok(())
            }
            None => match &step.operation {
                Operation::Reopen => self.store.reopen(),
                Operation::OpenAgain => self.open_again(),
                _ => self.store.audit(),
            },
        }
    }

    /// Goes on without a step that is not carried: what the case expects of later ones may rest on it, what the model says
    /// does not.
    fn left_out(&mut self, step: &Step) -> Result<(), Stop> {
        self.refused = true;
        if step.name.is_some() { Err(Stop) } else { Ok(()) }
    }

    /// Gives the names that follow the store their values, when the operation uses them.
    fn keep_current(&mut self, operation: &Operation) {
        let Some(number) = operation.number() else { return };
        let model = &self.store.model;
        for name in number.names() {
            let value = match name {
                CURRENT => model.highest(),
                OLDEST => model.oldest().unwrap_or_else(|| model.highest().saturating_add(1)),
                _ => continue,
            };
            self.names.insert(name.to_owned(), value);
        }
    }

    fn bind(&mut self, step: &Step) {
        let number = match self.store.reply() {
            Some(Reply::Sequence(number) | Reply::Removed(number) | Reply::Oldest(Some(number))) => number.0,
            _ => return,
        };
        if let Some(name) = &step.name {
            self.names.insert(name.clone(), number);
        }
    }

    fn open_again(&mut self) -> Result<(), Stop> {
        self.store.perform(Action::OpenAgain {})?;
        let persistent = self.store.declared().durability != Durability::Volatile;
        if persistent && matches!(self.store.reply(), Some(Reply::Done {})) {
            let expected = "opening a store that is open fails with an error";
            self.store.fail(Finding::new(Level::Should, &["DUR-7"], expected, "it opened"), false, String::new());
        }
        Ok(())
    }

    /// What the step expects beyond the model.
    fn check_expectation(&mut self, step: &Step) -> Result<(), Stop> {
        let Some(reply) = self.store.reply() else { return Ok(()) };
        if self.refused || meets(&step.expect, reply, &self.names) {
            return Ok(());
        }
        let got = reply.to_string();
        let clauses = if step.clauses.is_empty() { &self.case.clauses[..1] } else { &step.clauses };
        let ids: Vec<&'static str> = clauses.iter().map(|clause| clause.as_str()).collect();
        let level = strongest(&ids, self.store.declared());
        let expected = describe(&step.expect, &self.names);
        self.store.fail(Finding::new(level, &ids, expected, got), true, String::new());
        if matches!(level, Level::Must | Level::Open) { Err(Stop) } else { Ok(()) }
    }
}

/// The strongest level of the clauses. What is OPEN or GRADED weighs like a MUST when a scenario spells out what is
/// allowed.
fn strongest(ids: &[&str], declared: Declarations) -> Level {
    let contract = Contract::get();
    let levels = ids.iter().filter_map(|id| contract.clause(id)?.level_for(&declared));
    levels.min().unwrap_or(Level::Must)
}
