//! The driver for an engine in this process.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use bytes::Bytes;

use super::{Driver, Executor};
use crate::call::{Action, Call, Outcome, Range, Reply};
use crate::engine::{Engine, StoreEngine};
use crate::octets::{Decimal, Octets};

/// Drives an engine that lives in this process. A panic of the engine is caught and becomes an outcome; whatever else
/// it does to the process, it does to this one.
pub struct InProcess {
    engine: Engine,
    dir: PathBuf,
    store: Option<Arc<dyn StoreEngine>>,
    runtime: Option<(Executor, tokio::runtime::Runtime)>,
}

impl InProcess {
    /// A driver for `engine`, to be opened in `dir` by [`Action::Open`], its calls made from `executor`.
    ///
    /// # Errors
    /// When the Tokio runtime that the executor asks for cannot be started.
    pub fn new(engine: Engine, dir: &Path, executor: Executor) -> std::io::Result<Self> {
        watch_panics();
        let runtime = match executor {
            Executor::Thread => None,
            Executor::TokioCurrentThread => Some(tokio::runtime::Builder::new_current_thread().build()?),
            Executor::TokioMultiThread => Some(tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?),
        };
        Ok(Self { engine, dir: dir.to_path_buf(), store: None, runtime: runtime.map(|runtime| (executor, runtime)) })
    }

    /// The open store, for clients that call it at once; none while it is closed.
    #[must_use]
    pub fn shared(&self) -> Option<Shared> {
        self.store.clone().map(Shared)
    }

    fn open(&mut self) -> Outcome {
        match guarded(|| self.engine.open(&self.dir)) {
            Ok(Ok(store)) => {
                self.store = Some(store);
                Outcome::Reply(Reply::Done {})
            }
            Ok(Err(message)) => Outcome::Reply(Reply::Error(message)),
            Err(panicked) => panicked,
        }
    }

    fn open_again(&self) -> Outcome {
        match guarded(|| self.engine.open(&self.dir).map(drop)) {
            Ok(Ok(())) => Outcome::Reply(Reply::Done {}),
            Ok(Err(message)) => Outcome::Reply(Reply::Error(message)),
            Err(panicked) => panicked,
        }
    }

    fn close(&mut self) -> Outcome {
        let store = self.store.take();
        guarded(|| drop(store)).map_or_else(|panicked| panicked, |()| Outcome::Reply(Reply::Done {}))
    }

    fn make(&self, call: &Call) -> Outcome {
        let Some(store) = &self.store else {
            return Outcome::ProtocolError("the store is not open".to_owned());
        };
        let made = match &self.runtime {
            None => guarded(|| reply(&**store, call)),
            Some((Executor::TokioMultiThread, runtime)) => {
                let (store, call) = (Arc::clone(store), call.clone());
                let task = runtime.spawn(async move { guarded(|| reply(&*store, &call)) });
                runtime.block_on(task).unwrap_or_else(|e| Err(Outcome::ProtocolError(e.to_string())))
            }
            Some((_, runtime)) => runtime.block_on(async { guarded(|| reply(&**store, call)) }),
        };
        made.map_or_else(|panicked| panicked, Outcome::Reply)
    }
}

/// An open store that many threads call at once. It stays open as long as one of these lives.
#[derive(Clone)]
pub struct Shared(Arc<dyn StoreEngine>);

impl Shared {
    /// Makes a call from this thread. A panic of the engine is caught and becomes an outcome.
    #[must_use]
    pub fn call(&self, call: &Call) -> Outcome {
        guarded(|| reply(&*self.0, call)).map_or_else(|panicked| panicked, Outcome::Reply)
    }
}

impl Driver for InProcess {
    fn perform(&mut self, action: &Action) -> Outcome {
        match action {
            Action::Open {} => self.open(),
            Action::OpenAgain {} => self.open_again(),
            Action::Call(call) => self.make(call),
            Action::Close {} => self.close(),
        }
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        // An engine whose Drop panics must not take the harness along; the panic was this store's last word.
        let _ = self.close();
    }
}

