use std::fs::OpenOptions;

use storecheck::{Bytes, StoreEngine};

use super::*;

fn pair(key: &str, value: &str) -> (Bytes, Bytes) {
    (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
}

/// A few writes of each kind.
fn work(store: &Journal) {
    store.put_batch(&[pair("a", "1"), pair("b", "1"), pair("a", "2")]).unwrap();
    store.delete_batch(&[b"b"]).unwrap();
    store.put_batch(&[pair("c", "3")]).unwrap();
    store.prune_batch_log(2).unwrap();
}

fn check(store: &Journal) {
    assert_eq!((store.get(b"a"), store.get(b"b")), (Ok(Some(b"2".to_vec())), Ok(None)));
    assert_eq!((store.get_batch(1), store.get_batch(2)), (Ok(None), Ok(Some(vec![]))));
    assert_eq!((store.oldest_retained_batch(), store.current_sequence()), (Ok(Some(2)), 3));
}

#[test]
fn a_reopen_changes_nothing() {
    for (framing, compact_at) in [Framing::Whole, Framing::Committed, Framing::Halves].into_iter().zip([1 << 20, 1, 60])
    {
        let dir = tempfile::tempdir().unwrap();
        let habits = Habits { framing, compact_at, ..Habits::RIGHT };
        let store = Journal::open(dir.path(), habits).unwrap();
        work(&store);
        check(&store);
        assert!(Journal::open(dir.path(), habits).is_err(), "it is open already");
        drop(store);
        check(&Journal::open(dir.path(), habits).unwrap());
    }
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_tore() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
    store.put_batch(&[pair("a", "1")]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    store.put_batch(&[pair("a", "2"), pair("b", "2")]).unwrap();
    drop(store);
    let all = std::fs::read(&path).unwrap();
    for length in whole.len()..all.len() {
        std::fs::write(&path, &all[..length]).unwrap();
        let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
        assert_eq!((store.get(b"a"), store.get(b"b")), (Ok(Some(b"1".to_vec())), Ok(None)), "cut to {length} octets");
        assert_eq!(store.put_batch(&[pair("c", "3")]), Ok(2));
        drop(store);
        assert_eq!(Journal::open(dir.path(), Habits::RIGHT).unwrap().get(b"c"), Ok(Some(b"3".to_vec())));
    }
}

#[test]
fn the_number_outlives_its_entries() {
    let dir = tempfile::tempdir().unwrap();
    let store = Journal::open(dir.path(), Habits { compact_at: 1, ..Habits::RIGHT }).unwrap();
    work(&store);
    store.prune_batch_log(u64::MAX).unwrap();
    drop(store);
    let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
    assert_eq!((store.oldest_retained_batch(), store.put_batch(&[])), (Ok(None), Ok(4)));
}

#[test]
fn a_compaction_leaves_what_counts_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
    let long = "v".repeat(1_000);
    let mut longest = 0;
    for round in 0..100 {
        store.put_batch(&[pair("a", &long), pair("b", &long)]).unwrap();
        store.prune_batch_log(round + 1).unwrap();
        longest = longest.max(std::fs::metadata(&path).unwrap().len());
    }
    assert!(longest < 40 << 10, "{longest} octets");
    drop(store);
    let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
    assert_eq!((store.current_sequence(), store.oldest_retained_batch()), (100, Ok(Some(100))));
    assert_eq!(store.get_batch(100), Ok(Some(vec![pair("a", &long), pair("b", &long)])));
}

/// A store whose writes fail from now on, as the new file of a compaction cannot be made.
fn failing(habits: Habits) -> (Journal, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("journal.new")).unwrap();
    let store = Journal::open(dir.path(), Habits { compact_at: 1, ..habits }).unwrap();
    store.put_batch(&[pair("a", "1")]).unwrap();
    (store, dir)
}

#[test]
fn after_a_failure_it_reads_and_does_not_write() {
    let (store, dir) = failing(Habits::RIGHT);
    let refused = store.put_batch(&[pair("a", "2")]).unwrap_err();
    assert!(refused.contains("opened again"), "{refused}");
    assert_eq!((store.get(b"a"), store.current_sequence()), (Ok(Some(b"1".to_vec())), 1));
    assert!(store.delete_batch(&[b"a"]).is_err());
    drop(store);
    std::fs::remove_dir(dir.path().join("journal.new")).unwrap();
    let store = Journal::open(dir.path(), Habits::RIGHT).unwrap();
    assert_eq!((store.get(b"a"), store.put_batch(&[pair("a", "2")])), (Ok(Some(b"1".to_vec())), Ok(2)));
}

#[test]
fn zeros_at_the_end_are_no_records() {
    for (tail, found) in [(Tail::Cut, Some(b"2".to_vec())), (Tail::ZerosKept, None)] {
        let dir = tempfile::tempdir().unwrap();
        let habits = Habits { tail, ..Habits::RIGHT };
        drop(Journal::open(dir.path(), habits).unwrap());
        let file = OpenOptions::new().write(true).open(dir.path().join("journal")).unwrap();
        file.set_len(1_000).unwrap();
        Journal::open(dir.path(), habits).unwrap().put_batch(&[pair("b", "2")]).unwrap();
        assert_eq!(Journal::open(dir.path(), habits).unwrap().get(b"b"), Ok(found), "{tail:?}");
    }
}

#[test]
fn what_no_checksum_is_of_counts_when_it_is_torn() {
    for (checksum, found) in [(Checksum::Whole, 0), (Checksum::Head, 1), (Checksum::None, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let habits = Habits { checksum, ..Habits::RIGHT };
        Journal::open(dir.path(), habits).unwrap().put_batch(&[pair("a", "1"), pair("b", "2")]).unwrap();
        let file = OpenOptions::new().write(true).open(dir.path().join("journal")).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        let store = Journal::open(dir.path(), habits).unwrap();
        assert_eq!(store.range_scan(b"", b"", 9, true).unwrap().len(), found, "{checksum:?}");
    }
}
