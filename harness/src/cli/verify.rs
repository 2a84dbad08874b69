//! `verify`: a report is complete, and agrees with itself and with the suite it names.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::{Failure, output};
use crate::report::read;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The report.json.
    report: PathBuf,
}

pub(super) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let report = read::read(&args.report).map_err(|error| Failure::usage(error.to_string()))?;
    let problems = read::verify(&report);
    if problems.is_empty() {
        output::print(&format!(
            "{}: consistent; {} checks on {}",
            args.report.display(),
            report.checks.len(),
            report.engine.name
        ));
        return Ok(Exit::Conforms);
    }
    output::print(&format!("{}: {} problems", args.report.display(), problems.len()));
    output::print(&problems.iter().map(|problem| format!("  {problem}\n")).collect::<String>());
    Ok(Exit::DoesNotConform)
}
