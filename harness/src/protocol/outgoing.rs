//! The way to a host: lines go into its stdin at once where it takes them, and wait for it where it does not.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::process::ChildStdin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// A host's stdin. Nobody who sends waits for the host: what it does not take at once, a thread gives it.
#[derive(Clone)]
pub(super) struct Outgoing(Arc<Mutex<Pipe>>);

struct Pipe {
    /// None once it is closed, or the host takes nothing more.
    stdin: Option<Arc<ChildStdin>>,
    /// What the host has not taken yet. While there is anything, a thread is at it.
    rest: VecDeque<u8>,
    /// Whether it is to be closed when nothing is left.
    last: bool,
}

impl Outgoing {
    /// # Errors
    /// When the pipe cannot be made one whose writer does not wait.
    pub(super) fn new(stdin: ChildStdin) -> std::io::Result<Self> {
        fcntl_setfl(&stdin, fcntl_getfl(&stdin)? | OFlags::NONBLOCK)?;
        let pipe = Pipe { stdin: Some(Arc::new(stdin)), rest: VecDeque::new(), last: false };
        Ok(Self(Arc::new(Mutex::new(pipe))))
    }

    /// Sends a line. A host that is gone does not take it: its reader says how it ended.
    pub(super) fn send(&self, line: &[u8]) {
        let mut pipe = self.pipe();
        let waiting = !pipe.rest.is_empty();
        pipe.rest.extend(line);
        if !waiting && !pipe.give() {
            let this = self.clone();
            std::thread::spawn(move || this.give_rest());
        }
    }

    /// Closes the host's stdin as soon as it has taken everything.
    #[cfg(any(test, feature = "cli"))]
    pub(super) fn close(&self) {
        let mut pipe = self.pipe();
        pipe.last = true;
        if pipe.rest.is_empty() {
            pipe.stdin = None;
        }
    }

    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the host what is left, as it takes it.
    fn give_rest(&self) {
        loop {
            let Some(stdin) = self.pipe().stdin.clone() else { return };
            // Interrupted, or no longer a pipe: giving tells.
            let _ = poll(&mut [PollFd::new(&*stdin, PollFlags::OUT)], None);
            let mut pipe = self.pipe();
            if pipe.give() {
                if pipe.last {
                    pipe.stdin = None;
                }
                return;
            }
        }
    }
}

impl Pipe {
    /// Gives the host as much as it takes now; whether nothing is left.
    fn give(&mut self) -> bool {
        while let (Some(mut stdin), false) = (self.stdin.as_deref(), self.rest.is_empty()) {
            match stdin.write(self.rest.as_slices().0) {
                Ok(taken) => drop(self.rest.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.stdin = None,
            }
        }
        self.rest.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_reader_takes_late_arrives_whole_and_in_order() {
        // A pipe holds less than is sent, and nobody empties its stdout while it is.
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let outgoing = Outgoing::new(child.stdin.take().unwrap()).unwrap();
        let lines: Vec<Vec<u8>> = (0..100_u8).map(|nth| vec![nth; 9_999]).collect();
        for line in &lines {
            outgoing.send(line);
        }
        assert!(!outgoing.pipe().rest.is_empty(), "something waits");
        outgoing.close();
        let mut taken = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut taken).unwrap();
        assert!(taken == lines.concat(), "{} octets", taken.len());
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn a_reader_that_is_gone_is_given_nothing() {
        let mut child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let outgoing = Outgoing::new(child.stdin.take().unwrap()).unwrap();
        child.wait().unwrap();
        outgoing.send(b"nobody reads this\n");
        assert!(outgoing.pipe().stdin.is_none());
        assert!(outgoing.pipe().rest.is_empty());
    }
}
