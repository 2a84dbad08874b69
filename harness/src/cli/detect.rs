//! `detect`: how soon a family that is left to chance finds the mutants that are its own: those of concurrency, and those
//! that only damage brings to light.
//!
//! Each mutant is judged with each seed until the first check fails. What counts is whether that failure names a clause
//! that the mutant breaks, the seconds until then, and how much it took: calls of a proof, kills, images, audits.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use clap::Args;

use super::exit::Exit;
use super::gallery::Gallery;
use super::mutants::damage;
use super::{Failure, Registry, conform, output, select};
use crate::contract::Family;
use crate::engine::{Mutant, Target};
use crate::process::Limits;
use crate::report::Report;
use crate::scenario::Profile;
use crate::suite::Check;

#[derive(Debug, Args)]
pub(super) struct DetectArgs {
    /// Only mutants whose name matches.
    #[arg(long, value_name = "GLOB")]
    mutant: Vec<String>,
    /// The family: stress, crash, power-loss or fault.
    #[arg(long, value_name = "FAMILY", default_value = "stress", value_parser = conform::family)]
    family: Family,
    /// Seeds, from 0.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// How much work until a mutant counts as not found.
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// Seconds that a program which failed may be made smaller.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    shrink: u64,
    /// Workers at a time.
    #[arg(long)]
    jobs: Option<usize>,
}

/// What the seeds showed of one mutant.
#[derive(Default)]
struct Row {
    found: u64,
    seconds: Vec<f64>,
    /// Calls of each proof.
    proofs: Vec<usize>,
    /// What stores were put through until the failure: kills, images, and where there are neither audits.
    points: Vec<u64>,
    /// Times that the fault was exposed, and calls, as far as the mutant told.
    exposed: [u64; 2],
    anomalies: BTreeSet<&'static str>,
}

pub(super) fn run(registry: &Registry, args: &DetectArgs) -> Result<Exit, Failure> {
    let mut checks = select::load_suite(args.profile, Vec::new())?;
    checks.retain(|check| check.family == args.family);
    let matches = |mutant: &&Mutant| {
        let own = if args.family == Family::Stress { mutant.concurrent } else { mutant.family == Some(args.family) };
        own && (args.mutant.is_empty() || select::matches(&args.mutant, mutant.engine.name()))
    };
    let mutants: Vec<&Mutant> = registry.mutants.iter().filter(matches).collect();
    if mutants.is_empty() {
        return Err(Failure::new(Exit::NothingRan, "no mutant of the family matches --mutant"));
    }
    output::print(if args.family == Family::Stress {
        "| mutant | found | median s | worst s | exposures per million calls | median calls of a proof | anomalies |\n|---|---|---|---|---|---|---|"
    } else {
        "| mutant | found | median s | worst s | median crash points | worst |\n|---|---|---|---|---|---|"
    });
    let mut rows = Vec::new();
    for mutant in &mutants {
        let mut row = Row::default();
        for seed in 0..args.seeds {
            row.take(mutant, &checks, &gallery(registry, args, seed))?;
        }
        let line = if args.family == Family::Stress { Row::line } else { Row::damage_line };
        output::print(&line(&row, mutant, args.seeds));
        rows.push(row);
    }
    let always = rows.iter().filter(|row| row.found == args.seeds).count();
    let all = |of: fn(&Row) -> Vec<f64>| middle(rows.iter().flat_map(of).collect());
    let worst = rows.iter().flat_map(|row| &row.seconds).copied().fold(0.0, f64::max);
    output::print(&format!(
        "\n{always} of {} mutants found with each of {} seeds; median {:.2} s, worst {worst:.2} s; median calls of a proof {}",
        rows.len(),
        args.seeds,
        all(|row| row.seconds.clone()),
        all(|row| row.proofs.iter().map(|calls| *calls as f64).collect()),
    ));
    Ok(if always == rows.len() { Exit::Conforms } else { Exit::DoesNotConform })
}

fn gallery<'a>(registry: &'a Registry, args: &DetectArgs, seed: u64) -> Gallery<'a> {
    Gallery {
        program: registry.program,
        profile: args.profile,
        limits: Limits { call: Duration::from_secs(2), memory: 1 << 30, ..Limits::default() },
        jobs: args.jobs.unwrap_or_else(conform::processors),
        seed,
        shrink: Duration::from_secs(args.shrink),
    }
}

impl Row {
    /// Judges the mutant with one seed until a check fails.
    fn take(&mut self, mutant: &Mutant, checks: &[Check], gallery: &Gallery<'_>) -> Result<(), Failure> {
        let started = Instant::now();
        let spec = format!("mutant:{}", mutant.engine.name());
        let report = gallery.judge(&spec, &mutant.engine, Target::Served, checks, 0)?;
        let seconds = started.elapsed().as_secs_f64();
        let named = |report: &Report| {
            let failures = report.checks.iter().flat_map(|check| &check.failures);
            failures.flat_map(|failure| &failure.finding.clauses).any(|id| mutant.breaks.contains(&id.as_str()))
        };
        let strictly = report.checks.iter().any(|check| damage::strictly(check, mutant).is_some());
        if named(&report) || strictly {
            self.found += 1;
            self.points.push(points(&report));
            self.seconds.push(seconds);
        }
        for check in report.checks.iter().filter(|check| check.verdict.is_failure()) {
            for line in check.output.lines() {
                let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
                if let ("exposed", [exposed, calls]) = (line.split(' ').next().unwrap_or(""), &numbers[..]) {
                    self.exposed[0] += exposed;
                    self.exposed[1] += calls;
                }
            }
            match check.failures.first().and_then(|failure| failure.proof.as_ref()) {
                Some(proof) => {
                    self.proofs.push(proof.calls.len());
                    self.anomalies.insert(proof.anomaly.name());
                }
                None => drop(self.anomalies.insert("hang")),
            }
        }
        Ok(())
    }

    fn damage_line(&self, mutant: &Mutant, seeds: u64) -> String {
        let mut points = self.points.clone();
        points.sort_unstable();
        format!(
            "| {} | {} of {seeds} | {:.2} | {:.2} | {} | {} |",
            mutant.engine.name(),
            self.found,
            middle(self.seconds.clone()),
            self.seconds.iter().copied().fold(0.0, f64::max),
            points.get(points.len() / 2).copied().unwrap_or(0),
            points.last().copied().unwrap_or(0),
        )
    }

    fn line(&self, mutant: &Mutant, seeds: u64) -> String {
        let [exposed, calls] = self.exposed;
        let exposures =
            if calls == 0 { "not told".to_owned() } else { format!("{:.0}", exposed as f64 * 1e6 / calls as f64) };
        let proofs = middle(self.proofs.iter().map(|calls| *calls as f64).collect());
        format!(
            "| {} | {} of {seeds} | {:.2} | {:.2} | {exposures} | {} | {} |",
            mutant.engine.name(),
            self.found,
            middle(self.seconds.clone()),
            self.seconds.iter().copied().fold(0.0, f64::max),
            if self.proofs.is_empty() { "none".to_owned() } else { proofs.to_string() },
            self.anomalies.iter().copied().collect::<Vec<_>>().join(", "),
        )
    }
}

/// What the stores of a run were put through.
fn points(report: &Report) -> u64 {
    let damages = report.checks.iter().filter_map(|check| check.damage.as_ref());
    damages
        .map(|report| {
            let damage = report.damage;
            if damage.kills + damage.images > 0 { damage.kills + damage.images } else { damage.audits }
        })
        .sum()
}

fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}
