//! Looking at replies while the clock runs. Every reply gets a glance, which costs next to nothing: how much came back,
//! and whose it says it is; of scans one in [`CLOSE`] also at the last row, which costs what fetching it from memory
//! does. One in [`THOROUGH`] is compared octet by octet, in order and value; and when the clock has
//! stopped, everything that the store holds.

use bytes::Bytes;

use super::client::Filled;
use super::keys::{Draw, KEY, Pairs, index};
use super::workload::Keys;

/// Of so many replies one is looked at thoroughly.
pub const THOROUGH: u64 = 64;
/// Of so many scans one is asked whose its last row is.
pub const CLOSE: u64 = 8;

/// How replies are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// What values must be.
    pub pairs: &'a Pairs,
    /// Whether the last row of a scan counts.
    pub close: bool,
    /// Whether every octet counts.
    pub thorough: bool,
}

/// What a scan was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    /// Where it begins, a key that is there.
    pub start: [u8; KEY],
    /// The limit.
    pub limit: usize,
    /// Whether it ascends.
    pub forward: bool,
    /// Whether there are as many rows as the limit.
    pub exact: bool,
}

impl Look<'_> {
    /// Whether `value` is the value of key number `index`.
    #[must_use]
    pub fn value(&self, index: u64, value: &[u8]) -> bool {
        if self.thorough { self.pairs.is_of(index, value) } else { self.pairs.claims(index, value) }
    }

    /// What is wrong with the answer to a get.
    ///
    /// # Errors
    /// In words.
    pub fn get(&self, index: u64, present: bool, value: Option<&[u8]>) -> Result<(), String> {
        match value {
            Some(value) if present && self.value(index, value) => Ok(()),
            None if !present => Ok(()),
            None => Err(format!("get of key {index} answered no value")),
            Some(value) => Err(format!("get of key {index} answered {} octets that are not its value", value.len())),
        }
    }

    /// What is wrong with the answer to a `get_many`.
    ///
    /// # Errors
    /// In words.
    pub fn many(&self, keys: &[[u8; KEY]], answered: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), String> {
        let good = |nth: usize| {
            let (key, value) = &answered[nth];
            let index = index(key).filter(|_| key[..] == keys[nth]);
            value.as_ref().is_some_and(|value| index.is_some_and(|index| self.value(index, value)))
        };
        let ends = |count: usize| good(0) && good(count - 1);
        let count = keys.len();
        let right =
            answered.len() == count && if self.thorough { (0..count).all(good) } else { count == 0 || ends(count) };
        if right {
            return Ok(());
        }
        Err(format!("get_many of {count} keys answered {} entries, not all right", answered.len()))
    }

    /// What is wrong with the rows of a scan.
    ///
    /// # Errors
    /// In words.
    pub fn rows(&self, scan: &Scan, rows: &[(Bytes, Bytes)]) -> Result<(), String> {
        let in_order = |two: &[(Bytes, Bytes)]| (two[0].0 < two[1].0) == scan.forward && two[0].0 != two[1].0;
        let right = |(key, value): &(Bytes, Bytes)| index(key).is_some_and(|index| self.value(index, value));
        let count = rows.len() == scan.limit || (!scan.exact && rows.len() < scan.limit);
        let first = rows.first().is_none_or(|(key, _)| key[..] == scan.start[..]);
        let last = !self.close || rows.last().is_none_or(right);
        let all = !self.thorough || (rows.windows(2).all(in_order) && rows.iter().all(right));
        if count && first && last && all {
            return Ok(());
        }
        let limit = scan.limit;
        Err(format!("a scan for {limit} rows answered {}, not all of them right and in order", rows.len()))
    }

    /// What is wrong with an entry of the batch log that filling made.
    ///
    /// # Errors
    /// In words.
    pub fn entry(
        &self,
        batch: Filled,
        draw: &Draw,
        order: Keys,
        entry: Option<&[(Bytes, Bytes)]>,
    ) -> Result<(), String> {
        let good = |(nth, (key, value)): (u64, &(Bytes, Bytes))| {
            let expected = draw.filling(order, batch.first + nth);
            index(key) == Some(expected) && self.value(expected, value)
        };
        let looked = if self.thorough { usize::MAX } else { 1 };
        match entry {
            Some(rows) if rows.len() as u64 == batch.pairs && (0..).zip(rows).take(looked).all(good) => Ok(()),
            _ => Err(format!("get_batch of {} answered no such entry as was put", batch.sequence)),
        }
    }
}
