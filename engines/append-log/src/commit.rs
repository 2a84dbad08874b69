//! The queue of writers. Whoever finds nobody leading leads: takes all that wait as one group, has it committed, and
//! hands out the outcomes. The others sleep until theirs is there.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::record::Record;

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn answer(group: &[Record]) -> Vec<Outcome> {
        let cutoff = |record: &Record| if let Record::Prune(cutoff) = record { *cutoff } else { 0 };
        group.iter().map(|record| Ok(cutoff(record))).collect()
    }

    /// Waits until `count` records wait in the queue.
    fn until_waiting(queue: &CommitQueue, count: usize) {
        while queue.lock().waiting.len() < count {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn those_who_wait_are_committed_together_and_each_gets_its_own_outcome() {
        let queue = CommitQueue::default();
        let groups = AtomicU64::new(0);
        let (release, held) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                let hold = move |group: Vec<Record>| {
                    held.recv().unwrap();
                    answer(&group)
                };
                queue.submit(Record::Prune(100), hold, || {})
            });
            while !queue.lock().led {
                thread::yield_now();
            }
            let commit = |group: Vec<Record>| {
                groups.fetch_add(1, Ordering::Relaxed);
                answer(&group)
            };
            let others: Vec<_> = (0..8)
                .map(|own| {
                    let queue = &queue;
                    scope.spawn(move || (own, queue.submit(Record::Prune(own), commit, || {})))
                })
                .collect();
            until_waiting(&queue, 8);
            release.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Ok(100));
            for other in others {
                let (own, outcome) = other.join().unwrap();
                assert_eq!(outcome, Ok(own));
            }
        });
        assert_eq!(groups.into_inner(), 1, "eight that waited make one group");
        assert!(queue.lock().outcomes.is_empty());
    }

    #[test]
    fn a_leader_that_panics_fails_its_group_and_the_next_one_leads() {
        let queue = CommitQueue::default();
        let (release, held) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                let hold = move |group: Vec<Record>| {
                    held.recv().unwrap();
                    answer(&group)
                };
                queue.submit(Record::Prune(0), hold, || {})
            });
            while !queue.lock().led {
                thread::yield_now();
            }
            let panics = |_: Vec<Record>| -> Vec<Outcome> { panic!("on purpose") };
            let group: Vec<_> = (1..=2)
                .map(|own| {
                    scope.spawn({
                        let queue = &queue;
                        move || queue.submit(Record::Prune(own), panics, || {})
                    })
                })
                .collect();
            until_waiting(&queue, 2);
            release.send(()).unwrap();
            assert!(first.join().unwrap().is_ok());
            let ends: Vec<_> = group.into_iter().map(thread::ScopedJoinHandle::join).collect();
            assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1, "one led and panicked");
            assert_eq!(ends.iter().filter(|end| matches!(end, Ok(Err(_)))).count(), 1, "the other got an error");
        });
        assert_eq!(queue.submit(Record::Prune(5), |group| answer(&group), || {}), Ok(5));
        assert!(queue.lock().outcomes.is_empty());
    }
}
