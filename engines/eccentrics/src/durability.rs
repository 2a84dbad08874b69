//! What is odd only for a store whose process was killed (DUR-2 to DUR-6, PRN-7).

use std::time::Duration;

use storecheck::{Durability, Eccentric};
use storecheck_journal::{Compaction, Framing, Habits, Number, Prune, Recovery, Syncing, engine};

use crate::declare::served;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    let right = Habits { sync: Syncing::Never, ..Habits::RIGHT };
    let rest = Duration::from_micros(200);
    let crash = |name, habits, line| served(engine(name, habits).durability(Durability::ProcessCrash), line);
    vec![
        crash("writes-without-sync", right, "Never syncs, and claims no more than to survive SIGKILL (DUR-2)"),
        crash(
            "commits-in-pieces",
            Habits { framing: Framing::Committed, rest, ..right },
            "Writes a batch pair by pair, and a mark at the end without which none of them counts (PUT-2, DUR-4)",
        ),
        crash(
            "writes-in-halves",
            Habits { framing: Framing::Halves, rest, ..right },
            "Writes each record in two halves; a checksum tells whether both are there (DUR-4)",
        ),
        crash(
            "numbers-fill-after-crash",
            Habits { number: Number::Filled, ..right },
            "Leaves two numbers out after a crash, and logs them as empty (DUR-5, PUT-4)",
        ),
        crash(
            "prunes-forgotten-by-crash",
            Habits { prune: Prune::Forgotten, compact_at: u64::MAX, ..right },
            "Forgets in a crash what was pruned since the last close, which is only advised against (PRN-7)",
        ),
        crash(
            "snapshots-only",
            Habits { compaction: Compaction::Always, ..right },
            "Writes the whole store anew at every write (DUR-2)",
        ),
        crash(
            "compacts-when-it-opens",
            Habits { recovery: Recovery::Compacts, rest, ..right },
            "Replaces its file at every open, by renaming (DUR-4)",
        ),
    ]
}
