//! The report as a page: the verdict, where it comes from, every clause, and the evidence of what failed.
//!
//! Names, messages and keys come from engines; all of it is escaped.

use std::fmt::Write as _;

use super::document::{CheckReport, CheckVerdict, EngineReport, Report};
use super::{evidence, verdict};
use crate::contract::Contract;

/// Failing checks that are shown whole.
const SHOWN: usize = 50;

/// The whole page.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut page = head(report);
    page.push_str(&clauses(report));
    page.push_str(&guarantees(report));
    page.push_str(&durability(report));
    page.push_str(&unavailable(report));
    page.push_str(&not_carried(report));
    page.push_str(&observations(report));
    page.push_str(&failures(report));
    page.push_str(&provenance(report));
    page
}

/// Text from an engine inside a line of Markdown: no tags, no table cells, no emphasis, no new lines.
#[must_use]
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text in a fence that nothing in it can close.
pub(crate) fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{text}{end}{fence}\n")
}

// Writing to a String cannot fail, here and below.

fn head(report: &Report) -> String {
    let mut out = String::new();
    let target = report.run.target;
    let verdict = match &report.verdicts {
        Some(verdicts) => {
            format!("**{}** ({target}); trait: {}; served: {}", verdicts.at(target), verdicts.r#trait, verdicts.served)
        }
        None => "a selection of checks; no verdict on the engine".to_owned(),
    };
    let counts: Vec<String> = report.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let EngineReport { name, version, language, .. } = &report.engine;
    let language = if language.is_empty() { String::new() } else { format!(" ({})", escaped(language)) };
    let _ = writeln!(out, "# {} {}{language}\n", escaped(name), escaped(version));
    let _ = writeln!(out, "{verdict}. {} checks: {}.\n", report.checks.len(), counts.join(", "));
    if !report.run.finished {
        let _ = writeln!(out, "The run did not come to its end: {}.\n", escaped(&report.run.stopped_by));
    }
    let untested: Vec<&str> = verdict::untested(&report.clauses, target).map(|clause| clause.id.as_str()).collect();
    if !untested.is_empty() {
        let _ = writeln!(out, "Untested by this run: {}.\n", untested.join(", "));
    }
    out
}

fn clauses(report: &Report) -> String {
    let mut out = String::from("## Clauses\n");
    for area in &Contract::get().areas {
        let _ = writeln!(
            out,
            "\n### {}\n\n| clause | level | title | verdict | checks | failed |\n|---|---|---|---|---|---|",
            area.title
        );
        for clause in report.clauses.iter().filter(|clause| area.clauses.iter().any(|known| known.id == clause.id)) {
            let level = clause.level.map_or_else(String::new, |level| level.to_string());
            let _ = writeln!(
                out,
                "| {} | {level} | {} | {} | {} | {} |",
                clause.id,
                escaped(&clause.title),
                clause.verdict,
                clause.checks,
                clause.failed
            );
        }
    }
    out
}

fn guarantees(report: &Report) -> String {
    let Some(guarantees) = &report.guarantees else { return String::new() };
    let mut out = format!(
        "\n## Guarantees, as {} calls of many clients show them\n\n| guarantee | seen | looked at | clause |\n|---|---|---|---|\n",
        guarantees.calls
    );
    for row in guarantees.rows() {
        let _ = writeln!(out, "| {} | {} | {} | {} |", row.name, row.seen, row.of, row.clause);
    }
    out
}

/// What the machine could not run.
fn unavailable(report: &Report) -> String {
    let lines = verdict::unavailable(report).into_iter().map(|(family, why, accepted)| {
        format!("- {family}: {}{}\n", escaped(&why), if accepted { " (accepted)" } else { "" })
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n## Unavailable on this machine\n\n{lines}") }
}

/// What the way to the engine did not carry.
fn not_carried(report: &Report) -> String {
    let lines = verdict::not_carried_lines(report).into_iter().map(|line| format!("- {}\n", escaped(&line)));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n## Not carried\n\n{lines}") }
}

fn durability(report: &Report) -> String {
    report.durability.as_ref().map_or_else(String::new, |durability| {
        let evidence: String = durability.evidence().iter().map(|line| format!("- {line}\n")).collect();
        format!("\n## Durability\n\n{}.\n\n{evidence}", durability.verdict())
    })
}

fn observations(report: &Report) -> String {
    let mut out = String::new();
    if !report.behaviours.is_empty() {
        out.push_str("\n## Behaviours observed\n\n| behaviour | observed | left open by |\n|---|---|---|\n");
        for seen in &report.behaviours {
            let _ =
                writeln!(out, "| {} | {} | {} |", escaped(&seen.title), escaped(&seen.observed), escaped(&seen.clause));
        }
    }
    if !report.notes.is_empty() {
        out.push_str("\n## Notes\n\n");
        for note in &report.notes {
            let _ = writeln!(out, "- {}", escaped(note));
        }
    }
    out
}

fn failures(report: &Report) -> String {
    let not_good = |check: &&CheckReport| {
        !matches!(check.verdict, CheckVerdict::Pass | CheckVerdict::Refused | CheckVerdict::NotCarried)
    };
    let failing: Vec<&CheckReport> = report.checks.iter().filter(not_good).collect();
    if failing.is_empty() {
        return String::new();
    }
    let mut out = format!("\n## Checks that did not pass ({})\n", failing.len());
    for check in failing.iter().take(SHOWN) {
        let _ = writeln!(out, "\n### {} ({})\n", escaped(&check.id), check.verdict);
        out.push_str(&fenced(&evidence::text(check)));
    }
    if failing.len() > SHOWN {
        out.push_str("\nAnd:\n\n");
        for check in &failing[SHOWN..] {
            let _ = writeln!(out, "- {} ({})", escaped(&check.id), check.verdict);
        }
    }
    out
}

fn provenance(report: &Report) -> String {
    let declared = report.engine.declarations;
    let run = &report.run;
    let machine = &report.machine;
    let mut out = String::from("\n## Where this comes from\n\n| | |\n|---|---|\n");
    let rows = [
        ("storecheck", report.storecheck.clone()),
        ("contract", format!("{} ({})", report.contract, report.contract_hash)),
        ("suite", format!("{} ({} checks)", run.suite, run.suite_checks)),
        (
            "declares",
            format!(
                "batch log: {}, durability: {}, frontier: {}",
                declared.batch_log, declared.durability, declared.frontier
            ),
        ),
        ("target, profile", format!("{}, {}", run.target, run.profile)),
        ("selection", if run.selection.is_empty() { "the whole suite".to_owned() } else { run.selection.join(" ") }),
        ("seed, jobs", format!("{}, {}", run.seed, run.jobs)),
        ("stores", format!("in {}", run.scratch)),
        ("machine", format!("{} {}, {} processors", machine.os, machine.arch, machine.cpus)),
        ("took", format!("{:.1} s", run.duration_ms as f64 / 1000.0)),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {} |", escaped(&value));
    }
    let _ = writeln!(out, "\nTo run it again:\n\n{}", fenced(&run.command));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_stays_text() {
        assert_eq!(escaped("<script>|`x`\n"), "&lt;script&gt;\\|\\`x\\` ");
        assert_eq!(fenced("a ```` b"), "`````text\na ```` b\n`````\n");
    }
}
