//! Programs as a proptest `Strategy`, for tests that have something else to try with them.
//!
//! The strategy draws a seed from proptest's runner and leaves the rest to the generator, so that it makes the same
//! programs as the suite, and to [`Shrinking`], which is what proptest calls a value tree.

use proptest::prelude::Rng;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::generate::generate;
use super::program::{Program, Suited};
use super::shrink::Shrinking;
use super::weights::Shape;

/// Random programs of a shape, as a strategy.
#[derive(Debug, Clone, Copy)]
pub struct AnyProgram {
    shape: &'static Shape,
    suited: Suited,
}

/// Random programs of `shape` for engines like `suited`.
#[must_use]
pub fn programs(shape: &'static Shape, suited: Suited) -> AnyProgram {
    AnyProgram { shape, suited }
}

impl Strategy for AnyProgram {
    type Tree = Shrinking;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::new(generate(self.shape, self.suited, runner.rng().next_u64())))
    }
}

impl ValueTree for Shrinking {
    type Value = Program;

    fn current(&self) -> Program {
        self.candidate().unwrap_or_else(|| self.best()).clone()
    }

    fn simplify(&mut self) -> bool {
        self.judge(true);
        self.propose().is_some()
    }

    fn complicate(&mut self) -> bool {
        self.judge(false);
        self.propose().is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestError, TestRunner};

    use super::super::weights::SHAPES;
    use super::*;
    use crate::scenario::case::Operation;

    #[test]
    fn proptest_finds_the_smallest_program() {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
        let strategy = programs(&SHAPES[0], Suited { batch_log: true, reopen: true });
        let error = runner.run(&strategy, |program| {
            let deletes = program.operations.iter().filter(|one| matches!(one, Operation::DeleteBatch(_))).count();
            proptest::prop_assert!(deletes < 2, "two deletes");
            Ok(())
        });
        let Err(TestError::Fail(_, program)) = error else { panic!("no program was found") };
        assert_eq!(program.operations.len(), 2, "{program:?}");
    }
}
