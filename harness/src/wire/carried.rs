//! What the wire does not carry, and why: the published server refuses it before any engine is asked, or has no request
//! for it (contract §12, §14).

use bytes::Bytes;

use crate::call::Outcome;
use crate::octets::KEY_OCTETS_MAX;

/// The longest value that it takes.
const VALUE_MAX: usize = 10 << 20;
/// The most octets of keys and values in a batch: with base64 and its JSON, below the server's 256 MiB for a message.
const BATCH_MAX: usize = 180 << 20;
/// The most octets of keys in a delete: they become a pattern, whose compiled form the server bounds.
const DELETE_MAX: usize = 64 << 10;
/// The most entries that a prune may remove for its count to be read from what is gone.
const PRUNE_MAX: u64 = 2_000;

/// Why a delete of keys that are not there does not arrive.
pub(super) const DELETE_OF_NOTHING: &str = "a delete of keys that are not there: the server asks no engine for it";

const LONG_KEY: &str = "a key of more than 254 octets: the server refuses it";

/// Why something is not carried.
pub(super) type Carried<T = ()> = Result<T, &'static str>;

/// Says that a call is not carried.
pub(super) fn not_carried(why: &str) -> ! {
    std::panic::panic_any(Outcome::NotCarried(why.to_owned()))
}

fn unless(refused: bool, why: &'static str) -> Carried {
    if refused { Err(why) } else { Ok(()) }
}

pub(super) fn keys<'a>(mut keys: impl Iterator<Item = &'a [u8]>) -> Carried {
    unless(keys.any(|key| key.len() > KEY_OCTETS_MAX), LONG_KEY)
}

pub(super) fn put(kvs: &[(Bytes, Bytes)]) -> Carried {
    unless(kvs.is_empty(), "a put of no pairs: the server refuses it")?;
    keys(kvs.iter().map(|(key, _)| key.as_ref()))?;
    unless(kvs.iter().any(|(_, value)| value.len() > VALUE_MAX), "a value of more than 10 MiB: the server refuses it")?;
    let octets: usize = kvs.iter().map(|(key, value)| key.len() + value.len()).sum();
    unless(octets > BATCH_MAX, "a batch of more than 180 MiB: as JSON it passes what the server takes as one message")
}

pub(super) fn keys_of_many(many: &[&[u8]]) -> Carried {
    unless(many.is_empty(), "a get_many of no keys: the server refuses it")?;
    keys(many.iter().copied())
}

pub(super) fn limit(limit: usize) -> Carried<Option<u32>> {
    if limit == usize::MAX {
        return Ok(None);
    }
    u32::try_from(limit).map(Some).map_err(|_| "a limit of more than 32 bits other than the greatest: a request has 32")
}

pub(super) fn delete(keys: &[&[u8]], lagging: bool) -> Carried {
    unless(keys.is_empty(), "a delete of no keys: the server has no request for it")?;
    self::keys(keys.iter().copied())?;
    unless(lagging, "a delete of an engine whose frontier lags: the server does not say its number")?;
    let octets: usize = keys.iter().map(|key| key.len()).sum();
    unless(octets > DELETE_MAX, "a delete of more than 64 KiB of keys: the server bounds the pattern that they become")
}

/// Whether it can be counted what a prune of the entries from `oldest` to before `end` removes.
pub(super) fn count_of_prune(oldest: u64, end: u64) -> Carried {
    let many = end.saturating_sub(oldest) > PRUNE_MAX;
    unless(many, "a prune of more than 2,000 numbers: the server does not say how many entries it removed")
}
