//! The power-loss family: one recorded run, and the power failing at many places of it.
//!
//! The store lives on a disk that records what it is told. From the recording images are made of what the power leaves,
//! and each is opened by a host of its own, looked at, and written to. The next round goes on from one of them, so that
//! the power fails while a store recovers too.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::audit::{Audited, audit};
use super::client::Client;
use super::crash::{CLOSED, work};
use super::desk::{self, Closed, Desk};
use super::explain::{self, Class};
use super::ledger::Known;
use super::mixes::Aim;
use super::past::Past;
use super::seen::Seen;
use super::trial::{Over, PATIENCE, Trial, unopened};
use crate::call::{Action, Outcome, Reply};
use crate::disk::{DATA, Data, Disk, Flusher, Image, Names, Recording, Survival};
use crate::engine::Durability;
use crate::finding::Finding;
use crate::protocol::Process;
use crate::scenario::generate::SplitMix;

/// The class that a power failure is about.
pub(super) const POWER: Class = Class { clause: "DUR-3", lost_by: "a power failure" };
/// Operations before the power failed that are told.
const TOLD: usize = 14;
/// Cuts that are tried at most for each image that is wanted: many make the same.
const TRIES: u64 = 12;

/// Runs a program.
pub(super) fn run(trial: &mut Trial<'_>) -> Result<(), Over> {
    let mut start = None;
    let mut known = Known::default();
    for round in 1..=trial.mix.rounds {
        trial.place = format!("round {round}");
        let (recording, past) = record(trial, round, start.as_ref(), known)?;
        let mut cuts = Cuts { trial, round, recording, past, opened: HashMap::new(), next: None, wrote: String::new() };
        cuts.run()?;
        match cuts.next {
            Some((image, settled)) => (start, known) = (Some(image), settled),
            None => break,
        }
    }
    Ok(())
}

/// Clients work on a disk that holds what `start` does.
fn record(trial: &mut Trial<'_>, round: u64, start: Option<&Image>, known: Known) -> Result<(Recording, Past), Over> {
    (trial.announce)(&format!("round {round} of {}", trial.mix.rounds));
    let disk = mount(trial, start)?;
    let process = trial.start(&trial.disk.clone())?;
    let outcome = process.perform(&Action::Open {}, PATIENCE);
    if outcome != Outcome::Reply(Reply::Done {}) {
        return Err(trial.trouble(desk::trouble(&Action::Open {}, &outcome), &process));
    }
    let place = || disk.position();
    let past_start = known.clone();
    let clients = trial.mix.clients;
    let calls = trial.draws.between(trial.mix.calls);
    let seed = trial.draws.draw();
    let desk = Desk::placed(known, clients as usize, Some(&place));
    let mut flusher = match Flusher::start(&trial.disk) {
        Ok(flusher) => flusher,
        Err(error) => {
            trial.broken = Some(format!("no process can be started that flushes: {error}"));
            return Err(Over);
        }
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|flushing| {
        flushing.spawn(|| flusher.flush_until(&over));
        std::thread::scope(|threads| {
            for client in 0..clients {
                let seed = SplitMix::new(seed.wrapping_add(client)).draw();
                let client = Client::new(trial.mix, seed, format!("{round}-{client}"));
                let (desk, process) = (&desk, &process);
                threads.spawn(move || work(desk, process, client, calls));
            }
        });
        over.store(true, Ordering::Release);
    });
    drop(flusher);
    let Closed { trouble, trace, events, .. } = desk.close();
    trial.calls += trace.len() as u64;
    if let Some(trouble) = trouble {
        trial.fail(trouble, trace);
        return Err(Over);
    }
    if trial.mix.aim(&mut trial.draws) == Aim::Close {
        trial.close(&process)?;
    }
    process.kill();
    Ok((disk.recording(), Past { start: past_start, events }))
}

/// The image in a folder of its own, in place of the one before.
pub(super) fn place(trial: &mut Trial<'_>, image: &Image) -> Result<PathBuf, Over> {
    let dir = trial.dir.join("image");
    let _ = std::fs::remove_dir_all(&dir);
    match std::fs::create_dir(&dir).and_then(|()| image.write_to(&dir)) {
        Ok(()) => Ok(dir),
        Err(error) => {
            trial.broken = Some(format!("an image cannot be written: {error}"));
            Err(Over)
        }
    }
}

