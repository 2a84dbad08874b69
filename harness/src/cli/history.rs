//! `history`: the reports and benchmark runs below a folder, as the trend of each engine over its versions.

use std::path::{Path, PathBuf};

use clap::Args;

use super::diff::{Document, document};
use super::exit::Exit;
use super::{Failure, output};
use crate::report::trend;

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// The folder; every report.json and bench.json below it counts, by whatever name.
    dir: PathBuf,
    /// The page [default: DIR/history.html].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &HistoryArgs) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    json_below(&args.dir, &mut files)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", args.dir.display())))?;
    let (mut reports, mut benches) = (Vec::new(), Vec::new());
    for path in &files {
        if !is_document(path)? {
            continue;
        }
        match document(path)? {
            Document::Report(report) => reports.push(*report),
            Document::Bench(bench) => benches.push(*bench),
        }
    }
    let dir = args.dir.display();
    let left_out = files.len() - reports.len() - benches.len();
    if reports.is_empty() && benches.is_empty() {
        return Err(Failure::usage(format!("{dir} has no report: name a folder that has some below it")));
    }
    let html = trend::render(&reports, &benches)
        .map_err(|error| Failure::new(Exit::Incomplete, format!("the page cannot be made: {error:#}")))?;
    let out = args.out.clone().unwrap_or_else(|| args.dir.join("history.html"));
    std::fs::write(&out, html).map_err(|error| {
        Failure::usage(format!("{} cannot be written: {error}; name another file with --out", out.display()))
    })?;
    let others = if left_out == 0 { String::new() } else { format!("; {left_out} other JSON files left out") };
    output::print(&format!("{}: {} reports, {} benchmark runs{others}", out.display(), reports.len(), benches.len()));
    Ok(Exit::Conforms)
}

/// Every JSON file below `dir`, in the order of paths.
fn json_below(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            json_below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a JSON file is meant as a report: badges and corpora lie beside them.
fn is_document(path: &Path) -> Result<bool, Failure> {
    let unusable = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let octets = std::fs::read(path).map_err(|error| unusable(&error))?;
    let value: serde_json::Value = serde_json::from_slice(&octets).map_err(|error| unusable(&error))?;
    Ok(value.get("storecheck").is_some())
}
