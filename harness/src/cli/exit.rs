//! Exit codes: what a CI gate reads.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The engine conforms, or the command did what it was asked.
    Conforms = 0,
    /// The engine does not conform.
    DoesNotConform = 1,
    /// Wrong usage or bad input.
    Usage = 2,
    /// The list of known failures holds entries that are used up.
    StaleExpectations = 3,
    /// Nothing was selected.
    NothingRan = 4,
    /// Nothing deviates, but not everything was run.
    Partial = 5,
    /// The engine could not be started.
    CannotStart = 6,
    /// The harness or its environment failed, or the run did not come to its end.
    Incomplete = 7,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table that `--help` ends with.
pub(super) const HELP: &str = "\
Exit codes:
    0  the engine conforms (of a selection: every selected check passed)
    1  the engine does not conform (with --expect: something fails that is not listed)
    2  wrong usage or bad input
    3  the list of known failures has entries that are used up
    4  nothing was selected
    5  partial: nothing deviates, but checks were skipped or could not be run
    6  the engine could not be started
    7  the harness or its environment failed, or the run did not come to its end
  130  interrupted by Ctrl-C
When several apply, the first of 130, 2, 6, 7, 4, 1, 3, 5 counts.";