/// A disk of the trial's.
pub(super) fn mount(trial: &mut Trial<'_>, start: Option<&Image>) -> Result<Mounted, Over> {
    let at = trial.disk.clone();
    let mounted = std::fs::create_dir(&at).and_then(|()| Disk::mount(&at, start));
    match mounted {
        Ok(disk) => Ok(Mounted { disk: Some(disk), at }),
        Err(error) => {
            // That a disk can be mounted was tried before; whoever supervises says that the harness failed.
            trial.broken = Some(format!("no disk can be mounted: {error}"));
            let _ = std::fs::remove_dir(&at);
            Err(Over)
        }
    }
}

/// A disk, whose folder goes with it.
pub(super) struct Mounted {
    disk: Option<Disk>,
    at: PathBuf,
}

impl std::ops::Deref for Mounted {
    type Target = Disk;

    fn deref(&self) -> &Disk {
        // It is taken in drop alone.
        self.disk.as_ref().expect("the disk is there until it is dropped")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.disk.take());
        let _ = std::fs::remove_dir(&self.at);
    }
}

/// What an image showed.
enum Shown {
    Seen(Box<Seen>),
    /// It is no store, for this reason.
    Not(Finding, String),
}

/// The power failing in one round.
struct Cuts<'a, 'b> {
    trial: &'a mut Trial<'b>,
    round: u64,
    recording: Recording,
    past: Past,
    /// Images that were opened, by their digests.
    opened: HashMap<u128, Shown>,
    /// Where the next round begins, and what is known there.
    next: Option<(Image, Known)>,
    /// What the host of the image that was judged last wrote.
    wrote: String,
}

impl Cuts<'_, '_> {
    /// Places that matter first, then any; names as journals keep them, and now and then strictly.
    fn run(&mut self) -> Result<(), Over> {
        let mut places = self.recording.sync_points();
        for i in (1..places.len()).rev() {
            places.swap(i, self.trial.draws.below(i as u64 + 1) as usize);
        }
        let end = self.recording.len() as u64;
        let (mut images, mut tries) = (0, 0);
        // A store that keeps nothing on the disk has one image.
        let most = self.trial.each.saturating_mul(TRIES);
        while images < self.trial.each && tries < most {
            let turn = tries as usize;
            let at = places.get(turn % (places.len() * 2).max(1)).copied();
            let at = at.unwrap_or_else(|| self.trial.draws.below(end + 1) as usize);
            let names = if tries % 5 == 4 { Names::Strict } else { Names::Journal };
            let data = DATA[(turn / 5 + turn) % DATA.len()];
            let survival = Survival { names, data, seed: self.trial.draws.draw() };
            images += u64::from(self.cut(at, survival)?);
            tries += 1;
        }
        Ok(())
    }

    /// One power failure. Says whether its image is a new one.
    fn cut(&mut self, at: usize, survival: Survival) -> Result<bool, Over> {
        let image = self.recording.image(at, survival);
        let digest = image.digest();
        self.trial.damage.cuts += 1;
        let new = !self.opened.contains_key(&digest);
        let mut process = None;
        if new {
            self.trial.damage.images += 1;
            let synced = self.recording.image(at, Survival { data: Data::Synced, ..survival });
            self.trial.damage.differing += u64::from(synced.digest() != digest);
            (self.trial.announce)(&format!("round {}, image {}", self.round, self.trial.damage.images));
            let (shown, host) = self.open(&image)?;
            process = Some(host);
            self.opened.insert(digest, shown);
        }
        let known = self.past.known(at);
        self.trial.place = format!(
            "round {}, the power failed after operation {at} of {}: {}",
            self.round,
            self.recording.len(),
            survival.words()
        );
        match self.judge(digest, &known, survival) {
            Ok(settled) => {
                if let Some(process) = process.filter(|_| self.trial.draws.below(3) == 0) {
                    self.go_on(&process, settled.clone(), at, survival)?;
                }
                let chosen = self.trial.draws.below(8) == 0 || self.next.is_none();
                if survival.names == Names::Journal && chosen {
                    self.next = Some((image, settled));
                }
            }
            Err(findings) => {
                let wrote = std::mem::take(&mut self.wrote);
                self.wrong(findings, at, survival, wrote)?;
            }
        }
        Ok(new)
    }

