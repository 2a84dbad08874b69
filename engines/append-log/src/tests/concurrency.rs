//! Many writers at once: numbers, log and State agree, and readers are never ahead of or behind what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use storecheck::StoreEngine;

use super::{pair, put, reopened, see};
use crate::AppendLog;

const WRITERS: u64 = 8;
const EACH: u64 = 60;

#[test]
fn numbers_are_distinct_and_contiguous_and_the_log_replays_to_state() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    let done = AtomicBool::new(false);
    let mut numbers: Vec<u64> = thread::scope(|scope| {
        let reader = scope.spawn(|| follow(&store, &done));
        let write = |writer: u64, round: u64| {
            let value = format!("{writer}.{round}");
            let pairs = [pair(&format!("own {writer}"), &value), pair("shared", &value), pair("last", &value)];
            let number = store.put_batch(&pairs).unwrap();
            assert!(store.current_sequence() >= number);
            assert_eq!(store.get_batch(number).unwrap().unwrap(), pairs);
            assert_eq!(store.get(pairs[0].0.as_ref()).unwrap().unwrap(), value.as_bytes());
            number
        };
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || (0..EACH).map(|round| write(writer, round)).collect::<Vec<_>>()))
            .collect();
        let numbers = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        numbers
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=WRITERS * EACH).collect::<Vec<_>>());
    let seen = see(&store);
    let replayed: BTreeMap<_, _> = seen.log.iter().flat_map(|(_, pairs)| pairs.clone()).collect();
    assert_eq!(replayed.into_iter().collect::<Vec<_>>(), seen.state);
    reopened(store, dir.path(), 1);
}

/// Reads until the writers are done: what the current number promises is there, and a batch is seen whole.
fn follow(store: &AppendLog, done: &AtomicBool) {
    let mut last = 0;
    while !done.load(Ordering::Relaxed) {
        let current = store.current_sequence();
        assert!(current >= last);
        assert!((last..=current).skip(1).all(|number| store.get_batch(number).unwrap().is_some()));
        let rows = store.range_scan(b"last", b"shared", usize::MAX, true).unwrap();
        let of = |name: &str| rows.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        assert_eq!(of("last"), of("shared"));
        last = current;
        thread::yield_now();
    }
}

#[test]
fn prunes_and_compactions_beside_writers_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 500).unwrap();
    let removed: u64 = thread::scope(|scope| {
        let work = |writer: u64| {
            let mut removed = 0;
            for round in 0..EACH {
                let key = format!("{writer} {round}");
                let number = put(&store, &key, "some value").unwrap();
                if round % 3 == 0 {
                    store.delete_batch(&[key.as_bytes()]).unwrap();
                }
                if round % 7 == writer % 7 {
                    removed += store.prune_batch_log(number).unwrap();
                }
            }
            removed
        };
        let workers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || work(writer))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let seen = see(&store);
    assert_eq!(seen.current, WRITERS * (EACH + EACH / 3));
    assert_eq!(removed + seen.log.len() as u64, seen.current, "every entry was removed once or is there");
    assert_eq!(seen.state.len() as u64, WRITERS * (EACH - EACH / 3));
    reopened(store, dir.path(), 500);
}
