//! The versions of engines one after the other: verdicts, what each version broke and fixed, and speed with its error,
//! as one HTML page; `html/history.html` is its template.

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use super::bench::spanned;
use super::bench_diff::{self, BenchDiff};
use super::columns::{Cell, Mood, Row};
use super::diff::{self, Cause, Change, Way};
use super::document::{ClauseVerdict, EngineVerdict, Report};
use super::{charts, html};
use crate::bench::compare::{Interval, mean};
use crate::bench::document::{BenchReport, Figures};
use crate::engine::Target;

/// Changes of one version that are listed.
const LISTED: usize = 60;

#[derive(Serialize)]
struct Page {
    title: &'static str,
    engines: Vec<EngineTrend>,
    speed: Vec<SpeedTrend>,
}

/// The versions of an engine.
#[derive(Serialize)]
struct EngineTrend {
    anchor: String,
    name: String,
    chart: String,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
    changes: Vec<Changes>,
}

/// What one version changed.
#[derive(Serialize)]
struct Changes {
    anchor: String,
    title: String,
    lines: Vec<String>,
}

/// The speed of an engine, version by version.
#[derive(Serialize)]
struct SpeedTrend {
    anchor: String,
    name: String,
    heads: Vec<String>,
    rows: Vec<Row>,
    charts: Vec<html::Chart>,
    notes: Vec<String>,
}

/// The page of all `reports` and benchmark runs, whatever their order.
///
/// # Errors
/// Never for what reports can hold; a mistake in the template, which the tests render.
pub fn render(reports: &[Report], benches: &[BenchReport]) -> Result<String, minijinja::Error> {
    let mut by_engine: BTreeMap<&str, Vec<&Report>> = BTreeMap::new();
    for report in reports {
        by_engine.entry(&report.engine.name).or_default().push(report);
    }
    let engines = by_engine.into_iter().enumerate().map(|(nth, (name, mut versions))| {
        versions.sort_by_key(|report| age(&report.engine.version));
        of_engine(nth, name, &versions)
    });
    let page = Page { title: "Engines over time", engines: engines.collect(), speed: speed(benches) };
    html::render("history.html", &page)
}

/// What versions are ordered by: those that follow semantic versioning by its rules, and others, as text, before them.
fn age(version: &str) -> (Option<Version>, String) {
    (Version::parse(version).ok(), version.to_owned())
}

fn of_engine(nth: usize, name: &str, versions: &[&Report]) -> EngineTrend {
    let mut trend = EngineTrend {
        anchor: format!("engine-{nth}"),
        name: name.to_owned(),
        chart: chart(name, versions),
        heads: vec!["served", "trait", "checks", "clauses that fail", "engine against the version before", "run"],
        rows: Vec::new(),
        changes: Vec::new(),
    };
    for (at, report) in versions.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| versions[before]);
        let anchor = format!("change-{nth}-{at}");
        let changes = before.map(|before| diff::of_reports(before, report)).unwrap_or_default();
        let since = before.map_or_else(|| plain("the first"), |_| since(&changes, &anchor));
        if let Some(before) = before.filter(|_| !since.link.is_empty()) {
            let title = format!("{}, against {}: {}", report.engine.version, before.engine.version, since.text);
            trend.changes.push(Changes { anchor, title, lines: lines(&changes) });
        }
        let counts: Vec<String> = report.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let cells = vec![
            verdict(report, Target::Served),
            verdict(report, Target::Trait),
            plain(counts.join(", ")),
            failing(report),
            since,
            plain(format!("storecheck {}, {}, seed {}", report.storecheck, report.run.profile, report.run.seed)),
        ];
        trend.rows.push(Row { name: report.engine.version.clone(), cells });
    }
    trend.rows.reverse();
    trend.changes.reverse();
    trend
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), ..Cell::default() }
}

fn verdict(report: &Report, target: Target) -> Cell {
    let Some(verdicts) = report.verdicts else {
        return Cell { mood: Mood::Quiet, ..plain("a selection: no verdict") };
    };
    let mood = match verdicts.at(target) {
        EngineVerdict::Conformant => Mood::Good,
        EngineVerdict::NonConformant => Mood::Bad,
        EngineVerdict::Partial | EngineVerdict::Incomplete => Mood::Warn,
    };
    Cell { mood, ..plain(verdicts.at(target).to_string()) }
}

fn failing_clauses(report: &Report) -> Vec<&str> {
    let failing = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::Fail);
    failing.map(|clause| clause.id.as_str()).collect()
}

fn failing(report: &Report) -> Cell {
    let failing = failing_clauses(report);
    if failing.is_empty() {
        return plain("none");
    }
    Cell { mood: Mood::Bad, ..plain(format!("{}: {}", failing.len(), failing.join(", "))) }
}

/// Bars, when there is anything to see.
fn chart(name: &str, versions: &[&Report]) -> String {
    let bars: Vec<charts::Bar> = versions
        .iter()
        .map(|report| {
            let failing = failing_clauses(report).len() as f64;
            let figure = Interval { middle: failing, low: failing, high: failing };
            charts::Bar { label: report.engine.version.clone(), figure: Some(figure) }
        })
        .collect();
    if bars.len() < 2 { String::new() } else { charts::bars(&format!("Clauses that {name} fails"), &bars) }
}

