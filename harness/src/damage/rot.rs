//! The rot family: a closed store's files change, and what it then answers is counted.
//!
//! Nothing here is a failure: no clause asks an engine to notice. Right answers and errors are as they should be; a
//! wrong answer is a silent one, and their number is a guarantee of the engine that is measured (GEN-5).

use std::io;
use std::path::{Path, PathBuf};

use super::audit::{Audited, audit};
use super::client::Client;
use super::crash::work;
use super::desk::{self, Closed, Desk};
use super::ledger::Known;
use super::trial::{Over, PATIENCE, Trial};
use crate::call::{Action, Outcome, Reply};
use crate::engine::Durability;
use crate::scenario::generate::SplitMix;

/// Octets that rot together.
const BLOCK: usize = 4096;

/// Makes a store, and opens copies of it that have rotted.
pub(super) fn run(trial: &mut Trial<'_>) -> Result<(), Over> {
    if trial.declared.durability < Durability::CleanClose {
        return Ok(());
    }
    for round in 1..=trial.mix.rounds {
        let (store, older) = (trial.dir.join(format!("store-{round}")), trial.dir.join(format!("older-{round}")));
        let made = make(trial, round, &store, &older)?;
        for nth in 0..trial.each {
            trial.place = format!("round {round}, change {nth}");
            (trial.announce)(&trial.place.clone());
            let rotten = trial.dir.join("rotten");
            let changed = rot(&store, &older, &rotten, &mut trial.draws);
            match changed {
                Ok(true) => open(trial, &rotten, &made)?,
                Ok(false) => {}
                Err(error) => {
                    trial.broken = Some(format!("a store's files cannot be copied: {error}"));
                    return Err(Over);
                }
            }
        }
    }
    Ok(())
}

/// A store that was closed in good order, a copy of what it was before the last calls, and what is known of it.
fn make(trial: &mut Trial<'_>, round: u64, store: &Path, older: &Path) -> Result<Known, Over> {
    let mut known = Known::default();
    for half in 1..=2 {
        if std::fs::create_dir_all(store).is_err() {
            return Err(Over);
        }
        let process = trial.start(store)?;
        let outcome = process.perform(&Action::Open {}, PATIENCE);
        if outcome != Outcome::Reply(Reply::Done {}) {
            return Err(trial.trouble(desk::trouble(&Action::Open {}, &outcome), &process));
        }
        let calls = trial.draws.between(trial.mix.calls);
        let desk = Desk::new(std::mem::take(&mut known), 1);
        work(&desk, &process, Client::new(trial.mix, trial.draws.draw(), format!("{round}-{half}")), calls);
        let Closed { known: after, trouble, trace, .. } = desk.close();
        if let Some(trouble) = trouble {
            trial.fail(trouble, trace);
            return Err(Over);
        }
        known = after;
        trial.close(&process)?;
        drop(process);
        if half == 1
            && let Err(error) = copy(store, older)
        {
            trial.broken = Some(format!("a store's files cannot be copied: {error}"));
            return Err(Over);
        }
    }
    Ok(known)
}

/// Opens what has rotted and counts what came of it.
fn open(trial: &mut Trial<'_>, rotten: &Path, known: &Known) -> Result<(), Over> {
    trial.damage.rotted += 1;
    let process = trial.start(rotten)?;
    let opened = process.perform(&Action::Open {}, PATIENCE);
    if opened != Outcome::Reply(Reply::Done {}) {
        trial.damage.noticed += 1;
        return Ok(());
    }
    match trial.look(&process, known) {
        Err(_) => trial.damage.noticed += 1,
        Ok(seen) => match audit(known, &seen, trial.declared.batch_log) {
            Audited::Prefix { lost, .. } if lost.is_empty() => {}
            _ => trial.damage.silent += 1,
        },
    }
    Ok(())
}

/// Copies the store and changes something in the copy. False if there is nothing to change.
fn rot(store: &Path, older: &Path, rotten: &Path, draws: &mut SplitMix) -> io::Result<bool> {
    if rotten.exists() {
        std::fs::remove_dir_all(rotten)?;
    }
    copy(store, rotten)?;
    let mut files = files(rotten)?;
    files.retain(|file| std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0));
    files.sort();
    if files.is_empty() {
        return Ok(false);
    }
    let file = files[draws.below(files.len() as u64) as usize].clone();
    let mut octets = std::fs::read(&file)?;
    let at = draws.below(octets.len() as u64) as usize;
    match draws.below(7) {
        0 | 1 => octets[at] ^= 1 << draws.below(8),
        2 => {
            let block = at / BLOCK * BLOCK;
            let end = (block + BLOCK).min(octets.len());
            octets[block..end].fill(0);
        }
        3 => {
            // A block as it was when the store was closed before: a write that the disk acknowledged and never made.
            let was = file.strip_prefix(rotten).map(|path| older.join(path)).unwrap_or_default();
            let was = std::fs::read(was).unwrap_or_default();
            let block = at / BLOCK * BLOCK;
            let end = (block + BLOCK).min(octets.len()).min(was.len());
            if block < end {
                octets[block..end].copy_from_slice(&was[block..end]);
            }
        }
        4 => octets.truncate(at),
        5 => {
            let more = draws.between((1, BLOCK as u64));
            let with = if draws.below(2) == 0 { 0 } else { 0x5a };
            octets.extend((0..more).map(|_| with));
        }
        _ => {
            let other = &files[draws.below(files.len() as u64) as usize];
            if *other == file {
                octets[at] ^= 0x80;
            } else {
                let theirs = std::fs::read(other)?;
                std::fs::write(other, &octets)?;
                octets = theirs;
            }
        }
    }
    std::fs::write(&file, octets)?;
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn files(below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}
