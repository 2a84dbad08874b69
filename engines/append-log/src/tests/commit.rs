//! The queue of writers by itself. `tests/interleavings.rs` runs it under schedules that threads seldom come to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::commit::{CommitQueue, Outcome};
use crate::record::Record;

fn answer(group: &[Record]) -> Vec<Outcome> {
    let cutoff = |record: &Record| if let Record::Prune(cutoff) = record { *cutoff } else { 0 };
    group.iter().map(|record| Ok(cutoff(record))).collect()
}

/// Waits until `count` records wait in the queue.
fn until_waiting(queue: &CommitQueue<Record>, count: usize) {
    while queue.standing().0 < count {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn those_who_wait_are_committed_together_and_each_gets_its_own_outcome() {
    let queue = CommitQueue::new(0);
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
        while !queue.standing().1 {
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
    assert_eq!(queue.standing(), (0, false));
}

#[test]
fn a_leader_that_panics_fails_its_group_and_the_next_one_leads() {
    let queue = CommitQueue::new(0);
    let (release, held) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            let hold = move |group: Vec<Record>| {
                held.recv().unwrap();
                answer(&group)
            };
            queue.submit(Record::Prune(0), hold, || {})
        });
        while !queue.standing().1 {
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
    assert_eq!(queue.standing(), (0, false));
}
