//! `merge`: the reports of shards become the report of the run that they shared.

use std::path::PathBuf;

use clap::Args;

use super::conform::exit;
use super::exit::Exit;
use super::folder::ReportFolder;
use super::{Failure, output};
use crate::report::{merge, read, terminal};

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// The report.json of every shard.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// The folder for the report of the whole run.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

pub(super) fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    let mut reports = Vec::with_capacity(args.reports.len());
    for path in &args.reports {
        let report = read::read(path).map_err(|error| Failure::usage(error.to_string()))?;
        reports.push((path.display().to_string(), report));
    }
    let mut report = merge::merge(reports).map_err(|why| Failure::usage(format!("nothing was merged: {why}")))?;
    let folder = ReportFolder::open(args.report.as_deref(), &report.engine.name)?;
    let corpus = folder.corpus()?;
    folder.place_programs(&mut report, None);
    output::print(&terminal::render(&report, terminal::Style { colour: output::colour() }));
    let written = folder.write(&report, corpus);
    if let Err(message) = &written {
        output::complain(message);
    }
    Ok(exit(&report, written.is_ok()))
}
