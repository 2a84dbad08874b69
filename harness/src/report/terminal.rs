//! What a person reads at the end of a run: what was judged, area by area, what failed and why, and the verdict last,
//! where a terminal leaves it in sight.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::document::{CheckReport, CheckVerdict, ClauseVerdict, EngineVerdict, Report};
use super::{evidence, verdict};
use crate::contract::{ClauseId, Contract};
use crate::engine::Target;
use crate::stress::Guarantees;

/// Failing checks that are shown whole.
const SHOWN: usize = 8;
/// Ids listed in one line.
const LISTED: usize = 24;

/// How text is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Whether words are coloured; they carry the meaning either way.
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn verdict(self, text: &str, good: bool) -> String {
        self.paint(if good { "1;32" } else { "1;31" }, text)
    }
}

/// The whole view.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let mut out = header(report);
    out.push_str(&areas(report));
    out.push_str(&searches(report));
    out.push_str(&stress(report));
    out.push_str(&durability(report));
    out.push_str(&unavailable(report, style));
    out.push_str(&not_carried(report));
    out.push_str(&observations(report));
    out.push_str(&failures(report, style));
    out.push_str(&summary(report, style));
    out
}

// Writing to a String cannot fail, here and below.

fn header(report: &Report) -> String {
    let declared = report.engine.declarations;
    let log = if declared.batch_log { "a batch log" } else { "no batch log" };
    format!(
        "{} against {}\ndeclares {log}, {} durability, {} frontier · target {} · profile {} · seed {} · stores in {}\n\n",
        title(report),
        report.contract,
        declared.durability,
        declared.frontier,
        report.run.target,
        report.run.profile,
        report.run.seed,
        report.run.scratch,
    )
}

fn title(report: &Report) -> String {
    let engine = &report.engine;
    let version = if engine.version.is_empty() { String::new() } else { format!(" {}", engine.version) };
    let language = if engine.language.is_empty() { String::new() } else { format!(" ({})", engine.language) };
    format!("{}{version}{language}", engine.name)
}

fn areas(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["area", "clauses", "pass", "fail", "deviate", "untested", "checks", "failing"]);
    for area in &Contract::get().areas {
        let ids: BTreeSet<ClauseId> = area.clauses.iter().map(|clause| clause.id).collect();
        let clauses: Vec<_> = report.clauses.iter().filter(|clause| ids.contains(&clause.id)).collect();
        let with = |verdict| clauses.iter().filter(|clause| clause.verdict == verdict).count();
        let untested =
            verdict::untested(&report.clauses, report.run.target).filter(|clause| ids.contains(&clause.id)).count();
        // A check belongs to the area of its subject; a search has none.
        let checks = report
            .checks
            .iter()
            .filter(|check| check.search.is_none() && check.stress.is_none() && check.damage.is_none());
        let checks = checks.filter(|check| check.clauses.first().is_some_and(|id| ids.contains(id)));
        let (mut all, mut failing) = (0, 0);
        for check in checks {
            all += 1;
            failing += u32::from(check.verdict.is_failure());
        }
        // Of a selection only the areas that it touches are of interest.
        if report.verdicts.is_none() && all == 0 {
            continue;
        }
        table.add_row([
            area.title.clone(),
            clauses.len().to_string(),
            with(ClauseVerdict::Pass).to_string(),
            with(ClauseVerdict::Fail).to_string(),
            with(ClauseVerdict::Deviates).to_string(),
            untested.to_string(),
            all.to_string(),
            failing.to_string(),
        ]);
    }
    format!("{}\n\n", table.trim_fmt())
}

/// What was searched, in one line.
fn searches(report: &Report) -> String {
    let searched: Vec<_> = report.checks.iter().filter_map(|check| Some((check, check.search.as_ref()?))).collect();
    if searched.is_empty() {
        return String::new();
    }
    let (mut programs, mut states, mut calls) = (0, 0, 0);
    for (check, search) in &searched {
        programs += search.programs;
        states += search.states;
        calls += check.calls;
    }
    let failed = searched.iter().filter(|(check, _)| check.verdict.is_failure()).count();
    format!(
        "searched  {programs} random programs in {} shapes: {calls} calls, {states} states at their ends, {failed} failing\n\n",
        searched.len()
    )
}

/// What many clients saw of guarantees, and how often they looked.
fn stress(report: &Report) -> String {
    let Some(guarantees) = &report.guarantees else { return String::new() };
    let programs: u64 = report.checks.iter().filter_map(|check| Some(check.stress.as_ref()?.programs)).sum();
    format!(
        "stressed  {programs} programs of many clients: {} calls, every history checked\n\n{}\n",
        guarantees.calls,
        guarantees_table(guarantees)
    )
}

