//! `mutants --wire`: what a client of the published server sees of engines that break what it needs.
//!
//! Mutants that break a SERVED clause are put behind the server and meet the family `wire`, and, if they live on, the
//! scenarios and random programs that cover what they break, a few at a time until one kills. One that survives all of
//! them fails the run, unless its definition says why no client can see what is wrong with it, or clients must meet by
//! chance. A check that kills none of them then meets the mutants that break a clause it covers, until it has killed
//! one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use super::{MutantsArgs, kills, wanted};
use crate::cli::exit::Exit;
use crate::cli::gallery::Gallery;
use crate::cli::{Failure, Registry, engines, output, wired};
use crate::contract::{Contract, Family, Level};
use crate::engine::{Mutant, Target};
use crate::report::{CheckReport, CheckVerdict, Report};
use crate::suite::{self, Check};

/// Checks that a mutant meets at a time, where the first kill ends it.
const FEW: usize = 16;

/// What became of the mutants.
#[derive(Debug, Serialize)]
struct Table {
    format: u32,
    storecheck: String,
    checks: usize,
    mutants: Vec<Row>,
    /// Checks that kill no mutant.
    idle: Vec<String>,
    seconds: f64,
}

/// What became of one.
#[derive(Debug, Serialize)]
struct Row {
    mutant: String,
    line: String,
    breaks: Vec<String>,
    kills: Vec<String>,
    /// Of the scenarios that cover what it breaks, those that the wire does not carry.
    not_carried: usize,
    /// Why no client need see what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    excused: Option<&'static str>,
    /// What the first of these checks says.
    seen: Option<Seen>,
}

/// What a client sees.
#[derive(Debug, Serialize)]
struct Seen {
    clause: String,
    action: String,
    expected: String,
    got: String,
}

fn breaks_served(mutant: &Mutant) -> bool {
    let served = |id: &str| {
        Contract::get().clause(id).is_some_and(|clause| clause.rules.iter().any(|rule| rule.level == Level::Served))
    };
    mutant.family.is_none() && mutant.breaks.iter().any(|id| served(id))
}

pub(super) fn run(registry: &Registry, args: &MutantsArgs, gallery: &Gallery<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    wired::build(registry)?;
    let mut checks = suite::over_the_wire(Vec::new());
    checks.retain(|check| args.check.is_empty() || crate::cli::select::matches(&args.check, &check.id));
    let named = !args.mutant.is_empty();
    let of_interest = |mutant: &&Mutant| if named { wanted(args, mutant) } else { breaks_served(mutant) };
    let mut table = Table {
        format: 1,
        storecheck: env!("CARGO_PKG_VERSION").to_owned(),
        checks: checks.len(),
        mutants: Vec::new(),
        idle: Vec::new(),
        seconds: 0.0,
    };
    for mutant in registry.mutants.iter().filter(of_interest) {
        table.meet(registry, gallery, mutant, &checks)?;
    }
    if args.check.is_empty() {
        table.meet_more(registry, args, gallery)?;
    }
    table.survivors().for_each(|row| output::print(&row.text()));
    for check in &checks {
        let killing = |row: &Row| row.kills.contains(&check.id);
        let mut alive = !table.mutants.iter().any(killing);
        for mutant in registry.mutants.iter().filter(|mutant| !named && !mutant.hostile && related(mutant, check)) {
            if !alive {
                break;
            }
            alive = !table.meet(registry, gallery, mutant, std::slice::from_ref(check))?;
        }
        if alive && !named {
            table.idle.push(check.id.clone());
        }
    }
    table.seconds = started.elapsed().as_secs_f64();
    output::print(&table.summary());
    if let Some(folder) = &args.report {
        table.write(folder)?;
    }
    let whole = args.check.is_empty();
    let right = table.idle.is_empty() && !(whole && table.survivors().any(|row| row.excused.is_none()));
    Ok(if right { Exit::Conforms } else { Exit::DoesNotConform })
}

/// Why the mutant may survive.
fn excused(mutant: &Mutant) -> Option<&'static str> {
    mutant.beyond_the_wire.or_else(|| mutant.concurrent.then_some("it is right until clients meet, by chance"))
}

/// The mutant behind the server, which was built before.
fn found(registry: &Registry, spec: &str) -> Result<engines::Found, Failure> {
    engines::find(registry, spec).ok_or_else(|| Failure::new(Exit::CannotStart, format!("{spec} is not to be had")))
}

fn related(mutant: &Mutant, check: &Check) -> bool {
    let ours = |id: &str| check.clauses.iter().any(|clause| clause.as_str() == id);
    mutant.family.is_none() && mutant.breaks.iter().any(|id| ours(id))
}

/// Whether the check makes calls that go through the server.
fn through(check: &Check) -> bool {
    matches!(check.family, Family::Scenario | Family::Property)
}

