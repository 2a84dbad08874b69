//! Several engines side by side, as rows of cells: what the Markdown page and the HTML page both show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{ClauseReport, ClauseVerdict, EngineVerdict, Report};
use crate::contract::{Area, Contract};
use crate::engine::Target;

/// How a cell is to be taken. Its text says the same.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Worth a look.
    Warn,
    /// Of no weight.
    Quiet,
    /// None of these.
    #[default]
    #[serde(rename = "")]
    Plain,
}

/// One engine's entry in a row. The text is not escaped.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How it is to be taken.
    #[serde(rename = "class")]
    pub mood: Mood,
    /// Where more is told: the place of the engine's failures on the page; empty when nowhere.
    pub link: String,
}

/// A row: its name, and a cell for each engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What the row is about; not escaped.
    pub name: String,
    /// A cell for each engine.
    pub cells: Vec<Cell>,
}

/// An area of the contract with a row for each clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaRows {
    /// Its heading.
    pub title: String,
    /// Its clauses.
    pub rows: Vec<Row>,
}

/// Where on a page the failures of the `nth` engine are.
#[must_use]
pub fn anchor(nth: usize) -> String {
    format!("failed-{nth}")
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), ..Cell::default() }
}

fn row(name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) -> Row {
    Row { name: name.into(), cells: cells.into_iter().collect() }
}

/// Versions, verdicts, counts and declarations.
#[must_use]
pub fn verdicts(reports: &[Report]) -> Vec<Row> {
    let each = |of: &dyn Fn(&Report) -> String| reports.iter().map(|report| plain(of(report))).collect::<Vec<_>>();
    let counts = |report: &Report| {
        let counts: Vec<String> = report.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        counts.join(", ")
    };
    let log = |report: &Report| if report.engine.declarations.batch_log { "kept" } else { "none" }.to_owned();
    vec![
        row("version", each(&|report| report.engine.version.clone())),
        row("conforms to trait", conforming(reports, Target::Trait)),
        row("conforms to served", conforming(reports, Target::Served)),
        row("checks", each(&counts)),
        row("batch log, declared", each(&log)),
        row("durability, declared", each(&|report| report.engine.declarations.durability.to_string())),
        row("durability, demonstrated", each(&demonstrated)),
        row("rot", each(&rot)),
        row("frontier, declared", each(&|report| report.engine.declarations.frontier.to_string())),
    ]
}

/// What survived how many kills and power failures.
fn demonstrated(report: &Report) -> String {
    let Some(durability) = &report.durability else { return "not measured".to_owned() };
    let power = durability.power.map_or_else(String::new, |power| format!(", {} images", power.images));
    format!("{} ({} kills{power})", durability.demonstrated, durability.damage.kills)
}

/// Whether changed files were noticed.
fn rot(report: &Report) -> String {
    let rot = report.durability.as_ref().and_then(|durability| durability.rot);
    rot.map_or_else(|| "not measured".to_owned(), |rot| format!("{} silent of {}", rot.silent, rot.rotted))
}

fn conforming(reports: &[Report], target: Target) -> Vec<Cell> {
    let cell = |report: &Report| {
        let Some(verdicts) = report.verdicts else {
            return Cell { mood: Mood::Quiet, ..plain("a selection: no verdict") };
        };
        let verdict = verdicts.at(target);
        let mood = match verdict {
            EngineVerdict::Conformant => Mood::Good,
            EngineVerdict::NonConformant => Mood::Bad,
            EngineVerdict::Partial | EngineVerdict::Incomplete => Mood::Warn,
        };
        Cell { mood, ..plain(verdict.to_string()) }
    };
    reports.iter().map(cell).collect()
}

