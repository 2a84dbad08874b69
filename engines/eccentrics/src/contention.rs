//! Odd only when several threads call at once: who waits for whom, what a call of several keys sees, which numbers are
//! given, and in which order writes return.
//!
//! All of it is legal, and each changes what the suite measures of guarantees.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use storecheck::{Eccentric, StoreEngine};

use crate::base::{Contents, Memory, Pair, Values, copied, rows};
use crate::declare::{served, trait_only, volatile};
use crate::oddity::Oddity;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            volatile("get-many-between-writes", KeyByKey::default),
            "get_many gives its lock up after each key, and writes come between (MANY-4)",
        ),
        served(
            volatile("writers-starve", || Polite::new(Side::Writers)),
            "A write lets readers go first as long as some come, up to 200 times (ISO-5 is a SHOULD)",
        ),
        served(
            volatile("readers-starve", || Polite::new(Side::Readers)),
            "A read lets writers go first as long as some come, up to 200 times (ISO-5 is a SHOULD)",
        ),
        trait_only(
            volatile("burns-numbers-when-busy", BurnsNumbers::default),
            "A write that has to wait for another leaves a number out (PUT-4 is SERVED)",
        ),
        served(
            volatile("returns-after-the-next", ReturnsLate::default),
            "A write that has taken effect returns after one of a greater number has (PUT-6 speaks of effects)",
        ),
        served(
            volatile("readers-of-copies", Copies::default),
            "Writes replace State by a changed copy, and reads go on with the copy that they began with (ISO-3)",
        ),
    ]
}

/// How often a thread lets others go first.
const TURNS: usize = 200;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks keys up one by one, in their order.
#[derive(Default)]
struct KeyByKey(Memory);

impl KeyByKey {
    fn many(&self, keys: &[&[u8]], between: impl Fn()) -> Values {
        let one = |key: &&[u8]| {
            let value = self.0.read().state.get(*key).map(|value| value.to_vec());
            between();
            (key.to_vec(), value)
        };
        keys.iter().map(one).collect()
    }
}

impl Oddity for KeyByKey {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        Ok(self.many(keys, thread::yield_now))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Readers,
    Writers,
}

/// One side waits while calls of the other are in flight.
struct Polite {
    base: Memory,
    waits: Side,
    /// Calls in flight of the side that goes first.
    first: AtomicUsize,
}

impl Polite {
    fn new(waits: Side) -> Self {
        Self { base: Memory::default(), waits, first: AtomicUsize::new(0) }
    }

    fn call<T>(&self, side: Side, call: impl FnOnce(&Memory) -> T) -> T {
        if side == self.waits {
            self.give_way();
            return call(&self.base);
        }
        self.first.fetch_add(1, Ordering::SeqCst);
        // A while in which the other side sees that somebody is there.
        thread::yield_now();
        let answer = call(&self.base);
        self.first.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    /// How many turns were given up.
    fn give_way(&self) -> usize {
        let mut turns = 0;
        while turns < TURNS && self.first.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
            turns += 1;
        }
        turns
    }
}

impl Oddity for Polite {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        self.call(Side::Writers, |base| base.put_batch(kvs))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.call(Side::Writers, |base| base.delete_batch(keys))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.call(Side::Readers, |base| base.get(key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        self.call(Side::Readers, |base| base.range_scan(start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        self.call(Side::Readers, |base| base.get_many(keys))
    }
}

/// One write at a time; who comes meanwhile leaves a number out.
#[derive(Default)]
struct BurnsNumbers {
    base: Memory,
    turn: Mutex<()>,
}

impl BurnsNumbers {
    fn write(&self, change: impl FnOnce(&mut Contents) -> u64) -> u64 {
        let _turn = self.turn.try_lock().unwrap_or_else(|_| {
            self.burn();
            locked(&self.turn)
        });
        thread::yield_now();
        self.base.write(change)
    }

    /// The very first number is not left out (PUT-5). One that is, is below that of the write that does so.
    fn burn(&self) {
        self.base.change(|contents| {
            if contents.last > 0 {
                contents.take_number();
            }
        });
    }
}

impl Oddity for BurnsNumbers {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let pairs = copied(kvs);
        Ok(self.write(|contents| {
            contents.set(&pairs);
            contents.append(pairs)
        }))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(|contents| {
            contents.remove(keys);
            contents.append(vec![])
        }))
    }
}

/// Writes wait, when all is done, until a later one is under way.
#[derive(Default)]
struct ReturnsLate {
    base: Memory,
    writing: AtomicUsize,
}

/// Why a write did not wait any longer.
#[derive(Debug, PartialEq, Eq)]
enum Waited {
    Alone,
    Overtaken,
    LongEnough,
}

impl ReturnsLate {
    fn write(&self, write: impl FnOnce(&Memory) -> Result<u64, String>) -> Result<u64, String> {
        self.writing.fetch_add(1, Ordering::SeqCst);
        let number = write(&self.base);
        if let Ok(number) = number {
            self.wait(number);
        }
        self.writing.fetch_sub(1, Ordering::SeqCst);
        number
    }

