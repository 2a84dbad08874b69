//! How a process ended, in words.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended, in words.
pub(crate) fn describe(status: Option<ExitStatus>, output: &str) -> String {
    let Some(status) = status else { return "its end was not seen".to_owned() };
    let aborted = status.signal() == Some(6);
    if aborted && output.contains("has overflowed its stack") {
        return "stack overflow (SIGABRT)".to_owned();
    }
    if aborted && output.contains("memory allocation of") {
        return "out of memory (SIGABRT)".to_owned();
    }
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal} ({})", signal_name(signal)),
        (None, None) => status.to_string(),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => "an unusual one",
    }
}