/// Guarantees with the number of replies behind them; none when no report measured any.
#[must_use]
pub fn guarantees(reports: &[Report]) -> Vec<Row> {
    let all: Vec<_> =
        reports.iter().map(|report| report.guarantees.as_ref().map(crate::stress::Guarantees::rows)).collect();
    let Some(some) = all.iter().flatten().next() else { return Vec::new() };
    let cell = |rows: &Option<Vec<crate::stress::guarantees::Row>>, nth: usize| match rows {
        Some(rows) => plain(format!("{} (of {})", rows[nth].seen, rows[nth].of)),
        None => Cell { mood: Mood::Quiet, ..plain("not measured") },
    };
    let rows = some.iter().enumerate();
    rows.map(|(nth, first)| row(format!("{} ({})", first.name, first.clause), all.iter().map(|rows| cell(rows, nth))))
        .collect()
}

/// What was observed where the contract is open.
#[must_use]
pub fn behaviours(reports: &[Report]) -> Vec<Row> {
    let mut titles: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for seen in reports.iter().flat_map(|report| &report.behaviours) {
        titles.insert((&seen.clause, &seen.name), &seen.title);
    }
    let cell = |report: &Report, clause: &str, name: &str| {
        let seen = report.behaviours.iter().find(|seen| seen.name == name && seen.clause == clause);
        seen.map_or_else(|| Cell { mood: Mood::Quiet, ..plain("not seen") }, |seen| plain(&seen.observed))
    };
    let row_of = |((clause, name), title): ((&str, &str), &str)| {
        let title = if clause.is_empty() { title.to_owned() } else { format!("{title} ({clause})") };
        row(title, reports.iter().map(|report| cell(report, clause, name)))
    };
    titles.into_iter().map(row_of).collect()
}

/// Every clause of the contract, by area.
#[must_use]
pub fn clauses(reports: &[Report]) -> Vec<AreaRows> {
    let of_area = |area: &Area| AreaRows {
        title: area.title.clone(),
        rows: area
            .clauses
            .iter()
            .map(|clause| {
                let cells = reports.iter().enumerate().map(|(nth, report)| {
                    let found = report.clauses.iter().find(|found| found.id == clause.id);
                    found.map_or_else(|| plain("not in its suite"), |found| verdict(nth, found))
                });
                row(format!("{} {}", clause.id, clause.title), cells)
            })
            .collect(),
    };
    Contract::get().areas.iter().map(of_area).collect()
}

fn verdict(nth: usize, clause: &ClauseReport) -> Cell {
    let level = clause.level.map_or_else(String::new, |level| format!(" ({level})"));
    let text = clause.verdict.to_string();
    match clause.verdict {
        ClauseVerdict::Pass => Cell { mood: Mood::Good, ..plain(format!("{text}{level}")) },
        ClauseVerdict::Fail => Cell {
            text: format!("FAIL{level}: {} of {} checks", clause.failed, clause.checks),
            mood: Mood::Bad,
            link: anchor(nth),
        },
        ClauseVerdict::Deviates => Cell { mood: Mood::Warn, ..plain(format!("{text}{level}")) },
        ClauseVerdict::Untested => Cell { mood: Mood::Quiet, ..plain(format!("{text}{level}")) },
        ClauseVerdict::NotBinding => Cell { mood: Mood::Quiet, ..plain(text) },
    }
}

/// What every column stands on.
#[must_use]
pub fn provenance(reports: &[Report]) -> Vec<Row> {
    let each = |name: &str, of: &dyn Fn(&Report) -> String| row(name, reports.iter().map(|report| plain(of(report))));
    let machine = |report: &Report| {
        let machine = &report.machine;
        format!("{} {}, {} processors", machine.os, machine.arch, machine.cpus)
    };
    vec![
        each("storecheck", &|report| report.storecheck.clone()),
        each("contract", &|report| format!("{} ({})", report.contract, report.contract_hash)),
        each("scenarios", &|report| report.run.suite.clone()),
        each("profile, target", &|report| format!("{}, {}", report.run.profile, report.run.target)),
        each("seed", &|report| report.run.seed.clone()),
        each("stores", &|report| format!("in {}", report.run.scratch)),
        each("machine", &machine),
        each("command", &|report| report.run.command.clone()),
    ]
}
