//! From a seed to a program: the same on every machine, whatever libraries it is built with.
//!
//! The generator follows what the program will have done so far, as far as choices hang on it: which keys hold a value,
//! and which were deleted last. Sequence numbers it leaves to the run, by naming them relative to what the store has.

use super::keys::{above, below, pool};
use super::program::{Program, Suited};
use super::weights::{
    BOUNDS, Base, CUTOFFS, ENTRIES, LIMITS, Limit, Make, Number, Phase, Place, READS, Shape, ValueSort, makes,
};
use crate::driver::Executor;
use crate::octets::{Octets, fnv64};
use crate::scenario::NumberExpression;
use crate::scenario::case::{Keys, Operation, Pairs};
use crate::scenario::generate::{self, SplitMix};

/// A program passes at most so many octets to an engine.
const OCTETS_MAX: u64 = 8 << 20;
/// `PutHot` draws from so many keys.
const HOT: usize = 3;

/// The program of `seed` in `shape`.
#[must_use]
pub fn generate(shape: &Shape, suited: Suited, seed: u64) -> Program {
    let mut draws = SplitMix::new(seed ^ fnv64(shape.name.as_bytes()));
    let count = draws.between(shape.pool);
    let mut sorts = vec![draws.weighted(shape.keys)];
    if draws.percent(35) {
        sorts.push(draws.weighted(shape.keys));
    }
    let pool = pool(&mut draws, count, &sorts);
    let held = vec![false; pool.len()];
    // Most calls are made from a thread; where an engine is called from shows early when it shows at all.
    let executor = match draws.below(24) {
        0 => Executor::TokioMultiThread,
        1 => Executor::TokioCurrentThread,
        _ => Executor::Thread,
    };
    let mut generator = Generator {
        shape,
        suited,
        draws,
        pool,
        held,
        deleted: Vec::new(),
        written: 0,
        octets: 0,
        operations: Vec::new(),
    };
    for _ in 0..generator.draws.between(shape.phases) {
        generator.phase();
    }
    Program { operations: generator.operations, executor }
}

struct Generator<'a> {
    shape: &'a Shape,
    suited: Suited,
    draws: SplitMix,
    pool: Vec<Octets>,
    /// Which keys of the pool hold a value.
    held: Vec<bool>,
    /// The keys of the last delete, as places in the pool.
    deleted: Vec<usize>,
    /// How many values were made.
    written: u64,
    octets: u64,
    operations: Vec<Operation>,
}

