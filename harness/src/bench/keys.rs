//! Keys and values of benchmarks: what they look like, how they are drawn, and how a value is told from a wrong one.

use bytes::Bytes;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};
use rand_pcg::Pcg64Mcg;

use super::workload::Keys;

/// Octets of a key.
pub const KEY: usize = 16;
/// The exponent of YCSB's zipfian draws.
const SKEW: f64 = 0.99;
/// Octets at which values begin that are cut out of the pool; a compressor sees little of it twice.
const POOL: usize = 1 << 20;

/// The octets of key number `index`: sixteen digits, so that keys sort as their numbers do.
#[must_use]
pub fn key(index: u64) -> [u8; KEY] {
    let mut octets = [b'0'; KEY];
    let mut rest = index;
    for digit in octets.iter_mut().rev() {
        // A digit fits an octet.
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    octets
}

/// The number of a key; none for octets that are no key of a benchmark.
#[must_use]
pub fn index(key: &[u8]) -> Option<u64> {
    if key.len() != KEY || !key.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(key.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// A place among `2^bits` for each number below that, no two at the same.
fn scatter(number: u64, bits: u32) -> u64 {
    let mask = (1_u64 << bits) - 1;
    let mut scattered = number & mask;
    for factor in [0x9E37_79B9_7F4A_7C15_u64, 0xD6E8_FEB8_6659_FD93] {
        // An odd factor and a shift to the right can both be undone within the mask.
        scattered = scattered.wrapping_mul(factor) & mask;
        scattered ^= scattered >> (bits / 2);
    }
    scattered
}

/// The pairs of a benchmark.
///
/// Of filling the store there are keys with even numbers, from 0 on; those that clients add lie behind them, or for
/// scattered ones between them, at odd numbers.
#[derive(Debug)]
pub struct Pairs {
    pool: Vec<u8>,
    value: usize,
}

impl Pairs {
    /// Pairs with values of so many octets, at least 16.
    #[must_use]
    pub fn new(seed: u64, value: usize) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut pool = vec![0; POOL + value];
        random.fill(&mut pool[..]);
        Self { pool, value: value.max(16) }
    }

    /// The value that write `version` leaves under key number `index`.
    #[must_use]
    pub fn value(&self, index: u64, version: u64) -> Bytes {
        let mut octets = Vec::with_capacity(self.value);
        octets.extend_from_slice(&index.to_le_bytes());
        octets.extend_from_slice(&version.to_le_bytes());
        octets.extend_from_slice(self.filler(index, version));
        Bytes::from(octets)
    }

    /// A pair as `put_batch` takes it.
    #[must_use]
    pub fn pair(&self, index: u64, version: u64) -> (Bytes, Bytes) {
        (Bytes::copy_from_slice(&key(index)), self.value(index, version))
    }

    /// Octets of a pair.
    #[must_use]
    pub fn size(&self) -> u64 {
        (KEY + self.value) as u64
    }

    fn filler(&self, index: u64, version: u64) -> &[u8] {
        let place = index.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ version.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        // Every bit of both numbers moves the place, of which there are 2^20.
        let place = ((place ^ place >> 31).wrapping_mul(0x94D0_49BB_1331_11EB) >> 44) as usize;
        &self.pool[place..place + self.value - 16]
    }

    /// Whether `value` says of itself that it is one of key number `index`, and is as long as one.
    #[must_use]
    pub fn claims(&self, index: u64, value: &[u8]) -> bool {
        value.len() == self.value && value[..8] == index.to_le_bytes()
    }

    /// Whether `value` is one that some write left under key number `index`: every octet of it is looked at.
    #[must_use]
    pub fn is_of(&self, index: u64, value: &[u8]) -> bool {
        let number = |at: usize| value[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or_default();
        value.len() == self.value && number(0) == index && value[16..] == *self.filler(index, number(8))
    }
}

/// Draws keys for one client.
#[derive(Debug)]
pub struct Draw {
    /// Where all chance of the client comes from.
    pub random: Pcg64Mcg,
    filled: u64,
    bits: u32,
    zipf: Zipf<f64>,
}

impl Draw {
    /// Draws among keys of a store that was filled with `filled` of them.
    #[must_use]
    pub fn new(seed: u64, filled: u64) -> Self {
        let zipf = Zipf::new(filled.max(1) as f64, SKEW).expect("one key or more, and an exponent above 0");
        let bits = (64 - filled.max(2).saturating_sub(1).leading_zeros()).max(2);
        Self { random: Pcg64Mcg::seed_from_u64(seed), filled, bits, zipf }
    }

    /// The number of a key that is there, or for [`Keys::Absent`] of one that is not. `added` is how many keys this
    /// client has put behind those of filling, the last at `newest(added - 1)`.
    pub fn existing(&mut self, keys: Keys, added: u64, newest: impl Fn(u64) -> u64) -> u64 {
        match keys {
            Keys::Absent => 2 * self.random.random_range(0..self.filled) + 1,
            Keys::Zipfian => {
                let rank = self.rank();
                2 * self.scattered(rank)
            }
            Keys::Latest => {
                let back = self.rank();
                if back < added {
                    newest(added - 1 - back)
                } else {
                    2 * (self.filled - 1 - (back - added) % self.filled)
                }
            }
            _ => 2 * self.random.random_range(0..self.filled),
        }
    }

    /// The `nth` of new keys in the order in which filling adds them.
    #[must_use]
    pub fn filling(&self, keys: Keys, nth: u64) -> u64 {
        2 * if keys == Keys::Sequential { nth } else { self.scattered(nth) }
    }

    /// The `nth` new key between those of filling; all are different until there are none left, and behind them then.
    #[must_use]
    pub fn between(&self, nth: u64) -> u64 {
        if nth < self.filled { 2 * self.scattered(nth) + 1 } else { 2 * nth + 1 }
    }

    fn scattered(&self, nth: u64) -> u64 {
        let mut place = scatter(nth, self.bits);
        // Places beyond the keys are walked over; at most half of all are.
        while place >= self.filled {
            place = scatter(place, self.bits);
        }
        place
    }

    fn rank(&mut self) -> u64 {
        // Zipf answers 1 to `filled`, whole numbers.
        (self.zipf.sample(&mut self.random) as u64).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_sort_as_their_numbers_and_are_read_back() {
        assert!(key(9) < key(10) && key(99) < key(100_000));
        assert_eq!((index(&key(123_456)), index(b"no key of ours!!")), (Some(123_456), None));
    }

    #[test]
    fn values_say_whose_they_are_and_every_octet_counts() {
        let pairs = Pairs::new(1, 100);
        let good = pairs.value(7, 3);
        assert!(pairs.is_of(7, &good) && !pairs.is_of(8, &good) && !pairs.is_of(7, &good[..99]));
        for at in 0..100 {
            let mut bad = good.to_vec();
            bad[at] ^= 1;
            assert!(!pairs.is_of(7, &bad), "octet {at}");
        }
    }

    #[test]
    fn scattered_keys_are_all_keys_once() {
        for filled in [1, 2, 3, 100, 1000, 4096] {
            let draw = Draw::new(0, filled);
            let keys: BTreeSet<u64> = (0..filled).map(|nth| draw.filling(Keys::Scattered, nth)).collect();
            assert_eq!(keys.into_iter().collect::<Vec<_>>(), (0..filled).map(|nth| 2 * nth).collect::<Vec<_>>());
            let between: BTreeSet<u64> = (0..2 * filled).map(|nth| draw.between(nth)).collect();
            assert!(between.len() as u64 == 2 * filled && between.iter().all(|index| index % 2 == 1));
        }
    }

    #[test]
    fn zipfian_draws_favour_few_keys() {
        let mut draw = Draw::new(5, 1000);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..10_000 {
            *counts.entry(draw.existing(Keys::Zipfian, 0, |nth| nth)).or_insert(0_u32) += 1;
        }
        let hottest = counts.values().max().copied().unwrap_or(0);
        // 1 over the sum of 1/k^0.99 for k to 1000 is 13 %.
        assert!((1_150..1_450).contains(&hottest), "{hottest}");
        let newest = (0..1000).filter(|_| draw.existing(Keys::Latest, 50, |nth| 10_000 + nth) >= 10_000).count();
        assert!(newest > 500, "{newest}");
    }
}
