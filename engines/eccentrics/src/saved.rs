//! The file that an engine of class clean-close keeps its whole store in, written when it is dropped.
//!
//! All numbers are 8 octets, least significant first: the current number; how many pairs State has, and they; how many
//! entries the log has, and for each its number, how many pairs and they. A pair is key and value, each after its
//! length.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::base::{Pairs, Store};

const FILE: &str = "store";
const UNFINISHED: &str = "store.unfinished";
const LOCK: &str = "lock";

/// Whether a store was saved in `dir`.
pub(crate) fn exists(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// A directory claimed for one open store.
#[derive(Debug)]
pub(crate) struct Saved {
    dir: PathBuf,
    /// Locked while the store is open (DUR-7).
    _lock: File,
}

impl Saved {
    /// Claims `dir`, or says that an open store has it.
    pub(crate) fn claim(dir: &Path) -> Result<Self, String> {
        let lock = File::create(dir.join(LOCK)).map_err(said)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err("the store is open already".to_owned()),
            Err(TryLockError::Error(error)) => Err(said(error)),
        }
    }

    /// The store saved last, when there is one.
    pub(crate) fn load(&self) -> Result<Option<Store>, String> {
        match fs::read(self.dir.join(FILE)) {
            Ok(octets) => decode(&octets).map(Some).ok_or_else(|| "the saved store is damaged".to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(said(error)),
        }
    }

    /// Saves `store` whole or, when that fails, leaves what was saved before.
    pub(crate) fn save(&self, store: &Store) -> io::Result<()> {
        let unfinished = self.dir.join(UNFINISHED);
        let mut file = BufWriter::new(File::create(&unfinished)?);
        encode(&mut file, store)?;
        file.into_inner()?;
        fs::rename(unfinished, self.dir.join(FILE))
    }
}

/// An error in words that name no path: they reach remote clients (GEN-6).
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn said(error: io::Error) -> String {
    format!("storage failed: {}", error.kind())
}

fn encode(to: &mut impl Write, store: &Store) -> io::Result<()> {
    put_number(to, store.current)?;
    put_number(to, store.state.len() as u64)?;
    store.state.iter().try_for_each(|(key, value)| put_pair(to, key, value))?;
    put_number(to, store.log.len() as u64)?;
    for (number, pairs) in &store.log {
        put_number(to, *number)?;
        put_number(to, pairs.len() as u64)?;
        pairs.iter().try_for_each(|(key, value)| put_pair(to, key, value))?;
    }
    Ok(())
}

fn put_number(to: &mut impl Write, number: u64) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

fn put_pair(to: &mut impl Write, key: &[u8], value: &[u8]) -> io::Result<()> {
    for octets in [key, value] {
        put_number(to, octets.len() as u64)?;
        to.write_all(octets)?;
    }
    Ok(())
}

/// The store that `octets` say, `None` when they are not one.
fn decode(mut octets: &[u8]) -> Option<Store> {
    let from = &mut octets;
    let current = take_number(from)?;
    let state = take_pairs(from)?.into_iter().collect();
    let entries = take_number(from)?;
    let log = (0..entries).map(|_| Some((take_number(from)?, take_pairs(from)?))).collect::<Option<_>>()?;
    octets.is_empty().then_some(Store { state, log, current })
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let (number, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(u64::from_le_bytes(*number))
}

fn take_octets(from: &mut &[u8]) -> Option<Bytes> {
    let length = usize::try_from(take_number(from)?).ok()?;
    let (octets, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(Bytes::copy_from_slice(octets))
}

fn take_pairs(from: &mut &[u8]) -> Option<Pairs> {
    let pairs = take_number(from)?;
    (0..pairs).map(|_| Some((take_octets(from)?, take_octets(from)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        let pair = |key: &'static [u8], value: &'static [u8]| (Bytes::from_static(key), Bytes::from_static(value));
        let pairs = vec![pair(b"", b""), pair(b"k", b"\0\xFF"), pair(b"k", b"v")];
        Store { state: pairs.iter().cloned().collect(), log: [(4, vec![]), (5, pairs)].into(), current: 9 }
    }

    #[test]
    fn what_is_saved_is_what_is_loaded() {
        let mut octets = Vec::new();
        encode(&mut octets, &store()).unwrap();
        let loaded = decode(&octets).unwrap();
        assert_eq!((loaded.state, loaded.log, loaded.current), (store().state, store().log, 9));
    }

    #[test]
    fn damaged_octets_are_refused() {
        let mut octets = Vec::new();
        encode(&mut octets, &store()).unwrap();
        assert!((0..octets.len()).all(|length| decode(&octets[..length]).is_none()));
        assert!(decode(&[0xFF; 64]).is_none());
    }
}