/// The one place where the trait is called.
fn reply(store: &dyn StoreEngine, call: &Call) -> Reply {
    fn lower(pairs: Vec<(Bytes, Bytes)>) -> Vec<(Octets, Octets)> {
        pairs.into_iter().map(|(key, value)| (Octets(key), Octets(value))).collect()
    }
    fn or_error<T>(result: Result<T, String>, good: impl FnOnce(T) -> Reply) -> Reply {
        result.map_or_else(Reply::Error, good)
    }
    let sequence = |number| Reply::Sequence(Decimal(number));
    match call {
        Call::PutBatch(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.0.clone(), value.0.clone())).collect();
            or_error(store.put_batch(&pairs), sequence)
        }
        Call::DeleteBatch(keys) => {
            or_error(store.delete_batch(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>()), sequence)
        }
        Call::Get(key) => or_error(store.get(key), |value| Reply::Value(value.map(Octets::from))),
        Call::GetMany(keys) => {
            or_error(store.get_many(&keys.iter().map(|key| &key[..]).collect::<Vec<_>>()), |values| {
                Reply::Values(values.into_iter().map(|(key, value)| (key.into(), value.map(Octets::from))).collect())
            })
        }
        Call::RangeScan(Range { start, end, limit, forward }) => {
            let limit = usize::try_from(limit.0).unwrap_or(usize::MAX);
            or_error(store.range_scan(start, end, limit, *forward), |rows| Reply::Rows(lower(rows)))
        }
        Call::CurrentSequence {} => sequence(store.current_sequence()),
        Call::GetBatch(number) => or_error(store.get_batch(number.0), |batch| Reply::Batch(batch.map(lower))),
        Call::OldestRetainedBatch {} => {
            or_error(store.oldest_retained_batch(), |oldest| Reply::Oldest(oldest.map(Decimal)))
        }
        Call::PruneBatchLog(cutoff) => {
            or_error(store.prune_batch_log(cutoff.0), |removed| Reply::Removed(Decimal(removed)))
        }
    }
}

thread_local! {
    /// The newest panic of this thread: message, place and stack. A call is made on the thread that catches its panic.
    static NEWEST_PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}
static QUIET: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Stops panics that are caught and judged from also being written to stderr; for tests and benchmarks that drive
/// broken engines in their own process.
pub fn hush_panics() {
    QUIET.store(true, std::sync::atomic::Ordering::Relaxed);
    watch_panics();
}

fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().is::<Outcome>() {
                return;
            }
            let place =
                info.location().map_or_else(String::new, |at| format!(", at {}:{}", file_name(at.file()), at.line()));
            let message = payload_text(info.payload());
            let backtrace = Backtrace::force_capture().to_string();
            // A thread that is ending has no room for it any more, and nobody to tell it to.
            let _ = NEWEST_PANIC.try_with(|newest| newest.replace(Some((format!("{message}{place}"), backtrace))));
            if !QUIET.load(std::sync::atomic::Ordering::Relaxed) {
                before(info);
            }
        }));
    });
}

fn payload_text(payload: &dyn std::any::Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(a payload that is no text)")
}

/// The file's name without its folders, which belong to the machine that built the engine.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Runs `f`; a panic becomes an outcome. The engine's own state may be broken afterwards, which is for the suite to
/// find out, so unwind safety is asserted.
fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, Outcome> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        // An engine behind a host says in this way what became of the host.
        let payload = match payload.downcast::<Outcome>() {
            Ok(outcome) => return *outcome,
            Err(payload) => payload,
        };
        // A payload may panic when it is dropped; forgetting a few octets is the cheaper harm.
        std::mem::forget(payload);
        let newest = NEWEST_PANIC.take();
        let (message, backtrace) = newest.unwrap_or_else(|| ("(no message)".to_owned(), String::new()));
        Outcome::Panicked { message, backtrace }
    })
}
