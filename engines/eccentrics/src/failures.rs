//! The two outcomes of a failed write that are not "nothing happened" (PUT-8).

use storecheck::{Eccentric, StoreEngine};

use crate::base::{Memory, Pair};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

/// Far above the batches that must be accepted (GEN-12).
const LARGEST_BATCH: usize = 50_000;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            volatile("number-burnt-on-err", NumberBurnt::default),
            "A put of more than 50,000 pairs fails after it took a number, which logs no pairs (PUT-8, PUT-9)",
        ),
        served(
            volatile("whole-on-err", WholeOnErr::default),
            "A put of more than 50,000 pairs is there whole although the call says it failed (PUT-8)",
        ),
    ]
}

#[derive(Default)]
struct NumberBurnt(Memory);

impl Oddity for NumberBurnt {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        if kvs.len() > LARGEST_BATCH {
            let number = self.0.write(|contents| contents.append(vec![]));
            return Err(format!("too many pairs; number {number} stays empty"));
        }
        self.0.put_batch(kvs)
    }
}

#[derive(Default)]
struct WholeOnErr(Memory);

impl Oddity for WholeOnErr {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let number = self.0.put_batch(kvs)?;
        if kvs.len() > LARGEST_BATCH { Err("the outcome is not known".to_owned()) } else { Ok(number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{open, pairs};

    #[test]
    fn the_number_is_gone_and_nothing_else() {
        let store = open("number-burnt-on-err");
        store.put_batch(&pairs(&["a"; LARGEST_BATCH + 1])).unwrap_err();
        assert_eq!((store.get(b"a"), store.get_batch(1)), (Ok(None), Ok(Some(vec![]))));
        assert_eq!((store.current_sequence(), store.oldest_retained_batch()), (1, Ok(Some(1))));
        assert_eq!(store.put_batch(&pairs(&["a"; LARGEST_BATCH])), Ok(2));
    }

    #[test]
    fn the_batch_is_there() {
        let store = open("whole-on-err");
        let large = pairs(&["a"; LARGEST_BATCH + 1]);
        store.put_batch(&large).unwrap_err();
        assert_eq!((store.get(b"a"), store.get_batch(1)), (Ok(Some(vec![])), Ok(Some(large))));
        assert_eq!((store.current_sequence(), store.put_batch(&pairs(&["b"]))), (1, Ok(2)));
    }
}
