//! Journals with one habit that only a crash brings to light (DUR-2 to DUR-6).

use std::time::Duration;

use storecheck::{Durability, Family, Mutant};
use storecheck_journal::{
    Acknowledge, Checksum, Compaction, Delete, Entries, Framing, Habits, Number, Prune, Recovery, Tail, engine,
};

const RIGHT: Habits = Habits { rest: Duration::from_micros(300), ..Habits::RIGHT };

/// Losing acknowledged writes: what is left is a prefix, or none.
const LOSES: &[&str] = &["DUR-2", "DUR-4", "DUR-6"];
/// Parts of a batch are left.
const TEARS: &[&str] = &["PUT-2", "DUR-4", "DUR-2", "LOG-1"];

pub(crate) fn mutants() -> Vec<Mutant> {
    [acknowledges(), tears(), numbers(), deletes(), log(), replaces(), recovers()].into_iter().flatten().collect()
}

fn crash(name: &'static str, line: &'static str, breaks: &'static [&'static str], habits: Habits) -> Mutant {
    let engine = engine(name, habits).durability(Durability::ProcessCrash);
    Mutant { family: Some(Family::Crash), ..Mutant::new(engine, line, breaks) }
}

fn acknowledges() -> Vec<Mutant> {
    let every = |acknowledge| Habits { acknowledge, ..RIGHT };
    vec![
        crash(
            "ack-before-write",
            "acknowledges a write, and writes it together with the next",
            LOSES,
            every(Acknowledge::Every(2)),
        ),
        crash(
            "writes-every-eighth",
            "acknowledges writes, and writes them eight at a time",
            LOSES,
            every(Acknowledge::Every(8)),
        ),
        crash("writes-at-close", "writes nothing until it is closed", LOSES, every(Acknowledge::AtClose)),
        crash(
            "buffer-lost-at-drop",
            "writes three at a time, and a close forgets what is in the buffer",
            &["DUR-2", "DUR-4", "DUR-6", "DUR-1"],
            every(Acknowledge::EveryAndForgets(3)),
        ),
    ]
}

fn tears() -> Vec<Mutant> {
    vec![
        crash(
            "record-per-pair",
            "writes a record for each pair, and nothing that says the batch is whole",
            TEARS,
            Habits { framing: Framing::PerPair, ..RIGHT },
        ),
        crash(
            "state-and-log-apart",
            "writes State and the log's entry as two records",
            TEARS,
            Habits { framing: Framing::Apart, ..RIGHT },
        ),
        crash(
            "torn-record-believed",
            "has no checksum: what can be read of a torn record counts",
            TEARS,
            Habits { framing: Framing::Halves, checksum: Checksum::None, ..RIGHT },
        ),
        crash(
            "tail-kept",
            "leaves a torn tail where it is, and appends behind it what no reopen will find",
            &["DUR-2", "DUR-4", "DUR-6", "DUR-1"],
            Habits { framing: Framing::Halves, tail: Tail::Kept, ..RIGHT },
        ),
        crash(
            "uncommitted-parts-kept",
            "leaves the parts of a batch without its commit where they are, and the next commit takes them along",
            TEARS,
            Habits { framing: Framing::Committed, tail: Tail::Kept, ..RIGHT },
        ),
    ]
}

fn numbers() -> Vec<Mutant> {
    vec![
        crash(
            "number-from-log-length",
            "takes its number from how many entries are retained",
            &["DUR-2", "DUR-4", "DUR-5", "PUT-3", "DUR-1", "DUR-6"],
            Habits { number: Number::LogLength, ..RIGHT },
        ),
        crash(
            "number-from-newest-entry",
            "takes its number from the newest entry, and starts over when all are pruned",
            &["DUR-2", "DUR-4", "DUR-5", "PUT-3", "DUR-1", "DUR-6"],
            Habits { number: Number::NewestEntry, ..RIGHT },
        ),
        crash(
            "number-issued-again",
            "gives the first write after a crash the number of the last one before it",
            &["DUR-5", "PUT-3"],
            Habits { number: Number::IssuedAgain, ..RIGHT },
        ),
    ]
}

fn deletes() -> Vec<Mutant> {
    vec![
        crash(
            "delete-keeps-keys",
            "writes down that there was a delete, and not of what",
            &["DUR-6", "DUR-4", "DUR-1"],
            Habits { delete: Delete::NumberOnly, compact_at: u64::MAX, ..RIGHT },
        ),
        crash(
            "delete-waits-for-put",
            "writes a delete down together with the next put",
            LOSES,
            Habits { delete: Delete::WithNextPut, ..RIGHT },
        ),
        crash(
            "compaction-resurrects",
            "puts a deleted key back into the snapshot that replaces the file",
            &["DUR-6", "DUR-4", "DUR-1", "DUR-2"],
            Habits { compaction: Compaction::Resurrects, compact_at: 4 << 10, ..RIGHT },
        ),
    ]
}

fn log() -> Vec<Mutant> {
    vec![
        crash(
            "entry-one-late",
            "writes the entry of a put down together with the next put",
            &["DUR-4", "DUR-2", "LOG-1", "LOG-6", "LOG-9"],
            Habits { entries: Entries::OneLate, compact_at: u64::MAX, ..RIGHT },
        ),
        crash(
            "entries-at-close",
            "keeps the log in memory, and writes it down when it is closed",
            &["DUR-4", "DUR-2", "LOG-1", "LOG-6", "LOG-9"],
            Habits { entries: Entries::AtClose, compact_at: u64::MAX, ..RIGHT },
        ),
        crash(
            "prune-entry-by-entry",
            "prunes the newest entry first, each with a record of its own",
            &["LOG-6", "DUR-4"],
            Habits { prune: Prune::EntryByEntry, ..RIGHT },
        ),
        crash(
            "prune-one-too-many",
            "writes down a cutoff that is one too high",
            &["DUR-4", "LOG-9", "LOG-1", "LOG-6", "DUR-1"],
            Habits { prune: Prune::OneTooMany, ..RIGHT },
        ),
    ]
}

fn replaces() -> Vec<Mutant> {
    let replacing = |compaction| Habits { compaction, compact_at: 4 << 10, rest: Duration::from_millis(1), ..RIGHT };
    vec![
        crash("compaction-in-place", "empties the file and writes it anew", LOSES, replacing(Compaction::InPlace)),
        crash(
            "compaction-removes-first",
            "removes the file before the one that replaces it is written",
            LOSES,
            replacing(Compaction::RemovesFirst),
        ),
        crash(
            "compaction-renames-first",
            "renames an empty file over the old one, and then writes it",
            LOSES,
            replacing(Compaction::RenamesFirst),
        ),
    ]
}

fn recovers() -> Vec<Mutant> {
    vec![
        crash(
            "recovery-in-place",
            "writes the file anew when it opens, in place",
            LOSES,
            Habits { recovery: Recovery::RewritesInPlace, rest: Duration::from_millis(2), ..RIGHT },
        ),
        crash(
            "recovery-repeats-last",
            "appends the last batch once more after a crash",
            &["DUR-4", "LOG-1", "DUR-2", "DUR-6"],
            Habits { recovery: Recovery::RepeatsLast, ..RIGHT },
        ),
    ]
}
