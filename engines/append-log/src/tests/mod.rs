//! Tests of the whole engine, and what they share.

mod commit;
mod concurrency;
mod damage;
mod faults;
mod reopen;

use std::fs;
use std::path::Path;

use storecheck::{Bytes, StoreEngine};

use crate::AppendLog;
use crate::record::Pair;

fn pair(key: &str, value: &str) -> Pair {
    (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()))
}

fn put(store: &AppendLog, key: &str, value: &str) -> Result<u64, String> {
    store.put_batch(&[pair(key, value)])
}

/// Everything that readers can see of a store.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    state: Vec<Pair>,
    log: Vec<(u64, Vec<Pair>)>,
    oldest: Option<u64>,
    current: u64,
}

fn see(store: &AppendLog) -> Seen {
    let current = store.current_sequence();
    let entry = |number| Some((number, store.get_batch(number).unwrap()?));
    Seen {
        state: store.range_scan(b"", b"", usize::MAX, true).unwrap(),
        log: (0..=current + 2).filter_map(entry).collect(),
        oldest: store.oldest_retained_batch().unwrap(),
        current,
    }
}

/// Reopens a store and demands that nothing changed.
fn reopened(store: AppendLog, dir: &Path, least_dead: u64) -> AppendLog {
    let before = see(&store);
    drop(store);
    let store = AppendLog::open_with(dir, true, least_dead).expect("a store that was closed opens");
    assert_eq!(see(&store), before);
    store
}

fn log_size(dir: &Path) -> u64 {
    fs::metadata(dir.join("store.log")).unwrap().len()
}
