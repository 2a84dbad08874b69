//! Running a program on an open store, and checking its history while it grows.
//!
//! Clients run in bursts. At the end of each, every client hands over what it recorded and waits for the others, so
//! that a burst's calls are all there before the next one's begin, and are taken by the checker in the order in which
//! they began, beside the clients. Nothing is shared on the way of a call but the clock and the store.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use super::client::Client;
use super::guarantees::Guarantees;
use super::program::Program;
use crate::call::{Action, Call, METHODS, Outcome, Range, Reply};
use crate::checker::{Checker, Facts, Findings};
use crate::contract::Level;
use crate::driver::{self, Driver, InProcess};
use crate::engine::Declarations;
use crate::finding::Finding;
use crate::history::Recorded;
use crate::history::record::{Clock, Recorder, merged};
use crate::judged::Failure;
use crate::octets::Decimal;

/// Bursts that a client may be ahead of the checker.
const AHEAD: usize = 2;
/// A burst that takes longer is told of, with the calls that are in flight, and again as often as some return.
const PATIENCE: Duration = Duration::from_millis(250);
/// Log entries that are read at the end, the newest.
const ENTRIES_READ: u64 = 256;

/// What clients share.
pub(super) struct Shared {
    pub(super) program: Program,
    pub(super) store: driver::Shared,
    pub(super) clock: Arc<Clock>,
    /// What each client is at: calls made so far in the upper octets, and in the lowest the number of the call that it
    /// is in, 0 for none.
    pub(super) doing: Vec<AtomicU64>,
    barrier: Barrier,
    /// No further burst is wanted.
    stop: AtomicBool,
    /// What the last client to come to the barrier made of it: all act on the same.
    go_on: AtomicBool,
}

/// What happens while a program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So many bursts were made and checked.
    Burst(u32),
    /// A burst takes long; these calls are in flight.
    Waiting(String),
    /// All clients are done, and the store is closed.
    Closing,
}

/// What a program came to.
#[derive(Debug)]
pub struct Ran {
    /// The number of the fresh store.
    pub fresh: u64,
    /// What the history showed.
    pub findings: Findings,
    /// What was seen of guarantees.
    pub guarantees: Guarantees,
    /// Every call, in the order in which they began.
    pub history: Vec<Recorded>,
}

/// Opens the store, runs `program` on it, and closes it again.
///
/// # Errors
/// When no Tokio runtime can be started. A store that does not open or close is a failure instead.
pub fn run_on(
    driver: &mut InProcess,
    program: &Program,
    declared: Declarations,
    progress: &mut dyn FnMut(Progress),
) -> std::io::Result<Result<Ran, Failure>> {
    let opened = driver.perform(&Action::Open {});
    let Some(store) = driver.shared().filter(|_| opened == Outcome::Reply(Reply::Done {})) else {
        return Ok(Err(not_done(&Action::Open {}, &opened)));
    };
    let ran = run(program, &store, declared, progress)?;
    drop(store);
    progress(Progress::Closing);
    let closed = driver.perform(&Action::Close {});
    Ok(if closed == Outcome::Reply(Reply::Done {}) { Ok(ran) } else { Err(not_done(&Action::Close {}, &closed)) })
}

/// A store that does not open or close.
fn not_done(action: &Action, outcome: &Outcome) -> Failure {
    let details = match outcome {
        Outcome::Panicked { backtrace, .. } => backtrace.clone(),
        _ => String::new(),
    };
    let clause = if details.is_empty() { "GEN-12" } else { "GEN-4" };
    Failure {
        finding: Finding::new(Level::Must, &[clause], "a store opens and closes", outcome.to_string()),
        place: "around many clients".to_owned(),
        line: 0,
        action: action.to_string(),
        trace: Vec::new(),
        details,
        proof: None,
    }
}

/// Runs `program` on `store`, which is fresh, and checks its history. A call that never returns keeps this from
/// returning: whoever watches the process is told of it by `progress`.
///
/// # Errors
/// When no Tokio runtime can be started.
fn run(
    program: &Program,
    store: &driver::Shared,
    declared: Declarations,
    progress: &mut dyn FnMut(Progress),
) -> std::io::Result<Ran> {
    let fresh = match store.call(&Call::CurrentSequence {}) {
        Outcome::Reply(Reply::Sequence(number)) => number.0,
        _ => 0,
    };
    let clients = program.clients.len();
    let shared = Arc::new(Shared {
        program: program.clone(),
        store: store.clone(),
        clock: Arc::default(),
        doing: (0..clients).map(|_| AtomicU64::new(0)).collect(),
        barrier: Barrier::new(clients.max(1)),
        stop: AtomicBool::new(false),
        go_on: AtomicBool::new(true),
    });
    let crew = Crew::start(&shared)?;
    let facts = Facts { frontier: declared.frontier, batch_log: declared.batch_log, fresh };
    let mut history = History { checker: Checker::new(facts), guarantees: Guarantees::default(), calls: Vec::new() };
    for burst in 1..=program.bursts {
        let Some(calls) = crew.burst(&shared, progress) else { break };
        history.take(calls);
        if history.checker.found() {
            shared.stop.store(true, Ordering::Relaxed);
        }
        progress(Progress::Burst(burst));
    }
    crew.end();
    if !history.checker.found() {
        history.take(audit(&shared, fresh));
    }
    let findings = history.checker.finish();
    history.guarantees.observed = findings.observed;
    Ok(Ran { fresh, findings, guarantees: history.guarantees, history: history.calls })
}

