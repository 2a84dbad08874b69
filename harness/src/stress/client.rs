//! One client of a program: its moves as calls, each recorded.

use std::sync::atomic::Ordering;

use super::program::{Move, Role};
use super::run::Shared;
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::history::record::Recorder;
use crate::octets::{Decimal, Octets};
use crate::scenario::generate::SplitMix;

/// The most pairs of a growing batch.
const GROWING_MAX: u32 = 256;
/// The most turns of a spin at the edge of a call.
const SPINS_MAX: u64 = 64;

/// A client, with what it remembers between its moves.
pub(super) struct Client<'a> {
    shared: &'a Shared,
    at: u32,
    role: Role,
    /// Its place among the clients of its role, and how many these are: what is its own follows from both.
    rank: (u32, u32),
    draws: SplitMix,
    pub(super) recorder: Recorder,
    keys: Vec<Vec<Octets>>,
    /// Calls made so far.
    calls: u64,
    /// Writes made so far: values are named after them.
    writes: u64,
    /// The generation of keys that each group of its own has come to.
    generation: u64,
    growing: u32,
}

/// The first octets of all keys of a group.
fn group_name(group: u32) -> String {
    format!("g{group:02}/")
}

/// What lies behind all keys of a group.
fn behind(group: u32) -> String {
    format!("{}~", group_name(group))
}

