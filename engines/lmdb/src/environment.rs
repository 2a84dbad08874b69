//! Opening LMDB's environment: the one place where what a mapped file asks of its users is promised.
#![allow(unsafe_code)]

use std::path::Path;

use heed::{Env, EnvFlags, EnvOpenOptions};

/// The size of the mapping: addresses, not memory, and the most that a store can hold.
const MAP_OCTETS: usize = 64 << 30;
/// Threads that may read at once.
const READERS: u32 = 1024;

/// Opens the environment in `dir`, or makes one; without `sync` commits are handed to the system and not synced. The
/// store's lock is held.
pub(crate) fn environment(dir: &Path, sync: bool) -> heed::Result<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(MAP_OCTETS).max_dbs(3).max_readers(READERS);
    if !sync {
        // SAFETY: without syncs a power failure may damage the file, which is what this class leaves open.
        unsafe { options.flags(EnvFlags::NO_SYNC) };
    }
    // SAFETY: the lock in the store's folder keeps every other opener, in this process or another, from the file.
    unsafe { options.open(dir) }
}
