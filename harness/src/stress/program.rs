//! Programs for many clients, as data.

use serde::{Deserialize, Serialize};

use crate::octets::Decimal;

/// What many clients do to a fresh store. The calls of each client follow from the seed and from the replies it gets;
/// how they interleave is the machine's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What draws are made from.
    pub seed: Decimal,
    /// What each client does.
    pub clients: Vec<Role>,
    /// The clients from this one on run on workers of a Tokio runtime (GEN-3), the others on plain threads.
    pub tokio_from: u32,
    /// Groups of keys.
    pub groups: u32,
    /// Keys of a group; batches and scans take a whole group.
    pub keys: u32,
    /// Bursts. All clients begin each of them together.
    pub bursts: u32,
    /// Calls that each client makes in a burst, and one or two more if it is in the midst of a move.
    pub calls: u32,
    /// In so many of a hundred calls a client yields its processor or spins for a moment, before the call or after it.
    pub noise: u32,
}

/// What a client does, over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Writes one key at a time.
    KeyWriter,
    /// Writes whole groups, each in one batch.
    GroupWriter,
    /// Writes whole groups of its own, which no other client writes.
    OwnWriter,
    /// Writes a group under new keys, then deletes the old ones, so that groups move.
    Mover,
    /// Deletes a group and writes it again.
    Recreator,
    /// Writes batches that grow from one pair to hundreds of keys, and starts over.
    Grower,
    /// Gets keys one by one.
    Reader,
    /// Gets the keys of a group in one `get_many`.
    ManyReader,
    /// Scans groups, several groups, and the beginnings and ends of them.
    Scanner,
    /// Asks for `current_sequence`, then reads what must not be older.
    SequenceReader,
    /// Asks for `current_sequence`, then for the log's entry of that number and of the one before.
    Follower,
    /// Prunes the log behind the newest numbers, and looks at what is left.
    Pruner,
}

/// One thing that a client does: a call, or a few that follow from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A put of one key.
    PutKey,
    /// A put of all keys of a group.
    PutGroup,
    /// A put of all keys of a group that is this client's alone.
    PutOwnGroup,
    /// A put of a group's next keys, then a delete of those before.
    MoveGroup,
    /// A delete of one key.
    DeleteKey,
    /// A delete of all keys of a group.
    DeleteGroup,
    /// A put of more pairs than the one before, of longer values.
    PutGrowing,
    /// A `get`.
    Get,
    /// A `get_many` of a group, its keys in order or not.
    GetGroup,
    /// A `range_scan` of a group.
    ScanGroup,
    /// A `range_scan` of everything.
    ScanAll,
    /// A `range_scan` with a limit, from either end.
    ScanLimited,
    /// A `current_sequence`.
    Current,
    /// A `current_sequence`, then a read.
    CurrentThenRead,
    /// A `current_sequence`, then `get_batch` of it and of the one before.
    FollowLog,
    /// An `oldest_retained_batch`, then `get_batch` of it.
    Oldest,
    /// A `current_sequence`, then a `prune_batch_log` up to near it.
    Prune,
}

impl Role {
    /// What the client does, and how often.
    #[must_use]
    pub fn moves(self) -> &'static [(u32, Move)] {
        match self {
            Self::KeyWriter => &[(6, Move::PutKey), (1, Move::DeleteKey), (1, Move::Get)],
            Self::GroupWriter => &[(6, Move::PutGroup), (1, Move::DeleteGroup), (1, Move::ScanGroup)],
            Self::OwnWriter => &[(4, Move::PutOwnGroup), (1, Move::ScanGroup), (1, Move::CurrentThenRead)],
            Self::Mover => &[(1, Move::MoveGroup)],
            Self::Recreator => {
                &[(2, Move::DeleteGroup), (2, Move::PutGroup), (1, Move::DeleteKey), (1, Move::PutKey), (2, Move::Get)]
            }
            Self::Grower => &[(1, Move::PutGrowing)],
            Self::Reader => &[(8, Move::Get), (1, Move::Current)],
            Self::ManyReader => &[(4, Move::GetGroup), (1, Move::Get)],
            Self::Scanner => &[(6, Move::ScanGroup), (2, Move::ScanAll), (4, Move::ScanLimited)],
            Self::SequenceReader => &[(4, Move::CurrentThenRead), (1, Move::Current)],
            Self::Follower => &[(6, Move::FollowLog), (1, Move::Oldest)],
            Self::Pruner => &[(2, Move::Prune), (2, Move::Oldest), (2, Move::FollowLog)],
        }
    }

    /// Its name in reports, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyWriter => "key-writer",
            Self::GroupWriter => "group-writer",
            Self::OwnWriter => "own-writer",
            Self::Mover => "mover",
            Self::Recreator => "recreator",
            Self::Grower => "grower",
            Self::Reader => "reader",
            Self::ManyReader => "many-reader",
            Self::Scanner => "scanner",
            Self::SequenceReader => "sequence-reader",
            Self::Follower => "follower",
            Self::Pruner => "pruner",
        }
    }
}
