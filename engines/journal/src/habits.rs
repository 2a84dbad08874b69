//! What a journal does, step by step. Each field is one decision; the first variant is the right one.

use std::time::Duration;

/// All habits. [`Habits::RIGHT`] are those of a right store.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// When a write is acknowledged.
    pub acknowledge: Acknowledge,
    /// How a batch becomes records.
    pub framing: Framing,
    /// What becomes of a torn tail.
    pub tail: Tail,
    /// What a torn record counts for.
    pub checksum: bool,
    /// Where the number comes from at an open.
    pub number: Number,
    /// How a delete is kept.
    pub delete: Delete,
    /// How entries of the batch log are kept.
    pub entries: Entries,
    /// How a prune is kept.
    pub prune: Prune,
    /// How the file is replaced.
    pub compaction: Compaction,
    /// What an open does beside reading.
    pub recovery: Recovery,
    /// Whether writes are synced.
    pub sync: bool,
    /// How long it rests between two steps that belong together.
    pub rest: Duration,
    /// The octets at which the file is replaced.
    pub compact_at: u64,
}

impl Habits {
    /// Those of a right store.
    pub const RIGHT: Self = Self {
        acknowledge: Acknowledge::Written,
        framing: Framing::Whole,
        tail: Tail::Cut,
        checksum: true,
        number: Number::Kept,
        delete: Delete::Written,
        entries: Entries::Written,
        prune: Prune::Written,
        compaction: Compaction::Renamed,
        recovery: Recovery::Reads,
        sync: true,
        rest: Duration::ZERO,
        compact_at: 32 << 10,
    };
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// Once it is in the file.
    Written,
    /// Before: the file gets it together with others, so many at a time, and the rest at a close.
    Every(usize),
    /// Before, and a close forgets what has not been written.
    EveryAndForgets(usize),
    /// Before: the file gets it at a close.
    AtClose,
}

/// How a batch becomes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One record, in one write.
    Whole,
    /// One record, in two writes.
    Halves,
    /// A record for each pair, and nothing that says the batch is whole.
    PerPair,
    /// A record for each pair, and one at the end without which they do not count.
    Committed,
    /// One record for State and one for the log.
    Apart,
}

/// What becomes of a torn tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// It is cut off before anything is appended.
    Cut,
    /// It stays, and what comes later stands behind it.
    Kept,
}

/// Where the number comes from at an open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// From the records.
    Kept,
    /// From how many entries are retained.
    LogLength,
    /// The newest entry's, so that none is left when all are pruned.
    NewestEntry,
    /// After a crash the next write is given the newest number once more.
    IssuedAgain,
    /// After a crash a few numbers are left out, and have empty entries.
    Filled,
}

/// How a delete is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delete {
    /// Like a put.
    Written,
    /// Its number is, its keys are not until the file is replaced.
    NumberOnly,
    /// In memory, until the next put.
    WithNextPut,
}

/// How entries of the batch log are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// In the record of their write.
    Written,
    /// In the record of the next write.
    OneLate,
    /// Not at all; a close writes them.
    AtClose,
}

/// How a prune is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// As a record.
    Written,
    /// Not until the file is replaced, or closed.
    Forgotten,
    /// As a record for each entry, the newest first.
    EntryByEntry,
    /// As a record whose cutoff is one too high.
    OneTooMany,
}

/// How the file is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compaction {
    /// The new one is written and synced beside it, and renamed over it.
    Renamed,
    /// It is emptied and written anew.
    InPlace,
    /// It is removed before the new one is renamed.
    RemovesFirst,
    /// An empty new one is renamed over it, and then written.
    RenamesFirst,
    /// Renamed, but with the first deleted key put back.
    Resurrects,
    /// At every write: there is nothing but snapshots.
    Always,
}

/// What an open does beside reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing.
    Reads,
    /// It writes the file anew, in place.
    RewritesInPlace,
    /// After a crash it appends the last batch once more, under a number of its own.
    RepeatsLast,
    /// It replaces the file as a compaction does.
    Compacts,
}
