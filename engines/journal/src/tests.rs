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