    /// Waits until a write of a greater number had time to return.
    fn wait(&self, number: u64) -> Waited {
        for _ in 0..TURNS {
            if self.writing.load(Ordering::SeqCst) == 1 {
                return Waited::Alone;
            }
            let overtaken = self.base.current_sequence() > number;
            thread::yield_now();
            if overtaken {
                return Waited::Overtaken;
            }
        }
        Waited::LongEnough
    }
}

impl Oddity for ReturnsLate {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        self.write(|base| base.put_batch(kvs))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        self.write(|base| base.delete_batch(keys))
    }
}

type State = BTreeMap<Bytes, Bytes>;

/// State as a map that is never changed, only replaced. The log and the number are the base's.
#[derive(Default)]
struct Copies {
    base: Memory,
    state: Mutex<Arc<State>>,
    turn: Mutex<()>,
}

impl Copies {
    fn state(&self) -> Arc<State> {
        Arc::clone(&locked(&self.state))
    }

    /// The log first, then State, then the number.
    fn write(&self, pairs: Vec<Pair>, change: impl FnOnce(&mut State)) -> u64 {
        let _turn = locked(&self.turn);
        let mut state = State::clone(&self.state());
        change(&mut state);
        let number = self.base.change(|contents| contents.append(pairs));
        *locked(&self.state) = Arc::new(state);
        self.base.publish(number);
        number
    }
}

impl Oddity for Copies {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let pairs = copied(kvs);
        Ok(self.write(pairs.clone(), |state| state.extend(pairs)))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(vec![], |state| keys.iter().for_each(|key| drop(state.remove(*key)))))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let state = self.state();
        thread::yield_now();
        Ok(state.get(key).map(|value| value.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        let state = self.state();
        thread::yield_now();
        Ok(rows(&state, start, end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        let state = self.state();
        thread::yield_now();
        Ok(keys.iter().map(|key| (key.to_vec(), state.get(*key).map(|value| value.to_vec()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::valued;

    #[test]
    fn a_write_comes_between_two_keys_of_one_get_many() {
        let store = KeyByKey::default();
        let wrote = AtomicUsize::new(0);
        let values = store.many(&[b"a", b"b"], || {
            if wrote.fetch_add(1, Ordering::SeqCst) == 0 {
                store.0.put_batch(&[valued("a", "1"), valued("b", "1")]).unwrap();
            }
        });
        assert_eq!(values, [(b"a".to_vec(), None), (b"b".to_vec(), Some(b"1".to_vec()))]);
    }

    #[test]
    fn one_side_gives_way_to_the_other_but_not_for_ever() {
        for waits in [Side::Readers, Side::Writers] {
            let store = Polite::new(waits);
            assert_eq!(store.give_way(), 0);
            store.first.store(1, Ordering::SeqCst);
            assert_eq!(store.give_way(), TURNS);
        }
    }

    #[test]
    fn a_number_is_left_out_when_another_write_is_under_way() {
        let store = BurnsNumbers::default();
        assert_eq!(Oddity::put_batch(&store, &[valued("a", "1")]), Ok(1));
        let turn = locked(&store.turn);
        thread::scope(|threads| {
            let waiting = threads.spawn(|| Oddity::put_batch(&store, &[valued("a", "2")]));
            while store.base.read().last == 1 {
                thread::yield_now();
            }
            drop(turn);
            assert_eq!(waiting.join().unwrap(), Ok(3));
        });
    }

    #[test]
    fn a_write_waits_for_one_of_a_greater_number() {
        let store = ReturnsLate::default();
        assert_eq!(Oddity::put_batch(&store, &[valued("a", "1")]), Ok(1));
        store.writing.store(2, Ordering::SeqCst);
        assert_eq!(store.wait(1), Waited::LongEnough);
        store.base.put_batch(&[valued("a", "2")]).unwrap();
        assert_eq!(store.wait(1), Waited::Overtaken);
        store.writing.store(1, Ordering::SeqCst);
        assert_eq!(store.wait(1), Waited::Alone);
    }

    #[test]
    fn a_read_goes_on_with_the_copy_that_it_began_with() {
        let store = Copies::default();
        Oddity::put_batch(&store, &[valued("a", "1")]).unwrap();
        let begun = store.state();
        Oddity::put_batch(&store, &[valued("a", "2")]).unwrap();
        assert_eq!(begun.get(&b"a"[..]).map(|value| &value[..]), Some(&b"1"[..]));
        assert_eq!(Oddity::get(&store, b"a").unwrap().unwrap(), b"2");
    }
}
