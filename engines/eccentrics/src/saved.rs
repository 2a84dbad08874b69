//! The plain store with a file: read when it is opened, written when it is dropped, and not touched in between.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::base::{Contents, Memory, Pair};
use crate::oddity::Oddity;

/// A store that a clean close keeps, and nothing else does.
pub(crate) struct Saved {
    memory: Memory,
    file: PathBuf,
    _lock: File,
}

impl Saved {
    pub(crate) fn open(dir: &Path) -> Result<Self, String> {
        let lock = lock(dir)?;
        let file = dir.join("saved");
        let contents = if file.exists() {
            let octets = fs::read(&file).map_err(|error| format!("reading the store: {error}"))?;
            decode(&octets).ok_or("the saved store is damaged")?
        } else {
            Contents::default()
        };
        Ok(Self { memory: Memory::holding(contents), file, _lock: lock })
    }

    /// Whether an earlier close left something in `dir`.
    pub(crate) fn exists(dir: &Path) -> bool {
        dir.join("saved").exists()
    }
}

impl Oddity for Saved {
    fn base(&self) -> &Memory {
        &self.memory
    }
}

impl Drop for Saved {
    /// Writes beside the old file and then takes its place, so that a crash meanwhile leaves one or the other.
    fn drop(&mut self) {
        let fresh = self.file.with_extension("new");
        // A drop has nobody to tell of a failure; the earlier state stays then.
        let _ = fs::write(&fresh, encode(&self.memory.read())).and_then(|()| fs::rename(&fresh, &self.file));
    }
}

/// One open store to a directory (DUR-7).
fn lock(dir: &Path) -> Result<File, String> {
    let file = File::create(dir.join("lock")).map_err(|error| format!("making the lock file: {error}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err("the store is already open".to_owned()),
        Err(TryLockError::Error(error)) => Err(format!("locking the store: {error}")),
    }
}

/// Numbers as eight octets, least significant first; lists and octet strings after their length.
fn encode(contents: &Contents) -> Vec<u8> {
    fn number(octets: &mut Vec<u8>, number: u64) {
        octets.extend_from_slice(&number.to_le_bytes());
    }
    fn pairs<'a>(octets: &mut Vec<u8>, pairs: impl ExactSizeIterator<Item = (&'a Bytes, &'a Bytes)>) {
        number(octets, pairs.len() as u64);
        for part in pairs.flat_map(|(key, value)| [key, value]) {
            number(octets, part.len() as u64);
            octets.extend_from_slice(part);
        }
    }
    let mut octets = vec![];
    number(&mut octets, contents.last);
    pairs(&mut octets, contents.state.iter());
    number(&mut octets, contents.log.len() as u64);
    for (sequence, entry) in &contents.log {
        number(&mut octets, *sequence);
        pairs(&mut octets, entry.iter().map(|(key, value)| (key, value)));
    }
    octets
}

/// `None` when `octets` are not what [`encode`] wrote.
fn decode(mut octets: &[u8]) -> Option<Contents> {
    fn number(rest: &mut &[u8]) -> Option<u64> {
        let (first, after) = rest.split_first_chunk()?;
        *rest = after;
        Some(u64::from_le_bytes(*first))
    }
    fn part(rest: &mut &[u8]) -> Option<Bytes> {
        let length = usize::try_from(number(rest)?).ok()?;
        let (part, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(Bytes::copy_from_slice(part))
    }
    fn pairs(rest: &mut &[u8]) -> Option<Vec<Pair>> {
        (0..number(rest)?).map(|_| part(rest).zip(part(rest))).collect()
    }
    let rest = &mut octets;
    let last = number(rest)?;
    let state = pairs(rest)?.into_iter().collect();
    let log = (0..number(rest)?).map(|_| number(rest).zip(pairs(rest))).collect::<Option<_>>()?;
    rest.is_empty().then_some(Contents { state, log, last })
}

#[cfg(test)]
mod tests {
    use storecheck::StoreEngine;

    use super::*;
    use crate::tests::pairs;

    #[test]
    fn contents_come_back_as_they_were() {
        let store = Memory::default();
        store.put_batch(&pairs(&["b", "", "a", "b"])).unwrap();
        store.delete_batch(&[b"a"]).unwrap();
        let octets = encode(&store.read());
        let again = decode(&octets).unwrap();
        let contents = store.read();
        assert_eq!((&again.state, &again.log, again.last), (&contents.state, &contents.log, contents.last));
        for length in 0..octets.len() {
            assert!(decode(&octets[..length]).is_none(), "cut to {length} octets");
        }
    }
}
