//! What an engine answered, call by call, in a form that can be laid beside what another did: sequence numbers are
//! counted from the fresh store's, since a store may start anywhere.

use serde::{Deserialize, Serialize};

use crate::call::{Action, Call, Outcome, Reply};
use crate::contract::ClauseId;
use crate::driver::Driver;
use crate::octets::Decimal;

/// An action and what became of it, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The action.
    pub action: String,
    /// What became of it.
    pub outcome: String,
}

/// A driver that writes down what passes through it.
pub(crate) struct Transcribed<'a> {
    inner: &'a mut dyn Driver,
    fresh: Option<u64>,
    lines: Vec<Line>,
}

impl<'a> Transcribed<'a> {
    pub(crate) fn new(inner: &'a mut dyn Driver) -> Self {
        Self { inner, fresh: None, lines: Vec::new() }
    }

    pub(crate) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    fn counted(&self, number: Decimal) -> Decimal {
        match number {
            Decimal(u64::MAX) => number,
            Decimal(number) => Decimal(number.checked_sub(self.fresh.unwrap_or(0)).unwrap_or(number)),
        }
    }

    fn action(&self, action: &Action) -> String {
        match action {
            Action::Call(Call::GetBatch(number)) => Call::GetBatch(self.counted(*number)).to_string(),
            Action::Call(Call::PruneBatchLog(number)) => Call::PruneBatchLog(self.counted(*number)).to_string(),
            other => other.to_string(),
        }
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Reply(Reply::Sequence(number)) => Reply::Sequence(self.counted(*number)).to_string(),
            Outcome::Reply(Reply::Oldest(Some(number))) => Reply::Oldest(Some(self.counted(*number))).to_string(),
            // Engines word their errors as they like.
            Outcome::Reply(Reply::Error(_)) => "Err".to_owned(),
            Outcome::Panicked { .. } => "panicked".to_owned(),
            other => other.to_string(),
        }
    }
}

impl Driver for Transcribed<'_> {
    fn perform(&mut self, action: &Action) -> Outcome {
        let outcome = self.inner.perform(action);
        if let (None, Outcome::Reply(Reply::Sequence(Decimal(number)))) = (self.fresh, &outcome) {
            self.fresh = Some(*number);
        }
        self.lines.push(Line { action: self.action(action), outcome: self.outcome(&outcome) });
        outcome
    }

    fn enter(&mut self, place: &dyn std::fmt::Display, line: u64, clauses: &[ClauseId]) {
        self.inner.enter(place, line, clauses);
    }
}
