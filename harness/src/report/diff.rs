//! What changed from one report to another, and whose doing it is: the engine's, the suite's, the declarations', or the
//! surroundings'. Only what the engine did is a regression: a check that was added cannot have been passed before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::document::{CheckReport, CheckVerdict, Report};
use super::markdown::escaped;
use crate::engine::Declarations;

/// Whose doing a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The engine: the same check, asked the same, came out differently.
    Engine,
    /// What the engine declares, which decides what it is asked.
    Declarations,
    /// The suite: checks came, went or may have changed.
    Suite,
    /// How and where the run was made.
    Surroundings,
}

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// For the worse.
    Worse,
    /// For the better.
    Better,
    /// Neither.
    Other,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose doing it is.
    pub cause: Cause,
    /// Which way it goes.
    pub way: Way,
    /// What changed: a check's id, or what else.
    pub what: String,
    /// How it was.
    pub from: String,
    /// How it is.
    pub to: String,
}

/// All that changed, the engine's doing first.
#[must_use]
pub fn of_reports(base: &Report, head: &Report) -> Vec<Change> {
    let mut changes = surroundings(base, head);
    changes.extend(declared(&base.engine.declarations, &head.engine.declarations));
    let redeclared = base.engine.declarations != head.engine.declarations;
    let by_id = |report: &Report| -> BTreeMap<String, CheckReport> {
        report.checks.iter().map(|check| (check.id.clone(), check.clone())).collect()
    };
    let (before, after) = (by_id(base), by_id(head));
    for (id, check) in &after {
        match before.get(id) {
            None => changes.push(came_or_went(id, "not there", &check.verdict.to_string())),
            Some(old) if old.verdict != check.verdict => changes.push(verdict(old, check, redeclared)),
            Some(_) => {}
        }
    }
    for (id, check) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        changes.push(came_or_went(id, &check.verdict.to_string(), "not there"));
    }
    changes.extend(observed(base, head));
    changes.sort_by(|a, b| (a.cause, a.way, &a.what).cmp(&(b.cause, b.way, &b.what)));
    changes
}

/// Whether the engine did something for the worse.
#[must_use]
pub fn regressed(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.cause == Cause::Engine && change.way == Way::Worse)
}

fn change(cause: Cause, way: Way, what: &str, from: &dyn ToString, to: &dyn ToString) -> Change {
    Change { cause, way, what: what.to_owned(), from: from.to_string(), to: to.to_string() }
}

fn came_or_went(id: &str, from: &str, to: &str) -> Change {
    change(Cause::Suite, Way::Other, id, &from, &to)
}

/// A check that both have, with another verdict.
fn verdict(old: &CheckReport, new: &CheckReport, redeclared: bool) -> Change {
    let asked_otherwise = old.verdict == CheckVerdict::Refused || new.verdict == CheckVerdict::Refused;
    let cause = match (old.verdict, new.verdict) {
        _ if redeclared && asked_otherwise => Cause::Declarations,
        // What was not run, or not by fault of the engine, says nothing of it.
        (CheckVerdict::Skipped | CheckVerdict::NotCarried | CheckVerdict::Unavailable | CheckVerdict::Error, _)
        | (_, CheckVerdict::Skipped | CheckVerdict::NotCarried | CheckVerdict::Unavailable | CheckVerdict::Error) => {
            Cause::Surroundings
        }
        _ => Cause::Engine,
    };
    let way = match (old.verdict.is_failure(), new.verdict.is_failure()) {
        (false, true) => Way::Worse,
        (true, false) => Way::Better,
        _ => Way::Other,
    };
    change(cause, way, &new.id, &old.verdict, &new.verdict)
}

fn declared(base: &Declarations, head: &Declarations) -> Vec<Change> {
    let log = |kept: bool| if kept { "kept" } else { "none" };
    let all = [
        ("batch log", log(base.batch_log).to_owned(), log(head.batch_log).to_owned()),
        ("durability", base.durability.to_string(), head.durability.to_string()),
        ("frontier", base.frontier.to_string(), head.frontier.to_string()),
    ];
    let different = all.into_iter().filter(|(_, from, to)| from != to);
    different.map(|(what, from, to)| change(Cause::Declarations, Way::Other, what, &from, &to)).collect()
}

