//! The worker's side: takes jobs, runs them on the engine in this process, and announces every action before it is
//! made.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use rustix::fd::OwnedFd;

use super::WORKER_ENV;
use super::frame::{self, Frames, Kind};
use super::message::{Finished, Hello, Job, Place, Run, Setup};
use crate::call::{Action, Outcome, Reply};
use crate::contract::{ClauseId, Level};
use crate::driver::{Driver, Executor, InProcess};
use crate::engine::Engine;
use crate::finding::Finding;
use crate::scenario::run::{self, CaseResult, Failure, Options};

/// Whether this process was started as a worker.
#[must_use]
pub fn is_worker() -> bool {
    std::env::var_os(WORKER_ENV).is_some()
}

/// Serves jobs until the supervisor hangs up. `resolve` finds an engine by the name that the supervisor asks for.
pub fn serve(resolve: impl Fn(&str) -> Option<Engine>) -> ExitCode {
    match serve_jobs(resolve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "storecheck worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_jobs(resolve: impl Fn(&str) -> Option<Engine>) -> std::io::Result<()> {
    let mut stream = take_descriptors()?;
    let mut frames = Frames::default();
    let Some(setup) = frame::receive(&mut frames, &mut stream)? else { return Ok(()) };
    let Setup { engine: name, memory } = setup.message()?;
    limit(memory);
    let engine = resolve(&name);
    let problem = if engine.is_some() { String::new() } else { format!("no engine is called {name:?}") };
    frame::send(&stream, Kind::Hello, &Hello { problem })?;
    let Some(engine) = engine else { return Ok(()) };
    while let Some(message) = frame::receive(&mut frames, &mut stream)? {
        let job: Run = message.message()?;
        let result = perform(&engine, &job, &stream)?;
        frame::send(&stream, Kind::Finished, &Finished { result })?;
    }
    Ok(())
}

/// Moves the socket from descriptor 0 to one of its own, and gives the engine an empty stdin and a stdout that goes to
/// stderr: nothing that it reads, writes or closes there reaches the harness.
fn take_descriptors() -> std::io::Result<UnixStream> {
    let socket: OwnedFd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 100)?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(UnixStream::from(socket))
}

/// Bounds data memory, so that an engine that allocates without end ends itself and not the machine, writes no core
/// files, and dies with the supervisor.
fn limit(memory: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = |most| Rlimit { current: Some(most), maximum: Some(most) };
    // A system that knows no such limit runs without it.
    let _ = setrlimit(Resource::Data, most(memory));
    let _ = setrlimit(Resource::Core, most(0));
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

fn perform(engine: &Engine, job: &Run, stream: &UnixStream) -> std::io::Result<CaseResult> {
    let executor = match &job.job {
        Job::Probe(_) => Executor::Thread,
        Job::Case(case) => case.executor,
    };
    let inner = InProcess::new(engine.clone(), &job.dir, executor)?;
    let mut driver = Announced { inner, stream, pending: Vec::new() };
    Ok(match &job.job {
        Job::Probe(_) => probe(&mut driver),
        Job::Case(case) => {
            let options = Options {
                declared: engine.declarations(),
                frontier_deadline: Duration::from_millis(job.frontier_deadline_ms),
            };
            run::run(case, &mut driver, options)
        }
    })
}

fn probe(driver: &mut dyn Driver) -> CaseResult {
    let mut result = CaseResult::default();
    for action in [Action::Open {}, Action::Close {}] {
        let outcome = driver.perform(&action);
        result.calls += 1;
        if outcome != Outcome::Reply(Reply::Done {}) {
            result.failures.push(Failure {
                finding: Finding::new(Level::Must, &["GEN-12"], "a fresh store opens and closes", outcome.to_string()),
                place: "starting the engine".to_owned(),
                line: 0,
                action: action.to_string(),
                trace: Vec::new(),
                details: String::new(),
            });
            break;
        }
    }
    result
}

/// Announces every action before it is made, in words: what is announced is for the evidence, and 10 MiB of it would be
/// too much to read. Outcomes wait for the next announcement, so that a call costs one write.
struct Announced<'a> {
    inner: InProcess,
    stream: &'a UnixStream,
    pending: Vec<u8>,
}

impl Announced<'_> {
    /// What must be sent and cannot be ends the worker: nobody is left to judge the engine.
    fn or_end<T>(result: std::io::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            let _ = writeln!(std::io::stderr(), "storecheck worker: the supervisor is gone: {error}");
            std::process::exit(70)
        })
    }
}

impl Driver for Announced<'_> {
    fn perform(&mut self, action: &Action) -> Outcome {
        Self::or_end(frame::append(&mut self.pending, Kind::Started, &action.to_string()));
        Self::or_end((&*self.stream).write_all(&self.pending));
        self.pending.clear();
        let outcome = self.inner.perform(action);
        Self::or_end(frame::append(&mut self.pending, Kind::Ended, &outcome.to_string()));
        outcome
    }

    fn enter(&mut self, place: &str, line: u64, clauses: &[ClauseId]) {
        let place = Place { place: place.to_owned(), line, clauses: clauses.to_vec() };
        Self::or_end(frame::append(&mut self.pending, Kind::Place, &place));
    }
}
