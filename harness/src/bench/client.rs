//! One client of a benchmark: it prepares calls, makes them one after the other, and looks at every reply.
//!
//! What a call needs is made ready before the clock runs, and given up when it has stopped. Replies are looked at while
//! it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt;

use super::keys::{Draw, KEY, Pairs, key};
use super::latency::Latency;
use super::verify::{CLOSE, Look, Scan, THOROUGH};
use super::workload::{Direction, Keys, Move, Start, Step, Work, Workload};
use crate::engine::StoreEngine;

/// A batch that filling made: its number, and the first and the number of its keys.
#[derive(Debug, Clone, Copy)]
pub struct Filled {
    /// The number it was given.
    pub sequence: u64,
    /// Which of the filled keys is its first, in the order of filling.
    pub first: u64,
    /// How many.
    pub pairs: u64,
}

/// What all clients of a round share.
#[derive(Debug)]
pub struct Round {
    /// What they do.
    pub workload: Workload,
    /// Keys of a filled store.
    pub filled: u64,
    /// Their values.
    pub pairs: Arc<Pairs>,
    /// The order in which keys were filled in.
    pub order: Keys,
    /// Batches of filling.
    pub batches: Vec<Filled>,
    /// How many keys clients have begun to add.
    pub added: AtomicU64,
    /// Calls that may still be made.
    pub budget: AtomicU64,
    /// Set when one client has nothing prepared any more.
    pub stop: AtomicBool,
}

/// A client.
pub struct Client<'a> {
    round: &'a Round,
    draw: Draw,
    wheel: Vec<Move>,
    version: u64,
    newest: u64,
    /// Keys that this client removed.
    pub deleted: u64,
    /// Log entries that are pruned.
    pruned: usize,
    own: Vec<u64>,
    /// Times of its calls.
    pub latency: Latency,
    /// Octets of the pairs it has put.
    pub written: u64,
    /// Calls it has made.
    pub calls: u64,
}

/// A call with all it needs. Small, so that thousands of them leave the processor's cache to the engine.
enum Prepared {
    Put(Box<Batch>),
    Get(u64, bool, [u8; KEY]),
    Modify([u8; KEY], u64, Box<Batch>),
    GetMany(Vec<[u8; KEY]>),
    Scan(Scan),
    GetBatch(Filled),
    Prune { cutoff: u64, removes: u64 },
    Delete(Vec<[u8; KEY]>),
}

/// What is put, and which of its keys a filled store does not have.
struct Batch {
    pairs: Vec<(Bytes, Bytes)>,
    new: Vec<u64>,
}

/// What a client did between two looks at the clock of the round.
#[derive(Debug, Clone, Copy)]
pub struct Burst {
    /// When it made its first call.
    pub from: Instant,
    /// When its last call returned.
    pub to: Instant,
    /// Calls made.
    pub calls: u64,
}

impl<'a> Client<'a> {
    /// Client number `nth` of the round.
    #[must_use]
    pub fn new(round: &'a Round, nth: u32, seed: u64) -> Self {
        let wheel = round.workload.steps.iter().flat_map(|Step { share, r#do }| vec![*r#do; *share as usize]).collect();
        Self {
            round,
            draw: Draw::new(seed ^ (u64::from(nth) << 32), round.filled),
            wheel,
            // Versions tell writers apart.
            version: (u64::from(nth) + 1) << 40,
            newest: 0,
            deleted: 0,
            pruned: 0,
            own: Vec::new(),
            latency: Latency::default(),
            written: 0,
            calls: 0,
        }
    }

    /// Lets the clients of the round go on after a burst.
    pub fn resume(&self) {
        self.round.stop.store(false, Ordering::Relaxed);
    }

    /// Prepares at most `most` calls; none when the work is done.
    fn prepare(&mut self, most: u64) -> Vec<Prepared> {
        let left = &self.round.budget;
        let granted = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(most)));
        let granted = granted.unwrap_or(0).min(most);
        (0..granted).map_while(|_| self.next()).collect()
    }

