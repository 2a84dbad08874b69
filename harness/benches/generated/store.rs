//! Histories of a right store, generated call by call, so that they can be of any length.
//!
//! The store takes effect as each call returns, with eight calls in flight.

use std::collections::{BTreeMap, VecDeque};

use storecheck::call::{Call, Outcome, Pair, Range, Reply};
use storecheck::history::Recorded;
use storecheck::octets::{Decimal, Octets};
use storecheck::scenario::generate::SplitMix;

const CLIENTS: usize = 8;
/// Log entries that the calls of the whole mix leave behind the newest.
const ENTRIES: u64 = 200;

/// What the clients do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) keys: u64,
    /// Of a hundred calls, those that put, scan, and do one of the six things left; the others get.
    pub(crate) puts: u64,
    pub(crate) scans: u64,
    pub(crate) others: u64,
    /// Pairs of a put, rows of a scan.
    pub(crate) pairs: u64,
    pub(crate) rows: u64,
}

/// 80 % gets and 20 % puts of one pair over 1,000 keys.
pub(crate) const POINTS: Mix = Mix { keys: 1000, puts: 20, scans: 0, others: 0, pairs: 1, rows: 0 };

/// A store, and the calls in flight on it.
struct Store {
    mix: Mix,
    draws: SplitMix,
    state: BTreeMap<Octets, Octets>,
    log: BTreeMap<u64, Vec<Pair>>,
    number: u64,
}

impl Store {
    fn key(&mut self) -> Octets {
        Octets::text(&format!("key{:06}", self.draws.below(self.mix.keys)))
    }

    fn request(&mut self, turn: u64) -> Call {
        let choice = self.draws.below(100);
        let Mix { puts, scans, others, pairs, rows, .. } = self.mix;
        if choice < puts {
            let value = Octets::text(&format!("value of call {turn}"));
            Call::PutBatch((0..pairs).map(|_| (self.key(), value.clone())).collect())
        } else if choice < puts + scans {
            let (start, end) = (self.key(), Octets::default());
            Call::RangeScan(Range { start, end, limit: Decimal(rows), forward: true })
        } else if choice < puts + scans + others {
            self.other()
        } else {
            Call::Get(self.key())
        }
    }

    fn other(&mut self) -> Call {
        match self.draws.below(6) {
            0 => Call::DeleteBatch(vec![self.key(), self.key()]),
            1 => Call::GetMany(vec![self.key(), self.key(), self.key()]),
            2 => Call::CurrentSequence {},
            3 => Call::GetBatch(Decimal(self.number.saturating_sub(self.draws.below(4)))),
            4 => Call::OldestRetainedBatch {},
            _ => Call::PruneBatchLog(Decimal(self.number.saturating_sub(ENTRIES))),
        }
    }

    fn answer(&mut self, request: &Call) -> Reply {
        match request {
            Call::PutBatch(pairs) => {
                self.state.extend(pairs.iter().cloned());
                Reply::Sequence(Decimal(self.next(pairs.clone())))
            }
            Call::DeleteBatch(keys) => {
                keys.iter().for_each(|key| drop(self.state.remove(key)));
                Reply::Sequence(Decimal(self.next(Vec::new())))
            }
            Call::RangeScan(range) => {
                let rows = self.state.range(range.start.clone()..).take(self.mix.rows as usize);
                Reply::Rows(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            Call::Get(key) => Reply::Value(self.state.get(key).cloned()),
            Call::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| (key.clone(), self.state.get(key).cloned())).collect())
            }
            Call::CurrentSequence {} => Reply::Sequence(Decimal(self.number)),
            Call::GetBatch(number) => Reply::Batch(self.log.get(&number.0).cloned()),
            Call::OldestRetainedBatch {} => Reply::Oldest(self.log.keys().next().map(|number| Decimal(*number))),
            Call::PruneBatchLog(cutoff) => {
                let kept = self.log.split_off(&cutoff.0);
                Reply::Removed(Decimal(std::mem::replace(&mut self.log, kept).len() as u64))
            }
        }
    }

    fn next(&mut self, pairs: Vec<Pair>) -> u64 {
        self.number += 1;
        if self.mix.others > 0 {
            self.log.insert(self.number, pairs);
        }
        self.number
    }
}

/// So many calls of a mix, in the order in which they began.
pub(crate) struct Generated {
    store: Store,
    left: u64,
    made: u64,
    tick: u64,
    /// Calls that began and were not handed out yet; the first has the place `handed` in the history.
    window: VecDeque<Recorded>,
    handed: u64,
    open: [Option<u64>; CLIENTS],
}

impl Generated {
    pub(crate) fn new(mix: Mix, calls: u64) -> Self {
        let store = Store { mix, draws: SplitMix::new(7), state: BTreeMap::new(), log: BTreeMap::new(), number: 0 };
        Self { store, left: calls, made: 0, tick: 0, window: VecDeque::new(), handed: 0, open: [None; CLIENTS] }
    }

    fn begin(&mut self, client: usize) {
        self.left -= 1;
        self.open[client] = Some(self.made);
        let request = self.store.request(self.made);
        let outcome = Outcome::Reply(Reply::Done {});
        self.window.push_back(Recorded {
            client: client as u32,
            call: self.tick,
            ret: None,
            ns: [0, 0],
            request,
            outcome,
        });
        self.made += 1;
    }

    fn end(&mut self, client: usize) {
        let Some(nth) = self.open[client].take() else { return };
        let recorded = &mut self.window[(nth - self.handed) as usize];
        recorded.outcome = Outcome::Reply(self.store.answer(&recorded.request));
        recorded.ret = Some(self.tick);
        self.tick += 1;
    }
}

impl Iterator for Generated {
    type Item = Recorded;

    fn next(&mut self) -> Option<Recorded> {
        loop {
            if self.window.front().is_some_and(|recorded| recorded.ret.is_some()) {
                self.handed += 1;
                return self.window.pop_front();
            }
            let idle = self.open.iter().position(Option::is_none).filter(|_| self.left > 0);
            match idle {
                Some(client) => self.begin(client),
                None if self.window.is_empty() => return None,
                None => {
                    let client = self.store.draws.below(CLIENTS as u64) as usize;
                    self.end(client);
                }
            }
        }
    }
}
