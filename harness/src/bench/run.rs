//! A round of a workload in the process of the engine: fill a store, let clients at it, look whether it is right, and
//! see what it took.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::client::{Burst, Client, Filled, Round, nanoseconds};
use super::document::Measured;
use super::keys::{Draw, Pairs, index, key};
use super::latency::Latency;
use super::workload::{Keys, Move, Start, Work, Workload};
use crate::engine::{Engine, StoreEngine};

/// Pairs of a batch that fills a store, so that a batch-log entry is as long as one that a follower reads.
const BATCH: u64 = 100;
/// How long a burst should take: long beside starting its threads, short beside a round.
const BURST: Duration = Duration::from_millis(25);
/// The most calls that a client prepares at once: alone few enough to stay out of the way of the engine's data in the
/// processor's cache, beside others enough to make up for starting a thread.
const CALLS_MAX: [u64; 2] = [1 << 12, 1 << 15];
/// The most octets of them.
const OCTETS_MAX: u64 = 8 << 20;
/// From how short a call on only one in [`STRIDE`] is timed.
const SHORT: Duration = Duration::from_micros(4);
const STRIDE: u64 = 32;
/// Openings of a store in one round.
const OPENINGS: u32 = 3;

/// A round, as a worker is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bench {
    /// What clients do.
    pub workload: Workload,
    /// Keys of a filled store.
    pub keys: u64,
    /// How long clients go on, unless the workload says when they are done.
    pub milliseconds: u64,
    /// What keys and their order are drawn from.
    pub seed: u64,
}

/// Runs a round on a store of `engine` in `dir`, which is empty. What goes wrong is part of the answer.
#[must_use]
pub fn run(bench: &Bench, engine: &Engine, dir: &Path) -> Measured {
    let before = memory("VmRSS:");
    let mut measured = Measured::default();
    let ran = catch_unwind(AssertUnwindSafe(|| round(bench, engine, dir, &mut measured)));
    measured.problem = match ran {
        Ok(Ok(())) => String::new(),
        Ok(Err(problem)) => problem,
        Err(_) => "the engine panicked".to_owned(),
    };
    measured.memory = before.and_then(|before| Some(memory("VmHWM:")?.saturating_sub(before)));
    measured
}

fn round(bench: &Bench, engine: &Engine, dir: &Path, measured: &mut Measured) -> Result<(), String> {
    let workload = &bench.workload;
    let mut store = engine.open(dir)?;
    let pairs = Arc::new(Pairs::new(bench.seed, workload.value as usize));
    let batches = match workload.start {
        Start::Empty => Vec::new(),
        Start::Loaded => fill(&*store, bench, &pairs)?,
    };
    let round = Round {
        workload: workload.clone(),
        filled: bench.keys,
        pairs: Arc::clone(&pairs),
        order: Keys::Scattered,
        batches,
        added: AtomicU64::new(0),
        budget: AtomicU64::new(workload.calls.unwrap_or(u64::MAX)),
        stop: AtomicBool::new(false),
    };
    let before = disk_writes();
    let mut held = bench.keys;
    if workload.reopens() {
        store = reopen(store, engine, dir, measured)?;
    } else {
        let mut clients: Vec<Client<'_>> =
            (0..workload.clients).map(|nth| Client::new(&round, nth, bench.seed)).collect();
        let made = match workload.rate {
            Some(rate) => paced(&mut clients, &*store, rate, bench.milliseconds, measured),
            None => bursts(&mut clients, &*store, bench, measured),
        };
        let mut latency = Latency::default();
        for client in &clients {
            latency.merge(&client.latency);
            measured.written += client.written;
            held = held + client.added() - client.deleted;
        }
        measured.latency = latency.buckets();
        made?;
    }
    measured.disk_writes = before.and_then(|before| Some(disk_writes()? - before)).filter(|octets| *octets > 0);
    audit(&*store, &pairs, held)?;
    measured.held = held * pairs.size();
    drop(store);
    measured.disk = octets_below(dir);
    Ok(())
}

/// Fills the store in scattered order.
fn fill(store: &dyn StoreEngine, bench: &Bench, pairs: &Pairs) -> Result<Vec<Filled>, String> {
    let draw = Draw::new(bench.seed, bench.keys);
    let batch = bench.keys.checked_div(bench.workload.entries).map_or(BATCH, |pairs| pairs.clamp(1, BATCH));
    let mut batches = Vec::new();
    let mut first = 0;
    while first < bench.keys {
        let count = batch.min(bench.keys - first);
        let filled: Vec<_> =
            (first..first + count).map(|nth| pairs.pair(draw.filling(Keys::Scattered, nth), nth)).collect();
        let sequence = store.put_batch(&filled)?;
        batches.push(Filled { sequence, first, pairs: count });
        first += count;
    }
    Ok(batches)
}

