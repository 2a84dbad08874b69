//! `diff`: what changed from one report to another, told apart by whose doing it is, for people and for a gate.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::{Failure, output};
use crate::bench::{BenchReport, document};
use crate::report::{Report, bench_diff, diff, read};

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The report.json or bench.json of before.
    base: PathBuf,
    /// That of now.
    head: PathBuf,
}

/// A document of either kind.
pub(super) enum Document {
    Report(Box<Report>),
    Bench(Box<BenchReport>),
}

pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let (text, exit) = match (document(&args.base)?, document(&args.head)?) {
        (Document::Report(base), Document::Report(head)) => {
            let changes = diff::of_reports(&base, &head);
            // A run that did not come to its end has not shown that nothing is broken.
            let whole = if head.run.finished { Exit::Conforms } else { Exit::Incomplete };
            let exit = if diff::regressed(&changes) { Exit::DoesNotConform } else { whole };
            (diff::markdown(&base, &head, &changes), exit)
        }
        (Document::Bench(base), Document::Bench(head)) => {
            let compared = bench_diff::of_runs(&base, &head);
            let exit = if compared.regressed() { Exit::DoesNotConform } else { Exit::Conforms };
            (bench_diff::markdown(&compared), exit)
        }
        _ => {
            return Err(Failure::usage(
                "one is a report of conformance and the other one of speed: give two of a kind",
            ));
        }
    };
    output::print(&text);
    Ok(exit)
}

pub(super) fn document(path: &Path) -> Result<Document, Failure> {
    let unusable = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let octets = std::fs::read(path).map_err(|error| unusable(&error))?;
    let kind = serde_json::from_slice::<serde_json::Value>(&octets).ok().and_then(|value| {
        let kind = value.get("kind")?.as_str()?.to_owned();
        Some(kind)
    });
    if kind.as_deref() != Some("bench") {
        let report = read::parse(&path.display().to_string(), &octets);
        return report
            .map(|report| Document::Report(Box::new(report)))
            .map_err(|error| Failure::usage(error.to_string()));
    }
    let bench: BenchReport = serde_json::from_slice(&octets).map_err(|error| unusable(&error))?;
    if bench.format == document::FORMAT {
        Ok(Document::Bench(Box::new(bench)))
    } else {
        Err(unusable(&format!("format {}, and this version reads format {}", bench.format, document::FORMAT)))
    }
}
