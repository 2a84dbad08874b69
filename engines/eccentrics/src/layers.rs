//! The small twists: get-many-last-key-first, slow and shared-buffer-bytes.

use std::hint;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use storecheck::StoreEngine;

use crate::base::{Base, Pairs};
use crate::twist::{Looked, Twist};

/// `get_many` looks the last key up first and answers in input order (MANY-2, MANY-4).
#[derive(Debug)]
pub(crate) struct LastKeyFirst(pub(crate) Base);

impl Twist for LastKeyFirst {
    fn base(&self) -> &Base {
        &self.0
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Looked, String> {
        let looked = keys.iter().rev().map(|key| Ok((key.to_vec(), self.0.get(key)?)));
        let mut looked = looked.collect::<Result<Looked, String>>()?;
        looked.reverse();
        Ok(looked)
    }
}

/// How long every call of [`Slow`] takes at least.
pub(crate) const SLOWNESS: Duration = Duration::from_micros(50);

/// Every call keeps a processor busy for a while first.
#[derive(Debug)]
pub(crate) struct Slow(pub(crate) Base);

impl Twist for Slow {
    fn base(&self) -> &Base {
        &self.0
    }

    fn before(&self) {
        // Spinning, since the shortest sleep is longer than this on many systems.
        let since = Instant::now();
        while since.elapsed() < SLOWNESS {
            hint::spin_loop();
        }
    }
}

/// All octets of one answer are slices of one buffer.
#[derive(Debug)]
pub(crate) struct SharedBuffer(pub(crate) Base);

impl Twist for SharedBuffer {
    fn base(&self) -> &Base {
        &self.0
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        self.0.range_scan(start, end, limit, forward).map(|rows| shared(&rows))
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        Ok(self.0.get_batch(sequence_number)?.map(|pairs| shared(&pairs)))
    }
}

/// The same pairs, their octets one after the other in one buffer.
fn shared(pairs: &[(Bytes, Bytes)]) -> Pairs {
    let mut buffer = BytesMut::with_capacity(pairs.iter().map(|(key, value)| key.len() + value.len()).sum());
    for (key, value) in pairs {
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(value);
    }
    let mut rest = buffer.freeze();
    pairs.iter().map(|(key, value)| (rest.split_to(key.len()), rest.split_to(value.len()))).collect()
}