impl Generator<'_> {
    fn phase(&mut self) {
        let kind = self.draws.weighted(self.shape.kinds);
        for _ in 0..self.draws.between(self.shape.steps) {
            self.step(kind);
            if self.draws.below(self.shape.glance) == 0 {
                self.glance();
            }
        }
        if self.draws.percent(self.shape.audit) {
            self.operations.push(Operation::Audit);
        }
        if self.suited.reopen && self.draws.percent(self.shape.reopen) {
            self.operations.push(Operation::Reopen);
            self.operations.push(Operation::Audit);
        }
    }

    fn step(&mut self, kind: Phase) {
        let operation = match self.draws.weighted(makes(kind)) {
            Make::PutAny => self.put(Self::any),
            Make::PutNew => self.put(Self::new_key),
            Make::PutHot => self.put(|generator| generator.draws.below(generator.pool.len().min(HOT) as u64) as usize),
            Make::PutDeleted => {
                let deleted = self.deleted.clone();
                self.put(|generator| if deleted.is_empty() { generator.any() } else { *generator.draws.one(&deleted) })
            }
            Make::Again => self.again(),
            Make::DeleteAny => self.delete(Self::any),
            Make::DeleteLive => self.delete(Self::live),
            Make::DeleteAll => self.delete_all(),
            Make::Get => Operation::Get(self.read_key()),
            Make::GetMany => self.get_many(),
            Make::Scan => self.scan(),
            Make::Current => Operation::CurrentSequence,
            Make::Batch => Operation::GetBatch(self.number(ENTRIES)),
            Make::Oldest => Operation::OldestRetainedBatch,
            Make::Prune => Operation::PruneBatchLog(self.number(CUTOFFS)),
            Make::Reopen => Operation::Reopen,
        };
        let log =
            matches!(operation, Operation::GetBatch(_) | Operation::OldestRetainedBatch | Operation::PruneBatchLog(_));
        let refused = log && !self.suited.batch_log && !self.draws.percent(20);
        if refused || (matches!(operation, Operation::Reopen) && !self.suited.reopen) {
            // Its place in the program goes to a call that every engine answers.
            self.operations.push(Operation::Get(self.pool[0].clone()));
        } else {
            self.operations.push(operation);
        }
    }

    /// A read that shows much at once.
    fn glance(&mut self) {
        let whole = |forward| Operation::RangeScan {
            start: Octets::default(),
            end: Octets::default(),
            limit: NumberExpression::max(),
            forward,
        };
        let glance = match self.draws.below(5) {
            0 | 1 => whole(true),
            2 => whole(false),
            3 => Operation::GetMany(Keys::List(self.pool.iter().take(40).cloned().collect())),
            _ => Operation::CurrentSequence,
        };
        self.operations.push(glance);
    }

    fn any(&mut self) -> usize {
        self.draws.below(self.pool.len() as u64) as usize
    }

    /// A key that holds a value, if one is found in a few draws.
    fn live(&mut self) -> usize {
        self.seek(true)
    }

    fn new_key(&mut self) -> usize {
        self.seek(false)
    }

    fn seek(&mut self, held: bool) -> usize {
        let mut at = self.any();
        for _ in 0..self.pool.len().min(32) {
            if self.held[at] == held {
                break;
            }
            at = (at + 1) % self.pool.len();
        }
        at
    }

    /// How many pairs or keys the next batch has.
    fn size(&mut self) -> u64 {
        let range = self.draws.weighted(self.shape.batches);
        self.draws.between(range)
    }

    fn put(&mut self, mut key: impl FnMut(&mut Self) -> usize) -> Operation {
        let mut pairs = Vec::new();
        for _ in 0..self.size() {
            let at = key(self);
            let value = self.value(at);
            self.held[at] = true;
            pairs.push((self.pool[at].clone(), value));
        }
        if let (true, Some(again)) = (self.draws.percent(6), pairs.first().cloned()) {
            let value = self.tag();
            pairs.push((again.0, value));
        }
        Operation::PutBatch(Pairs::List(pairs))
    }

    /// One of the last writes once more: whoever takes it for a retry and leaves it out is wrong.
    fn again(&mut self) -> Operation {
        let is_write = |operation: &&Operation| matches!(operation, Operation::PutBatch(_) | Operation::DeleteBatch(_));
        let recent: Vec<&Operation> = self.operations.iter().rev().filter(is_write).take(4).collect();
        if recent.is_empty() {
            return self.put(Self::any);
        }
        let again = (*self.draws.one(&recent)).clone();
        let (keys, held): (Vec<Octets>, bool) = match &again {
            Operation::PutBatch(pairs) => (pairs.list(0).into_iter().map(|(key, _)| key).collect(), true),
            Operation::DeleteBatch(keys) => (keys.list(0), false),
            _ => (Vec::new(), false),
        };
        for (key, known) in self.pool.iter().zip(&mut self.held) {
            if keys.contains(key) {
                *known = held;
            }
        }
        again
    }

    fn value(&mut self, at: usize) -> Octets {
        let sort = self.draws.weighted(self.shape.values);
        let around = self.draws.below(3);
        match sort {
            ValueSort::Empty => Octets::default(),
            ValueSort::One => self.drawn(1),
            ValueSort::Tag => self.tag(),
            ValueSort::Same => Octets::text("same"),
            ValueSort::Like => self.pool[at].clone(),
            ValueSort::Alike => {
                let mut value = vec![b'x'; 64 + 16 * around as usize];
                value[32] = *self.draws.one(b"abcd");
                value.into()
            }
            _ if self.octets > OCTETS_MAX => self.tag(),
            ValueSort::Page => self.drawn((4 << 10) - 1 + around),
            ValueSort::Chunk => self.drawn((64 << 10) - 1 + around),
            ValueSort::Huge => self.drawn(1 << 20),
        }
    }

    fn drawn(&mut self, octets: u64) -> Octets {
        self.written += 1;
        self.octets += octets;
        generate::octets(octets, self.written)
    }

    /// A value that no other write of the program uses.
    fn tag(&mut self) -> Octets {
        self.written += 1;
        Octets::text(&format!("v{}", self.written))
    }

    fn delete(&mut self, mut key: impl FnMut(&mut Self) -> usize) -> Operation {
        let places: Vec<usize> = (0..self.size()).map(|_| key(self)).collect();
        self.deleting(places)
    }

    fn delete_all(&mut self) -> Operation {
        let places = (0..self.pool.len()).collect();
        self.deleting(places)
    }

    fn deleting(&mut self, places: Vec<usize>) -> Operation {
        for &at in &places {
            self.held[at] = false;
        }
        let keys = places.iter().map(|&at| self.pool[at].clone()).collect();
        self.deleted = places;
        Operation::DeleteBatch(Keys::List(keys))
    }

    /// A key to read: at most one octet longer than a key that every engine takes.
    fn read_key(&mut self) -> Octets {
        let key = self.place(READS);
        if key.len() > 255 { self.pool[0].clone() } else { key }
    }

    fn place(&mut self, table: &[(u32, Place)]) -> Octets {
        let place = self.draws.weighted(table);
        let at = self.any();
        match place {
            Place::Open => Octets::default(),
            Place::At => self.pool[at].clone(),
            Place::Above => above(&self.pool[at]),
            Place::Below => below(&self.pool[at]),
        }
    }

    fn get_many(&mut self) -> Operation {
        let keys = match self.draws.below(8) {
            0 => self.pool.iter().take(100).cloned().collect(),
            _ => (0..self.size()).map(|_| self.read_key()).collect(),
        };
        Operation::GetMany(Keys::List(keys))
    }

    fn scan(&mut self) -> Operation {
        let start = self.place(BOUNDS);
        let end = if self.draws.percent(6) { start.clone() } else { self.place(BOUNDS) };
        // Bounds in the wrong order show one thing, and it is shown soon.
        let swap = !end.is_empty() && start > end && self.draws.percent(75);
        let (start, end) = if swap { (end, start) } else { (start, end) };
        let rows = self.held.iter().filter(|held| **held).count() as u64;
        let limit = match self.draws.weighted(LIMITS) {
            Limit::All => NumberExpression::max(),
            Limit::Fixed(limit) => NumberExpression::integer(limit),
            Limit::Rows => NumberExpression::integer(rows),
            Limit::RowsLess => NumberExpression::integer(rows.saturating_sub(1)),
            Limit::RowsMore => NumberExpression::integer(rows + 1),
            Limit::Below => NumberExpression::integer(self.draws.below(rows.max(1))),
        };
        Operation::RangeScan { start, end, limit, forward: self.draws.percent(50) }
    }

    fn number(&mut self, table: &[(u32, Number)]) -> NumberExpression {
        let Number { base, plus, offset } = self.draws.weighted(table);
        let base = match base {
            Base::Current => NumberExpression::name("current"),
            Base::Oldest => NumberExpression::name("oldest"),
            Base::Fresh => NumberExpression::name("fresh"),
            Base::Zero => NumberExpression::integer(0),
            Base::Max => NumberExpression::max(),
        };
        base.offset(plus, self.draws.between(offset))
    }
}

