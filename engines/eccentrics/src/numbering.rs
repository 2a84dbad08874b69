//! Numbers that are right without being 1, 2, 3.

use storecheck::Eccentric;

use crate::base::{Memory, Pair, copied};
use crate::declare::{served, trait_only, volatile};
use crate::oddity::Oddity;

const FRESH: u64 = 1_000_000_000_000;
/// How far apart numbers are that count something else than writes, such as places in a log.
const WIDE: u64 = 1 << 32;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            volatile("fresh-number-10-12", || HighStart(Memory::fresh_after(FRESH))),
            "A fresh store is at number 10^12 and its first write gets the next (PUT-5, SEQ-6)",
        ),
        trait_only(
            volatile("holes-in-numbers", || Holes::of(|last| (last / 2) % 3)),
            "Numbers advance by one to three; only the server needs them without holes (PUT-3; PUT-4 is SERVED)",
        ),
        trait_only(
            volatile("numbers-far-apart", || Holes::of(|last| if last == 0 { 0 } else { WIDE - 1 })),
            "Numbers advance by 2^32, so that nobody can try those between two of them (PUT-3; PUT-4 is SERVED)",
        ),
    ]
}

/// Plain, but for where it begins.
struct HighStart(Memory);

impl Oddity for HighStart {
    fn base(&self) -> &Memory {
        &self.0
    }
}

struct Holes {
    base: Memory,
    /// How many numbers are left out behind the last one. Behind the fresh one there are none (PUT-5).
    gap: fn(u64) -> u64,
}

impl Holes {
    fn of(gap: fn(u64) -> u64) -> Self {
        Self { base: Memory::default(), gap }
    }

    fn write(&self, pairs: &[Pair], removed: &[&[u8]]) -> u64 {
        let pairs = copied(pairs);
        self.base.write(|contents| {
            contents.last += (self.gap)(contents.last);
            contents.set(&pairs);
            contents.remove(removed);
            contents.append(pairs)
        })
    }
}

impl Oddity for Holes {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        Ok(self.write(kvs, &[]))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(&[], keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{open, pairs};

    #[test]
    fn a_fresh_store_is_far_along() {
        let store = open("fresh-number-10-12");
        assert_eq!(store.current_sequence(), FRESH);
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(FRESH + 1));
        assert_eq!(store.oldest_retained_batch(), Ok(Some(FRESH + 1)));
    }

    #[test]
    fn numbers_have_holes() {
        let store = open("holes-in-numbers");
        let numbers: Vec<u64> = (0..4).map(|_| store.put_batch(&pairs(&["a"])).unwrap()).collect();
        assert_eq!(numbers, [1, 2, 4, 7], "steps of one, two and three");
        assert_eq!(store.delete_batch(&[b"a"]), Ok(8));
        assert_eq!(store.get_batch(3), Ok(None));
        assert_eq!(store.prune_batch_log(6), Ok(3), "entries are counted, not numbers");
        assert_eq!(store.oldest_retained_batch(), Ok(Some(7)));
        assert_eq!(store.current_sequence(), 8);
    }

    #[test]
    fn numbers_are_far_apart() {
        let store = open("numbers-far-apart");
        let numbers: Vec<u64> = (0..3).map(|_| store.put_batch(&pairs(&["a"])).unwrap()).collect();
        assert_eq!(numbers, [1, 1 + WIDE, 1 + 2 * WIDE]);
        assert_eq!(store.prune_batch_log(1 + WIDE), Ok(1));
        assert_eq!(store.oldest_retained_batch(), Ok(Some(1 + WIDE)));
    }
}
