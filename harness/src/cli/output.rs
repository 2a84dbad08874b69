//! Writing to the terminal. A reader that goes away early (`| head`) is no error.

use std::io::{IsTerminal, Write};

/// Writes `text` and a line's end to stdout.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    // Whoever closed the pipe does not want the rest; the exit code still tells the verdict.
    let _ = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
}

/// Writes a message to stderr. Those about files say themselves that they are errors.
pub(super) fn complain(message: &str) {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let _ = writeln!(std::io::stderr(), "error: {message}");
}

/// Writes a remark to stderr.
pub(super) fn remark(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Whether stdout shows colours: a terminal, and nobody asked for none.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
