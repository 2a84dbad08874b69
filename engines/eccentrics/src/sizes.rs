//! Limits that sit exactly where the contract lets them.

use storecheck::{Eccentric, StoreEngine};

use crate::base::{Memory, Pair};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

const LONGEST_KEY: usize = 254;
const LONGEST_VALUE: usize = 10 << 20;
const LARGEST_BATCH: usize = 10_000;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            volatile("long-keys-refused", LongKeysRefused::default),
            "Keys over 254 octets cannot be put, are never found, and are an error as bounds (PUT-12, GET-3, SCAN-11)",
        ),
        served(
            volatile("long-values-refused", LongValuesRefused::default),
            "Values over 10 MiB cannot be put (PUT-12)",
        ),
        served(
            volatile("large-batches-refused", LargeBatchesRefused::default),
            "Puts of more than 10,000 pairs are refused whole (PUT-10, PUT-15, GEN-12)",
        ),
    ]
}

/// A long key never enters the store, so the base itself finds none and has none to delete.
#[derive(Default)]
struct LongKeysRefused(Memory);

impl Oddity for LongKeysRefused {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        if kvs.iter().any(|(key, _)| key.len() > LONGEST_KEY) {
            return Err("a key is too long".to_owned());
        }
        self.0.put_batch(kvs)
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        if start.len().max(end.len()) > LONGEST_KEY {
            return Err("a bound is too long".to_owned());
        }
        self.0.range_scan(start, end, limit, forward)
    }
}

#[derive(Default)]
struct LongValuesRefused(Memory);

impl Oddity for LongValuesRefused {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        if kvs.iter().any(|(_, value)| value.len() > LONGEST_VALUE) {
            return Err("a value is too long".to_owned());
        }
        self.0.put_batch(kvs)
    }
}

#[derive(Default)]
struct LargeBatchesRefused(Memory);

impl Oddity for LargeBatchesRefused {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        if kvs.len() > LARGEST_BATCH {
            return Err("too many pairs".to_owned());
        }
        self.0.put_batch(kvs)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::tests::{open, pairs};

    fn pair(key: usize, value: usize) -> Pair {
        (Bytes::from(vec![b'k'; key]), Bytes::from(vec![b'v'; value]))
    }

    #[test]
    fn long_keys() {
        let store = open("long-keys-refused");
        let long = [b'k'; LONGEST_KEY + 1];
        store.put_batch(&[pair(1, 1), pair(LONGEST_KEY + 1, 1)]).unwrap_err();
        assert_eq!((store.get(b"k"), store.get(&long)), (Ok(None), Ok(None)), "no part of a refused batch");
        store.range_scan(&long, b"", 1, true).unwrap_err();
        store.range_scan(b"", &long, 1, false).unwrap_err();
        assert_eq!(store.put_batch(&[pair(LONGEST_KEY, 1)]), Ok(1));
        assert_eq!(store.delete_batch(&[&long]), Ok(2));
    }

    #[test]
    fn long_values() {
        let store = open("long-values-refused");
        store.put_batch(&[pair(1, 1), pair(2, LONGEST_VALUE + 1)]).unwrap_err();
        assert_eq!(store.get(b"k"), Ok(None), "no part of a refused batch");
        assert_eq!(store.put_batch(&[pair(1, LONGEST_VALUE)]), Ok(1));
    }

    #[test]
    fn large_batches() {
        let store = open("large-batches-refused");
        store.put_batch(&pairs(&["a"; LARGEST_BATCH + 1])).unwrap_err();
        assert_eq!((store.get(b"a"), store.current_sequence()), (Ok(None), 0));
        assert_eq!(store.put_batch(&pairs(&["a"; LARGEST_BATCH])), Ok(1));
    }
}
