//! Small histories: made by running a store in some order, then changed in one place or not, and judged twice.

use std::collections::BTreeMap;

use super::oracle;
use super::*;
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::engine::Frontier;
use crate::octets::{Decimal, Octets};
use crate::scenario::generate::SplitMix;

/// A call between its beginning and its return.
struct Flight {
    recorded: Recorded,
    /// For a write: its number once it has one, and whether State and log show it.
    number: Option<u64>,
    shown: (bool, bool),
}

/// A store that takes its time: every write shows itself in State, in the log and in the number at instants of its own.
struct Store<'a> {
    draws: &'a mut SplitMix,
    lagging: bool,
    state: BTreeMap<Octets, Octets>,
    log: BTreeMap<u64, Vec<Pair>>,
    assigned: u64,
    in_state: u64,
    covered: u64,
    logged: Vec<u64>,
    tick: u64,
}

const KEYS: [&str; 3] = ["a", "b", "c"];

/// A history of up to `calls` calls of three clients that did come about so.
fn right(draws: &mut SplitMix, calls: usize, lagging: bool) -> Vec<Recorded> {
    let mut store = Store {
        draws,
        lagging,
        state: BTreeMap::new(),
        log: BTreeMap::new(),
        assigned: 0,
        in_state: 0,
        covered: 0,
        logged: Vec::new(),
        tick: 0,
    };
    let mut flights: Vec<Option<Flight>> = (0..3).map(|_| None).collect();
    let mut history = Vec::new();
    let mut begun = 0;
    while begun < calls || flights.iter().any(Option::is_some) {
        let client = store.draws.below(3) as usize;
        match flights[client].take() {
            None if begun < calls => {
                begun += 1;
                flights[client] = Some(store.begin(client as u32, begun as u64));
            }
            None => {}
            Some(flight) => {
                flights[client] = store.go_on(flight, &mut history);
            }
        }
    }
    history.sort_by_key(|recorded: &Recorded| recorded.call);
    history
}

