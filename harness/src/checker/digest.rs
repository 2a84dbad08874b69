//! Digests that stand for values: 128 bits each, so that a history's values need not be kept.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::call::Pair;

/// A value's digest; [`NONE`] for no value.
pub(super) type Digest = u128;

/// No value.
pub(super) const NONE: Digest = 0;

/// The digest of a value, or of there being none.
pub(super) fn of(value: Option<&[u8]>) -> Digest {
    value.map_or(NONE, |octets| xxh3_128(octets) | 1)
}

/// The digest of a batch's pairs, in order.
pub(super) fn of_pairs(pairs: &[Pair]) -> Digest {
    let mut state = Xxh3::new();
    for (key, value) in pairs {
        for part in [key, value] {
            state.update(&(part.len() as u64).to_le_bytes());
            state.update(part);
        }
    }
    state.digest128() | 1
}