/// The octets that a put of these pairs passes on.
#[cfg(test)]
fn octets(pairs: &[crate::call::Pair]) -> usize {
    pairs.iter().map(|(key, value)| key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::weights::SHAPES;
    use super::*;
    use crate::scenario::Need;

    const ALL: Suited = Suited { batch_log: true, reopen: true };

    #[test]
    fn a_seed_makes_the_same_program_for_ever() {
        let digests: Vec<String> = SHAPES
            .iter()
            .map(|shape| {
                let shown: String = (0..20).map(|seed| format!("{:?}", generate(shape, ALL, seed))).collect();
                format!("{} {:016x}", shape.name, fnv64(shown.as_bytes()))
            })
            .collect();
        insta::assert_snapshot!(digests.join("\n"));
    }

    #[test]
    fn programs_suit_what_is_declared() {
        for (shape, seed) in SHAPES.iter().flat_map(|shape| (0..20).map(move |seed| (shape, seed))) {
            let program = generate(shape, Suited { batch_log: false, reopen: false }, seed);
            let needs = program.into_case("x", "x", Vec::new()).needs;
            assert!(!needs.contains(&Need::Durable), "{} {seed}: {needs:?}", shape.name);
        }
    }

    #[test]
    fn programs_stay_within_their_octets() {
        let largest = (0..200)
            .map(|seed| {
                let sizes = SHAPES.iter().find(|shape| shape.name == "sizes").expect("there is such a shape");
                let program = generate(sizes, ALL, seed);
                let sum: usize = program
                    .operations
                    .iter()
                    .map(|operation| match operation {
                        Operation::PutBatch(Pairs::List(pairs)) => octets(pairs),
                        _ => 0,
                    })
                    .sum();
                sum
            })
            .max();
        assert!(largest.is_some_and(|octets| octets > 1 << 20 && octets < 12 << 20), "{largest:?}");
    }
}
