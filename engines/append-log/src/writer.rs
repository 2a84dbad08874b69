//! What a leader does: append a group, sync it, apply it, and compact the log when more of it is dead than alive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::commit::Outcome;
use crate::compaction::{self, Failure};
use crate::directory::Directory;
use crate::index::Index;
use crate::record::{Draft, Record, Stamp};
use crate::recovery::Log;

/// Octets of a group of several records for which room is kept.
const KEPT: usize = 4 << 20;

/// What readers look at: written by the leader only, and only with what is on the disk.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) index: RwLock<Index>,
    pub(crate) current: AtomicU64,
}

/// The writing end of a store, held by whoever leads.
#[derive(Debug)]
pub(crate) struct Writer {
    // Dropped before the directory, whose lock it relies on.
    pub(crate) log: Log,
    pub(crate) directory: Directory,
    /// Why nothing may be written any more.
    broken: Option<String>,
    /// Whether a group is on the disk before it is acknowledged, and not just in the system's hands.
    syncs: bool,
    /// Dead octets below which compaction is not worth its syncs.
    least_dead: u64,
    /// Where the log must have grown to before a compaction that failed is tried again.
    not_before: u64,
    /// The octets of a group, kept so that not every group makes room anew.
    buffer: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(directory: Directory, log: Log, syncs: bool, least_dead: u64) -> Self {
        Self { log, directory, broken: None, syncs, least_dead, not_before: 0, buffer: Vec::new() }
    }

    /// Stops all writing, for a reason that callers get to read.
    pub(crate) fn stop(&mut self, reason: &str) {
        self.broken.get_or_insert_with(|| format!("the store takes no writes until it is reopened: {reason}"));
    }

    /// Makes `group` durable and then visible, in its order. All of it succeeds or none of it does.
    pub(crate) fn commit(&mut self, shared: &Shared, mut group: Vec<Draft>) -> Vec<Outcome> {
        let sequences = match self.append(&mut group) {
            Ok(sequences) => sequences,
            Err(message) => return vec![Err(message); group.len()],
        };
        let records: Vec<Record> = group.into_iter().map(Draft::into_record).collect();
        let mut index = shared.index.write().unwrap_or_else(PoisonError::into_inner);
        let outcomes =
            sequences.into_iter().zip(records).map(|(sequence, record)| Ok(index.apply(sequence, record))).collect();
        // After the data, which whoever reads this number expects to find, and before anybody else gets at the index,
        // so that no reader sees an entry above the current number.
        shared.current.store(self.log.sequence, Ordering::Release);
        outcomes
    }

    /// Brings a group to the disk and answers the number that each of its records bears. After an error none of the
    /// numbers is used up.
    fn append(&mut self, group: &mut [Draft]) -> Result<Vec<u64>, String> {
        if let Some(reason) = &self.broken {
            return Err(reason.clone());
        }
        self.buffer.clear();
        let (sequences, written) = match group {
            // One record goes as it is: most of what is large comes alone.
            [record] => {
                let (sequence, octets) = self.log.seal(record, self.log.sequence, self.log.end)?;
                (vec![sequence], self.log.append(octets))
            }
            group => {
                let mut sequences = Vec::with_capacity(group.len());
                for record in group {
                    let last = sequences.last().copied().unwrap_or(self.log.sequence);
                    let offset = self.log.end + self.buffer.len() as u64;
                    let (sequence, octets) = self.log.seal(record, last, offset)?;
                    self.buffer.extend_from_slice(octets);
                    sequences.push(sequence);
                }
                (sequences, self.log.append(&self.buffer))
            }
        };
        self.buffer.shrink_to(KEPT);
        let end = written.map_err(|error| {
            if self.log.file.cut(self.log.end).is_err() {
                self.stop("a part of a failed write could not be cut off");
            }
            format!("nothing was stored, the write failed: {error}")
        })?;
        if self.syncs
            && let Err(error) = self.log.file.sync()
        {
            // What of the group is on the disk is unknown, and asking again would not tell: the system may have dropped
            // the pages that it could not write. Only a reopen, which reads the file and writes its end anew, decides.
            self.stop("a sync failed");
            return Err(format!("it is unknown what was stored, the sync failed: {error}"));
        }
        self.log.end = end;
        if self.syncs {
            self.log.synced = end;
        }
        self.log.sequence = sequences.last().copied().unwrap_or(self.log.sequence);
        self.log.closed = false;
        Ok(sequences)
    }

    /// Replaces the log by one without dead records, once there are enough of them.
    pub(crate) fn compact_if_due(&mut self, shared: &Shared) {
        // Nobody but the leader changes the index, and that is this thread: readers go on beside this lock.
        let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
        let dead = self.log.end.saturating_sub(index.live());
        let due = dead >= self.least_dead && dead > index.live() && self.log.end >= self.not_before;
        if !due || self.broken.is_some() {
            return;
        }
        match compaction::replace(&self.directory, &index, self.log.sequence) {
            Ok(log) => self.log = log,
            // The writes that led here are safe where they are; with more dead octets it is worth another attempt.
            Err(Failure::Unfinished(_)) => self.not_before = self.log.end.saturating_add(self.least_dead),
            Err(Failure::Uncertain(_)) => self.stop("a compacted log could not be put in place"),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.broken.is_some() || self.log.closed {
            return;
        }
        // It proves that the groups before it were synced. If it cannot be written, or is lost because it is not
        // synced itself, then only the proof is lost.
        if self.log.synced < self.log.end && self.log.file.sync().is_err() {
            return;
        }
        let Log { salt, end, sequence, .. } = self.log;
        let mut close = Draft::close();
        let octets = close.seal(&Stamp { salt, offset: end, synced: end, sequence });
        let _ = self.log.file.write_at(octets, end);
    }
}
