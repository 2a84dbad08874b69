//! Batch logs with less in them.

use storecheck::Eccentric;

use crate::base::{Memory, Pair, copied};
use crate::declare::{trait_only, volatile};
use crate::oddity::Oddity;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        trait_only(
            volatile("no-batch-log", NoLog::default).batch_log(false),
            "Keeps no batch log at all, and says so (LOG-8)",
        ),
        trait_only(
            volatile("deletes-not-logged", DeletesNotLogged::default),
            "A delete takes a number but has no log entry, which only the server needs (DEL-4, LOG-6 are SERVED)",
        ),
    ]
}

/// Nothing enters the base's log, so the base itself answers every question about it as LOG-8 asks.
#[derive(Default)]
struct NoLog(Memory);

impl Oddity for NoLog {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let pairs = copied(kvs);
        Ok(self.0.write(|contents| {
            contents.set(&pairs);
            contents.take_number()
        }))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(delete_without_entry(&self.0, keys))
    }
}

#[derive(Default)]
struct DeletesNotLogged(Memory);

impl Oddity for DeletesNotLogged {
    fn base(&self) -> &Memory {
        &self.0
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(delete_without_entry(&self.0, keys))
    }
}

fn delete_without_entry(store: &Memory, keys: &[&[u8]]) -> u64 {
    store.write(|contents| {
        contents.remove(keys);
        contents.take_number()
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::{open, pairs};

    #[test]
    fn there_is_no_log() {
        let store = open("no-batch-log");
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(1));
        assert_eq!(store.delete_batch(&[b"a"]), Ok(2));
        assert_eq!((store.get_batch(1), store.get_batch(2)), (Ok(None), Ok(None)));
        assert_eq!((store.oldest_retained_batch(), store.prune_batch_log(u64::MAX)), (Ok(None), Ok(0)));
    }

    #[test]
    fn a_delete_has_a_number_and_no_entry() {
        let store = open("deletes-not-logged");
        assert_eq!(store.delete_batch(&[b"a"]), Ok(1));
        assert_eq!((store.get_batch(1), store.oldest_retained_batch()), (Ok(None), Ok(None)));
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(2));
        assert_eq!(store.delete_batch(&[b"a"]), Ok(3));
        assert_eq!((store.current_sequence(), store.oldest_retained_batch()), (3, Ok(Some(2))));
        assert_eq!(store.prune_batch_log(u64::MAX), Ok(1));
    }
}
