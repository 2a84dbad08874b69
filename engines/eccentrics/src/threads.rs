//! Where and how fast a call runs.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use storecheck::{Eccentric, Engine, StoreEngine};
use tokio::runtime::{Builder, Runtime};

use crate::base::{Memory, Pair, Values};
use crate::declare::{served, volatile};
use crate::oddity::{Odd, Oddity};

pub(crate) fn eccentrics() -> Vec<Eccentric> {
    let own_runtime =
        Engine::new("own-runtime", |_| OwnRuntime::start().map(Odd)).version(env!("CARGO_PKG_VERSION")).batch_log(true);
    vec![
        served(
            volatile("slow", Slow::default),
            "Every call takes about a hundred microseconds longer (GEN-2 asks for an end, not for speed)",
        ),
        served(own_runtime, "Every call runs on the engine's own asynchronous runtime and threads (GEN-3)"),
    ]
}

const DELAY: Duration = Duration::from_micros(100);

#[derive(Default)]
struct Slow(Memory);

impl Slow {
    /// The base, after a while.
    fn late(&self) -> &Memory {
        thread::sleep(DELAY);
        &self.0
    }
}

/// As every call that is not answered here asks for the base, all of them are late.
impl Oddity for Slow {
    fn base(&self) -> &Memory {
        self.late()
    }
}

/// Answers through channels, not through `block_on`, which would panic when called from inside another runtime.
struct OwnRuntime {
    store: Arc<Memory>,
    /// Taken by the drop alone.
    runtime: Option<Runtime>,
}

impl OwnRuntime {
    fn start() -> Result<Self, String> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("own-runtime")
            .build()
            .map_err(|error| format!("starting the runtime: {error}"))?;
        Ok(Self { store: Arc::default(), runtime: Some(runtime) })
    }

    /// Runs `call` as a task and waits for what it answers.
    fn run<T: Send + 'static>(&self, call: impl FnOnce(&Memory) -> T + Send + 'static) -> T {
        let runtime = self.runtime.as_ref().expect("the runtime lives as long as the engine");
        let store = Arc::clone(&self.store);
        let (sender, receiver) = mpsc::channel();
        runtime.spawn(async move {
            // A wait in between lets the task move to another worker, as tasks of a real engine do.
            tokio::task::yield_now().await;
            // It cannot fail: the receiver is waiting below.
            let _ = sender.send(call(&store));
        });
        receiver.recv().expect("the task answers, because the store does not panic")
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which panics inside another runtime. Nothing is left to wait for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn owned(keys: &[&[u8]]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_vec()).collect()
}

fn borrowed(keys: &[Vec<u8>]) -> Vec<&[u8]> {
    keys.iter().map(Vec::as_slice).collect()
}

impl Oddity for OwnRuntime {
    fn base(&self) -> &Memory {
        &self.store
    }

    fn put_batch(&self, kvs: &[Pair]) -> Result<u64, String> {
        let kvs = kvs.to_vec();
        self.run(move |store| store.put_batch(&kvs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let key = key.to_vec();
        self.run(move |store| store.get(&key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<Pair>, String> {
        let (start, end) = (start.to_vec(), end.to_vec());
        self.run(move |store| store.range_scan(&start, &end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Values, String> {
        let keys = owned(keys);
        self.run(move |store| store.get_many(&borrowed(&keys)))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let keys = owned(keys);
        self.run(move |store| store.delete_batch(&borrowed(&keys)))
    }

    fn current_sequence(&self) -> u64 {
        self.run(StoreEngine::current_sequence)
    }

    fn get_batch(&self, number: u64) -> Result<Option<Vec<Pair>>, String> {
        self.run(move |store| store.get_batch(number))
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.run(StoreEngine::oldest_retained_batch)
    }

    fn prune_batch_log(&self, cutoff: u64) -> Result<u64, String> {
        self.run(move |store| store.prune_batch_log(cutoff))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::tests::{exercise, open, pairs};

    #[test]
    fn every_call_is_slow() {
        let store = open("slow");
        let start = Instant::now();
        store.put_batch(&pairs(&["a"])).unwrap();
        store.delete_batch(&[b"b"]).unwrap();
        store.get(b"a").unwrap();
        store.get_many(&[b"a"]).unwrap();
        store.range_scan(b"", b"", 1, true).unwrap();
        store.current_sequence();
        store.get_batch(1).unwrap();
        store.oldest_retained_batch().unwrap();
        store.prune_batch_log(0).unwrap();
        assert!(start.elapsed() >= 9 * DELAY);
    }

    #[test]
    fn calls_run_on_threads_of_the_engine() {
        let store = OwnRuntime::start().unwrap();
        let name = store.run(|_| thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("own-runtime"));
    }

    #[test]
    fn calls_and_drop_work_inside_any_runtime() {
        for runtime in [Builder::new_current_thread().build(), Builder::new_multi_thread().worker_threads(1).build()] {
            runtime.unwrap().block_on(async {
                let task = tokio::spawn(async {
                    let store = open("own-runtime");
                    exercise(&*store);
                    drop(store);
                });
                task.await.unwrap();
            });
        }
        exercise(&*open("own-runtime"));
    }
}
