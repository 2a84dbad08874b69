//! A store under judgement: every action goes to the driver, every reply to the model, and what deviates is kept with
//! its evidence.
//!
//! Scenarios and programs are two ways of deciding what to do next; both do it here, so that a reply is judged, an
//! audit taken and a failure written down in one way.

mod place;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::call::{Action, Call, Outcome, Range, Reply};
use crate::checker::Proof;
use crate::contract::{ClauseId, Level};
use crate::driver::{Driver, Executor};
use crate::engine::{Declarations, Durability, Frontier};
use crate::finding::Finding;
use crate::model::Model;
use crate::octets::{Decimal, Octets};
pub(crate) use place::Place;

/// After so many different failures an autopsy has shown enough.
const FAILURES_MAX: usize = 4;

/// How many of the last calls are kept as a failure's trace.
pub(crate) const TRACE: usize = 12;

/// A deviation with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What deviates.
    pub finding: Finding,
    /// Where in the check it was seen: `step 2`, `audit after step 3`.
    pub place: String,
    /// The line of that step in the scenario file, from 1; 0 when there is none.
    pub line: u64,
    /// The action whose outcome deviates.
    pub action: String,
    /// The last actions and what became of them, oldest first, ending with this one.
    pub trace: Vec<String>,
    /// The stack of a panic, or how a process died.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// The calls of many clients that prove it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<Proof>>,
}

/// What an engine is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the engine declares.
    pub declared: Declarations,
    /// How long a lagging frontier may take to follow (PUT-7).
    pub frontier_deadline: Duration,
}

/// The rest of the run would show nothing: it went wrong, or the engine need not go on.
pub(crate) struct Stop;

/// How far reads go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadsOn {
    /// Until one is wrong; then an autopsy follows.
    UntilWrong,
    /// Those of the autopsy.
    Autopsy,
}

/// A store under judgement.
pub(crate) struct Judged<'a> {
    driver: &'a mut dyn Driver,
    executor: Executor,
    options: Options,
    pub(crate) model: Model,
    trace: VecDeque<(Action, Outcome)>,
    place: Place,
    line: u64,
    blamed: Vec<ClauseId>,
    auditing: bool,
    reads_on: ReadsOn,
    /// Whether a volatile engine kept its data over a reopen, which it did not promise.
    pub(crate) kept_volatile: bool,
    /// Actions left out because the way to the engine does not carry them, by the reason; audits apart.
    pub(crate) not_carried: BTreeMap<String, u64>,
    pub(crate) failures: Vec<Failure>,
    /// How many actions were performed.
    pub(crate) calls: u64,
}

impl<'a> Judged<'a> {
    /// The store of `driver`, fresh and not yet open.
    pub(crate) fn new(driver: &'a mut dyn Driver, executor: Executor, options: Options) -> Self {
        Self {
            driver,
            executor,
            options,
            model: Model::new(options.declared),
            trace: VecDeque::new(),
            place: Place::OPENING,
            line: 0,
            blamed: Vec::new(),
            auditing: false,
            reads_on: ReadsOn::UntilWrong,
            kept_volatile: false,
            not_carried: BTreeMap::new(),
            failures: Vec::new(),
            calls: 0,
        }
    }

    pub(crate) fn declared(&self) -> Declarations {
        self.options.declared
    }

    /// Says where the run is: the place, the line in a scenario file, and the clauses that a failure here
    /// speaks against besides those that the model names.
    pub(crate) fn enter(&mut self, place: Place, line: u64, blamed: Vec<ClauseId>) {
        self.driver.enter(&place, line, &blamed);
        (self.place, self.line, self.blamed) = (place, line, blamed);
    }

