//! redb as a [`StoreEngine`]: three tables in one file, and one write transaction for each write.
//!
//! A commit of redb is on the disk when it returns, or gone with the process: there is nothing between, so that the
//! engine comes at power-loss durability alone.

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use storecheck::{Durability, Engine, StoreEngine};

/// Pairs as a table has them.
type Pairs = Vec<(&'static [u8], &'static [u8])>;

/// Keys and their values.
const STATE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("state");
/// The pairs of each batch, by its number.
const LOG: TableDefinition<'_, u64, Pairs> = TableDefinition::new("log");
/// The number of the last write: it outlives the entries of the log.
const NUMBER: TableDefinition<'_, (), u64> = TableDefinition::new("number");

/// The engine, as the suite is told of it.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("redb", Redb::open).version("4.6.0").batch_log(true).durability(Durability::PowerLoss)
}

/// An open store.
#[derive(Debug)]
pub struct Redb {
    database: Database,
    /// The number of the last write. Who commits holds it until both are there, so that it never trails what is read.
    number: RwLock<u64>,
}

impl Redb {
    /// Opens the store in `dir`, or makes one.
    ///
    /// # Errors
    /// When it is open already, or redb says no.
    pub fn open(dir: &Path) -> Result<Self, String> {
        let path = dir.join("store.redb");
        if !path.exists() {
            create(dir, &path)?;
        }
        let database = Database::open(path).map_err(told)?;
        let number = prepare(&database).map_err(told)?;
        Ok(Self { database, number: RwLock::new(number) })
    }

    /// Makes a change with a new number.
    fn write(&self, change: impl FnOnce(&WriteTransaction, u64) -> Result<(), redb::Error>) -> Result<u64, String> {
        let mut last = self.number.write().unwrap_or_else(PoisonError::into_inner);
        let number = *last + 1;
        let commit = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            change(&transaction, number)?;
            transaction.open_table(NUMBER)?.insert((), number)?;
            Ok(transaction.commit()?)
        };
        commit().map_err(told)?;
        *last = number;
        Ok(number)
    }
}

/// Makes the file. redb refuses one whose making was cut short, so that it has its name only once it is whole.
fn create(dir: &Path, path: &Path) -> Result<(), String> {
    let new = dir.join("store.redb.new");
    let system = |error: std::io::Error| format!("making the store: {error}");
    if new.exists() {
        std::fs::remove_file(&new).map_err(system)?;
    }
    let database = Database::create(&new).map_err(told)?;
    prepare(&database).map_err(told)?;
    drop(database);
    std::fs::rename(&new, path).map_err(system)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(system)
}

/// Makes the tables; the number of the last write.
fn prepare(database: &Database) -> Result<u64, redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(STATE)?;
    transaction.open_table(LOG)?;
    let number = transaction.open_table(NUMBER)?.get(())?.map_or(0, |number| number.value());
    transaction.commit()?;
    Ok(number)
}

fn told(error: impl Into<redb::Error>) -> String {
    error.into().to_string()
}

fn pair((key, value): (&[u8], &[u8])) -> (Bytes, Bytes) {
    (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value))
}

impl StoreEngine for Redb {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.write(|transaction, number| {
            let mut state = transaction.open_table(STATE)?;
            for (key, value) in kvs {
                state.insert(&key[..], &value[..])?;
            }
            let entry: Vec<(&[u8], &[u8])> = kvs.iter().map(|(key, value)| (&key[..], &value[..])).collect();
            transaction.open_table(LOG)?.insert(number, entry)?;
            Ok(())
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let get = || -> Result<_, redb::Error> {
            let value = self.database.begin_read()?.open_table(STATE)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        };
        get().map_err(told)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        let end = if end.is_empty() { Bound::Unbounded } else { Bound::Included(end) };
        let scan = || -> Result<Vec<_>, redb::Error> {
            let state = self.database.begin_read()?.open_table(STATE)?;
            let mut rows = state.range::<&[u8]>((Bound::Included(start), end))?;
            let mut next = || if forward { rows.next() } else { rows.next_back() };
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(row) = next()
            {
                let (key, value) = row?;
                found.push(pair((key.value(), value.value())));
            }
            Ok(found)
        };
        scan().map_err(told)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        // One transaction: all of it is of one moment.
        let get = || -> Result<_, redb::Error> {
            let state = self.database.begin_read()?.open_table(STATE)?;
            let value = |key: &&[u8]| {
                let value = state.get(*key)?;
                Ok((key.to_vec(), value.map(|value| value.value().to_vec())))
            };
            keys.iter().map(value).collect::<Result<_, redb::Error>>()
        };
        get().map_err(told)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(|transaction, number| {
            let mut state = transaction.open_table(STATE)?;
            for key in keys {
                state.remove(*key)?;
            }
            transaction.open_table(LOG)?.insert(number, Vec::new())?;
            Ok(())
        })
    }

    fn current_sequence(&self) -> u64 {
        *self.number.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        let get = || -> Result<_, redb::Error> {
            let entry = self.database.begin_read()?.open_table(LOG)?.get(sequence_number)?;
            Ok(entry.map(|entry| entry.value().into_iter().map(pair).collect()))
        };
        get().map_err(told)
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        let oldest = || -> Result<_, redb::Error> {
            let log = self.database.begin_read()?.open_table(LOG)?;
            let oldest = log.first()?.map(|(number, _)| number.value());
            Ok(oldest)
        };
        oldest().map_err(told)
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let prune = || -> Result<u64, redb::Error> {
            let transaction = self.database.begin_write()?;
            let mut removed = 0;
            {
                let mut log = transaction.open_table(LOG)?;
                log.retain_in(..cutoff_exclusive, |_, _| {
                    removed += 1;
                    false
                })?;
            }
            transaction.commit()?;
            Ok(removed)
        };
        prune().map_err(told)
    }
}
