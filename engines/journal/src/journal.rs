//! The store: one lock, contents in memory, every change in the file before it is acknowledged.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::contents::{Change, Contents};
use crate::file::JournalFile;
use crate::habits::{
    Acknowledge, Compaction, Delete, Entries, Framing, Habits, Number, Prune, Reading, Recovery, Storing,
};
use crate::mapped::MappedFile;
use crate::record;
use crate::sync::Written;

/// A store with habits.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    /// Held as long as the store is open: another open of it fails (DUR-7).
    _lock: File,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) habits: Habits,
    pub(crate) contents: Contents,
    pub(crate) file: JournalFile,
    /// The file that is mapped, if one is; the other one is empty then.
    mapped: Option<MappedFile>,
    /// Acknowledged, and not in the file yet.
    waiting: Vec<Change>,
    /// Entries that the next write takes along.
    late: Vec<Change>,
    /// What a close writes.
    at_close: Vec<Change>,
    /// The next write is given the newest number once more.
    again: bool,
    /// A write failed, and what the file holds is not known.
    pub(crate) failed: bool,
    /// All of a write is in the file, and it is being synced.
    pub(crate) syncing: bool,
}

impl Journal {
    /// Opens the store in `dir`.
    ///
    /// # Errors
    /// When the store is open already, or the system says no.
    pub fn open(dir: &Path, habits: Habits) -> Result<Self, String> {
        let lock = File::create(dir.join("lock")).map_err(|error| format!("creating the lock: {error}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err("the store is already open".to_owned()),
            Err(TryLockError::Error(error)) => return Err(format!("locking the store: {error}")),
        }
        // There is a note of a clean close until the store has been opened: an open that fails is no crash.
        let clean = dir.join("clean");
        let crashed = !clean.exists();
        let (file, mut contents) = JournalFile::open(dir, habits)?;
        let mut mapped = None;
        if habits.storing != Storing::Written {
            let (file, held) = MappedFile::open(dir)?;
            (mapped, contents) = (Some(file), held);
        }
        let again = habits.number == Number::IssuedAgain && crashed && contents.number > 0;
        let mut inner = Inner {
            habits,
            contents,
            file,
            mapped,
            waiting: Vec::new(),
            late: Vec::new(),
            at_close: Vec::new(),
            again,
            failed: false,
            syncing: false,
        };
        inner.recover(crashed)?;
        let _ = std::fs::remove_file(&clean);
        Ok(Self { inner: Mutex::new(inner), _lock: lock })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn recover(&mut self, crashed: bool) -> Result<(), String> {
        match self.habits.number {
            Number::LogLength => self.contents.number = self.contents.log.len() as u64,
            Number::NewestEntry => self.contents.number = self.contents.log.keys().last().copied().unwrap_or(0),
            Number::Filled if crashed && self.contents.number > 0 => {
                for _ in 0..2 {
                    self.write(&Change::Delete(self.contents.number + 1, Vec::new()))?;
                }
            }
            _ => {}
        }
        match self.habits.recovery {
            Recovery::RewritesInPlace => self.file.rewrite_in_place(&self.contents),
            Recovery::Compacts => self.file.replace(&self.contents),
            Recovery::RepeatsLast if crashed => match self.contents.log.last_key_value() {
                Some((_, pairs)) => self.write(&Change::Put(self.contents.number + 1, pairs.clone())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        if std::mem::take(&mut self.again) { self.contents.number } else { self.contents.number + 1 }
    }

    /// What readers are shown.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Contents) -> T) -> Result<T, String> {
        match self.habits.reading {
            Reading::Memory => Ok(look(&self.contents)),
            Reading::File => self.file.read().map(|contents| look(&contents)),
            Reading::FileOrNothing => Ok(look(&self.file.read().unwrap_or_default())),
        }
    }

    /// Makes a change lasting, and then visible.
    pub(crate) fn write(&mut self, change: &Change) -> Result<(), String> {
        if self.failed {
            return Err("an earlier write failed; the store must be opened again".to_owned());
        }
        let before = self.file.octets;
        self.syncing = false;
        if let Err(error) = self.keep(change) {
            return self.fail(change, error, before);
        }
        self.contents.apply(change);
        if self.file.is_due() {
            let replaced = self.file.replace(&self.contents);
            self.failed = replaced.is_err();
        }
        Ok(())
    }

    /// Writes the change to the file, as the habits have it.
    fn keep(&mut self, change: &Change) -> Result<(), String> {
        if let Some(mapped) = &mut self.mapped {
            return mapped.append(change, self.habits.storing, self.habits.rest);
        }
        if self.habits.compaction == Compaction::Alternates {
            let mut contents = self.contents.clone();
            contents.apply(change);
            return self.file.alternate(&contents);
        }
        if let (Change::Put(number, pairs), Entries::OwnFile | Entries::OwnFileUnsynced) = (change, self.habits.entries)
        {
            self.file.append_entry(&Change::Entry(*number, pairs.clone()))?;
        }
        let changes = self.parts(change);
        match self.habits.acknowledge {
            Acknowledge::Written => self.append(&changes),
            Acknowledge::AtClose => {
                self.at_close.extend(changes);
                Ok(())
            }
            Acknowledge::Every(count) | Acknowledge::EveryAndForgets(count) => {
                self.waiting.extend(changes);
                if self.waiting.len() < count {
                    return Ok(());
                }
                let changes = std::mem::take(&mut self.waiting);
                self.append(&changes)
            }
        }
    }

    /// The records that stand for a change.
    fn parts(&mut self, change: &Change) -> Vec<Change> {
        let habits = self.habits;
        match change.clone() {
            Change::Put(number, pairs) if habits.entries == Entries::OneLate => {
                let mut changes = std::mem::take(&mut self.late);
                self.leave_out_pruned(&mut changes);
                changes.push(Change::State(number, pairs.clone()));
                self.late.push(Change::Entry(number, pairs));
                changes
            }
            Change::Put(number, pairs) if matches!(habits.entries, Entries::OwnFile | Entries::OwnFileUnsynced) => {
                vec![Change::State(number, pairs)]
            }
            Change::Put(number, pairs) if habits.entries == Entries::AtClose => {
                self.at_close.push(Change::Entry(number, pairs.clone()));
                vec![Change::State(number, pairs)]
            }
            Change::Put(number, pairs) => match habits.framing {
                Framing::PerPair => pairs
                    .into_iter()
                    .flat_map(|pair| [Change::State(number, vec![pair.clone()]), Change::Entry(number, vec![pair])])
                    .collect(),
                Framing::Committed => {
                    pairs.into_iter().map(|pair| Change::Part(number, pair)).chain([Change::Commit(number)]).collect()
                }
                Framing::Apart => vec![Change::State(number, pairs.clone()), Change::Entry(number, pairs)],
                Framing::Whole | Framing::Halves => vec![Change::Put(number, pairs)],
            },
            Change::Delete(number, keys) => match habits.delete {
                Delete::Written => vec![Change::Delete(number, keys)],
                Delete::NumberOnly => vec![Change::Delete(number, Vec::new())],
                Delete::WithNextPut => {
                    self.late.push(Change::Delete(number, keys));
                    Vec::new()
                }
            },
            Change::Prune(cutoff) => match habits.prune {
                Prune::Written => vec![Change::Prune(cutoff)],
                Prune::Forgotten => {
                    self.at_close.push(Change::Prune(cutoff));
                    Vec::new()
                }
                Prune::EntryByEntry => {
                    self.contents.log.range(..cutoff).rev().map(|(number, _)| Change::Remove(*number)).collect()
                }
                Prune::OneTooMany => vec![Change::Prune(cutoff.saturating_add(1))],
            },
            other => vec![other],
        }
    }

    fn append(&mut self, changes: &[Change]) -> Result<(), String> {
        let mut changes = changes.to_vec();
        // Deletes that waited for a put go ahead of it.
        if self.habits.delete == Delete::WithNextPut && changes.iter().any(|change| matches!(change, Change::Put(..))) {
            changes.splice(0..0, std::mem::take(&mut self.late));
        }
        let pieces = self.pieces(&changes);
        for (nth, octets) in pieces.iter().enumerate() {
            if nth > 0 {
                self.file.rest();
            }
            if nth + 1 == pieces.len() {
                self.file.before_last()?;
            }
            self.file.append(octets)?;
        }
        self.syncing = true;
        let octets = pieces.iter().map(Vec::len).sum::<usize>() as u64;
        let deletes = changes.iter().all(|change| matches!(change, Change::Delete(..)));
        self.file.written(Written { octets, deletes })
    }

    /// The octets of each write to the file.
    fn pieces(&self, changes: &[Change]) -> Vec<Vec<u8>> {
        let records = changes.iter().map(|change| record::encode(change, self.habits.checksum));
        if self.habits.framing != Framing::Halves {
            return records.collect();
        }
        let halves = records.flat_map(|mut record| {
            let half = record.split_off(record.len() / 2);
            [record, half]
        });
        halves.collect()
    }

    /// Leaves out entries that waited to be written and were pruned meanwhile.
    fn leave_out_pruned(&self, changes: &mut Vec<Change>) {
        changes.retain(|change| match change {
            Change::Entry(number, _) => self.contents.log.contains_key(number),
            _ => true,
        });
    }

    fn close(&mut self) -> Result<(), String> {
        if self.failed {
            return Ok(());
        }
        if matches!(self.habits.acknowledge, Acknowledge::EveryAndForgets(_)) {
            self.waiting.clear();
        }
        let mut changes = std::mem::take(&mut self.waiting);
        changes.append(&mut self.late);
        changes.append(&mut self.at_close);
        self.leave_out_pruned(&mut changes);
        if changes.is_empty() { Ok(()) } else { self.append(&changes) }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // A drop has nobody to report an error to; what was not written is missed at the next open.
        let mut inner = self.lock();
        if inner.close().is_ok() {
            inner.file.note_clean();
        }
    }
}
