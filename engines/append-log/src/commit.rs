//! The queue of writers. Whoever finds nobody leading leads: takes all that wait as one group, has it committed, hands
//! out the outcomes, and gives the lead to the first of those who came meanwhile. The others sleep, each in a seat of
//! its own, so that nobody is woken for nothing.

use std::sync::Arc;

use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError, yield_now};

/// What a queued call returns.
pub(crate) type Outcome = Result<u64, String>;

/// Writers waiting, each with its record, for their turn or for their outcome.
#[derive(Debug)]
pub(crate) struct CommitQueue<R> {
    line: Mutex<Line<R>>,
    /// How often a leader lets others run before it commits without those that it expects.
    patience: u32,
}

#[derive(Debug)]
struct Line<R> {
    waiting: Vec<(Arc<Seat>, R)>,
    led: bool,
    /// How many were here when the last group was done: in it, or waiting for the next.
    seen: usize,
}

/// Where one writer sleeps until it is spoken to.
#[derive(Debug, Default)]
struct Seat {
    word: Mutex<Option<Word>>,
    spoken: Condvar,
}

/// What a sleeping writer is told.
#[derive(Debug)]
enum Word {
    Lead,
    Done(Outcome),
}

impl Seat {
    fn say(&self, word: Word) {
        *self.word.lock().unwrap_or_else(PoisonError::into_inner) = Some(word);
        self.spoken.notify_one();
    }

    fn sleep(&self) -> Word {
        let mut word = self.word.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match word.take() {
                Some(word) => return word,
                None => word = self.spoken.wait(word).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl<R> CommitQueue<R> {
    /// A queue whose leaders let others run up to `patience` times before they commit.
    pub(crate) fn new(patience: u32) -> Self {
        Self { line: Mutex::new(Line { waiting: Vec::new(), led: false, seen: 0 }), patience }
    }

    /// Queues `record` and returns its outcome.
    ///
    /// If this caller comes to lead, `commit` gets all that wait, in the order they came, and answers one outcome for
    /// each; `afterwards` runs when the others have theirs and nobody else leads yet.
    pub(crate) fn submit(
        &self,
        record: R,
        commit: impl FnOnce(Vec<R>) -> Vec<Outcome>,
        afterwards: impl FnOnce(),
    ) -> Outcome {
        let seat = Arc::new(Seat::default());
        let mut line = self.lock();
        line.waiting.push((Arc::clone(&seat), record));
        if line.led {
            drop(line);
            if let Word::Done(outcome) = seat.sleep() {
                return outcome;
            }
            line = self.lock();
        }
        line.led = true;
        let group = self.gather(line);
        // This caller is the first of them: nobody waits when there is no leader, and a leader passes on to the first.
        let (seats, records): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let mut turn = Turn { queue: self, followers: seats.into_iter().skip(1).collect() };
        let outcome = turn.deliver(commit(records));
        afterwards();
        outcome
    }

    /// Takes all that wait.
    ///
    /// Those who were in the last group are on their way back. Without them half of the writers would be in every other
    /// group, and each sync would serve half as many: so they are let run for a moment.
    fn gather<'a>(&'a self, mut line: MutexGuard<'a, Line<R>>) -> Vec<(Arc<Seat>, R)> {
        for _ in 0..self.patience {
            if line.waiting.len() >= line.seen {
                break;
            }
            drop(line);
            yield_now();
            line = self.lock();
        }
        std::mem::take(&mut line.waiting)
    }

    /// How many wait, and whether somebody leads.
    #[cfg(test)]
    pub(crate) fn standing(&self) -> (usize, bool) {
        let line = self.lock();
        (line.waiting.len(), line.led)
    }

    fn lock(&self) -> MutexGuard<'_, Line<R>> {
        // Each change of the line is one step, so a panic elsewhere leaves nothing half-done.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lead over one group, passed on when dropped: also by a leader that panics, whose followers would otherwise sleep
/// for ever.
struct Turn<'a, R> {
    queue: &'a CommitQueue<R>,
    followers: Vec<Arc<Seat>>,
}

impl<R> Turn<'_, R> {
    fn deliver(&mut self, outcomes: Vec<Outcome>) -> Outcome {
        debug_assert_eq!(self.followers.len() + 1, outcomes.len(), "one outcome for each record");
        let mut line = self.queue.lock();
        line.seen = outcomes.len() + line.waiting.len();
        drop(line);
        let mut outcomes = outcomes.into_iter();
        let own = outcomes.next().unwrap_or_else(lost);
        for (follower, outcome) in self.followers.drain(..).zip(outcomes) {
            follower.say(Word::Done(outcome));
        }
        own
    }
}

impl<R> Drop for Turn<'_, R> {
    fn drop(&mut self) {
        for follower in self.followers.drain(..) {
            follower.say(Word::Done(lost()));
        }
        let mut line = self.queue.lock();
        match line.waiting.first() {
            Some((next, _)) => next.say(Word::Lead),
            None => line.led = false,
        }
    }
}

fn lost() -> Outcome {
    Err("the writer that led this group failed".to_owned())
}
