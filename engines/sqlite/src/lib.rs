//! A reference engine on SQLite: what a careful engine on top of a grown-up database looks like.
//!
//! One connection writes, behind a mutex; a pool of read-only connections reads. In WAL mode neither waits for the
//! other, but for the moment that [`Sqlite`] tells of, and as there is one writer in one process, no call ever meets a
//! locked database (GEN-12). A write is one transaction over three tables, so State, batch log and number appear
//! together or not at all (PUT-2), and `synchronous = FULL` makes its commit last through a power cut (DUR-3).
//!
//! The number is published in an atomic after the commit: data may be readable a moment before `current_sequence`
//! covers them (SEQ-3), never after (SEQ-2), and asking for it neither blocks nor searches (SEQ-7).

mod connection;
mod encoding;
mod failure;
mod lock;
mod mode;
mod readers;
mod tables;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use storecheck::{Durability, Engine, StoreEngine};

use crate::failure::{Failure, failed};
use crate::lock::Lock;
use crate::mode::Mode;
pub use crate::mode::modes;
use crate::readers::Readers;

/// From how many octets on the write-ahead log is emptied at the cost of a pause for readers.
const LARGE_LOG: u64 = 32 << 20;

/// The engine as the suite and the command line know it.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("sqlite", Sqlite::open)
        .version(env!("CARGO_PKG_VERSION"))
        .batch_log(true)
        .durability(Durability::PowerLoss)
        .also(Durability::ProcessCrash, Sqlite::open_unsynced)
}

/// A store in one SQLite database.
///
/// Fields drop in the order in which they stand here, and the order matters: the writer closes last of all
/// connections, because only the last one folds the write-ahead log into the database and a read-only one could not;
/// and the directory is given up when nothing touches it any more.
///
/// SQLite folds the write-ahead log into the database as it goes, but starts it afresh only when nobody is reading
/// from it, and under steady reads that moment never comes: the log grows without end. So when it has grown large, the
/// writer holds the readers for the moment it takes to fold what is left.
#[derive(Debug)]
pub struct Sqlite {
    readers: Readers,
    write_ahead_log: PathBuf,
    writer: Mutex<Connection>,
    published: AtomicU64,
    _lock: Lock,
}

impl Sqlite {
    /// Opens the store in `dir`, and makes one if there is none.
    ///
    /// # Errors
    /// When the store is open already (DUR-7), when it cannot be read or written, or when it is of a format that this
    /// version does not know.
    pub fn open(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, Mode::FULL)
    }

    /// As [`open`](Self::open), but nothing is synced: a write survives the end of this process (DUR-2), and a power
    /// failure may take it back or damage the store.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_unsynced(dir: &Path) -> Result<Self, String> {
        Self::open_with(dir, Mode::OFF)
    }

    fn open_with(dir: &Path, mode: Mode) -> Result<Self, String> {
        let lock = Lock::take(dir)?;
        let database = dir.join("store.sqlite3");
        let writer = connection::open_writer(&database, mode)?;
        let last = tables::last_number(&writer).map_err(failed("reading the newest sequence number"))?;
        Ok(Self {
            readers: Readers::new(database),
            write_ahead_log: dir.join("store.sqlite3-wal"),
            writer: Mutex::new(writer),
            published: AtomicU64::new(last),
            _lock: lock,
        })
    }

    /// Runs `apply` in a transaction that also writes the log entry `pairs` and takes the next number.
    fn write(
        &self,
        pairs: &[(Bytes, Bytes)],
        apply: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<u64, String> {
        let entry = encoding::encode(pairs)?;
        // A panic below rolled its transaction back while it unwound, so what the mutex guards is sound (GEN-7).
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.published.load(Ordering::SeqCst) + 1;
        if number > tables::HIGHEST_NUMBER {
            return Err("the sequence numbers are used up".to_owned());
        }
        let committed = (|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            apply(&transaction)?;
            tables::append(&transaction, number, &entry)?;
            transaction.commit()
        })();
        committed.map_err(failed("writing"))?;
        // Sequentially consistent, and before the lock is let go: the number must be seen by every thread that learns
        // of this return in whatever way (PUT-7), and must not step back behind the next writer's (SEQ-1).
        self.published.store(number, Ordering::SeqCst);
        self.fold_large_log(&writer);
        Ok(number)
    }

    fn fold_large_log(&self, writer: &Connection) {
        if fs::metadata(&self.write_ahead_log).is_ok_and(|log| log.len() > LARGE_LOG) {
            let _hold = self.readers.hold();
            // The write has been committed whatever comes of this, and the next one tries again.
            drop(connection::fold(writer));
        }
    }

    /// Runs `query` on a connection of the pool.
    fn read<T, E: Into<Failure>>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, String> {
        let mut reader = self.readers.take()?;
        query(&mut reader).map_err(failed(doing))
    }
}

impl StoreEngine for Sqlite {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.write(kvs, |transaction| tables::put(transaction, kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.read("reading a value", |reader| tables::get(reader, key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        self.read("scanning a range", |reader| tables::scan(reader, start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        self.read("reading values", |reader| {
            // One transaction, so that all values come from one instant (MANY-4). It ends by rolling back nothing.
            let snapshot = reader.transaction()?;
            keys.iter().map(|key| Ok((key.to_vec(), tables::get(&snapshot, key)?))).collect::<rusqlite::Result<_>>()
        })
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(&[], |transaction| tables::delete(transaction, keys))
    }

    fn current_sequence(&self) -> u64 {
        self.published.load(Ordering::SeqCst)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        // Committed but not yet published: the log must not run ahead of the number (LOG-7).
        if sequence_number > self.current_sequence() {
            return Ok(None);
        }
        self.read("reading a batch", |reader| {
            let entry = tables::entry(reader, sequence_number)?;
            entry.map(|entry| encoding::decode(&entry)).transpose().map_err(Failure::from)
        })
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        let oldest = self.read("looking for the oldest batch", |reader| tables::oldest(reader))?;
        // Asked for after the query: everything published at the query's instant is published now as well, so an
        // entry above it is one that `get_batch` did not show either.
        Ok(oldest.filter(|oldest| *oldest <= self.current_sequence()))
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        // Through the writer, so that everything there is to prune has been published.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        tables::prune(&writer, cutoff_exclusive).map_err(failed("pruning the batch log"))
    }
}