    fn next(&mut self) -> Option<Prepared> {
        let pick = if self.wheel.len() == 1 { 0 } else { self.draw.random.random_range(0..self.wheel.len()) };
        Some(match self.wheel[pick] {
            Move::Put { pairs, keys } => {
                let indexes: Vec<u64> = (0..pairs).map_while(|_| self.written(keys)).collect();
                if indexes.is_empty() {
                    return None;
                }
                Prepared::Put(Box::new(self.batch(&indexes)))
            }
            Move::Get { keys } => {
                let index = self.existing(keys);
                Prepared::Get(index, keys != Keys::Absent, key(index))
            }
            Move::Modify { keys } => {
                let index = self.existing(keys);
                Prepared::Modify(key(index), index, Box::new(self.batch(&[index])))
            }
            Move::GetMany { keys } => Prepared::GetMany((0..keys).map(|_| key(self.existing(Keys::Uniform))).collect()),
            Move::Scan { rows, direction, at_most } => self.scan(rows, direction, at_most),
            Move::GetBatch {} => {
                let nth = self.draw.random.random_range(0..self.round.batches.len());
                Prepared::GetBatch(self.round.batches[nth])
            }
            Move::Prune { entries } => {
                let from = self.pruned;
                self.pruned = from + entries as usize;
                let cutoff = self.round.batches.get(self.pruned)?.sequence;
                Prepared::Prune { cutoff, removes: u64::from(entries) }
            }
            Move::Delete { keys } => {
                let from = self.deleted;
                self.deleted += u64::from(keys);
                if self.deleted > self.round.filled {
                    self.deleted = from;
                    return None;
                }
                let keys = (from..self.deleted).map(|nth| key(self.draw.filling(Keys::Scattered, nth)));
                Prepared::Delete(keys.collect())
            }
            // The round reopens the store itself: a client only borrows it.
            Move::Reopen {} => return None,
        })
    }

    fn existing(&mut self, keys: Keys) -> u64 {
        let own = &self.own;
        let added = own.len() as u64;
        // As many as the client has put itself, which therefore are there.
        self.draw.existing(keys, added, |nth| own.get(usize::try_from(nth).unwrap_or(0)).copied().unwrap_or(0))
    }

    /// The number of the next key to be put; none when all are.
    fn written(&mut self, keys: Keys) -> Option<u64> {
        let round = self.round;
        Some(match keys {
            Keys::Sequential | Keys::Scattered => {
                let nth = round.added.fetch_add(1, Ordering::Relaxed);
                if round.workload.work == Work::Load {
                    if nth >= round.filled {
                        return None;
                    }
                    self.draw.filling(keys, nth)
                } else if keys == Keys::Sequential {
                    2 * (round.filled + nth)
                } else {
                    self.draw.between(nth)
                }
            }
            _ => self.existing(keys),
        })
    }

    fn batch(&mut self, indexes: &[u64]) -> Batch {
        let version = self.version;
        self.version += indexes.len() as u64;
        let pairs = (version..).zip(indexes).map(|(version, index)| self.round.pairs.pair(*index, version)).collect();
        // A store that is filled has the even numbers below this.
        let behind = if self.round.workload.start == Start::Loaded { 2 * self.round.filled } else { u64::MAX };
        let new = indexes.iter().copied().filter(|index| behind < u64::MAX && (*index >= behind || index % 2 == 1));
        Batch { pairs, new: new.collect() }
    }

    fn scan(&mut self, rows: u32, direction: Direction, at_most: bool) -> Prepared {
        let limit = if at_most { self.draw.random.random_range(1..=rows) } else { rows };
        let forward = direction == Direction::Forward;
        // From where there are enough keys, so that the number of rows is known.
        let from = if self.round.filled > u64::from(rows) {
            let place = self.draw.random.random_range(0..=self.round.filled - u64::from(rows));
            if forward { place } else { place + u64::from(rows) - 1 }
        } else if forward {
            0
        } else {
            self.round.filled - 1
        };
        let exact = self.round.filled >= u64::from(rows);
        Prepared::Scan(Scan { start: key(2 * from), limit: limit as usize, forward, exact })
    }

