//! What a journal does, step by step. Each field is one decision; the first variant is the right one.

use std::time::Duration;

/// All habits. [`Habits::RIGHT`] are those of a right store.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// How octets get into the file.
    pub storing: Storing,
    /// When a write is acknowledged.
    pub acknowledge: Acknowledge,
    /// How a batch becomes records.
    pub framing: Framing,
    /// What becomes of a torn tail.
    pub tail: Tail,
    /// What a record's checksum is of.
    pub checksum: Checksum,
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
    /// When what was written is synced.
    pub sync: Syncing,
    /// When the folder is.
    pub folder: Folder,
    /// What an error of the system leads to.
    pub failure: Failure,
    /// Where reads look.
    pub reading: Reading,
    /// How long it rests between two steps that belong together.
    pub rest: Duration,
    /// The octets at which the file is replaced.
    pub compact_at: u64,
}

impl Habits {
    /// Those of a right store.
    pub const RIGHT: Self = Self {
        storing: Storing::Written,
        acknowledge: Acknowledge::Written,
        framing: Framing::Whole,
        tail: Tail::Cut,
        checksum: Checksum::Whole,
        number: Number::Kept,
        delete: Delete::Written,
        entries: Entries::Written,
        prune: Prune::Written,
        compaction: Compaction::Renamed,
        recovery: Recovery::Reads,
        sync: Syncing::Always,
        folder: Folder::Synced,
        failure: Failure::Stops,
        reading: Reading::Memory,
        rest: Duration::ZERO,
        compact_at: 32 << 10,
    };
}

/// How octets get into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// They are written.
    Written,
    /// They are stored through a mapping and synced, and then the head that says that they count.
    Mapped,
    /// Both are stored, and synced together.
    MappedAtOnce,
    /// Both are stored, then the record is synced, and then the head: until then it is believed to stay in memory.
    MappedHeadEarly,
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
    /// It is cut off unless it begins with zeros: these are taken for space set aside, and stay.
    ZerosKept,
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
    /// In a file of their own, which is synced before State is written. Never compacted: set no `compact_at` beside it.
    OwnFile,
    /// In a file of their own, which is not synced.
    OwnFileUnsynced,
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
    /// At every write, in one of two files by turns; the newer one that is whole counts.
    Alternates,
    /// Renamed, and the new one is not synced.
    Unsynced,
    /// At every write, renamed, and the new one is not synced.
    AlwaysUnsynced,
    /// Renamed, and synced only under its new name.
    SyncsLate,
    /// Renamed, and the old one is emptied and synced while the folder is not.
    EmptiesOld,
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

/// What a record's checksum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The whole record.
    Whole,
    /// Its kind and its number: what can be read of the rest counts.
    Head,
    /// There is none: what can be read of a torn record counts.
    None,
}

/// When what was written is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncing {
    /// After it was written and before it is acknowledged.
    Always,
    /// The same, twice.
    Twice,
    /// Never, and the folder neither.
    Never,
    /// At every so many writes.
    EveryNth(u64),
    /// When the last time is longer ago than this.
    Interval(Duration),
    /// By a thread of its own, after such a time.
    Later(Duration),
    /// Before the last piece is written, and not after.
    BeforeLast,
    /// Not when fewer octets than this were written.
    FromOctets(u64),
    /// Not after deletes.
    NotDeletes,
    /// Always, but it is another file that is synced.
    OtherFile,
}

/// When the folder is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// At every open, and after every rename.
    Synced,
    /// Only after renames.
    NotAtOpen,
    /// Only at an open.
    NotAfterRename,
    /// Always, but it is the folder above that is synced.
    Above,
}

/// What an error of the system leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The write fails, and every later one until the store is opened again.
    Stops,
    /// The write fails and is cut off again; the store goes on if that worked.
    CutsAndGoesOn,
    /// The same, but the write took two numbers.
    SkipsNumbers,
    /// The write is acknowledged all the same.
    Ignored,
    /// Deletes are acknowledged all the same.
    IgnoredInDeletes,
    /// Prunes are acknowledged all the same.
    IgnoredInPrunes,
    /// A sync that failed counts as one that did not.
    SyncIgnored,
    /// A sync that failed is tried again, and the second answer believed.
    SyncRetried,
    /// The write fails and the store stops; opened again, it takes what the file shows for what the disk has.
    FoundIsBelieved,
    /// The write fails, and readers see it as long as the store is open.
    Phantom,
    /// The write fails, and readers see its first half.
    Half,
    /// A write that was torn stays in the file, and later ones stand behind it.
    LeavesTorn,
    /// A write that could not be synced stays in the file, and later ones stand behind it.
    LeavesUnsynced,
    /// A write that wrote less than it should counts as whole.
    ShortIsWhole,
    /// The call panics.
    Panics,
    /// A rename that failed counts as one that did not.
    RenameIgnored,
    /// A new file that could not be written whole is renamed over the old one.
    ReplacesAnyway,
    /// A file that cannot be read counts as an empty one.
    OpensEmpty,
}

/// Where reads look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// In memory.
    Memory,
    /// In the file, every time.
    File,
    /// In the file, every time; one that cannot be read holds nothing.
    FileOrNothing,
}
