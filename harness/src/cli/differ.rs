//! `differ`: the same random programs on several engines, and the first reply in which they part.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;

use super::exit::Exit;
use super::{Failure, Registry, conform, engines, output};
use crate::engine::Target;
use crate::process::Limits;
use crate::property::{SHAPES, Suited, generate};
use crate::runner::differ::{Comparison, Difference, Side, differ};
use crate::runner::{Commands, Plan, SHRINK, Session};
use crate::scenario::Profile;
use crate::scenario::generate::SplitMix;

#[derive(Debug, Args)]
pub(super) struct DifferArgs {
    /// An engine: a name, `mutant:NAME` or `eccentric:NAME`. Given twice or more.
    #[arg(long, required = true)]
    engine: Vec<String>,
    /// How many programs of each shape, as for the searches of `conform`.
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    profile: Profile,
    /// Which deviations count: those from every MUST (trait), or also from what the published server needs (served).
    #[arg(long, value_enum, default_value_t = Target::Served)]
    target: Target,
    /// What programs are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder for the program in which engines differ.
    #[arg(long, value_name = "DIR", default_value = "storecheck-report/differ")]
    report: PathBuf,
}

pub(super) fn run(registry: &Registry, args: &DifferArgs) -> Result<Exit, Failure> {
    if args.engine.len() < 2 {
        return Err(Failure::usage("one engine differs from none: give --engine twice or more"));
    }
    let plans = args.engine.iter().map(|spec| plan(registry, args, spec)).collect::<Result<Vec<_>, _>>()?;
    let cancel = AtomicBool::new(false);
    let start =
        |plan| Session::start(plan, &cancel).map_err(|error| Failure::new(Exit::CannotStart, error.to_string()));
    let sessions = plans.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    // What one of them does not declare would only show its refusal.
    let suited = Suited {
        batch_log: plans.iter().all(|plan| plan.declared.batch_log),
        reopen: plans.iter().all(|plan| Suited::from(plan.declared).reopen),
    };
    let started = Instant::now();
    let (mut programs, mut calls) = (0_u64, 0_usize);
    let mut observed = vec![crate::model::Behaviours::default(); plans.len()];
    for shape in SHAPES {
        for turn in 0..shape.programs(args.profile) {
            let seed = SplitMix::new(args.seed.wrapping_add(turn)).draw();
            programs += 1;
            match differ(&sessions, &generate(shape, suited, seed)) {
                Comparison::Alike(sides) => {
                    calls += sides.iter().map(|side| side.lines.len()).sum::<usize>();
                    for (known, side) in observed.iter_mut().zip(sides) {
                        // Each engine is compared with the others here, not with itself.
                        let _ = known.learn(&side.behaviours);
                    }
                }
                Comparison::Differs(difference) => {
                    output::print(&format!(
                        "property/{} program {seed} (the {programs}th): engines differ at line {} of {} steps; the shortest such program has {}\n",
                        shape.name,
                        difference.at + 1,
                        difference.steps.0,
                        difference.steps.1
                    ));
                    output::print(&shown(&difference));
                    return write(registry, args, &difference);
                }
                Comparison::Broken(why) => return Err(Failure::new(Exit::Incomplete, why)),
            }
        }
    }
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    output::print(&format!(
        "{} agree on {programs} programs, {calls} calls in all ({:.1} s)",
        names.join(", "),
        started.elapsed().as_secs_f64()
    ));
    output::print(&choices(&names, &observed));
    Ok(Exit::Conforms)
}

fn plan(registry: &Registry, args: &DifferArgs, spec: &str) -> Result<Plan, Failure> {
    let found = engines::resolve(registry, spec)?;
    let command = format!("{} conform --engine {spec}", registry.program);
    Ok(Plan {
        spec: found.spec,
        name: spec.to_owned(),
        version: found.engine.version_text().to_owned(),
        language: found.engine.language_text().to_owned(),
        declared: found.engine.declarations(),
        target: args.target,
        profile: args.profile,
        seed: args.seed,
        jobs: 1,
        limits: Limits::default(),
        shrink: SHRINK,
        time: None,
        shard: None,
        corpus: Vec::new(),
        known: Vec::new(),
        checks: Vec::new(),
        suite_checks: 0,
        selection: Vec::new(),
        wired: found.engine.door().is_some(),
        accepted: Vec::new(),
        fail_fast: false,
        keep: false,
        in_process: None,
        command: Commands { run: command.clone(), check: command },
    })
}

/// The lines up to the difference, each engine in a column, and what the contract says of it.
fn shown(difference: &Difference) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let sides = &difference.sides;
    table.set_header(std::iter::once("call").chain(sides.iter().map(|side| side.engine.as_str())));
    for at in 0..=difference.at {
        let line = |side: &Side| side.lines.get(at).map_or_else(|| "(ended)".to_owned(), |line| line.outcome.clone());
        let action = sides.iter().filter_map(|side| side.lines.get(at)).map(|line| line.action.clone()).next();
        table.add_row(std::iter::once(action.unwrap_or_default()).chain(sides.iter().map(line)));
    }
    let mut out = format!("{}\n\n", table.trim_fmt());
    for side in sides {
        match &side.finding {
            None => out.push_str(&format!("{}: as the contract has it\n", side.engine)),
            Some(finding) => {
                let clauses: Vec<&str> = finding.clauses.iter().map(|clause| clause.as_str()).collect();
                out.push_str(&format!(
                    "{}: against {} {}\n  expected  {}\n  got       {}\n",
                    side.engine,
                    finding.level,
                    clauses.join(", "),
                    finding.expected,
                    finding.got
                ));
            }
        }
    }
    out
}

fn write(registry: &Registry, args: &DifferArgs, difference: &Difference) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", args.report.display()))
    };
    std::fs::create_dir_all(&args.report).map_err(failed)?;
    let name = super::folder::scenario_name(&difference.scenario).unwrap_or("differ");
    let path = args.report.join(format!("{name}.yaml"));
    std::fs::write(&path, &difference.scenario).map_err(failed)?;
    output::print("");
    for spec in &args.engine {
        let file = conform::quoted(&path.display().to_string());
        output::print(&format!("replay: {} conform --engine {spec} --replay {file}", registry.program));
    }
    Ok(Exit::DoesNotConform)
}

/// What the contract leaves open and the engines do differently.
fn choices(names: &[&str], observed: &[crate::model::Behaviours]) -> String {
    let mut out = String::new();
    for behaviour in crate::model::BEHAVIOURS {
        let of = |one: &crate::model::Behaviours| {
            one.iter().find(|(name, _)| *name == behaviour.name).map_or_else(String::new, |(_, value)| value)
        };
        let values: Vec<String> = observed.iter().map(of).collect();
        if values.iter().all(|value| *value == values[0]) {
            continue;
        }
        let sides: Vec<String> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| format!("{name} {}", if value.is_empty() { "not seen" } else { value }))
            .collect();
        out.push_str(&format!("open  {} ({}): {}\n", behaviour.title, behaviour.clause, sides.join(", ")));
    }
    out
}
