//! Shrinking: from a program that fails to the shortest one that still does.
//!
//! [`Shrinking`] proposes, whoever runs programs disposes: it is asked for a candidate, told whether that one fails too,
//! and asked again, until nothing smaller is left to try. First whole stretches of steps are left out, halving their
//! length down to single steps; then keys are given plainer names, and the arguments of what is left are made simpler. When a round over the arguments
//! changed something, another round over the steps follows.

use super::program::Program;
use crate::driver::Executor;
use crate::octets::Octets;
use crate::scenario::NumberExpression;
use crate::scenario::case::{Keys, Operation, Pairs};

/// A program on its way to the smallest that fails.
#[derive(Debug, Clone)]
pub struct Shrinking {
    best: Program,
    candidate: Option<Program>,
    stage: Stage,
    /// Whether this round over steps and arguments made anything smaller.
    progress: bool,
}

#[derive(Debug, Clone)]
enum Stage {
    /// Leave out `length` steps that end before `end`.
    Steps {
        length: usize,
        end: usize,
    },
    /// Put a plainer key in place of the key number `at`, everywhere, by the proposal number `turn` for it.
    Keys {
        at: usize,
        turn: usize,
    },
    /// Simplify step `at`, by the proposal number `turn` for it.
    Arguments {
        at: usize,
        turn: usize,
    },
    Done,
}

impl Shrinking {
    /// Starts from a program that fails.
    #[must_use]
    pub fn new(program: Program) -> Self {
        let end = program.operations.len();
        Self { best: program, candidate: None, stage: Stage::Steps { length: end.div_ceil(2), end }, progress: false }
    }

    /// The smallest program known to fail.
    #[must_use]
    pub fn best(&self) -> &Program {
        &self.best
    }

    /// The program proposed and not yet judged.
    #[must_use]
    pub fn candidate(&self) -> Option<&Program> {
        self.candidate.as_ref()
    }

    /// The next program to try; none when nothing smaller is left.
    pub fn propose(&mut self) -> Option<&Program> {
        loop {
            let candidate = match self.stage {
                Stage::Steps { length, end } => self.without(length, end),
                Stage::Keys { at, turn } => self.renamed(at, turn),
                Stage::Arguments { at, turn } => self.simplified(at, turn),
                Stage::Done => return None,
            };
            match candidate {
                Some(candidate) => {
                    self.candidate = Some(candidate);
                    return self.candidate.as_ref();
                }
                None => self.next_stage(),
            }
        }
    }

    /// Whether the program proposed last fails as well.
    pub fn judge(&mut self, fails: bool) {
        let Some(candidate) = self.candidate.take() else { return };
        if fails {
            self.progress = true;
            self.best = candidate;
        }
        match &mut self.stage {
            Stage::Steps { length, end } => *end = end.saturating_sub(*length),
            Stage::Keys { turn, .. } | Stage::Arguments { turn, .. } if !fails => *turn += 1,
            // What was simplified may be simplified again, from its first proposal.
            Stage::Keys { turn, .. } | Stage::Arguments { turn, .. } => *turn = 0,
            Stage::Done => {}
        }
    }

    fn without(&self, length: usize, end: usize) -> Option<Program> {
        let end = end.min(self.best.operations.len());
        if length == 0 || end == 0 {
            return None;
        }
        let mut operations = self.best.operations.clone();
        operations.drain(end.saturating_sub(length)..end);
        (!operations.is_empty()).then(|| Program { operations, ..self.best.clone() })
    }

    fn simplified(&self, at: usize, turn: usize) -> Option<Program> {
        let mut smaller = self.best.clone();
        if at == self.best.operations.len() {
            // Behind the last step stands where the calls are made.
            smaller.executor = Executor::Thread;
            return (turn == 0 && self.best.executor != Executor::Thread).then_some(smaller);
        }
        smaller.operations[at] = simpler(&self.best.operations[at]).into_iter().nth(turn)?;
        Some(smaller)
    }

    fn renamed(&self, at: usize, turn: usize) -> Option<Program> {
        let keys = keys_of(&self.best);
        let key = keys.get(at)?;
        // What a key is called is settled once; anything else can only be as plain.
        if key.len() == 1 && key[0].is_ascii_lowercase() {
            return None;
        }
        let letters = (b'a'..=b'z').map(|letter| Octets::from(&[letter][..]));
        let plain = letters.filter(|letter| !keys.contains(letter)).take(3).nth(turn)?;
        let mut renamed = self.best.clone();
        renamed.operations.iter_mut().for_each(|operation| rename(operation, key, &plain));
        Some(renamed)
    }

    fn next_stage(&mut self) {
        let steps = self.best.operations.len();
        self.stage = match self.stage {
            Stage::Steps { length: 0 | 1, .. } => Stage::Keys { at: 0, turn: 0 },
            Stage::Steps { length, .. } => Stage::Steps { length: (length / 2).min(steps.div_ceil(2)), end: steps },
            Stage::Keys { at, .. } if at + 1 < keys_of(&self.best).len() => Stage::Keys { at: at + 1, turn: 0 },
            Stage::Keys { .. } => Stage::Arguments { at: 0, turn: 0 },
            Stage::Arguments { at, .. } if at < steps => Stage::Arguments { at: at + 1, turn: 0 },
            Stage::Arguments { .. } if self.progress => {
                self.progress = false;
                Stage::Steps { length: steps.div_ceil(2).min(2), end: steps }
            }
            Stage::Arguments { .. } | Stage::Done => Stage::Done,
        };
    }
}

