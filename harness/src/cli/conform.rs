//! `conform`: the main job. One engine, judged; a verdict in the terminal, reports in a folder, an exit code for a gate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::expect::ExpectArgs;
use super::folder::ReportFolder;
use super::progress::Progress;
use super::select::{SelectArgs, Selected, select};
use super::{Failure, Registry, engines, output};
use crate::contract::Family;
use crate::engine::Target;
use crate::process::Limits;
use crate::report::{CheckVerdict, EngineVerdict, Report, terminal};
use crate::runner::{self, Collector, Commands, Event, Plan, RunError};
use crate::scenario::Profile;
use crate::suite::{Check, Work};
use crate::wire::Door;

#[derive(Debug, Args)]
pub(super) struct ConformArgs {
    /// The engine: a name, `mutant:NAME` or `eccentric:NAME`.
    #[arg(long)]
    engine: String,
    /// How much work: quick (seconds), standard (what a gate asks for) or soak (also what is huge).
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// What to conform to: every MUST (trait), or also what the published server needs (served).
    #[arg(long, value_enum, default_value_t = Target::Served)]
    target: Target,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    expect: ExpectArgs,
    /// What all randomness is drawn from: random programs, and the order in which checks are run.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Let the searches among random programs go on for so long altogether, instead of for a number of programs; needs
    /// the profile soak.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    minutes: Option<u32>,
    /// The most seconds for which a failing program is made shorter; 0 leaves it as it is.
    #[arg(long, value_name = "SECONDS", default_value_t = runner::SHRINK.as_secs())]
    shrink: u64,
    /// A family that this machine need not be able to run: its checks are unavailable then, and the engine is not partial
    /// for it. Power-loss and fault want FUSE.
    #[arg(long, value_name = "FAMILY", value_parser = family)]
    accept_unavailable: Vec<Family>,
    /// Workers at a time; as many as processors if not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// The folder for report.json, report.md, junit.xml and the badge.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// List the selected checks and run nothing.
    #[arg(long)]
    list: bool,
    /// What goes to stdout: text for people, or the report as JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Stop at the first failure.
    #[arg(long)]
    fail_fast: bool,
    /// Keep the stores of all checks and say where they are.
    #[arg(long)]
    keep: bool,
    /// Run checks in this process, for a debugger: an engine that dies takes the run along.
    #[arg(long)]
    in_process: bool,
    /// Seconds one call may take.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    call_timeout: Option<Duration>,
    /// Seconds one check may take, besides a second for each MiB of its data; twenty times as many for one of many
    /// programs, lives or clients.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    check_timeout: Option<Duration>,
    /// MiB of data memory that the engine's process may have.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    memory_limit: Option<u32>,
    /// MiB that one store may take on disk.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    disk_limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "a number of seconds above 0, such as 2.5".to_owned();
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero()).ok_or_else(wrong)
}

pub(super) fn family(text: &str) -> Result<Family, String> {
    Family::named(text).ok_or_else(|| "the name of a family, such as power-loss or fault".to_owned())
}

pub(super) fn run(registry: &Registry, args: &ConformArgs) -> Result<Exit, Failure> {
    let found = engines::resolve(registry, &args.engine)?;
    let Selected { checks, skipped, suite_checks, selection } =
        select(registry, &args.select, args.profile, &found.engine)?;
    if args.list {
        output::print(&checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join("\n"));
        return Ok(Exit::Conforms);
    }
    let list = args.expect.read()?;
    let folder = ReportFolder::open(args.report.as_deref(), found.engine.name())?;
    let corpus = folder.corpus()?;
    let jobs = match found.engine.door() {
        // Whoever shares an endpoint shares its numbers.
        Some(Door::Endpoint { .. }) => 1,
        _ => args.jobs.map_or_else(processors, usize::from),
    };
    let commands = commands(registry, args);
    let plan = Plan {
        spec: found.spec.clone(),
        name: found.engine.name().to_owned(),
        version: found.engine.version_text().to_owned(),
        language: found.engine.language_text().to_owned(),
        declared: found.engine.declarations(),
        target: args.target,
        profile: args.profile,
        seed: args.seed,
        jobs,
        limits: limits(args),
        shrink: Duration::from_secs(args.shrink),
        time: time(args, &checks, jobs)?,
        shard: args.select.shard,
        corpus: corpus.clone(),
        known: list.as_ref().map_or_else(Vec::new, |list| list.known(found.engine.name(), &checks)),
        checks,
        suite_checks,
        selection,
        wired: found.engine.door().is_some(),
        accepted: args.accept_unavailable.clone(),
        fail_fast: args.fail_fast,
        keep: args.keep,
        in_process: args.in_process.then_some(found.engine),
        command: commands,
    };
    let mut report = judge(&plan, &skipped)?;
    folder.place_programs(&mut report, Some(&format!("{} --replay", base_command(registry, args))));
    let outcome = list.as_ref().map(|list| list.mark(&mut report));
    let shown = match args.format {
        Format::Text => terminal::render(&report, terminal::Style { colour: output::colour() }),
        Format::Json => serde_json::to_string_pretty(&report).map_err(|error| {
            Failure::new(Exit::Incomplete, format!("the report cannot be written as JSON: {error}"))
        })?,
    };
    // The verdict reaches the terminal even when the folder turns out to be full.
    output::print(&shown);
    let written = folder.write(&report, corpus);
    if let Err(message) = &written {
        output::complain(message);
    }
    let exit = exit(&report, written.is_ok());
    match (list, outcome) {
        (Some(list), Some(outcome)) => {
            // What goes to stdout as JSON is one document.
            let say = if args.format == Format::Json { output::remark } else { output::print };
            list.conclude(&outcome, &report, exit, say)
        }
        _ => Ok(exit),
    }
}

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn limits(args: &ConformArgs) -> Limits {
    let default = Limits::default();
    let octets = |mib: u32| u64::from(mib) << 20;
    Limits {
        call: args.call_timeout.unwrap_or(default.call),
        check: args.check_timeout.unwrap_or(default.check),
        memory: args.memory_limit.map_or(default.memory, octets),
        disk: args.disk_limit.map_or(default.disk, octets),
        ..default
    }
}

