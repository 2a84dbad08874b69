//! Journals with one habit that only a power failure brings to light (DUR-3 to DUR-6): what is written is there as long
//! as the machine runs, and is not on the disk when it should be.

use std::time::Duration;

use storecheck::{Family, Mutant};
use storecheck_journal::{Checksum, Compaction, Entries, Folder, Framing, Habits, Storing, Syncing, Tail, engine};

const RIGHT: Habits = Habits { rest: Duration::from_micros(300), ..Habits::RIGHT };

/// Losing acknowledged writes: what is left is a prefix, or none.
const LOSES: &[&str] = &["DUR-3", "DUR-4", "DUR-6"];
/// Parts of a batch are left, or octets that nobody wrote.
const TEARS: &[&str] = &["PUT-2", "DUR-4", "DUR-3", "LOG-1"];
/// State and log are not those of the same writes.
const DIVERGES: &[&str] = &["DUR-4", "DUR-3", "LOG-1", "LOG-6", "LOG-9"];

pub(crate) fn mutants() -> Vec<Mutant> {
    [seldom(), amiss(), in_pieces(), folders(), replaces(), torn(), apart(), mapped()].into_iter().flatten().collect()
}

fn power(name: &'static str, line: &'static str, breaks: &'static [&'static str], habits: Habits) -> Mutant {
    let engine = engine(name, habits);
    Mutant { family: Some(Family::PowerLoss), ..Mutant::new(engine, line, breaks) }
}

fn syncing(name: &'static str, line: &'static str, sync: Syncing) -> Mutant {
    power(name, line, LOSES, Habits { sync, ..RIGHT })
}

fn seldom() -> Vec<Mutant> {
    vec![
        syncing("never-syncs", "declares power-loss and leaves it to the system when to write", Syncing::Never),
        syncing("syncs-every-fourth", "syncs at every fourth write only", Syncing::EveryNth(4)),
        syncing(
            "syncs-now-and-then",
            "syncs when the last sync is 50 ms ago or longer",
            Syncing::Interval(Duration::from_millis(50)),
        ),
        syncing(
            "syncs-after-ack",
            "acknowledges, and has a thread sync 20 ms later",
            Syncing::Later(Duration::from_millis(20)),
        ),
        syncing("small-batches-unsynced", "syncs only what is longer than 300 octets", Syncing::FromOctets(300)),
    ]
}

fn amiss() -> Vec<Mutant> {
    vec![
        syncing("syncs-before-write", "syncs before it writes, and not after", Syncing::BeforeLast),
        syncing("syncs-wrong-file", "syncs its lock file instead of its journal", Syncing::OtherFile),
        power(
            "deletes-unsynced",
            "syncs after puts, and not after deletes",
            &["DUR-6", "DUR-3", "DUR-4"],
            Habits { sync: Syncing::NotDeletes, ..RIGHT },
        ),
    ]
}

fn in_pieces() -> Vec<Mutant> {
    vec![
        power(
            "half-a-record-synced",
            "writes a record in two halves, and syncs between them",
            LOSES,
            Habits { framing: Framing::Halves, sync: Syncing::BeforeLast, ..RIGHT },
        ),
        power(
            "commit-mark-unsynced",
            "syncs the pairs of a batch, and not the mark that makes them count",
            LOSES,
            Habits { framing: Framing::Committed, sync: Syncing::BeforeLast, ..RIGHT },
        ),
    ]
}

fn folders() -> Vec<Mutant> {
    let replacing = |folder| Habits { folder, compact_at: 4 << 10, ..RIGHT };
    vec![
        power(
            "folder-unsynced-at-first",
            "makes its file and never syncs the folder that the file's name is in",
            LOSES,
            Habits { folder: Folder::NotAtOpen, compact_at: u64::MAX, ..RIGHT },
        ),
        power(
            "rename-unsynced",
            "replaces its file and does not sync the folder, so that later writes are in a file without a name",
            LOSES,
            replacing(Folder::NotAfterRename),
        ),
        power(
            "folder-above-synced",
            "syncs the folder above the one that its file is in",
            LOSES,
            replacing(Folder::Above),
        ),
    ]
}

fn replaces() -> Vec<Mutant> {
    let replacing = |compaction| Habits { compaction, compact_at: 4 << 10, rest: Duration::from_millis(1), ..RIGHT };
    vec![
        power(
            "compaction-unsynced",
            "renames the file that replaces the old one before it has synced it",
            LOSES,
            replacing(Compaction::Unsynced),
        ),
        power(
            "compaction-synced-late",
            "syncs the file that replaces the old one once it has been renamed, and the folder first",
            LOSES,
            replacing(Compaction::SyncsLate),
        ),
        power(
            "compaction-empties-old",
            "empties the old file for good while its name may still stand for it",
            LOSES,
            replacing(Compaction::EmptiesOld),
        ),
        power(
            "snapshots-unsynced",
            "writes the whole store anew at every write, and renames it unsynced",
            LOSES,
            replacing(Compaction::AlwaysUnsynced),
        ),
        power(
            "replacing-unsynced",
            "replaces its file without any sync, neither of the new one nor of the folder",
            LOSES,
            Habits { folder: Folder::NotAfterRename, ..replacing(Compaction::Unsynced) },
        ),
    ]
}

fn torn() -> Vec<Mutant> {
    vec![
        power(
            "no-checksum",
            "has no checksum: of a record of which only some blocks reached the disk all that can be read counts",
            TEARS,
            Habits { checksum: Checksum::None, ..RIGHT },
        ),
        power(
            "checksum-of-head",
            "has a checksum of a record's kind and number, and none of its pairs",
            TEARS,
            Habits { checksum: Checksum::Head, ..RIGHT },
        ),
        power(
            "zeros-kept",
            "takes zeros at the file's end for space set aside, and appends behind them what no reopen will find",
            LOSES,
            Habits { tail: Tail::ZerosKept, compact_at: u64::MAX, ..RIGHT },
        ),
    ]
}

fn apart() -> Vec<Mutant> {
    let own = |entries, sync| Habits { entries, sync, compact_at: u64::MAX, ..RIGHT };
    vec![
        power(
            "entries-unsynced",
            "keeps the log's entries in a file of their own, and syncs only State's",
            DIVERGES,
            own(Entries::OwnFileUnsynced, Syncing::Always),
        ),
        power(
            "only-entries-synced",
            "keeps the log's entries in a file of their own, and syncs no other",
            LOSES,
            own(Entries::OwnFile, Syncing::EveryNth(u64::MAX)),
        ),
    ]
}

fn mapped() -> Vec<Mutant> {
    let mapped = |name, line, storing| power(name, line, LOSES, Habits { storing, ..RIGHT });
    vec![
        mapped(
            "mapped-synced-at-once",
            "stores a record and the head that says that it counts through a mapping, and syncs them together",
            Storing::MappedAtOnce,
        ),
        mapped(
            "mapped-head-early",
            "takes for granted that what it stored through a mapping stays in memory until it syncs it",
            Storing::MappedHeadEarly,
        ),
    ]
}