fn surroundings(base: &Report, head: &Report) -> Vec<Change> {
    let machine = |report: &Report| {
        let machine = &report.machine;
        format!("{} {}, {} processors", machine.os, machine.arch, machine.cpus)
    };
    let all = [
        (Cause::Engine, "name", base.engine.name.clone(), head.engine.name.clone()),
        (Cause::Engine, "version", base.engine.version.clone(), head.engine.version.clone()),
        (Cause::Suite, "contract", base.contract_hash.clone(), head.contract_hash.clone()),
        (Cause::Suite, "scenarios", base.run.suite.clone(), head.run.suite.clone()),
        (Cause::Suite, "storecheck", base.storecheck.clone(), head.storecheck.clone()),
        (Cause::Surroundings, "machine", machine(base), machine(head)),
        (Cause::Surroundings, "profile", base.run.profile.to_string(), head.run.profile.to_string()),
        (Cause::Surroundings, "target", base.run.target.to_string(), head.run.target.to_string()),
        (Cause::Surroundings, "seed", base.run.seed.clone(), head.run.seed.clone()),
        (Cause::Surroundings, "stores in", base.run.scratch.clone(), head.run.scratch.clone()),
        (Cause::Surroundings, "selection", base.run.selection.join(" "), head.run.selection.join(" ")),
    ];
    let different = all.into_iter().filter(|(_, _, from, to)| from != to);
    different.map(|(cause, what, from, to)| change(cause, Way::Other, what, &from, &to)).collect()
}

/// What is observed where the contract is open, as far as both observed it.
fn observed(base: &Report, head: &Report) -> Vec<Change> {
    let before: BTreeMap<&str, &str> =
        base.behaviours.iter().map(|seen| (seen.name.as_str(), seen.observed.as_str())).collect();
    let mut changes = Vec::new();
    for seen in &head.behaviours {
        if let Some(old) = before.get(seen.name.as_str()).filter(|old| **old != seen.observed) {
            changes.push(change(Cause::Engine, Way::Other, &seen.title, old, &seen.observed));
        }
    }
    changes
}

/// The changes for a comment on a pull request.
#[must_use]
pub fn markdown(base: &Report, head: &Report, changes: &[Change]) -> String {
    let verdict = |report: &Report| {
        let at_target = report.verdicts.map(|verdicts| verdicts.at(report.run.target).to_string());
        at_target.unwrap_or_else(|| "a selection".to_owned())
    };
    let worse = changes.iter().filter(|change| change.cause == Cause::Engine && change.way == Way::Worse).count();
    let better = changes.iter().filter(|change| change.cause == Cause::Engine && change.way == Way::Better).count();
    let mut out = format!(
        "**{}**: {} → {} · {worse} broken · {better} fixed\n",
        escaped(&head.engine.name),
        verdict(base),
        verdict(head)
    );
    let rooms = [
        (Cause::Engine, "The engine"),
        (Cause::Declarations, "What it declares"),
        (Cause::Suite, "The suite (no regression)"),
        (Cause::Surroundings, "The run"),
    ];
    for (cause, title) in rooms {
        let mut of_cause = changes.iter().filter(|change| change.cause == cause).peekable();
        if of_cause.peek().is_none() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(out, "\n{title}\n\n| | what | was | is |\n|---|---|---|---|\n");
        for Change { way, what, from, to, .. } in of_cause {
            let way = match way {
                Way::Worse => "broken",
                Way::Better => "fixed",
                Way::Other => "",
            };
            let _ = writeln!(out, "| {way} | {} | {} | {} |", escaped(what), escaped(from), escaped(to));
        }
    }
    if changes.is_empty() {
        out.push_str("\nNothing changed.\n");
    }
    out
}
