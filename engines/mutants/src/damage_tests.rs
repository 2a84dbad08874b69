//! That mutants of damage are right until something is damaged: no other family may find them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use storecheck::{Engine, Family, Mutant, StoreEngine};

use crate::base::{Pair, Store};
use crate::differs::{Random, digest};
use crate::fault::{Faulty, RIGHT};

fn mutants() -> impl Iterator<Item = Mutant> {
    [crate::damage::mutants(), crate::damage_power::mutants(), crate::damage_fault::mutants()].into_iter().flatten()
}

/// Whether a mutant keeps everything through a clean close. A few forget at every end, and are named for it.
fn closes_well(mutant: &Mutant) -> bool {
    mutant.family != Some(Family::Crash) || !mutant.breaks.contains(&"DUR-1")
}

fn batch(random: &mut Random) -> Vec<Pair> {
    let pairs = 1 + random.below(20);
    let pairs = (0..pairs).map(|_| {
        let value = vec![random.below(256) as u8; random.pick(&[0, 1, 7, 40, 400, 2_000])];
        (key(random), Bytes::from(value))
    });
    pairs.collect()
}

fn key(random: &mut Random) -> Bytes {
    Bytes::from(format!("key-{:02}", random.below(24)))
}

fn open(engine: &Engine, dir: &Path) -> Arc<dyn StoreEngine> {
    engine.open(dir).unwrap_or_else(|error| panic!("{}: {error}", engine.name()))
}

/// A digest of everything that can be seen of a store: State, entries, the oldest of them, the number.
fn shown(store: &dyn StoreEngine) -> [u64; 4] {
    let current = store.current_sequence();
    let entries: Vec<_> = (0..current + 2).map(|number| store.get_batch(number)).collect();
    let rows = store.range_scan(b"", b"", usize::MAX, true);
    [digest(rows), digest(entries), digest(store.oldest_retained_batch()), current]
}

/// Writes, deletes and prunes, long enough for files to be replaced.
fn work(store: &dyn StoreEngine, random: &mut Random) {
    for _ in 0..12 {
        match random.below(8) {
            0 => drop(store.prune_batch_log(store.current_sequence().saturating_sub(2))),
            1 | 2 => {
                let keys = [key(random), key(random)];
                drop(store.delete_batch(&[&keys[0], &keys[1]]));
            }
            3 => drop(store.put_batch(&[(key(random), Bytes::from_static(b"v"))])),
            _ => drop(store.put_batch(&batch(random))),
        }
    }
}

/// Where the mutant differs first from a right store.
fn differs(mutant: &Mutant) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let model = Faulty::new(RIGHT, Store::default());
    let (mut here, mut there) = (Random(17), Random(17));
    let mut store = open(&mutant.engine, dir.path());
    for round in 0..3 {
        work(&*store, &mut here);
        work(&model, &mut there);
        if shown(&*store) != shown(&model) {
            return Some(format!("{} in round {round}", mutant.engine.name()));
        }
        if closes_well(mutant) {
            drop(store);
            store = open(&mutant.engine, dir.path());
            if shown(&*store) != shown(&model) {
                return Some(format!("{} after the close of round {round}", mutant.engine.name()));
            }
        }
    }
    None
}

#[test]
fn each_is_right_as_long_as_nothing_is_damaged() {
    let wrong: Vec<String> = mutants().filter_map(|mutant| differs(&mutant)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn each_family_has_enough_of_them() {
    for (family, least) in [(Family::Crash, 16), (Family::PowerLoss, 16), (Family::Fault, 8)] {
        let count = mutants().filter(|mutant| mutant.family == Some(family)).count();
        assert!(count >= least, "{count} mutants of {family:?}");
    }
}

#[test]
fn a_second_open_is_refused() {
    for mutant in mutants() {
        let dir = tempfile::tempdir().unwrap();
        let _first = open(&mutant.engine, dir.path());
        assert!(mutant.engine.open(dir.path()).is_err(), "{}", mutant.engine.name());
    }
}