/// The keys that the program writes or reads, each once; of very many only the first.
fn keys_of(program: &Program) -> Vec<Octets> {
    let mut keys: Vec<Octets> = Vec::new();
    let mut note = |key: &Octets| {
        if keys.len() < 64 && !keys.contains(key) {
            keys.push(key.clone());
        }
    };
    for operation in &program.operations {
        match operation {
            Operation::PutBatch(Pairs::List(pairs)) => pairs.iter().for_each(|(key, _)| note(key)),
            Operation::DeleteBatch(Keys::List(keys)) | Operation::GetMany(Keys::List(keys)) => {
                keys.iter().for_each(&mut note);
            }
            Operation::Get(key) => note(key),
            _ => {}
        }
    }
    keys
}

/// Puts `plain` wherever `key` stands, as a key or as a bound.
fn rename(operation: &mut Operation, key: &Octets, plain: &Octets) {
    let change = |octets: &mut Octets| {
        if octets == key {
            *octets = plain.clone();
        }
    };
    match operation {
        Operation::PutBatch(Pairs::List(pairs)) => pairs.iter_mut().for_each(|(key, _)| change(key)),
        Operation::DeleteBatch(Keys::List(keys)) | Operation::GetMany(Keys::List(keys)) => {
            keys.iter_mut().for_each(change);
        }
        Operation::Get(key) => change(key),
        Operation::RangeScan { start, end, .. } => {
            [start, end].into_iter().filter(|bound| !bound.is_empty()).for_each(change);
        }
        _ => {}
    }
}

/// Simpler operations that might do the same, the boldest first.
fn simpler(operation: &Operation) -> Vec<Operation> {
    match operation {
        Operation::PutBatch(Pairs::List(pairs)) => {
            let mut found: Vec<_> = shorter(pairs);
            for at in 0..pairs.len().min(FEW) {
                let mut with = |key: Octets, value: Octets| {
                    let mut pairs = pairs.clone();
                    pairs[at] = (key, value);
                    found.push(pairs);
                };
                let (key, value) = &pairs[at];
                plainer(value).into_iter().for_each(|value| with(key.clone(), value));
                plainer(key).into_iter().for_each(|key| with(key, value.clone()));
            }
            found.into_iter().map(|pairs| Operation::PutBatch(Pairs::List(pairs))).collect()
        }
        Operation::DeleteBatch(Keys::List(keys)) => {
            fewer_keys(keys).into_iter().map(|keys| Operation::DeleteBatch(Keys::List(keys))).collect()
        }
        Operation::GetMany(Keys::List(keys)) => {
            fewer_keys(keys).into_iter().map(|keys| Operation::GetMany(Keys::List(keys))).collect()
        }
        Operation::Get(key) => plainer(key).into_iter().map(Operation::Get).collect(),
        Operation::RangeScan { start, end, limit, forward } => simpler_scan(start, end, limit, *forward),
        Operation::GetBatch(number) => number.simpler().into_iter().map(Operation::GetBatch).collect(),
        Operation::PruneBatchLog(number) => number.simpler().into_iter().map(Operation::PruneBatchLog).collect(),
        _ => Vec::new(),
    }
}

/// Of longer lists only so many items are made plainer one by one; what is left out first makes lists short.
const FEW: usize = 8;

fn fewer_keys(keys: &[Octets]) -> Vec<Vec<Octets>> {
    let mut found = shorter(keys);
    for at in 0..keys.len().min(FEW) {
        for key in plainer(&keys[at]) {
            let mut keys = keys.to_vec();
            keys[at] = key;
            found.push(keys);
        }
    }
    found
}

/// The list's halves, and, once it is short, the list without each of its items.
fn shorter<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    if items.len() > 1 {
        let (front, back) = items.split_at(items.len() / 2);
        found.extend([back.to_vec(), front.to_vec()]);
    }
    if (3..=64).contains(&items.len()) {
        found.extend((0..items.len()).rev().map(|at| [&items[..at], &items[at + 1..]].concat()));
    }
    found
}

/// Octets that are easier to read: shorter ones from the front, then a plain letter.
fn plainer(octets: &Octets) -> Vec<Octets> {
    let mut found = Vec::new();
    let plain = octets.len() == 1 && octets[0].is_ascii_lowercase();
    if !octets.is_empty() && !plain {
        found.extend([b"a", b"b"].map(|letter| Octets::from(&letter[..])));
    }
    // Half as long, then closer and closer to what it was: the length that matters is found in few tries.
    let mut less = octets.len() / 2;
    while octets.len() > 2 && less > 0 {
        found.push(Octets::from(&octets[..octets.len() - less]));
        less /= 2;
    }
    found
}

fn simpler_scan(start: &Octets, end: &Octets, limit: &NumberExpression, forward: bool) -> Vec<Operation> {
    let scan = |start: &Octets, end: &Octets, limit: &NumberExpression, forward| Operation::RangeScan {
        start: start.clone(),
        end: end.clone(),
        limit: limit.clone(),
        forward,
    };
    let open = Octets::default();
    let mut found = Vec::new();
    if !forward {
        found.push(scan(start, end, limit, true));
    }
    if *limit != NumberExpression::max() {
        found.push(scan(start, end, &NumberExpression::max(), forward));
        if *limit != NumberExpression::integer(1) && *limit != NumberExpression::integer(0) {
            found.push(scan(start, end, &NumberExpression::integer(1), forward));
        }
    }
    if !start.is_empty() {
        found.push(scan(&open, end, limit, forward));
    }
    if !end.is_empty() {
        found.push(scan(start, &open, limit, forward));
    }
    found.extend(plainer(start).iter().map(|start| scan(start, end, limit, forward)));
    found.extend(plainer(end).iter().map(|end| scan(start, end, limit, forward)));
    found
}
