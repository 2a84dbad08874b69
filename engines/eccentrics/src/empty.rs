//! What the contract leaves open about writes of nothing.

use storecheck::{Eccentric, StoreEngine};

use crate::base::{Memory, Pair};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            volatile("empty-puts-refused", EmptyPutsRefused::default),
            "A put of no pairs is an error and takes no number (PUT-13 reject)",
        ),
        served(
            volatile("empty-deletes-noop", EmptyDeletesNoop::default),
            "A delete of no keys answers the current number and writes nothing (DEL-5 noop)",
        ),
        served(
            volatile("empty-deletes-refused", EmptyDeletesRefused::default),
            "A delete of no keys is an error and takes no number (DEL-5 reject)",
        ),
    ]
}

#[derive(Default)]
struct EmptyPutsRefused(Memory);

impl Oddity for EmptyPutsRefused {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        if kvs.is_empty() { Err("nothing to put".to_owned()) } else { self.0.put_batch(kvs) }
    }
}

#[derive(Default)]
struct EmptyDeletesNoop(Memory);

impl Oddity for EmptyDeletesNoop {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        if keys.is_empty() { Ok(self.0.current_sequence()) } else { self.0.delete_batch(keys) }
    }
}

#[derive(Default)]
struct EmptyDeletesRefused(Memory);

impl Oddity for EmptyDeletesRefused {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        if keys.is_empty() { Err("nothing to delete".to_owned()) } else { self.0.delete_batch(keys) }
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{open, pairs};

    #[test]
    fn an_empty_put_is_refused() {
        let store = open("empty-puts-refused");
        store.put_batch(&[]).unwrap_err();
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1), "the refusal took no number");
        assert_eq!(store.delete_batch(&[]), Ok(2), "deletes are not concerned");
    }

    #[test]
    fn an_empty_delete_does_nothing() {
        let store = open("empty-deletes-noop");
        assert_eq!(store.delete_batch(&[]), Ok(0));
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1));
        assert_eq!(store.delete_batch(&[]), Ok(1));
        assert_eq!(store.get_batch(1), Ok(Some(pairs(&["a"]))), "the entry is still the put's");
        assert_eq!(store.delete_batch(&[b"a"]), Ok(2));
    }

    #[test]
    fn an_empty_delete_is_refused() {
        let store = open("empty-deletes-refused");
        store.delete_batch(&[]).unwrap_err();
        assert_eq!(store.put_batch(&[]), Ok(1), "the refusal took no number, and puts are not concerned");
    }
}
