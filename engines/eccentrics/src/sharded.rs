//! A State in pieces that is one all the same.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use storecheck::Eccentric;

use crate::base::{Memory, Pair, Values, copied, rows};
use crate::declare::{served, volatile};
use crate::oddity::Oddity;

const SHARDS: usize = 16;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![served(
        volatile("sharded", Sharded::default),
        "State lies in 16 shards by the octets of the key, and scans merge them (SCAN-2, ISO-3)",
    )]
}

type Shards = [BTreeMap<Bytes, Bytes>; SHARDS];

/// The base keeps numbers and log, and its own State stays empty. One lock over all shards keeps batches whole; the
/// number is taken while it is held, so State changes in the order of numbers (ISO-2).
#[derive(Default)]
struct Sharded {
    shards: RwLock<Shards>,
    base: Memory,
}

impl Sharded {
    fn read(&self) -> RwLockReadGuard<'_, Shards> {
        self.shards.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Shards), pairs: Vec<Pair>) -> u64 {
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut shards);
        self.base.write(|contents| contents.append(pairs))
    }
}

fn shard(key: &[u8]) -> usize {
    key.iter().fold(key.len(), |sum, octet| sum + usize::from(*octet)) % SHARDS
}

fn find(shards: &Shards, key: &[u8]) -> Option<Vec<u8>> {
    shards[shard(key)].get(key).map(|value| value.to_vec())
}

impl Oddity for Sharded {
    fn base(&self) -> &Memory {
        &self.base
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let pairs = copied(kvs);
        let set = |shards: &mut Shards| {
            for (key, value) in &pairs {
                shards[shard(key)].insert(key.clone(), value.clone());
            }
        };
        Ok(self.write(set, pairs.clone()))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(find(&self.read(), key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        let shards = self.read();
        let mut found: Vec<Pair> = shards.iter().flat_map(|shard| rows(shard, start, end, limit, forward)).collect();
        found.sort_unstable();
        if !forward {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        let shards = self.read();
        Ok(keys.iter().map(|key| (key.to_vec(), find(&shards, key))).collect())
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let remove = |shards: &mut Shards| {
            for key in keys {
                shards[shard(key)].remove(*key);
            }
        };
        Ok(self.write(remove, vec![]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::pairs;

    #[test]
    fn keys_spread_and_scans_merge() {
        let store = Sharded::default();
        let batch = pairs(&["", "a", "aa", "ab", "b", "c", "d", "e"]);
        store.put_batch(&batch).unwrap();
        assert!(store.read().iter().filter(|shard| !shard.is_empty()).count() > 4, "many shards hold something");
        assert!(store.base.read().state.is_empty());
        assert_eq!(store.range_scan(b"", b"", usize::MAX, true), Ok(batch.clone()));
        assert_eq!(store.range_scan(b"", b"", 2, false), Ok(vec![batch[7].clone(), batch[6].clone()]));
        assert_eq!(store.range_scan(b"aa", b"b", usize::MAX, true), Ok(batch[2..5].to_vec()));
    }
}
