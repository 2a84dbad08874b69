//! lagging-frontier: `current_sequence` trails by two numbers at most and comes one nearer each time it is asked.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use storecheck::StoreEngine;

use crate::base::{Base, USUAL};
use crate::twist::Twist;

/// How far the number may be behind when a write returns.
const LAG: u64 = 2;

/// A store whose number follows its data.
#[derive(Debug)]
pub(crate) struct Lagging {
    base: Base,
    published: AtomicU64,
}

impl Lagging {
    pub(crate) fn new() -> Self {
        Self { base: Base::new(USUAL), published: AtomicU64::new(USUAL.fresh) }
    }

    fn wrote(&self, number: u64) -> u64 {
        self.published.fetch_max(number.saturating_sub(LAG), Ordering::SeqCst);
        number
    }
}

impl Twist for Lagging {
    fn base(&self) -> &Base {
        &self.base
    }

    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.base.put_batch(kvs).map(|number| self.wrote(number))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.base.delete_batch(keys).map(|number| self.wrote(number))
    }

    fn current_sequence(&self) -> u64 {
        // The answer is the number before the step, so that whoever asks once is told an old one. The data are always
        // ahead of it (SEQ-2), and all answers lie on one rising series (SEQ-1).
        let step = |number: u64| (number < self.base.current_sequence()).then_some(number + 1);
        match self.published.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) {
            Ok(number) | Err(number) => number,
        }
    }
}
