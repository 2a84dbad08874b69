//! The ways to tell SQLite how much to sync, as engines of their own: what each keeps is demonstrated, not believed.

use std::path::Path;

use storecheck::{Durability, Engine};

use crate::Sqlite;

/// What a connection is told of journals and syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    /// SQLite's `journal_mode`.
    pub(crate) journal: &'static str,
    /// SQLite's `synchronous`.
    pub(crate) synchronous: &'static str,
}

impl Mode {
    /// A write-ahead log that is synced at every commit.
    pub(crate) const FULL: Self = Self { journal: "wal", synchronous: "FULL" };
    /// The same, in the system's hands when a commit returns.
    pub(crate) const OFF: Self = Self { journal: "wal", synchronous: "OFF" };

    /// Whether whatever is found was meant to be on the disk.
    pub(crate) fn syncs(self) -> bool {
        self.synchronous != "OFF"
    }
}

/// The modes beside the engine's own, by the names of their engines. All declare what SQLite's documentation promises
/// of a process that dies; what the power takes is graded.
const MODES: [(&str, Mode); 4] = [
    ("sqlite-wal-normal", Mode { journal: "wal", synchronous: "NORMAL" }),
    ("sqlite-wal-off", Mode::OFF),
    ("sqlite-delete-full", Mode { journal: "delete", synchronous: "FULL" }),
    ("sqlite-delete-extra", Mode { journal: "delete", synchronous: "EXTRA" }),
];

/// SQLite in other modes, as engines of other names.
pub fn modes() -> impl Iterator<Item = Engine> {
    MODES.into_iter().map(|(name, mode)| {
        Engine::new(name, move |dir: &Path| Sqlite::open_with(dir, mode))
            .version(env!("CARGO_PKG_VERSION"))
            .batch_log(true)
            .durability(Durability::ProcessCrash)
    })
}
