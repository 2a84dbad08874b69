//! The worker's side: takes jobs, runs them on the engine in this process, and announces every action in a file before
//! it is made.

use std::fmt::Display;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::fd::OwnedFd;

use super::WORKER_ENV;
use super::frame::{self, Frames, Kind};
use super::message::{Finished, Hello, Job, Place, Run, Setup, TraceLine};
use super::{end_with_parent, group, processor};
use crate::call::{Action, Outcome, Reply};
use crate::contract::{ClauseId, Level};
use crate::damage;
use crate::driver::{Driver, Executor, InProcess};
use crate::engine::{Declarations, Engine};
use crate::finding::Finding;
use crate::judged::{Failure, Options};
use crate::property;
use crate::property::transcript::Transcribed;
use crate::scenario::run::{self, CaseResult};
use crate::stress;
use crate::stress::run::Progress;

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
    group::adopt_orphans();
    let engine = resolve(&name);
    let problem = if engine.is_some() { String::new() } else { format!("no engine is called {name:?}") };
    frame::send(&stream, Kind::Hello, &Hello { problem })?;
    let Some(engine) = engine else { return Ok(()) };
    while let Some(message) = frame::receive(&mut frames, &mut stream)? {
        let job: Run = message.message()?;
        let result = perform(&engine, &job)?;
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
    end_with_parent::here();
}

fn perform(engine: &Engine, job: &Run) -> std::io::Result<CaseResult> {
    let mut trace = Trace { file: File::create(&job.trace)?, pending: Vec::new() };
    let options =
        Options { declared: engine.declarations(), frontier_deadline: Duration::from_millis(job.frontier_deadline_ms) };
    let store = |dir: &Path, executor| InProcess::new(engine.clone(), dir, executor);
    match &job.job {
        Job::Probe(_) => {
            let inner = store(&job.dir, Executor::Thread)?;
            Ok(probe(&mut Announced { inner, trace: &mut trace }))
        }
        Job::Case(case) => {
            let inner = store(&job.dir, case.executor)?;
            Ok(run::run(case, &mut Announced { inner, trace: &mut trace }, options))
        }
        Job::Transcript(case) => {
            let inner = store(&job.dir, case.executor)?;
            let mut driver = Announced { inner, trace: &mut trace };
            let mut transcribed = Transcribed::new(&mut driver);
            let result = run::run(case, &mut transcribed, options);
            Ok(CaseResult { transcript: transcribed.into_lines(), ..result })
        }
        Job::Programs(programs) => {
            let mut run_all = || {
                property::run::run(programs, options.declared, |case, seed| {
                    trace.start(seed)?;
                    let dir = job.dir.join(seed.to_string());
                    std::fs::create_dir(&dir)?;
                    let inner = store(&dir, case.executor)?;
                    let result = run::run(case, &mut Announced { inner, trace: &mut trace }, options);
                    // Whatever is left goes with the job's folder.
                    let _ = std::fs::remove_dir_all(&dir);
                    Ok(result)
                })
            };
            if engine.host_command().is_some() { processor::stay(run_all) } else { run_all() }
        }
        #[cfg(feature = "bench")]
        Job::Bench(bench) => {
            let measured = Some(Box::new(crate::bench::run::run(bench, engine, &job.dir)));
            Ok(CaseResult { measured, ..CaseResult::default() })
        }
        #[cfg(feature = "wire")]
        Job::Wire(request) => crate::wire::run(request, engine, &job.dir, &mut |what| trace.begin(what)),
        Job::Damage(programs) => {
            let unknown = || std::io::Error::other(format!("no mix is called {:?}", programs.mix));
            let mix = damage::mix(&programs.mix).ok_or_else(unknown)?;
            let mut last = None;
            damage::run(programs, mix, engine, &job.dir, &mut |seed, what| {
                if last.replace(seed) != Some(seed) {
                    // A trace that cannot be started costs evidence, not the verdict.
                    let _ = trace.start(seed);
                }
                trace.begin(what);
            })
        }
        Job::Stress(programs) => {
            let mut nth = 0_u64;
            stress::judge::run(programs, engine, |program| {
                let dir = job.dir.join(nth.to_string());
                nth += 1;
                std::fs::create_dir(&dir)?;
                trace.start(program.seed.0)?;
                let ran = stressed(&mut store(&dir, Executor::Thread)?, program, options.declared, &mut trace);
                let _ = std::fs::remove_dir_all(&dir);
                ran
            })
        }
    }
}

/// Runs a program of many clients. What does not come back is announced as the action in flight.
fn stressed(
    store: &mut InProcess,
    program: &stress::Program,
    declared: Declarations,
    trace: &mut Trace,
) -> std::io::Result<Result<stress::run::Ran, Failure>> {
    trace.begin("opening the store");
    stress::run::run_on(store, program, declared, &mut |progress| match progress {
        Progress::Burst(burst) => trace.begin(&format!("burst {} of {} clients", burst + 1, program.clients.len())),
        Progress::Waiting(calls) => trace.begin(&calls),
        Progress::Closing => trace.begin("close"),
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
                proof: None,
            });
            break;
        }
    }
    result
}

/// The file in which actions are announced. Outcomes wait for the next announcement, so that a call costs one write.
struct Trace {
    file: File,
    pending: Vec<u8>,
}

impl Trace {
    /// Starts over, with the program of that seed: what led to the end of another is of no use.
    fn start(&mut self, seed: u64) -> std::io::Result<()> {
        self.pending.clear();
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.note(&TraceLine::Program(seed));
        Ok(())
    }

    /// Announces an action, and that those before it are over.
    fn begin(&mut self, action: &str) {
        self.note(&TraceLine::Started(action.to_owned()));
        self.flush();
    }

    fn flush(&mut self) {
        // A trace that cannot be written costs evidence, not the verdict.
        let _ = self.file.write_all(&self.pending);
        self.pending.clear();
    }

    fn note(&mut self, line: &TraceLine) {
        let written = serde_json::to_writer(&mut self.pending, line);
        debug_assert!(written.is_ok(), "text and numbers serialise");
        self.pending.push(b'\n');
    }
}

/// Announces every action in the trace before it is made.
struct Announced<'a> {
    inner: InProcess,
    trace: &'a mut Trace,
}

impl Driver for Announced<'_> {
    fn perform(&mut self, action: &Action) -> Outcome {
        self.trace.note(&TraceLine::Started(action.to_string()));
        self.trace.flush();
        let outcome = self.inner.perform(action);
        self.trace.note(&TraceLine::Ended(outcome.to_string()));
        outcome
    }

    fn enter(&mut self, place: &dyn Display, line: u64, clauses: &[ClauseId]) {
        self.trace.note(&TraceLine::Place(Place { place: place.to_string(), line, clauses: clauses.to_vec() }));
    }
}
