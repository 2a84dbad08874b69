//! The harness's side: starts a host, sends it requests from any thread, and tells apart the ways in which it fails.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command::HostCommand;
use super::message::{Answer, FromHost, Hello, LINE_OCTETS_MAX, Request, ToHost, VERSION};
use super::outgoing::Outgoing;
use crate::call::{Action, Outcome};
use crate::octets::Decimal;
use crate::process::{describe, group, keep_end, spawn};

/// How long a host that hung up may take to end.
const FAREWELL: Duration = Duration::from_millis(500);
/// How much of a line that is none is shown.
const SHOWN_MAX: usize = 120;
/// The longest line that a record of the conversation has whole, in octets.
const RECORDED_MAX: usize = 4_000;

/// Why there is no host.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The process cannot be started.
    #[error("the host cannot be started: {0}")]
    Spawn(String),
    /// It ended before it said which engine it serves.
    #[error("the host {0} before its first line, which should say which engine it serves{1}")]
    Ended(String, String),
    /// It said something else first.
    #[error("the host's first line is no handshake: {0}; nothing else may be written to stdout")]
    NoHandshake(String),
    /// It said nothing.
    #[error("the host said nothing within {0:.1} s; its first line should say which engine it serves")]
    Silent(f32),
    /// It speaks another version.
    #[error("the host speaks version {0} of the protocol, this storecheck version {VERSION}")]
    Version(u32),
}

/// A running host. Dropping it kills its process group.
pub struct Process {
    line: Arc<Line>,
    requests: Outgoing,
    hello: Hello,
    dir: PathBuf,
}

/// What the reader of a host's lines and its callers share.
struct Line {
    child: Mutex<Child>,
    state: Mutex<State>,
    output: Arc<Mutex<VecDeque<u8>>>,
    /// Hangs up once nobody has the host's stderr any more.
    silent: Mutex<Receiver<()>>,
    /// Where the conversation is written down, if it is.
    record: Option<Mutex<File>>,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: HashMap<u64, Sender<Outcome>>,
    /// Calls that nobody waits for any more.
    given_up: BTreeSet<u64>,
    /// What every further call comes to.
    over: Option<Outcome>,
}

impl Process {
    /// Starts a host for a store in `dir` and waits for its handshake.
    ///
    /// # Errors
    /// When there is none within `patience`.
    pub fn start(command: &HostCommand, dir: &Path, patience: Duration) -> Result<Self, StartError> {
        Self::start_recorded(command, dir, patience, None)
    }

