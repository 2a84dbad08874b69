//! Running programs whose store's process is killed.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::audit::{Audited, audit};
use super::crash::{Aim, Mix};
use super::desk::{self, Desk, Trouble};
use super::explain::{self, Class};
use super::ledger::Known;
use super::program::Client;
use super::seen::Seen;
use super::{Damage, Damaged, Programs};
use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::Level;
use crate::engine::{Declarations, Durability, Engine};
use crate::finding::Finding;
use crate::judged::Failure;
use crate::octets::Decimal;
use crate::protocol::{HostCommand, Process};
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;

/// What a call may take; whoever supervises the worker has the shorter patience.
const PATIENCE: Duration = Duration::from_secs(30);
/// The class that a kill is about.
const KILLED: Class = Class { clause: "DUR-2", lost_by: "SIGKILL" };
/// A clean close and reopen.
const CLOSED: Class = Class { clause: "DUR-1", lost_by: "a clean close and reopen" };

/// Runs the programs until one fails, each in a folder of its own below `dir`. What goes on is announced.
///
/// # Errors
/// When the harness itself cannot go on.
pub(crate) fn run(
    programs: &Programs,
    mix: &'static Mix,
    engine: &Engine,
    dir: &Path,
    announce: &mut dyn FnMut(u64, &str),
) -> io::Result<CaseResult> {
    let own = || HostCommand::Own(programs.spec.clone());
    let command = engine.host_command().cloned().unwrap_or_else(own);
    let declared = engine.declarations();
    let mut result = CaseResult::default();
    let mut damaged = Damaged::default();
    for seed in &programs.seeds {
        let store = dir.join(seed.0.to_string());
        std::fs::create_dir(&store)?;
        let mut program = Program {
            mix,
            seed: seed.0,
            command: &command,
            declared,
            dir: &store,
            draws: SplitMix::new(seed.0),
            known: Known::default(),
            damage: Damage { programs: 1, ..Damage::default() },
            calls: 0,
            opened: Duration::from_millis(1),
            failures: Vec::new(),
        };
        // How it ended is in the failures.
        let _ = program.run(&mut |what| announce(seed.0, what));
        let _ = std::fs::remove_dir_all(&store);
        damaged.damage.add(&program.damage);
        result.calls += program.calls;
        if !program.failures.is_empty() {
            result.failures = program.failures;
            damaged.failed = Some(*seed);
            break;
        }
    }
    if declared.durability < Durability::ProcessCrash {
        result.refusal = Some(format!("declares {}: what a kill leaves is graded", declared.durability));
    }
    result.damaged = Some(Box::new(damaged));
    Ok(result)
}

/// The program need not go on: it failed, or its store is damaged where that is only graded.
struct Over;

struct Program<'a> {
    mix: &'static Mix,
    seed: u64,
    command: &'a HostCommand,
    declared: Declarations,
    dir: &'a Path,
    draws: SplitMix,
    known: Known,
    damage: Damage,
    calls: u64,
    /// How long the last open took.
    opened: Duration,
    failures: Vec<Failure>,
}

