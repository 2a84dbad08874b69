//! The file of a durable mutant: written when the engine is dropped, read when it is opened.
//!
//! Lengths and numbers are eight octets, least significant first: the number, the State's pairs, then the log's
//! entries.

use std::fs;
use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::base::{Answer, Pair, Store};

const FILE: &str = "store.bin";

/// Writes the store into its directory; a store without one is volatile.
pub(crate) fn save(store: &Store) -> io::Result<()> {
    let Some(dir) = &store.dir else { return Ok(()) };
    let mut out = Vec::new();
    put_number(&mut out, store.current);
    put_number(&mut out, store.state.len() as u64);
    for (key, value) in &store.state {
        put_octets(&mut out, key);
        put_octets(&mut out, value);
    }
    put_number(&mut out, store.log.len() as u64);
    for (number, pairs) in &store.log {
        put_number(&mut out, *number);
        put_number(&mut out, pairs.len() as u64);
        for (key, value) in pairs {
            put_octets(&mut out, key);
            put_octets(&mut out, value);
        }
    }
    fs::write(dir.join(FILE), out)
}

/// The store that was saved in `dir`, `None` when none was.
pub(crate) fn load(dir: &Path) -> Answer<Option<Store>> {
    let octets = match fs::read(dir.join(FILE)) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the store cannot be read: {}", error.kind())),
    };
    let mut input = Input { rest: Bytes::from(octets) };
    input.store().map(Some).ok_or_else(|| "the store's file is damaged".to_owned())
}

fn put_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    put_number(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// What of the file is still to be read. Every method answers `None` when it ends too early.
struct Input {
    rest: Bytes,
}

impl Input {
    fn store(&mut self) -> Option<Store> {
        let mut store = Store { current: self.number()?, ..Store::default() };
        store.state.extend(self.pairs()?);
        for _ in 0..self.number()? {
            let number = self.number()?;
            store.log.insert(number, self.pairs()?);
        }
        Some(store)
    }

    fn pairs(&mut self) -> Option<Vec<Pair>> {
        (0..self.number()?).map(|_| Some((self.octets()?, self.octets()?))).collect()
    }

    fn octets(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.rest.len()).then(|| self.rest.split_to(length))
    }

    fn number(&mut self) -> Option<u64> {
        let octets = self.rest.first_chunk::<8>().copied()?;
        self.rest = self.rest.slice(8..);
        Some(u64::from_le_bytes(octets))
    }
}
