//! A benchmark run for people: every workload with its figures, their intervals, and how each engine stands to the
//! first, as text and as Markdown.

use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::markdown::escaped;
use crate::bench::compare::{Interval, Standing, mean, noise, noise_of_run, ratio, standing};
use crate::bench::document::{BenchReport, Figures, WorkloadReport};
use crate::bench::workload;
use crate::engine::Durability;

// Writing to a String cannot fail, here and below.

/// The view for a terminal.
#[must_use]
pub fn text(report: &BenchReport) -> String {
    let mut out = format!("{}\n\n", head(report));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns(report));
    for workload in &report.workloads {
        table.add_row(row(report, workload));
    }
    let _ = writeln!(out, "{table}");
    for limit in &report.limits {
        if let Some(figure) = mean(&limit.rounds) {
            let _ = writeln!(out, "limit  {:<18} {} {} ({})", limit.name, spanned(figure), limit.unit, limit.title);
        }
    }
    for line in more(report).into_iter().chain(problems(report)) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The view for a forge.
#[must_use]
pub fn markdown(report: &BenchReport) -> String {
    let line = |cells: Vec<String>| {
        format!("| {} |\n", cells.into_iter().map(|cell| escaped(&cell)).collect::<Vec<_>>().join(" | "))
    };
    let header = columns(report);
    let mut out = format!("{}\n\n`{}`\n\n", escaped(&head(report)), report.run.command);
    let rule = "---|".repeat(header.len());
    out.push_str(&line(header));
    let _ = writeln!(out, "|{rule}");
    for workload in &report.workloads {
        out.push_str(&line(row(report, workload)));
    }
    out.push_str("\n| limit | | |\n|---|---|---|\n");
    for limit in &report.limits {
        if let Some(figure) = mean(&limit.rounds) {
            out.push_str(&line(vec![
                limit.name.clone(),
                format!("{} {}", spanned(figure), limit.unit),
                limit.title.clone(),
            ]));
        }
    }
    out.push('\n');
    for line in more(report).into_iter().chain(problems(report)) {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    out
}

pub(super) fn head(report: &BenchReport) -> String {
    let run = &report.run;
    let machine = &report.machine;
    let noise = noise_of_run(report).map_or_else(String::new, |noise| format!(" · noise up to {}", percent(noise)));
    format!(
        "calls a second, mean of {} rounds with the interval of 95 in 100 · {} keys · seed {} · stores in {} · {} {}, {} processors · {}{noise}",
        run.rounds,
        run.keys,
        run.seed,
        if run.scratch == "memory" { "memory" } else { "files on disk" },
        machine.os,
        machine.arch,
        machine.cpus,
        run.date,
    )
}

pub(super) fn columns(report: &BenchReport) -> Vec<String> {
    let engines = report.engines.iter().map(|engine| format!("{} ({})", engine.spec, engine.declarations.durability));
    ["workload".to_owned()].into_iter().chain(engines).chain(["noise".to_owned()]).collect()
}

pub(super) fn row(report: &BenchReport, workload: &WorkloadReport) -> Vec<String> {
    let mut cells = vec![workload.name.clone()];
    for nth in 0..report.engines.len() {
        cells.push(workload.engines.get(nth).map_or_else(String::new, |figures| cell(workload, figures, nth)));
    }
    cells.push(noise(workload).map_or_else(|| "not known".to_owned(), percent));
    cells
}

fn cell(workload: &WorkloadReport, figures: &Figures, nth: usize) -> String {
    let Some(figure) = mean(&figures.rounds) else {
        return if figures.problem.is_empty() { String::new() } else { "none".to_owned() };
    };
    let times = figures.latency;
    let mut cell = format!("{} · p50 {}, p99 {}", spanned(figure), time(times.p50), time(times.p99));
    if nth > 0
        && let Some(first) = workload.engines.first()
    {
        let _ = match (standing(workload, figures, first), ratio(figures, first)) {
            (Standing::Level, _) => write!(cell, " · level"),
            (Standing::Unlike, _) => write!(cell, " · not compared"),
            (_, Some(ratio)) => write!(cell, " · ×{:.2} ({:.2}–{:.2})", ratio.middle, ratio.low, ratio.high),
            (_, None) => Ok(()),
        };
    }
    cell
}

/// What stands below the table: limits of the machine, what filling took, and what has no figures.
pub(super) fn notes(report: &BenchReport) -> Vec<String> {
    let limits = report.limits.iter().filter_map(|limit| {
        let figure = mean(&limit.rounds)?;
        Some(format!("limit {}: {} {} ({})", limit.name, spanned(figure), limit.unit, limit.title))
    });
    limits.chain(more(report)).chain(problems(report)).collect()
}

/// What is told of filling a store beside its speed.
fn more(report: &BenchReport) -> Vec<String> {
    let behind = report.engines.iter().filter(|engine| engine.protocol);
    let mut lines: Vec<String> = behind
        .map(|engine| format!("{}: behind the engine protocol, whose JSON and pipes are in its figures", engine.spec))
        .collect();
    for workload in report.workloads.iter().filter(|workload| workload.name.starts_with("load")) {
        for figures in &workload.engines {
            let mut words = Vec::new();
            if let Some(space) = figures.space {
                words.push(format!("{space:.2} octets on disk for each octet of its pairs"));
            }
            if let Some(writes) = figures.write_amplification {
                words.push(format!("{writes:.2} written"));
            }
            if let Some(memory) = figures.memory {
                words.push(format!("{:.0} MiB of memory at most", memory as f64 / 1024.0 / 1024.0));
            }
            if !words.is_empty() {
                lines.push(format!("{}, {}: {}", workload.name, figures.spec, words.join(", ")));
            }
        }
    }
    lines
}

fn problems(report: &BenchReport) -> Vec<String> {
    let all =
        report.workloads.iter().flat_map(|workload| workload.engines.iter().map(move |figures| (workload, figures)));
    all.filter(|(_, figures)| !figures.problem.is_empty())
        .map(|(workload, figures)| format!("{}, {}: {}", workload.name, figures.spec, figures.problem))
        .collect()
}

/// What the machine itself allows of a workload: the limit's name, and calls a second. None of what is no single kind of
/// call, and of workloads that this version does not have.
pub(super) fn limit(run: &BenchReport, workload: &WorkloadReport) -> Option<(&'static str, f64)> {
    let done = workload::builtin().ok()?.into_iter().find(|done| done.name == workload.name)?;
    let figure = |name: &str| run.limits.iter().find(|limit| limit.name == name).and_then(|limit| mean(&limit.rounds));
    let mut told = workload.engines.iter().filter(|engine| !engine.rounds.is_empty());
    let synced = told.all(|engine| engine.durability == Some(Durability::PowerLoss));
    let (name, of_call) = match (done.gets(), done.puts()) {
        (Some(pairs), _) => ("map-get", f64::from(pairs)),
        (None, Some(_)) if synced => ("append-fdatasync", 1.0),
        (None, Some(octets)) => ("sequential-write", octets as f64 / f64::from(1 << 20)),
        (None, None) => return None,
    };
    Some((name, figure(name)?.middle / of_call))
}

/// A figure with its interval.
#[must_use]
pub fn spanned(figure: Interval) -> String {
    format!("{} ({}–{})", short(figure.middle), short(figure.low), short(figure.high))
}

/// A number to three digits: `1.23 M`.
#[must_use]
pub fn short(number: f64) -> String {
    let (scaled, unit) = match number {
        // What would be rounded up to four digits is told in the next unit.
        _ if number >= 999_500.0 => (number / 1e6, " M"),
        _ if number >= 1e4 => (number / 1e3, " k"),
        _ => (number, ""),
    };
    let digits = if scaled >= 99.95 {
        0
    } else if scaled >= 9.995 {
        1
    } else {
        2
    };
    format!("{scaled:.digits$}{unit}")
}

/// Nanoseconds in the unit that suits them.
#[must_use]
pub fn time(nanoseconds: u64) -> String {
    let number = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", number / 1e6),
        _ => format!("{:.1} s", number / 1e9),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
