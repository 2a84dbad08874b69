//! Journals with one habit that only an error of the system brings to light (GEN-5, PUT-8, PUT-9): a write that fails or
//! falls short, a sync, a rename, a read.

use std::time::Duration;

use storecheck::{Family, Mutant};
use storecheck_journal::{Failure, Framing, Habits, Reading, engine};

const RIGHT: Habits = Habits { rest: Duration::from_micros(300), ..Habits::RIGHT };

/// Acknowledging what was not kept: it is missing when the store is opened again, however it was closed.
const LOSES: &[&str] = &["GEN-5", "DUR-1", "DUR-2", "DUR-3", "DUR-4", "DUR-6"];

pub(crate) fn mutants() -> Vec<Mutant> {
    [acknowledges(), fails_in_part(), goes_on(), syncs(), replaces(), reads()].into_iter().flatten().collect()
}

fn fault(name: &'static str, line: &'static str, breaks: &'static [&'static str], habits: Habits) -> Mutant {
    let engine = engine(name, habits);
    Mutant { family: Some(Family::Fault), ..Mutant::new(engine, line, breaks) }
}

fn failing(failure: Failure) -> Habits {
    Habits { failure, ..RIGHT }
}

fn acknowledges() -> Vec<Mutant> {
    vec![
        fault(
            "write-error-ignored",
            "acknowledges a write that it could not write",
            &["GEN-5", "DUR-1", "DUR-2", "DUR-3", "DUR-4", "DUR-6", "LOG-6", "LOG-9"],
            failing(Failure::Ignored),
        ),
        fault(
            "delete-error-ignored",
            "acknowledges a delete that it could not write",
            &["DUR-6", "GEN-5", "DUR-1", "DUR-2", "DUR-3", "DUR-4"],
            failing(Failure::IgnoredInDeletes),
        ),
        fault(
            "prune-error-ignored",
            "acknowledges a prune that it could not write, and has the entries again after a reopen",
            &["GEN-5", "PRN-7", "LOG-5", "DUR-1"],
            failing(Failure::IgnoredInPrunes),
        ),
        fault(
            "short-write-is-whole",
            "takes a write that wrote less than it should for a whole one",
            LOSES,
            failing(Failure::ShortIsWhole),
        ),
    ]
}

fn fails_in_part() -> Vec<Mutant> {
    vec![
        fault(
            "phantom-after-error",
            "shows readers a write that failed, and has forgotten it after a reopen",
            &["PUT-8", "PUT-9", "DUR-1", "DUR-6", "LOG-6", "LOG-9"],
            failing(Failure::Phantom),
        ),
        fault(
            "half-after-error",
            "shows readers the first half of a write that failed",
            &["PUT-8", "PUT-2", "DUR-1"],
            failing(Failure::Half),
        ),
        fault(
            "panics-when-disk-is-full",
            "panics when the system does not take a write",
            &["GEN-5", "GEN-7"],
            failing(Failure::Panics),
        ),
    ]
}

fn goes_on() -> Vec<Mutant> {
    vec![
        fault(
            "numbers-lost-to-errors",
            "takes two numbers for a write that failed, and has entries for neither",
            &["PUT-9", "PUT-4", "PUT-8", "LOG-6"],
            failing(Failure::SkipsNumbers),
        ),
        fault(
            "torn-write-left",
            "writes a record in two halves, and goes on behind the first when the second fails",
            LOSES,
            Habits { framing: Framing::Halves, ..failing(Failure::LeavesTorn) },
        ),
        fault(
            "failed-write-comes-back",
            "leaves a write that could not be synced in its file, where a reopen finds it though others came later",
            &["PUT-8", "DUR-4", "DUR-1", "DUR-5"],
            failing(Failure::LeavesUnsynced),
        ),
    ]
}

fn syncs() -> Vec<Mutant> {
    vec![
        fault(
            "sync-error-ignored",
            "acknowledges a write that it could not sync",
            LOSES,
            failing(Failure::SyncIgnored),
        ),
        fault(
            "sync-tried-again",
            "tries a sync that failed once more, and believes the system that has let go of the write meanwhile",
            LOSES,
            failing(Failure::SyncRetried),
        ),
        // So do redb and fjall.
        fault(
            "failed-sync-believed-at-open",
            "fails a write that it could not sync, and opened again builds on what only the system's memory has of it",
            LOSES,
            failing(Failure::FoundIsBelieved),
        ),
    ]
}

fn replaces() -> Vec<Mutant> {
    let replacing = |failure| Habits { compact_at: 4 << 10, ..failing(failure) };
    vec![
        fault(
            "rename-error-ignored",
            "goes on in the new file though it could not be given the old one's name",
            LOSES,
            replacing(Failure::RenameIgnored),
        ),
        fault(
            "replaced-by-torn-file",
            "renames the new file over the old one though it could not be written whole",
            LOSES,
            replacing(Failure::ReplacesAnyway),
        ),
    ]
}

fn reads() -> Vec<Mutant> {
    vec![
        fault(
            "read-error-is-none",
            "reads its file at every call, and answers that there is nothing when it cannot be read",
            &["GEN-5", "GET-1", "ISO-1", "SCAN-9", "LOG-4", "OLD-1"],
            Habits { reading: Reading::FileOrNothing, ..RIGHT },
        ),
        fault(
            "unreadable-is-empty",
            "takes a file that it cannot read when it opens for an empty one, and empties it",
            &["GEN-5", "DUR-1", "DUR-2", "DUR-3", "DUR-4", "DUR-5", "DUR-6"],
            failing(Failure::OpensEmpty),
        ),
    ]
}
