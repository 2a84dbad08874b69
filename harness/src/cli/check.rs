//! `check`: decides about a recorded history alone, whoever recorded it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::{Failure, output};
use crate::checker::{Checker, Facts, Findings, Proof, Violation};
use crate::contract::Contract;
use crate::history::Recorded;
use crate::history::file::{ReadError, Reader};
use crate::report::evidence;
use crate::report::terminal::guarantees_table;
use crate::stress::Guarantees;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The history: JSON lines, as docs/histories.md describes them.
    history: PathBuf,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let mut history = open(args)?;
    let head = history.head().clone();
    let facts = Facts { frontier: head.frontier, batch_log: head.batch_log, fresh: head.fresh.0 };
    let mut checker = Checker::new(facts);
    let mut guarantees = Guarantees::default();
    for recorded in &mut history {
        let recorded = recorded.map_err(|error| unreadable(args, &error))?;
        guarantees.take(&recorded);
        checker.take(&recorded);
    }
    let findings = checker.finish();
    guarantees.observed = findings.observed;
    let shown = shown(args, &findings)?;
    for violation in &findings.violations {
        output::print(&text(violation, &shown));
    }
    output::print(&summary(&head.engine, &guarantees, &findings));
    Ok(match (findings.violations.is_empty(), findings.undecided) {
        (false, _) => Exit::DoesNotConform,
        (true, 0) => Exit::Conforms,
        (true, _) => Exit::Partial,
    })
}

fn open(args: &CheckArgs) -> Result<Reader<BufReader<File>>, Failure> {
    let file = File::open(&args.history)
        .map_err(|error| Failure::usage(format!("{}: cannot be read: {error}", args.history.display())))?;
    Reader::new(BufReader::new(file)).map_err(|error| unreadable(args, &error))
}

fn unreadable(args: &CheckArgs, error: &ReadError) -> Failure {
    Failure::usage(format!("{}: {error}", args.history.display()))
}

/// The calls that prove something, by their places in the history. They are read a second time, so that a history of
/// any length can be checked.
fn shown(args: &CheckArgs, findings: &Findings) -> Result<BTreeMap<u64, Recorded>, Failure> {
    let mut wanted: BTreeMap<u64, Option<Recorded>> =
        findings.violations.iter().flat_map(|violation| &violation.calls).map(|nth| (*nth, None)).collect();
    let Some(last) = wanted.keys().next_back().copied() else { return Ok(BTreeMap::new()) };
    for (nth, recorded) in (1..=last).zip(open(args)?) {
        if let Some(place) = wanted.get_mut(&nth) {
            *place = Some(recorded.map_err(|error| unreadable(args, &error))?);
        }
    }
    Ok(wanted.into_iter().filter_map(|(nth, recorded)| Some((nth, recorded?))).collect())
}

/// A violation in words: what it is, and the calls that prove it in the order in which they began.
fn text(violation: &Violation, shown: &BTreeMap<u64, Recorded>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = write!(out, "{}", violation.anomaly);
    if let Some(key) = &violation.key {
        let _ = write!(out, " of key {key}");
    }
    out.push('\n');
    for id in violation.clauses() {
        let title = Contract::get().clause(id.as_str()).map_or("", |clause| &clause.title);
        let _ = writeln!(out, "  {id} {title}");
    }
    out.push_str("  call #1 stands in line 2 of the file, and so on\n");
    out.push_str(&evidence::proof_text(&Proof::new(violation, |nth| shown.get(&nth).cloned())));
    out
}

fn summary(engine: &str, guarantees: &Guarantees, findings: &Findings) -> String {
    let mut out = format!("{engine}: {} calls, ", guarantees.calls);
    let _ = match findings.violations.len() {
        0 => write!(out, "explained by one order of effects"),
        1 => write!(out, "1 violation"),
        count => write!(out, "{count} violations"),
    };
    if findings.undecided > 0 {
        let _ = write!(out, "; {} undecided, behind a write whose outcome is not known", findings.undecided);
    }
    out.push_str("\n\n");
    out.push_str(&guarantees_table(guarantees));
    out
}
