//! That the mutants of `long` and `long_log` are what they say: long programs tell them from the base, short ones
//! hardly ever do.
//!
//! Programs are random calls from a fixed seed over few keys, so that these are deleted and written again often.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use storecheck::{Durability, Engine, Mutant, StoreEngine};

use crate::base::Pair;
use crate::differs::{Random, digest};
use crate::fault::{RIGHT, broken, durable};

/// The one that waits for its thousandth write, and is asked in a program of its own.
const THOUSAND: &str = "long-put-1000-loses-last-pair";

/// How many programs of each length there are.
const PROGRAMS: usize = 80;

/// Ten to forty of the strings of up to three octets out of three.
fn keys(random: &mut Random) -> Vec<Bytes> {
    let mut all = vec![Bytes::new()];
    for at in 0..13 {
        let longer = [b'a', b'b', 0xFF].map(|octet| Bytes::from([&all[at][..], &[octet]].concat()));
        all.extend(longer);
    }
    let count = 10 + random.below(31);
    (0..count).map(|_| all.swap_remove(random.below(all.len()))).collect()
}

fn pair(random: &mut Random, keys: &[Bytes]) -> Pair {
    let value = random.below(3_000).to_string();
    (random.pick(keys), Bytes::from(value).slice(random.pick(&[0, 0, 0, 1])..))
}

/// A number at or near one of the log's ends, or anywhere between 0 and the next one.
fn number(engine: &dyn StoreEngine, random: &mut Random) -> u64 {
    let current = engine.current_sequence();
    let oldest = engine.oldest_retained_batch().unwrap().unwrap_or(current);
    let near = random.below(4) as u64;
    match random.below(4) {
        0 => oldest + near,
        1 => (current + 2).saturating_sub(near),
        _ => random.below(current as usize + 2) as u64,
    }
}

/// One random call, and a digest of what it answers.
fn call(engine: &dyn StoreEngine, random: &mut Random, keys: &[Bytes]) -> u64 {
    match random.below(100) {
        0..35 => {
            let length = random.pick(&[0, 1, 1, 1, 2, 2, 3, 5, 8, 20]);
            let batch: Vec<Pair> = (0..length).map(|_| pair(random, keys)).collect();
            digest(engine.put_batch(&batch))
        }
        35..50 => {
            let length = random.pick(&[1, 1, 2, 3, 3, keys.len() / 2, keys.len()]);
            let list: Vec<Bytes> = (0..length).map(|_| random.pick(keys)).collect();
            digest(engine.delete_batch(&list.iter().map(|key| &key[..]).collect::<Vec<_>>()))
        }
        50..62 => digest(engine.get(&random.pick(keys))),
        62..68 => {
            let list: Vec<Bytes> = (0..random.below(20)).map(|_| random.pick(keys)).collect();
            digest(engine.get_many(&list.iter().map(|key| &key[..]).collect::<Vec<_>>()))
        }
        68..84 => {
            let (start, end) = (random.pick(keys), random.pick(keys));
            let limit = random.pick(&[1, 2, 3, 5, 8, 13, usize::MAX]);
            digest(engine.range_scan(&start, &end, limit, random.below(2) == 0))
        }
        84..94 => digest(engine.get_batch(number(engine, random))),
        94..97 => digest((engine.oldest_retained_batch(), engine.current_sequence())),
        _ => digest(engine.prune_batch_log(number(engine, random))),
    }
}

/// All that reads can show.
fn whole(engine: &dyn StoreEngine, keys: &[Bytes]) -> u64 {
    let scans = [true, false].map(|forward| engine.range_scan(b"", b"", usize::MAX, forward));
    let gets: Vec<_> = keys.iter().map(|key| engine.get(key)).collect();
    let many = engine.get_many(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>());
    let log: Vec<_> = (0..=engine.current_sequence() + 1).map(|number| engine.get_batch(number)).collect();
    digest((scans, gets, many, log, engine.oldest_retained_batch()))
}

/// What a program of so many calls shows; durable engines are opened again at one call in thirty, and at the end.
fn program(engine: &Engine, dir: &Path, seed: usize, calls: usize) -> Vec<u64> {
    std::fs::create_dir_all(dir).unwrap();
    let mut random = Random(seed as u64 * 0x9E37_79B9 + 1);
    let keys = keys(&mut random);
    let mut open: Arc<dyn StoreEngine> = engine.open(dir).unwrap();
    let mut seen = Vec::new();
    for at in 1..=calls {
        seen.push(call(&*open, &mut random, &keys));
        if reopens(engine) && (random.below(30) == 0 || at == calls) {
            drop(open);
            open = engine.open(dir).unwrap();
        }
    }
    seen.push(whole(&*open, &keys));
    drop(open);
    std::fs::remove_dir_all(dir).unwrap();
    seen
}

fn reopens(engine: &Engine) -> bool {
    engine.declarations().durability > Durability::Volatile
}

fn long_mutants() -> Vec<Mutant> {
    crate::all().into_iter().filter(|mutant| mutant.engine.name().starts_with("long-")).collect()
}

/// In how many programs each of the mutants is seen, when the program of a seed has so many calls.
fn sightings(mutants: &[Mutant], seeds: std::ops::Range<usize>, calls: impl Fn(usize) -> usize) -> Vec<usize> {
    let dir = tempfile::tempdir().unwrap();
    let run = |engine: &Engine, seed| program(engine, &dir.path().join("store"), seed, calls(seed));
    let bases = [broken("base", "right", &[], RIGHT).engine, durable("base", "right", &[], RIGHT).engine];
    let right = bases.each_ref().map(|base| seeds.clone().map(|seed| run(base, seed)).collect::<Vec<_>>());
    let seen = |mutant: &Mutant| {
        let right = &right[usize::from(reopens(&mutant.engine))];
        seeds.clone().zip(right).filter(|(seed, right)| run(&mutant.engine, *seed) != **right).count()
    };
    mutants.iter().map(seen).collect()
}

#[test]
fn long_programs_see_every_long_mutant_and_short_ones_hardly_any() {
    let mutants = long_mutants();
    assert_eq!(mutants.len(), 20);
    let long = sightings(&mutants, 0..PROGRAMS, |seed| 50 + seed * 350 / PROGRAMS);
    let short = sightings(&mutants, 0..PROGRAMS, |_| 15);
    for ((mutant, long), short) in mutants.iter().zip(long).zip(short) {
        let name = mutant.engine.name();
        assert!(long >= 6 || name == THOUSAND, "{name} is seen in {long} of {PROGRAMS} long programs");
        assert!(short <= 3, "{name} is seen in {short} of {PROGRAMS} short programs");
    }
}

#[test]
fn a_thousand_writes_see_the_mutant_that_waits_for_them() {
    let waiting: Vec<Mutant> = long_mutants().into_iter().filter(|mutant| mutant.engine.name() == THOUSAND).collect();
    assert_eq!(sightings(&waiting, 0..1, |_| 1_900), [0]);
    assert_eq!(sightings(&waiting, 0..1, |_| 2_400), [1]);
}
