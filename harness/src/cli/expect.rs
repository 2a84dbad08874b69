//! The flags `--expect` and `--write-expect`: a report is held against a list of known failures.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::exit::Exit;
use crate::engine::Target;
use crate::report::Report;
use crate::report::expectation::{Expectations, Outcome};
use crate::scenario::Case;
use crate::suite::Check;

/// The flags.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ExpectArgs {
    /// A list of known failures: fail on what it does not name, and on entries that are used up.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Write the list anew: without entries that are used up, with one for every failure that it does not name.
    #[arg(long, requires = "expect")]
    write_expect: bool,
}

/// A list, ready to be held against a report.
pub(super) struct List {
    path: PathBuf,
    write: bool,
    expectations: Expectations,
}

impl ExpectArgs {
    /// Reads the list, if one was named. One that is to be written need not be there yet.
    pub(super) fn read(&self) -> Result<Option<List>, Failure> {
        let Some(path) = &self.expect else { return Ok(None) };
        let shown = path.display().to_string();
        let expectations = match std::fs::read_to_string(path) {
            Ok(text) => Expectations::read(&shown, &text).map_err(|error| Failure::usage(error.to_string()))?,
            Err(error) if self.write_expect && error.kind() == std::io::ErrorKind::NotFound => Expectations::none(),
            Err(error) => {
                return Err(Failure::usage(format!("{shown}: cannot be read: {error}; --write-expect starts a list")));
            }
        };
        Ok(Some(List { path: path.clone(), write: self.write_expect, expectations }))
    }

    /// The flags as a command needs them.
    pub(super) fn words(&self) -> String {
        self.expect.as_deref().map_or_else(String::new, |path| format!(" --expect {}", quoted(path)))
    }
}

fn quoted(path: &Path) -> String {
    super::conform::quoted(&path.display().to_string())
}

impl List {
    /// The scenarios that the engine is expected to fail.
    pub(super) fn known(&self, engine: &str, checks: &[Check]) -> Vec<Case> {
        self.expectations.scenarios(engine, checks)
    }

    /// Marks what is expected in the report.
    pub(super) fn mark(&self, report: &mut Report) -> Outcome {
        self.expectations.mark(report)
    }

    /// Says how the report compares, and writes or shows the list as it should be. The exit code when `exit` is what
    /// the report alone asks for. `say` takes the lines.
    pub(super) fn conclude(
        &self,
        outcome: &Outcome,
        report: &Report,
        exit: Exit,
        say: fn(&str),
    ) -> Result<Exit, Failure> {
        let path = self.path.display();
        say(&format!(
            "against {path}: {} failing as expected, {} unexpected, {} entries used up",
            outcome.expected.len(),
            outcome.unexpected.len(),
            outcome.stale.len()
        ));
        for (line, why) in &outcome.stale {
            say(&format!("  {path}:{line}: {why}"));
        }
        let corrected = self.expectations.corrected(outcome, report);
        if self.write {
            std::fs::write(&self.path, corrected)
                .map_err(|error| Failure::new(Exit::Incomplete, format!("{path} cannot be written: {error}")))?;
            say(&format!("{path} is written anew: say in each new entry who works on it, and where"));
        } else if !outcome.stale.is_empty() {
            let kept = Outcome { unexpected: Vec::new(), ..outcome.clone() };
            say(&format!(
                "the list without them (--write-expect writes it):\n{}",
                self.expectations.corrected(&kept, report)
            ));
        }
        // No list can make up for a log that the server needs and the engine does not keep.
        let unserved = report.run.target == Target::Served && !report.engine.declarations.batch_log;
        Ok(match exit {
            Exit::DoesNotConform if !outcome.unexpected.is_empty() || unserved => exit,
            Exit::Conforms | Exit::DoesNotConform | Exit::Partial if !outcome.stale.is_empty() => {
                Exit::StaleExpectations
            }
            Exit::DoesNotConform => Exit::Conforms,
            other => other,
        })
    }
}
