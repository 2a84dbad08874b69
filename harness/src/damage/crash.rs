//! The crash family: processes are killed, one after the other on the same store.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use super::audit::{Audited, audit};
use super::client::Client;
use super::desk::{self, Closed, Desk};
use super::explain::{self, Class};
use super::ledger::Known;
use super::mixes::Aim;
use super::trial::{Over, PATIENCE, Trial, unopened};
use crate::call::{Action, Outcome, Reply};
use crate::engine::Durability;
use crate::finding::Finding;
use crate::protocol::Process;
use crate::scenario::generate::SplitMix;

/// The class that a kill is about.
pub(super) const KILLED: Class = Class { clause: "DUR-2", lost_by: "SIGKILL" };
/// A clean close and reopen.
pub(super) const CLOSED: Class = Class { clause: "DUR-1", lost_by: "a clean close and reopen" };

/// Kills the store's processes until the program is over.
pub(super) fn run(trial: &mut Trial<'_>) -> Result<(), Over> {
    Program { trial, known: Known::default(), opened: Duration::from_millis(1) }.run()
}

struct Program<'a, 'b> {
    trial: &'a mut Trial<'b>,
    known: Known,
    /// How long the last open took.
    opened: Duration,
}

impl Program<'_, '_> {
    fn run(&mut self) -> Result<(), Over> {
        let rounds = self.trial.mix.rounds;
        for nth in 1..=rounds {
            let mut aim = self.trial.mix.aim(&mut self.trial.draws);
            if nth == 1 && aim == Aim::Open {
                aim = Aim::Call;
            }
            (self.trial.announce)(&format!("kill {nth} of {rounds}: in {aim:?}").to_lowercase());
            let process = self.start()?;
            if aim == Aim::Open {
                self.kill_opening(&process);
            } else {
                self.open(&process, nth > 1, KILLED)?;
                self.work(&process, nth, aim)?;
            }
        }
        (self.trial.announce)("the audit after the last kill");
        let process = self.start()?;
        self.open(&process, true, KILLED)?;
        self.go_on(&process)?;
        (self.trial.announce)("a clean reopen after it");
        self.trial.close(&process)?;
        drop(process);
        let process = self.start()?;
        if self.trial.declared.durability >= Durability::CleanClose {
            self.open(&process, true, CLOSED)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<Process, Over> {
        self.trial.place = format!("after {} kills", self.trial.damage.kills);
        let dir = self.trial.dir;
        self.trial.start(dir)
    }

    /// Opens the store, and looks at what it holds if there is something to look at.
    fn open(&mut self, process: &Process, look: bool, class: Class) -> Result<(), Over> {
        let before = names(self.trial.dir);
        let started = Instant::now();
        let outcome = process.perform(&Action::Open {}, PATIENCE);
        self.opened = started.elapsed();
        if look && class.clause == KILLED.clause && !before.is_subset(&names(self.trial.dir)) {
            self.trial.damage.in_replacement += 1;
        }
        match outcome {
            Outcome::Reply(Reply::Done {}) => {}
            Outcome::Reply(Reply::Error(message)) if look => {
                return self.wrong(vec![unopened(class, &message)], "open", class);
            }
            outcome => return Err(self.trial.trouble(desk::trouble(&Action::Open {}, &outcome), process)),
        }
        if look { self.look(process, class) } else { Ok(()) }
    }

    fn look(&mut self, process: &Process, class: Class) -> Result<(), Over> {
        (self.trial.announce)("audit");
        let seen = self.trial.look(process, &self.known);
        let seen =
            seen.map_err(|none| self.trial.trouble(desk::trouble(&Action::Call(none.call), &none.outcome), process))?;
        self.trial.damage.audits += 1;
        self.trial.damage.acknowledged += self.known.writes.len() as u64;
        let batch_log = self.trial.declared.batch_log;
        match audit(&self.known, &seen, batch_log) {
            Audited::Prefix { known, lost } if lost.is_empty() => self.known = known,
            Audited::Prefix { known, lost } => {
                self.trial.damage.lost += lost.len() as u64;
                if self.judged(class) {
                    return self.wrong(vec![explain::lost(class, &seen, &lost)], "audit", class);
                }
                self.known = known;
            }
            Audited::Damaged(nearest) => {
                let findings = explain::damaged(class, &self.known, &seen, &nearest, batch_log);
                return self.wrong(findings, "audit", class);
            }
        }
        Ok(())
    }

    fn judged(&self, class: Class) -> bool {
        self.trial.declared.durability >= Durability::ProcessCrash || class.clause == CLOSED.clause
    }

    /// What the store holds is wrong: a failure where the class is declared, a grade otherwise.
    fn wrong(&mut self, findings: Vec<Finding>, action: &str, class: Class) -> Result<(), Over> {
        self.trial.damage.damaged += 1;
        if self.judged(class) {
            self.trial.fail_all(findings, action, &[]);
        }
        Err(Over)
    }

    /// Clients work until the process is killed.
    fn work(&mut self, process: &Process, nth: u64, aim: Aim) -> Result<(), Over> {
        let clients = self.trial.mix.clients;
        let (least, most) = self.trial.mix.calls;
        let kill_at = self.trial.draws.between((least, most));
        let (share, seed) = (self.trial.draws.below(150), self.trial.draws.draw());
        let each = match aim {
            Aim::Close => kill_at.div_ceil(clients),
            Aim::Replace => most * 3,
            _ => most * 2,
        };
        let there = names(self.trial.dir);
        let desk = Desk::new(std::mem::take(&mut self.known), clients as usize);
        let caught = std::thread::scope(|threads| {
            for client in 0..clients {
                let seed = SplitMix::new(seed.wrapping_add(client)).draw();
                let client = Client::new(self.trial.mix, seed, format!("{nth}-{client}"));
                let desk = &desk;
                threads.spawn(move || work(desk, process, client, each));
            }
            if aim == Aim::Replace {
                while desk.is_busy() && names(self.trial.dir).is_subset(&there) {}
            } else {
                desk.wait(aim, kill_at);
            }
            if aim == Aim::Close {
                let opened = self.opened;
                threads.spawn(|| process.perform(&Action::Close {}, PATIENCE));
                pause(opened.mul_f64(share as f64 / 100.0));
            } else if aim == Aim::Replace {
                pause(desk.mean().mul_f64(share as f64 / 300.0));
            } else {
                pause(desk.mean().mul_f64(share as f64 / 100.0));
            }
            desk.kill(|| process.kill())
        });
        let Closed { known, trouble, trace, .. } = desk.close();
        self.known = known;
        self.trial.calls += trace.len() as u64;
        self.trial.damage.kills += 1;
        self.trial.damage.in_flight += u64::from(caught.write);
        self.trial.damage.in_prune += u64::from(caught.prune);
        self.trial.damage.in_close += u64::from(aim == Aim::Close);
        match trouble {
            Some(trouble) => {
                self.trial.fail(trouble, trace);
                Err(Over)
            }
            None => Ok(()),
        }
    }

    /// Kills the process while it opens the store.
    fn kill_opening(&mut self, process: &Process) {
        let delay = self.opened.mul_f64(self.trial.draws.below(120) as f64 / 100.0);
        std::thread::scope(|threads| {
            threads.spawn(|| process.perform(&Action::Open {}, PATIENCE));
            pause(delay);
            process.kill();
        });
        self.trial.damage.kills += 1;
        self.trial.damage.in_recovery += 1;
    }

    /// Work goes on after the last kill: a few writes, all acknowledged.
    fn go_on(&mut self, process: &Process) -> Result<(), Over> {
        let desk = Desk::new(std::mem::take(&mut self.known), 1);
        work(&desk, process, Client::new(self.trial.mix, self.trial.draws.draw(), "on".to_owned()), 4);
        let Closed { known, trouble, trace, .. } = desk.close();
        self.known = known;
        match trouble {
            Some(trouble) => {
                self.trial.fail(trouble, trace);
                Err(Over)
            }
            None => Ok(()),
        }
    }
}

/// One client's calls, until the store is lost or `calls` are made.
pub(super) fn work(desk: &Desk<'_>, process: &Process, mut client: Client, calls: u64) {
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

/// The names in a folder.
fn names(dir: &Path) -> BTreeSet<OsString> {
    // A folder that cannot be read has no names to compare.
    std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}
