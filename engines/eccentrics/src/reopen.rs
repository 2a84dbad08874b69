//! What is odd only for a store that is closed and opened again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use storecheck::{Durability, Eccentric, Engine};

use crate::base::{Memory, Pair, copied};
use crate::declare::{served, trait_only};
use crate::oddity::{Odd, Oddity};
use crate::saved::Saved;

/// How long a reopen takes.
const DELAY: Duration = Duration::from_millis(30);
/// How many numbers a reopen leaves out.
const LEFT_OUT: u64 = 4;

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    vec![
        served(
            clean_close("clean-close-only", Saved::open),
            "Writes nothing until it is dropped, and promises no more (DUR-1)",
        ),
        served(
            clean_close("slow-reopen", open_slowly),
            "Opening a directory that holds a store takes 30 ms longer (DUR-1 sets no time)",
        ),
        trait_only(
            clean_close("numbers-skip-at-reopen", Skipping::open),
            "The first write after a reopen leaves four numbers out; only the server needs them (DUR-1, DUR-5)",
        ),
    ]
}

fn clean_close<T: Oddity>(name: &str, open: fn(&Path) -> Result<T, String>) -> Engine {
    Engine::new(name, move |dir: &Path| open(dir).map(Odd))
        .version(env!("CARGO_PKG_VERSION"))
        .batch_log(true)
        .durability(Durability::CleanClose)
}

fn open_slowly(dir: &Path) -> Result<Saved, String> {
    if Saved::exists(dir) {
        thread::sleep(DELAY);
    }
    Saved::open(dir)
}

struct Skipping {
    saved: Saved,
    /// Whether the next write is the first one since a reopen.
    skip: AtomicBool,
}

impl Skipping {
    fn open(dir: &Path) -> Result<Self, String> {
        let saved = Saved::open(dir)?;
        // A store that was never written is still fresh, and its first number is not free (PUT-5).
        let skip = AtomicBool::new(saved.base().read().last > 0);
        Ok(Self { saved, skip })
    }

    fn write(&self, pairs: &[Pair], removed: &[&[u8]]) -> u64 {
        let pairs = copied(pairs);
        self.base().write(|contents| {
            if self.skip.swap(false, Ordering::SeqCst) {
                contents.last += LEFT_OUT;
            }
            contents.set(&pairs);
            contents.remove(removed);
            contents.append(pairs)
        })
    }
}

impl Oddity for Skipping {
    fn base(&self) -> &Memory {
        self.saved.base()
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        Ok(self.write(kvs, &[]))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        Ok(self.write(&[], keys))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::tests::{named, pairs};

    use super::*;

    #[test]
    fn a_drop_keeps_everything_and_nothing_else_keeps_anything() {
        let dir = tempfile::tempdir().unwrap();
        let engine = named("clean-close-only").engine;
        let store = engine.open(dir.path()).unwrap();
        store.put_batch(&pairs(&["b", "a", "b"])).unwrap();
        store.delete_batch(&[b"a"]).unwrap();
        assert!(!Saved::exists(dir.path()), "nothing is written before the drop");
        assert!(engine.open(dir.path()).is_err(), "one store to a directory");
        drop(store);
        let store = engine.open(dir.path()).unwrap();
        assert_eq!((store.get(b"a"), store.get(b"b")), (Ok(None), Ok(Some(vec![]))));
        assert_eq!(store.get_batch(1), Ok(Some(pairs(&["b", "a", "b"]))));
        assert_eq!((store.current_sequence(), store.put_batch(&[])), (2, Ok(3)));
    }

    #[test]
    fn only_a_reopen_is_slow() {
        let dir = tempfile::tempdir().unwrap();
        let engine = named("slow-reopen").engine;
        engine.open(dir.path()).unwrap().put_batch(&pairs(&["a"])).unwrap();
        let start = Instant::now();
        let store = engine.open(dir.path()).unwrap();
        assert!(start.elapsed() >= DELAY);
        assert_eq!(store.get(b"a"), Ok(Some(vec![])));
    }

    #[test]
    fn numbers_are_left_out_once_and_never_on_a_fresh_store() {
        let dir = tempfile::tempdir().unwrap();
        let engine = named("numbers-skip-at-reopen").engine;
        drop(engine.open(dir.path()).unwrap());
        let store = engine.open(dir.path()).unwrap();
        assert_eq!((store.put_batch(&pairs(&["a"])), store.delete_batch(&[b"b"])), (Ok(1), Ok(2)));
        drop(store);
        let store = engine.open(dir.path()).unwrap();
        assert_eq!(store.current_sequence(), 2);
        assert_eq!((store.put_batch(&pairs(&["a"])), store.delete_batch(&[b"b"])), (Ok(7), Ok(8)));
        assert_eq!((store.get_batch(3), store.oldest_retained_batch()), (Ok(None), Ok(Some(1))));
    }
}
