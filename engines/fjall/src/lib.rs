//! fjall as a [`StoreEngine`]: three keyspaces of one database, and one atomic batch for each write.
//!
//! A batch goes through the journal that all keyspaces share; whether it is synced before it is acknowledged is the
//! engine's durability. fjall takes no empty key, so that keys have an octet before them.

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use fjall::{Database, Guard, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};
use storecheck::{Durability, Engine, StoreEngine};

/// The engine as the suite is told of it: every write synced, or handed to the system.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("fjall", |dir: &Path| Fjall::open(dir, PersistMode::SyncAll))
        .version("3.1.13")
        .batch_log(true)
        .durability(Durability::PowerLoss)
        .also(Durability::ProcessCrash, |dir: &Path| Fjall::open(dir, PersistMode::Buffer))
}

/// An open store.
pub struct Fjall {
    database: Database,
    /// Keys and their values.
    state: Keyspace,
    /// The pairs of each batch, by its number.
    log: Keyspace,
    /// The number of the last write, under [`NUMBER`]: it outlives the entries of the log.
    meta: Keyspace,
    mode: PersistMode,
    /// The number of the last write. Who commits holds it until both are there, so that it never trails what is read.
    number: RwLock<u64>,
}

/// Where the number of the last write is.
const NUMBER: &[u8] = b"number";

impl Fjall {
    /// Opens the store in `dir`, or makes one.
    ///
    /// # Errors
    /// When it is open already, or fjall says no.
    pub fn open(dir: &Path, mode: PersistMode) -> Result<Self, String> {
        let path = dir.join("fjall");
        if !path.exists() {
            create(dir, &path)?;
        }
        let open = || -> fjall::Result<_> {
            let database = Database::builder(&path).open()?;
            let state = database.keyspace("state", KeyspaceCreateOptions::default)?;
            let log = database.keyspace("log", KeyspaceCreateOptions::default)?;
            let meta = database.keyspace("meta", KeyspaceCreateOptions::default)?;
            let number = meta.get(NUMBER)?;
            Ok((database, state, log, meta, number))
        };
        let (database, state, log, meta, number) = open().map_err(told)?;
        let number = match number {
            Some(octets) => number_of(&octets)?,
            None => 0,
        };
        Ok(Self { database, state, log, meta, mode, number: RwLock::new(number) })
    }

    /// Makes a change with a new number.
    fn write(&self, change: impl FnOnce(&mut OwnedWriteBatch, u64)) -> Result<u64, String> {
        let mut last = self.number.write().unwrap_or_else(PoisonError::into_inner);
        let number = *last + 1;
        let mut batch = self.database.batch().durability(Some(self.mode));
        change(&mut batch, number);
        batch.insert(&self.meta, NUMBER, number.to_be_bytes());
        batch.commit().map_err(told)?;
        *last = number;
        Ok(number)
    }
}

/// Makes the database. fjall refuses a folder in which that was cut short, so that it has its name only once it is whole.
fn create(dir: &Path, path: &Path) -> Result<(), String> {
    let new = dir.join("fjall.new");
    let system = |error: std::io::Error| format!("making the store: {error}");
    if new.exists() {
        std::fs::remove_dir_all(&new).map_err(system)?;
    }
    drop(Database::builder(&new).open().map_err(told)?);
    std::fs::rename(&new, path).map_err(system)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(system)
}

fn told(error: fjall::Error) -> String {
    error.to_string()
}

/// The longest key, in octets: fjall's own less the one that [`kept`] puts before it.
const KEY_MAX: usize = 65_534;

/// A key as it is kept: with an octet before it, since fjall has no empty keys. Longer ones than fjall takes are cut.
fn kept(key: &[u8]) -> Vec<u8> {
    [b"k", &key[..key.len().min(KEY_MAX)]].concat()
}

fn number_of(octets: &[u8]) -> Result<u64, String> {
    octets.try_into().map(u64::from_be_bytes).map_err(|_| "a number has eight octets".to_owned())
}

