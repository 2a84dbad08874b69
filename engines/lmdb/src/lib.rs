//! LMDB as a [`StoreEngine`]: three databases of one environment, and one write transaction for each write.
//!
//! A commit writes its pages, syncs them, and then writes and syncs the page that makes them count; without the syncs
//! it is handed to the system whole. LMDB takes no empty key, so that keys have an octet before them.

use std::fs::{File, TryLockError};
use std::ops::Bound;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use heed::byteorder::BigEndian;
use heed::types::{self, U64};
use heed::{Database, Env, RoTxn, RwTxn};
use storecheck::{Durability, Engine, StoreEngine};

mod environment;

use environment::environment;

/// Where the number of the last write is.
const NUMBER: &[u8] = b"number";

type Octets = types::Bytes;

/// The engine as the suite is told of it: every write synced, or handed to the system.
#[must_use]
pub fn engine() -> Engine {
    Engine::new("lmdb", |dir: &Path| Lmdb::open(dir, true))
        .version(version())
        .batch_log(true)
        .durability(Durability::PowerLoss)
        .also(Durability::ProcessCrash, |dir: &Path| Lmdb::open(dir, false))
}

/// LMDB's own version.
fn version() -> String {
    let version = heed::lmdb_version();
    format!("{}.{}.{}", version.major, version.minor, version.patch)
}

/// An open store.
#[derive(Debug)]
pub struct Lmdb {
    env: Env,
    /// Keys, with an octet before them, and their values.
    state: Database<Octets, Octets>,
    /// The pairs of each batch, by its number.
    log: Database<U64<BigEndian>, Octets>,
    /// The number of the last write, under [`NUMBER`]: it outlives the entries of the log.
    meta: Database<Octets, U64<BigEndian>>,
    /// The number of the last write. Who commits holds it until both are there, so that it never trails what is read.
    number: RwLock<u64>,
    /// LMDB lets many processes write; this store's number is one process's. Unlocked when it is dropped, after the rest.
    _lock: File,
}

impl Lmdb {
    /// Opens the store in `dir`, or makes one; with `sync` a commit is on the disk when it returns.
    ///
    /// # Errors
    /// When it is open already, or LMDB says no.
    pub fn open(dir: &Path, sync: bool) -> Result<Self, String> {
        let lock = lock(dir)?;
        let path = dir.join("lmdb");
        if !path.exists() {
            create(dir, &path, sync)?;
        }
        let env = environment(&path, sync).map_err(told)?;
        let ((state, log, meta), number) = prepare(&env).map_err(told)?;
        Ok(Self { env, state, log, meta, number: RwLock::new(number), _lock: lock })
    }

    /// Makes a change with a new number.
    fn write(&self, change: impl FnOnce(&mut RwTxn<'_>, u64) -> heed::Result<()>) -> Result<u64, String> {
        let mut last = self.number.write().unwrap_or_else(PoisonError::into_inner);
        let number = *last + 1;
        let commit = || -> heed::Result<()> {
            let mut transaction = self.env.write_txn()?;
            change(&mut transaction, number)?;
            self.meta.put(&mut transaction, NUMBER, &number)?;
            transaction.commit()
        };
        commit().map_err(told)?;
        *last = number;
        Ok(number)
    }

    fn read<T>(&self, read: impl FnOnce(&RoTxn<'_>) -> heed::Result<T>) -> Result<T, String> {
        self.env.read_txn().and_then(|transaction| read(&transaction)).map_err(told)
    }
}

/// Makes the environment. LMDB refuses one whose first pages are not whole, so that it has its name only once it is.
fn create(dir: &Path, path: &Path, sync: bool) -> Result<(), String> {
    let new = dir.join("lmdb.new");
    let system = |error: std::io::Error| format!("making the store: {error}");
    if new.exists() {
        std::fs::remove_dir_all(&new).map_err(system)?;
    }
    std::fs::create_dir(&new).map_err(system)?;
    let env = environment(&new, sync).map_err(told)?;
    prepare(&env).map_err(told)?;
    env.prepare_for_closing().wait();
    let synced = |folder: &Path| if sync { File::open(folder)?.sync_all() } else { Ok(()) };
    synced(&new).map_err(system)?;
    std::fs::rename(&new, path).map_err(system)?;
    synced(dir).map_err(system)
}

/// Keys and values, the log, and what else there is.
type Databases = (Database<Octets, Octets>, Database<U64<BigEndian>, Octets>, Database<Octets, U64<BigEndian>>);

/// Makes the databases; with them the number of the last write.
fn prepare(env: &Env) -> heed::Result<(Databases, u64)> {
    let mut transaction = env.write_txn()?;
    let state = env.create_database(&mut transaction, Some("state"))?;
    let log = env.create_database(&mut transaction, Some("log"))?;
    let meta: Database<Octets, U64<BigEndian>> = env.create_database(&mut transaction, Some("meta"))?;
    let number = meta.get(&transaction, NUMBER)?.unwrap_or(0);
    transaction.commit()?;
    Ok(((state, log, meta), number))
}

/// Sees to it that the store is open once.
fn lock(dir: &Path) -> Result<File, String> {
    let system = |error: std::io::Error| format!("locking the store: {error}");
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("open.lock")).map_err(system)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err("the store is open already".to_owned()),
        Err(TryLockError::Error(error)) => Err(system(error)),
    }
}

