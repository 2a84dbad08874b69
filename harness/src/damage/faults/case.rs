//! One run of a program under a fault: what it answers must be right, what it acknowledged must stay, and once the
//! cause is gone the store works again, at the latest when it has been opened again.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::audit::{Audited, audit};
use super::super::desk::{self, Trouble};
use super::super::explain::{self, Class};
use super::super::ledger::{InFlight, Known, Ledger};
use super::super::power::{Mounted, mount};
use super::super::seen::Seen;
use super::super::trial::{Over, PATIENCE, Trial, unopened};
use super::told;
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::{ClauseId, Level};
use crate::disk::{Fault, Plan, Request};
use crate::engine::Durability;
use crate::finding::Finding;
use crate::octets::Octets;
use crate::protocol::Process;

/// Calls that fail before the cause of the failures goes.
const PATIENT: u64 = 2;
/// What a right store shows after an error.
const ERROR: Class = Class { clause: "PUT-8", lost_by: "an error" };

/// One run of the program.
pub(super) struct Case<'a, 'b> {
    pub(super) trial: &'a mut Trial<'b>,
    pub(super) plan: Option<Plan>,
    pub(super) disk: Mounted,
    pub(super) known: Known,
    /// Entries below were pruned, and that was acknowledged.
    pub(super) pruned: u64,
    errors: u64,
    /// Whether a call failed since the last open.
    pub(super) troubled: bool,
    /// Whether it was seen which of the writes that failed are there, since the last of them and the last open.
    settled: bool,
    pub(super) trace: Vec<String>,
    /// The requests hit that the trace tells of.
    traced: usize,
}

impl Case<'_, '_> {
    /// Runs it; says what the disk was asked for.
    pub(super) fn run(trial: &mut Trial<'_>, calls: &[Call], plan: Option<Plan>) -> Result<Vec<Request>, Over> {
        trial.place = told::place(plan, None);
        (trial.announce)(&trial.place.clone());
        let disk = mount(trial, None)?;
        disk.fail(plan);
        let known = Known::default();
        let mut case = Case {
            trial,
            plan,
            disk,
            known,
            pruned: 0,
            errors: 0,
            troubled: false,
            settled: true,
            trace: Vec::new(),
            traced: 0,
        };
        case.go(calls)?;
        Ok(case.disk.met())
    }

    fn go(&mut self, calls: &[Call]) -> Result<(), Over> {
        let half = calls.len() / 2;
        let mut process = self.opened()?;
        for (nth, call) in calls.iter().enumerate() {
            if nth == half {
                process = self.again(process)?;
            }
            if !self.call(&process, call)? {
                process = self.again(process)?;
            }
        }
        self.look(&process, ERROR)?;
        self.lift();
        // A store that says that it has to be opened again may be.
        let last = Call::PutBatch(vec![(Octets::text("last"), Octets::text("last"))]);
        if !self.call(&process, &last)? {
            process = self.again(process)?;
            if !self.call(&process, &last)? {
                return self.wrong("a store opened again works again", "put_batch fails");
            }
        }
        self.end(&process)
    }

    /// A fresh host with the store open. It need not open while there is a cause.
    fn opened(&mut self) -> Result<Process, Over> {
        let dir = self.trial.disk.clone();
        let mut process = self.trial.start(&dir)?;
        for turn in 0.. {
            let outcome = self.perform(&process, &Action::Open {});
            self.trace(format!("open -> {outcome}"));
            match outcome {
                Outcome::Reply(Reply::Done {}) => return Ok(process),
                Outcome::Reply(Reply::Error(_)) if turn == 0 && self.disk.hits() > 0 => self.trial.damage.errors += 1,
                Outcome::Died(_) if self.killed() => {}
                Outcome::Reply(Reply::Error(message)) if turn > 0 => {
                    return self.fail(vec![unopened(ERROR, &message)], "open", &process).map(|()| process);
                }
                outcome => {
                    let finding = self.unreported(&Action::Open {}, &outcome);
                    return self.fail(vec![finding], "open", &process).map(|()| process);
                }
            }
            self.lift();
            drop(process);
            process = self.trial.start(&dir)?;
        }
        Ok(process)
    }

    /// Closes the store in good order and opens it again.
    fn again(&mut self, process: Process) -> Result<Process, Over> {
        let hits = self.disk.hits();
        let outcome = self.perform(&process, &Action::Close {});
        let clean = outcome == Outcome::Reply(Reply::Done {}) && self.disk.hits() == hits;
        if std::mem::take(&mut self.troubled) || !clean {
            // A prune need not outlive but a clean close (PRN-7). What is closed after an error may have to be as it was
            // before, and a close has nobody to tell of another.
            self.pruned = 0;
        }
        self.trace(format!("close -> {outcome}"));
        match outcome {
            Outcome::Reply(Reply::Done {}) => {}
            Outcome::Died(_) if self.killed() => {}
            outcome => {
                let finding = self.unreported(&Action::Close {}, &outcome);
                self.fail(vec![finding], "close", &process)?;
            }
        }
        drop(process);
        let process = self.opened()?;
        if self.trial.declared.durability < Durability::CleanClose || self.blind() {
            (self.known, self.pruned) = (Known::default(), 0);
        }
        self.settled = false;
        self.look(&process, ERROR)?;
        Ok(process)
    }

