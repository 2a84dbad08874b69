//! The supervisor's side: starts a worker, gives it a job, watches time, disk and life, and always comes back with an
//! answer.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::WORKER_ENV;
use super::death::describe;
use super::frame::{self, Frames, Kind};
use super::message::{Hello, Job, Run, Setup};
use super::processor::{self, Processors};
use super::watch::Watch;
use crate::scenario::run::CaseResult;

/// How long the supervisor waits before it looks at clocks, disk and cancellation again.
const TICK: Duration = Duration::from_millis(20);
/// How much of what the engine writes is kept.
const OUTPUT_MAX: usize = 64 << 10;

/// What a worker may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for one call.
    pub call: Duration,
    /// Time for one check.
    pub check: Duration,
    /// Added to both for each MiB of the check's data.
    pub per_mib: Duration,
    /// Time for a lagging frontier to follow.
    pub frontier: Duration,
    /// Octets of data memory.
    pub memory: u64,
    /// Octets on disk for one store.
    pub disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            check: Duration::from_secs(60),
            per_mib: Duration::from_secs(1),
            frontier: Duration::from_secs(10),
            memory: 4 << 30,
            disk: 8 << 30,
        }
    }
}

/// How an attempt at a job ended.
#[derive(Debug)]
pub enum Ending {
    /// The worker finished it.
    Finished(Box<CaseResult>),
    /// The process died; how.
    Died(String),
    /// A call or the whole check took too long; which.
    TimedOut(String),
    /// The store grew beyond the limit; what was seen.
    DiskFull(String),
    /// The run was cancelled.
    Cancelled,
    /// The harness failed; how.
    Broken(String),
}

/// An attempt at a job, with what the supervisor saw of it.
#[derive(Debug)]
pub struct Attempt {
    /// How it ended.
    pub ending: Ending,
    /// The program that was run last, of a job of many.
    pub program: Option<u64>,
    /// Where in the check the last action stood.
    pub place: String,
    /// The line in the scenario file of the last action's step.
    pub line: u64,
    /// The clauses of that step.
    pub clauses: Vec<crate::contract::ClauseId>,
    /// The last action announced.
    pub action: String,
    /// The last actions with their outcomes, oldest first.
    pub trace: Vec<String>,
    /// What the engine wrote to stdout and stderr meanwhile, its end.
    pub output: String,
}

impl Attempt {
    /// A job that was finished, with nothing seen of it from outside.
    pub(crate) fn finished(result: CaseResult) -> Self {
        Self {
            ending: Ending::Finished(Box::new(result)),
            program: None,
            place: String::new(),
            line: 0,
            clauses: Vec::new(),
            action: String::new(),
            trace: Vec::new(),
            output: String::new(),
        }
    }
}

/// A running worker. Dropping it kills its process group.
pub struct Worker {
    child: Child,
    stream: UnixStream,
    frames: Frames,
    output: Arc<Mutex<VecDeque<u8>>>,
    output_reader: Option<std::thread::JoinHandle<()>>,
    killed: bool,
}

