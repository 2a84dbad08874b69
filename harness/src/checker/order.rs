//! The order of writes, as their numbers give it, and which of them a reply may show.
//!
//! State *i* is what holds after the first *i* writes in order of their numbers; State 0 is empty. Since writes take
//! effect in that order and each between its call and its return, State *i* cannot hold before the latest call among
//! the first *i* writes: `lo`. Writes come in as they began; a number is *settled* once no write with a smaller one can
//! come any more, and only then has it a place in the order.

use std::collections::VecDeque;

use super::digest::Digest;

/// A write with its number.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// Its number.
    pub(super) seq: u64,
    /// The call's place in the history, from 1.
    pub(super) nth: u64,
    pub(super) call: u64,
    pub(super) ret: u64,
    /// The keys that it changes, each once, with the value's digest.
    pub(super) changes: Box<[(u32, Digest)]>,
    /// A `delete_batch` of nothing, whose number may be that of the newest write (DEL-5).
    pub(super) may_be_a_read: bool,
}

/// A write in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) write: Write,
    /// The tick before which the State after it cannot have held.
    pub(super) lo: u64,
    /// The write whose call that tick is.
    pub(super) lo_by: u64,
}

/// What is wrong with the order, and the calls that prove it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    /// Two writes of one number.
    Duplicate(u64, u64),
    /// The first began after the second had returned, and has the smaller number.
    Regression(u64, u64),
}

/// The order of writes.
#[derive(Debug)]
pub(super) struct Order {
    /// The number of State 0.
    fresh: u64,
    /// Settled writes from State `base + 1` on.
    placed: VecDeque<Placed>,
    base: u64,
    /// Writes without a place, by number.
    coming: VecDeque<Write>,
    /// The highest number of a write that began by now.
    reach: u64,
    /// The last State that may have held by now.
    latest: u64,
}

impl Order {
    pub(super) fn new(fresh: u64) -> Self {
        Self { fresh, placed: VecDeque::new(), base: 0, coming: VecDeque::new(), reach: fresh, latest: 0 }
    }

    /// Takes a write in, after all that began before it.
    pub(super) fn take(&mut self, write: Write) -> Result<(), Disorder> {
        let last = self.placed.back().map_or(self.fresh, |placed| placed.write.seq);
        if write.seq <= last {
            return self.late(&write);
        }
        let mut at = self.coming.len();
        while at > 0 && self.coming[at - 1].seq > write.seq {
            at -= 1;
        }
        if at > 0 && self.coming[at - 1].seq == write.seq {
            let other = &mut self.coming[at - 1];
            if write.may_be_a_read {
                return Ok(());
            }
            if !other.may_be_a_read {
                return Err(Disorder::Duplicate(other.nth, write.nth));
            }
            *other = write;
            return Ok(());
        }
        self.coming.insert(at, write);
        Ok(())
    }

    /// The write of that number has begun by now.
    pub(super) fn begun(&mut self, seq: u64) {
        self.reach = self.reach.max(seq);
    }

    /// A write that comes when its place was settled: whatever stands there returned before this one began.
    fn late(&self, write: &Write) -> Result<(), Disorder> {
        if write.may_be_a_read {
            return Ok(());
        }
        let same = self.find(write.seq).and_then(|state| self.get(state));
        if let Some(other) = same.filter(|placed| placed.write.seq == write.seq) {
            return Err(Disorder::Duplicate(other.write.nth, write.nth));
        }
        let above = self.placed.iter().rev().take_while(|placed| placed.write.seq > write.seq);
        let proof = above.filter(|placed| placed.write.ret < write.call).last();
        Err(Disorder::Regression(write.nth, proof.map_or(0, |placed| placed.write.nth)))
    }

    /// Gives places to all writes up to the highest that began, since none can come between them any more. `told`
    /// gets each, with its State.
    pub(super) fn settle(&mut self, mut told: impl FnMut(u64, &Write)) -> Result<(), Disorder> {
        while self.coming.front().is_some_and(|write| write.seq <= self.reach) {
            let Some(write) = self.coming.pop_front() else { break };
            let (before, by) = self.placed.back().map_or((0, 0), |placed| (placed.lo, placed.lo_by));
            if before > write.ret {
                return Err(Disorder::Regression(by, write.nth));
            }
            let (lo, lo_by) = if write.call >= before { (write.call, write.nth) } else { (before, by) };
            told(self.base + self.placed.len() as u64 + 1, &write);
            self.placed.push_back(Placed { write, lo, lo_by });
        }
        Ok(())
    }

    /// The last State that may have held by `tick`, which never goes back.
    pub(super) fn latest(&mut self, tick: u64) -> u64 {
        while self.get(self.latest + 1).is_some_and(|placed| placed.lo <= tick) {
            self.latest += 1;
        }
        self.latest
    }

    /// The write that makes `state`; none for State 0, and for what is forgotten.
    pub(super) fn get(&self, state: u64) -> Option<&Placed> {
        self.placed.get(usize::try_from(state.checked_sub(self.base + 1)?).ok()?)
    }

    /// The number of `state`.
    pub(super) fn number(&self, state: u64) -> u64 {
        self.get(state).map_or(self.fresh, |placed| placed.write.seq)
    }

    /// The State of the last settled write whose number is at most `seq`; none when that is forgotten, or State 0.
    pub(super) fn find(&self, seq: u64) -> Option<u64> {
        let count = self.placed.partition_point(|placed| placed.write.seq <= seq) as u64;
        (count > 0).then_some(self.base + count)
    }

    /// The highest number that has a place.
    pub(super) fn last_number(&self) -> u64 {
        self.placed.back().map_or(self.fresh, |placed| placed.write.seq)
    }

    /// The write of that number; 0 before any has a place.
    pub(super) fn last_nth(&self) -> u64 {
        self.placed.back().map_or(0, |placed| placed.write.nth)
    }

    /// Whether the call is a write that has a place, as far back as is remembered.
    pub(super) fn holds(&self, nth: u64) -> bool {
        self.placed.iter().rev().any(|placed| placed.write.nth == nth)
    }

    /// The write of that number, settled or coming.
    pub(super) fn write(&self, seq: u64) -> Option<&Write> {
        let placed = self.find(seq).and_then(|state| self.get(state)).map(|placed| &placed.write);
        let coming = || self.coming.iter().find(|write| write.seq == seq);
        placed.filter(|write| write.seq == seq).or_else(coming)
    }

    /// A write without a place that gives the key this value.
    pub(super) fn coming(&self, key: u32, value: Digest) -> Option<&Write> {
        self.coming.iter().find(|write| write.changes.contains(&(key, value)))
    }

    /// Forgets writes that no read can miss any more: those of States up to `state`.
    pub(super) fn forget(&mut self, state: u64) {
        while self.base < state.min(self.latest).saturating_sub(1) && self.placed.len() > 1 {
            self.placed.pop_front();
            self.base += 1;
        }
    }
}
