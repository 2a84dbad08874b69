//! Known failures (feature `expect`): a list of what is allowed to fail, and whether a report keeps to it.
//!
//! The list is exact in both directions. A failure that it does not name is unexpected; an entry that is used up
//! (nothing it names fails any more, it names nothing at all, or its day has passed) is stale, so that the list never
//! outlives its reasons. A search among random programs is never listed: what it found is promoted to a scenario, and
//! that is listed.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_yaml::Spanned;
use wildmatch::WildMatch;

use super::document::{CheckReport, Report};
use crate::engine::Target;
use crate::judged::Failure;
use crate::scenario::Case;
use crate::scenario::load::{self, LoadError};
use crate::suite::{Check, Work};

/// Where the list is explained.
const GUIDE: &str = "docs/known-failures.md";

/// One entry of the list. At least a check or a clause is named.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// A check's id, or a pattern of ids.
    #[serde(default)]
    pub check: Option<String>,
    /// A clause that the failure names, or a pattern.
    #[serde(default)]
    pub clause: Option<String>,
    /// The engine's name, or a pattern.
    pub engine: String,
    /// What the engine's answer begins with, as the report shows it behind `got`.
    #[serde(default)]
    pub message: Option<String>,
    /// Where it is being worked on.
    #[serde(default)]
    pub link: Option<String>,
    /// Who is.
    #[serde(default)]
    pub owner: Option<String>,
    /// The last day on which it counts, `2027-01-31`.
    #[serde(default)]
    pub expires: Option<String>,
}

/// The list as a file holds it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    expectations: Vec<Spanned<Expectation>>,
}

/// The list, with the text it was read from.
#[derive(Debug, Clone)]
pub struct Expectations {
    text: String,
    /// Each entry with the line it starts on, from 1.
    entries: Vec<(u64, Expectation)>,
}

/// What a list comes to beside a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Failing checks that are listed, by their ids.
    pub expected: Vec<String>,
    /// Failing checks that are not.
    pub unexpected: Vec<String>,
    /// Entries that are used up: the line and why.
    pub stale: Vec<(u64, String)>,
}

impl Expectations {
    /// An empty list.
    #[must_use]
    pub fn none() -> Self {
        Self { text: String::new(), entries: Vec::new() }
    }

