//! The audit: the calls that together show everything observable, so that whatever went wrong before is seen.
//!
//! Small stores are shown whole. Of large ones a sample is taken, spread evenly, the same at every run.

use super::Model;
use crate::call::{Call, Range};
use crate::octets::{Decimal, KEY_OCTETS_MAX, Octets};

/// The most keys that are read one by one, that get neighbours, and the most log entries.
const KEYS_MAX: usize = 96;
const NEIGHBOURS_MAX: usize = 12;
const ENTRIES_MAX: usize = 64;
/// Stores of more rows than this are scanned in part.
const ROWS_MAX: usize = 20_000;

impl Model {
    /// The calls of an audit. `current_sequence` comes first: after an error its reply tells the outcomes apart.
    #[must_use]
    pub fn audit(&self) -> Vec<Call> {
        let Some(world) = self.worlds.first() else { return Vec::new() };
        let mut calls = vec![Call::CurrentSequence {}];
        let rows = world.live_keys();
        let limit = if rows > ROWS_MAX { (ROWS_MAX / 20) as u64 } else { u64::MAX };
        for forward in [true, false] {
            let whole = Range { start: Octets::default(), end: Octets::default(), limit: Decimal(limit), forward };
            calls.push(Call::RangeScan(whole));
        }
        let keys: Vec<Octets> = sample(self.keys.iter().collect(), KEYS_MAX).into_iter().cloned().collect();
        let mut neighbours: Vec<Octets> = sample(keys.iter().collect(), NEIGHBOURS_MAX)
            .into_iter()
            .flat_map(neighbours)
            .filter(|key| !self.keys.contains(key))
            .collect();
        neighbours.sort();
        neighbours.dedup();
        if !keys.is_empty() {
            calls.push(Call::GetMany(keys.iter().chain(&neighbours).cloned().collect()));
        }
        calls.extend(keys.into_iter().chain(neighbours).map(Call::Get));
        let fresh = world.fresh().unwrap_or(0);
        let mut numbers = spread(fresh.saturating_sub(1), world.highest().saturating_add(2), ENTRIES_MAX as u64);
        numbers.extend(world.oldest());
        numbers.extend(world.numbers().last());
        numbers.extend([0, u64::MAX]);
        numbers.sort_unstable();
        numbers.dedup();
        calls.extend(numbers.into_iter().map(|number| Call::GetBatch(Decimal(number))));
        calls.push(Call::OldestRetainedBatch {});
        calls
    }
}

/// The octet strings just below and just above a key, as far as every engine takes them.
fn neighbours(key: &Octets) -> Vec<Octets> {
    let mut found = Vec::new();
    if let Some((last, prefix)) = key.split_last() {
        found.push(Octets::from(prefix));
        for other in [last.checked_sub(1), last.checked_add(1)].into_iter().flatten() {
            found.push(Octets::from([prefix, &[other]].concat()));
        }
    }
    found.push(Octets::from([&key[..], &[0]].concat()));
    found.retain(|key| key.len() <= KEY_OCTETS_MAX);
    found
}

/// At most `most` of `all`, spread evenly, the first and the last among them.
fn sample<T: Clone>(all: Vec<T>, most: usize) -> Vec<T> {
    if all.len() <= most {
        return all;
    }
    (0..most).map(|i| all[i * (all.len() - 1) / (most - 1)].clone()).collect()
}

/// At most `most` numbers of `first..=last`, spread evenly, both ends among them. A store may jump far ahead, so the
/// range is never listed whole.
fn spread(first: u64, last: u64, most: u64) -> Vec<u64> {
    let width = last.saturating_sub(first);
    if width < most {
        return (first..=last).collect();
    }
    let at = |i: u64| (u128::from(width) * u128::from(i) / u128::from(most - 1)) as u64;
    (0..most).map(|i| first + at(i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_without_listing_the_range() {
        assert_eq!(spread(3, 6, 10), [3, 4, 5, 6]);
        assert_eq!(spread(0, u64::MAX, 3), [0, u64::MAX / 2, u64::MAX]);
    }

    #[test]
    fn a_sample_keeps_both_ends() {
        assert_eq!(sample((0..10).collect(), 4), [0, 3, 6, 9]);
        assert_eq!(sample(vec![1, 2], 4), [1, 2]);
    }

    #[test]
    fn neighbours_stand_next_to_a_key() {
        let shown: Vec<String> = neighbours(&Octets::text("ab")).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["\"a\"", "\"aa\"", "\"ac\"", "0x616200"]);
        assert_eq!(neighbours(&Octets::default()).len(), 1);
        assert!(neighbours(&Octets::from(vec![0xff; 254])).iter().all(|key| key.len() <= 254));
    }
}
