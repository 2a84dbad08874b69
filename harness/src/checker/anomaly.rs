//! The names of what a history can show to be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way in which the replies of several clients contradict the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Anomaly {
    /// Two writes were given one number.
    DuplicateSequence,
    /// A write that began after another had returned was given a smaller number.
    SequenceRegression,
    /// `current_sequence` answered a number of which no write had begun.
    SequenceAhead,
    /// `current_sequence` answered less than a number that was acknowledged or answered before.
    SequenceBehind,
    /// A read saw a value that had been overwritten by an acknowledged write before it began.
    StaleRead,
    /// A read saw less than another read had seen before it began.
    NonMonotonicRead,
    /// A read did not see a key that an acknowledged write had given a value.
    LostWrite,
    /// A read saw a value again that an acknowledged delete had removed.
    ResurrectedDelete,
    /// A read saw a value whose write had not begun, or that a write of a lower number, not yet begun, precedes.
    FutureRead,
    /// A read saw a value that nobody wrote to that key.
    GarbageRead,
    /// A scan saw one part of a batch and not another.
    TornBatch,
    /// A scan saw rows that held at no one instant.
    FuzzySnapshot,
    /// A scan left out a key that held a value throughout.
    MissingRow,
    /// A scan has a row whose key held no value throughout.
    Phantom,
    /// A scan is out of order, out of its bounds, over its limit, or has a key twice.
    ScanShape,
    /// A log entry holds other pairs than its batch.
    BatchMismatch,
    /// A log entry that must be there is not.
    BatchLost,
    /// A log entry of a number whose write had not begun.
    BatchFromFuture,
    /// A log entry below a cutoff up to which a prune had removed everything.
    PrunedBatchVisible,
    /// A log entry that was gone before.
    BatchReappeared,
    /// `oldest_retained_batch` named an entry that is not there, or left out one that must be.
    OldestRetainedWrong,
    /// Prunes counted more or fewer entries than there were to remove.
    PruneCount,
    /// Numbers leave a hole, in an engine with a batch log (PUT-4).
    SequenceGap,
    /// A call that must succeed came back with an error (GEN-12), or with the reply of another method.
    UnexpectedError,
    /// A call panicked.
    Panicked,
}

impl Anomaly {
    /// The clauses that it speaks against, the plainest first.
    #[must_use]
    pub fn clauses(self) -> &'static [&'static str] {
        match self {
            Self::DuplicateSequence => &["PUT-3", "ISO-4"],
            Self::SequenceRegression => &["PUT-3", "ISO-2"],
            Self::SequenceAhead => &["SEQ-4"],
            Self::SequenceBehind => &["SEQ-1", "PUT-7"],
            Self::StaleRead | Self::NonMonotonicRead | Self::FutureRead => &["ISO-1"],
            Self::LostWrite => &["ISO-1", "ISO-4"],
            Self::ResurrectedDelete => &["ISO-1", "DEL-1"],
            Self::GarbageRead => &["GET-1", "ISO-1"],
            Self::TornBatch => &["ISO-3", "PUT-2"],
            Self::FuzzySnapshot => &["ISO-3"],
            Self::MissingRow | Self::Phantom => &["ISO-3", "SCAN-10"],
            Self::ScanShape => &["SCAN-1", "SCAN-4"],
            Self::BatchMismatch => &["LOG-1"],
            Self::BatchLost => &["LOG-4", "PUT-6"],
            Self::BatchFromFuture => &["LOG-3", "LOG-7"],
            Self::PrunedBatchVisible => &["PRN-1", "LOG-5"],
            Self::BatchReappeared => &["LOG-5"],
            Self::OldestRetainedWrong => &["OLD-1"],
            Self::PruneCount => &["PRN-2"],
            Self::SequenceGap => &["PUT-4"],
            Self::UnexpectedError => &["GEN-12"],
            Self::Panicked => &["GEN-4"],
        }
    }

    /// What should have been, in a sentence.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::DuplicateSequence => "every write has a number of its own",
            Self::SequenceRegression => "a write that begins after another returned has the greater number",
            Self::SequenceAhead => "current_sequence answers no number above those of the writes that have begun",
            Self::SequenceBehind => "current_sequence answers no less than what was acknowledged or answered before it",
            Self::StaleRead => "a read sees what an acknowledged write, or one below a number answered before it, left",
            Self::NonMonotonicRead => "a read sees no less than a read that returned before it began",
            Self::LostWrite => "a read sees the value that an acknowledged write left, until another takes its place",
            Self::ResurrectedDelete => "what an acknowledged delete removed stays away until it is written again",
            Self::FutureRead => "a read sees nothing of a write before that write, and those of smaller numbers, began",
            Self::GarbageRead => "a read sees a value that was written under its key",
            Self::TornBatch => "a scan sees all of a batch or nothing of it",
            Self::FuzzySnapshot => "all rows of a scan held at one instant",
            Self::MissingRow => "a scan has every key of its range that held a value throughout",
            Self::Phantom => "a scan has no key that held no value throughout",
            Self::ScanShape => "rows are in order, within their bounds and limit, and of different keys",
            Self::BatchMismatch => "a log entry holds the pairs that were put under its number",
            Self::BatchLost => "the log has the entry of an acknowledged put until a prune removes it",
            Self::BatchFromFuture => "the log has no entry of a number before its write began",
            Self::PrunedBatchVisible => "an entry below the cutoff of a prune that returned is gone",
            Self::BatchReappeared => "an entry that is gone does not come back",
            Self::OldestRetainedWrong => "oldest_retained_batch names the least entry that is there",
            Self::PruneCount => "prunes count each entry that they remove, and each once",
            Self::SequenceGap => "numbers have no holes",
            Self::UnexpectedError => "the call succeeds: nothing is wrong with its arguments or its surroundings",
            Self::Panicked => "the call returns",
        }
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DuplicateSequence => "duplicate-sequence",
            Self::SequenceRegression => "sequence-regression",
            Self::SequenceAhead => "sequence-ahead",
            Self::SequenceBehind => "sequence-behind",
            Self::StaleRead => "stale-read",
            Self::NonMonotonicRead => "non-monotonic-read",
            Self::LostWrite => "lost-write",
            Self::ResurrectedDelete => "resurrected-delete",
            Self::FutureRead => "future-read",
            Self::GarbageRead => "garbage-read",
            Self::TornBatch => "torn-batch",
            Self::FuzzySnapshot => "fuzzy-snapshot",
            Self::MissingRow => "missing-row",
            Self::Phantom => "phantom",
            Self::ScanShape => "scan-shape",
            Self::BatchMismatch => "batch-mismatch",
            Self::BatchLost => "batch-lost",
            Self::BatchFromFuture => "batch-from-future",
            Self::PrunedBatchVisible => "pruned-batch-visible",
            Self::BatchReappeared => "batch-reappeared",
            Self::OldestRetainedWrong => "oldest-retained-wrong",
            Self::PruneCount => "prune-count",
            Self::SequenceGap => "sequence-gap",
            Self::UnexpectedError => "unexpected-error",
            Self::Panicked => "panicked",
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
