//! The published server on the loopback interface, for one store, as long as that is open.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::process::{describe, group, spawn};
use crate::protocol::{quoted, shell};

/// What the server may take to say its address.
const START: Duration = Duration::from_secs(30);
/// What it may take to close the store and end.
const END: Duration = Duration::from_secs(20);
/// What its one line starts with.
const LISTENING: &str = "listening on ";

/// A running server. Dropping it closes the store.
pub(crate) struct Loopback {
    child: Child,
    /// The server ends when nobody holds it any more.
    stdin: Option<ChildStdin>,
    address: String,
}

impl Loopback {
    /// Starts `server`, a command for `sh`, for the store in `dir` of the engine that `engine`, another, hosts.
    pub(crate) fn start(server: &str, engine: &str, dir: &Path) -> Result<Self, String> {
        let command = format!("exec {server} {} {}", quoted(dir), quoted(Path::new(engine)));
        let cannot = |error: std::io::Error| format!("the server cannot be started: {error}");
        let mut command = shell(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn(command).map_err(cannot)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server has no stdin or stdout".to_owned());
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(read.map(|_| line));
        });
        let said = receiver.recv_timeout(START);
        let mut server = Self { child, stdin: Some(stdin), address: String::new() };
        match said {
            Ok(Ok(line)) if line.starts_with(LISTENING) => {
                line[LISTENING.len()..].trim_end().clone_into(&mut server.address);
                Ok(server)
            }
            Ok(Ok(line)) if line.is_empty() => {
                let how = server.end().err().unwrap_or_else(|| "ended".to_owned());
                Err(format!("the server {how} before it said its address; what it wrote says why"))
            }
            Ok(Ok(line)) => Err(format!("the server says {line:?} instead of its address")),
            Ok(Err(error)) => Err(cannot(error)),
            Err(_) => Err(format!("the server did not say its address within {} s", START.as_secs())),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Has the server close the store and end.
    ///
    /// # Errors
    /// How it ended, unless in good order.
    pub(crate) fn close(mut self) -> Result<(), String> {
        self.end()
    }

    fn end(&mut self) -> Result<(), String> {
        self.stdin = None;
        match wait_for(&mut self.child, END) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(status @ Some(_)) => Err(describe(status, "")),
            Ok(None) => {
                group::kill(&mut self.child);
                Err(format!("it did not end within {} s of being told to", END.as_secs()))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        group::kill(&mut self.child);
    }
}

/// How a child ended, if it does so within `most`.
fn wait_for(child: &mut Child, most: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= most {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
