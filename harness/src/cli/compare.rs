//! `compare`: the reports of several engines, and benchmark runs, in one page.

use std::path::PathBuf;

use clap::Args;

use super::diff::{Document, document};
use super::exit::Exit;
use super::{Failure, output};
use crate::report::{matrix, page};

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The report.json of every engine, and bench.json of benchmark runs.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// The folder for README.md and index.html.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// What readers should know first; stands below the heading.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

pub(super) fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let (mut reports, mut benches) = (Vec::new(), Vec::new());
    for path in &args.reports {
        match document(path)? {
            Document::Report(report) => reports.push(*report),
            Document::Bench(bench) => benches.push(*bench),
        }
    }
    let html = page::render(&reports, &benches, &args.note)
        .map_err(|error| Failure::new(Exit::Incomplete, format!("the page cannot be made: {error:#}")))?;
    for (name, text) in [("README.md", matrix::render(&reports, &benches, &args.note)), ("index.html", html)] {
        let file = args.out.join(name);
        std::fs::create_dir_all(&args.out).and_then(|()| std::fs::write(&file, text)).map_err(|error| {
            Failure::usage(format!("{} cannot be written: {error}; name another folder with --out", file.display()))
        })?;
    }
    let (engines, runs) = (reports.len(), benches.len());
    output::print(&format!("{}: {engines} engines, {runs} benchmark runs", args.out.display()));
    Ok(Exit::Conforms)
}
