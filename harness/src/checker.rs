//! The checker: whether one order of effects explains what many clients saw.
//!
//! Sequence numbers give the order of writes, so nothing has to be searched for. A history is right (ISO-1 to ISO-3)
//! if writes can take effect in the order of their numbers, each between its call and its return, and every read can
//! be given a State that has its answer, that may have held between its call and its return, and that is no older than
//! what an earlier call proved. Handling calls in the order of their returns, and giving each read the *least* such
//! State, is exact: later reads are bounded from below alone, so a least choice never costs them one.
//!
//! [`Checker`] takes calls in the order in which they began, and judges a return as soon as every write is in that could
//! matter to it. It keeps what reads in flight may still see, not the history.

mod anomaly;
mod diagnose;
mod digest;
mod intake;
mod log;
mod observed;
mod order;
mod proof;
mod state;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::contract::ClauseId;
use crate::engine::Frontier;
use crate::history::Recorded;
use crate::octets::Octets;
pub use anomaly::Anomaly;
use digest::Digest;
use log::{Log, LogCall};
pub use observed::{Observed, Tally};
use order::{Disorder, Order};
pub use proof::{Proof, Witness};
use state::{Keys, Sight, Unexplained};

/// What a checker needs to know of the engine, and of the store before the first call.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// When `current_sequence` must cover a write.
    pub frontier: Frontier,
    /// Whether there is a batch log.
    pub batch_log: bool,
    /// The number of the store before the first call; State and the log are empty then.
    pub fresh: u64,
}

/// A contradiction, with the calls that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What it is.
    pub anomaly: Anomaly,
    /// The call whose reply cannot be, then those that prove it, by their places in the history, from 1.
    pub calls: Vec<u64>,
    /// The key that it is about, if it is about one.
    pub key: Option<Octets>,
}

impl Violation {
    /// The clauses that it speaks against.
    #[must_use]
    pub fn clauses(&self) -> Vec<ClauseId> {
        self.anomaly.clauses().iter().map(|id| ClauseId::new(id)).collect()
    }
}

/// What a history showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Contradictions, in the order of the returns that completed them.
    pub violations: Vec<Violation>,
    /// Calls judged.
    pub judged: u64,
    /// Calls whose replies could be neither accepted nor refused: what came of a write before them is not known.
    pub undecided: u64,
    /// The first hole between two numbers, which counts where an engine has a batch log and is to be served (PUT-4).
    pub gap: Option<Violation>,
    /// What it showed of guarantees.
    pub observed: Observed,
}

/// The most violations that are kept: after the first few the rest follows from them.
const VIOLATIONS_MAX: usize = 16;
/// How many returns are judged between two looks at what may be forgotten.
const FORGET: u64 = 1024;

/// A lower bound, and the call that proves it (0 for none).
#[derive(Debug, Clone, Copy, Default)]
struct Floor {
    at: u64,
    by: u64,
}

impl Floor {
    fn raise(&mut self, at: u64, by: u64) {
        if at > self.at {
            *self = Self { at, by };
        }
    }
}

/// What is left of a call to be judged at its return.
#[derive(Debug)]
enum Work {
    Write {
        seq: u64,
    },
    Get {
        key: u32,
        value: Digest,
    },
    GetMany(Sight),
    Scan(Sight),
    Current(u64),
    Log(LogCall),
    /// Whatever it was, it says nothing more.
    Nothing,
}

/// A call between its beginning and its return.
#[derive(Debug)]
struct Open {
    nth: u64,
    call: u64,
    ret: u64,
    work: Work,
    /// The oldest State that it may have been answered from.
    floor: Floor,
    /// The highest number acknowledged before it began.
    acknowledged: Floor,
    /// The highest number that `current_sequence` had answered before it began.
    answered: Floor,
}

/// Judges a history as it comes.
pub struct Checker {
    facts: Facts,
    keys: Keys,
    order: Order,
    log: Log,
    /// Calls that wait for their beginning to be handled, in order.
    waiting: VecDeque<Open>,
    /// Calls in flight, by slot, and the slots by return.
    open: Vec<Option<Open>>,
    returns: BinaryHeap<Reverse<(u64, usize)>>,
    free: Vec<usize>,
    /// The tick at which the newest call began: all that began before it are in.
    now: u64,
    nth: u64,
    floor: Floor,
    acknowledged: Floor,
    answered: Floor,
    /// The numbers of the writes in flight.
    writing: Vec<u64>,
    /// The latest return of any write that began by now.
    writes_return: u64,
    /// Returns from this tick on are undecided.
    unknown_from: u64,
    since_forgetting: u64,
    oldest: u64,
    findings: Findings,
}