impl<'a> Client<'a> {
    pub(super) fn new(shared: &'a Shared, at: u32) -> Self {
        let program = &shared.program;
        let role = program.clients[at as usize];
        let same = |clients: &[Role]| clients.iter().filter(|other| **other == role).count() as u32;
        let group =
            |group| (0..program.keys).map(|key| Octets::text(&format!("{}{key:03}", group_name(group)))).collect();
        Self {
            shared,
            at,
            role,
            rank: (same(&program.clients[..at as usize]), same(&program.clients)),
            draws: SplitMix::new(program.seed.0 ^ (u64::from(at) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            recorder: Recorder::new(shared.clock.clone(), at),
            keys: (0..program.groups).map(group).collect(),
            calls: 0,
            writes: 0,
            generation: 0,
            growing: 1,
        }
    }

    /// Makes the calls of one burst.
    pub(super) fn burst(&mut self) {
        while self.recorder.len() < self.shared.program.calls as usize {
            let next = self.draws.weighted(self.role.moves());
            self.make(next);
        }
    }

    fn make(&mut self, next: Move) {
        match next {
            Move::PutKey => {
                let key = self.key();
                self.put(vec![key]);
            }
            Move::PutGroup => {
                let group = self.group();
                self.put_group(group);
            }
            Move::PutOwnGroup => {
                let group = self.own_group();
                self.put_group(group);
            }
            Move::MoveGroup => self.move_group(),
            Move::DeleteKey => {
                let key = self.key();
                self.call(Call::DeleteBatch(vec![key]));
            }
            Move::DeleteGroup => {
                let group = self.group();
                self.call(Call::DeleteBatch(self.keys[group as usize].clone()));
            }
            Move::PutGrowing => self.put_growing(),
            Move::Get => {
                let key = self.key();
                self.call(Call::Get(key));
            }
            Move::GetGroup => self.get_group(),
            Move::ScanGroup => {
                let group = self.group();
                self.scan(&group_name(group), &behind(group), u64::MAX);
            }
            Move::ScanAll => self.scan("", "", u64::MAX),
            Move::ScanLimited => self.scan_limited(),
            Move::Current => drop(self.current()),
            Move::CurrentThenRead => self.current_then_read(),
            Move::FollowLog => self.follow_log(),
            Move::Oldest => self.oldest(),
            Move::Prune => self.prune(),
        }
    }

    fn group(&mut self) -> u32 {
        self.draws.below(u64::from(self.shared.program.groups)) as u32
    }

    /// A group that no other client of this role writes, as long as there are as many groups as such clients.
    fn own_group(&mut self) -> u32 {
        let (rank, of) = self.rank;
        let groups = self.shared.program.groups;
        let own = groups.saturating_sub(rank).div_ceil(of).max(1);
        (rank + of * self.draws.below(u64::from(own)) as u32) % groups
    }

    fn key(&mut self) -> Octets {
        let group = self.group();
        let at = self.draws.below(u64::from(self.shared.program.keys));
        self.keys[group as usize][at as usize].clone()
    }

    /// Puts values under the keys. Each value says which client wrote it, in which of its writes, in which place of the
    /// batch; no two are equal.
    fn put(&mut self, keys: Vec<Octets>) {
        let size = self.draws.weighted(&[(6, 0), (3, 100), (1, 1000)]);
        self.put_sized(keys, size);
    }

    fn put_sized(&mut self, keys: Vec<Octets>, size: usize) {
        self.writes += 1;
        let value = |place: usize| {
            let mut text = format!("c{}.{}.{place}", self.at, self.writes);
            text.extend(std::iter::repeat_n('.', size.saturating_sub(text.len())));
            Octets::text(&text)
        };
        let pairs: Vec<Pair> = keys.into_iter().enumerate().map(|(place, key)| (key, value(place))).collect();
        self.call(Call::PutBatch(pairs));
    }

    fn put_group(&mut self, group: u32) {
        let mut keys = self.keys[group as usize].clone();
        if self.draws.below(16) == 0 {
            // The last pair of a key wins.
            keys.insert(0, keys[0].clone());
        }
        self.put(keys);
    }

    fn move_group(&mut self) {
        let group = self.rank.0 % self.shared.program.groups;
        let generation = |generation: u64| -> Vec<Octets> {
            let key = |key| Octets::text(&format!("{}c{}m{generation:05}/{key:03}", group_name(group), self.at));
            (0..self.shared.program.keys).map(key).collect()
        };
        let (before, next) = (generation(self.generation), generation(self.generation + 1));
        self.generation += 1;
        self.put(next);
        self.call(Call::DeleteBatch(before));
    }

    fn put_growing(&mut self) {
        let group = self.group();
        let count = self.growing;
        self.growing = if count >= GROWING_MAX { 1 } else { count * 2 };
        let keys = (0..count).map(|key| Octets::text(&format!("{}{key:03}", group_name(group)))).collect();
        // Few long values or many short ones.
        self.put_sized(keys, (4096 / count) as usize);
    }

    fn get_group(&mut self) {
        let group = self.group();
        let mut keys = self.keys[group as usize].clone();
        match self.draws.below(4) {
            0 => keys.reverse(),
            1 => keys.push(keys[0].clone()),
            _ => {}
        }
        self.call(Call::GetMany(keys));
    }

    fn scan(&mut self, start: &str, end: &str, limit: u64) {
        let forward = self.draws.below(3) > 0;
        let range = Range { start: Octets::text(start), end: Octets::text(end), limit: Decimal(limit), forward };
        self.call(Call::RangeScan(range));
    }

    fn scan_limited(&mut self) {
        let group = self.group();
        let limit = 1 + self.draws.below(u64::from(self.shared.program.keys) + 1);
        if self.draws.percent(50) {
            self.scan(&group_name(group), "", limit);
        } else {
            self.scan("", &behind(group), limit);
        }
    }

    fn current(&mut self) -> Option<u64> {
        match self.call(Call::CurrentSequence {}) {
            Outcome::Reply(Reply::Sequence(number)) => Some(number.0),
            _ => None,
        }
    }

    fn current_then_read(&mut self) {
        self.current();
        match self.draws.below(4) {
            0 => self.make(Move::ScanGroup),
            1 => self.get_group(),
            _ => self.make(Move::Get),
        }
    }

    fn follow_log(&mut self) {
        let Some(newest) = self.current() else { return };
        self.call(Call::GetBatch(Decimal(newest)));
        if self.draws.percent(25) {
            // A number that is not given yet has no entry.
            let later = newest + 1 + self.draws.below(2);
            self.call(Call::GetBatch(Decimal(later)));
        } else if let Some(before) = newest.checked_sub(1) {
            self.call(Call::GetBatch(Decimal(before)));
        }
    }

    fn oldest(&mut self) {
        if let Outcome::Reply(Reply::Oldest(Some(oldest))) = *self.call(Call::OldestRetainedBatch {}) {
            self.call(Call::GetBatch(oldest));
        }
    }

    fn prune(&mut self) {
        let Some(newest) = self.current() else { return };
        // Behind the newest entries, up to them, and now and then beyond.
        let cutoff = (newest + 2).saturating_sub(self.draws.weighted(&[(1, 0), (2, 1), (4, 3), (4, 8), (2, 32)]));
        self.call(Call::PruneBatchLog(Decimal(cutoff)));
        if self.draws.percent(50) {
            self.call(Call::GetBatch(Decimal(cutoff.saturating_sub(1))));
        }
    }

    /// Makes a call, with what disturbs the schedule before and after it.
    fn call(&mut self, call: Call) -> &Outcome {
        self.disturb();
        let doing = &self.shared.doing[self.at as usize];
        self.calls += 1;
        doing.store(self.calls << 8 | u64::from(call.number()), Ordering::Relaxed);
        let store = &self.shared.store;
        let index = self.recorder.record(call, |call| store.call(call));
        doing.store(self.calls << 8, Ordering::Relaxed);
        self.disturb();
        self.recorder.outcome(index)
    }

    fn disturb(&mut self) {
        if self.shared.program.noise == 0 || !self.draws.percent(u64::from(self.shared.program.noise)) {
            return;
        }
        if self.draws.percent(50) {
            std::thread::yield_now();
        } else {
            for _ in 0..self.draws.below(SPINS_MAX) {
                std::hint::spin_loop();
            }
        }
    }
}
