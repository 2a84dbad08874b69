//! What to try when a program failed: fewer clients, fewer keys, fewer calls.

use super::program::Program;

/// Proposes smaller programs, each made from the smallest that failed so far.
#[derive(Debug)]
pub struct Smaller {
    best: Program,
    /// The proposals that the best one has left.
    left: Vec<Program>,
}

impl Smaller {
    /// Starts from a program that failed.
    #[must_use]
    pub fn new(failed: Program) -> Self {
        let left = proposals(&failed);
        Self { best: failed, left }
    }

    /// The next program to try; none when no smaller one is left.
    pub fn propose(&mut self) -> Option<Program> {
        self.left.pop()
    }

    /// Goes on from `program`, which failed too.
    pub fn failed(&mut self, program: Program) {
        self.left = proposals(&program);
        self.best = program;
    }

    /// The smallest program that failed.
    #[must_use]
    pub fn best(&self) -> &Program {
        &self.best
    }
}

/// Programs a step smaller, the boldest last.
fn proposals(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Program)| {
        let mut smaller = program.clone();
        change(&mut smaller);
        if smaller != *program {
            all.push(smaller);
        }
    };
    propose(&|smaller| smaller.noise = 0);
    propose(&|smaller| smaller.tokio_from = smaller.clients.len() as u32);
    for at in 0..program.clients.len() {
        if program.clients.len() > 2 {
            propose(&|smaller| {
                smaller.clients.remove(at);
                smaller.tokio_from = smaller.tokio_from.min(smaller.clients.len() as u32);
            });
        }
    }
    propose(&|smaller| smaller.calls = (smaller.calls / 2).max(4));
    propose(&|smaller| smaller.keys = (smaller.keys / 2).max(1));
    propose(&|smaller| smaller.groups = (smaller.groups / 2).max(1));
    propose(&|smaller| smaller.bursts = (smaller.bursts / 2).max(1));
    all
}
