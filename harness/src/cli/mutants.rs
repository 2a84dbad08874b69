//! `mutants`: the suite judged by engines that are known to be wrong.
//!
//! A mutant is killed when a check fails on it for a clause that it names. A kill backs the clauses that both name. A
//! mutant on which nearly a third of all checks fail is broad: it says little about any clause or check, so it backs
//! no clause, puts no scenario to work, and is not run further.
//!
//! What one client sees to be wrong needs no others: stress checks meet only the mutants of concurrency, and a family
//! of damage only those that belong to it, which meet no other.
//!
//! All mutants meet the checks of the quick profile. Those of larger profiles are slow, so they meet only the mutants
//! that live on, and, until it has killed one, each scenario the mutants that break a clause it covers.

pub(super) mod damage;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::gallery::{self, Gallery};
use super::{Failure, Registry, conform, output, select};
use crate::contract::{ClauseId, Contract, Family, Level};
use crate::engine::{Mutant, Target};
use crate::process::Limits;
use crate::report::{CheckReport, CheckVerdict, Report};
use crate::scenario::Profile;
use crate::suite::Check;

/// A mutant that fails a larger share of all checks backs no clause.
const NARROW_SHARE_MAX: f64 = 0.3;

#[derive(Debug, Args)]
pub(super) struct MutantsArgs {
    /// Only mutants whose name matches; what kills nothing is then not judged.
    #[arg(long, value_name = "GLOB")]
    mutant: Vec<String>,
    /// Only checks whose id matches, to see what they kill alone; what kills nothing is then not judged.
    #[arg(long, value_name = "GLOB")]
    check: Vec<String>,
    /// Behind the published server, by the family wire alone: what its clients see of the mutants that break what it needs.
    #[arg(long)]
    wire: bool,
    /// Seconds that a failing program may be shrunk.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    shrink: u64,
    /// How much work.
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// How many random programs the searches run: a gallery has many engines.
    #[arg(long, value_enum, default_value_t = Profile::Quick, value_name = "PROFILE")]
    searches: Profile,
    /// What random programs and the order of checks are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Workers at a time.
    #[arg(long)]
    jobs: Option<usize>,
    /// The folder for mutants.json and mutants.md.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// The kill matrix.
#[derive(Debug, Serialize)]
struct Matrix {
    format: u32,
    storecheck: String,
    profile: Profile,
    checks: usize,
    mutants: Vec<Row>,
    /// Scenarios that kill no mutant but broad ones.
    idle: Vec<String>,
    /// MUST clauses that scenarios or damage can show and no kill backs.
    unbacked: Vec<ClauseId>,
    seconds: f64,
}

/// What became of one mutant.
#[derive(Debug, Serialize)]
struct Row {
    mutant: String,
    line: String,
    hostile: bool,
    breaks: Vec<String>,
    killed: bool,
    /// So many checks fail that a kill says nothing about the check.
    broad: bool,
    /// Checks that were run to a verdict.
    checks: usize,
    /// Checks that failed, and those of them that name a clause the mutant breaks.
    failed: usize,
    kills: Vec<String>,
    /// The clauses that the kills back; none when too many checks failed.
    backs: BTreeSet<ClauseId>,
    /// Calls that the searches made until one killed it, taking them in the suite's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    /// The steps of the shortest program that kills it.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortest: Option<u64>,
    /// Checks left without a verdict.
    errors: usize,
    seconds: f64,
}

pub(super) fn run(registry: &Registry, args: &MutantsArgs) -> Result<Exit, Failure> {
    let gallery = Gallery {
        program: registry.program,
        profile: args.profile,
        limits: Limits {
            call: Duration::from_secs(2),
            check: Duration::from_secs(20),
            frontier: Duration::from_millis(50),
            memory: 1 << 30,
            ..Limits::default()
        },
        jobs: args.jobs.unwrap_or_else(conform::processors),
        seed: args.seed,
        shrink: Duration::from_secs(args.shrink),
    };
    if args.wire {
        return wire::run(registry, args, &gallery);
    }
    let mut checks = select::load_suite(args.profile, Vec::new())?;
    gallery::search(&mut checks, args.searches);
    checks.retain(|check| args.check.is_empty() || select::matches(&args.check, &check.id));
    if checks.is_empty() {
        return Err(Failure::new(Exit::NothingRan, "no check matches --check"));
    }
    let (chosen, waiting): (Vec<&Mutant>, Vec<&Mutant>) =
        registry.mutants.iter().filter(|mutant| wanted(args, mutant)).partition(|mutant| damage::within_reach(mutant));
    if chosen.is_empty() {
        return Err(Failure::new(
            Exit::NothingRan,
            format!("no mutant matches; `{} engines` lists them", registry.program),
        ));
    }
    let (quick, large): (Vec<Check>, Vec<Check>) =
        checks.iter().cloned().partition(|check| check.profile == Profile::Quick);
    let started = Instant::now();
    let mut rows = Vec::with_capacity(chosen.len());
    for mutant in &chosen {
        let (quick, large) = (suited(mutant, &quick), suited(mutant, &large));
        // Only when --check leaves nothing but stress checks.
        if quick.is_empty() && large.is_empty() {
            continue;
        }
        let mut row = Row::of(mutant);
        row.meet(&gallery, mutant, &quick)?;
        if !row.killed && mutant.family.is_some() {
            damage::harder(&mut row, &gallery, mutant, &quick)?;
        } else if !row.killed {
            row.meet(&gallery, mutant, &large)?;
        }
        output::print(&line(&row));
        rows.push(row);
    }
    let whole = args.mutant.is_empty() && args.check.is_empty();
    if whole {
        put_to_work(&gallery, &chosen, &mut rows, &large)?;
    }
    let matrix = matrix(args, &checks, rows, whole, started.elapsed());
    output::print(&summary(&matrix));
    for mutant in waiting {
        let clauses = mutant.breaks.join(" ");
        output::print(&format!(
            "not judged: {} breaks only {clauses}, which no family of this version shows",
            mutant.engine.name()
        ));
    }
    if let Some(folder) = &args.report {
        write(folder, &matrix)?;
    }
    let survivors = matrix.mutants.iter().any(|row| !row.killed);
    let wrong = survivors || (whole && !(matrix.idle.is_empty() && matrix.unbacked.is_empty()));
    Ok(if wrong { Exit::DoesNotConform } else { Exit::Conforms })
}

/// The checks that the mutant is to meet.
fn suited(mutant: &Mutant, checks: &[Check]) -> Vec<Check> {
    let suits = |check: &&Check| match (mutant.family, check.family) {
        (Some(family), of) => of == family,
        (None, Family::Stress) => mutant.concurrent,
        (None, of) => !damage::is_damage(of),
    };
    checks.iter().filter(suits).cloned().collect()
}

fn wanted(args: &MutantsArgs, mutant: &Mutant) -> bool {
    let name = mutant.engine.name();
    args.mutant.is_empty() || args.mutant.iter().any(|glob| wildmatch::WildMatch::new(glob).matches(name))
}

impl Row {
    fn of(mutant: &Mutant) -> Self {
        Self {
            mutant: mutant.engine.name().to_owned(),
            line: mutant.line.to_owned(),
            hostile: mutant.hostile,
            breaks: mutant.breaks.iter().map(|id| (*id).to_owned()).collect(),
            killed: false,
            broad: false,
            checks: 0,
            failed: 0,
            kills: Vec::new(),
            backs: BTreeSet::new(),
            calls: None,
            shortest: None,
            errors: 0,
            seconds: 0.0,
        }
    }

