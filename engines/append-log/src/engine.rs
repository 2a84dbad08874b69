//! The `StoreEngine` calls: reads look at the index, writes become records and queue.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use storecheck::{Bytes, Durability, Engine, Frontier, StoreEngine};

use crate::commit::CommitQueue;
use crate::directory::Directory;
use crate::index::Index;
use crate::record::Draft;
use crate::recovery;
use crate::writer::{Shared, Writer};

/// Dead octets that a log may hold before it is compacted.
const LEAST_DEAD: u64 = 1 << 20;

/// How often a leader lets other writers come before it syncs: some of the time that a sync takes.
const PATIENCE: u32 = 32;

/// The engine as the suite knows it.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("append-log", AppendLog::open)
        .version(env!("CARGO_PKG_VERSION"))
        .batch_log(true)
        .durability(Durability::PowerLoss)
        .also(Durability::ProcessCrash, AppendLog::open_unsynced)
        .frontier(Frontier::Immediate)
}

/// An open store.
#[derive(Debug)]
pub struct AppendLog {
    shared: Shared,
    queue: CommitQueue<Draft>,
    writer: Mutex<Writer>,
}

impl AppendLog {
    /// Opens the store in `dir`, which exists; an empty directory becomes an empty store.
    ///
    /// # Errors
    /// When the store is already open, when it is damaged, and when the system fails. The message names no paths.
    pub fn open(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, true, LEAST_DEAD)
    }

    /// As [`open`](Self::open), but a write is acknowledged as soon as the system has it: it survives the end of this
    /// process, and only what was written before the last close or compaction is sure to survive a power failure.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_unsynced(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, false, LEAST_DEAD)
    }

    /// As [`open`](Self::open), syncing groups or not, and compacting from `least_dead` dead octets on.
    pub(crate) fn open_with(dir: &Path, syncs: bool, least_dead: u64) -> Result<Self, String> {
        let directory = Directory::open(dir)?;
        let (log, index) = recovery::open(&directory)?;
        Ok(Self {
            shared: Shared { index: RwLock::new(index), current: AtomicU64::new(log.sequence) },
            queue: CommitQueue::new(if syncs { PATIENCE } else { 0 }),
            writer: Mutex::new(Writer::new(directory, log, syncs, least_dead)),
        })
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.shared.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing end. Only the leader asks for it, so nobody waits here.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            // A leader panicked somewhere between file and index: the two may disagree, and only a reopen settles it.
            let mut writer = poisoned.into_inner();
            writer.stop("a write was interrupted");
            writer
        })
    }

    fn submit(&self, record: Option<Draft>) -> Result<u64, String> {
        let record = record.ok_or("the batch is larger than one record can be")?;
        let commit = |group| self.writer().commit(&self.shared, group);
        self.queue.submit(record, commit, || self.writer().compact_if_due(&self.shared))
    }
}

impl StoreEngine for AppendLog {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.submit(Draft::put(kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(self.index().get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        Ok(self.index().scan(start, end, limit, forward))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.submit(Draft::delete(keys))
    }

    fn current_sequence(&self) -> u64 {
        self.shared.current.load(Ordering::Acquire)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        Ok(self.index().entry(sequence_number).cloned())
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        Ok(self.index().oldest())
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        // Without this look, repeating a prune would cost a record and a sync each time.
        if self.index().oldest().is_none_or(|oldest| oldest >= cutoff_exclusive) {
            return Ok(0);
        }
        self.submit(Some(Draft::prune(cutoff_exclusive)))
    }
}
