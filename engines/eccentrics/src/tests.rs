//! Every oddity is really there, and beside it every eccentric is an ordinary store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use storecheck::{Durability, Engine, Frontier, StoreEngine, Target};
use tempfile::TempDir;

use crate::base::Pairs;
use crate::layers::SLOWNESS;
use crate::{REOPENING, all};

fn engine(name: &str) -> Engine {
    all().into_iter().find(|eccentric| eccentric.engine.name() == name).unwrap().engine
}

/// An eccentric in memory.
fn open(name: &str) -> Arc<dyn StoreEngine> {
    engine(name).open(TempDir::new().unwrap().path()).unwrap()
}

fn pair(key: &str, value: &str) -> (Bytes, Bytes) {
    (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
}

fn many(pairs: usize) -> Pairs {
    (0..pairs).map(|number| pair(&format!("{number:06}"), "v")).collect()
}

fn one(store: &dyn StoreEngine) -> u64 {
    store.put_batch(&[pair("k", "v")]).unwrap()
}

/// That a call was refused in words, changed nothing and took no number.
fn refused(store: &dyn StoreEngine, call: impl FnOnce() -> Result<u64, String>) {
    let before = (store.current_sequence(), store.range_scan(b"", b"", usize::MAX, true).unwrap());
    assert!(!call().unwrap_err().is_empty());
    assert_eq!((store.current_sequence(), store.range_scan(b"", b"", usize::MAX, true).unwrap()), before);
    assert_eq!(store.get_batch(before.0 + 1), Ok(None));
    assert_eq!(one(store), before.0 + 1);
}

#[test]
fn there_are_eighteen_and_each_has_a_name_of_its_own() {
    let all = all();
    let names: BTreeSet<_> = all.iter().map(|eccentric| eccentric.engine.name().to_owned()).collect();
    assert_eq!((all.len(), names.len()), (19 - 1, 18));
    let at_trait: Vec<_> = all.iter().filter(|e| e.target == Target::Trait).map(|e| e.engine.name()).collect();
    assert_eq!(at_trait, ["no-batch-log", "holes-in-numbers", "deletes-not-logged"]);
}

#[test]
fn beside_their_oddity_they_are_ordinary_stores() {
    for eccentric in all() {
        let (name, dir) = (eccentric.engine.name(), TempDir::new().unwrap());
        let store = eccentric.engine.open(dir.path()).unwrap();
        let fresh = store.current_sequence();
        let batch = [pair("b", "1"), pair("a", "2"), pair("b", "3"), pair("", "")];
        assert_eq!(store.put_batch(&batch), Ok(fresh + 1), "{name}");
        assert_eq!(store.get(b"b"), Ok(Some(b"3".to_vec())), "{name}");
        let keys = |start: &[u8], end: &[u8], limit, forward| {
            let rows = store.range_scan(start, end, limit, forward).unwrap();
            rows.into_iter().map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(keys(b"", b"", usize::MAX, true), ["", "a", "b"], "{name}");
        assert_eq!(keys(b"a", b"", 1, false), ["b"], "{name}");
        assert!(keys(b"b", b"a", 9, true).is_empty() && keys(b"", b"", 0, true).is_empty(), "{name}");
        let looked = store.get_many(&[b"b", b"none", b"b"]).unwrap();
        let three = Some(b"3".to_vec());
        assert_eq!(
            looked,
            [(b"b".to_vec(), three.clone()), (b"none".to_vec(), None), (b"b".to_vec(), three)],
            "{name}"
        );
        assert!(store.delete_batch(&[b"b", b"b", b"none"]).unwrap() > fresh + 1, "{name}");
        assert_eq!(store.get(b"b"), Ok(None), "{name}");
        if eccentric.engine.declarations().batch_log {
            assert_eq!(store.get_batch(fresh + 1).unwrap().unwrap(), batch, "{name}");
            assert_eq!(store.oldest_retained_batch(), Ok(Some(fresh + 1)), "{name}");
        }
        store.prune_batch_log(u64::MAX).unwrap();
        assert_eq!((store.oldest_retained_batch(), store.prune_batch_log(u64::MAX)), (Ok(None), Ok(0)), "{name}");
    }
}

#[test]
fn no_batch_log_has_none() {
    let store = open("no-batch-log");
    assert_eq!(one(&*store), 1);
    assert_eq!((store.get_batch(1), store.oldest_retained_batch()), (Ok(None), Ok(None)));
    assert_eq!(store.prune_batch_log(u64::MAX), Ok(0));
}

#[test]
fn lagging_frontier_trails_and_catches_up() {
    assert_eq!(engine("lagging-frontier").declarations().frontier, Frontier::Lagging);
    let store = open("lagging-frontier");
    (1..=5).for_each(|number| assert_eq!(one(&*store), number));
    assert_eq!([(); 5].map(|()| store.current_sequence()), [3, 4, 5, 5, 5]);
}

#[test]
fn fresh_number_10_12_begins_there() {
    let store = open("fresh-number-10-12");
    assert_eq!(store.current_sequence(), 1_000_000_000_000);
    assert_eq!(one(&*store), 1_000_000_000_001);
}

#[test]
fn holes_in_numbers_has_steps_of_one_to_three() {
    let store = open("holes-in-numbers");
    let numbers: Vec<_> = (0..50).map(|_| one(&*store)).collect();
    let steps: BTreeSet<_> = numbers.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!((numbers[0], steps), (1, BTreeSet::from([1, 2, 3])));
    assert_eq!(store.prune_batch_log(numbers[10] + 1), Ok(11));
    assert_eq!(store.oldest_retained_batch(), Ok(Some(numbers[11])));
}

#[test]
fn deletes_not_logged_take_numbers_only() {
    let store = open("deletes-not-logged");
    assert_eq!((one(&*store), store.delete_batch(&[b"k"]), one(&*store)), (1, Ok(2), 3));
    assert_eq!(store.get_batch(2), Ok(None));
    assert_eq!((store.prune_batch_log(3), store.oldest_retained_batch()), (Ok(1), Ok(Some(3))));
}

#[test]
fn refusals_change_nothing() {
    let store = open("empty-puts-refused");
    refused(&*store, || store.put_batch(&[]));
    let store = open("empty-deletes-refused");
    refused(&*store, || store.delete_batch(&[]));
    let store = open("large-batches-refused");
    refused(&*store, || store.put_batch(&many(10_001)));
    assert_eq!(store.put_batch(&many(10_000)), Ok(2));
    let store = open("long-values-refused");
    let value = Bytes::from(vec![7; (10 << 20) + 1]);
    refused(&*store, || store.put_batch(&[pair("a", "v"), (Bytes::from_static(b"b"), value.clone())]));
    assert_eq!(store.put_batch(&[(Bytes::from_static(b"b"), value.slice(1..))]), Ok(2));
}

#[test]
fn long_keys_are_refused_where_they_are_written_and_missing_where_they_are_read() {
    let store = open("long-keys-refused");
    let long = Bytes::from(vec![b'k'; 255]);
    refused(&*store, || store.put_batch(&[pair("a", "v"), (long.clone(), Bytes::new())]));
    refused(&*store, || store.delete_batch(&[b"k", &long]));
    assert_eq!(store.get(&long), Ok(None));
    assert!(store.range_scan(&long, b"", 1, true).is_err() && store.range_scan(b"", &long, 1, false).is_err());
    assert!(store.put_batch(&[(long.slice(1..), Bytes::new())]).is_ok());
    assert_eq!(store.range_scan(b"", &long[1..], 9, true).unwrap().len(), 2);
}

#[test]
fn empty_deletes_noop_answers_the_current_number() {
    let store = open("empty-deletes-noop");
    assert_eq!((one(&*store), store.delete_batch(&[]), store.get_batch(2)), (1, Ok(1), Ok(None)));
}

#[test]
fn number_burnt_on_err_leaves_an_empty_entry() {
    let store = open("number-burnt-on-err");
    assert_eq!(store.put_batch(&many(50_000)), Ok(1));
    assert!(store.put_batch(&[many(50_000), vec![pair("new", "v")]].concat()).is_err());
    assert_eq!((store.current_sequence(), store.get_batch(2), store.get(b"new")), (2, Ok(Some(vec![])), Ok(None)));
    assert_eq!(one(&*store), 3);
}

#[test]
fn slow_takes_its_time() {
    let store = open("slow");
    let since = Instant::now();
    (0..20).for_each(|_| assert_eq!(store.current_sequence(), 0));
    assert!(since.elapsed() >= SLOWNESS * 20);
}

#[test]
fn shared_buffer_bytes_lie_side_by_side() {
    let store = open("shared-buffer-bytes");
    store.put_batch(&[pair("a", "12"), pair("bc", "3")]).unwrap();
    for pairs in [store.range_scan(b"", b"", 9, true).unwrap(), store.get_batch(1).unwrap().unwrap()] {
        assert_eq!(pairs, [pair("a", "12"), pair("bc", "3")]);
        assert_eq!(pairs[0].0.as_ptr_range().end, pairs[0].1.as_ptr());
        assert_eq!(pairs[0].1.as_ptr_range().end, pairs[1].0.as_ptr());
    }
}

#[test]
fn clean_close_keeps_everything_and_one_open_at_a_time() {
    for name in ["clean-close-only", "slow-reopen"] {
        let (engine, dir) = (engine(name), TempDir::new().unwrap());
        assert_eq!(engine.declarations().durability, Durability::CleanClose);
        let store = engine.open(dir.path()).unwrap();
        store.put_batch(&[pair("a", "1"), pair("b", "2")]).unwrap();
        store.delete_batch(&[b"a"]).unwrap();
        store.put_batch(&[]).unwrap();
        store.prune_batch_log(2).unwrap();
        assert!(engine.open(dir.path()).is_err(), "{name} is open already");
        assert!(!crate::saved::exists(dir.path()), "{name} writes when it is dropped");
        drop(store);
        let store = engine.open(dir.path()).unwrap();
        assert_eq!(store.range_scan(b"", b"", 9, true).unwrap(), [pair("b", "2")]);
        assert_eq!((store.oldest_retained_batch(), store.get_batch(3)), (Ok(Some(2)), Ok(Some(vec![]))));
        assert_eq!((store.current_sequence(), one(&*store)), (3, 4));
    }
}

#[test]
fn slow_reopen_is_slow_only_where_something_was_saved() {
    let (engine, dir) = (engine("slow-reopen"), TempDir::new().unwrap());
    drop(engine.open(dir.path()).unwrap());
    let since = Instant::now();
    engine.open(dir.path()).unwrap();
    assert!(since.elapsed() >= REOPENING);
}
