//! Reports on disk: written whole or not at all, read with one clear message for every mistake, and verified.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use super::document::{FORMAT, Report};
use super::{CheckVerdict, verdict};
use crate::contract::Contract;
use crate::scenario::builtin;
use crate::suite::{self, Check, Work};

/// The largest report that is read.
const REPORT_OCTETS_MAX: u64 = 512 << 20;

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is no report's JSON.
    #[error("{file}: not a report: {error}; was it cut short, or edited by hand?")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        error: serde_json::Error,
    },
    /// Another version wrote it.
    #[error("{file}: format {found}, and this version reads format {FORMAT}: use the storecheck that wrote it")]
    Format {
        /// The file.
        file: String,
        /// The format found.
        found: u32,
    },
    /// It is too large.
    #[error("{file}: {octets} octets; reports of at most {REPORT_OCTETS_MAX} are read")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        octets: u64,
    },
}

#[derive(serde::Deserialize)]
struct Head {
    format: u32,
}

/// Reads the report at `path`.
///
/// # Errors
/// When it is none that this version reads.
pub fn read(path: &Path) -> Result<Report, ReadError> {
    let file = path.display().to_string();
    let unreadable = |error| ReadError::Unreadable { file: file.clone(), error };
    let octets = std::fs::metadata(path).map_err(unreadable)?.len();
    if octets > REPORT_OCTETS_MAX {
        return Err(ReadError::TooLarge { file, octets });
    }
    parse(&file, &std::fs::read(path).map_err(unreadable)?)
}

/// Reads a report from the octets of `file`.
///
/// # Errors
/// When it is none that this version reads.
pub fn parse(file: &str, octets: &[u8]) -> Result<Report, ReadError> {
    let malformed = |error| ReadError::Malformed { file: file.to_owned(), error };
    let head: Head = serde_json::from_slice(octets).map_err(malformed)?;
    if head.format != FORMAT {
        return Err(ReadError::Format { file: file.to_owned(), found: head.format });
    }
    serde_json::from_slice(octets).map_err(malformed)
}

/// Writes `report` to `path`: beside it first, then in its place, so that a full disk leaves no half of one.
///
/// # Errors
/// When the file cannot be written.
pub fn write(report: &Report, path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As any new file: others may read it, unless this process's mask says otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    serde_json::to_writer_pretty(std::io::BufWriter::new(&mut file), report)?;
    file.write_all(b"\n")?;
    file.persist(path)?;
    Ok(())
}

/// Everything in which the report disagrees with itself, or with the suite that it names when this is the one.
#[must_use]
pub fn verify(report: &Report) -> Vec<String> {
    let mut problems = Vec::new();
    if report.counts != verdict::count(&report.checks) {
        problems.push("the counts differ from the checks".to_owned());
    }
    let whole = report.run.selection.is_empty();
    let derived = whole.then(|| {
        verdict::of_engine(&report.checks, report.engine.declarations, &report.run.accepted, report.run.finished)
    });
    if report.verdicts != derived {
        problems.push("the verdicts do not follow from the checks".to_owned());
    }
    if report.contract_hash == Contract::hash()
        && report.clauses != verdict::of_clauses(&report.checks, report.engine.declarations, report.run.target)
    {
        problems.push("the clauses' verdicts do not follow from the checks".to_owned());
    }
    if report.contract == Contract::get().name && report.contract_hash != Contract::hash() {
        problems.push(
            "the contract's text is another than this version's: what its clauses ask cannot be compared".to_owned(),
        );
    }
    let mut ids = BTreeSet::new();
    for check in &report.checks {
        if !ids.insert(check.id.as_str()) {
            problems.push(format!("{} stands twice", check.id));
        }
        if check.verdict != verdict::of_check(check, report.run.target) {
            problems.push(format!("{} is {}, which does not follow from its findings", check.id, check.verdict));
        }
        if matches!(check.verdict, CheckVerdict::Died | CheckVerdict::Timeout) && check.failures.is_empty() {
            problems.push(format!("{} is {} without evidence", check.id, check.verdict));
        }
    }
    if whole {
        problems.extend(compared_with_suite(report, &ids));
    }
    problems
}

fn compared_with_suite(report: &Report, ids: &BTreeSet<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    if report.run.suite_checks as usize != report.checks.len() {
        problems.push(format!("{} checks of a suite of {}", report.checks.len(), report.run.suite_checks));
    }
    if report.run.suite != builtin::digest() {
        problems.push("the suite is another than this version's: its checks cannot be compared".to_owned());
        return problems;
    }
    let Some(checks) = suite::of_report(report) else {
        problems.push("this version's own suite cannot be read".to_owned());
        return problems;
    };
    let missing = checks.iter().filter(|check| !ids.contains(check.id.as_str()));
    problems.extend(missing.map(|check| format!("{} of the suite is missing", check.id)));
    problems.extend(checks.iter().filter_map(|check| searched_too_little(check, report)));
    problems
}

/// A search that passed without having run the programs that its profile asks for.
fn searched_too_little(check: &Check, report: &Report) -> Option<String> {
    let Work::Search(search) = &check.work else { return None };
    let shown = report.checks.iter().find(|shown| shown.id == check.id && shown.verdict == CheckVerdict::Pass)?;
    let owed = match report.run.shard {
        _ if report.run.minutes > 0 => 0,
        None => search.programs,
        Some(shard) => {
            let behind = u64::from(shard.of.saturating_sub(shard.index));
            search.programs.saturating_add(behind).checked_div(u64::from(shard.of)).unwrap_or(0)
        }
    };
    let ran = shown.search.as_ref().map_or(0, |search| search.programs);
    (ran < owed).then(|| format!("{} passes with {ran} programs of {owed}", check.id))
}
