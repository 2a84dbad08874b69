//! The keys of a program: pools in which stores confuse keys, and what lies just beside a key.

use super::weights::KeySort;
use crate::octets::{KEY_OCTETS_MAX, Octets};
use crate::scenario::generate::{self, SplitMix};

/// Keys that stores have been seen to keep something of their own under, or to treat as one; and the one that the
/// gallery's hostile mutants wait for.
const NAMES: &[&str] = &[
    "__simulator_seq__",
    "__seq",
    "__meta__",
    "_",
    "__",
    "meta",
    "sequence",
    "log",
    "batch_log",
    "trigger",
    "/",
    "a/b",
    "%",
    "*",
];

/// Between one and `count` different keys of the sorts given.
pub(super) fn pool(draws: &mut SplitMix, count: u64, sorts: &[KeySort]) -> Vec<Octets> {
    let mut pool: Vec<Octets> = Vec::new();
    // A sort has only so many keys: after as many draws again, what there is must do.
    for turn in 0..count * 2 {
        let sort = *draws.one(sorts);
        let key = key(draws, sort, turn);
        if !pool.contains(&key) {
            pool.push(key);
        }
        if pool.len() as u64 == count {
            break;
        }
    }
    pool
}

fn key(draws: &mut SplitMix, sort: KeySort, turn: u64) -> Octets {
    match sort {
        KeySort::Words => letters(draws, b"ab", (0, 3)),
        KeySort::Counter => generate::key(b"k", turn),
        KeySort::Zeros => run(draws, 0x00),
        KeySort::Ones => match draws.below(4) {
            0 => [&run(draws, 0xff)[..], &[0xfe]].concat().into(),
            _ => run(draws, 0xff),
        },
        KeySort::Edges => letters(draws, &[0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff], (1, 3)),
        KeySort::Longest => longest(draws),
        KeySort::Spelling => letters(draws, b"aA \t", (1, 3)),
        KeySort::Names => Octets::text(draws.one::<&str>(NAMES)),
        KeySort::Random => {
            let (count, seed) = (draws.between((8, 32)), draws.below(1 << 32));
            generate::octets(count, seed)
        }
    }
}

fn letters(draws: &mut SplitMix, alphabet: &[u8], length: (u64, u64)) -> Octets {
    let length = draws.between(length);
    (0..length).map(|_| *draws.one(alphabet)).collect::<Vec<u8>>().into()
}

/// One to four times the same octet, at times behind a letter.
fn run(draws: &mut SplitMix, octet: u8) -> Octets {
    let mut key = if draws.percent(40) { vec![b'a'] } else { Vec::new() };
    let length = draws.between((1, 4)) as usize;
    key.resize(key.len() + length, octet);
    key.into()
}

fn longest(draws: &mut SplitMix) -> Octets {
    let fill = *draws.one(&[0x00, b'a', 0xff]);
    // One octet more is the engine's to take or to refuse (PUT-12).
    let length = draws.weighted(&[(70, KEY_OCTETS_MAX), (20, KEY_OCTETS_MAX - 1), (10, KEY_OCTETS_MAX + 1)]);
    let mut key = vec![fill; length];
    let last = key.len() - 1;
    key[last] = *draws.one(&[0x00, b'a', b'b', 0xff]);
    if draws.percent(30) {
        key[last - 1] = b'b';
    }
    key.into()
}

/// The next octet string above `key`. It may be one octet longer than a key can be: as a bound that is allowed.
pub(super) fn above(key: &Octets) -> Octets {
    [&key[..], &[0]].concat().into()
}

/// An octet string just below `key`: its last octet less one, or, behind a 0x00, the key without it.
pub(super) fn below(key: &Octets) -> Octets {
    match key.split_last() {
        None => Octets::default(),
        Some((0, prefix)) => prefix.into(),
        Some((last, prefix)) => [prefix, &[last - 1]].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_stand_on_either_side() {
        for key in [&b"a"[..], b"a\0", b"\xff", b"ab"].map(Octets::from) {
            assert!(below(&key) < key && key < above(&key), "{key}");
        }
        assert_eq!(below(&Octets::default()), Octets::default());
    }

    #[test]
    fn a_pool_holds_each_key_once_and_none_too_long() {
        for seed in 0..50 {
            let mut draws = SplitMix::new(seed);
            let pool = pool(&mut draws, 20, &[KeySort::Words, KeySort::Longest]);
            assert!(!pool.is_empty() && pool.iter().all(|key| key.len() <= KEY_OCTETS_MAX + 1));
            let mut sorted = pool.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted.len(), pool.len());
        }
    }
}