    /// Whether nothing can be said of what a reopen shows: a store that is written at its close has nobody to tell of an
    /// error then.
    pub(super) fn blind(&self) -> bool {
        self.trial.declared.durability < Durability::ProcessCrash && self.disk.hits() > 0
    }

    /// Makes a call; false if it failed with a cause.
    fn call(&mut self, process: &Process, call: &Call) -> Result<bool, Over> {
        let mut ledger = Ledger::from(std::mem::take(&mut self.known));
        let ticket = ledger.begin(call);
        let outcome = self.perform(process, &Action::Call(call.clone()));
        self.trial.calls += 1;
        self.trace(format!("{call} -> {outcome}"));
        let mut given = Ok(());
        let mut over = None;
        match (&outcome, ticket) {
            (Outcome::Reply(Reply::Sequence(number)), Some(ticket)) => {
                given = ledger.acknowledged(ticket, number.0);
                // A write that failed before, and was not there, may not come to be any more (PUT-8).
                if self.settled {
                    ledger.forget_in_flight();
                }
            }
            (Outcome::Reply(Reply::Removed(_)), Some(ticket)) => {
                ledger.pruned(ticket);
                if let Call::PruneBatchLog(cutoff) = call {
                    // Beyond the newest entry there was nothing to prune.
                    self.pruned = self.pruned.max(cutoff.0.min(ledger.highest() + 1));
                }
            }
            (Outcome::Reply(Reply::Error(_)), _) if self.disk.hits() > 0 => over = Some(false),
            (Outcome::Died(_), _) if self.killed() => over = Some(true),
            _ => over = Some(true),
        }
        self.known = ledger.lost();
        self.settled &= over.is_none();
        if given.is_err() {
            let finding = Finding::new(Level::Must, &["DUR-5", "PUT-3"], "a new number", outcome.to_string());
            self.fail(vec![finding], &call.to_string(), process)?;
        }
        match over {
            None => Ok(true),
            Some(false) => {
                self.errors += 1;
                self.troubled = true;
                self.trial.damage.errors += 1;
                self.look(process, ERROR)?;
                if self.errors >= PATIENT {
                    self.lift();
                }
                // The cause may be gone, and the store work again: the next call shows it.
                Ok(self.errors < PATIENT || self.works(process)?)
            }
            Some(true) if self.killed() => Ok(false),
            Some(true) => {
                let finding = self.unreported(&Action::Call(call.clone()), &outcome);
                self.fail(vec![finding], &call.to_string(), process).map(|()| false)
            }
        }
    }

    /// Whether a write is taken; one that fails may be.
    fn works(&mut self, process: &Process) -> Result<bool, Over> {
        let call = Call::PutBatch(vec![(Octets::text("works"), Octets::text(&self.errors.to_string()))]);
        let mut ledger = Ledger::from(std::mem::take(&mut self.known));
        let ticket = ledger.begin(&call).unwrap_or_default();
        let outcome = self.perform(process, &Action::Call(call.clone()));
        self.trace(format!("{call} -> {outcome}"));
        let taken = match &outcome {
            Outcome::Reply(Reply::Sequence(number)) => {
                let given = ledger.acknowledged(ticket, number.0);
                if self.settled {
                    ledger.forget_in_flight();
                }
                given.is_ok()
            }
            _ => false,
        };
        self.known = ledger.lost();
        self.settled &= taken;
        self.troubled |= !taken;
        match outcome {
            Outcome::Reply(_) => Ok(taken),
            outcome => {
                let finding = self.unreported(&Action::Call(call.clone()), &outcome);
                self.fail(vec![finding], &call.to_string(), process).map(|()| false)
            }
        }
    }