    /// Reads a list from `text`, whose file is called `file`.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn read(file: &str, text: &str) -> Result<Self, LoadError> {
        let File { expectations } = load::parse(file, text, GUIDE)?;
        let mut entries = Vec::with_capacity(expectations.len());
        for entry in expectations {
            let (line, column) = (entry.referenced.line(), entry.referenced.column());
            if let Some((message, help)) = mistake(&entry.value) {
                return Err(load::mistake_at(file, text, (line, column), message, help));
            }
            entries.push((line, entry.value));
        }
        Ok(Self { text: text.to_owned(), entries })
    }

    /// The scenarios among `checks` that the engine is expected to fail.
    #[must_use]
    pub fn scenarios(&self, engine: &str, checks: &[Check]) -> Vec<Case> {
        let listed = |case: &&Case| {
            self.entries.iter().any(|(_, entry)| {
                matches(&entry.engine, engine) && entry.check.as_deref().is_some_and(|glob| matches(glob, &case.id))
            })
        };
        let cases = checks.iter().filter_map(|check| match &check.work {
            Work::Case(case) => Some(&**case),
            _ => None,
        });
        cases.filter(listed).cloned().collect()
    }

    /// Whether the list names everything for which the check of `engine` fails.
    #[must_use]
    pub fn expects(&self, engine: &str, target: Target, check: &CheckReport) -> bool {
        self.used_by(engine, target, check, &mut vec![false; self.entries.len()])
    }

    /// Compares the report with the list as of today, and marks in it what is expected.
    pub fn mark(&self, report: &mut Report) -> Outcome {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let outcome = self.compare(report, &today);
        for check in &mut report.checks {
            check.expected = outcome.expected.contains(&check.id);
        }
        outcome
    }

    /// Compares the report with the list, on the day `today` (`2027-01-31`).
    #[must_use]
    pub fn compare(&self, report: &Report, today: &str) -> Outcome {
        let mut outcome = Outcome { expected: Vec::new(), unexpected: Vec::new(), stale: Vec::new() };
        let mut used = vec![false; self.entries.len()];
        for check in report.checks.iter().filter(|check| check.verdict.is_failure()) {
            let expected = self.used_by(&report.engine.name, report.run.target, check, &mut used);
            let ids = if expected { &mut outcome.expected } else { &mut outcome.unexpected };
            ids.push(check.id.clone());
        }
        for ((line, entry), used) in self.entries.iter().zip(used) {
            if !matches(&entry.engine, &report.engine.name) {
                continue;
            }
            if let Some(day) = entry.expires.as_deref().filter(|day| *day < today) {
                outcome.stale.push((*line, format!("it expired on {day}")));
            } else if !used && let Some(why) = unused(entry, report) {
                outcome.stale.push((*line, why));
            }
        }
        outcome
    }

    /// Whether every failure of the check is listed; notes which entries list one.
    fn used_by(&self, engine: &str, target: Target, check: &CheckReport, used: &mut [bool]) -> bool {
        // A search is as expected as the scenario that it found again.
        if let Some(search) = &check.search {
            let known = search.known.as_ref();
            return known.is_some_and(|known| self.entries.iter().any(|(_, entry)| names(entry, engine, known)));
        }
        let mut all = true;
        for failure in check.failures.iter().filter(|failure| counts(failure, target)) {
            let mut listed = false;
            for ((_, entry), used) in self.entries.iter().zip(&mut *used) {
                if names(entry, engine, &check.id) && describes(entry, failure) {
                    (listed, *used) = (true, true);
                }
            }
            all &= listed;
        }
        all
    }

    /// The file without the entries that are stale, and with new ones for what is unexpected.
    #[must_use]
    pub fn corrected(&self, outcome: &Outcome, report: &Report) -> String {
        let starts: Vec<u64> = self.entries.iter().map(|(line, _)| *line).collect();
        let mut stale = false;
        let mut out = String::new();
        for (at, line) in (1..).zip(self.text.split_inclusive('\n')) {
            if starts.contains(&at) {
                stale = outcome.stale.iter().any(|(line, _)| *line == at);
            }
            // A comment that starts at the margin belongs to the file, not to the entry before it.
            if line.starts_with('#') {
                stale = false;
            }
            if !stale {
                out.push_str(line);
            }
        }
        let additions = additions(outcome, report);
        let left = self.entries.len() - outcome.stale.len();
        if left == 0 && additions.is_empty() {
            return out.replace("expectations:\n", "expectations: []\n");
        }
        if !out.contains("expectations:") {
            out.push_str("expectations:\n");
        }
        out = out.replace("expectations: []\n", "expectations:\n");
        out + &additions
    }
}

/// Entries for the failures that the list does not name.
fn additions(outcome: &Outcome, report: &Report) -> String {
    let mut out = String::new();
    let unexpected = report.checks.iter().filter(|check| check.search.is_none());
    for check in unexpected.filter(|check| outcome.unexpected.contains(&check.id)) {
        let text = |text: &str| serde_json::to_string(text).unwrap_or_else(|_| unreachable!("text is JSON"));
        let mut clauses: Vec<&str> = Vec::new();
        let counting = check.failures.iter().filter(|failure| counts(failure, report.run.target));
        for clause in counting.filter_map(|failure| failure.finding.clauses.first()) {
            if !clauses.contains(&clause.as_str()) {
                clauses.push(clause.as_str());
            }
        }
        for clause in clauses {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "  - check: {}\n    clause: {clause}\n    engine: {}",
                text(&check.id),
                text(&report.engine.name)
            );
        }
    }
    out
}

