//! What this engine must get right where SQLite could get in its way. The suite checks the rest.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use storecheck::StoreEngine;
use tempfile::TempDir;

use crate::Sqlite;

fn fresh() -> (TempDir, Sqlite) {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path()).unwrap();
    (dir, store)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(Bytes, Bytes)> {
    list.iter().map(|(key, value)| (Bytes::copy_from_slice(key.as_bytes()), value.to_string().into())).collect()
}

fn keys(rows: &[(Bytes, Bytes)]) -> Vec<&[u8]> {
    rows.iter().map(|(key, _)| &key[..]).collect()
}

#[test]
fn a_reopened_store_is_the_same_store() {
    let (dir, store) = fresh();
    let first = pairs(&[("a", "1"), ("b", "2"), ("a", "3")]);
    assert_eq!(store.put_batch(&first), Ok(1));
    assert_eq!(store.delete_batch(&[b"b", b"never"]), Ok(2));
    assert_eq!(store.put_batch(&[]), Ok(3));
    assert_eq!(store.prune_batch_log(1), Ok(0));
    drop(store);
    assert!(!dir.path().join("store.sqlite3-wal").exists(), "closing folds the write-ahead log into the database");

    let store = Sqlite::open(dir.path()).unwrap();
    assert_eq!(store.current_sequence(), 3);
    assert_eq!(store.range_scan(b"", b"", usize::MAX, true), Ok(pairs(&[("a", "3")])));
    assert_eq!(store.get_batch(1), Ok(Some(first)));
    assert_eq!(store.get_batch(2), Ok(Some(vec![])));
    assert_eq!(store.oldest_retained_batch(), Ok(Some(1)));
    assert_eq!(store.delete_batch(&[]), Ok(4));
}

#[test]
fn numbering_survives_an_emptied_store() {
    let (dir, store) = fresh();
    store.put_batch(&pairs(&[("a", "1")])).unwrap();
    store.delete_batch(&[b"a"]).unwrap();
    assert_eq!(store.prune_batch_log(u64::MAX), Ok(2));
    drop(store);
    let store = Sqlite::open(dir.path()).unwrap();
    assert_eq!((store.current_sequence(), store.oldest_retained_batch()), (2, Ok(None)));
    assert_eq!(store.put_batch(&pairs(&[("a", "2")])), Ok(3));
    assert_eq!(store.oldest_retained_batch(), Ok(Some(3)));
}

#[test]
fn numbers_beyond_what_sqlite_can_hold() {
    let (_dir, store) = fresh();
    store.put_batch(&pairs(&[("a", "1")])).unwrap();
    for number in [0, 2, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX] {
        assert_eq!(store.get_batch(number), Ok(None), "get_batch({number})");
    }
    assert_eq!(store.prune_batch_log(0), Ok(0));
    assert_eq!(store.prune_batch_log(1), Ok(0));
    for cutoff in [u64::MAX, 1 << 63, i64::MAX as u64] {
        let number = store.put_batch(&pairs(&[("a", "1")])).unwrap();
        assert!(store.prune_batch_log(cutoff).unwrap() > 0, "prune_batch_log({cutoff})");
        assert_eq!(store.prune_batch_log(cutoff), Ok(0), "prune_batch_log({cutoff}) again");
        assert_eq!(store.get_batch(number), Ok(None));
    }
}

#[test]
fn keys_are_ordered_as_unsigned_octets() {
    let (_dir, store) = fresh();
    let mut expected: Vec<Vec<u8>> =
        [&[][..], &[0], &[0, 0], b"a", b"a\0", b"ab", b"b", &[0x7F], &[0x80], &[0xFF], &[0xFF, 0xFF], &[0xFF; 254]]
            .map(<[u8]>::to_vec)
            .to_vec();
    let batch: Vec<_> = expected.iter().rev().map(|key| (Bytes::from(key.clone()), Bytes::new())).collect();
    store.put_batch(&batch).unwrap();
    assert_eq!(keys(&store.range_scan(b"", b"", usize::MAX, true).unwrap()), expected);
    assert_eq!(store.get(b"").unwrap(), Some(vec![]), "the empty key holds the empty value");
    expected.reverse();
    assert_eq!(keys(&store.range_scan(b"", b"", usize::MAX, false).unwrap()), expected);
}

#[test]
fn bounds_and_limits() {
    let (_dir, store) = fresh();
    store.put_batch(&pairs(&[("a", "1"), ("b", "2"), ("c", "3")])).unwrap();
    let scan = |start: &str, end: &str, limit, forward| {
        let rows = store.range_scan(start.as_bytes(), end.as_bytes(), limit, forward).unwrap();
        rows.iter().map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect::<String>()
    };
    assert_eq!(scan("a", "b", usize::MAX, true), "ab");
    assert_eq!(scan("a", "b", 1, false), "b");
    assert_eq!(scan("b", "", usize::MAX, false), "cb");
    assert_eq!(scan("c", "a", usize::MAX, true), "");
    assert_eq!(scan("c", "a", usize::MAX, false), "");
    assert_eq!(scan("b", "b", usize::MAX, true), "b");
    assert_eq!(scan("", "", 0, true), "");
}

