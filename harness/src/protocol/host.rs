//! The host's side: an engine of this executable, served over stdin and stdout.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use super::message::{Answer, FromHost, Hello, Request, ToHost, VERSION};
use crate::call::{Action, Call, Outcome, Reply};
use crate::driver::{Driver, Executor, InProcess, Shared};
use crate::engine::Engine;
use crate::octets::Decimal;
use crate::process::end_with_parent;

/// The environment variable that makes an executable a host; the engine's name.
pub(super) const HOST_ENV: &str = "STORECHECK_HOST";

/// Whether this process was started as a host.
#[must_use]
pub fn is_host() -> bool {
    std::env::var_os(HOST_ENV).is_some()
}

/// Serves the engine that this process was started for until stdin ends or a shutdown is asked for. `resolve` finds
/// engines by name.
pub fn serve(resolve: impl Fn(&str) -> Option<Engine>) -> ExitCode {
    end_with_parent::here();
    let name = std::env::var(HOST_ENV).unwrap_or_default();
    ended(match resolve(&name) {
        Some(engine) => serve_engine(&engine),
        None => Err(std::io::Error::other(format!("no engine is called {name:?}"))),
    })
}

/// Serves one engine over stdin and stdout until stdin ends or a shutdown is asked for: the `main` of an executable
/// that is a host and nothing else, for `--engine cmd:…`.
pub fn host(engine: &Engine) -> ExitCode {
    ended(serve_engine(engine))
}

fn ended(served: std::io::Result<()>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "storecheck host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_engine(engine: &Engine) -> std::io::Result<()> {
    let (requests, replies) = take_descriptors()?;
    let replies = Replies(Arc::new(Mutex::new(replies)));
    replies.send(&FromHost::Hello {
        hello: Hello {
            protocol: VERSION,
            engine: engine.name().to_owned(),
            version: engine.version_text().to_owned(),
            language: "Rust".to_owned(),
            declarations: engine.declarations(),
        },
    });
    let crew = Crew::new(replies.clone());
    let mut store: Option<InProcess> = None;
    for line in BufReader::new(requests).split(b'\n') {
        let ToHost { id, request } = serde_json::from_slice(&line?)?;
        let answer = match request {
            Request::Open { dir } => {
                let driver = InProcess::new(engine.clone(), &PathBuf::from(dir), Executor::Thread)?;
                store.insert(driver).perform(&Action::Open {})
            }
            Request::OpenAgain { dir } => {
                let second = InProcess::new(engine.clone(), &PathBuf::from(dir), Executor::Thread);
                second?.perform(&Action::OpenAgain {})
            }
            Request::Call(call) => match store.as_ref().and_then(InProcess::shared) {
                Some(shared) => {
                    crew.make(id, call, shared);
                    continue;
                }
                None => Outcome::Reply(Reply::Error("the store is not open".to_owned())),
            },
            Request::Close {} => {
                store.take().map_or(Outcome::Reply(Reply::Done {}), |mut store| store.perform(&Action::Close {}))
            }
            Request::Shutdown {} => {
                drop(store);
                replies.answer(id, Outcome::Reply(Reply::Done {}));
                return Ok(());
            }
        };
        replies.answer(id, answer);
    }
    Ok(())
}

/// Moves stdin and stdout out of the engine's way: what it reads there is empty, what it prints goes to stderr.
fn take_descriptors() -> std::io::Result<(File, File)> {
    let requests = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 100)?;
    let replies = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 100)?;
    let nothing = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok((File::from(requests), File::from(replies)))
}

/// The way back, which all threads share.
#[derive(Clone)]
struct Replies(Arc<Mutex<File>>);

impl Replies {
    fn answer(&self, id: Decimal, outcome: Outcome) {
        let answer = match outcome {
            Outcome::Reply(reply) => Answer::Reply(reply),
            Outcome::Panicked { message, backtrace } => Answer::Panicked { message, backtrace },
            // An engine in this process has no other outcome.
            other => Answer::Panicked { message: other.to_string(), backtrace: String::new() },
        };
        self.send(&FromHost::Answer { id, answer });
    }

    fn send(&self, message: &FromHost) {
        let mut line = serde_json::to_vec(message).unwrap_or_default();
        line.push(b'\n');
        // Nobody listens any more when this fails: stdin ends next.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
    }
}

type Task = (Decimal, Call, Shared);

/// Threads that make calls, as many as are in flight at once.
struct Crew {
    tasks: Sender<Task>,
    queue: Arc<Mutex<Receiver<Task>>>,
    idle: Arc<AtomicUsize>,
    replies: Replies,
}

impl Crew {
    fn new(replies: Replies) -> Self {
        let (tasks, queue) = mpsc::channel();
        Self { tasks, queue: Arc::new(Mutex::new(queue)), idle: Arc::default(), replies }
    }

    /// Has the call made by a thread that is idle, or by a new one.
    fn make(&self, id: Decimal, call: Call, shared: Shared) {
        let taken = self.idle.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |idle| idle.checked_sub(1));
        if taken.is_err() {
            let (queue, idle, replies) = (Arc::clone(&self.queue), Arc::clone(&self.idle), self.replies.clone());
            std::thread::spawn(move || {
                loop {
                    let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((id, call, shared)) = task else { return };
                    let outcome = shared.call(&call);
                    // The store must not outlive the reply to its last call: a close may follow.
                    drop(shared);
                    idle.fetch_add(1, Ordering::SeqCst);
                    replies.answer(id, outcome);
                }
            });
        }
        // The queue's other end is in `self`, so that sending cannot fail.
        let _ = self.tasks.send((id, call, shared));
    }
}
