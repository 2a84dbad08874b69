//! The instants of a write spread out in time: when State shows it, when the log shows it, when the number covers it.
//!
//! The contract orders them only in part (section 10): State and log in either order and both before the return, the
//! number after both, and before the return unless the frontier is declared lagging.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use storecheck::{Eccentric, Frontier, StoreEngine};

use crate::base::{Contents, Memory, Pair, Values, copied};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    let pause = |_: &Memory| thread::sleep(Duration::from_micros(50));
    vec![
        served(
            volatile("data-before-number", move || Stepwise::new(First::State, pause)),
            "State shows a write first, then the log, and current_sequence covers it last (SEQ-3)",
        ),
        served(
            volatile("log-before-data", move || Stepwise::new(First::Log, pause)),
            "The log shows a write before State does, and current_sequence covers it last (section 10)",
        ),
        served(
            volatile("lagging-frontier", || Lagging::by(Duration::from_millis(3))).frontier(Frontier::Lagging),
            "current_sequence covers a write some milliseconds after it returned, and says so (PUT-7)",
        ),
        served(
            volatile("get-many-last-key-first", LastKeyFirst::default),
            "get_many looks its keys up one by one, the last one first (MANY-2, MANY-4)",
        ),
    ]
}

#[derive(Clone, Copy)]
enum First {
    State,
    Log,
}

/// Writes in three steps, with a pause after the first and the second.
struct Stepwise<P> {
    base: Memory,
    first: First,
    pause: P,
    /// One write at a time takes its steps, so all three happen in the order of numbers.
    turn: Mutex<()>,
}

impl<P: Fn(&Memory) + Send + Sync + 'static> Stepwise<P> {
    fn new(first: First, pause: P) -> Self {
        Self { base: Memory::default(), first, pause, turn: Mutex::default() }
    }

    fn write(&self, pairs: Vec<Pair>, apply: impl FnOnce(&mut Contents)) -> u64 {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.base.change(Contents::take_number);
        let log = |contents: &mut Contents| {
            contents.log.insert(number, pairs);
        };
        match self.first {
            First::State => {
                self.base.change(apply);
                (self.pause)(&self.base);
                self.base.change(log);
            }
            First::Log => {
                self.base.change(log);
                (self.pause)(&self.base);
                self.base.change(apply);
            }
        }
        (self.pause)(&self.base);
        self.base.publish(number);
        number
    }
}

impl<P: Fn(&Memory) + Send + Sync + 'static> Oddity for Stepwise<P> {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let pairs = copied(kvs);
        Ok(self.write(pairs.clone(), |contents| contents.set(&pairs)))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(vec![], |contents| contents.remove(keys)))
    }
}

/// Data at once, the number later. Time alone moves the frontier: asking does not (SEQ-5).
struct Lagging {
    base: Memory,
    lag: Duration,
    frontier: Mutex<Trail>,
}

/// The number shown, and the writes that it does not cover yet, oldest first.
#[derive(Default)]
struct Trail {
    shown: u64,
    uncovered: VecDeque<(Instant, u64)>,
}

impl Lagging {
    fn by(lag: Duration) -> Self {
        Self { base: Memory::default(), lag, frontier: Mutex::default() }
    }

    /// The frontier, moved over every write that is old enough.
    fn frontier(&self) -> MutexGuard<'_, Trail> {
        let mut trail = self.frontier.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, number)) = trail.uncovered.front().filter(|(written, _)| written.elapsed() >= self.lag) {
            trail.shown = *number;
            trail.uncovered.pop_front();
        }
        trail
    }

    /// Runs `write` in the frontier's lock, so that writes line up in the order of their numbers.
    fn write(&self, write: impl FnOnce() -> Result<u64, String>) -> Result<u64, String> {
        let mut trail = self.frontier();
        let number = write()?;
        trail.uncovered.push_back((Instant::now(), number));
        Ok(number)
    }
}

impl Oddity for Lagging {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        self.write(|| self.base.put_batch(kvs))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(|| self.base.delete_batch(keys))
    }

    fn current_sequence(&self) -> u64 {
        self.frontier().shown
    }
}

#[derive(Default)]
struct LastKeyFirst(Memory);

impl Oddity for LastKeyFirst {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        last_key_first(keys, |key| self.0.get(key))
    }
}

/// The answers in the order of `keys`, asked for in the opposite one.
fn last_key_first(
    keys: &[&[u8]],
    mut get: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>, String>,
) -> Result<Values, String> {
    let mut values = keys.iter().rev().map(|key| Ok((key.to_vec(), get(key)?))).collect::<Result<Values, String>>()?;
    values.reverse();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tests::pairs;

    /// What readers see of the first write while it pauses: State, log, number.
    fn seen_on_the_way(first: First) -> Vec<(bool, bool, u64)> {
        let seen = Arc::new(Mutex::new(vec![]));
        let notes = Arc::clone(&seen);
        let note = move |base: &Memory| {
            let (data, log) = (base.get(b"a").unwrap(), base.get_batch(1).unwrap());
            notes.lock().unwrap().push((data.is_some(), log.is_some(), base.current_sequence()));
        };
        let store = Stepwise::new(first, note);
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1));
        assert_eq!(store.current_sequence(), 1, "at the return everything is in order");
        seen.lock().unwrap().clone()
    }

    #[test]
    fn state_comes_first() {
        assert_eq!(seen_on_the_way(First::State), [(true, false, 0), (true, true, 0)]);
    }

    #[test]
    fn the_log_comes_first() {
        assert_eq!(seen_on_the_way(First::Log), [(false, true, 0), (true, true, 0)]);
    }

    #[test]
    fn the_number_trails() {
        let store = Lagging::by(Duration::from_secs(3600));
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1));
        assert_eq!((store.current_sequence(), store.get(b"a")), (0, Ok(Some(vec![]))), "the data do not");
        assert_eq!(store.get_batch(1), Ok(Some(pairs(&["a"]))));
    }

    #[test]
    fn the_number_catches_up() {
        let store = Lagging::by(Duration::from_millis(3));
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1));
        assert_eq!(store.delete_batch(&[b"a"]), Ok(2));
        thread::sleep(Duration::from_millis(5));
        assert_eq!(store.current_sequence(), 2);
    }

    #[test]
    fn the_last_key_is_looked_up_first() {
        let mut asked = vec![];
        let answer = last_key_first(&[b"a", b"b", b"a"], |key| {
            asked.push(key.to_vec());
            Ok(Some(vec![u8::try_from(asked.len()).unwrap()]))
        });
        assert_eq!(asked, [b"a", b"b", b"a"]);
        let expected = [(b"a", 3), (b"b", 2), (b"a", 1)].map(|(key, value)| (key.to_vec(), Some(vec![value])));
        assert_eq!(answer.unwrap(), expected);
    }
}
