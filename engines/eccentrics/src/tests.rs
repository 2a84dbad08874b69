//! What all eccentrics have in common, and what their own tests use.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use storecheck::{Eccentric, Frontier, StoreEngine};

use crate::all;
use crate::base::Pair;

pub(crate) fn named(name: &str) -> Eccentric {
    all().into_iter().find(|eccentric| eccentric.engine.name() == name).expect("an eccentric of this name")
}

/// A volatile eccentric, which needs no directory to live in.
pub(crate) fn open(name: &str) -> Arc<dyn StoreEngine> {
    let dir = tempfile::tempdir().unwrap();
    named(name).engine.open(dir.path()).unwrap()
}

/// Each key with an empty value.
pub(crate) fn pairs(keys: &[&'static str]) -> Vec<Pair> {
    keys.iter().map(|key| (Bytes::from(*key), Bytes::new())).collect()
}

pub(crate) fn valued(key: &'static str, value: &str) -> Pair {
    (Bytes::from(key), Bytes::copy_from_slice(value.as_bytes()))
}

/// The calls in a row, with what every legal store answers to them.
pub(crate) fn exercise(store: &dyn StoreEngine) {
    let first = [valued("b", "1"), valued("a", "2"), valued("b", "3"), valued("", "4")];
    let fresh = store.current_sequence();
    assert_eq!(store.put_batch(&first), Ok(fresh + 1));
    assert_eq!(store.get(b"b"), Ok(Some(b"3".to_vec())));
    assert_eq!(store.range_scan(b"", b"a", usize::MAX, false), Ok(vec![valued("a", "2"), valued("", "4")]));
    assert_eq!(store.range_scan(b"b", b"a", usize::MAX, true), Ok(vec![]));
    assert_eq!(store.range_scan(b"", b"", 1, false), Ok(vec![valued("b", "3")]));
    assert_eq!(store.range_scan(b"", b"", 0, true), Ok(vec![]));
    let value = |text: &str| Some(text.as_bytes().to_vec());
    let many = vec![(b"a".to_vec(), value("2")), (b"x".to_vec(), None), (b"a".to_vec(), value("2"))];
    assert_eq!(store.get_many(&[b"a", b"x", b"a"]), Ok(many));
    let deleted = store.delete_batch(&[b"a", b"a", b"x"]).unwrap();
    assert!(deleted > fresh + 1);
    assert_eq!(store.get(b"a"), Ok(None));
    for number in [0, deleted + 1, u64::MAX] {
        assert_eq!(store.get_batch(number), Ok(None));
    }
    if let Some(oldest) = store.oldest_retained_batch().unwrap() {
        assert_eq!((oldest, store.get_batch(oldest)), (fresh + 1, Ok(Some(first.to_vec()))));
    }
    store.prune_batch_log(u64::MAX).unwrap();
    assert_eq!((store.prune_batch_log(u64::MAX), store.oldest_retained_batch()), (Ok(0), Ok(None)));
    reaches(store, deleted);
}

/// A lagging frontier is given time.
fn reaches(store: &dyn StoreEngine, number: u64) {
    let start = Instant::now();
    while store.current_sequence() != number && start.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(store.current_sequence(), number);
}

#[test]
fn names_are_unique_and_lines_say_something() {
    let all = all();
    assert!(all.len() >= 15);
    let names: HashSet<_> = all.iter().map(|eccentric| eccentric.engine.name()).collect();
    assert_eq!(names.len(), all.len());
    for eccentric in &all {
        let name = eccentric.engine.name();
        assert!(name.bytes().all(|octet| octet == b'-' || octet.is_ascii_lowercase() || octet.is_ascii_digit()));
        assert!(eccentric.line.len() > 20 && eccentric.line.contains('('), "{name} names no clause");
    }
}

#[test]
fn all_behave() {
    for eccentric in all() {
        println!("{}", eccentric.engine.name());
        let dir = tempfile::tempdir().unwrap();
        exercise(&*eccentric.engine.open(dir.path()).unwrap());
    }
}

#[test]
fn all_behave_under_concurrency() {
    for eccentric in all() {
        println!("{}", eccentric.engine.name());
        let dir = tempfile::tempdir().unwrap();
        let store = eccentric.engine.open(dir.path()).unwrap();
        let immediate = eccentric.engine.declarations().frontier == Frontier::Immediate;
        crowd(&*store, immediate, eccentric.engine.declarations().batch_log);
    }
}

/// Three writers that put whole rows of one value, two readers that must never see a row in part.
fn crowd(store: &dyn StoreEngine, immediate: bool, batch_log: bool) {
    let done = AtomicBool::new(false);
    let writes: Vec<(u64, String)> = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let covered = store.current_sequence();
                    let rows = store.range_scan(b"", b"", usize::MAX, true).unwrap();
                    assert!(rows.windows(2).all(|two| two[0].1 == two[1].1), "a batch was seen in part");
                    assert!(store.current_sequence() >= covered);
                    if let Some(entry) = store.get_batch(covered).unwrap() {
                        assert_eq!(entry.len(), 3);
                    }
                }
            });
        }
        let writers: Vec<_> = (0..3)
            .map(|writer| scope.spawn(move || (0..40).map(|round| put_row(store, immediate, writer, round)).collect()))
            .collect();
        let ended: Vec<thread::Result<Vec<_>>> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::SeqCst);
        ended.into_iter().flat_map(Result::unwrap).collect()
    });
    let (highest, newest) = writes.iter().max().unwrap();
    assert_eq!(store.get(b"c").unwrap().unwrap(), newest.as_bytes(), "the highest number is in force");
    assert_eq!(writes.iter().map(|(number, _)| number).collect::<HashSet<_>>().len(), writes.len());
    reaches(store, *highest);
    for (number, value) in writes.iter().filter(|_| batch_log) {
        assert_eq!(store.get_batch(*number).unwrap().unwrap()[2].1, value.as_bytes());
    }
}

fn put_row(store: &dyn StoreEngine, immediate: bool, writer: u32, round: u32) -> (u64, String) {
    let value = format!("{writer}-{round}");
    let number = store.put_batch(&["a", "b", "c"].map(|key| valued(key, &value))).unwrap();
    assert!(!immediate || store.current_sequence() >= number);
    (number, value)
}
