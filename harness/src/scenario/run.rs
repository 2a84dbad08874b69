//! Running a case: its steps on a fresh store, every reply judged, an audit at the end and after every error.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::case::{Case, Expectation, Need, Operation, Step};
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::{ClauseId, Contract, Level};
use crate::driver::{Driver, Executor};
use crate::engine::{Declarations, Durability, Frontier};
use crate::finding::Finding;
use crate::model::{Behaviours, Model};
use crate::octets::Decimal;

/// How many of the last calls are kept as a failure's trace.
const TRACE: usize = 12;

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
}

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
}

/// What a case is run with.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the engine declares.
    pub declared: Declarations,
    /// How long a lagging frontier may take to follow (PUT-7).
    pub frontier_deadline: Duration,
}

/// Runs `case` on `driver`, whose store is fresh and not yet open.
pub fn run(case: &Case, driver: &mut dyn Driver, options: Options) -> CaseResult {
    let mut run = Run {
        case,
        driver,
        options,
        model: Model::new(options.declared),
        names: BTreeMap::new(),
        trace: VecDeque::new(),
        place: String::new(),
        step: None,
        kept_volatile: false,
        result: CaseResult { refusal: refusal(case, options.declared), ..CaseResult::default() },
    };
    // The findings are in the result; how far the run came is in them too.
    let _ = run.all();
    run.result.behaviours = run.model.behaviours().clone();
    if run.kept_volatile {
        run.result.behaviours.observe("volatile_reopen", "kept");
    }
    run.result
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

/// The rest of the run would show nothing: it went wrong, or the engine need not go on.
struct Stop;

struct Run<'a> {
    case: &'a Case,
    driver: &'a mut dyn Driver,
    options: Options,
    model: Model,
    names: BTreeMap<String, u64>,
    trace: VecDeque<(Action, Outcome)>,
    place: String,
    step: Option<&'a Step>,
    /// Whether a volatile engine kept its data over a reopen, which it did not promise.
    kept_volatile: bool,
    result: CaseResult,
}

impl<'a> Run<'a> {
    fn all(&mut self) -> Result<(), Stop> {
        self.enter("opening the fresh store".to_owned());
        self.done(Action::Open {}, &["GEN-12"], "a fresh store opens")?;
        self.judged(Call::CurrentSequence {})?;
        if let Some(Reply::Sequence(fresh)) = self.reply() {
            self.names.insert("fresh".to_owned(), fresh.0);
        }
        for (i, step) in self.case.steps.iter().enumerate() {
            self.step = Some(step);
            for turn in 0..step.times {
                self.enter(match step.times {
                    1 => format!("step {}", i + 1),
                    times => format!("step {} ({} of {times})", i + 1, turn + 1),
                });
                self.take_step(step, turn)?;
            }
        }
        self.audit()?;
        self.enter("closing the store".to_owned());
        self.done(Action::Close {}, &[self.reopen_clause()], "the engine is dropped")
    }

    fn enter(&mut self, place: String) {
        let line = self.step.map_or(0, |step| step.line);
        self.driver.enter(&place, line, &self.blamed());
        self.place = place;
    }

