//! What is odd only for a store whose process was killed, whose power failed or whose disk did (DUR-2 to DUR-6, PRN-7,
//! PUT-8).

use std::time::Duration;

use storecheck::{Durability, Eccentric};
use storecheck_journal::{Entries, Failure, Framing, Habits, Number, Prune, Recovery, Storing, Syncing, engine};

use crate::declare::served;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    [unsynced(), synced()].concat()
}

fn unsynced() -> Vec<Eccentric> {
    let right = Habits { sync: Syncing::Never, ..Habits::RIGHT };
    let rest = Duration::from_micros(200);
    let crash = |name, habits, line| served(engine(name, habits).durability(Durability::ProcessCrash), line);
    vec![
        crash("writes-without-sync", right, "Never syncs, and claims no more than to survive SIGKILL (DUR-2)"),
        crash(
            "commits-in-pieces",
            Habits { framing: Framing::Committed, ..right },
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
            "compacts-when-it-opens",
            Habits { recovery: Recovery::Compacts, rest, ..right },
            "Replaces its file at every open, by renaming (DUR-4)",
        ),
    ]
}

fn synced() -> Vec<Eccentric> {
    let right = Habits::RIGHT;
    let rest = Duration::from_micros(200);
    let power = |name, habits, line| served(engine(name, habits), line);
    vec![
        power(
            "syncs-twice",
            Habits { sync: Syncing::Twice, ..right },
            "Syncs every write twice before it acknowledges (DUR-3)",
        ),
        power(
            "stores-through-a-mapping",
            Habits { storing: Storing::Mapped, ..right },
            "Stores into a mapped file, and syncs a record before the head that says that it counts (DUR-3, DUR-4)",
        ),
        power(
            "commits-in-synced-pieces",
            Habits { framing: Framing::Committed, ..right },
            "Writes a batch pair by pair, and syncs once the mark is there that makes them count (PUT-2, DUR-3)",
        ),
        power(
            "numbers-fill-after-power-loss",
            Habits { number: Number::Filled, ..right },
            "Leaves two numbers out after a power failure, and logs them as empty (DUR-5, PUT-4)",
        ),
        power(
            "entries-in-own-file",
            Habits { entries: Entries::OwnFile, compact_at: u64::MAX, rest, ..right },
            "Syncs the log's entry in a file of its own, and leaves it out again when State does not know of it (DUR-4)",
        ),
        power(
            "goes-on-after-errors",
            Habits { failure: Failure::CutsAndGoesOn, ..right },
            "Cuts off a write that failed, and takes the next one as if nothing had happened (PUT-8, GEN-7)",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tests::{named, pairs};

    use super::*;

    /// What each holds after writes of every kind, a close, and the loss of the note that it was closed.
    #[test]
    fn all_keep_what_was_acknowledged() {
        for eccentric in eccentrics() {
            let (engine, name) = (eccentric.engine, eccentric.line);
            let dir = tempfile::tempdir().unwrap();
            let store = engine.open(dir.path()).unwrap();
            store.put_batch(&pairs(&["b", "a", "b"])).unwrap();
            store.delete_batch(&[b"a"]).unwrap();
            store.put_batch(&pairs(&["c"])).unwrap();
            store.prune_batch_log(2).unwrap();
            assert!(engine.open(dir.path()).is_err(), "{name}");
            drop(store);
            std::fs::remove_file(dir.path().join("clean")).unwrap();
            let store = engine.open(dir.path()).unwrap();
            assert_eq!((store.get(b"a"), store.get(b"c")), (Ok(None), Ok(Some(vec![]))), "{name}");
            assert_eq!((store.get_batch(1), store.get_batch(2)), (Ok(None), Ok(Some(vec![]))), "{name}");
            assert_eq!(store.get_batch(3), Ok(Some(pairs(&["c"]))), "{name}");
        }
    }

    #[test]
    fn numbers_are_filled_with_empty_entries() {
        let dir = tempfile::tempdir().unwrap();
        let engine = named("numbers-fill-after-crash").engine;
        engine.open(dir.path()).unwrap().put_batch(&pairs(&["a"])).unwrap();
        std::fs::remove_file(dir.path().join("clean")).unwrap();
        let store = engine.open(dir.path()).unwrap();
        assert_eq!((store.current_sequence(), store.get_batch(3)), (3, Ok(Some(vec![]))));
        assert_eq!(store.put_batch(&pairs(&["a"])), Ok(4));
    }
}
