//! A trial: one program on a store of its own, and what comes of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Damage;
use super::desk::{self, Trouble};
use super::explain::Class;
use super::ledger::Known;
use super::mixes::Mix;
use super::seen::{NoReply, Seen};
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::Level;
use crate::engine::{Declarations, Frontier};
use crate::finding::Finding;
use crate::judged::Failure;
use crate::protocol::{HostCommand, Process};
use crate::scenario::generate::SplitMix;

/// What a call may take; whoever supervises the worker has the shorter patience.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a number may trail behind.
const FRONTIER: Duration = Duration::from_secs(2);

/// The program need not go on: it failed, or its store is damaged where that is only graded.
pub(super) struct Over;

/// One program, as far as it is the same for every family.
pub(super) struct Trial<'a> {
    pub(super) mix: &'static Mix,
    /// What is tried in each round, at most.
    pub(super) each: u64,
    pub(super) seed: u64,
    pub(super) command: &'a HostCommand,
    pub(super) declared: Declarations,
    /// A folder of its own.
    pub(super) dir: &'a Path,
    /// A folder that does not exist yet and that nobody else looks into, for a disk to be mounted on.
    #[cfg_attr(
        not(all(feature = "powerloss", target_os = "linux")),
        expect(dead_code, reason = "there is no disk without it")
    )]
    pub(super) disk: PathBuf,
    pub(super) draws: SplitMix,
    pub(super) damage: Damage,
    pub(super) calls: u64,
    pub(super) failures: Vec<Failure>,
    /// Why the harness itself could not go on.
    pub(super) broken: Option<String>,
    /// Where the store was lost, in words; part of every failure.
    pub(super) place: String,
    pub(super) announce: &'a mut dyn FnMut(&str),
}

impl Trial<'_> {
    /// A host for the store in `dir`.
    pub(super) fn start(&mut self, dir: &Path) -> Result<Process, Over> {
        Process::start(self.command, dir, PATIENCE).map_err(|error| {
            let finding = Finding::new(Level::Must, &["GEN-4"], "the host starts again", error.to_string());
            self.fail(Trouble { finding, action: "start".to_owned(), details: String::new() }, Vec::new());
            Over
        })
    }

    /// Makes the calls that show a store of which so much is `known`.
    pub(super) fn look(&mut self, process: &Process, known: &Known) -> Result<Seen, Box<NoReply>> {
        let calls = std::cell::Cell::new(0);
        let call = |call: &Call| {
            calls.set(calls.get() + 1);
            process.perform(&Action::Call(call.clone()), PATIENCE)
        };
        if self.declared.frontier == Frontier::Lagging {
            catch_up(known.highest(), &call);
        }
        let seen = Seen::look(known, &call);
        self.calls += calls.get();
        seen
    }

    pub(super) fn close(&mut self, process: &Process) -> Result<(), Over> {
        match process.perform(&Action::Close {}, PATIENCE) {
            Outcome::Reply(Reply::Done {}) => Ok(()),
            outcome => Err(self.trouble(desk::trouble(&Action::Close {}, &outcome), process)),
        }
    }

    /// A failure that the process's output may explain.
    pub(super) fn trouble(&mut self, mut trouble: Trouble, process: &Process) -> Over {
        if trouble.details.is_empty() {
            trouble.details = process.output();
        }
        self.fail(trouble, Vec::new());
        Over
    }

    pub(super) fn fail_all(&mut self, findings: Vec<Finding>, action: &str, trace: &[String]) {
        for finding in findings {
            self.fail(Trouble { finding, action: action.to_owned(), details: String::new() }, trace.to_vec());
        }
    }

    pub(super) fn fail(&mut self, trouble: Trouble, trace: Vec<String>) {
        self.failures.push(Failure {
            finding: trouble.finding,
            place: format!("program {}, {}", self.seed, self.place),
            line: 0,
            action: trouble.action,
            trace,
            details: trouble.details,
            proof: None,
        });
    }
}

/// Waits until a number that may trail has come to `highest`; one that does not is looked at as it is.
fn catch_up(highest: u64, call: &dyn Fn(&Call) -> Outcome) {
    let started = Instant::now();
    let behind = || match call(&Call::CurrentSequence {}) {
        Outcome::Reply(Reply::Sequence(number)) => number.0 < highest,
        _ => false,
    };
    while behind() && started.elapsed() < FRONTIER {}
}

/// A store that does not open after it was lost.
pub(super) fn unopened(class: Class, message: &str) -> Finding {
    let expected = format!("after {} the store opens", class.lost_by);
    Finding::new(Level::Must, &[class.clause, "DUR-4"], expected, format!("Err({message:?})"))
}