    /// Looks at the store. It need not answer while there is a cause, nor once it must be opened again; what it answers
    /// is right.
    pub(super) fn look(&mut self, process: &Process, class: Class) -> Result<(), Over> {
        // Whoever looks waits for each reply, and nobody would let go of a request that is held up.
        let holds = matches!(self.plan, Some(Plan { fault: Fault::Held | Fault::Hung, .. }));
        if (holds && self.disk.hits() == 0) || self.blind() {
            return Ok(());
        }
        let known = self.known.clone();
        let seen = self.trial.look(process, &known);
        match &seen {
            Err(none) => self.trace(format!("{} -> {}", none.call, none.outcome)),
            Ok(_) if self.disk.hits() > self.traced => self.trace("the store is looked at".to_owned()),
            Ok(_) => {}
        }
        let seen = match seen {
            Ok(seen) => seen,
            Err(none) if matches!(none.outcome, Outcome::Reply(Reply::Error(_))) && self.disk.hits() > 0 => {
                return Ok(());
            }
            Err(none) if matches!(none.outcome, Outcome::Died(_)) && self.killed() => return Ok(()),
            Err(none) => {
                let finding = self.unreported(&Action::Call(none.call.clone()), &none.outcome);
                return self.fail(vec![finding], &none.call.to_string(), process);
            }
        };
        self.trial.damage.audits += 1;
        let batch_log = self.trial.declared.batch_log;
        match audit(&self.known, &seen, batch_log) {
            Audited::Prefix { known, lost } if lost.is_empty() => {
                // What failed and is not there may come with the next open, as long as nothing was written since.
                let placed = |write: &InFlight| known.writes.values().any(|edit| *edit == write.edit);
                let left = self.known.in_flight.iter().filter(|write| !placed(write)).cloned().collect();
                self.known = Known { in_flight: left, ..known };
                self.settled = true;
                self.numbers(&seen, process)
            }
            Audited::Prefix { lost, .. } => self.fail(vec![explain::lost(class, &seen, &lost)], "audit", process),
            Audited::Damaged(nearest) => {
                let findings = explain::damaged(class, &self.known, &seen, &nearest, batch_log);
                self.fail(findings, "audit", process)
            }
        }
    }

    /// Each number up to the store's is a write's, or has an empty entry (PUT-9).
    fn numbers(&mut self, seen: &Seen, process: &Process) -> Result<(), Over> {
        if !self.trial.declared.batch_log {
            return Ok(());
        }
        let Some(oldest) = seen.oldest else { return Ok(()) };
        let from = oldest.max(self.known.perhaps_pruned);
        let Some(number) = (from..=seen.current).find(|number| !self.known.writes.contains_key(number)) else {
            return Ok(());
        };
        let expected = "a number that was taken without effect has an empty entry";
        let got = format!("no write has number {number}, and get_batch({number}) is None");
        self.fail(vec![Finding::new(Level::Served, &["PUT-9", "PUT-8"], expected, got)], "audit", process)
    }

    /// Performs an action. What is held up goes on once it has been; what hangs is killed.
    fn perform(&mut self, process: &Process, action: &Action) -> Outcome {
        match self.plan {
            Some(Plan { fault: fault @ (Fault::Held | Fault::Hung), .. }) if self.disk.hits() == 0 => {
                let disk = &*self.disk;
                let over = AtomicBool::new(false);
                std::thread::scope(|threads| {
                    let performed = threads.spawn(|| {
                        let outcome = process.perform(action, PATIENCE);
                        over.store(true, Ordering::Release);
                        disk.wake();
                        outcome
                    });
                    if disk.wait_for_hit(&over) {
                        if fault == Fault::Hung {
                            process.signal_kill();
                        }
                        disk.fail(None);
                    }
                    performed.join().unwrap_or_else(|_| Outcome::ProtocolError("the caller panicked".to_owned()))
                })
            }
            _ => process.perform(action, PATIENCE),
        }
    }

    /// Whether the process was killed on purpose.
    fn killed(&self) -> bool {
        matches!(self.plan, Some(Plan { fault: Fault::Hung, .. })) && self.disk.hits() > 0
    }

    /// The cause is gone.
    fn lift(&mut self) {
        if self.plan.is_some() {
            self.disk.fail(None);
        }
    }

    /// An error without a cause, or a cause that did not become an error.
    fn unreported(&self, action: &Action, outcome: &Outcome) -> Finding {
        let Trouble { mut finding, .. } = desk::trouble(action, outcome);
        if !matches!(outcome, Outcome::Reply(_)) && self.disk.hits() > 0 {
            finding.blame([ClauseId::new("GEN-5")]);
        }
        finding
    }

    fn wrong(&mut self, expected: &str, got: &str) -> Result<(), Over> {
        let finding = Finding::new(Level::Must, &["GEN-5", "GEN-12"], expected.to_owned(), got.to_owned());
        let trace = self.trace.clone();
        self.trial.fail_all(vec![finding], "put_batch", &trace);
        Err(Over)
    }

    /// Keeps what an action came to, and what was hit meanwhile.
    pub(super) fn trace(&mut self, line: String) {
        self.trace.push(line);
        let hits = self.disk.hit_after(self.traced);
        if let (0, Some(first)) = (self.traced, hits.first()) {
            self.trial.place = told::place(self.plan, Some(first));
        }
        self.traced += hits.len();
        self.trace.extend(told::hits(&hits));
    }

    pub(super) fn fail(&mut self, mut findings: Vec<Finding>, action: &str, process: &Process) -> Result<(), Over> {
        if self.disk.hits() > 0 {
            for finding in &mut findings {
                finding.blame([ClauseId::new("GEN-5")]);
            }
        }
        let trace = self.trace.clone();
        self.trial.fail_all(findings, action, &trace);
        if let Some(last) = self.trial.failures.last_mut() {
            last.details = process.output();
        }
        Err(Over)
    }
}
