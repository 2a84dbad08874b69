//! [`Program`]: operations as data, and the case that runs them.

use crate::contract::ClauseId;
use crate::driver::Executor;
use crate::engine::{Declarations, Durability};
use crate::scenario::case::{Case, Expectation, Need, Operation, Profile, Step};

/// What programs are made to suit: calls that an engine declares nothing about would only show its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suited {
    /// Whether the batch log is worth asking for.
    pub batch_log: bool,
    /// Whether the store may be opened again.
    pub reopen: bool,
}

impl From<Declarations> for Suited {
    fn from(declared: Declarations) -> Self {
        Self { batch_log: declared.batch_log, reopen: declared.durability > Durability::Volatile }
    }
}

/// Calls, audits and reopens on a fresh store, and where the calls are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What is done, in order. An audit follows the last.
    pub operations: Vec<Operation>,
    /// Where calls are made.
    pub executor: Executor,
}

impl Program {
    /// The case that runs the program: each operation is a step, of which nothing is expected beyond the model.
    #[must_use]
    pub fn into_case(self, id: &str, title: &str, clauses: Vec<ClauseId>) -> Case {
        let needs = self.needs();
        let step = |operation: Operation| Step {
            line: 0,
            operation,
            expect: Expectation::Model,
            name: None,
            clauses: Vec::new(),
            times: 1,
        };
        Case {
            id: id.to_owned(),
            file: String::new(),
            title: title.to_owned(),
            clauses,
            needs,
            profile: Profile::Quick,
            executor: self.executor,
            steps: self.operations.into_iter().map(step).collect(),
        }
    }

    /// What the program asks of an engine beyond its calls.
    fn needs(&self) -> Vec<Need> {
        let any = |found: fn(&Operation) -> bool| self.operations.iter().any(found);
        let log = |operation: &Operation| {
            matches!(operation, Operation::GetBatch(_) | Operation::OldestRetainedBatch | Operation::PruneBatchLog(_))
        };
        let mut needs = Vec::new();
        if any(log) {
            needs.push(Need::BatchLog);
        }
        if any(|operation| matches!(operation, Operation::Reopen)) {
            needs.push(Need::Durable);
        }
        needs
    }
}