    /// The clauses that a failure of the present step speaks against, besides those that the model names: what the
    /// step is about, where it says so or expects something of its own.
    fn blamed(&self) -> Vec<ClauseId> {
        match self.step {
            Some(step) if !step.clauses.is_empty() => step.clauses.clone(),
            Some(step) if step.expect != Expectation::Model => self.case.clauses.first().copied().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn take_step(&mut self, step: &'a Step, turn: u32) -> Result<(), Stop> {
        match step.operation.call(&self.names, turn) {
            Some(call) => {
                self.judged(call)?;
                self.bind(step);
                self.check_expectation(step)?;
                if matches!(self.reply(), Some(Reply::Error(_))) {
                    self.audit()?;
                }
                Ok(())
            }
            None => match &step.operation {
                Operation::Reopen => self.reopen(),
                Operation::OpenAgain => self.open_again(),
                _ => self.audit(),
            },
        }
    }

    /// What the last action came to.
    fn reply(&self) -> Option<&Reply> {
        match self.trace.back() {
            Some((_, Outcome::Reply(reply))) => Some(reply),
            _ => None,
        }
    }

    fn bind(&mut self, step: &Step) {
        let number = match self.reply() {
            Some(Reply::Sequence(number) | Reply::Removed(number) | Reply::Oldest(Some(number))) => number.0,
            _ => return,
        };
        if let Some(name) = &step.name {
            self.names.insert(name.clone(), number);
        }
    }

    /// Performs an action; an outcome that is no reply is a finding and ends the run.
    fn perform(&mut self, action: Action) -> Result<(), Stop> {
        self.result.calls += 1;
        let outcome = self.driver.perform(&action);
        let (clause, expected) = match &outcome {
            Outcome::Reply(_) => {
                self.remember(action, outcome);
                return Ok(());
            }
            Outcome::Panicked { .. } if self.case.executor != Executor::Thread => ("GEN-3", "the call returns"),
            Outcome::Panicked { .. } | Outcome::Died(_) => ("GEN-4", "the call returns"),
            Outcome::TimedOut(_) => ("GEN-2", "the call returns in finite time"),
            Outcome::ProtocolError(_) | Outcome::NotCarried(_) => ("GEN-12", "a reply"),
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
    fn judged(&mut self, call: Call) -> Result<(), Stop> {
        self.perform(Action::Call(call))?;
        let Some((Action::Call(call), Outcome::Reply(reply))) = self.trace.back() else { return Ok(()) };
        let poor = if let Reply::Error(message) = reply { poor_message(message) } else { None };
        let findings = self.model.judge(call, reply);
        if let Some(finding) = poor {
            self.fail(finding, false, String::new());
        }
        let in_step = self.place.starts_with("step");
        for finding in findings {
            self.fail(finding, in_step, String::new());
        }
        if self.model.is_lost() { Err(Stop) } else { Ok(()) }
    }

    /// Writes a finding down with its evidence. One that a step shows also speaks against what the step is about.
    fn fail(&mut self, mut finding: Finding, in_step: bool, details: String) {
        if in_step {
            finding.blame(self.blamed());
        }
        let known =
            |failure: &Failure| failure.finding.level == finding.level && failure.finding.clauses == finding.clauses;
        if self.result.failures.iter().any(known) {
            return;
        }
        let failure = Failure {
            place: self.place.clone(),
            line: self.step.map_or(0, |step| step.line),
            action: self.trace.back().map_or_else(String::new, |(action, _)| action.to_string()),
            trace: self.trace.iter().map(|(action, outcome)| format!("{action} -> {outcome}")).collect(),
            details,
            finding,
        };
        self.result.failures.push(failure);
    }

    /// Compares everything observable with the model.
    fn audit(&mut self) -> Result<(), Stop> {
        let place = self.place.clone();
        if !place.starts_with("audit") {
            self.enter(format!("audit after {place}"));
        }
        if self.options.declared.frontier == Frontier::Lagging {
            self.await_frontier()?;
        }
        for call in self.model.audit() {
            self.judged(call)?;
        }
        self.model.audited();
        self.enter(place);
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

    fn reopen(&mut self) -> Result<(), Stop> {
        let clause = self.reopen_clause();
        self.done(Action::Close {}, &[clause], "the engine is dropped")?;
        self.done(Action::Open {}, &[clause], "the store opens again")?;
        if self.options.declared.durability == Durability::Volatile {
            return self.reopened_volatile();
        }
        self.model.reopened();
        Ok(())
    }

    /// A volatile engine may keep or lose what it held. It is asked to work, as a fresh store would.
    fn reopened_volatile(&mut self) -> Result<(), Stop> {
        let declared = self.options.declared;
        let kept = self.model.live_keys() > 0;
        let scan = crate::call::Range {
            start: Default::default(),
            end: Default::default(),
            limit: Decimal(u64::MAX),
            forward: true,
        };
        self.perform(Action::Call(Call::RangeScan(scan)))?;
        let rows = match self.reply() {
            Some(Reply::Rows(rows)) => Some(rows.len()),
            _ => None,
        };
        if kept && rows == Some(self.model.live_keys()) {
            self.kept_volatile = true;
        }
        if rows == Some(0) {
            self.model = Model::new(declared);
            self.step = None;
            self.judged(Call::CurrentSequence {})?;
            let pair = (crate::octets::Octets::text("after"), crate::octets::Octets::text("reopen"));
            self.judged(Call::PutBatch(vec![pair]))?;
            self.audit()?;
        }
        self.perform(Action::Close {})?;
        Err(Stop)
    }

    fn open_again(&mut self) -> Result<(), Stop> {
        self.perform(Action::OpenAgain {})?;
        let persistent = self.options.declared.durability != Durability::Volatile;
        if persistent && !matches!(self.reply(), Some(Reply::Error(_))) {
            let expected = "opening a store that is open fails with an error";
            self.fail(Finding::new(Level::Should, &["DUR-7"], expected, "it opened"), false, String::new());
        }
        Ok(())
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

    /// What the step expects beyond the model. Asked for its refusal, an engine owes only what the model says.
    fn check_expectation(&mut self, step: &Step) -> Result<(), Stop> {
        let Some(reply) = self.reply() else { return Ok(()) };
        if self.result.refusal.is_some() || meets(&step.expect, reply, &self.names) {
            return Ok(());
        }
        let got = reply.to_string();
        let clauses = if step.clauses.is_empty() { &self.case.clauses[..1] } else { &step.clauses };
        let ids: Vec<&'static str> = clauses.iter().map(|clause| clause.as_str()).collect();
        let level = strongest(&ids, self.options.declared);
        let expected = describe(&step.expect, &self.names);
        self.fail(Finding::new(level, &ids, expected, got), true, String::new());
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

fn meets(expect: &Expectation, reply: &Reply, names: &BTreeMap<String, u64>) -> bool {
    match (expect, reply) {
        (Expectation::Model, _) => true,
        (Expectation::AnyOf(any), _) => any.iter().any(|one| meets(one, reply, names)),
        (Expectation::Error, _) => matches!(reply, Reply::Error(_)),
        (Expectation::Ok, _) => !matches!(reply, Reply::Error(_)),
        (Expectation::Done, _) => *reply == (Reply::Done {}),
        (expect, reply) => as_reply(expect, names).is_some_and(|expected| expected == *reply),
    }
}

/// The one reply that is expected, when it is one.
fn as_reply(expect: &Expectation, names: &BTreeMap<String, u64>) -> Option<Reply> {
    Some(match expect {
        Expectation::Sequence(number) => Reply::Sequence(Decimal(number.value(names))),
        Expectation::Removed(number) => Reply::Removed(Decimal(number.value(names))),
        Expectation::Oldest(number) => Reply::Oldest(number.as_ref().map(|number| Decimal(number.value(names)))),
        Expectation::Value(value) => Reply::Value(value.clone()),
        Expectation::Values(values) => Reply::Values(values.clone()),
        Expectation::Rows(rows) => Reply::Rows(rows.list(0)),
        Expectation::Batch(batch) => Reply::Batch(batch.as_ref().map(|pairs| pairs.list(0))),
        _ => return None,
    })
}

fn describe(expect: &Expectation, names: &BTreeMap<String, u64>) -> String {
    match expect {
        Expectation::Ok => "any reply but an error".to_owned(),
        Expectation::Error => "an error".to_owned(),
        Expectation::AnyOf(any) => any.iter().map(|one| describe(one, names)).collect::<Vec<_>>().join(" or "),
        other => as_reply(other, names).map_or_else(|| "what the model says".to_owned(), |reply| reply.to_string()),
    }
}