fn told(error: heed::Error) -> String {
    error.to_string()
}

/// A key as LMDB has it.
fn before(key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(key.len() + 1);
    stored.push(0);
    stored.extend_from_slice(key);
    stored
}

/// Pairs as one value: the lengths of key and value before each.
fn entry(pairs: &[(Bytes, Bytes)]) -> Vec<u8> {
    let mut entry = Vec::new();
    for (key, value) in pairs {
        for part in [key, value] {
            entry.extend_from_slice(&(part.len() as u64).to_be_bytes());
            entry.extend_from_slice(part);
        }
    }
    entry
}

/// The pairs of an entry; none when it is no entry.
fn pairs(mut entry: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
    let mut part = || {
        let (length, rest) = entry.split_first_chunk::<8>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        entry = rest;
        Some((Bytes::copy_from_slice(part), rest.is_empty()))
    };
    let mut pairs = Vec::new();
    loop {
        let (key, _) = part()?;
        let (value, last) = part()?;
        pairs.push((key, value));
        if last {
            return Some(pairs);
        }
    }
}

impl StoreEngine for Lmdb {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.write(|transaction, number| {
            for (key, value) in kvs {
                self.state.put(transaction, &before(key), value)?;
            }
            self.log.put(transaction, &number, &entry(kvs))
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.read(|transaction| Ok(self.state.get(transaction, &before(key))?.map(<[u8]>::to_vec)))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        if !end.is_empty() && start > end {
            return Ok(Vec::new());
        }
        let (start, upper) = (before(start), before(end));
        let end = if end.is_empty() { Bound::Unbounded } else { Bound::Included(&upper[..]) };
        let range = (Bound::Included(&start[..]), end);
        let row = |row: heed::Result<(&[u8], &[u8])>| {
            row.map(|(key, value)| (Bytes::copy_from_slice(&key[1..]), Bytes::copy_from_slice(value)))
        };
        self.read(|transaction| {
            if forward {
                self.state.range(transaction, &range)?.take(limit).map(row).collect()
            } else {
                self.state.rev_range(transaction, &range)?.take(limit).map(row).collect()
            }
        })
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        // One transaction: all of it is of one moment.
        self.read(|transaction| {
            let value = |key: &&[u8]| {
                let value = self.state.get(transaction, &before(key))?;
                Ok((key.to_vec(), value.map(<[u8]>::to_vec)))
            };
            keys.iter().map(value).collect()
        })
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(|transaction, number| {
            for key in keys {
                self.state.delete(transaction, &before(key))?;
            }
            self.log.put(transaction, &number, &[])
        })
    }

    fn current_sequence(&self) -> u64 {
        *self.number.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        let entry = self.read(|transaction| Ok(self.log.get(transaction, &sequence_number)?.map(<[u8]>::to_vec)))?;
        match entry {
            None => Ok(None),
            Some(entry) if entry.is_empty() => Ok(Some(Vec::new())),
            Some(entry) => pairs(&entry).map(Some).ok_or_else(|| format!("the entry of {sequence_number} is damaged")),
        }
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.read(|transaction| Ok(self.log.first(transaction)?.map(|(number, _)| number)))
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        let prune = || -> heed::Result<usize> {
            let mut transaction = self.env.write_txn()?;
            let removed = self.log.delete_range(&mut transaction, &(..cutoff_exclusive))?;
            transaction.commit()?;
            Ok(removed)
        };
        prune().map(|removed| removed as u64).map_err(told)
    }
}