/// What this machine could not run.
fn unavailable(report: &Report, style: Style) -> String {
    let lines = verdict::unavailable(report).into_iter().map(|(family, why, accepted)| {
        let so = if accepted {
            "accepted".to_owned()
        } else {
            format!("not tested; to do without: --accept-unavailable {family}")
        };
        format!("{}  {family}: {why}\n             {so}\n", style.verdict("UNAVAILABLE", false))
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

/// What the way to the engine did not carry.
fn not_carried(report: &Report) -> String {
    let lines: String =
        verdict::not_carried_lines(report).iter().map(|line| format!("             {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("not carried\n{lines}\n") }
}

/// Durability, claimed and demonstrated, and what stands behind it.
fn durability(report: &Report) -> String {
    let Some(durability) = &report.durability else { return String::new() };
    let evidence: String = durability.evidence().iter().map(|line| format!("            {line}\n")).collect();
    format!("durability  {}\n{evidence}\n", durability.verdict())
}

/// Guarantees in a table.
pub(crate) fn guarantees_table(guarantees: &Guarantees) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["guarantee", "seen", "looked at", "clause"]);
    for row in guarantees.rows() {
        table.add_row([row.name.to_owned(), row.seen, row.of, row.clause.to_owned()]);
    }
    format!("{}\n", table.trim_fmt())
}

fn observations(report: &Report) -> String {
    let mut out = String::new();
    for seen in &report.behaviours {
        let clause = if seen.clause.is_empty() { String::new() } else { format!(" ({})", seen.clause) };
        let _ = writeln!(out, "observed  {}: {}{clause}", seen.title, seen.observed);
    }
    for note in &report.notes {
        let _ = writeln!(out, "note      {note}");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Failing checks: one whole for every set of clauses first, then the rest by their ids.
fn failures(report: &Report, style: Style) -> String {
    let failing: Vec<&CheckReport> = report
        .checks
        .iter()
        .filter(|check| check.verdict.is_failure() || check.verdict == CheckVerdict::Error)
        .collect();
    let mut seen: BTreeSet<Vec<ClauseId>> = BTreeSet::new();
    let (mut shown, mut rest) = (Vec::new(), Vec::new());
    for check in failing {
        let clauses = check.failures.first().map(|failure| failure.finding.clauses.clone()).unwrap_or_default();
        if shown.len() < SHOWN && seen.insert(clauses) { shown.push(check) } else { rest.push(check) }
    }
    let mut out = String::new();
    for check in &shown {
        let text = evidence::text(check);
        let (first, others) = text.split_once('\n').unwrap_or((&text, ""));
        let _ = writeln!(out, "{}\n{others}", style.verdict(first, false));
    }
    if !rest.is_empty() {
        let ids: Vec<&str> = rest.iter().take(LISTED).map(|check| check.id.as_str()).collect();
        let more = if rest.len() > LISTED { ", …" } else { "" };
        let _ = writeln!(out, "and {} more: {}{more}\n", rest.len(), ids.join(", "));
    }
    out
}

/// The line that the run is remembered by.
fn summary(report: &Report, style: Style) -> String {
    let counts: Vec<String> = report.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let seconds = report.run.duration_ms as f64 / 1000.0;
    let untested: Vec<&str> =
        verdict::untested(&report.clauses, report.run.target).map(|clause| clause.id.as_str()).collect();
    let mut out = String::new();
    match &report.verdicts {
        None => {
            let good = [CheckVerdict::Pass, CheckVerdict::Refused, CheckVerdict::NotCarried];
            let passed: u32 = good.iter().filter_map(|verdict| report.counts.get(verdict)).sum();
            let all = report.checks.len();
            let text = format!("{passed} of {all} selected passed");
            let _ = write!(out, "{}: {}", title(report), style.verdict(&text, passed as usize == all));
        }
        Some(verdicts) => {
            let verdict = verdicts.at(report.run.target);
            let text = verdict.to_string().to_uppercase();
            let _ = write!(
                out,
                "{}: {} ({})",
                title(report),
                style.verdict(&text, verdict == EngineVerdict::Conformant),
                report.run.target
            );
            let other = if report.run.target == Target::Served { Target::Trait } else { Target::Served };
            let _ = write!(out, " · {other}: {}", verdicts.at(other));
        }
    }
    let _ = write!(out, " · {} checks: {} · {seconds:.1} s", report.checks.len(), counts.join(", "));
    if !report.run.finished {
        let _ = write!(out, "\nthe run did not come to its end: {}", report.run.stopped_by);
    }
    if report.verdicts.is_some() && !untested.is_empty() {
        let _ = write!(out, "\n{} clauses are untested by this run: {}", untested.len(), untested.join(", "));
    }
    if report.run.target == Target::Served && !report.engine.declarations.batch_log {
        out.push_str("\nLOG-8: without a batch log an engine can conform to `trait`, never to `served`");
    }
    out.push('\n');
    out
}
