//! The report as workflow commands of GitHub Actions: printed in a job, they mark the run and its failing scenarios.
//!
//! What engines say ends up in lines that the runner obeys, so that everything is escaped as the runner asks: in
//! messages `%` and ends of lines, in properties also `:` and `,`.

use std::fmt::Write as _;

use super::document::{CheckReport, EngineVerdict, Report};

/// GitHub shows as many errors of a step as this; one is the engine's verdict, and one names what is left out.
const SHOWN: usize = 10;
/// Checks that are named in the line about the rest.
const NAMED: usize = 20;

/// The commands, a line each: the verdict of the engine, then its unexpected failures.
#[must_use]
pub fn render(report: &Report) -> String {
    let failing: Vec<&CheckReport> =
        report.checks.iter().filter(|check| check.verdict.is_failure() && !check.expected).collect();
    let mut out = head(report, failing.len());
    let fits = if failing.len() < SHOWN { failing.len() } else { SHOWN - 2 };
    for check in &failing[..fits] {
        out.push_str(&of_check(check));
    }
    let rest = &failing[fits..];
    if !rest.is_empty() {
        let mut names: Vec<&str> = rest.iter().take(NAMED).map(|check| check.id.as_str()).collect();
        if rest.len() > NAMED {
            names.push("…");
        }
        let text = format!("{} more checks fail: {}", rest.len(), names.join(", "));
        out.push_str(&command("error", &[("title", "storecheck")], &text));
    }
    out
}

fn head(report: &Report, unexpected: usize) -> String {
    let (engine, target) = (&report.engine, report.run.target);
    let expected = report.checks.iter().filter(|check| check.expected).count();
    let (level, verdict) = match report.verdicts.map(|verdicts| verdicts.at(target)) {
        None if unexpected > 0 => ("error", "a selection of checks, some of which fail".to_owned()),
        None => ("notice", "a selection of checks, and no verdict".to_owned()),
        Some(verdict @ EngineVerdict::Conformant) => ("notice", verdict.to_string()),
        Some(verdict @ EngineVerdict::NonConformant) if unexpected == 0 && expected > 0 => {
            ("warning", format!("{verdict}, as expected: {expected} known failures"))
        }
        Some(verdict @ EngineVerdict::Partial) => ("warning", verdict.to_string()),
        Some(verdict @ (EngineVerdict::NonConformant | EngineVerdict::Incomplete)) => ("error", verdict.to_string()),
    };
    command(level, &[("title", "storecheck")], &format!("{} {}: {verdict} ({target})", engine.name, engine.version))
}

fn of_check(check: &CheckReport) -> String {
    let title = format!("{} ({})", check.id, check.verdict);
    let mut properties = vec![("title", title.as_str())];
    let failure = check.failures.first();
    let line = failure.map_or(0, |failure| failure.line).to_string();
    // A search writes its program beside the report, which is no file of the repository.
    if !check.file.is_empty() && check.search.is_none() {
        properties.push(("file", &check.file));
        if line != "0" {
            properties.push(("line", &line));
        }
    }
    let mut text = check.title.clone();
    if let Some(failure) = failure {
        let finding = &failure.finding;
        let clauses: Vec<&str> = finding.clauses.iter().map(|clause| clause.as_str()).collect();
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "\n{} {}", finding.level, clauses.join(", "));
        let _ = write!(text, "\nexpected {}\ngot {}\nat {}", finding.expected, finding.got, failure.place);
    } else if !check.reason.is_empty() {
        let _ = write!(text, "\n{}", check.reason);
    }
    if !check.replay.is_empty() {
        let _ = write!(text, "\nreplay: {}", check.replay);
    }
    command("error", &properties, &text)
}

fn command(level: &str, properties: &[(&str, &str)], text: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{level} {}::{}\n", properties.join(","), message(text))
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