impl Worker {
    /// Starts this executable again as a worker for `engine`.
    ///
    /// # Errors
    /// When the process cannot be started or does not know the engine.
    pub fn start(engine: &str, limits: &Limits) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = own_program()?;
        command
            .env(WORKER_ENV, "1")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = spawn(command)?;
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let output_reader = child.stderr.take().map(|stderr| {
            let output = Arc::clone(&output);
            std::thread::spawn(move || keep_end(stderr, &output))
        });
        ours.set_read_timeout(Some(TICK))?;
        let mut worker = Self { child, stream: ours, frames: Frames::default(), output, output_reader, killed: false };
        frame::send(&worker.stream, Kind::Setup, &Setup { engine: engine.to_owned(), memory: limits.memory })?;
        let hello = worker.hello(limits.check)?;
        if hello.problem.is_empty() { Ok(worker) } else { Err(io::Error::other(hello.problem)) }
    }

    fn hello(&mut self, deadline: Duration) -> io::Result<Hello> {
        let start = Instant::now();
        while start.elapsed() < deadline {
            match self.frames.fill(&mut self.stream) {
                Ok(0) => return Err(io::Error::other("the worker process ended at once")),
                Ok(_) => {}
                Err(error) if waits(&error) => {}
                Err(error) => return Err(error),
            }
            if let Some(frame) = self.frames.next()? {
                return frame.message();
            }
        }
        Err(io::Error::other("the worker process did not answer"))
    }

    /// Has the worker do `job` in `dir`. Whatever the engine does, this returns, at the latest at the deadlines.
    /// Afterwards the worker is good for another job only if the attempt is [`Ending::Finished`].
    pub fn attempt(&mut self, job: &Job, dir: &Path, limits: &Limits, cancel: &AtomicBool) -> Attempt {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let trace = dir.with_extension("trace");
        let mut watch = Watch::new(job, dir, &trace, limits);
        let request = Run {
            job: job.clone(),
            dir: dir.to_path_buf(),
            trace: trace.clone(),
            frontier_deadline_ms: u64::try_from(limits.frontier.as_millis()).unwrap_or(u64::MAX),
        };
        let ending = match self.send(&request, cancel) {
            Ok(()) => self.follow(&mut watch, cancel),
            Err(error) => Ending::Broken(format!("cannot send the job: {error}")),
        };
        if !matches!(ending, Ending::Finished(_)) {
            self.kill();
        }
        let ending = match ending {
            Ending::Died(_) => Ending::Died(self.how_it_ended()),
            other => other,
        };
        let attempt = watch.attempt(ending, self.output());
        // It goes with the scratch folder anyway.
        let _ = std::fs::remove_file(&trace);
        attempt
    }

    fn send(&mut self, request: &Run, cancel: &AtomicBool) -> io::Result<()> {
        if cancel.load(Ordering::Relaxed) {
            return Ok(());
        }
        frame::send(&self.stream, Kind::Run, request)
    }

    fn follow(&mut self, watch: &mut Watch<'_>, cancel: &AtomicBool) -> Ending {
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Ending::Cancelled;
            }
            match self.frames.fill(&mut self.stream) {
                Ok(0) => return Ending::Died(String::new()),
                Ok(_) => {}
                Err(error) if waits(&error) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ending::Died(String::new()),
                Err(error) => return Ending::Broken(format!("cannot read from the worker: {error}")),
            }
            match self.frames.next() {
                Ok(None) => {}
                Ok(Some(frame)) => return watch.see(&frame),
                Err(error) => return Ending::Broken(format!("the worker sent no message: {error}")),
            }
            if let Some(ending) = watch.tick() {
                return ending;
            }
        }
    }

    /// Kills the worker and whatever it started, once.
    fn kill(&mut self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) else { return };
        if std::mem::replace(&mut self.killed, true) {
            return;
        }
        // One that ended by itself keeps its status. It is not waited for before its group is killed: until then nobody
        // else gets its number.
        let start = Instant::now();
        while !has_ended(pid) && start.elapsed() < Duration::from_millis(5) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        let _ = self.child.wait();
        // What is still in the pipe belongs to the evidence; a process that left the group may hold it open for ever.
        let start = Instant::now();
        while self.output_reader.as_ref().is_some_and(|reader| !reader.is_finished()) && start.elapsed() < TICK * 10 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn how_it_ended(&mut self) -> String {
        let status = self.child.wait().ok();
        describe(status, &self.output())
    }

    /// The end of what the engine wrote.
    fn output(&self) -> String {
        let kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<u8>>()).into_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a process from a thread that lives as long as this process: a worker asks to die with the thread that started
/// it, and the threads that use it come and go. It runs where this thread may.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Request = (Command, Processors, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, processors, answer) in requests {
                processors.enter();
                // Whoever asked waits for the answer.
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, child) = mpsc::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    spawner.send((command, processor::allowed(), answer)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// Whether a child, which nobody has waited for, has ended.
fn has_ended(pid: rustix::process::Pid) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let without_waiting = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(pid), without_waiting), Ok(None))
}

fn waits(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A command that starts this program again: what runs now, and not what its file was replaced by meanwhile.
pub(crate) fn own_program() -> std::io::Result<Command> {
    let program = std::env::current_exe()?;
    #[cfg(target_os = "linux")]
    if std::fs::exists("/proc/self/exe").unwrap_or(false) {
        let mut command = Command::new("/proc/self/exe");
        std::os::unix::process::CommandExt::arg0(&mut command, program);
        return Ok(command);
    }
    Ok(Command::new(program))
}

/// Reads `from` to its end and keeps the last octets.
pub(crate) fn keep_end(mut from: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut piece = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&piece[..read]);
        let surplus = kept.len().saturating_sub(OUTPUT_MAX);
        kept.drain(..surplus);
    }
}
