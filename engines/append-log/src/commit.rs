//! The queue of writers. Whoever finds nobody leading leads: takes all that wait as one group, has it committed, and
//! hands out the outcomes. The others sleep until theirs is there.

use crate::record::Record;
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::HashMap;

/// What a queued call returns.
pub(crate) type Outcome = Result<u64, String>;

/// Writers waiting for their turn or for their outcome.
#[derive(Debug, Default)]
pub(crate) struct CommitQueue {
    line: Mutex<Line>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    waiting: Vec<(Ticket, Record)>,
    outcomes: HashMap<Ticket, Outcome>,
    last_ticket: Ticket,
    led: bool,
}

type Ticket = u64;

impl CommitQueue {
    /// Queues `record` and returns its outcome.
    ///
    /// If this caller comes to lead, `commit` gets all that wait, in the order they came, and answers one outcome for
    /// each; `afterwards` runs when the others have theirs and nobody else leads yet.
    pub(crate) fn submit(
        &self,
        record: Record,
        commit: impl FnOnce(Vec<Record>) -> Vec<Outcome>,
        afterwards: impl FnOnce(),
    ) -> Outcome {
        let mut line = self.lock();
        line.last_ticket += 1;
        let ticket = line.last_ticket;
        line.waiting.push((ticket, record));
        while line.led {
            line = self.moved.wait(line).unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = line.outcomes.remove(&ticket) {
                return outcome;
            }
        }
        // Nobody leads, and a leader takes all that wait: so this caller's record is still among them.
        line.led = true;
        let (tickets, group) = std::mem::take(&mut line.waiting).into_iter().unzip();
        drop(line);
        let mut turn = Turn { queue: self, own: ticket, tickets };
        let outcome = turn.deliver(commit(group));
        afterwards();
        outcome
    }

    /// How many wait, whether somebody leads, and how many outcomes nobody has fetched yet.
    #[cfg(test)]
    pub(crate) fn standing(&self) -> (usize, bool, usize) {
        let line = self.lock();
        (line.waiting.len(), line.led, line.outcomes.len())
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Each change of the line is one step, so a panic elsewhere leaves nothing half-done.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lead over one group, given back when dropped: also by a leader that panics, whose followers would otherwise
/// sleep for ever.
struct Turn<'a> {
    queue: &'a CommitQueue,
    own: Ticket,
    tickets: Vec<Ticket>,
}

impl Turn<'_> {
    fn deliver(&mut self, outcomes: Vec<Outcome>) -> Outcome {
        debug_assert_eq!(self.tickets.len(), outcomes.len(), "one outcome for each record");
        let mut own = lost();
        let mut line = self.queue.lock();
        for (ticket, outcome) in self.tickets.drain(..).zip(outcomes) {
            if ticket == self.own {
                own = outcome;
            } else {
                line.outcomes.insert(ticket, outcome);
            }
        }
        drop(line);
        self.queue.moved.notify_all();
        own
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.queue.lock();
        line.led = false;
        for ticket in self.tickets.drain(..).filter(|ticket| *ticket != self.own) {
            line.outcomes.insert(ticket, lost());
        }
        drop(line);
        self.queue.moved.notify_all();
    }
}

fn lost() -> Outcome {
    Err("the writer that led this group failed".to_owned())
}
