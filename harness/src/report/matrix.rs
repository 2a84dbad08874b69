//! Several engines in one page of Markdown that reads well on a forge: verdicts, guarantees, behaviours, every clause,
//! what failed, speed, and where each column comes from.

use std::fmt::Write as _;

use super::columns::{self, Cell, Mood, Row};
use super::document::{CheckReport, Report};
use super::markdown::{escaped, fenced};
use super::{bench, evidence};
use crate::bench::BenchReport;

/// Failing checks of one engine that are shown with their evidence.
const SHOWN: usize = 10;

/// The page; `note` is said before everything else, and may be empty.
#[must_use]
pub fn render(reports: &[Report], benches: &[BenchReport], note: &str) -> String {
    let contract = &crate::contract::Contract::get().name;
    let mut page = format!("# Engines compared\n\nJudged by storecheck against {contract}.\n");
    if !note.is_empty() {
        let _ = write!(page, "\n{}\n", escaped(note));
    }
    if !reports.is_empty() {
        page.push_str(&part("Verdicts", "", reports, &columns::verdicts(reports)));
        page.push_str(&part(
            "Guarantees, as many clients at once saw them",
            "guarantee",
            reports,
            &columns::guarantees(reports),
        ));
        page.push_str(&part("What the contract leaves open", "behaviour", reports, &columns::behaviours(reports)));
        page.push_str("\n## Clauses\n");
        for area in columns::clauses(reports) {
            let _ = write!(page, "\n### {}\n\n{}", area.title, table("clause", reports, &area.rows));
        }
        page.push_str(&failures(reports));
    }
    for run in benches {
        let _ = write!(page, "\n## Speed\n\n{}", bench::markdown(run));
    }
    page.push_str(&part("Where this comes from", "", reports, &columns::provenance(reports)));
    page
}

// Writing to a String cannot fail, here and below.

fn part(title: &str, first: &str, reports: &[Report], rows: &[Row]) -> String {
    if rows.is_empty() || reports.is_empty() {
        return String::new();
    }
    format!("\n## {title}\n\n{}", table(first, reports, rows))
}

fn table(first: &str, reports: &[Report], rows: &[Row]) -> String {
    let names: String = reports.iter().map(|report| format!(" {} |", escaped(&report.engine.name))).collect();
    let mut out = format!("| {first} |{names}\n|---|{}\n", "---|".repeat(reports.len()));
    for row in rows {
        let cells: String = row.cells.iter().map(|cell| format!(" {} |", shown(cell))).collect();
        let _ = writeln!(out, "| {} |{cells}", escaped(&row.name));
    }
    out
}

/// What speaks against an engine stands out, without colours.
fn shown(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    if cell.mood == Mood::Bad { format!("**{text}**") } else { text }
}

fn failures(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let failing: Vec<&CheckReport> = report.checks.iter().filter(|check| check.verdict.is_failure()).collect();
        if failing.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### {}: {} checks\n", escaped(&report.engine.name), failing.len());
        for check in failing.iter().take(SHOWN) {
            let (id, title) = (escaped(&check.id), escaped(&check.title));
            let _ = writeln!(out, "<details><summary>{id} ({}): {title}</summary>\n", check.verdict);
            let _ = writeln!(out, "{}\n</details>", fenced(&evidence::text(check)));
        }
        if failing.len() > SHOWN {
            let more: Vec<String> = failing[SHOWN..].iter().map(|check| escaped(&check.id)).collect();
            let _ = writeln!(out, "\nAnd {}.", more.join(", "));
        }
    }
    if out.is_empty() { out } else { format!("\n## What failed\n{out}") }
}
