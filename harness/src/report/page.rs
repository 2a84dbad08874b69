//! Several engines in one HTML page; `html/compare.html` is its template.

use serde::Serialize;

use super::columns::{self, AreaRows, Cell, Row};
use super::document::Report;
use super::{bench, charts, evidence, html, timeline};
use crate::bench::document::{BenchReport, WorkloadReport};

/// Failing checks of one engine that are shown with their evidence.
const SHOWN: usize = 20;

/// What the template is given.
#[derive(Serialize)]
struct Page<'a> {
    title: &'static str,
    contract: &'a str,
    note: &'a str,
    engines: Vec<&'a str>,
    verdicts: Vec<Row>,
    guarantees: Vec<Row>,
    behaviours: Vec<Row>,
    areas: Vec<AreaRows>,
    failed: Vec<Failed>,
    speed: Vec<Speed>,
    provenance: Vec<Row>,
}

#[derive(Serialize)]
struct Failed {
    anchor: String,
    name: String,
    count: usize,
    checks: Vec<FailedCheck>,
    more: String,
}

#[derive(Serialize)]
struct FailedCheck {
    id: String,
    verdict: String,
    title: String,
    evidence: String,
    timeline: String,
}

#[derive(Serialize)]
struct Speed {
    head: String,
    command: String,
    engines: Vec<String>,
    groups: Vec<Group>,
    columns: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    title: &'static str,
    charts: Vec<html::Chart>,
}

/// The page; `note` is said before everything else, and may be empty.
///
/// # Errors
/// Never for what reports can hold; a mistake in the template, which the tests render.
pub fn render(reports: &[Report], benches: &[BenchReport], note: &str) -> Result<String, minijinja::Error> {
    let none = reports.is_empty();
    let or_none = |rows: Vec<Row>| if none { Vec::new() } else { rows };
    let page = Page {
        title: "Engines compared",
        contract: &crate::contract::Contract::get().name,
        note,
        engines: reports.iter().map(|report| report.engine.name.as_str()).collect(),
        verdicts: or_none(columns::verdicts(reports)),
        guarantees: columns::guarantees(reports),
        behaviours: columns::behaviours(reports),
        areas: if none { Vec::new() } else { columns::clauses(reports) },
        failed: failed(reports),
        speed: benches.iter().map(speed).collect(),
        provenance: or_none(columns::provenance(reports)),
    };
    html::render("compare.html", &page)
}

fn failed(reports: &[Report]) -> Vec<Failed> {
    let of = |(nth, report): (usize, &Report)| {
        let failing: Vec<_> = report.checks.iter().filter(|check| check.verdict.is_failure()).collect();
        let shown = failing.iter().take(SHOWN).map(|check| {
            let proof = check.failures.iter().find_map(|failure| failure.proof.as_deref());
            FailedCheck {
                id: check.id.clone(),
                verdict: check.verdict.to_string(),
                title: check.title.clone(),
                evidence: evidence::text(check),
                timeline: proof.map_or_else(String::new, timeline::svg),
            }
        });
        let more: Vec<&str> = failing.iter().skip(SHOWN).map(|check| check.id.as_str()).collect();
        (!failing.is_empty()).then(|| Failed {
            anchor: columns::anchor(nth),
            name: report.engine.name.clone(),
            count: failing.len(),
            checks: shown.collect(),
            more: more.join(", "),
        })
    };
    reports.iter().enumerate().filter_map(of).collect()
}

fn speed(run: &BenchReport) -> Speed {
    let all: Vec<&WorkloadReport> = run.workloads.iter().collect();
    let mut columns = bench::columns(run);
    columns.remove(0);
    let rows = all.iter().map(|workload| {
        let mut cells = bench::row(run, workload);
        let name = cells.remove(0);
        Row { name, cells: cells.into_iter().map(|text| Cell { text, ..Cell::default() }).collect() }
    });
    let throughput = |workload: &&WorkloadReport| {
        let limit = bench::limit(run, workload);
        let svg = charts::throughput(workload, limit.map(|(_, calls)| calls));
        let allowed =
            limit.map_or_else(String::new, |(name, calls)| format!(" ({name} allows {})", bench::short(calls)));
        (!svg.is_empty())
            .then(|| html::Chart { svg, caption: format!("{}: {}{allowed}", workload.name, workload.title) })
    };
    let latency = |workload: &&WorkloadReport| {
        let svg = charts::latency(workload);
        let caption = format!("{}: {}", workload.name, workload.title);
        (!svg.is_empty()).then_some(html::Chart { svg, caption })
    };
    let space = |workload: &&WorkloadReport| {
        let svg = charts::space(workload);
        let caption = format!("{}: {}", workload.name, workload.title);
        (!svg.is_empty()).then_some(html::Chart { svg, caption })
    };
    let clients: Vec<&WorkloadReport> =
        all.iter().copied().filter(|workload| workload.name.starts_with("mixed-by-")).collect();
    let grown = charts::scaling(&clients);
    let scaling = (!grown.is_empty()).then(|| html::Chart {
        svg: grown,
        caption: "Half gets, a quarter puts of 8 pairs, a quarter scans of 20 rows".to_owned(),
    });
    let groups = vec![
        Group { title: "Calls a second", charts: all.iter().filter_map(throughput).collect() },
        Group { title: "By number of clients", charts: scaling.into_iter().collect() },
        Group {
            title: "Space on disk for each octet of keys and values",
            charts: all.iter().filter(|workload| workload.name.starts_with("load-")).filter_map(space).collect(),
        },
        Group {
            title: "Times of calls: within which 50, 90, 99 and 99.9 of 100 ended, and the longest",
            charts: all.iter().filter_map(latency).collect(),
        },
    ];
    Speed {
        head: bench::head(run),
        command: run.run.command.clone(),
        engines: run
            .engines
            .iter()
            .map(|engine| format!("{} ({})", engine.spec, engine.declarations.durability))
            .collect(),
        groups: groups.into_iter().filter(|group| !group.charts.is_empty()).collect(),
        columns,
        rows: rows.collect(),
        notes: bench::notes(run),
    }
}
