//! That no mutant is right by mistake: each must answer some program differently from the base.
//!
//! Programs are random calls from a fixed seed over keys and numbers at the borders, and a few calls of great size.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use storecheck::{Durability, Engine, StoreEngine};

use crate::base::Pair;
use crate::fault::{RIGHT, broken, durable};

/// Mutants that answer as the base does, and are wrong only in what they declare.
const WRONG_IN_DECLARATION: [&str; 1] = ["keeps-log-claims-none"];

/// How many random programs a mutant has to be seen in.
const PROGRAMS: usize = 120;

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

fn keys() -> Vec<Bytes> {
    let mut keys: Vec<Bytes> = ["", "a", "A", "a ", "ab", "abc", "b", "c", "\0a", "a\0b", "__x", "__simulator_seq__"]
        .into_iter()
        .map(|key| Bytes::from_static(key.as_bytes()))
        .collect();
    keys.extend([&b"b\xff"[..], b"\x80", b"\x81", b"\xff"].map(Bytes::from_static));
    keys.extend([33, 34, 129, 130, 253, 254, 255, 256, 300].map(|length| Bytes::from(vec![b'k'; length])));
    keys.push(Bytes::from(vec![0xFF; 254]));
    keys
}

fn values() -> Vec<Bytes> {
    let mut values: Vec<Bytes> = ["", "1", "2", "a longer value", "x\0", "x\0y", "x\0\0"].map(Bytes::from).into();
    values.extend([&b"\xff\xfe"[..], b"\x00"].map(Bytes::from_static));
    values.extend([2_000, 70_000].map(|length| Bytes::from(vec![7; length])));
    values
}

fn batch(random: &mut Random, keys: &[Bytes], values: &[Bytes]) -> Vec<Pair> {
    let length = random.pick(&[0, 1, 1, 1, 2, 2, 3, 4, 20]);
    (0..length).map(|_| (random.pick(keys), random.pick(values))).collect()
}

pub(crate) fn digest(answer: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}

/// One random call of the engine, and a digest of what it answers.
fn call(engine: &dyn StoreEngine, random: &mut Random, keys: &[Bytes], values: &[Bytes]) -> u64 {
    let list: Vec<Bytes> = (0..random.pick(&[0, 1, 1, 2, 3, 5])).map(|_| random.pick(keys)).collect();
    let list: Vec<&[u8]> = list.iter().map(|key| &key[..]).collect();
    let number = random.pick(&[0, 1, 2, 3, 4, 5, 6, 8, 12, 20, u64::MAX, (1 << 32) + 1]);
    match random.below(12) {
        0..=2 => digest(engine.put_batch(&batch(random, keys, values))),
        3 => digest(engine.delete_batch(&list)),
        4 => {
            let key = random.pick(keys);
            digest([(); 4].map(|()| engine.get(&key)))
        }
        5 => digest(engine.get_many(&list)),
        6 | 7 => {
            let limit = random.pick(&[0, 1, 2, 3, 5, 8, usize::MAX, usize::MAX, 1 << 32]);
            let (start, end) = (random.pick(keys), random.pick(keys));
            digest(engine.range_scan(&start, &end, limit, random.below(2) == 0))
        }
        8 => engine.current_sequence(),
        9 => digest((engine.get_batch(number), engine.get_batch(engine.current_sequence()))),
        10 => digest(engine.oldest_retained_batch()),
        _ if random.below(3) == 0 => digest(engine.prune_batch_log(number)),
        _ => digest(engine.range_scan(b"", b"", usize::MAX, random.below(2) == 0)),
    }
}