impl Store<'_> {
    fn key(&mut self) -> Octets {
        Octets::text(KEYS[self.draws.below(3) as usize])
    }

    fn begin(&mut self, client: u32, turn: u64) -> Flight {
        let value = Octets::text(&turn.to_string());
        let number = |store: &mut Self| Decimal((store.assigned + store.draws.below(3)).saturating_sub(1));
        let request = match self.draws.below(16) {
            0..=4 => {
                let count = self.draws.below(3) + u64::from(self.draws.percent(90));
                Call::PutBatch((0..count).map(|_| (self.key(), value.clone())).collect())
            }
            5 => Call::DeleteBatch(vec![self.key()]),
            6 | 7 => Call::Get(self.key()),
            8 => Call::GetMany(vec![self.key(), self.key()]),
            9 | 10 => {
                let start = if self.draws.percent(50) { Octets::default() } else { self.key() };
                let end = if self.draws.percent(50) { Octets::default() } else { self.key() };
                let limit = Decimal(self.draws.below(4));
                Call::RangeScan(Range { start, end, limit, forward: self.draws.percent(60) })
            }
            11 | 12 => Call::CurrentSequence {},
            13 => Call::GetBatch(number(self)),
            14 => Call::OldestRetainedBatch {},
            _ => Call::PruneBatchLog(number(self)),
        };
        let outcome = Outcome::Reply(Reply::Done {});
        let recorded = Recorded { client, call: self.tick, ret: None, ns: [0, 0], request, outcome };
        Flight { recorded, number: None, shown: (false, false) }
    }

    /// One more step of a call; none when it returned.
    fn go_on(&mut self, mut flight: Flight, history: &mut Vec<Recorded>) -> Option<Flight> {
        if flight.recorded.request.is_read() || matches!(flight.recorded.request, Call::PruneBatchLog(_)) {
            return self.answer(flight, history);
        }
        match flight.number {
            None => {
                self.assigned += 1;
                flight.number = Some(self.assigned);
            }
            Some(number) if !flight.shown.1 && (flight.shown.0 || self.draws.percent(50)) => {
                let pairs = match &flight.recorded.request {
                    Call::PutBatch(pairs) => pairs.clone(),
                    _ => Vec::new(),
                };
                self.log.insert(number, pairs);
                self.logged.push(number);
                flight.shown.1 = true;
            }
            Some(number) if !flight.shown.0 => {
                if self.in_state + 1 == number {
                    self.in_state = number;
                    match &flight.recorded.request {
                        Call::PutBatch(pairs) => self.state.extend(pairs.iter().cloned()),
                        Call::DeleteBatch(keys) => keys.iter().for_each(|key| drop(self.state.remove(key))),
                        _ => {}
                    }
                    flight.shown.0 = true;
                }
            }
            Some(number) => {
                if !self.lagging || self.draws.percent(50) {
                    while self.covered < self.in_state && self.logged.contains(&(self.covered + 1)) {
                        self.covered += 1;
                    }
                }
                if self.lagging || self.covered >= number {
                    return self.returned(flight, Reply::Sequence(Decimal(number)), history);
                }
            }
        }
        Some(flight)
    }

    fn answer(&mut self, mut flight: Flight, history: &mut Vec<Recorded>) -> Option<Flight> {
        if !matches!(flight.recorded.outcome, Outcome::Reply(Reply::Done {})) {
            let Outcome::Reply(reply) = flight.recorded.outcome.clone() else { unreachable!("stores reply") };
            return self.returned(flight, reply, history);
        }
        let reply = match &flight.recorded.request {
            Call::Get(key) => Reply::Value(self.state.get(key).cloned()),
            Call::GetMany(keys) => {
                Reply::Values(keys.iter().map(|key| (key.clone(), self.state.get(key).cloned())).collect())
            }
            Call::RangeScan(range) => {
                let within = |key: &Octets| *key >= range.start && (range.end.is_empty() || *key <= range.end);
                let mut rows: Vec<Pair> = self
                    .state
                    .iter()
                    .filter(|(key, _)| within(key))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                if !range.forward {
                    rows.reverse();
                }
                rows.truncate(range.limit.0 as usize);
                Reply::Rows(rows)
            }
            Call::CurrentSequence {} => Reply::Sequence(Decimal(self.covered)),
            Call::GetBatch(seq) => Reply::Batch(self.log.get(&seq.0).cloned()),
            Call::OldestRetainedBatch {} => Reply::Oldest(self.log.keys().next().copied().map(Decimal)),
            Call::PruneBatchLog(cutoff) => {
                let kept = self.log.split_off(&cutoff.0);
                let removed = std::mem::replace(&mut self.log, kept);
                Reply::Removed(Decimal(removed.len() as u64))
            }
            Call::PutBatch(_) | Call::DeleteBatch(_) => unreachable!("writes go on elsewhere"),
        };
        flight.recorded.outcome = Outcome::Reply(reply);
        if self.draws.percent(50) { Some(flight) } else { self.answer(flight, history) }
    }

    fn returned(&mut self, mut flight: Flight, reply: Reply, history: &mut Vec<Recorded>) -> Option<Flight> {
        flight.recorded.outcome = Outcome::Reply(reply);
        flight.recorded.ret = Some(self.tick);
        self.tick += 1;
        history.push(flight.recorded);
        None
    }
}