    /// The same, and writes the conversation down in `record`: `> ` before what the host is asked, `< ` before what it
    /// says.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn start_recorded(
        command: &HostCommand,
        dir: &Path,
        patience: Duration,
        record: Option<File>,
    ) -> Result<Self, StartError> {
        let cannot = |error: std::io::Error| StartError::Spawn(error.to_string());
        let mut command = command.command(dir).map_err(cannot)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command).map_err(cannot)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(StartError::Spawn("it has no stdin, stdout or stderr".to_owned()));
        };
        let requests = Outgoing::new(stdin).map_err(cannot)?;
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&output);
        let (whole, silent) = mpsc::channel();
        std::thread::spawn(move || {
            keep_end(stderr, &kept);
            drop(whole);
        });
        let record = record.map(Mutex::new);
        let (child, silent) = (Mutex::new(child), Mutex::new(silent));
        let line = Arc::new(Line { child, state: Mutex::default(), output, silent, record });
        let (first, hello) = mpsc::channel();
        let reader = Arc::clone(&line);
        std::thread::spawn(move || reader.read(stdout, &first));
        let shaken = match hello.recv_timeout(patience) {
            Ok(hello) => hello,
            Err(RecvTimeoutError::Timeout) => Err(StartError::Silent(patience.as_secs_f32())),
            Err(RecvTimeoutError::Disconnected) => Err(StartError::Spawn("its reader is gone".to_owned())),
        };
        match shaken {
            Ok(hello) => Ok(Self { line, requests, hello, dir: dir.to_path_buf() }),
            Err(error) => {
                line.kill();
                Err(error)
            }
        }
    }

    /// What the host says about its engine.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Performs an action and waits for its outcome, at most so long.
    #[must_use]
    pub fn perform(&self, action: &Action, patience: Duration) -> Outcome {
        let dir = || self.dir.to_string_lossy().into_owned();
        self.ask(
            match action {
                Action::Open {} => Request::Open { dir: dir() },
                Action::OpenAgain {} => Request::OpenAgain { dir: dir() },
                Action::Call(call) => Request::Call(call.clone()),
                Action::Close {} => Request::Close {},
            },
            patience,
        )
    }

    /// Asks the host to end in good order, and sees to it that it ends.
    pub fn shut_down(&self, patience: Duration) {
        let _ = self.ask(Request::Shutdown {}, patience);
        self.kill();
    }

    /// Asks the host for the end and waits for it, at most so long: what it answered, and how it ended.
    #[cfg(feature = "cli")]
    pub(super) fn farewell(&self, patience: Duration) -> (Outcome, Outcome) {
        let answer = self.ask(Request::Shutdown {}, patience);
        (answer, self.line.wait_for_end(patience))
    }

    /// Closes the host's stdin and waits for its end, at most so long.
    #[cfg(feature = "cli")]
    pub(super) fn hang_up(self, patience: Duration) -> Outcome {
        self.requests.close();
        self.line.wait_for_end(patience)
    }

    fn ask(&self, request: Request, patience: Duration) -> Outcome {
        let (sender, answer) = mpsc::channel();
        let id = {
            let mut state = self.line.state();
            if let Some(over) = &state.over {
                return over.clone();
            }
            let id = state.next;
            state.next += 1;
            state.waiting.insert(id, sender);
            id
        };
        let mut line = match serde_json::to_vec(&ToHost { id: Decimal(id), request }) {
            Ok(line) => line,
            Err(error) => return Outcome::ProtocolError(error.to_string()),
        };
        line.push(b'\n');
        if line.len() > LINE_OCTETS_MAX {
            self.line.state().waiting.remove(&id);
            return Outcome::NotCarried(format!("a line of {} octets; at most {LINE_OCTETS_MAX} are sent", line.len()));
        }
        self.line.note("> ", &line);
        self.requests.send(&line);
        match answer.recv_timeout(patience) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => self.line.over(),
            Err(RecvTimeoutError::Timeout) => {
                let mut state = self.line.state();
                state.waiting.remove(&id);
                state.given_up.insert(id);
                Outcome::TimedOut(milliseconds(patience))
            }
        }
    }

    /// Tells the kernel to kill the host and whatever it started, and does not wait until it has.
    pub fn signal_kill(&self) {
        self.line.signal_kill();
    }

    /// Kills the host and whatever it started, at once.
    pub fn kill(&self) {
        self.line.kill();
    }

    /// The end of what the host wrote to stderr.
    #[must_use]
    pub fn output(&self) -> String {
        self.line.output()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(&self) -> Outcome {
        let over = self.state().over.clone();
        over.unwrap_or_else(|| Outcome::ProtocolError("the host's reader is gone".to_owned()))
    }

    /// What every call comes to once the host has ended; waits for that, at most so long.
    #[cfg(feature = "cli")]
    fn wait_for_end(&self, patience: Duration) -> Outcome {
        let (sender, ended) = mpsc::channel();
        {
            let mut state = self.state();
            match &state.over {
                Some(over) => return over.clone(),
                // No answer has this id: it is not given to a request.
                None => state.waiting.insert(u64::MAX, sender),
            };
        }
        ended.recv_timeout(patience).unwrap_or_else(|_| Outcome::TimedOut(milliseconds(patience)))
    }

    /// Writes a line of the conversation down.
    fn note(&self, whose: &str, line: &[u8]) {
        let Some(record) = &self.record else { return };
        let text = String::from_utf8_lossy(&line[..line.len().min(RECORDED_MAX)]);
        let more = if line.len() > RECORDED_MAX { format!("… ({} octets)", line.len()) } else { String::new() };
        // A record that cannot be written is missed by whoever reads it.
        let _ = writeln!(record.lock().unwrap_or_else(PoisonError::into_inner), "{whose}{}{more}", text.trim_end());
    }

    /// Nothing more comes: everybody who waits, and whoever asks later, is told so.
    fn end(&self, outcome: Outcome) {
        let mut state = self.state();
        let outcome = state.over.get_or_insert(outcome).clone();
        for (_, waiting) in state.waiting.drain() {
            let _ = waiting.send(outcome.clone());
        }
    }

    /// Reads lines until there are no more, or one is wrong.
    fn read(&self, stdout: ChildStdout, first: &Sender<Result<Hello, StartError>>) {
        let mut lines = BufReader::new(stdout);
        let mut greeted = false;
        loop {
            let mut line = Vec::new();
            let read = (&mut lines).take(LINE_OCTETS_MAX as u64 + 1).read_until(b'\n', &mut line);
            let ended = !matches!(read, Ok(1..)) || (line.last() != Some(&b'\n') && line.len() <= LINE_OCTETS_MAX);
            // A line that was begun and not ended is a host that died in the middle of it.
            if ended {
                let how = self.reap();
                let wrote = output_tail(&self.output());
                let _ = first.send(Err(StartError::Ended(how.clone(), wrote)));
                return self.end(Outcome::Died(how));
            }
            self.note("< ", &line);
            if !greeted {
                greeted = true;
                if first.send(shake(&line)).is_err() {
                    return;
                }
                continue;
            }
            if let Err(wrong) = self.sort(&line) {
                self.end(Outcome::ProtocolError(wrong));
                return self.kill();
            }
        }
    }

    /// Hands an answer to whoever waits for it.
    fn sort(&self, line: &[u8]) -> Result<(), String> {
        if line.len() > LINE_OCTETS_MAX {
            return Err(format!("a line of more than {LINE_OCTETS_MAX} octets"));
        }
        let (id, answer) = match FromHost::read(line) {
            Ok(FromHost::Answer { id, answer }) => (id.0, answer),
            Ok(FromHost::Hello { .. }) => return Err("a second handshake".to_owned()),
            Err(why) => return Err(format!("a line that is no answer: {}: {why}", shown(line))),
        };
        let outcome = match answer {
            Answer::Reply(reply) => Outcome::Reply(reply),
            Answer::Panicked { message, backtrace } => Outcome::Panicked { message, backtrace },
        };
        let mut state = self.state();
        if let Some(waiting) = state.waiting.remove(&id) {
            // Whoever gave up meanwhile took itself off the list.
            let _ = waiting.send(outcome);
            return Ok(());
        }
        if state.given_up.remove(&id) {
            return Err(format!("a late answer to request {id}, which was given up"));
        }
        Err(if id < state.next {
            format!("a second answer to request {id}")
        } else {
            format!("an answer to request {id}, which was never made")
        })
    }

    /// How the process ended, which has hung up.
    fn reap(&self) -> String {
        let started = Instant::now();
        loop {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            let status = child.try_wait();
            if matches!(status, Ok(Some(_))) {
                group::end_rest(&child);
            }
            drop(child);
            match status {
                Ok(Some(status)) => {
                    // What it wrote last is on its way; something that it started may keep stderr for longer.
                    let _ = self.silent.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(FAREWELL);
                    return describe(Some(status), &self.output());
                }
                Ok(None) if started.elapsed() < FAREWELL => std::thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
        self.kill();
        "closed its stdout and went on running".to_owned()
    }

    fn signal_kill(&self) {
        group::signal_kill(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn kill(&self) {
        group::kill(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn output(&self) -> String {
        let kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<u8>>()).into_owned()
    }
}

fn milliseconds(patience: Duration) -> Decimal {
    Decimal(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX))
}

/// The handshake in a host's first line.
fn shake(line: &[u8]) -> Result<Hello, StartError> {
    /// What every version has in common.
    #[derive(serde::Deserialize)]
    struct Versioned {
        hello: Version,
    }
    #[derive(serde::Deserialize)]
    struct Version {
        protocol: u32,
    }
    if let Ok(Versioned { hello: Version { protocol } }) = serde_json::from_slice(line)
        && protocol != VERSION
    {
        return Err(StartError::Version(protocol));
    }
    match FromHost::read(line) {
        Ok(FromHost::Hello { hello }) => Ok(hello),
        Ok(FromHost::Answer { .. }) => Err(StartError::NoHandshake(shown(line))),
        // What is not even JSON is something else that the process prints, and no reader's remark helps.
        Err(_) if line.first() != Some(&b'{') => Err(StartError::NoHandshake(shown(line))),
        Err(why) => Err(StartError::NoHandshake(format!("{}: {why}", shown(line)))),
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn output_tail(output: &str) -> String {
    let tail: Vec<&str> = output.lines().rev().take(4).collect();
    if tail.is_empty() {
        String::new()
    } else {
        format!("; it wrote: {}", tail.into_iter().rev().collect::<Vec<_>>().join(" / "))
    }
}