/// Everything that calls of great size can show, with the large answers measured instead of shown.
fn large(engine: &dyn StoreEngine) -> String {
    let rows = |from: usize, to: usize| -> Vec<Pair> {
        (from..to).map(|row| (Bytes::from(format!("r{row:06}")), Bytes::from_static(b"v"))).collect()
    };
    let mib = |octets: usize| vec![(Bytes::from_static(b"large"), Bytes::from(vec![1; octets]))];
    let mut seen = String::new();
    let mut look = || {
        let rows = [true, false].map(|forward| engine.range_scan(b"", b"", usize::MAX, forward).map(|rows| rows.len()));
        let value = engine.get(b"large").map(|value| value.map(|value| value.len()));
        let current = engine.current_sequence();
        let entry = engine.get_batch(current).map(|entry| entry.map(|entry| entry.len()));
        seen += &format!("{rows:?} {value:?} {current} {entry:?} {:?}\n", engine.oldest_retained_batch());
    };
    for pairs in [rows(0, 101), rows(101, 1_400), rows(2_000, 12_001)] {
        drop(engine.put_batch(&pairs));
        look();
    }
    for octets in [10 << 20, (10 << 20) + 1] {
        drop(engine.put_batch(&mib(octets)));
        look();
    }
    let many = rows(0, 1_400);
    let many: Vec<&[u8]> = many.iter().map(|(key, _)| &key[..]).collect();
    seen += &format!("{:?}", engine.get_many(&many).map(|entries| entries.len()));
    seen += &format!("{:?} {:?}", engine.delete_batch(&many), engine.get(b"r001399"));
    for _ in 0..130 {
        seen += &format!("{:?} {:?}", engine.put_batch(&rows(0, 1)), engine.get(b"r000000"));
    }
    seen + &format!("{:?} {:?}", engine.oldest_retained_batch(), engine.prune_batch_log(20))
}

/// What a program of 60 calls shows, reopening durable engines now and then.
fn program(engine: &Engine, dir: &Path, seed: u64, reopens: bool) -> Vec<u64> {
    std::fs::create_dir_all(dir).unwrap();
    let mut random = Random(seed * 0x9E37_79B9 + 1);
    let (keys, values) = (keys(), values());
    let mut open: Arc<dyn StoreEngine> = engine.open(dir).unwrap();
    let mut seen = Vec::new();
    for _ in 0..60 {
        if reopens && random.below(15) == 0 {
            drop(open);
            match engine.open(dir) {
                Ok(again) => open = again,
                Err(error) => {
                    seen.push(digest(error));
                    return seen;
                }
            }
        }
        seen.push(call(&*open, &mut random, &keys, &values));
    }
    drop(open);
    std::fs::remove_dir_all(dir).unwrap();
    seen
}

#[test]
fn every_mutant_differs_from_the_base() {
    let dir = tempfile::tempdir().unwrap();
    let bases = [broken("base", "right", &[], RIGHT).engine, durable("base", "right", &[], RIGHT).engine];
    let sizes = |engine: &Engine| large(&*engine.open(&dir.path().join("volatile")).unwrap());
    let right_sizes = sizes(&bases[0]);
    let programs: [OnceCell<Vec<u64>>; 2 * PROGRAMS] = [const { OnceCell::new() }; 2 * PROGRAMS];
    let mut survivors = Vec::new();
    // These programs cannot reach what the blind mutants do: long batches and values that look alike. That they differ
    // is shown by the suite, which kills them. The long mutants have longer programs of their own, in `long_tests`.
    let elsewhere = |name: &str| name.starts_with("blind-") || name.starts_with("long-");
    // Nor do they see what takes several clients, or a process that dies.
    let reachable = |mutant: &storecheck::Mutant| {
        !mutant.hostile && !mutant.concurrent && mutant.family.is_none() && !elsewhere(mutant.engine.name())
    };
    for mutant in crate::all().into_iter().filter(reachable) {
        let name = mutant.engine.name();
        let reopens = mutant.engine.declarations().durability > Durability::Volatile;
        let run = |engine: &Engine, seed: usize| program(engine, &dir.path().join(name), seed as u64, reopens);
        let right = |seed: usize| {
            let at = seed + if reopens { PROGRAMS } else { 0 };
            programs[at].get_or_init(|| run(&bases[usize::from(reopens)], seed))
        };
        let differs = (0..PROGRAMS).any(|seed| run(&mutant.engine, seed) != *right(seed))
            || (!reopens && sizes(&mutant.engine) != right_sizes);
        if !differs && !WRONG_IN_DECLARATION.contains(&name) {
            survivors.push(name.to_owned());
        }
    }
    assert!(survivors.is_empty(), "as right as the base: {survivors:?}");
}
