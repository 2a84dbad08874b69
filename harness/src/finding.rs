//! [`Finding`]: one deviation from the contract, with what a person needs to see that it is one.

use serde::{Deserialize, Serialize};

use crate::contract::{ClauseId, Level};
use crate::engine::Target;

/// One deviation from the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How much it weighs: MUST fails both targets, SERVED fails `served`, SHOULD is a note.
    pub level: Level,
    /// The clauses broken, the most specific first.
    pub clauses: Vec<ClauseId>,
    /// What a correct engine does here, and why.
    pub expected: String,
    /// What this one did.
    pub got: String,
}

impl Finding {
    /// A deviation of `level` from `clauses`.
    #[must_use]
    pub fn new(level: Level, clauses: &[&'static str], expected: impl Into<String>, got: impl Into<String>) -> Self {
        let mut finding = Self { level, clauses: Vec::new(), expected: expected.into(), got: got.into() };
        finding.blame(clauses.iter().map(|id| ClauseId::new(id)));
        finding
    }

    /// Adds clauses that are not named yet.
    pub fn blame(&mut self, clauses: impl IntoIterator<Item = ClauseId>) {
        for clause in clauses {
            if !self.clauses.contains(&clause) {
                self.clauses.push(clause);
            }
        }
    }

    /// Whether an engine that does this misses `target`.
    #[must_use]
    pub fn fails(&self, target: Target) -> bool {
        fails(self.level, target)
    }
}

/// Whether a deviation of this level misses `target`. What an OPEN clause allows is all that it allows, so going
/// beyond it weighs like a MUST.
#[must_use]
pub fn fails(level: Level, target: Target) -> bool {
    match level {
        Level::Must | Level::Open => true,
        Level::Served => target == Target::Served,
        Level::Should | Level::Graded => false,
    }
}
