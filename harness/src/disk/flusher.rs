//! Has the kernel write back what is stored through mappings, time after time, as it does by itself when it likes.
//!
//! The disk sees such stores only when they are written back. That is asked for by a process of its own: whoever asks
//! waits for the disk, and the process that serves the disk must not be one whose threads the kernel cannot end.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that makes an executable a flusher; the folder.
const FLUSHER_ENV: &str = "STORECHECK_FLUSHER";

/// Whether this process was started as a flusher.
pub(crate) fn is_flusher() -> bool {
    std::env::var_os(FLUSHER_ENV).is_some()
}

/// Flushes once for each octet that comes, and gives it back, until no more come.
pub(crate) fn serve() -> ExitCode {
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let served = File::open(std::env::var_os(FLUSHER_ENV).unwrap_or_default()).and_then(|folder| {
        let mut octet = [0];
        while io::stdin().read(&mut octet)? == 1 {
            rustix::fs::syncfs(&folder)?;
            io::stdout().write_all(&octet)?;
            io::stdout().flush()?;
        }
        Ok(())
    });
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A process that flushes. Dropping it ends it.
pub(crate) struct Flusher {
    child: Child,
    asked: ChildStdin,
    done: ChildStdout,
}

impl Flusher {
    /// One for the disk that is mounted at `at`.
    pub(crate) fn start(at: &Path) -> io::Result<Self> {
        let mut child = crate::process::own_program()?
            .env(FLUSHER_ENV, at)
            .env_remove(crate::process::WORKER_ENV)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(asked), Some(done)) => Ok(Self { child, asked, done }),
            _ => Err(io::Error::other("a flusher without stdin or stdout")),
        }
    }

    /// Flushes one time after the other until it is over.
    pub(crate) fn flush_until(&mut self, over: &AtomicBool) {
        let mut octet = [0];
        while !over.load(Ordering::Acquire) {
            // One that is gone leaves stores where they are, until the engine syncs them.
            if self.asked.write_all(&octet).is_err() || self.done.read_exact(&mut octet).is_err() {
                return;
            }
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
