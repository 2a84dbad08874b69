//! Processes that end together with the one that started them, and leave no images of their memory.
#![expect(
    unsafe_code,
    reason = "only between fork and exec can a command that is not ours be given what it is to inherit"
)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Has the command's process do what [`here`] does, before it becomes the command.
pub(crate) fn arrange(command: &mut Command) {
    let inherit = || -> io::Result<()> {
        here();
        Ok(())
    };
    // SAFETY: between fork and exec only what is async-signal-safe may be called: `here` makes two system calls and
    // neither allocates, locks nor panics.
    unsafe { command.pre_exec(inherit) };
}

/// Asks the kernel to kill this process when the thread that started it ends, and to write no core files: an engine that
/// dies on purpose, or is killed time after time, leaves none in its store.
pub(crate) fn here() {
    // A system without the limit writes none, or has somewhere else for them.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}
