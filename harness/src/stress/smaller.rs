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
    let half = program.clients.len() / 2;
    if half > 1 {
        for clients in [&program.clients[..half], &program.clients[half..]] {
            propose(&|smaller| {
                smaller.clients = clients.to_vec();
                smaller.tokio_from = smaller.tokio_from.min(clients.len() as u32);
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::MIXES;

    #[test]
    fn what_fails_for_one_role_shrinks_to_it() {
        for mix in MIXES {
            let wanted = mix.clients[0];
            let fails = |program: &Program| program.clients.contains(&wanted);
            let mut smaller = Smaller::new(mix.program(1));
            while let Some(candidate) = smaller.propose() {
                if fails(&candidate) {
                    smaller.failed(candidate);
                }
            }
            let best = smaller.best();
            assert_eq!(best.clients.len(), 2, "{}", mix.name);
            assert!(best.clients.contains(&wanted));
            let size = (best.groups, best.keys, best.bursts, best.calls, best.noise);
            assert_eq!(size, (1, 1, 1, 4, 0), "{}", mix.name);
        }
    }
}