#[test]
fn large_values_and_large_batches() {
    let (_dir, store) = fresh();
    let value = Bytes::from(vec![7; 10 << 20]);
    store.put_batch(&[(Bytes::from("large"), value.clone())]).unwrap();
    assert_eq!(store.get(b"large").unwrap().unwrap(), value);
    let many: Vec<_> = (0..100_000).map(|i| (Bytes::from(format!("{i:06}")), Bytes::from("v"))).collect();
    let number = store.put_batch(&many).unwrap();
    assert_eq!(store.get_batch(number).unwrap().unwrap(), many);
    assert_eq!(store.range_scan(b"0", b"9", usize::MAX, true).unwrap(), many);
}

#[test]
fn one_store_to_a_directory() {
    let (dir, store) = fresh();
    let refusal = Sqlite::open(dir.path()).unwrap_err();
    assert!(refusal.contains("already open"), "{refusal}");
    drop(store);
    Sqlite::open(dir.path()).unwrap();
}

#[test]
fn messages_name_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    std::fs::create_dir(dir.path().join("store.sqlite3")).unwrap();
    for refusal in [Sqlite::open(&missing), Sqlite::open(dir.path())].map(Result::unwrap_err) {
        assert!(!refusal.contains(&*dir.path().to_string_lossy()), "{refusal}");
    }
}

#[test]
fn a_panic_in_a_write_leaves_a_working_store() {
    let (_dir, store) = fresh();
    store.put_batch(&pairs(&[("a", "1")])).unwrap();
    thread::scope(|scope| {
        let torn = scope.spawn(|| {
            store.write(&[], |transaction| {
                crate::tables::delete(transaction, &[b"a"])?;
                panic!("in the middle of a write");
            })
        });
        torn.join().unwrap_err();
    });
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(store.put_batch(&pairs(&[("a", "2")])), Ok(2));
}

/// More readers than the pool has connections, several writers and a pruner: nobody meets an error (GEN-12), and
/// nobody sees half a batch (ISO-3).
#[test]
fn readers_and_writers_at_once() {
    const WRITERS: u64 = 4;
    const ROUNDS: u64 = 100;
    let (_dir, store) = fresh();
    let done = AtomicBool::new(false);
    let start = Barrier::new(WRITERS as usize + 25);
    thread::scope(|scope| {
        for reader in 0..24 {
            let (store, done, start) = (&store, &done, &start);
            scope.spawn(move || {
                start.wait();
                while !done.load(Ordering::SeqCst) {
                    let seen = store.current_sequence();
                    let rows = store.range_scan(b"", b"", usize::MAX, reader % 2 == 0).unwrap();
                    assert!(rows.windows(2).all(|two| two[0].1 == two[1].1), "a batch was seen in part");
                    let many = store.get_many(&[b"b", b"a"]).unwrap();
                    assert_eq!(many[0].1, many[1].1, "get_many reads at one instant");
                    assert!(seen == 0 || !rows.is_empty(), "a published write was not visible");
                    if let Some(oldest) = store.oldest_retained_batch().unwrap() {
                        assert!(oldest <= store.current_sequence());
                    }
                    store.get_batch(seen).unwrap();
                }
            });
        }
        let pruner = (&store, &done, &start);
        scope.spawn(move || {
            let (store, done, start) = pruner;
            start.wait();
            while !done.load(Ordering::SeqCst) {
                store.prune_batch_log(store.current_sequence() / 2).unwrap();
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    start.wait();
                    for round in 0..ROUNDS {
                        let value = format!("{writer}-{round}");
                        let number = store.put_batch(&pairs(&[("a", &value), ("b", &value), ("c", &value)])).unwrap();
                        assert!(store.current_sequence() >= number);
                    }
                })
            })
            .collect();
        let ended: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok));
    });
    assert_eq!(store.current_sequence(), WRITERS * ROUNDS);
}

/// Reads that overlap without a gap must not keep the write-ahead log from starting afresh.
#[test]
fn steady_reads_do_not_let_the_log_grow() {
    let (_dir, store) = fresh();
    let done = AtomicBool::new(false);
    let value = Bytes::from(vec![7; 1 << 20]);
    let largest = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    store.range_scan(b"", b"", usize::MAX, true).unwrap();
                }
            });
        }
        let largest = (0..60u8).map(|round| {
            store.put_batch(&[(Bytes::from(vec![round % 4]), value.clone())]).unwrap();
            std::fs::metadata(&store.write_ahead_log).unwrap().len()
        });
        let largest = largest.max();
        done.store(true, Ordering::SeqCst);
        largest.unwrap()
    });
    assert!(largest <= crate::LARGE_LOG, "{largest} octets after a write");
}

/// A conformance run opens hundreds of stores. The bound is loose for busy machines; it catches a slip of kind, such
/// as opening the whole pool.
#[test]
fn opening_is_quick() {
    let start = Instant::now();
    for _ in 0..20 {
        fresh();
    }
    let each = start.elapsed() / 20;
    println!("opening and closing a fresh store: {each:?}");
    assert!(each.as_millis() < 200, "{each:?}");
}
