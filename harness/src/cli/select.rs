//! Which checks a run takes.

use clap::Args;
use wildmatch::WildMatch;

use super::engines::nearest;
use super::exit::Exit;
use super::{Failure, Registry};
use crate::contract::Contract;
use crate::engine::Engine;
use crate::report::Shard;
use crate::scenario::{Case, LoadError, Profile, load_dir, load_file};
use crate::suite::{self, Check, Work};

/// The flags that select checks.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SelectArgs {
    /// Only checks whose id matches; `*` and `?` are wildcards, and a scenario's id takes all its cases. May be given
    /// more than once.
    #[arg(long, value_name = "GLOB")]
    pub(super) check: Vec<String>,
    /// Only checks that cover a clause that matches: `SCAN-*`. May be given more than once.
    #[arg(long, value_name = "GLOB")]
    pub(super) clause: Vec<String>,
    /// Leave out checks whose id matches: they count as skipped, and the engine is at most partial.
    #[arg(long, value_name = "GLOB")]
    pub(super) skip: Vec<String>,
    /// Add the scenario files below a folder.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<std::path::PathBuf>,
    /// Run one part of several that together are the whole: `1/4` to `4/4`, on as many machines. `merge` puts the
    /// reports together.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(super) shard: Option<Shard>,
    /// Run one scenario file instead of the suite.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "clause", "skip", "scenarios", "shard"])]
    pub(super) replay: Option<std::path::PathBuf>,
}

/// What was selected.
pub(super) struct Selected {
    pub(super) checks: Vec<Check>,
    pub(super) skipped: Vec<Check>,
    pub(super) suite_checks: usize,
    /// The flags that selected, as they were given; empty for the whole suite.
    pub(super) selection: Vec<String>,
}

/// Loads the suite and applies the flags.
pub(super) fn select(
    registry: &Registry,
    args: &SelectArgs,
    profile: Profile,
    engine: &Engine,
) -> Result<Selected, Failure> {
    if let Some(file) = &args.replay {
        let cases = load_file(file, None).map_err(|error| Failure::usage(error.to_string()))?;
        let checks: Vec<Check> = cases.into_iter().map(Check::of_case).collect();
        let selection = vec![format!("--replay {}", file.display())];
        return Ok(Selected { suite_checks: checks.len(), checks, skipped: Vec::new(), selection });
    }
    let more = match &args.scenarios {
        None => Vec::new(),
        Some(dir) => load_dir(dir).map_err(|errors| bad_scenarios(&errors))?,
    };
    let all = load_suite(profile, more)?;
    let all = if engine.door().is_some() { suite::over_the_wire(all) } else { all };
    let suite_checks = all.len();
    check_patterns(registry, args, profile, &all)?;
    let wanted = |check: &Check| {
        (args.check.is_empty() || matches(&args.check, &check.id) || args.check.iter().any(|id| id == check.scenario()))
            && (args.clause.is_empty() || check.clauses.iter().any(|clause| matches(&args.clause, clause.as_str())))
    };
    let mut chosen: Vec<Check> = all.into_iter().filter(wanted).collect();
    if let Some(shard) = args.shard {
        chosen = share(chosen, shard);
    }
    let (skipped, checks): (Vec<Check>, Vec<Check>) =
        chosen.into_iter().partition(|check| matches(&args.skip, &check.id));
    if checks.is_empty() {
        return Err(Failure::new(
            Exit::NothingRan,
            "no check was selected: the flags exclude each other; `--list` shows what is there",
        ));
    }
    let flags = |name: &str, globs: &[String]| globs.iter().map(|glob| format!("{name} {glob}")).collect::<Vec<_>>();
    let shard: Vec<String> = args.shard.iter().map(|shard| format!("--shard {shard}")).collect();
    let selection = [flags("--check", &args.check), flags("--clause", &args.clause), shard].concat();
    Ok(Selected { checks, skipped, suite_checks, selection })
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || "one part of several, such as 1/4".to_owned();
    let (index, of) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    let (index, of) = (number(index)?, number(of)?);
    if (1..=of).contains(&index) && of <= 1000 { Ok(Shard { index, of }) } else { Err(wrong()) }
}

/// The shard's part: of checks that are run once every so many, of searches a part of each.
fn share(checks: Vec<Check>, shard: Shard) -> Vec<Check> {
    let mut turn = 0;
    let mut mine = |check: &Check| {
        if matches!(check.work, Work::Search(_)) {
            return true;
        }
        turn += 1;
        turn % shard.of == shard.index - 1
    };
    checks.into_iter().filter(|check| mine(check)).collect()
}

/// Whether one of the patterns matches.
pub(super) fn matches(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|glob| WildMatch::new(glob).matches(text))
}

/// The suite at `profile`, with more cases.
pub(super) fn load_suite(profile: Profile, more: Vec<Case>) -> Result<Vec<Check>, Failure> {
    suite::checks(profile, more).map_err(|errors| bad_scenarios(&errors))
}

/// All mistakes in one message.
pub(super) fn bad_scenarios(errors: &[LoadError]) -> Failure {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let what = if errors.len() == 1 { "a scenario file has" } else { "scenario files have" };
    Failure::usage(format!("{what} mistakes; nothing was run\n\n{}", texts.join("\n\n")))
}

/// Every pattern must match something, or it is a mistake: a misspelt check that silently selects nothing would read as
/// passed.
fn check_patterns(registry: &Registry, args: &SelectArgs, profile: Profile, all: &[Check]) -> Result<(), Failure> {
    for glob in args.check.iter().chain(&args.skip) {
        if all.iter().any(|check| WildMatch::new(glob).matches(&check.id) || check.scenario() == glob) {
            continue;
        }
        let everything = load_suite(Profile::Soak, Vec::new())?;
        if let Some(check) = everything.iter().find(|check| WildMatch::new(glob).matches(&check.id)) {
            return Err(Failure::new(
                Exit::NothingRan,
                format!(
                    "{} belongs to the profile {}; this run is {profile}: add `--profile {}`",
                    check.id, check.profile, check.profile
                ),
            ));
        }
        let near = nearest(glob, all.iter().map(|check| check.id.as_str()));
        let offer = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
        let exit = if glob.contains(['*', '?']) { Exit::NothingRan } else { Exit::Usage };
        return Err(Failure::new(
            exit,
            format!("no check matches {glob:?}{offer} `{} conform --list` shows all", registry.program),
        ));
    }
    for glob in &args.clause {
        if Contract::get().clauses().any(|clause| WildMatch::new(glob).matches(clause.id.as_str())) {
            continue;
        }
        let near = Contract::get().nearest(glob).join(" or ");
        let offer = if near.is_empty() { String::new() } else { format!("; did you mean {near}?") };
        return Err(Failure::usage(format!("no clause matches {glob:?}{offer} CONTRACT.md lists all")));
    }
    Ok(())
}
