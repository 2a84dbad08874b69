//! The engine: one lock, contents in memory, every change in the file before it is acknowledged.

use std::fs::{File, TryLockError};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use storecheck::{Bytes, StoreEngine};

use crate::contents::{Change, Contents, Pair};
use crate::file::JournalFile;
use crate::habits::{Acknowledge, Delete, Entries, Framing, Habits, Number, Prune, Recovery};
use crate::record;

/// A store with habits.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    /// Held as long as the store is open: another open of it fails (DUR-7).
    _lock: File,
}

#[derive(Debug)]
struct Inner {
    habits: Habits,
    contents: Contents,
    file: JournalFile,
    /// Acknowledged, and not in the file yet.
    waiting: Vec<Change>,
    /// Entries that the next write takes along.
    late: Vec<Change>,
    /// What a close writes.
    at_close: Vec<Change>,
    /// The next write is given the newest number once more.
    again: bool,
    /// A write failed, and what the file holds is not known.
    failed: bool,
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
        // There is a note of a clean close exactly while the store is closed.
        let clean = dir.join("clean");
        let crashed = !clean.exists();
        let _ = std::fs::remove_file(&clean);
        let (file, contents) = JournalFile::open(dir, habits)?;
        let again = habits.number == Number::IssuedAgain && crashed && contents.number > 0;
        let mut inner = Inner {
            habits,
            contents,
            file,
            waiting: Vec::new(),
            late: Vec::new(),
            at_close: Vec::new(),
            again,
            failed: false,
        };
        inner.recover(crashed)?;
        Ok(Self { inner: Mutex::new(inner), _lock: lock })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
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

    fn next(&mut self) -> u64 {
        if std::mem::take(&mut self.again) { self.contents.number } else { self.contents.number + 1 }
    }

    /// Makes a change lasting, and then visible.
    fn write(&mut self, change: &Change) -> Result<(), String> {
        if self.failed {
            return Err("an earlier write failed; the store must be opened again".to_owned());
        }
        let written = self.keep(change);
        self.failed = written.is_err();
        written?;
        self.contents.apply(change);
        if self.file.is_due() {
            let replaced = self.file.replace(&self.contents);
            self.failed = replaced.is_err();
        }
        Ok(())
    }

    /// Writes the change to the file, as the habits have it.
    fn keep(&mut self, change: &Change) -> Result<(), String> {
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
                changes.push(Change::State(number, pairs.clone()));
                self.late.push(Change::Entry(number, pairs));
                changes
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
        for (nth, change) in changes.iter().enumerate() {
            if nth > 0 {
                self.file.rest();
            }
            let octets = record::encode(change);
            if self.habits.framing == Framing::Halves {
                let (one, other) = octets.split_at(octets.len() / 2);
                self.file.append(one)?;
                self.file.rest();
                self.file.append(other)?;
            } else {
                self.file.append(&octets)?;
            }
        }
        self.file.sync()
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
        self.append(&changes)
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

impl StoreEngine for Journal {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let copied: Vec<Pair> =
            kvs.iter().map(|(k, v)| (Bytes::copy_from_slice(k), Bytes::copy_from_slice(v))).collect();
        let mut inner = self.lock();
        let number = inner.next();
        inner.write(&Change::Put(number, copied))?;
        Ok(number)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(self.lock().contents.state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        let upper = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
        let inner = self.lock();
        let rows = inner.contents.state.range::<[u8], _>((Bound::Included(start), upper));
        let rows = rows.map(|(key, value)| (key.clone(), value.clone()));
        Ok(if forward { rows.take(limit).collect() } else { rows.rev().take(limit).collect() })
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let keys = keys.iter().map(|key| Bytes::copy_from_slice(key)).collect();
        let mut inner = self.lock();
        let number = inner.next();
        inner.write(&Change::Delete(number, keys))?;
        Ok(number)
    }

    fn current_sequence(&self) -> u64 {
        self.lock().contents.number
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        Ok(self.lock().contents.log.get(&sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.lock().contents.log.keys().next().copied())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let mut inner = self.lock();
        let count = inner.contents.log.range(..cutoff_exclusive).count() as u64;
        if count > 0 {
            inner.write(&Change::Prune(cutoff_exclusive))?;
        }
        Ok(count)
    }
}