/// Changes one reply into another of its kind.
fn change(draws: &mut SplitMix, history: &mut [Recorded]) {
    let at = draws.below(history.len() as u64) as usize;
    let other = draws.below(history.len() as u64) as usize;
    let same = |one: &Recorded, other: &Recorded| one.request.method() == other.request.method();
    let Outcome::Reply(theirs) = history[other].outcome.clone() else { return };
    let borrowed = same(&history[at], &history[other]);
    let value = Octets::text(&draws.below(8).to_string());
    let Outcome::Reply(reply) = &mut history[at].outcome else { return };
    match reply {
        Reply::Sequence(seq) | Reply::Removed(seq) => {
            seq.0 = if draws.percent(50) { seq.0 + 1 } else { seq.0.saturating_sub(1) };
        }
        Reply::Value(held) => *held = draws.percent(60).then_some(value),
        Reply::Values(values) => {
            if let Some(last) = values.last_mut() {
                last.1 = draws.percent(60).then_some(value);
            }
        }
        Reply::Rows(rows) if draws.percent(50) => drop(rows.pop()),
        Reply::Rows(rows) => {
            if let Some(first) = rows.first_mut() {
                first.1 = value;
            }
        }
        Reply::Batch(batch) => *batch = if batch.is_none() { Some(vec![(Octets::text("a"), value)]) } else { None },
        Reply::Oldest(oldest) => *oldest = draws.percent(70).then(|| Decimal(draws.below(6))),
        _ => {}
    }
    if borrowed && !matches!(theirs, Reply::Sequence(_)) && draws.percent(30) {
        history[at].outcome = Outcome::Reply(theirs);
    }
}

/// A line for each call.
fn shown(history: &[Recorded]) -> String {
    let line = |(at, one): (usize, &Recorded)| {
        format!(
            "{}: client {} {}..{} {} -> {}\n",
            at + 1,
            one.client,
            one.call,
            one.ret.unwrap_or(0),
            one.request,
            one.outcome
        )
    };
    history.iter().enumerate().map(line).collect()
}

fn is_log(recorded: &Recorded) -> bool {
    matches!(recorded.request, Call::GetBatch(_) | Call::OldestRetainedBatch {} | Call::PruneBatchLog(_))
}

#[test]
fn the_checker_says_what_the_oracle_says() {
    let (mut wrong, mut missed, mut count) = (0_u32, 0_u32, 0_u32);
    for seed in 0..12_000 {
        let mut draws = SplitMix::new(seed);
        let lagging = draws.percent(20);
        let calls = 3 + draws.below(7) as usize;
        let mut history = right(&mut draws, calls, lagging);
        let changed = draws.percent(70);
        if changed {
            change(&mut draws, &mut history);
        }
        let frontier = if lagging { Frontier::Lagging } else { Frontier::Immediate };
        let findings = check(Facts { frontier, batch_log: true, fresh: 0 }, &history);
        let accepted = findings.violations.is_empty();
        let expected = oracle::is_right(&history, 0, lagging);
        count += 1;
        wrong += u32::from(!expected);
        assert!(expected || changed, "seed {seed}: the oracle refuses what happened");
        if accepted && !expected {
            // What only the log shows may be missed, and is counted.
            let mut state: Vec<Recorded> = history.clone();
            state.retain(|recorded| !is_log(recorded));
            assert!(oracle::is_right(&state, 0, lagging), "seed {seed}:\n{}", shown(&history));
            missed += 1;
            continue;
        }
        assert_eq!(accepted, expected, "seed {seed}: {:?}\n{}", findings.violations, shown(&history));
    }
    // Where a read overlaps both an entry's write and its prune, the checker lets it pass.
    assert_eq!((count, wrong, missed), (12_000, 4_938, 27));
}

/// Long enough that most of what came before is forgotten.
#[test]
fn long_histories_that_did_come_about_are_right() {
    for seed in 0..6 {
        let lagging = seed % 2 == 1;
        let history = right(&mut SplitMix::new(seed), 4_000, lagging);
        let frontier = if lagging { Frontier::Lagging } else { Frontier::Immediate };
        let findings = check(Facts { frontier, batch_log: true, fresh: 0 }, &history);
        assert_eq!(findings.violations, [], "seed {seed}");
        assert_eq!((findings.judged, findings.undecided), (4_000, 0), "seed {seed}");
    }
}
