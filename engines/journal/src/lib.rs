//! A durable store whose habits are data.
//!
//! With its own habits it is right: one file of checksummed records, one record a batch, written whole and synced before
//! the write is acknowledged; a torn tail is cut off before anything is appended; now and then the file is replaced by
//! one that holds a snapshot. Mutants and eccentrics of damage are this store with one habit changed.

mod contents;
mod engine;
mod entries;
mod failure;
mod file;
mod folder;
mod habits;
mod journal;
mod mapped;
mod record;
mod replace;
mod snapshots;
mod sync;

#[cfg(test)]
mod tests;

pub use habits::{
    Acknowledge, Checksum, Compaction, Delete, Entries, Failure, Folder, Framing, Habits, Number, Prune, Reading,
    Recovery, Storing, Syncing, Tail,
};
pub use journal::Journal;

use storecheck::{Durability, Engine};

/// An engine called `name` with such habits. It declares a batch log, and that it survives power loss.
#[must_use]
pub fn engine(name: &str, habits: Habits) -> Engine {
    Engine::new(name, move |dir: &std::path::Path| Journal::open(dir, habits))
        .version(env!("CARGO_PKG_VERSION"))
        .batch_log(true)
        .durability(Durability::PowerLoss)
}
