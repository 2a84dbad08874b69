//! Contract, section 10, tried out: whether there is any way in which a history can have come about.
//!
//! A store is run in every order that the history allows. Each write has three instants: S, when State shows it, L,
//! when the log does, and F, when `current_sequence` covers it. Shares no code with the checker.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::call::{Call, Outcome, Pair, Reply};
use crate::history::Recorded;
use crate::octets::Octets;

/// One state of affairs: how far every write has come, what was pruned, and which replies were already right.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Now {
    /// Writes in State, in the order of their numbers; and covered by `current_sequence`.
    in_state: usize,
    covered: usize,
    /// A bit for each write: its entry was made; is there.
    logged: u32,
    kept: u32,
    /// A bit for each call: it had its instant; and for `get_many` a bit for each key.
    done: u32,
    many: Vec<u8>,
}

struct Oracle<'a> {
    history: &'a [Recorded],
    /// Writes by number, as places in the history.
    writes: Vec<usize>,
    fresh: u64,
    lagging: bool,
}

/// Whether the history can have come about.
pub(super) fn is_right(history: &[Recorded], fresh: u64, lagging: bool) -> bool {
    let mut writes: Vec<(u64, usize)> =
        history.iter().enumerate().filter_map(|(at, one)| Some((number(one)?, at))).collect();
    writes.sort_unstable();
    if writes.windows(2).any(|two| two[0].0 == two[1].0) || writes.first().is_some_and(|first| first.0 <= fresh) {
        return false;
    }
    let oracle = Oracle { history, writes: writes.into_iter().map(|(_, at)| at).collect(), fresh, lagging };
    oracle.search()
}

fn number(recorded: &Recorded) -> Option<u64> {
    match (&recorded.request, &recorded.outcome) {
        (Call::PutBatch(_) | Call::DeleteBatch(_), Outcome::Reply(Reply::Sequence(seq))) => Some(seq.0),
        _ => None,
    }
}

