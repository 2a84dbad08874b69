//! What writers get to see when the system fails, and what is there afterwards.

use std::fs;

use storecheck::StoreEngine;

use super::{put, reopened, see};
use crate::AppendLog;
use crate::log_file::Faults;

fn inject(store: &AppendLog, faults: Faults) {
    store.writer().log.file.faults = faults;
}

#[test]
fn a_failed_write_stores_nothing_and_the_next_one_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    let before = see(&store);
    inject(&store, Faults { write: true, ..Faults::default() });
    assert!(put(&store, "a", "2").is_err() && store.delete_batch(&[b"a"]).is_err());
    assert!(store.prune_batch_log(2).is_err());
    assert_eq!(see(&store), before);
    inject(&store, Faults::default());
    let store = reopened(store, dir.path(), 1);
    assert_eq!(put(&store, "a", "3"), Ok(2));
    reopened(store, dir.path(), 1);
}

#[test]
fn a_failed_write_that_cannot_be_cut_off_ends_writing() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    inject(&store, Faults { write: true, cut: true, ..Faults::default() });
    assert!(put(&store, "a", "2").is_err());
    inject(&store, Faults::default());
    assert!(put(&store, "a", "3").unwrap_err().contains("reopened"));
    let store = reopened(store, dir.path(), 1);
    assert_eq!(put(&store, "a", "4"), Ok(2));
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    let before = see(&store);
    inject(&store, Faults { sync: true, ..Faults::default() });
    assert!(put(&store, "a", "2").is_err());
    inject(&store, Faults::default());
    assert!(put(&store, "b", "3").unwrap_err().contains("reopened"));
    assert!(store.prune_batch_log(9).unwrap_err().contains("reopened"));
    assert_eq!(see(&store), before, "reads go on, and show nothing that may not be on the disk");
    drop(store);
    // Here the failed write did reach the file, and no later one was acknowledged: it is there whole.
    let store = AppendLog::open(dir.path()).unwrap();
    assert_eq!((store.current_sequence(), store.get(b"a"), store.get(b"b")), (2, Ok(Some(b"2".to_vec())), Ok(None)));
    assert_eq!(put(&store, "b", "4"), Ok(3));
    reopened(store, dir.path(), 1);
}

#[test]
fn a_compaction_that_cannot_begin_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    // A folder under the new log's name: it can neither be opened as a file nor removed as one.
    fs::create_dir(dir.path().join("store.log.new")).unwrap();
    for round in 1..=20 {
        assert_eq!(put(&store, "a", "value"), Ok(round));
        assert_eq!(store.prune_batch_log(u64::MAX), Ok(1));
    }
    fs::remove_dir(dir.path().join("store.log.new")).unwrap();
    let store = reopened(store, dir.path(), 1);
    assert_eq!(put(&store, "a", "value"), Ok(21));
    reopened(store, dir.path(), 1);
}

#[test]
fn a_compaction_of_uncertain_end_stops_writing() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open_with(dir.path(), true, 1).unwrap();
    put(&store, "a", "1").unwrap();
    store.writer().directory.fail_install = true;
    // The prune itself is on the disk before anything is compacted.
    assert_eq!(store.prune_batch_log(2), Ok(1));
    assert!(put(&store, "a", "2").unwrap_err().contains("reopened"));
    let store = reopened(store, dir.path(), 1);
    assert_eq!(put(&store, "a", "3"), Ok(2));
}

#[test]
fn a_leader_that_panics_leaves_a_store_that_reads() {
    let dir = tempfile::tempdir().unwrap();
    let store = AppendLog::open(dir.path()).unwrap();
    put(&store, "a", "1").unwrap();
    let before = see(&store);
    std::thread::scope(|scope| {
        let panics = || {
            let _writer = store.writer();
            panic!("on purpose");
        };
        assert!(scope.spawn(panics).join().is_err());
    });
    assert!(put(&store, "a", "2").unwrap_err().contains("reopened"));
    assert_eq!(see(&store), before);
    reopened(store, dir.path(), 1);
}
