//! How a host is started: this executable again, or a command of the user's.
//!
//! Both ask the kernel to end them together with the harness: so no engine outlives a harness that was killed, unless
//! its command is more than one and it does not end when its stdin does.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::host::HOST_ENV;
use crate::process::end_with_parent;

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
            Self::Own(spec) => {
                let mut command = crate::process::own_program()?;
                command.env_remove(crate::process::WORKER_ENV).env(HOST_ENV, spec).process_group(0);
                Ok(command)
            }
            Self::Shell(text) => Ok(shell(&text.replace("{dir}", &quoted(dir)))),
        }
    }
}

/// A command for `sh`, as it stands, in a process group of its own, that ends together with the thread that starts it.
pub(crate) fn shell(text: &str) -> Command {
    let mut command = match program_alone(text).as_deref() {
        Some([program, arguments @ ..]) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        _ => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(in_place_of_shell(text));
            command
        }
    };
    command.env_remove(crate::process::WORKER_ENV).process_group(0);
    end_with_parent::arrange(&mut command);
    command
}

/// A path as one word for `sh`.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// The words of a command that needs no shell: a file that is there and arguments, plain or whole in single quotes.
/// Without one it starts sooner, time after time.
fn program_alone(text: &str) -> Option<Vec<&str>> {
    const SPECIAL: [char; 18] =
        [';', '&', '|', '<', '>', '(', ')', '{', '}', '`', '#', '!', '$', '*', '?', '[', '~', '\n'];
    if text.contains(SPECIAL) || text.contains(['\\', '"', '=']) {
        return None;
    }
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        let ended = after.is_empty() || after.starts_with(char::is_whitespace);
        if !ended || word.contains('\'') {
            return None;
        }
        words.push(word);
        rest = after.trim_start();
    }
    let file = words.first().is_some_and(|program| program.contains('/') && Path::new(program).is_file());
    file.then_some(words)
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
    fn a_program_alone_needs_no_shell() {
        assert_eq!(program_alone(" /bin/sh  -c 'a b' '' c "), Some(vec!["/bin/sh", "-c", "a b", "", "c"]));
        for other in [
            "sh -c x",
            "/no/such/file",
            "/bin",
            "/bin/sh $HOME",
            "/bin/sh 'a'b",
            "/bin/sh a'b'",
            "/bin/sh 'a",
            "/bin/sh 2>log",
            "A=/ /bin/sh",
            "/bin/sh \"a b\"",
            "",
        ] {
            assert_eq!(program_alone(other), None, "{other}");
        }
    }

    #[test]
    fn a_folder_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/c'd")), r"'/a b/c'\''d'");
    }
}