    /// Prepares a burst of at most `most` calls, and makes them when `begin` returns; one in `stride`, a power of two, is
    /// timed. A client that has made all its calls stops the others.
    ///
    /// # Errors
    /// What was wrong with a reply.
    pub fn burst(
        &mut self,
        store: &dyn StoreEngine,
        most: u64,
        stride: u64,
        begin: impl FnOnce() -> Instant,
    ) -> Result<Burst, String> {
        let prepared = self.prepare(most);
        let from = begin();
        let (mut calls, mut last) = (0, from);
        let mut wrong = Ok(());
        for call in &prepared {
            if self.round.stop.load(Ordering::Relaxed) {
                // What was granted and is not made goes back.
                self.round.budget.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            // Reading the clock takes a tenth of the shortest calls: of those only some are timed.
            let started = match stride {
                1 => Some(last),
                _ => (calls & (stride - 1) == 0).then(Instant::now),
            };
            wrong = self.make(store, call, self.calls + calls);
            calls += 1;
            if let Some(started) = started {
                last = Instant::now();
                self.latency.add(nanoseconds(last - started));
            }
            if wrong.is_err() {
                break;
            }
        }
        let to = Instant::now();
        self.round.stop.store(true, Ordering::Relaxed);
        self.calls += calls;
        wrong.map(|()| Burst { from, to, calls })
    }

    /// Makes calls when they are due, `every` after the one before, until `end`. A call's time counts from when it was
    /// due, so that a stall shows in every call that it holds up.
    ///
    /// # Errors
    /// What was wrong with a reply.
    pub fn paced(
        &mut self,
        store: &dyn StoreEngine,
        mut due: Instant,
        every: Duration,
        end: Instant,
    ) -> Result<Burst, String> {
        let (from, mut calls) = (due, 0);
        while due < end {
            let Some(call) = self.prepare(1).pop() else { break };
            wait_until(due);
            self.make(store, &call, calls)?;
            calls += 1;
            self.latency.add(nanoseconds(due.elapsed()));
            due += every;
        }
        self.calls += calls;
        Ok(Burst { from, to: Instant::now(), calls })
    }

    fn make(&mut self, store: &dyn StoreEngine, call: &Prepared, nth: u64) -> Result<(), String> {
        let look =
            Look { pairs: &self.round.pairs, close: nth.is_multiple_of(CLOSE), thorough: nth.is_multiple_of(THOROUGH) };
        match call {
            Prepared::Put(batch) => {
                let number = store.put_batch(&batch.pairs)?;
                self.put(batch, number)
            }
            Prepared::Get(index, present, key) => look.get(*index, *present, store.get(key)?.as_deref()),
            Prepared::Modify(key, index, batch) => {
                look.get(*index, true, store.get(key)?.as_deref())?;
                let number = store.put_batch(&batch.pairs)?;
                self.put(batch, number)
            }
            Prepared::GetMany(keys) => {
                let asked: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
                look.many(keys, &store.get_many(&asked)?)
            }
            Prepared::Scan(scan) => {
                let (from, to): (&[u8], &[u8]) = if scan.forward { (&scan.start, &[]) } else { (&[], &scan.start) };
                look.rows(scan, &store.range_scan(from, to, scan.limit, scan.forward)?)
            }
            Prepared::GetBatch(batch) => {
                let entry = store.get_batch(batch.sequence)?;
                look.entry(*batch, &self.draw, self.round.order, entry.as_deref())
            }
            Prepared::Prune { cutoff, removes } => match store.prune_batch_log(*cutoff)? {
                removed if removed == *removes => Ok(()),
                removed => Err(format!("prune below {cutoff} removed {removed} entries, and not {removes}")),
            },
            Prepared::Delete(keys) => {
                let number = store.delete_batch(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>())?;
                self.numbered(number)
            }
        }
    }

    fn put(&mut self, batch: &Batch, number: u64) -> Result<(), String> {
        self.written += batch.pairs.len() as u64 * self.round.pairs.size();
        self.own.extend_from_slice(&batch.new);
        self.numbered(number)
    }

    /// Keys that this client has added to a filled store.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.own.len() as u64
    }

    fn numbered(&mut self, number: u64) -> Result<(), String> {
        if number <= self.newest {
            return Err(format!("a write was given number {number} after {} by the same client", self.newest));
        }
        self.newest = number;
        Ok(())
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Sleeps for most of the time and spins for the rest: a sleep may end too late by a scheduler's tick.
fn wait_until(due: Instant) {
    const SPIN: Duration = Duration::from_micros(200);
    let left = due.saturating_duration_since(Instant::now());
    if left > SPIN {
        std::thread::sleep(left - SPIN);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}
