//! What a clean close, a second open and compaction keep.

use std::fs;

use storecheck::StoreEngine;

use super::{log_size, pair, put, reopened, see};
use crate::AppendLog;

#[test]
fn a_fresh_store_is_empty_and_reopens_empty() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    let size = log_size(dir.path());
    assert_eq!((store.current_sequence(), store.oldest_retained_batch()), (0, Ok(None)));
    let store = reopened(store, dir.path(), 1);
    assert_eq!(put(&store, "a", "1"), Ok(1));
    assert!(log_size(dir.path()) > size);
}

#[test]
fn puts_deletes_and_prunes_survive() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    store.put_batch(&[pair("a", "1"), pair("", ""), pair("a", "2"), pair("b", "3")]).unwrap();
    assert_eq!(store.put_batch(&[]), Ok(2));
    assert_eq!(store.delete_batch(&[b"b", b"none", b"b"]), Ok(3));
    assert_eq!(store.delete_batch(&[]), Ok(4));
    let store = reopened(store, dir.path(), u64::MAX);
    assert_eq!(store.get_batch(1).unwrap().unwrap().len(), 4);
    assert_eq!(store.prune_batch_log(3), Ok(2));
    assert_eq!((store.prune_batch_log(3), store.prune_batch_log(0)), (Ok(0), Ok(0)));
    let store = reopened(store, dir.path(), u64::MAX);
    assert_eq!((store.oldest_retained_batch(), store.get(b"b")), (Ok(Some(3)), Ok(None)));
    assert_eq!(store.delete_batch(&[b"a", b""]), Ok(5));
    assert_eq!(store.prune_batch_log(u64::MAX), Ok(3));
    let store = reopened(store, dir.path(), u64::MAX);
    assert!(see(&store).state.is_empty() && see(&store).log.is_empty());
    assert_eq!(put(&store, "b", "4"), Ok(6));
    assert_eq!(store.oldest_retained_batch(), Ok(Some(6)));
}

#[test]
fn oversize_keys_and_values_are_stored_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    let (key, value) = ("k".repeat(70_000), "v".repeat(3 << 20));
    put(&store, &key, &value).unwrap();
    let store = reopened(store, dir.path(), 1);
    assert_eq!(store.get(key.as_bytes()), Ok(Some(value.clone().into_bytes())));
    store.prune_batch_log(2).unwrap();
    put(&store, &key, &value).unwrap();
    reopened(store, dir.path(), 1);
}

#[test]
fn compaction_reclaims_space_and_keeps_state_log_and_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = AppendLog::open_with(dir.path(), true, 2000).unwrap();
    for round in 0..400_u64 {
        put(&store, &format!("key {}", round % 7), &"x".repeat(100)).unwrap();
        if round % 10 == 9 {
            store.prune_batch_log(round.saturating_sub(3)).unwrap();
        }
        if round % 97 == 0 {
            store = reopened(store, dir.path(), 2000);
        }
    }
    assert!(log_size(dir.path()) < 10_000, "70 kB were written, {} are there", log_size(dir.path()));
    let store = reopened(store, dir.path(), 2000);
    assert_eq!((see(&store).state.len(), store.current_sequence()), (7, 400));
    assert_eq!(store.oldest_retained_batch(), Ok(Some(396)));
}

#[test]
fn compaction_to_nothing_keeps_the_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    for key in ["a", "b", "c"] {
        put(&store, key, &"x".repeat(100)).unwrap();
    }
    store.delete_batch(&[b"a", b"b", b"c"]).unwrap();
    store.prune_batch_log(u64::MAX).unwrap();
    assert_eq!(log_size(dir.path()), 40, "only the header is left");
    let store = reopened(store, dir.path(), 1);
    assert_eq!((store.current_sequence(), put(&store, "a", "1")), (4, Ok(5)));
    reopened(store, dir.path(), 1);
}

#[test]
fn large_states_are_compacted_in_several_records() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    for round in 0..12 {
        put(&store, &format!("key {}", round % 6), &format!("{round}").repeat(400_000)).unwrap();
        store.prune_batch_log(u64::MAX).unwrap();
    }
    assert!(log_size(dir.path()) < 9_000_000);
    reopened(store, dir.path(), 1);
}

#[test]
fn an_unfinished_compaction_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join("store.log.new");
    fs::write(&left, "half a log").unwrap();
    let store = AppendLog::open(dir.path()).expect("a store that was never finished is made anew");
    put(&store, "a", "1").unwrap();
    drop(store);
    fs::write(&left, "half a log").unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    assert_eq!((store.get(b"a"), left.exists()), (Ok(Some(b"1".to_vec())), false));
}

#[test]
fn a_crash_around_the_rename_of_compaction_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("store.log");
    let store = AppendLog::open_with(dir.path(), true, u64::MAX).unwrap();
    for round in 0..20 {
        put(&store, "a", &format!("{round}")).unwrap();
    }
    store.prune_batch_log(18).unwrap();
    let before = see(&store);
    drop(store);
    let old = fs::read(&log).unwrap();
    // Reopened with another threshold, the next prune compacts.
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    store.prune_batch_log(19).unwrap();
    drop(store);
    let new = fs::read(&log).unwrap();
    assert!(new.len() < old.len());
    // Before the rename: the old log, and any part of the new one beside it.
    for part in [0, 1, 39, 40, new.len() - 1, new.len()] {
        fs::write(&log, &old).unwrap();
        fs::write(dir.path().join("store.log.new"), &new[..part]).unwrap();
        let store = AppendLog::open(dir.path()).unwrap();
        assert_eq!(see(&store), before, "{part} octets of the new log");
    }
}

#[test]
fn a_second_open_fails_and_a_reopen_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    for _ in 0..2 {
        assert_eq!(AppendLog::open(dir.path()).unwrap_err(), "the store is already open");
    }
    put(&store, "a", "1").unwrap();
    reopened(store, dir.path(), 1);
}

#[test]
fn opening_without_a_directory_fails_without_naming_it() {
    let dir = tempfile::tempdir().unwrap();
    let message = AppendLog::open(&dir.path().join("absent")).unwrap_err();
    assert!(!message.is_empty() && !message.contains("absent"), "{message}");
}

#[test]
fn what_an_unsynced_store_acknowledged_is_in_its_file_and_closing_vouches_for_it() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = AppendLog::open_unsynced(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    put(&store, "b", "2").unwrap();
    // As if the process ended here: the file is all that is left.
    fs::copy(dir.path().join("store.log"), copy.path().join("store.log")).unwrap();
    assert_eq!(see(&AppendLog::open(copy.path()).unwrap()), see(&store));
    let store = reopened(store, dir.path(), u64::MAX);
    assert_eq!(store.current_sequence(), 2);
    drop(store);
    // Whatever of a closed store does not check was safe once: this is damage and no torn tail.
    let mut octets = fs::read(dir.path().join("store.log")).unwrap();
    octets[70] ^= 1;
    fs::write(dir.path().join("store.log"), octets).unwrap();
    assert!(AppendLog::open(dir.path()).unwrap_err().contains("damaged"));
}
