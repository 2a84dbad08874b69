//! How a host is started: this executable again, or a command of the user's.
//!
//! A command is started through this executable, which asks the kernel to end it together with the harness and then
//! becomes the command: so no engine outlives a harness that was killed, unless its command is more than one and it does not
//! end when its stdin does.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use super::host::HOST_ENV;

/// The environment variable that makes an executable become a command.
const COMMAND_ENV: &str = "STORECHECK_COMMAND";

/// How a host is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostCommand {
    /// This executable again, for the engine of that name.
    Own(String),
    /// A command for `sh`, in which `{dir}` stands for the store's folder.
    Shell(String),
}

impl HostCommand {
    /// The same as a command for `sh` that any program can start.
    #[cfg(feature = "wire")]
    pub(crate) fn shell(&self) -> std::io::Result<String> {
        match self {
            Self::Own(spec) => {
                let program = std::env::current_exe()?;
                Ok(format!("{HOST_ENV}={} exec {}", quoted(Path::new(spec)), quoted(&program)))
            }
            Self::Shell(text) => Ok(text.clone()),
        }
    }

    /// The command for a store in `dir`.
    pub(crate) fn command(&self, dir: &Path) -> std::io::Result<Command> {
        match self {
            Self::Own(spec) => again(HOST_ENV, spec),
            Self::Shell(text) => shell(&text.replace("{dir}", &quoted(dir))),
        }
    }
}

/// A command for `sh`, as it stands, that ends together with this program.
pub(crate) fn shell(text: &str) -> std::io::Result<Command> {
    again(COMMAND_ENV, text)
}

/// This executable again, in a process group of its own, in the role that the variable gives it.
fn again(variable: &str, value: &str) -> std::io::Result<Command> {
    let mut command = crate::process::own_program()?;
    command.env_remove(crate::process::WORKER_ENV).env(variable, value).process_group(0);
    Ok(command)
}

/// A path as one word for `sh`.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// Whether this process was started to become a command.
#[must_use]
pub fn is_command() -> bool {
    std::env::var_os(COMMAND_ENV).is_some()
}

/// Becomes the command. Returns only when that fails.
#[must_use]
pub fn become_command() -> ExitCode {
    die_with_parent();
    no_core_files();
    let text = std::env::var(COMMAND_ENV).unwrap_or_default();
    let error = Command::new("sh").arg("-c").arg(in_place_of_shell(&text)).env_remove(COMMAND_ENV).exec();
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("cannot start sh: {error}\n").as_bytes());
    ExitCode::from(127)
}

/// The command so that it takes the shell's place, where it is one alone: some shells start it as a child otherwise,
/// which then is not the process that the kernel ends together with the harness.
fn in_place_of_shell(text: &str) -> String {
    const NO_PROGRAMS: [&str; 7] = [".", "command", "eval", "exec", "exit", "source", "trap"];
    let first = text.split_whitespace().next().unwrap_or_default();
    let alone = !text.contains([';', '&', '|', '<', '>', '(', ')', '{', '}', '`', '#', '!', '\n']);
    if alone && !first.is_empty() && !first.contains('=') && !NO_PROGRAMS.contains(&first) {
        format!("exec {text}")
    } else {
        text.to_owned()
    }
}

/// An engine that dies on purpose, or is killed time after time, leaves no images of its memory in its store.
pub(super) fn no_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // A system without the limit writes none, or has somewhere else for them.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Asks the kernel to kill this process when the thread that started it ends.
pub(super) fn die_with_parent() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_alone_takes_the_shells_place() {
        for alone in ["./host --log 'a b'", "python3 \"$HOME/store.py\""] {
            assert_eq!(in_place_of_shell(alone), format!("exec {alone}"));
        }
        for other in ["cd x && ./host", "LOG=1 ./host", "exec ./host", ". ./environment; host", "./host 2>log", ""] {
            assert_eq!(in_place_of_shell(other), other);
        }
    }

    #[test]
    fn a_folder_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/c'd")), r"'/a b/c'\''d'");
    }
}