    /// Runs `checks` on the mutant.
    fn meet(&mut self, gallery: &Gallery<'_>, mutant: &Mutant, checks: &[Check]) -> Result<(), Failure> {
        let started = Instant::now();
        let failures_max = (NARROW_SHARE_MAX * checks.len().max(20) as f64) as usize;
        let spec = format!("mutant:{}", mutant.engine.name());
        let report = gallery.judge(&spec, &mutant.engine, Target::Served, checks, failures_max)?;
        let failed = report.checks.iter().filter(|check| check.verdict.is_failure()).count();
        let (kills, backs) = kills(&report, mutant);
        self.killed |= !kills.is_empty();
        (self.calls, self.shortest) =
            self.calls.map_or_else(|| searched(&report, &kills), |calls| (Some(calls), self.shortest));
        self.kills.extend(kills);
        self.broad |= failed > failures_max;
        if !self.broad {
            self.backs.extend(backs);
            self.errors += report.checks.iter().filter(|check| check.verdict == CheckVerdict::Error).count();
        }
        self.failed += failed;
        self.checks += report.checks.iter().filter(|check| check.verdict != CheckVerdict::Error).count();
        self.seconds += started.elapsed().as_secs_f64();
        Ok(())
    }
}

/// Calls until a search killed the mutant, and the steps of the shortest program that any search found.
fn searched(report: &Report, kills: &[String]) -> (Option<u64>, Option<u64>) {
    let searches: Vec<_> = report.checks.iter().filter(|check| check.search.is_some()).collect();
    let killing = |check: &&&CheckReport| kills.contains(&check.id);
    let Some(first) = searches.iter().position(|check| killing(&check)) else { return (None, None) };
    let calls = searches[..=first].iter().map(|check| check.calls).sum();
    let found = searches.iter().filter(killing).filter_map(|check| check.search.as_ref()?.found.as_ref());
    (Some(calls), found.map(|found| found.shortest).min())
}

/// Lets every large scenario that has killed nothing yet meet the mutants that break a clause it covers, until one dies
/// of it.
fn put_to_work(gallery: &Gallery<'_>, mutants: &[&Mutant], rows: &mut [Row], large: &[Check]) -> Result<(), Failure> {
    let scenarios: BTreeSet<&str> = large.iter().map(Check::scenario).collect();
    for scenario in scenarios {
        let checks: Vec<Check> = large.iter().filter(|check| check.scenario() == scenario).cloned().collect();
        let kills = |row: &Row| row.kills.iter().any(|id| id.split('#').next() == Some(scenario));
        for (mutant, row) in mutants.iter().zip(rows.iter_mut()) {
            let related = checks.iter().flat_map(|check| &check.clauses).any(|id| mutant.breaks.contains(&id.as_str()));
            if related && !mutant.hostile && mutant.family.is_none() && !row.broad && !kills(row) {
                row.meet(gallery, mutant, &checks)?;
            }
            if kills(row) {
                break;
            }
        }
    }
    Ok(())
}

/// The checks that kill the mutant, and the clauses that they and the mutant both name.
fn kills(report: &Report, mutant: &Mutant) -> (Vec<String>, BTreeSet<ClauseId>) {
    let mut kills = Vec::new();
    let mut backs = BTreeSet::new();
    for check in &report.checks {
        let findings =
            check.failures.iter().map(|failure| &failure.finding).filter(|finding| finding.fails(Target::Served));
        let named: BTreeSet<ClauseId> = findings
            .flat_map(|finding| &finding.clauses)
            .copied()
            .filter(|clause| mutant.breaks.contains(&clause.as_str()))
            .chain(damage::strictly(check, mutant))
            .collect();
        if !named.is_empty() {
            kills.push(check.id.clone());
            backs.extend(named);
        }
    }
    (kills, backs)
}

fn matrix(args: &MutantsArgs, checks: &[Check], rows: Vec<Row>, whole: bool, took: Duration) -> Matrix {
    let narrow = rows.iter().filter(|row| !row.broad);
    let killing: BTreeSet<&str> =
        narrow.flat_map(|row| &row.kills).map(|id| id.split('#').next().unwrap_or(id)).collect();
    // What rots is counted, and kills nobody.
    let scenarios: BTreeSet<&str> =
        checks.iter().filter(|check| check.family != Family::Rot).map(Check::scenario).collect();
    let idle = scenarios.difference(&killing).filter(|_| whole).map(|id| (*id).to_owned()).collect();
    let backed: BTreeSet<ClauseId> = rows.iter().flat_map(|row| &row.backs).copied().collect();
    let must = Contract::get().clauses().filter(|clause| {
        whole
            && clause.shown_by.iter().any(|family| matches!(family, Family::Scenario) || damage::is_damage(*family))
            && clause.rules.iter().any(|rule| rule.level == Level::Must)
    });
    let unbacked = must.map(|clause| clause.id).filter(|id| !backed.contains(id)).collect();
    Matrix {
        format: 1,
        storecheck: env!("CARGO_PKG_VERSION").to_owned(),
        profile: args.profile,
        checks: checks.len(),
        idle,
        unbacked,
        seconds: took.as_secs_f64(),
        mutants: rows,
    }
}

fn line(row: &Row) -> String {
    let verdict = if row.killed { "killed" } else { "SURVIVED" };
    let backs: Vec<&str> = row.backs.iter().map(|clause| clause.as_str()).collect();
    let errors = if row.errors > 0 { format!(", {} without a verdict", row.errors) } else { String::new() };
    format!(
        "{:<44} {verdict:<8} {:>4} kills, {:>4} failed{errors}, backs {} ({:.1} s)",
        row.mutant,
        row.kills.len(),
        row.failed,
        if backs.is_empty() { format!("nothing of {}", row.breaks.join(" ")) } else { backs.join(" ") },
        row.seconds
    )
}

fn summary(matrix: &Matrix) -> String {
    let list = |title: &str, items: Vec<String>| {
        if items.is_empty() {
            String::new()
        } else {
            format!("{title}:\n{}", items.iter().map(|item| format!("  {item}\n")).collect::<String>())
        }
    };
    let survivors: Vec<String> =
        matrix.mutants.iter().filter(|row| !row.killed).map(|row| format!("{}: {}", row.mutant, row.line)).collect();
    let killed = matrix.mutants.len() - survivors.len();
    let mut kill_count: BTreeMap<bool, usize> = BTreeMap::new();
    for row in &matrix.mutants {
        *kill_count.entry(row.hostile).or_default() += 1;
    }
    let searched = medians(matrix).map_or_else(String::new, |(calls, steps)| {
        format!("searches: median calls to a kill {calls}, median steps of the shortest program {steps}\n")
    });
    format!(
        "\n{}{}{}{searched}{killed} of {} mutants killed ({} hostile) by {} checks in {:.1} s",
        list("mutants that survive", survivors),
        list("scenarios that kill no mutant", matrix.idle.clone()),
        list("MUST clauses that no kill backs", matrix.unbacked.iter().map(ToString::to_string).collect()),
        matrix.mutants.len(),
        kill_count.get(&true).copied().unwrap_or(0),
        matrix.checks,
        matrix.seconds,
    )
}

/// The middle of the calls to a kill, and of the shortest programs' steps.
fn medians(matrix: &Matrix) -> Option<(u64, u64)> {
    fn middle(mut numbers: Vec<u64>) -> Option<u64> {
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied()
    }
    let of = |number: fn(&Row) -> Option<u64>| middle(matrix.mutants.iter().filter_map(number).collect());
    Some((of(|row| row.calls)?, of(|row| row.shortest)?))
}

fn write(folder: &std::path::Path, matrix: &Matrix) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Incomplete, format!("the kill matrix cannot be written to {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let json = serde_json::to_string_pretty(matrix).map_err(|error| failed(&error))?;
    std::fs::write(folder.join("mutants.json"), json).map_err(|error| failed(&error))?;
    std::fs::write(folder.join("mutants.md"), markdown(matrix)).map_err(|error| failed(&error))
}

/// The matrix as a page: what each mutant is, what killed it, and which clauses that backs.
fn markdown(matrix: &Matrix) -> String {
    let killed = matrix.mutants.iter().filter(|row| row.killed).count();
    let mut page = format!(
        "# Kill matrix\n\n{killed} of {} mutants killed by {} checks (profile {}).\n\n\
         | mutant | what is wrong with it | breaks | backs | failed checks | kills | one of them |\n|---|---|---|---|---|---|---|\n",
        matrix.mutants.len(),
        matrix.checks,
        matrix.profile
    );
    for row in &matrix.mutants {
        let backs: Vec<&str> = row.backs.iter().map(|clause| clause.as_str()).collect();
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            row.mutant,
            row.line.replace('|', "\\|"),
            row.breaks.join(" "),
            backs.join(" "),
            row.failed,
            row.kills.len(),
            row.kills.first().map_or("survived", String::as_str),
        ));
    }
    for (title, items) in [
        ("Scenarios that kill no mutant", matrix.idle.clone()),
        ("MUST clauses that no kill backs", matrix.unbacked.iter().map(ToString::to_string).collect()),
    ] {
        if !items.is_empty() {
            page.push_str(&format!(
                "\n## {title}\n\n{}",
                items.iter().map(|item| format!("- {item}\n")).collect::<String>()
            ));
        }
    }
    page
}