/// What is wrong with an entry, and what to do.
fn mistake(entry: &Expectation) -> Option<(String, String)> {
    let fault = |message: &str, help: &str| Some((message.to_owned(), help.to_owned()));
    if entry.check.is_none() && entry.clause.is_none() {
        return fault("an entry names a check or a clause", "add `check: scan/limit-one` or `clause: SCAN-4`");
    }
    if entry.check.as_deref().is_some_and(|check| check.starts_with("property/")) {
        return fault(
            "a search among random programs is not listed as expected: it may fail for any reason",
            "promote the program that it found (`promote FILE`) and list the scenario that it becomes",
        );
    }
    if let Some(day) = &entry.expires
        && day.parse::<jiff::civil::Date>().is_err()
    {
        return fault(&format!("`{day}` is no day"), "write the year, the month and the day: `2027-01-31`");
    }
    None
}

fn matches(glob: &str, text: &str) -> bool {
    WildMatch::new(glob).matches(text)
}

/// Whether the entry is about this engine and this check.
fn names(entry: &Expectation, engine: &str, check: &str) -> bool {
    matches(&entry.engine, engine)
        && entry.check.as_deref().is_none_or(|glob| matches(glob, check) || check.split('#').next() == Some(glob))
}

/// Whether the entry is about this failure.
fn describes(entry: &Expectation, failure: &Failure) -> bool {
    let clause = |glob: &str| failure.finding.clauses.iter().any(|clause| matches(glob, clause.as_str()));
    entry.clause.as_deref().is_none_or(clause)
        && entry.message.as_deref().is_none_or(|prefix| failure.finding.got.starts_with(prefix))
}

/// Whether the list has to name the failure. What an autopsy shows follows from the failure before it.
fn counts(failure: &Failure, target: Target) -> bool {
    failure.finding.fails(target) && !failure.place.starts_with("autopsy")
}

/// Why an entry that listed no failure is stale; none when the run's selection did not come to what it names.
fn unused(entry: &Expectation, report: &Report) -> Option<String> {
    let about = |check: &&CheckReport| names(entry, &report.engine.name, &check.id);
    let mut named = report.checks.iter().filter(|check| check.search.is_none()).filter(about);
    let whole = report.run.selection.is_empty();
    match entry.check {
        _ if named.any(|check| check.verdict.is_failure()) => {
            Some("what it names fails in another way: no such clause or message".to_owned())
        }
        Some(_) if report.checks.iter().any(|check| about(&check)) => {
            Some("what it names does not fail any more".to_owned())
        }
        None if whole => Some("no failure names this clause any more".to_owned()),
        Some(_) if whole => Some("it matches no check".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
# of the team
expectations:
  - check: scan/limit-as-large-as-can-be#2to32
    clause: SCAN-4
    engine: mine
    expires: 2027-01-31
  - { clause: PRN-*, engine: other }
";

    #[test]
    fn a_list_is_read_with_its_lines() {
        let list = Expectations::read("known.yaml", LIST).expect("the list is right");
        assert_eq!(list.entries.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 7]);
        let checks = crate::suite::checks(crate::scenario::Profile::Quick, Vec::new()).expect("the suite is right");
        let known: Vec<String> = list.scenarios("mine", &checks).into_iter().map(|case| case.id).collect();
        assert_eq!(known, ["scan/limit-as-large-as-can-be#2to32"]);
    }

    #[test]
    fn every_mistake_has_a_place_and_a_remedy() {
        for (from, to, says) in [
            ("    clause: SCAN-4\n", "    claus: SCAN-4\n", "unknown field `claus`"),
            ("2027-01-31", "2027-02-31", "is no day"),
            ("scan/limit-as-large-as-can-be#2to32", "property/small", "promote the program"),
            ("clause: PRN-*, ", "", "an entry names a check or a clause"),
            ("engine: other", "owner: me", "missing field `engine`"),
        ] {
            let error = Expectations::read("known.yaml", &LIST.replace(from, to)).expect_err(to).to_string();
            assert!(error.contains(says) && error.contains("known.yaml:"), "{to}: {error}");
        }
    }
}