impl Oracle<'_> {
    fn search(&self) -> bool {
        let mut events: Vec<(u64, bool, usize)> = Vec::new();
        for (at, recorded) in self.history.iter().enumerate() {
            events.push((recorded.call, false, at));
            events.push((recorded.ret.expect("calls of the oracle return"), true, at));
        }
        events.sort_unstable();
        let many = self.history.iter().map(|_| 0).collect();
        let mut reached = HashSet::from([Now { in_state: 0, covered: 0, logged: 0, kept: 0, done: 0, many }]);
        let mut open: Vec<usize> = Vec::new();
        for (_, returns, at) in events {
            if returns {
                reached = self.spread(reached, &open);
                reached.retain(|now| self.may_return(now, at));
                open.retain(|other| *other != at);
            } else {
                open.push(at);
            }
            if reached.is_empty() {
                return false;
            }
        }
        true
    }

    /// Everything that can come of `reached` while these calls are in flight.
    fn spread(&self, reached: HashSet<Now>, open: &[usize]) -> HashSet<Now> {
        let mut all = reached.clone();
        let mut fresh: VecDeque<Now> = reached.into_iter().collect();
        while let Some(now) = fresh.pop_front() {
            for next in self.steps(&now, open) {
                if all.insert(next.clone()) {
                    fresh.push_back(next);
                }
            }
        }
        all
    }

    fn steps(&self, now: &Now, open: &[usize]) -> Vec<Now> {
        let mut next = Vec::new();
        if self.writes.get(now.in_state).is_some_and(|at| open.contains(at)) {
            next.push(Now { in_state: now.in_state + 1, ..now.clone() });
        }
        let may_cover = |order: usize| {
            order < now.in_state
                && now.logged & (1 << order) != 0
                && (self.lagging || open.contains(&self.writes[order]))
        };
        if now.covered < self.writes.len() && may_cover(now.covered) {
            next.push(Now { covered: now.covered + 1, ..now.clone() });
        }
        for (order, at) in self.writes.iter().enumerate() {
            if now.logged & (1 << order) == 0 && open.contains(at) {
                next.push(Now { logged: now.logged | 1 << order, kept: now.kept | 1 << order, ..now.clone() });
            }
        }
        for at in open.iter().copied().filter(|at| now.done & (1 << at) == 0) {
            next.extend(self.instants(now, at, open));
        }
        next
    }

    /// What the call's instant makes of things, if its reply is right now.
    fn instants(&self, now: &Now, at: usize, open: &[usize]) -> Option<Now> {
        let Outcome::Reply(reply) = &self.history[at].outcome else { return None };
        let done = Now { done: now.done | 1 << at, ..now.clone() };
        let right = match (&self.history[at].request, reply) {
            (Call::Get(key), Reply::Value(value)) => self.state(now).get(key) == value.as_ref(),
            (Call::GetMany(keys), Reply::Values(values)) => {
                if !keys.iter().eq(values.iter().map(|(key, _)| key)) {
                    return None;
                }
                let state = self.state(now);
                let mut now = now.clone();
                for (i, (key, (_, value))) in keys.iter().zip(values).enumerate() {
                    now.many[at] |= u8::from(state.get(key) == value.as_ref()) << i;
                }
                if now.many[at].count_ones() as usize == keys.len() {
                    now.done |= 1 << at;
                }
                return Some(now);
            }
            (Call::RangeScan(range), Reply::Rows(rows)) => {
                let mut state: Vec<Pair> = self.state(now).into_iter().collect();
                state.retain(|(key, _)| *key >= range.start && (range.end.is_empty() || *key <= range.end));
                if !range.forward {
                    state.reverse();
                }
                state.truncate(usize::try_from(range.limit.0).expect("a small limit"));
                state == *rows
            }
            (Call::CurrentSequence {}, Reply::Sequence(seq)) => {
                // A number that no write has, below one in flight, was burnt, and may be covered alone (SEQ-4).
                let covered = now.covered.checked_sub(1).map_or(self.fresh, |last| self.number(last));
                let next = self.writes.get(now.covered);
                let assigned = next.is_some_and(|at| open.contains(at) || now.in_state > now.covered);
                seq.0 == covered || (assigned && seq.0 > covered && seq.0 < self.number(now.covered))
            }
            (Call::GetBatch(seq), Reply::Batch(batch)) => {
                let order = (0..self.writes.len()).find(|order| self.number(*order) == seq.0);
                let entry = order.filter(|order| now.kept & (1 << order) != 0).map(|order| self.pairs(order));
                entry == *batch
            }
            (Call::OldestRetainedBatch {}, Reply::Oldest(oldest)) => {
                let first = (0..self.writes.len()).find(|order| now.kept & (1 << order) != 0);
                first.map(|order| self.number(order)) == oldest.map(|seq| seq.0)
            }
            (Call::PruneBatchLog(cutoff), Reply::Removed(count)) => {
                let below: u32 =
                    (0..self.writes.len()).filter(|order| self.number(*order) < cutoff.0).map(|order| 1 << order).sum();
                let removed = now.kept & below;
                return (u64::from(removed.count_ones()) == count.0)
                    .then_some(Now { kept: now.kept & !removed, ..done });
            }
            _ => return None,
        };
        right.then_some(done)
    }

    fn may_return(&self, now: &Now, at: usize) -> bool {
        match self.writes.iter().position(|write| *write == at) {
            Some(order) => {
                let covered = self.lagging || now.covered > order;
                now.in_state > order && now.logged & (1 << order) != 0 && covered
            }
            None => now.done & (1 << at) != 0,
        }
    }

    fn number(&self, order: usize) -> u64 {
        number(&self.history[self.writes[order]]).expect("it is a write")
    }

    /// The pairs of an entry; a delete's has none.
    fn pairs(&self, order: usize) -> Vec<Pair> {
        match &self.history[self.writes[order]].request {
            Call::PutBatch(pairs) => pairs.clone(),
            _ => Vec::new(),
        }
    }

    fn state(&self, now: &Now) -> BTreeMap<Octets, Octets> {
        let mut state = BTreeMap::new();
        for at in &self.writes[..now.in_state] {
            match &self.history[*at].request {
                Call::PutBatch(pairs) => state.extend(pairs.iter().cloned()),
                Call::DeleteBatch(keys) => keys.iter().for_each(|key| drop(state.remove(key))),
                _ => {}
            }
        }
        state
    }
}