impl Table {
    /// Has the checks made on the mutant behind the server; whether one kills it.
    fn meet(
        &mut self,
        registry: &Registry,
        gallery: &Gallery<'_>,
        mutant: &Mutant,
        checks: &[Check],
    ) -> Result<bool, Failure> {
        let spec = format!("wire:mutant:{}", mutant.engine.name());
        let found = found(registry, &spec)?;
        let report = gallery.judge(&found.spec, &found.engine, Target::Served, checks, checks.len())?;
        let (kills, _) = kills(&report, mutant);
        let killed = !kills.is_empty();
        let row = Row {
            mutant: mutant.engine.name().to_owned(),
            line: mutant.line.to_owned(),
            breaks: mutant.breaks.iter().map(|id| (*id).to_owned()).collect(),
            seen: seen(&report, mutant),
            not_carried: 0,
            excused: excused(mutant),
            kills,
        };
        if killed {
            output::print(&row.text());
        }
        // A mutant that met a single check for that check's sake, and lived, says nothing.
        if killed || checks.len() > 1 {
            self.mutants.push(row);
        }
        Ok(killed)
    }

    /// Has the scenarios that cover a clause of theirs made, through the server, on the mutants that live on.
    fn meet_more(&mut self, registry: &Registry, args: &MutantsArgs, gallery: &Gallery<'_>) -> Result<(), Failure> {
        let mut suite = crate::cli::select::load_suite(args.profile, Vec::new())?;
        crate::cli::gallery::search(&mut suite, args.searches);
        let suite = suite::over_the_wire(suite);
        for row in self.mutants.iter_mut().filter(|row| row.kills.is_empty()) {
            let Some(mutant) = registry.mutants.iter().find(|mutant| mutant.engine.name() == row.mutant) else {
                continue;
            };
            let checks: Vec<Check> =
                suite.iter().filter(|check| through(check) && related(mutant, check)).cloned().collect();
            let found = found(registry, &format!("wire:mutant:{}", row.mutant))?;
            // One kill is enough to know of.
            for few in checks.chunks(FEW) {
                let report = gallery.judge(&found.spec, &found.engine, Target::Served, few, few.len())?;
                let not_carried = |check: &&CheckReport| check.verdict == CheckVerdict::NotCarried;
                row.not_carried += report.checks.iter().filter(not_carried).count();
                (row.kills, row.seen) = (kills(&report, mutant).0, seen(&report, mutant));
                if !row.kills.is_empty() {
                    break;
                }
            }
            if !row.kills.is_empty() {
                output::print(&row.text());
            }
        }
        Ok(())
    }

    fn survivors(&self) -> impl Iterator<Item = &Row> {
        self.mutants.iter().filter(|row| row.kills.is_empty())
    }

    fn summary(&self) -> String {
        let killed = self.mutants.iter().filter(|row| !row.kills.is_empty()).count();
        let names: BTreeSet<&str> = self.mutants.iter().map(|row| row.mutant.as_str()).collect();
        let mut text = format!(
            "\n{killed} of {} mutants killed by {} checks of the wire in {:.1} s",
            names.len(),
            self.checks,
            self.seconds
        );
        for id in &self.idle {
            let _ = write!(text, "\n{id} kills no mutant");
        }
        text
    }

    fn write(&self, folder: &std::path::Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Incomplete, format!("the table cannot be written to {}: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let json = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        std::fs::write(folder.join("mutants-wire.json"), json).map_err(|error| failed(&error))?;
        std::fs::write(folder.join("mutants-wire.md"), self.markdown()).map_err(|error| failed(&error))
    }

    fn markdown(&self) -> String {
        let mut page = format!(
            "# What a client of the server sees\n\n{}.\n\n\
             | mutant | what is wrong with it | breaks | checks that kill it | a client asks | and sees | where it should |\n\
             |---|---|---|---|---|---|---|\n",
            self.summary().trim().replace('\n', "; ")
        );
        for row in &self.mutants {
            let cell = |text: &str| crate::report::markdown::escaped(text);
            let (action, got, expected) =
                row.seen.as_ref().map_or(("", "survived", row.excused.unwrap_or_default()), |seen| {
                    (seen.action.as_str(), seen.got.as_str(), seen.expected.as_str())
                });
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {} | {} | {} |",
                row.mutant,
                cell(&row.line),
                row.breaks.join(" "),
                row.kills.join(" "),
                cell(action),
                cell(got),
                cell(expected)
            );
        }
        page
    }
}

impl Row {
    fn text(&self) -> String {
        match &self.seen {
            None => {
                let why = self.excused.unwrap_or("no reason is known");
                format!(
                    "survives  {:<40} {}: {why} ({} scenarios not carried)",
                    self.mutant, self.line, self.not_carried
                )
            }
            Some(seen) => format!(
                "killed    {:<40} by {}\n          {} {}\n          expected  {}\n          got       {}",
                self.mutant,
                self.kills.join(" "),
                seen.clause,
                seen.action,
                seen.expected,
                seen.got
            ),
        }
    }
}

/// The first finding that names a clause of the mutant's.
fn seen(report: &Report, mutant: &Mutant) -> Option<Seen> {
    let mut failures = report.checks.iter().flat_map(|check| &check.failures);
    failures.find_map(|failure| {
        let clause = failure.finding.clauses.iter().find(|clause| mutant.breaks.contains(&clause.as_str()))?;
        Some(Seen {
            clause: clause.as_str().to_owned(),
            action: failure.action.clone(),
            expected: failure.finding.expected.clone(),
            got: failure.finding.got.clone(),
        })
    })
}
