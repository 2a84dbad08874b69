//! Rounds of every workload on the map engine, on engines that answer wrongly, and on one that stalls.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use storecheck::bench::Measured;
use storecheck::bench::latency::Latency;
use storecheck::bench::run::{Bench, run};
use storecheck::bench::workload::{Workload, builtin};
use storecheck::{Bytes, Engine, StoreEngine};
use storecheck_btree::BTree;

type Rows = Vec<(Bytes, Bytes)>;

/// What an engine does otherwise than the map, from its so-manieth call on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    StaleGet,
    ValueOfAnother,
    ShortScan,
    ScanOutOfOrder,
    CountsOneLess,
    ForgetsPuts,
    NumbersStandStill,
    EntryOfAnother,
    KeepsDeleted,
    Panics,
    StallsOnce,
}

struct Faulty {
    store: BTree,
    fault: Fault,
    calls: AtomicU64,
}

/// Filling a store takes fewer calls, and no round fewer.
const FROM: u64 = 60;
const STALL: Duration = Duration::from_millis(50);

impl Faulty {
    fn at(&self, fault: Fault) -> bool {
        self.fault == fault && self.calls.fetch_add(1, Ordering::Relaxed) >= FROM
    }
}

impl StoreEngine for Faulty {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        assert!(!self.at(Fault::Panics), "injected");
        if self.at(Fault::ForgetsPuts) {
            return self.store.put_batch(&[]);
        }
        let number = self.store.put_batch(kvs)?;
        Ok(if self.at(Fault::NumbersStandStill) { 7 } else { number })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if self.fault == Fault::StallsOnce && self.calls.fetch_add(1, Ordering::Relaxed) == FROM {
            std::thread::sleep(STALL);
        }
        if self.at(Fault::StaleGet) {
            return Ok(None);
        }
        let other: &[u8] = b"0000000000000000";
        self.store.get(if self.at(Fault::ValueOfAnother) { other } else { key })
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Rows, String> {
        let mut rows = self.store.range_scan(start, end, limit, forward)?;
        if self.at(Fault::ShortScan) {
            rows.pop();
        }
        if self.at(Fault::ScanOutOfOrder) && rows.len() > 2 {
            rows.swap(1, 2);
        }
        Ok(rows)
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.store.delete_batch(if self.at(Fault::KeepsDeleted) { &[] } else { keys })
    }

    fn current_sequence(&self) -> u64 {
        self.store.current_sequence()
    }

    fn get_batch(&self, number: u64) -> Result<Option<Rows>, String> {
        self.store.get_batch(if self.at(Fault::EntryOfAnother) { 1 } else { number })
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.store.oldest_retained_batch()
    }

    fn prune_batch_log(&self, cutoff: u64) -> Result<u64, String> {
        let removed = self.store.prune_batch_log(cutoff)?;
        Ok(if self.at(Fault::CountsOneLess) { removed - 1 } else { removed })
    }
}

fn workload(name: &str) -> Workload {
    let all = builtin().expect("the bundled workloads are right");
    all.into_iter().find(|workload| workload.name == name).unwrap_or_else(|| panic!("no workload {name}"))
}

fn round(workload: &Workload, fault: Fault) -> Measured {
    let dir = tempfile::tempdir().expect("a scratch folder");
    // Kept from one opening to the next: what is measured is the harness.
    let kept: Arc<Faulty> = Arc::new(Faulty { store: BTree::new(), fault, calls: AtomicU64::new(0) });
    let engine = Engine::new("faulty", move |_: &Path| Ok(Kept(Arc::clone(&kept))));
    // A round ends at the first wrong reply: a long one gives a busy machine the time to come to it.
    let milliseconds = if matches!(fault, Fault::None | Fault::StallsOnce) { 20 } else { 400 };
    let bench = Bench { workload: workload.clone(), keys: 5000, milliseconds, seed: 3 };
    run(&bench, &engine, dir.path())
}

/// A store that outlives its closing.
struct Kept(Arc<Faulty>);

impl StoreEngine for Kept {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        self.0.put_batch(kvs)
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key)
    }
    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Rows, String> {
        self.0.range_scan(start, end, limit, forward)
    }
    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.0.delete_batch(keys)
    }
    fn current_sequence(&self) -> u64 {
        self.0.current_sequence()
    }
    fn get_batch(&self, number: u64) -> Result<Option<Rows>, String> {
        self.0.get_batch(number)
    }
    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.0.oldest_retained_batch()
    }
    fn prune_batch_log(&self, cutoff: u64) -> Result<u64, String> {
        self.0.prune_batch_log(cutoff)
    }
}

#[test]
fn every_workload_runs_on_a_right_engine_and_makes_its_calls() {
    for workload in builtin().expect("the bundled workloads are right") {
        let measured = round(&workload, Fault::None);
        assert_eq!(measured.problem, "", "{workload}");
        assert!(measured.calls > 0 && measured.nanoseconds > 0, "{workload}");
        assert!(measured.calls <= workload.calls.unwrap_or(u64::MAX), "{workload}: {}", measured.calls);
    }
}

#[test]
fn a_wrong_reply_is_told_and_gives_no_figure() {
    let cases = [
        ("get-hit", Fault::StaleGet, "answered no value"),
        ("get-hit", Fault::ValueOfAnother, "answered 100 octets that are not its value"),
        ("get-many-100", Fault::ValueOfAnother, "get_many of 100 keys answered 100 entries, not all right"),
        ("scan-100", Fault::ShortScan, "a scan for 100 rows answered 99, not all of them right and in order"),
        (
            "scan-100-reverse",
            Fault::ScanOutOfOrder,
            "a scan for 100 rows answered 100, not all of them right and in order",
        ),
        ("get-batch", Fault::EntryOfAnother, "answered no such entry as was put"),
        ("prune-10", Fault::CountsOneLess, "removed 9 entries, and not 10"),
        ("put-1", Fault::NumbersStandStill, "a write was given number 7 after"),
        ("put-1", Fault::ForgetsPuts, "afterwards the store has "),
        ("put-1-by-4", Fault::ForgetsPuts, "afterwards the store has "),
        ("delete-10", Fault::KeepsDeleted, "afterwards the store has "),
        ("put-10", Fault::Panics, "the engine panicked"),
        ("mixed-by-4", Fault::StaleGet, "answered no value"),
        ("mixed-at-1000", Fault::Panics, "the engine panicked"),
    ];
    for (name, fault, expected) in cases {
        // At a thousand calls a second it would take long to come to the fault.
        let workload = Workload { rate: workload(name).rate.map(|_| 20_000), ..workload(name) };
        let measured = round(&workload, fault);
        assert!(measured.problem.contains(expected), "{name}, {fault:?}: {:?}", measured.problem);
    }
}

#[test]
fn a_stall_shows_in_every_call_that_it_holds_up() {
    let paced = Workload { rate: Some(5000), clients: 1, ..workload("get-hit") };
    let measured = round(&paced, Fault::StallsOnce);
    assert_eq!(measured.problem, "");
    let late = measured.latency.iter().filter(|(time, _)| u128::from(*time) > STALL.as_nanos() / 2);
    // The round is over before the stall is: what was due in it is late by more than half a stall or so.
    let late: u64 = late.map(|(_, calls)| calls).sum();
    assert!(late >= 20, "{late} of {:?}", Latency::of_buckets(&measured.latency).percentiles());
}