/// How long each search goes on when the run was given minutes: they share the workers.
fn time(args: &ConformArgs, checks: &[Check], jobs: usize) -> Result<Option<(Duration, u32)>, Failure> {
    let Some(minutes) = args.minutes else { return Ok(None) };
    if args.profile != Profile::Soak {
        return Err(Failure::usage("--minutes is for searches without end: add `--profile soak`"));
    }
    let searches = checks.iter().filter(|check| matches!(check.work, Work::Search(_) | Work::Stress(_))).count();
    let seconds = f64::from(minutes) * 60.0 * jobs.min(searches) as f64 / searches.max(1) as f64;
    Ok(Some((Duration::from_secs_f64(seconds), minutes)))
}

/// The command that judges the same engine in the same way, but for what is selected.
fn base_command(registry: &Registry, args: &ConformArgs) -> String {
    let mut base = format!("{} conform --engine {}", registry.program, quoted(&args.engine));
    if args.profile != Profile::Standard {
        base.push_str(&format!(" --profile {}", args.profile));
    }
    if args.target != Target::Served {
        base.push_str(&format!(" --target {}", args.target));
    }
    // Verdicts may hang on these, so that a replay needs them; deadlines cost a replay only time.
    for (flag, limit) in [("--memory-limit", args.memory_limit), ("--disk-limit", args.disk_limit)] {
        if let Some(mib) = limit {
            base.push_str(&format!(" {flag} {mib}"));
        }
    }
    base
}

fn commands(registry: &Registry, args: &ConformArgs) -> Commands {
    let mut base = base_command(registry, args);
    let scenarios = |path: &Path| format!(" --scenarios {}", quoted(&path.display().to_string()));
    base.push_str(&args.select.scenarios.as_deref().map_or_else(String::new, scenarios));
    let check = match &args.select.replay {
        Some(file) => format!("{base} --replay {}", quoted(&file.display().to_string())),
        None => format!("{base} --check '{{check}}'"),
    };
    let mut run = format!("{base} --seed {}", args.seed);
    for (flag, globs) in
        [("--check", &args.select.check), ("--clause", &args.select.clause), ("--skip", &args.select.skip)]
    {
        for glob in globs {
            run.push_str(&format!(" {flag} {}", quoted(glob)));
        }
    }
    if let Some(shard) = args.select.shard {
        run.push_str(&format!(" --shard {shard}"));
    }
    for family in &args.accept_unavailable {
        run.push_str(&format!(" --accept-unavailable {family}"));
    }
    run.push_str(&args.expect.words());
    if let Some(minutes) = args.minutes {
        run.push_str(&format!(" --minutes {minutes}"));
    }
    if let Some(file) = &args.select.replay {
        run.push_str(&format!(" --replay {}", quoted(&file.display().to_string())));
    }
    Commands { run, check }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Runs the plan under a progress bar and Ctrl-C.
fn judge(plan: &Plan, skipped: &[Check]) -> Result<Report, Failure> {
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second signal ends the process at once, whatever hangs.
        let both =
            signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&cancel))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&cancel)));
        if let Err(error) = both {
            output::remark(&format!("note: Ctrl-C will end this run without a report: {error}"));
        }
    }
    let mut collector = Collector::new(plan);
    let mut progress = Progress::new(plan);
    let result = runner::run(plan, &cancel, |event| {
        if let (Event::Scratch(path, _), true) = (&event, plan.keep) {
            output::remark(&format!("stores are kept in {}", path.display()));
        }
        progress.take(&event);
        collector.take(event);
    });
    drop(progress);
    match result {
        Ok(()) => Ok(collector.report(plan, skipped)),
        Err(error @ RunError::CannotStart { .. }) => Err(Failure::new(Exit::CannotStart, error.to_string())),
        Err(error @ RunError::Scratch(_)) => Err(Failure::new(Exit::Incomplete, error.to_string())),
    }
}

/// The exit code that a report asks for, `written` or not.
pub(super) fn exit(report: &Report, written: bool) -> Exit {
    if report.run.stopped_by == "interrupted" {
        return Exit::Interrupted;
    }
    let count = |verdict| report.counts.get(&verdict).copied().unwrap_or(0);
    let failed = count(CheckVerdict::Fail) + count(CheckVerdict::Died) + count(CheckVerdict::Timeout);
    if !written || count(CheckVerdict::Error) > 0 {
        return Exit::Incomplete;
    }
    match report.verdicts.map(|verdicts| verdicts.at(report.run.target)) {
        None if failed > 0 => Exit::DoesNotConform,
        None | Some(EngineVerdict::Conformant) => Exit::Conforms,
        Some(EngineVerdict::NonConformant) => Exit::DoesNotConform,
        Some(EngineVerdict::Partial) => Exit::Partial,
        Some(EngineVerdict::Incomplete) => Exit::Incomplete,
    }
}
