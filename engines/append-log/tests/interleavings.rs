//! The commit queue under schedules that threads seldom come to.
//!
//! [shuttle](https://docs.rs/shuttle) runs the threads of a test one at a time and decides at every lock, wait and
//! signal which goes on; a schedule in which all wait is a deadlock and fails. The queue's source is compiled here with
//! shuttle's locks in place of the standard library's.

#[path = "../src/commit.rs"]
mod commit;

mod sync {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use shuttle::thread::yield_now;
    pub(crate) use std::sync::PoisonError;
}

use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use commit::{CommitQueue, Outcome};

/// Random schedules of each test, and how many are gone through one after the other.
const SCHEDULES: usize = 3000;
const IN_ORDER: usize = 40_000;

/// What leaders do: the records in the order in which they were committed, and whether one is at it.
#[derive(Default)]
struct Journal {
    records: Vec<u64>,
    leads: bool,
}

/// So many writers submit so many records each; every one is committed once, by one leader at a time, and each writer
/// gets the number that its own record was given.
fn writers(count: u64, each: u64) {
    let queue = Arc::new(CommitQueue::new(2));
    let journal = Arc::new(Mutex::new(Journal::default()));
    let writer = |own: u64| {
        let (queue, journal) = (Arc::clone(&queue), Arc::clone(&journal));
        thread::spawn(move || {
            for turn in 0..each {
                let record = own * each + turn;
                let number = queue.submit(record, |group| lead(&journal, &group), || {}).expect("it is committed");
                let at = usize::try_from(number - 1).expect("small");
                assert_eq!(journal.lock().expect("no leader panics").records[at], record, "another's outcome");
            }
        })
    };
    let writers: Vec<_> = (0..count).map(writer).collect();
    for writer in writers {
        writer.join().expect("no writer panics");
    }
    let journal = journal.lock().expect("no leader panics");
    let mut records = journal.records.clone();
    records.sort_unstable();
    assert_eq!(records, (0..count * each).collect::<Vec<_>>(), "each once");
    assert_eq!(queue.standing(), (0, false));
}

fn lead(journal: &Mutex<Journal>, group: &[u64]) -> Vec<Outcome> {
    let lock = || journal.lock().expect("no leader panics");
    assert!(!std::mem::replace(&mut lock().leads, true), "two lead");
    let mut outcomes = Vec::new();
    for record in group {
        // Given up in between, so that others come while a group is committed.
        let mut journal = lock();
        journal.records.push(*record);
        outcomes.push(Ok(journal.records.len() as u64));
    }
    lock().leads = false;
    outcomes
}

#[test]
fn random_schedules_of_three_writers() {
    shuttle::check_random(|| writers(3, 2), SCHEDULES);
}

#[test]
fn schedules_with_few_and_early_switches() {
    shuttle::check_pct(|| writers(4, 1), SCHEDULES, 3);
}

#[test]
fn schedules_of_two_writers_one_after_the_other() {
    shuttle::check_dfs(|| writers(2, 1), Some(IN_ORDER));
}