struct History {
    checker: Checker,
    guarantees: Guarantees,
    calls: Vec<Recorded>,
}

impl History {
    fn take(&mut self, calls: Vec<Recorded>) {
        for recorded in calls {
            self.checker.take(&recorded);
            self.guarantees.take(&recorded);
            self.calls.push(recorded);
        }
    }
}

/// The running clients, and the ends of the channels by which they hand over their calls.
struct Crew {
    receivers: Vec<Receiver<Vec<Recorded>>>,
    threads: Vec<JoinHandle<()>>,
    runtimes: Vec<tokio::runtime::Runtime>,
}

impl Crew {
    fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let mut crew = Self { receivers: Vec::new(), threads: Vec::new(), runtimes: Vec::new() };
        for at in 0..shared.program.clients.len() as u32 {
            let (sender, receiver) = sync_channel(AHEAD);
            crew.receivers.push(receiver);
            let shared = Arc::clone(shared);
            if at >= shared.program.tokio_from {
                // A runtime for each: of one with several workers, one worker may take two clients into its own queue,
                // and the second would never be looked at while the first waits for it.
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
                runtime.spawn(async move { bursts(&shared, at, &sender) });
                crew.runtimes.push(runtime);
            } else {
                crew.threads.push(std::thread::Builder::new().spawn(move || bursts(&shared, at, &sender))?);
            }
        }
        Ok(crew)
    }

    /// The calls of the next burst, when all clients have made theirs; none when they have ended.
    fn burst(&self, shared: &Shared, progress: &mut dyn FnMut(Progress)) -> Option<Vec<Recorded>> {
        let mut told = None;
        let mut calls = Vec::with_capacity(self.receivers.len());
        for receiver in &self.receivers {
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(chunk) => {
                        calls.push(chunk);
                        break;
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        // Told again only when something moved: an engine may be slow as long as its calls return.
                        let made = shared.made();
                        if told.replace(made) != Some(made) {
                            progress(Progress::Waiting(shared.in_flight()));
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
            }
        }
        Some(merged(calls))
    }

    fn end(self) {
        drop(self.receivers);
        for thread in self.threads {
            // A client does not panic: its calls are guarded.
            let _ = thread.join();
        }
        drop(self.runtimes);
    }
}

/// A client's whole life.
fn bursts(shared: &Shared, at: u32, sender: &SyncSender<Vec<Recorded>>) {
    let mut client = Client::new(shared, at);
    for _ in 0..shared.program.bursts {
        if shared.barrier.wait().is_leader() {
            shared.go_on.store(!shared.stop.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        shared.barrier.wait();
        if !shared.go_on.load(Ordering::Relaxed) {
            return;
        }
        client.burst();
        if sender.send(client.recorder.take()).is_err() {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Shared {
    /// How many calls were made.
    fn made(&self) -> u64 {
        self.doing.iter().map(|doing| doing.load(Ordering::Relaxed) >> 8).sum()
    }

    /// The calls that have not returned, in words.
    fn in_flight(&self) -> String {
        let calls = self.doing.iter().enumerate().filter_map(|(client, doing)| {
            let number = (doing.load(Ordering::Relaxed) & 0xff) as usize;
            Some(format!("client {client} in {}", METHODS.get(number.checked_sub(1)?)?))
        });
        let calls: Vec<String> = calls.collect();
        if calls.is_empty() { "no call: clients wait for each other".to_owned() } else { calls.join(", ") }
    }
}

/// What is left at the end, read by one more client.
fn audit(shared: &Shared, fresh: u64) -> Vec<Recorded> {
    let mut recorder = Recorder::new(Arc::clone(&shared.clock), shared.program.clients.len() as u32);
    let mut read = |call: Call| {
        let index = recorder.record(call, |call| shared.store.call(call));
        recorder.outcome(index).clone()
    };
    let newest = match read(Call::CurrentSequence {}) {
        Outcome::Reply(Reply::Sequence(number)) => number.0,
        _ => fresh,
    };
    let all = Range { start: Default::default(), end: Default::default(), limit: Decimal(u64::MAX), forward: true };
    read(Call::RangeScan(all));
    read(Call::OldestRetainedBatch {});
    for number in newest.saturating_sub(ENTRIES_READ).max(fresh)..=newest {
        read(Call::GetBatch(Decimal(number)));
    }
    recorder.take()
}
