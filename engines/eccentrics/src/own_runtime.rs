//! own-runtime: an engine that works on a Tokio runtime of its own, as clients of remote stores do.
//!
//! Its calls must bear being made on the worker of any other runtime (GEN-3): the caller waits at a plain channel, and
//! never enters the runtime inside.

use std::sync::{Arc, mpsc};

use bytes::Bytes;
use storecheck::StoreEngine;
use tokio::runtime::{Builder, Runtime};

use crate::base::{Base, Pairs, USUAL};
use crate::twist::Looked;

/// The name of the thread on which the calls run.
pub(crate) const THREAD: &str = "own-runtime";

/// A store that is touched only by the worker of its own runtime.
#[derive(Debug)]
pub(crate) struct OwnRuntime {
    base: Arc<Base>,
    /// Taken by `drop` and there until then.
    runtime: Option<Runtime>,
}

impl OwnRuntime {
    pub(crate) fn new() -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(THREAD).build();
        let runtime = runtime.map_err(|error| format!("no runtime: {}", error.kind()))?;
        Ok(Self { base: Arc::new(Base::new(USUAL)), runtime: Some(runtime) })
    }

    /// Has the worker do `call` and waits for what it answers.
    pub(crate) fn on_worker<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Base) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        const GONE: &str = "the store's own runtime is gone";
        let (answer, answered) = mpsc::sync_channel(1);
        let base = Arc::clone(&self.base);
        // The task's handle is not needed: the channel tells when it is done.
        drop(self.runtime.as_ref().ok_or(GONE)?.spawn(async move { answer.send(call(&base)) }));
        answered.recv().map_err(|_| GONE.to_owned())?
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for the worker would panic when the last owner is a task of another runtime.
            runtime.shutdown_background();
        }
    }
}

/// The keys on their own, for a worker that may outlive the caller's slices.
fn owned(keys: &[&[u8]]) -> Vec<Bytes> {
    keys.iter().map(|key| Bytes::copy_from_slice(key)).collect()
}

fn borrowed(keys: &[Bytes]) -> Vec<&[u8]> {
    keys.iter().map(|key| &**key).collect()
}

impl StoreEngine for OwnRuntime {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let pairs = kvs.to_vec();
        self.on_worker(move |base| base.put_batch(&pairs))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let key = key.to_vec();
        self.on_worker(move |base| base.get(&key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        let (start, end) = (start.to_vec(), end.to_vec());
        self.on_worker(move |base| base.range_scan(&start, &end, limit, forward))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Looked, String> {
        let keys = owned(keys);
        self.on_worker(move |base| base.get_many(&borrowed(&keys)))
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let keys = owned(keys);
        self.on_worker(move |base| base.delete_batch(&borrowed(&keys)))
    }

    fn current_sequence(&self) -> u64 {
        // The signature has no room for an error, and the number can be read without the worker.
        self.on_worker(|base| Ok(base.current_sequence())).unwrap_or_else(|_| self.base.current_sequence())
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        self.on_worker(move |base| base.get_batch(sequence_number))
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        self.on_worker(Base::oldest_retained_batch)
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.on_worker(move |base| base.prune_batch_log(cutoff_exclusive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_run_on_a_thread_of_its_own() {
        let store = OwnRuntime::new().unwrap();
        let name = store.on_worker(|_| Ok(std::thread::current().name().map(str::to_owned))).unwrap();
        assert_eq!(name.as_deref(), Some(THREAD));
    }

    #[test]
    fn it_may_be_used_and_dropped_on_any_runtime() {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let number = builder.build().unwrap().block_on(async {
                let store = OwnRuntime::new().unwrap();
                store.put_batch(&[]).unwrap();
                store.current_sequence()
            });
            assert_eq!(number, 1);
        }
    }

    #[test]
    fn a_call_that_panics_is_an_error_and_the_next_one_works() {
        let store = OwnRuntime::new().unwrap();
        assert!(store.on_worker::<()>(|_| panic!("on purpose")).is_err());
        assert_eq!(store.put_batch(&[]), Ok(1));
    }
}