/// What a version broke and fixed; the link is set when there is more to tell.
fn since(changes: &[Change], anchor: &str) -> Cell {
    let count = |way: Way| changes.iter().filter(|change| change.cause == Cause::Engine && change.way == way).count();
    let (worse, better) = (count(Way::Worse), count(Way::Better));
    let others = changes.iter().filter(|change| change.cause != Cause::Engine).count();
    let mood = match (worse, better) {
        (0, 0) => Mood::Plain,
        (0, _) => Mood::Good,
        _ => Mood::Bad,
    };
    let text = if others == 0 {
        format!("{worse} broken, {better} fixed")
    } else {
        format!("{worse} broken, {better} fixed, {others} changes that are not the engine's")
    };
    let link = if changes.is_empty() { String::new() } else { anchor.to_owned() };
    Cell { text, mood, link }
}

fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let cause = match (change.cause, change.way) {
            (Cause::Engine, Way::Worse) => "broken",
            (Cause::Engine, Way::Better) => "fixed",
            (Cause::Engine, Way::Other) => "engine",
            (Cause::Declarations, _) => "declarations",
            (Cause::Suite, _) => "suite",
            (Cause::Surroundings, _) => "run",
        };
        format!("{cause}: {}, {} → {}", change.what, change.from, change.to)
    };
    let mut lines: Vec<String> = changes.iter().take(LISTED).map(line).collect();
    if changes.len() > LISTED {
        lines.push(format!("and {} more", changes.len() - LISTED));
    }
    lines
}

/// A run in which an engine was measured, and which of the run's engines it is.
type Entry<'a> = (&'a BenchReport, usize);

fn speed(benches: &[BenchReport]) -> Vec<SpeedTrend> {
    let mut series: BTreeMap<(&str, String), Vec<Entry<'_>>> = BTreeMap::new();
    for bench in benches {
        for (nth, engine) in bench.engines.iter().enumerate() {
            let durability = engine.declarations.durability.to_string();
            series.entry((&engine.spec, durability)).or_default().push((bench, nth));
        }
    }
    let trends = series.into_iter().enumerate().map(|(nth, ((spec, durability), mut runs))| {
        runs.sort_by_key(|(bench, nth)| (age(&bench.engines[*nth].version), bench.run.date.clone()));
        of_runs(nth, spec, &durability, &runs)
    });
    trends.collect()
}

fn of_runs(nth: usize, spec: &str, durability: &str, runs: &[Entry<'_>]) -> SpeedTrend {
    let steps: Vec<BenchDiff> = runs.windows(2).map(|pair| bench_diff::of_runs(pair[0].0, pair[1].0)).collect();
    let heads: Vec<String> =
        runs.iter().map(|(bench, nth)| format!("{} ({})", bench.engines[*nth].version, bench.run.date)).collect();
    let mut workloads: Vec<(&str, &str)> = Vec::new();
    for workload in runs.iter().flat_map(|(bench, _)| &bench.workloads) {
        if !workloads.iter().any(|(name, _)| *name == workload.name) {
            workloads.push((&workload.name, &workload.title));
        }
    }
    let mut trend = SpeedTrend {
        anchor: format!("speed-{nth}"),
        name: format!("{spec} ({durability})"),
        heads,
        rows: Vec::new(),
        charts: Vec::new(),
        notes: notes(runs, &steps),
    };
    for (name, title) in workloads {
        let figures: Vec<Option<Interval>> =
            runs.iter().map(|run| figures(run, name).and_then(|figures| mean(&figures.rounds))).collect();
        let cells = figures.iter().enumerate().map(|(at, figure)| {
            let step = at.checked_sub(1).map(|before| &steps[before]);
            cell(*figure, step, name, spec)
        });
        trend.rows.push(Row { name: name.to_owned(), cells: cells.collect() });
        let bars: Vec<charts::Bar> =
            trend.heads.iter().zip(&figures).map(|(head, figure)| bar(head, *figure)).collect();
        if figures.iter().flatten().count() > 1 {
            let svg = charts::bars(&format!("{name}, calls a second of {spec}"), &bars);
            trend.charts.push(html::Chart { svg, caption: format!("{name}: {title}") });
        }
    }
    trend
}

fn bar(head: &str, figure: Option<Interval>) -> charts::Bar {
    charts::Bar { label: head.split(' ').next().unwrap_or(head).to_owned(), figure }
}

fn figures<'a>(run: &Entry<'a>, workload: &str) -> Option<&'a Figures> {
    let (bench, nth) = run;
    bench.workloads.iter().find(|found| found.name == workload)?.engines.get(*nth)
}

/// A figure, and how it stands to the one before it where that is beyond doubt.
fn cell(figure: Option<Interval>, step: Option<&BenchDiff>, workload: &str, spec: &str) -> Cell {
    let Some(figure) = figure else { return Cell { mood: Mood::Quiet, ..plain("no figure") } };
    let moved = step.and_then(|step| step.moves.iter().find(|one| one.workload == workload && one.spec == spec));
    match moved.filter(|one| one.significant()) {
        None => plain(spanned(figure)),
        Some(one) => {
            let (word, mood) = if one.ratio.middle < 1.0 { ("slower", Mood::Bad) } else { ("faster", Mood::Good) };
            Cell { mood, ..plain(format!("{}, {word}: {}", spanned(figure), spanned(one.ratio))) }
        }
    }
}

fn notes(runs: &[Entry<'_>], steps: &[BenchDiff]) -> Vec<String> {
    let mut notes = vec!["Slower and faster are said only of what is beyond the noise of both runs.".to_owned()];
    for (step, pair) in steps.iter().zip(runs.windows(2)) {
        for why in step.left_out.iter().filter(|why| why.starts_with("all figures")) {
            let [from, to] = [pair[0], pair[1]].map(|(bench, nth)| &bench.engines[nth].version);
            notes.push(format!("{from} and {to} are not compared, {why}."));
        }
    }
    notes
}
