//! A failing check in words: what a person reads in a minute, wherever it is shown.

use std::fmt::Write as _;

use super::document::CheckReport;
use super::searched::{Found, StressFound};
use super::timeline;
use crate::checker::Proof;
use crate::contract::{ClauseId, Contract};
use crate::judged::Failure;

/// Lines of a backtrace and of an engine's output that are shown.
const BACKTRACE_LINES: usize = 12;
const OUTPUT_LINES: usize = 10;
/// Lines of a scenario that are shown.
const SCENARIO_LINES: usize = 20;

/// Everything that a reader needs to see that the check failed rightly, and to run it again.
#[must_use]
pub fn text(check: &CheckReport) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "{}: {} ({})", check.id, check.verdict, check.title);
    if !check.reason.is_empty() {
        let _ = writeln!(out, "  {}", check.reason);
    }
    for failure in &check.failures {
        out.push_str(&failure_text(check, failure));
    }
    if let Some(found) = check.search.as_ref().and_then(|search| search.found.as_ref()) {
        out.push_str(&found_text(found));
    }
    if let Some(found) = check.stress.as_ref().and_then(|stress| stress.found.as_ref()) {
        out.push_str(&stress_text(found));
    }
    let output: Vec<&str> = check.output.lines().collect();
    if !output.is_empty() {
        let shown = &output[output.len().saturating_sub(OUTPUT_LINES)..];
        let _ = writeln!(out, "  the engine wrote{}:", if shown.len() < output.len() { " (the end)" } else { "" });
        for line in shown {
            let _ = writeln!(out, "    {line}");
        }
    }
    if !check.replay.is_empty() {
        let _ = writeln!(out, "  replay: {}", check.replay);
    }
    out
}

fn failure_text(check: &CheckReport, failure: &Failure) -> String {
    let mut out = String::new();
    let finding = &failure.finding;
    for clause in &finding.clauses {
        let _ = writeln!(out, "  {} {}", finding.level, clause_text(*clause));
    }
    let _ = writeln!(out, "  expected  {}", finding.expected);
    let _ = writeln!(out, "  got       {}", finding.got);
    let line = if failure.line > 0 { format!(":{}", failure.line) } else { String::new() };
    let file = if check.file.is_empty() { String::new() } else { format!(", {}{line}", check.file) };
    let _ = writeln!(out, "  at        {}{file}", failure.place);
    if let Some(proof) = &failure.proof {
        out.push_str(&proof_text(proof));
    }
    if !failure.trace.is_empty() {
        let _ = writeln!(out, "  the last calls:");
        for line in &failure.trace {
            let _ = writeln!(out, "    {line}");
        }
    }
    for line in failure.details.lines().take(BACKTRACE_LINES) {
        let _ = writeln!(out, "    {line}");
    }
    out
}

/// The calls that cannot all have been: in words, then on a line of time.
#[must_use]
pub fn proof_text(proof: &Proof) -> String {
    let key = proof.key.as_ref().map_or_else(String::new, |key| format!(" of key {key}"));
    let mut out = format!("  proof     {}{key}\n", proof.anomaly);
    for line in proof.words().iter().chain(&timeline::text(proof)) {
        let _ = writeln!(out, "    {}", line.trim_end());
    }
    out
}

/// The smallest program for many clients that failed, and how often it does.
fn stress_text(found: &StressFound) -> String {
    let program = &found.program;
    let clients: Vec<&str> = program.clients.iter().map(|role| role.name()).collect();
    let mut out = format!(
        "  smallest  {} clients ({}), {} groups of {} keys, {} bursts of {} calls; failed in {} of {} runs\n",
        clients.len(),
        clients.join(", "),
        program.groups,
        program.keys,
        program.bursts,
        program.calls,
        found.fails,
        found.runs
    );
    if !found.history.is_empty() {
        let _ =
            writeln!(out, "  history   {} ({} calls; first seen after {})", found.history, found.shortest, found.calls);
    }
    out
}

/// The program that failed, as a scenario; a long one is only in the report.
fn found_text(found: &Found) -> String {
    let mut out = format!(
        "  program {} of {} steps; shortest {}, which fails in {} of {} runs\n",
        found.seed.0, found.steps, found.shortest, found.fails, found.runs
    );
    let lines: Vec<&str> = found.scenario.lines().take_while(|line| !line.starts_with("why:")).collect();
    for line in lines.iter().take(SCENARIO_LINES) {
        let _ = writeln!(out, "    {line}");
    }
    if lines.len() > SCENARIO_LINES {
        let _ = writeln!(out, "    … {} lines in all", lines.len());
    }
    out
}

/// A clause's id, and its title.
fn clause_text(id: ClauseId) -> String {
    match Contract::get().clause(id.as_str()) {
        Some(clause) => format!("{id} {}", clause.title),
        None => id.to_string(),
    }
}
