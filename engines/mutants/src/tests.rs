//! Tests of the gallery itself: that it is well formed, that its base is right, and that faults are where they say.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use storecheck::{Durability, Mutant, StoreEngine};

use crate::base::{Pair, Store};
use crate::fault::{Faulty, RIGHT};

fn pairs(pairs: &[(&str, &str)]) -> Vec<Pair> {
    pairs.iter().map(|(key, value)| (Bytes::from(key.to_string()), Bytes::from(value.to_string()))).collect()
}

fn mutant(name: &str) -> Mutant {
    crate::all().into_iter().find(|mutant| mutant.engine.name() == name).expect("a mutant of that name")
}

fn open(name: &str) -> Arc<dyn StoreEngine> {
    mutant(name).engine.open(Path::new("nowhere")).unwrap()
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let mut seen = BTreeSet::new();
    for mutant in crate::all() {
        let name = mutant.engine.name();
        let kebab = |part: &str| {
            !part.is_empty() && part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        assert!(name.split('-').all(kebab), "{name}");
        assert!(seen.insert(name.to_owned()), "{name} stands in the gallery twice");
        assert!(!mutant.line.is_empty() && !mutant.line.ends_with('.'), "{name}: {}", mutant.line);
    }
    assert!(seen.len() >= 85, "{} mutants", seen.len());
}

#[test]
fn every_mutant_names_well_formed_clauses_once() {
    for mutant in crate::all() {
        let name = mutant.engine.name();
        assert!(!mutant.breaks.is_empty(), "{name} breaks nothing");
        let unique: BTreeSet<_> = mutant.breaks.iter().collect();
        assert_eq!(unique.len(), mutant.breaks.len(), "{name} names a clause twice");
        for clause in mutant.breaks {
            let (area, number) = clause.split_once('-').expect("an area and a number");
            assert!(area.chars().all(|letter| letter.is_ascii_uppercase()), "{name}: {clause}");
            assert!(number.parse::<u32>().is_ok_and(|number| number > 0), "{name}: {clause}");
        }
    }
}

#[test]
fn every_clause_a_single_client_can_see_is_broken_by_somebody() {
    let broken: BTreeSet<&str> = crate::all().iter().flat_map(|mutant| mutant.breaks.iter().copied()).collect();
    let areas: [(&str, &[u32]); 11] = [
        ("GEN", &[2, 3, 4, 8, 10, 11, 12]),
        ("PUT", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        ("GET", &[1, 2, 3]),
        ("SCAN", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("MANY", &[1, 2, 3]),
        ("DEL", &[1, 2, 3, 4, 5, 6, 7]),
        ("SEQ", &[1, 2, 4, 5]),
        ("LOG", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("OLD", &[1, 2, 3, 4]),
        ("PRN", &[1, 2, 3, 4, 5, 7]),
        ("DUR", &[1, 2, 3, 4, 5, 6]),
    ];
    for (area, numbers) in areas {
        for number in numbers {
            let clause = format!("{area}-{number}");
            assert!(broken.contains(clause.as_str()), "no mutant breaks {clause}");
        }
    }
}

#[test]
fn the_base_is_right() {
    let engine = Faulty::new(RIGHT, Store::default());
    assert_eq!((engine.current_sequence(), engine.oldest_retained_batch()), (0, Ok(None)));
    let batch = pairs(&[("b", "1"), ("a", "2"), ("b", ""), ("", "3")]);
    assert_eq!(engine.put_batch(&batch), Ok(1));
    assert_eq!(engine.get(b"b"), Ok(Some(Vec::new())));
    assert_eq!(engine.get_batch(1), Ok(Some(batch)));
    let all = pairs(&[("", "3"), ("a", "2"), ("b", "")]);
    assert_eq!(engine.range_scan(b"", b"", usize::MAX, true), Ok(all.clone()));
    assert_eq!(engine.range_scan(b"", b"b", 1, false), Ok(all[2..].to_vec()));
    assert_eq!(engine.range_scan(b"a", b"a", 9, true), Ok(all[1..2].to_vec()));
    assert_eq!(engine.range_scan(b"b", b"a", 9, false), Ok(Vec::new()));
    assert_eq!(engine.delete_batch(&[b"b", b"none", b"b"]), Ok(2));
    assert_eq!(engine.get_many(&[b"b", b"a"]), Ok(vec![(b"b".to_vec(), None), (b"a".to_vec(), Some(b"2".to_vec()))]));
    assert_eq!(engine.get_batch(2), Ok(Some(Vec::new())));
    assert_eq!((engine.prune_batch_log(2), engine.prune_batch_log(2)), (Ok(1), Ok(0)));
    assert_eq!((engine.current_sequence(), engine.oldest_retained_batch()), (2, Ok(Some(2))));
    assert_eq!((engine.prune_batch_log(u64::MAX), engine.oldest_retained_batch()), (Ok(1), Ok(None)));
    assert_eq!((engine.put_batch(&[]), engine.get_batch(3)), (Ok(3), Ok(Some(Vec::new()))));
}

/// What a clean close must keep.
fn closed_and_reopened(name: &str) -> (Arc<dyn StoreEngine>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let engine = mutant(name).engine;
    let first = engine.open(dir.path()).unwrap();
    first.put_batch(&pairs(&[("b", "1"), ("a", "2"), ("b", "")])).unwrap();
    first.delete_batch(&[b"a"]).unwrap();
    first.put_batch(&pairs(&[("c", "3")])).unwrap();
    first.prune_batch_log(2).unwrap();
    drop(first);
    (engine.open(dir.path()).unwrap(), dir)
}

#[test]
fn a_durable_base_survives_a_close() {
    let (engine, _dir) = closed_and_reopened("claims-process-crash-saves-at-close");
    assert_eq!(engine.range_scan(b"", b"", 9, true), Ok(pairs(&[("b", ""), ("c", "3")])));
    assert_eq!((engine.current_sequence(), engine.oldest_retained_batch()), (3, Ok(Some(2))));
    assert_eq!(engine.get_batch(2), Ok(Some(Vec::new())));
    assert_eq!(engine.get_batch(3), Ok(Some(pairs(&[("c", "3")]))));
    assert_eq!(engine.put_batch(&[]), Ok(4));
}

#[test]
fn faults_of_a_reopen_are_there() {
    let (engine, _dir) = closed_and_reopened("reopen-loses-last-write");
    assert_eq!((engine.get(b"c"), engine.current_sequence()), (Ok(None), 2));
    let (engine, _dir) = closed_and_reopened("reopen-brings-deleted-back");
    assert_eq!(engine.get(b"a"), Ok(Some(b"2".to_vec())));
    let (engine, _dir) = closed_and_reopened("reopen-undoes-prune");
    assert_eq!(engine.oldest_retained_batch(), Ok(Some(1)));
    let (engine, _dir) = closed_and_reopened("reopen-number-is-log-length");
    assert_eq!(engine.current_sequence(), 2);
}

#[test]
fn faults_of_calls_are_there() {
    let engine = open("put-first-duplicate-wins");
    engine.put_batch(&pairs(&[("a", "1"), ("a", "2")])).unwrap();
    assert_eq!(engine.get(b"a"), Ok(Some(b"1".to_vec())));

    let engine = open("scan-reverse-ascends");
    let both = pairs(&[("a", "1"), ("b", "2")]);
    engine.put_batch(&both).unwrap();
    assert_eq!(engine.range_scan(b"", b"", 9, false), Ok(both.clone()));
    assert_eq!(engine.range_scan(b"", b"", 1, false), Ok(both[1..].to_vec()));

    let engine = open("put-shorter-value-keeps-tail");
    engine.put_batch(&pairs(&[("a", "long")])).unwrap();
    engine.put_batch(&pairs(&[("a", "s")])).unwrap();
    assert_eq!(engine.get(b"a"), Ok(Some(b"song".to_vec())));

    let engine = open("numbers-start-at-zero");
    assert_eq!((engine.put_batch(&both), engine.put_batch(&both)), (Ok(0), Ok(1)));

    let engine = open("prune-smaller-cutoff-restores");
    engine.put_batch(&both).unwrap();
    engine.put_batch(&both).unwrap();
    assert_eq!((engine.prune_batch_log(3), engine.prune_batch_log(2)), (Ok(2), Ok(0)));
    assert_eq!(engine.oldest_retained_batch(), Ok(Some(2)));
}

#[test]
fn an_engine_with_its_own_runtime_panics_only_on_a_runtime() {
    let engine = open("get-blocks-on-own-runtime");
    assert_eq!(engine.get(b"a"), Ok(None));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let inside =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(async { engine.get(b"a") })));
    assert!(inside.is_err());
    assert_eq!(engine.get(b"a"), Ok(None));
}

/// A program of ordinary calls with one key in each: whoever is hostile must not be set off by it.
#[test]
fn hostile_mutants_are_right_until_they_are_triggered() {
    let dir = tempfile::tempdir().unwrap();
    for mutant in crate::all().into_iter().filter(|mutant| mutant.hostile) {
        let name = mutant.engine.name().to_owned();
        let home = dir.path().join(&name);
        std::fs::create_dir(&home).unwrap();
        let engine = mutant.engine.open(&home).unwrap();
        let batch = pairs(&[("a", "1")]);
        assert_eq!(engine.put_batch(&batch), Ok(1), "{name}");
        assert_eq!(engine.get(b"a"), Ok(Some(b"1".to_vec())), "{name}");
        assert_eq!(engine.range_scan(b"", b"", 10, false), Ok(batch.clone()), "{name}");
        assert_eq!(engine.get_many(&[b"b"]), Ok(vec![(b"b".to_vec(), None)]), "{name}");
        assert_eq!(engine.delete_batch(&[b"a"]), Ok(2), "{name}");
        assert_eq!((engine.get_batch(1), engine.prune_batch_log(2)), (Ok(Some(batch)), Ok(1)), "{name}");
        drop(engine);
        if mutant.engine.declarations().durability >= Durability::CleanClose {
            assert_eq!(mutant.engine.open(&home).unwrap().current_sequence(), 2, "{name}");
        }
    }
}