/// Lets clients make calls in bursts until the work is done or the time is up.
fn bursts(
    clients: &mut [Client<'_>],
    store: &dyn StoreEngine,
    bench: &Bench,
    measured: &mut Measured,
) -> Result<(), String> {
    let time = Duration::from_millis(bench.milliseconds);
    let most = (OCTETS_MAX / octets_of_call(&bench.workload)).clamp(4, CALLS_MAX[usize::from(clients.len() > 1)]);
    let (mut each, mut stride, mut spent) = (16.min(most), 1, Duration::ZERO);
    while bench.workload.work == Work::Load || spent < time {
        let made = burst(clients, store, each, stride)?;
        let calls: u64 = made.iter().map(|burst| burst.calls).sum();
        if calls == 0 {
            break;
        }
        let from = made.iter().map(|burst| burst.from).min();
        let to = made.iter().map(|burst| burst.to).max();
        let took = from.zip(to).map_or(Duration::ZERO, |(from, to)| to - from);
        spent += took;
        measured.calls += calls;
        measured.nanoseconds += nanoseconds(took);
        stride = if took.as_nanos() < u128::from(calls) * SHORT.as_nanos() { STRIDE } else { 1 };
        if took < BURST {
            each = (each * 2).min(most);
        }
    }
    Ok(())
}

/// One burst: all begin at once, and when the first has nothing left to do all end.
fn burst(clients: &mut [Client<'_>], store: &dyn StoreEngine, each: u64, stride: u64) -> Result<Vec<Burst>, String> {
    if let [client] = clients {
        client.resume();
        return Ok(vec![client.burst(store, each, stride, Instant::now)?]);
    }
    clients.iter().for_each(Client::resume);
    let start = Barrier::new(clients.len());
    std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(|| {
                    client.burst(store, each, stride, || {
                        start.wait();
                        Instant::now()
                    })
                })
            })
            .collect();
        running.into_iter().map(|client| client.join().map_err(|_| "the engine panicked".to_owned())?).collect()
    })
}

/// Octets that a prepared call takes, roughly.
fn octets_of_call(workload: &Workload) -> u64 {
    let pair = u64::from(workload.value) + 128;
    let octets = workload.steps.iter().map(|step| match step.r#do {
        Move::Put { pairs, .. } => u64::from(pairs) * pair,
        Move::Modify { .. } => pair,
        Move::GetMany { keys } | Move::Delete { keys } => u64::from(keys) * 16,
        _ => 64,
    });
    octets.max().unwrap_or(64)
}

/// Lets clients make calls at a set rate.
fn paced(
    clients: &mut [Client<'_>],
    store: &dyn StoreEngine,
    rate: u32,
    milliseconds: u64,
    measured: &mut Measured,
) -> Result<(), String> {
    let count = u32::try_from(clients.len()).unwrap_or(u32::MAX);
    let every = Duration::from_secs(1) / rate;
    let start = Instant::now() + Duration::from_millis(1);
    let end = start + Duration::from_millis(milliseconds);
    let problem = Mutex::new(None);
    let made: Vec<Burst> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..)
            .zip(clients.iter_mut())
            .map(|(nth, client)| scope.spawn(move || client.paced(store, start + every * nth, every * count, end)))
            .collect();
        let joined = running.into_iter().map(|client| client.join().map_err(|_| "the engine panicked".to_owned()));
        joined
            .filter_map(|made| {
                made.and_then(|made| made)
                    .map_err(|wrong| problem.lock().unwrap_or_else(PoisonError::into_inner).replace(wrong))
                    .ok()
            })
            .collect()
    });
    measured.calls = made.iter().map(|burst| burst.calls).sum();
    let last = made.iter().map(|burst| burst.to).max().unwrap_or(end).max(end);
    measured.nanoseconds = nanoseconds(last - start);
    problem.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Closes the store and times its opening.
fn reopen(
    mut store: Arc<dyn StoreEngine>,
    engine: &Engine,
    dir: &Path,
    measured: &mut Measured,
) -> Result<Arc<dyn StoreEngine>, String> {
    let mut latency = Latency::default();
    for _ in 0..OPENINGS {
        drop(store);
        let start = Instant::now();
        store = engine.open(dir)?;
        let first = store.get(&key(0))?;
        let took = nanoseconds(start.elapsed());
        if first.is_none() {
            return Err("a store that was opened again lacks its first key".to_owned());
        }
        latency.add(took);
        measured.calls += 1;
        measured.nanoseconds += took;
    }
    measured.latency = latency.buckets();
    Ok(store)
}

/// Reads everything once: all rows are right and in order, and as many as there must be.
fn audit(store: &dyn StoreEngine, pairs: &Pairs, expected: u64) -> Result<(), String> {
    const CHUNK: usize = 4096;
    let (mut from, mut rows) = (Vec::new(), 0_u64);
    loop {
        let chunk = store.range_scan(&from, &[], CHUNK, true)?;
        for (key, value) in &chunk {
            if key[..] < from[..] || !index(key).is_some_and(|index| pairs.is_of(index, value)) {
                return Err(format!("afterwards, row {rows} of the store is not one that was put"));
            }
            rows += 1;
            from.clear();
            from.extend_from_slice(key);
            // The least key above it.
            from.push(0);
        }
        if chunk.len() < CHUNK {
            break;
        }
    }
    if rows == expected { Ok(()) } else { Err(format!("afterwards the store has {rows} rows, and not {expected}")) }
}

/// A line of the process's status, in octets.
fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Octets that the process has had written to disks so far.
fn disk_writes() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/self/io").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()
}

fn octets_below(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let octets = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => octets_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    octets.sum()
}