impl Checker {
    /// A checker for a store at rest.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        let at_fresh = Floor { at: facts.fresh, by: 0 };
        Self {
            facts,
            keys: Keys::default(),
            order: Order::new(facts.fresh),
            log: Log::new(facts.batch_log),
            waiting: VecDeque::new(),
            open: Vec::new(),
            returns: BinaryHeap::new(),
            free: Vec::new(),
            now: 0,
            nth: 0,
            floor: Floor::default(),
            acknowledged: at_fresh,
            answered: at_fresh,
            writing: Vec::new(),
            writes_return: 0,
            unknown_from: u64::MAX,
            since_forgetting: 0,
            oldest: 0,
            findings: Findings::default(),
        }
    }

    /// Takes the next call, in the order in which calls began.
    pub fn take(&mut self, recorded: &Recorded) {
        self.nth += 1;
        let (work, write) = self.work(recorded);
        if let Some(write) = write
            && let Err(disorder) = self.order.take(write)
        {
            self.disorder(&disorder);
            // Nothing can be said of States whose order is not known.
            self.unknown_from = self.unknown_from.min(recorded.call);
        }
        let open = Open {
            nth: self.nth,
            call: recorded.call,
            ret: recorded.ret.unwrap_or(u64::MAX),
            work,
            floor: Floor::default(),
            acknowledged: Floor::default(),
            answered: Floor::default(),
        };
        self.now = self.now.max(recorded.call);
        self.waiting.push_back(open);
        self.advance(false);
    }

    /// What the history showed, now that it is over.
    #[must_use]
    pub fn finish(mut self) -> Findings {
        self.advance(true);
        if let Some(violation) = self.log.balance() {
            self.violation(violation);
        }
        self.findings
    }

    /// Whether a contradiction was found so far.
    #[must_use]
    pub fn found(&self) -> bool {
        !self.findings.violations.is_empty()
    }

    fn violation(&mut self, violation: Violation) {
        if self.findings.violations.len() < VIOLATIONS_MAX {
            self.findings.violations.push(violation);
        }
    }

    fn wrong(&mut self, anomaly: Anomaly, calls: &[u64], key: Option<u32>) {
        let calls = calls.iter().copied().filter(|nth| *nth > 0).collect();
        let key = key.map(|id| self.keys.name(id).clone());
        self.violation(Violation { anomaly, calls, key });
    }

    fn disorder(&mut self, disorder: &Disorder) {
        match *disorder {
            Disorder::Duplicate(one, other) => self.wrong(Anomaly::DuplicateSequence, &[other, one], None),
            Disorder::Regression(late, early) => self.wrong(Anomaly::SequenceRegression, &[late, early], None),
        }
    }

    /// Handles beginnings and returns in their order, as far as it is known.
    fn advance(&mut self, over: bool) {
        loop {
            let begins = self.waiting.front().map(|open| open.call);
            let returns = self.returns.peek().map(|Reverse((ret, slot))| (*ret, *slot));
            match (begins, returns) {
                (Some(call), ret) if ret.is_none_or(|(ret, _)| call <= ret) => {
                    // Calls that are not in yet began at `now` or later, and return later still.
                    if let Some(open) = self.waiting.pop_front() {
                        self.begin(open);
                    }
                }
                (_, Some((ret, slot))) => {
                    // A write that began by then may have a number above one that is not in yet, whose call then lies
                    // before that write's return.
                    if !over && ret.max(self.writes_return) >= self.now {
                        return;
                    }
                    self.returns.pop();
                    if let Some(open) = self.open[slot].take() {
                        self.free.push(slot);
                        self.end(&open);
                    }
                }
                _ => return,
            }
        }
    }

    fn begin(&mut self, mut open: Open) {
        (open.floor, open.acknowledged, open.answered) = (self.floor, self.acknowledged, self.answered);
        if let Work::Write { seq } = open.work {
            self.writes_return = self.writes_return.max(open.ret);
            self.order.begun(seq);
            self.writing.push(seq);
        }
        let ret = open.ret;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.open.push(None);
            self.open.len() - 1
        });
        self.open[slot] = Some(open);
        self.returns.push(Reverse((ret, slot)));
    }

    fn end(&mut self, open: &Open) {
        if let Work::Write { seq } = open.work {
            self.writing.retain(|writing| *writing != seq);
        }
        if open.ret >= self.unknown_from || open.ret == u64::MAX {
            self.findings.undecided += 1;
            return;
        }
        let (keys, oldest, findings) = (&mut self.keys, self.oldest, &mut self.findings);
        let (mut number, mut before) = (self.order.last_number(), self.order.last_nth());
        let settled = self.order.settle(|state, write| {
            let hole = write.seq != number + 1;
            findings.observed.holes.look(hole);
            if hole && findings.gap.is_none() {
                let calls = [write.nth, before].into_iter().filter(|nth| *nth > 0).collect();
                findings.gap = Some(Violation { anomaly: Anomaly::SequenceGap, calls, key: None });
            }
            (number, before) = (write.seq, write.nth);
            keys.write(state, write, oldest);
        });
        if let Err(disorder) = settled {
            self.disorder(&disorder);
            self.unknown_from = open.ret;
            return;
        }
        self.findings.judged += 1;
        let latest = self.order.latest(open.ret).max(open.floor.at);
        self.judge(open, latest);
        self.since_forgetting += 1;
        if self.since_forgetting >= FORGET {
            self.forget();
        }
    }

    fn judge(&mut self, open: &Open, latest: u64) {
        match &open.work {
            Work::Write { seq } => {
                if let Some(state) = self.order.find(*seq) {
                    self.floor.raise(state, open.nth);
                }
                self.acknowledged.raise(*seq, open.nth);
                self.findings.observed.overtaking.look(self.writing.iter().any(|other| other < seq));
            }
            Work::Get { key, value } => match self.keys.least(*key, *value, open.floor.at, latest) {
                Some(state) => self.floor.raise(state, open.nth),
                None => self.wrong_value(open, *key, *value, latest),
            },
            Work::GetMany(sight) => self.judge_many(open, sight, latest),
            Work::Scan(sight) => self.judge_scan(open, sight, latest),
            Work::Current(seq) => self.judge_current(open, *seq, latest),
            Work::Log(call) => {
                let seen = log::Seen { call: open.call, ret: open.ret, nth: open.nth, answered: open.answered.at };
                if let Some(violation) = self.log.judge(call, &seen) {
                    self.violation(violation);
                }
            }
            Work::Nothing => {}
        }
    }

    fn judge_scan(&mut self, open: &Open, sight: &Sight, latest: u64) {
        let found = self.keys.least_of_all(sight, &self.order, open.floor.at, latest);
        if latest > open.floor.at {
            self.findings.observed.scans_not_of_one_state.look(found.is_err());
        }
        match found {
            Ok(state) => self.floor.raise(state, open.nth),
            Err(Unexplained(differing)) => self.wrong_rows(open, sight, &differing, latest),
        }
    }

    fn judge_many(&mut self, open: &Open, sight: &Sight, latest: u64) {
        let mut highest = open.floor.at;
        // Where a loop over the keys would have come to, taking the least State each time.
        let mut loops = Some(open.floor.at);
        for (key, value) in &sight.seen {
            match self.keys.least(*key, *value, open.floor.at, latest) {
                Some(state) => highest = highest.max(state),
                None => return self.wrong_value(open, *key, *value, latest),
            }
            loops = loops.and_then(|from| self.keys.least(*key, *value, from, latest));
        }
        self.floor.raise(highest, open.nth);
        if sight.seen.len() > 1 && latest > open.floor.at {
            let of_one = self.keys.least_of_all(sight, &self.order, open.floor.at, latest).is_ok();
            self.findings.observed.many_not_of_one_state.look(!of_one);
            self.findings.observed.many_not_in_order.look(loops.is_none());
        }
    }

    fn judge_current(&mut self, open: &Open, seq: u64, latest: u64) {
        let acknowledged = self.facts.frontier == Frontier::Immediate && seq < open.acknowledged.at;
        if acknowledged || seq < open.answered.at {
            let proof = if acknowledged { open.acknowledged.by } else { open.answered.by };
            return self.wrong(Anomaly::SequenceBehind, &[open.nth, proof], None);
        }
        if seq > self.order.number(latest) {
            let proof = self.order.write(seq).map_or(0, |write| write.nth);
            return self.wrong(Anomaly::SequenceAhead, &[open.nth, proof], None);
        }
        let data = self.order.number(open.floor.at);
        self.findings.observed.behind_acknowledged.look(seq < open.acknowledged.at);
        self.findings.observed.behind_data.look(seq >= open.acknowledged.at && seq < data);
        self.answered.raise(seq, open.nth);
        if let Some(state) = self.order.find(seq) {
            self.floor.raise(state, open.nth);
        }
    }

    /// Drops what no read in flight can be answered from.
    fn forget(&mut self) {
        self.since_forgetting = 0;
        let floors = self.open.iter().flatten().map(|open| open.floor.at);
        self.oldest = floors.fold(self.floor.at, u64::min);
        self.order.forget(self.oldest);
        let calls = self.open.iter().flatten().map(|open| open.call);
        self.log.forget(calls.fold(self.waiting.front().map_or(self.now, |open| open.call), u64::min));
    }
}