/// The pairs of a batch as one value: each length before its octets.
fn encode(pairs: &[(Bytes, Bytes)]) -> Vec<u8> {
    let mut octets = Vec::new();
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        octets.extend((part.len() as u64).to_be_bytes());
        octets.extend(&part[..]);
    }
    octets
}

fn decode(octets: &[u8]) -> Result<Vec<(Bytes, Bytes)>, String> {
    let mut rest = octets;
    let mut part = || {
        let (length, after) = rest.split_first_chunk::<8>()?;
        let (part, after) = after.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        rest = after;
        Some(Bytes::copy_from_slice(part))
    };
    let mut pairs = Vec::new();
    while let Some(pair) = part().zip(part()) {
        pairs.push(pair);
    }
    if rest.is_empty() { Ok(pairs) } else { Err("a batch of the log cannot be read".to_owned()) }
}

fn row(guard: Guard) -> Result<(Bytes, Bytes), String> {
    let (key, value) = guard.into_inner().map_err(told)?;
    Ok((Bytes::copy_from_slice(&key[1..]), Bytes::copy_from_slice(&value)))
}

impl StoreEngine for Fjall {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        if let Some((key, _)) = kvs.iter().find(|(key, _)| key.len() > KEY_MAX) {
            return Err(format!("a key of {} octets; at most {KEY_MAX} are kept", key.len()));
        }
        self.write(|batch, number| {
            for (key, value) in kvs {
                batch.insert(&self.state, kept(key), &value[..]);
            }
            batch.insert(&self.log, number.to_be_bytes(), encode(kvs));
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if key.len() > KEY_MAX {
            return Ok(None);
        }
        // Not from the keyspace: that shows a batch before it is committed, and a snapshot after it does not.
        let value = self.database.snapshot().get(&self.state, kept(key)).map_err(told)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        // A bound that is cut comes after the key that is left of it.
        let start = if start.len() > KEY_MAX { Bound::Excluded(kept(start)) } else { Bound::Included(kept(start)) };
        // Every key has the same octet before it: without an end it is the next octet.
        let end = if end.is_empty() { Bound::Excluded(b"l".to_vec()) } else { Bound::Included(kept(end)) };
        let rows = self.database.snapshot().range(&self.state, (start, end));
        if forward { rows.take(limit).map(row).collect() } else { rows.rev().take(limit).map(row).collect() }
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        let snapshot = self.database.snapshot();
        let value = |key: &&[u8]| {
            if key.len() > KEY_MAX {
                return Ok((key.to_vec(), None));
            }
            let value = snapshot.get(&self.state, kept(key)).map_err(told)?;
            Ok((key.to_vec(), value.map(|value| value.to_vec())))
        };
        keys.iter().map(value).collect()
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(|batch, number| {
            // What is too long was never there.
            for key in keys.iter().filter(|key| key.len() <= KEY_MAX) {
                batch.remove(&self.state, kept(key));
            }
            batch.insert(&self.log, number.to_be_bytes(), encode(&[]));
        })
    }

    fn current_sequence(&self) -> u64 {
        *self.number.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        let entry = self.database.snapshot().get(&self.log, sequence_number.to_be_bytes()).map_err(told)?;
        entry.map(|octets| decode(&octets)).transpose()
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        let oldest = self.database.snapshot().first_key_value(&self.log).map(Guard::key).transpose().map_err(told)?;
        oldest.map(|octets| number_of(&octets)).transpose()
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        // As a write does, so that nobody counts an entry twice.
        let _last = self.number.write().unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.database.batch().durability(Some(self.mode));
        let mut removed = 0;
        for guard in self.log.range(..cutoff_exclusive.to_be_bytes()) {
            batch.remove(&self.log, guard.key().map_err(told)?);
            removed += 1;
        }
        batch.commit().map_err(told)?;
        Ok(removed)
    }
}