    /// Writes the image into an empty folder and has a new host show it.
    fn open(&mut self, image: &Image) -> Result<(Shown, Process), Over> {
        let dir = place(self.trial, image)?;
        let process = self.trial.start(&dir)?;
        let shown = match process.perform(&Action::Open {}, PATIENCE) {
            Outcome::Reply(Reply::Done {}) => match self.trial.look(&process, &self.past.known(usize::MAX)) {
                Ok(seen) => Shown::Seen(Box::new(seen)),
                Err(none) => {
                    let trouble = desk::trouble(&Action::Call(none.call), &none.outcome);
                    Shown::Not(trouble.finding, process.output())
                }
            },
            Outcome::Reply(Reply::Error(message)) => Shown::Not(unopened(POWER, &message), process.output()),
            outcome => {
                let trouble = desk::trouble(&Action::Open {}, &outcome);
                Shown::Not(trouble.finding, process.output())
            }
        };
        Ok((shown, process))
    }

    /// Whether an image is what the writes up to one number make; all that is known then, or what is wrong.
    fn judge(&mut self, digest: u128, known: &Known, survival: Survival) -> Result<Known, Vec<Finding>> {
        let journal = survival.names == Names::Journal;
        if journal {
            self.trial.damage.audits += 1;
            self.trial.damage.acknowledged += known.writes.len() as u64;
        }
        let seen = match &self.opened[&digest] {
            Shown::Seen(seen) => seen,
            Shown::Not(finding, wrote) => {
                self.wrote.clone_from(wrote);
                self.trial.damage.damaged += u64::from(journal);
                return Err(vec![finding.clone()]);
            }
        };
        let batch_log = self.trial.declared.batch_log;
        match audit(known, seen, batch_log) {
            Audited::Prefix { known, lost } if lost.is_empty() => Ok(known),
            Audited::Prefix { lost, .. } => {
                self.trial.damage.lost += if journal { lost.len() as u64 } else { 0 };
                Err(vec![explain::lost(POWER, seen, &lost)])
            }
            Audited::Damaged(nearest) => {
                self.trial.damage.damaged += u64::from(journal);
                Err(explain::damaged(POWER, known, seen, &nearest, batch_log))
            }
        }
    }

    /// A failure where the class is declared; a grade otherwise, and where names are lost that journals keep.
    fn wrong(&mut self, findings: Vec<Finding>, at: usize, survival: Survival, details: String) -> Result<(), Over> {
        if survival.names == Names::Strict {
            self.trial.damage.strict_broken += 1;
            return Ok(());
        }
        if self.trial.declared.durability < Durability::PowerLoss {
            return Ok(());
        }
        let told = self.recording.told(at, TOLD);
        self.trial.fail_all(findings, "audit", &told);
        if let Some(last) = self.trial.failures.last_mut() {
            last.details = details;
        }
        Err(Over)
    }

    /// Work goes on in the image that is open, and is there after a clean reopen.
    fn go_on(&mut self, process: &Process, known: Known, at: usize, survival: Survival) -> Result<(), Over> {
        let desk = Desk::new(known, 1);
        let seed = self.trial.draws.draw();
        work(&desk, process, Client::new(self.trial.mix, seed, format!("on-{}", self.trial.damage.images)), 2);
        let Closed { known, trouble, .. } = desk.close();
        if let Some(trouble) = trouble {
            return self.wrong(vec![trouble.finding], at, survival, process.output());
        }
        for action in [Action::Close {}, Action::Open {}] {
            let outcome = process.perform(&action, PATIENCE);
            if outcome != Outcome::Reply(Reply::Done {}) {
                return self.wrong(vec![desk::trouble(&action, &outcome).finding], at, survival, process.output());
            }
        }
        let seen = match self.trial.look(process, &known) {
            Ok(seen) => seen,
            Err(none) => {
                let trouble = desk::trouble(&Action::Call(none.call), &none.outcome);
                return self.wrong(vec![trouble.finding], at, survival, process.output());
            }
        };
        let batch_log = self.trial.declared.batch_log;
        let findings = match audit(&known, &seen, batch_log) {
            Audited::Prefix { lost, .. } if lost.is_empty() => return Ok(()),
            Audited::Prefix { lost, .. } => vec![explain::lost(CLOSED, &seen, &lost)],
            Audited::Damaged(nearest) => explain::damaged(CLOSED, &known, &seen, &nearest, batch_log),
        };
        self.wrong(findings, at, survival, process.output())
    }
}
