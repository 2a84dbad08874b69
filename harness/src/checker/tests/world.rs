//! A right store that lives through random calls of several clients, and the history of it.

use std::collections::BTreeMap;

use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::history::Recorded;
use crate::octets::{Decimal, Octets};
use crate::scenario::generate::SplitMix;

const CLIENTS: u64 = 4;
const KEYS: u64 = 6;

/// A right store, and the history of what was asked of it.
pub(super) struct World {
    pub(super) draws: SplitMix,
    pub(super) state: BTreeMap<Octets, Octets>,
    /// Every value that a key ever had.
    pub(super) past: BTreeMap<Octets, Vec<Octets>>,
    pub(super) log: BTreeMap<u64, Vec<Pair>>,
    pub(super) number: u64,
    tick: u64,
    values: u64,
    pub(super) history: Vec<Recorded>,
}

impl World {
    /// A store after a history of 40 to 120 calls of four clients, all of which have returned.
    pub(super) fn lived(seed: u64) -> Self {
        let mut world = Self {
            draws: SplitMix::new(seed),
            state: BTreeMap::new(),
            past: BTreeMap::new(),
            log: BTreeMap::new(),
            number: 0,
            tick: 0,
            values: 0,
            history: Vec::new(),
        };
        let calls = 40 + world.draws.below(80);
        let mut open: Vec<usize> = Vec::new();
        for _ in 0..calls {
            while open.len() as u64 == CLIENTS || (!open.is_empty() && world.draws.percent(50)) {
                let at = world.draws.below(open.len() as u64) as usize;
                world.answer(open.swap_remove(at));
            }
            let request = world.request();
            open.push(world.begin(request));
        }
        for at in open {
            world.answer(at);
        }
        // What the injections need: a value that was replaced, a key that was deleted, an entry that was kept.
        let value = world.value();
        let other = world.value();
        world.ask(Call::PutBatch(vec![(key(0), value.clone()), (key(1), value.clone()), (key(2), value)]));
        world.ask(Call::PutBatch(vec![(key(0), other.clone()), (key(1), other)]));
        world.ask(Call::DeleteBatch(vec![key(2)]));
        world
    }

    pub(super) fn value(&mut self) -> Octets {
        self.values += 1;
        Octets::text(&format!("v{}", self.values))
    }

    pub(super) fn key(&mut self) -> Octets {
        key(self.draws.below(KEYS))
    }

    pub(super) fn request(&mut self) -> Call {
        match self.draws.below(12) {
            0..4 => {
                let count = 1 + self.draws.below(3);
                Call::PutBatch((0..count).map(|_| (self.key(), self.value())).collect())
            }
            4 => Call::DeleteBatch(vec![self.key()]),
            5 => Call::GetMany(vec![self.key(), self.key()]),
            6 => whole(),
            7 => Call::CurrentSequence {},
            8 => Call::GetBatch(Decimal(self.draws.below(self.number + 2))),
            9 => Call::OldestRetainedBatch {},
            10 => Call::PruneBatchLog(Decimal(self.number.saturating_sub(self.draws.below(12)))),
            _ => Call::Get(self.key()),
        }
    }

    pub(super) fn begin(&mut self, request: Call) -> usize {
        let outcome = Outcome::Reply(Reply::Done {});
        let client = self.history.len() as u32;
        self.history.push(Recorded { client, call: self.tick, ret: None, ns: [0, 0], request, outcome });
        self.history.len() - 1
    }

    /// The call takes effect and returns.
    pub(super) fn answer(&mut self, at: usize) {
        let reply = self.right(&self.history[at].request.clone());
        self.end(at, reply);
    }

    pub(super) fn end(&mut self, at: usize, reply: Reply) {
        self.history[at].outcome = Outcome::Reply(reply);
        self.history[at].ret = Some(self.tick);
        self.tick += 1;
    }

    /// A call alone, answered rightly.
    pub(super) fn ask(&mut self, request: Call) {
        let at = self.begin(request);
        self.answer(at);
    }

    /// A call alone, with that answer.
    pub(super) fn say(&mut self, request: Call, reply: Reply) {
        let at = self.begin(request);
        self.end(at, reply);
    }

    fn right(&mut self, request: &Call) -> Reply {
        match request {
            Call::PutBatch(pairs) => {
                for (key, value) in pairs {
                    self.past.entry(key.clone()).or_default().push(value.clone());
                    self.state.insert(key.clone(), value.clone());
                }
                self.next(pairs.clone())
            }
            Call::DeleteBatch(keys) => {
                keys.iter().for_each(|key| drop(self.state.remove(key)));
                self.next(Vec::new())
            }
            Call::Get(key) => Reply::Value(self.state.get(key).cloned()),
            Call::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| (key.clone(), self.state.get(key).cloned())).collect())
            }
            Call::RangeScan(_) => Reply::Rows(self.rows()),
            Call::CurrentSequence {} => Reply::Sequence(Decimal(self.number)),
            Call::GetBatch(number) => Reply::Batch(self.log.get(&number.0).cloned()),
            Call::OldestRetainedBatch {} => Reply::Oldest(self.log.keys().next().copied().map(Decimal)),
            Call::PruneBatchLog(cutoff) => {
                let kept = self.log.split_off(&cutoff.0);
                Reply::Removed(Decimal(std::mem::replace(&mut self.log, kept).len() as u64))
            }
        }
    }

    fn next(&mut self, pairs: Vec<Pair>) -> Reply {
        // Holes leave room for a number that comes too late.
        self.number += 1 + self.draws.below(2);
        self.log.insert(self.number, pairs);
        Reply::Sequence(Decimal(self.number))
    }

    pub(super) fn rows(&self) -> Vec<Pair> {
        self.state.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// A put of one key, in flight, that has the next number and has taken effect.
    pub(super) fn put_in_flight(&mut self, pairs: Vec<Pair>) -> (usize, Reply) {
        let at = self.begin(Call::PutBatch(pairs.clone()));
        let reply = self.right(&Call::PutBatch(pairs));
        (at, reply)
    }

    /// Anything that a live key held before, and does not hold now.
    pub(super) fn overwritten(&self) -> (Octets, Octets) {
        let old = |key: &Octets| self.past[key].iter().find(|value| self.state[key] != **value).cloned();
        let found = self.state.keys().find_map(|key| Some((key.clone(), old(key)?)));
        found.expect("the first key's value was replaced")
    }
}

pub(super) fn key(at: u64) -> Octets {
    Octets::text(&format!("k{at}"))
}

pub(super) fn whole() -> Call {
    Call::RangeScan(Range { start: Octets::default(), end: Octets::default(), limit: Decimal(u64::MAX), forward: true })
}
