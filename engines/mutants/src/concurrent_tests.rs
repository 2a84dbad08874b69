//! Mutants of concurrency are right for one client. That they are wrong for several, `detect` shows.

use bytes::Bytes;
use storecheck::{Mutant, StoreEngine};

use crate::all;
use crate::base::{Span, Store};

fn concurrent() -> impl Iterator<Item = Mutant> {
    all().into_iter().filter(|mutant| mutant.concurrent)
}

fn open(mutant: &Mutant) -> std::sync::Arc<dyn StoreEngine> {
    let dir = tempfile::tempdir().unwrap();
    mutant.engine.open(dir.path()).unwrap()
}

/// Numbers that look random.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn key(&mut self) -> Bytes {
        Bytes::from(format!("k{}", self.below(6)))
    }
}

#[test]
fn there_are_enough_of_them() {
    assert!(concurrent().count() >= 25);
}

#[test]
fn one_client_sees_nothing_wrong() {
    for mutant in concurrent() {
        let (store, mut right, mut draws) = (open(&mutant), Store::default(), Draws(7));
        for turn in 0..600 {
            one_call(&*store, &mut right, &mut draws, turn, mutant.engine.name());
        }
    }
}

fn one_call(store: &dyn StoreEngine, right: &mut Store, draws: &mut Draws, turn: u64, name: &str) {
    match draws.below(9) {
        0 | 1 => {
            let pair = |at: u64| (draws.key(), Bytes::from(format!("{turn}.{at}")));
            let pairs: Vec<_> = (0..1 + turn % 4).map(pair).collect();
            assert_eq!(store.put_batch(&pairs), Ok(right.put(&pairs)), "{name}");
        }
        2 => {
            let (one, other) = (draws.key(), draws.key());
            let keys = [&one[..], &other[..]];
            assert_eq!(store.delete_batch(&keys), Ok(right.delete(&keys)), "{name}");
        }
        3 => {
            let key = draws.key();
            assert_eq!(store.get(&key), Ok(right.get(&key)), "{name}");
        }
        4 => {
            let (one, other) = (draws.key(), draws.key());
            assert_eq!(store.get_many(&[&one, &other]), Ok(right.many(&[&one, &other])), "{name}");
        }
        5 => {
            let (limit, forward) = (draws.below(8) as usize, turn.is_multiple_of(2));
            let span = Span { start: b"", end: b"k4", limit, forward };
            assert_eq!(store.range_scan(b"", b"k4", limit, forward), Ok(right.scan(span)), "{name}");
        }
        6 => assert_eq!(store.current_sequence(), right.current, "{name}"),
        7 => {
            let number = draws.below(right.current + 3);
            assert_eq!(store.get_batch(number), Ok(right.batch(number)), "{name}");
            assert_eq!(store.oldest_retained_batch(), Ok(right.oldest()), "{name}");
        }
        _ => {
            let cutoff = (right.current + 2).saturating_sub(draws.below(20));
            assert_eq!(store.prune_batch_log(cutoff), Ok(right.prune(cutoff)), "{name}");
        }
    }
}