impl Program<'_> {
    fn run(&mut self, announce: &mut dyn FnMut(&str)) -> Result<(), Over> {
        for nth in 1..=self.mix.kills {
            let mut aim = self.mix.aim(&mut self.draws);
            if nth == 1 && aim == Aim::Open {
                aim = Aim::Call;
            }
            announce(&format!("kill {nth} of {}: in {aim:?}", self.mix.kills).to_lowercase());
            let process = self.start()?;
            if aim == Aim::Open {
                self.kill_opening(&process);
            } else {
                self.open(&process, nth > 1, KILLED, announce)?;
                self.work(&process, nth, aim)?;
            }
        }
        announce("the audit after the last kill");
        let process = self.start()?;
        self.open(&process, true, KILLED, announce)?;
        self.go_on(&process)?;
        announce("a clean reopen after it");
        self.close(&process)?;
        drop(process);
        let process = self.start()?;
        if self.declared.durability >= Durability::CleanClose {
            self.open(&process, true, CLOSED, announce)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<Process, Over> {
        Process::start(self.command, self.dir, PATIENCE).map_err(|error| {
            let finding = Finding::new(Level::Must, &["GEN-4"], "the host starts again", error.to_string());
            self.fail(Trouble { finding, action: "start".to_owned(), details: String::new() }, Vec::new());
            Over
        })
    }

    /// Opens the store, and looks at what it holds if there is something to look at.
    fn open(
        &mut self,
        process: &Process,
        look: bool,
        class: Class,
        announce: &mut dyn FnMut(&str),
    ) -> Result<(), Over> {
        let started = Instant::now();
        let outcome = process.perform(&Action::Open {}, PATIENCE);
        self.opened = started.elapsed();
        match outcome {
            Outcome::Reply(Reply::Done {}) => {}
            Outcome::Reply(Reply::Error(message)) if look => {
                let expected = format!("after {} the store opens", class.lost_by);
                let finding =
                    Finding::new(Level::Must, &[class.clause, "DUR-4"], expected, format!("Err({message:?})"));
                return self.wrong(vec![finding], "open", class);
            }
            outcome => return Err(self.trouble(desk::trouble(&Action::Open {}, &outcome), process)),
        }
        if look { self.look(process, class, announce) } else { Ok(()) }
    }

    fn look(&mut self, process: &Process, class: Class, announce: &mut dyn FnMut(&str)) -> Result<(), Over> {
        announce("audit");
        let calls = std::cell::Cell::new(0);
        let call = |call: &Call| {
            calls.set(calls.get() + 1);
            process.perform(&Action::Call(call.clone()), PATIENCE)
        };
        let seen = Seen::look(&self.known, &call);
        self.calls += calls.get();
        let seen =
            seen.map_err(|none| self.trouble(desk::trouble(&Action::Call(none.call), &none.outcome), process))?;
        self.damage.audits += 1;
        self.damage.acknowledged += self.known.writes.len() as u64;
        match audit(&self.known, &seen, self.declared.batch_log) {
            Audited::Prefix { known, lost } if lost.is_empty() => self.known = known,
            Audited::Prefix { known, lost } => {
                self.damage.lost += lost.len() as u64;
                if self.judged(class) {
                    return self.wrong(vec![explain::lost(class, &seen, &lost)], "audit", class);
                }
                self.known = known;
            }
            Audited::Damaged(nearest) => {
                let findings = explain::damaged(class, &self.known, &seen, &nearest, self.declared.batch_log);
                return self.wrong(findings, "audit", class);
            }
        }
        Ok(())
    }

    fn judged(&self, class: Class) -> bool {
        self.declared.durability >= Durability::ProcessCrash || class.clause == CLOSED.clause
    }

    /// What the store holds is wrong: a failure where the class is declared, a grade otherwise.
    fn wrong(&mut self, findings: Vec<Finding>, action: &str, class: Class) -> Result<(), Over> {
        self.damage.damaged += 1;
        if self.judged(class) {
            for finding in findings {
                self.fail(Trouble { finding, action: action.to_owned(), details: String::new() }, Vec::new());
            }
        }
        Err(Over)
    }

    /// Clients work until the process is killed.
    fn work(&mut self, process: &Process, nth: u64, aim: Aim) -> Result<(), Over> {
        let clients = self.mix.clients;
        let (least, most) = self.mix.calls;
        let kill_at = self.draws.between((least, most));
        let (share, seed) = (self.draws.below(150), self.draws.draw());
        let each = if aim == Aim::Close { kill_at.div_ceil(clients) } else { most * 2 };
        let desk = Desk::new(std::mem::take(&mut self.known), clients as usize);
        let caught = std::thread::scope(|threads| {
            for client in 0..clients {
                let seed = SplitMix::new(seed.wrapping_add(client)).draw();
                let client = Client::new(self.mix, seed, format!("{nth}-{client}"));
                let desk = &desk;
                threads.spawn(move || work(desk, process, client, each));
            }
            desk.wait(aim, kill_at);
            if aim == Aim::Close {
                let opened = self.opened;
                threads.spawn(|| process.perform(&Action::Close {}, PATIENCE));
                pause(opened.mul_f64(share as f64 / 100.0));
            } else {
                pause(desk.mean().mul_f64(share as f64 / 100.0));
            }
            desk.kill(|| process.kill())
        });
        let (known, trouble, trace) = desk.close();
        self.known = known;
        self.calls += trace.len() as u64;
        self.damage.kills += 1;
        self.damage.in_flight += u64::from(caught.write);
        self.damage.in_prune += u64::from(caught.prune);
        self.damage.in_close += u64::from(aim == Aim::Close);
        match trouble {
            Some(trouble) => {
                self.fail(trouble, trace);
                Err(Over)
            }
            None => Ok(()),
        }
    }

    /// Kills the process while it opens the store.
    fn kill_opening(&mut self, process: &Process) {
        let delay = self.opened.mul_f64(self.draws.below(120) as f64 / 100.0);
        std::thread::scope(|threads| {
            threads.spawn(|| process.perform(&Action::Open {}, PATIENCE));
            pause(delay);
            process.kill();
        });
        self.damage.kills += 1;
        self.damage.in_recovery += 1;
    }

    /// Work goes on after the last kill: a few writes, all acknowledged.
    fn go_on(&mut self, process: &Process) -> Result<(), Over> {
        let desk = Desk::new(std::mem::take(&mut self.known), 1);
        work(&desk, process, Client::new(self.mix, self.draws.draw(), "on".to_owned()), 4);
        let (known, trouble, trace) = desk.close();
        self.known = known;
        match trouble {
            Some(trouble) => {
                self.fail(trouble, trace);
                Err(Over)
            }
            None => Ok(()),
        }
    }

    fn close(&mut self, process: &Process) -> Result<(), Over> {
        match process.perform(&Action::Close {}, PATIENCE) {
            Outcome::Reply(Reply::Done {}) => Ok(()),
            outcome => Err(self.trouble(desk::trouble(&Action::Close {}, &outcome), process)),
        }
    }

    fn trouble(&mut self, mut trouble: Trouble, process: &Process) -> Over {
        if trouble.details.is_empty() {
            trouble.details = process.output();
        }
        self.fail(trouble, Vec::new());
        Over
    }

    fn fail(&mut self, trouble: Trouble, trace: Vec<String>) {
        self.failures.push(Failure {
            finding: trouble.finding,
            place: format!("program {}, after {} kills", self.seed, self.damage.kills),
            line: 0,
            action: trouble.action,
            trace,
            details: trouble.details,
            proof: None,
        });
    }
}

/// One client's calls, until the store is lost or `calls` are made.
fn work(desk: &Desk, process: &Process, mut client: Client, calls: u64) {
    for _ in 0..calls {
        let Some(highest) = desk.highest() else { break };
        let call = client.draw(highest);
        let begun = desk.begin(&call);
        let outcome = process.perform(&Action::Call(call.clone()), PATIENCE);
        desk.end(&call, begun, &outcome);
    }
    desk.leave();
}

/// Lets so much time pass, as exactly as it can: the moment of a kill is drawn, and nothing waits for it.
fn pause(time: Duration) {
    let started = Instant::now();
    if time > Duration::from_millis(2) {
        std::thread::sleep(time - Duration::from_millis(1));
    }
    while started.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// A seed for each of the `count` programs that follow on the first `from`.
pub(crate) fn seeds(first: u64, from: u64, count: u64) -> Vec<Decimal> {
    (from..from + count).map(|nth| Decimal(SplitMix::new(first.wrapping_add(nth)).draw())).collect()
}