    /// What the last action came to.
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match self.trace.back() {
            Some((_, Outcome::Reply(reply))) => Some(reply),
            _ => None,
        }
    }

    /// Opens the fresh store and asks for its number.
    pub(crate) fn open(&mut self) -> Result<(), Stop> {
        self.enter(Place::OPENING, 0, Vec::new());
        self.done(Action::Open {}, &["GEN-12"], "a fresh store opens")?;
        self.judged(Call::CurrentSequence {})
    }

    /// Closes the store for good.
    pub(crate) fn close(&mut self) -> Result<(), Stop> {
        self.enter(Place::CLOSING, self.line, self.blamed.clone());
        self.done(Action::Close {}, &[self.reopen_clause()], "the engine is dropped")
    }

    /// Performs an action; an outcome that is no reply is a finding and ends the run. One that is not carried is as if it
    /// had never been asked for: it has no reply either.
    pub(crate) fn perform(&mut self, action: Action) -> Result<(), Stop> {
        self.calls += 1;
        let outcome = self.driver.perform(&action);
        let (clause, expected) = match &outcome {
            Outcome::Reply(_) => {
                self.remember(action, outcome);
                return Ok(());
            }
            Outcome::NotCarried(why) => {
                if !self.auditing {
                    *self.not_carried.entry(why.clone()).or_default() += 1;
                }
                self.remember(action, outcome);
                return Ok(());
            }
            Outcome::Panicked { .. } if self.executor != Executor::Thread => ("GEN-3", "the call returns"),
            Outcome::Panicked { .. } | Outcome::Died(_) => ("GEN-4", "the call returns"),
            Outcome::TimedOut(_) => ("GEN-2", "the call returns in finite time"),
            Outcome::ProtocolError(_) => ("GEN-12", "a reply"),
        };
        let mut finding = Finding::new(Level::Must, &[clause], expected, outcome.to_string());
        if clause == "GEN-3" {
            finding.blame([ClauseId::new("GEN-4")]);
        }
        if !matches!(action, Action::Call(_)) {
            finding.blame([ClauseId::new(self.reopen_clause())]);
        }
        let details = match &outcome {
            Outcome::Panicked { backtrace, .. } => backtrace.clone(),
            _ => String::new(),
        };
        self.remember(action, outcome);
        self.fail(finding, true, details);
        Err(Stop)
    }

    fn remember(&mut self, action: Action, outcome: Outcome) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        self.trace.push_back((action, outcome));
    }

    /// Makes a call and has the model judge the reply.
    pub(crate) fn judged(&mut self, call: Call) -> Result<(), Stop> {
        self.perform(Action::Call(call))?;
        let Some((Action::Call(call), Outcome::Reply(reply))) = self.trace.back() else { return Ok(()) };
        let poor = if let Reply::Error(message) = reply { poor_message(message) } else { None };
        let findings = if self.auditing { self.model.judge_audit(call, reply) } else { self.model.judge(call, reply) };
        if let Some(finding) = poor {
            self.fail(finding, false, String::new());
        }
        for finding in findings {
            self.fail(finding, !self.auditing, String::new());
        }
        if !self.model.is_lost() {
            return Ok(());
        }
        if self.reads_on == ReadsOn::UntilWrong {
            self.autopsy();
        }
        Err(Stop)
    }

    /// After a wrong answer: whether others are wrong as well tells a wrong State from a wrong answer about it.
    fn autopsy(&mut self) {
        self.reads_on = ReadsOn::Autopsy;
        if !self.model.reconsider() {
            return;
        }
        let trace = self.trace.clone();
        let mut calls = self.model.audit();
        // Single keys first: what they hold is what the rest is made of.
        calls.sort_by_key(|call| !matches!(call, Call::Get(_)));
        self.enter(self.place.autopsy(), self.line, self.blamed.clone());
        self.auditing = true;
        for call in calls {
            self.trace.clone_from(&trace);
            if self.failures.len() >= FAILURES_MAX || (self.judged(call).is_err() && !self.model.reconsider()) {
                break;
            }
        }
    }

    /// Writes a finding down with its evidence. One that `here` shows also speaks against what the place is about.
    pub(crate) fn fail(&mut self, mut finding: Finding, here: bool, details: String) {
        if here {
            finding.blame(self.blamed.clone());
        }
        let known =
            |failure: &Failure| failure.finding.level == finding.level && failure.finding.clauses == finding.clauses;
        if self.failures.iter().any(known) {
            return;
        }
        self.failures.push(Failure {
            place: self.place.to_string(),
            line: self.line,
            action: self.trace.back().map_or_else(String::new, |(action, _)| action.to_string()),
            trace: self.trace.iter().map(|(action, outcome)| format!("{action} -> {outcome}")).collect(),
            details,
            finding,
            proof: None,
        });
    }

    /// Compares everything observable with the model.
    pub(crate) fn audit(&mut self) -> Result<(), Stop> {
        let calls = self.model.audit();
        self.audit_with(calls)?;
        self.model.audited();
        Ok(())
    }

    /// Makes the calls of an audit, after a lagging frontier has caught up.
    fn audit_with(&mut self, calls: Vec<Call>) -> Result<(), Stop> {
        let place = self.place;
        self.enter(place.audit(), self.line, self.blamed.clone());
        self.auditing = true;
        if self.options.declared.frontier == Frontier::Lagging {
            self.await_frontier()?;
        }
        for call in calls {
            self.judged(call)?;
        }
        self.auditing = false;
        self.enter(place, self.line, self.blamed.clone());
        Ok(())
    }

    /// Asks for `current_sequence` until it covers every write, as a lagging frontier must in finite time.
    fn await_frontier(&mut self) -> Result<(), Stop> {
        let start = Instant::now();
        for turn in 0_u32.. {
            self.judged(Call::CurrentSequence {})?;
            let Some(Reply::Sequence(Decimal(current))) = self.reply() else { return Ok(()) };
            let current = *current;
            if self.model.frontier_reached(current) {
                break;
            }
            if start.elapsed() > self.options.frontier_deadline {
                let expected = format!("current_sequence reaches {} in finite time", self.model.highest());
                let got = format!("still {current} after {} s", self.options.frontier_deadline.as_secs_f32());
                self.fail(Finding::new(Level::Must, &["SEQ-4"], expected, got), false, String::new());
                return Err(Stop);
            }
            if turn < 100 {
                std::thread::yield_now();
            } else {
                // Polling, not synchronisation: the contract gives a lagging engine time, and no way to wait for it.
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    /// Drops the engine and opens the store again. A volatile engine ends its run here.
    pub(crate) fn reopen(&mut self) -> Result<(), Stop> {
        let clause = self.reopen_clause();
        self.done(Action::Close {}, &[clause], "the engine is dropped")?;
        self.done(Action::Open {}, &[clause], "the store opens again")?;
        // Where opening again is not carried, nothing is open that could be asked for more.
        if self.reply().is_none() {
            return Err(Stop);
        }
        if self.options.declared.durability == Durability::Volatile {
            return self.reopened_volatile();
        }
        self.model.reopened();
        Ok(())
    }

    /// A volatile engine may keep or lose what it held. It is asked to work, as a fresh store would.
    fn reopened_volatile(&mut self) -> Result<(), Stop> {
        let kept = self.model.live_keys() > 0;
        let (start, end) = (Octets::default(), Octets::default());
        let everything = Range { start, end, limit: Decimal(u64::MAX), forward: true };
        self.perform(Action::Call(Call::RangeScan(everything)))?;
        let rows = match self.reply() {
            Some(Reply::Rows(rows)) => Some(rows.len()),
            _ => None,
        };
        if kept && rows == Some(self.model.live_keys()) {
            self.kept_volatile = true;
        }
        if rows == Some(0) {
            self.model = Model::new(self.options.declared);
            self.enter(self.place, 0, Vec::new());
            self.judged(Call::CurrentSequence {})?;
            self.judged(Call::PutBatch(vec![(Octets::text("after"), Octets::text("reopen"))]))?;
            self.audit()?;
        }
        self.perform(Action::Close {})?;
        Err(Stop)
    }

    /// The clause that a failing open or drop speaks against.
    fn reopen_clause(&self) -> &'static str {
        if self.options.declared.durability == Durability::Volatile { "GEN-4" } else { "DUR-1" }
    }

    /// Opens or closes, which must come off.
    fn done(&mut self, action: Action, clauses: &[&'static str], expected: &str) -> Result<(), Stop> {
        self.perform(action)?;
        let got = match self.reply() {
            Some(Reply::Done {}) | None => return Ok(()),
            Some(other) => other.to_string(),
        };
        self.fail(Finding::new(Level::Must, clauses, expected, got), true, String::new());
        Err(Stop)
    }
}

/// An error message that tells a person nothing, or tells a client of the server too much (GEN-6).
fn poor_message(message: &str) -> Option<Finding> {
    let got = format!("Err({message:?})");
    if message.trim().is_empty() {
        return Some(Finding::new(Level::Should, &["GEN-6"], "an error says what is wrong", got));
    }
    let scratch = std::env::temp_dir();
    let reveals = message.contains(crate::process::STORE_FOLDER)
        || (scratch.components().count() > 1 && message.contains(&*scratch.to_string_lossy()));
    reveals.then(|| Finding::new(Level::Should, &["GEN-6"], "an error names no path of the server", got))
}
