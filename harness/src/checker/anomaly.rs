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
    /// A call that must succeed came back with an error (GEN-12), or with the reply of another method.
    UnexpectedError,
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
            Self::UnexpectedError => &["GEN-12"],
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
            Self::UnexpectedError => "unexpected-error",
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
