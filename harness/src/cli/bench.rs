//! `bench`: engines side by side, workload by workload. Rounds go round the engines, each in a process of its own, so
//! that what the machine does meanwhile meets all of them alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use wildmatch::WildMatch;

use super::exit::Exit;
use super::folder::ReportFolder;
use super::gallery::Gallery;
use super::{Failure, Registry, conform, engines, output, select};
use crate::bench::document::{BenchEngine, BenchRun, FORMAT, Figures, Limit, Measured, WorkloadReport};
use crate::bench::latency::Latency;
use crate::bench::run::Bench;
use crate::bench::workload::{self, Workload};
use crate::bench::{BenchReport, limits};
use crate::contract::ClauseId;
use crate::engine::{Durability, Target};
use crate::process::{Ending, Job, Limits, Worker};
use crate::report::{ClauseVerdict, Machine, bench as view};
use crate::scenario::Profile;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// The engines, separated by commas; the first is run twice, to measure the noise.
    #[arg(long, value_delimiter = ',', required = true)]
    engine: Vec<String>,
    /// Only workloads whose name matches; `*` and `?` are wildcards. May be given more than once.
    #[arg(long, value_name = "GLOB")]
    workload: Vec<String>,
    /// Have every engine keep this, where it can.
    #[arg(long, value_enum)]
    durability: Option<Durability>,
    /// How much work: quick (3 rounds of 0.1 s, 10,000 keys), standard (7 of 0.5 s, 100,000) or soak (15 of 2 s,
    /// 1,000,000).
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// Rounds, in each of which every engine runs each workload once.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=1000))]
    rounds: Option<u32>,
    /// Seconds of a round, for workloads that do not say themselves when they are done.
    #[arg(long, value_name = "SECONDS", value_parser = conform::seconds)]
    seconds: Option<Duration>,
    /// Keys of a filled store.
    #[arg(long, value_parser = clap::value_parser!(u64).range(2000..=1_000_000_000))]
    keys: Option<u64>,
    /// What keys and their order are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder below which stores are kept meanwhile: its disk is measured along.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The folder for bench.json and bench.md.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// List the workloads and run nothing.
    #[arg(long)]
    list: bool,
}

/// One that takes its turn in every round. The first comes again as the last: what differs between the two is noise.
#[derive(Clone)]
struct Runner {
    spec: String,
    durability: Durability,
    batch_log: bool,
    /// Clauses that its conformance run speaks against.
    broken: Vec<ClauseId>,
}

/// What the rounds of a workload gave one runner.
#[derive(Default)]
struct Rounds {
    figures: Figures,
    latency: Latency,
    space: Vec<f64>,
    amplification: Vec<f64>,
    memory: Vec<u64>,
}

pub(super) fn run(registry: &Registry, args: &BenchArgs) -> Result<Exit, Failure> {
    let workloads = selected(&args.workload)?;
    if args.list {
        output::print(&workloads.iter().map(|w| format!("{:<24} {}", w.name, w.title)).collect::<Vec<_>>().join("\n"));
        return Ok(Exit::Conforms);
    }
    let started = Instant::now();
    let (found, mut runners) = runners(registry, args)?;
    let folder = ReportFolder::open(args.report.as_deref(), "bench")?;
    let scratch = scratch(args.dir.as_deref())?;
    let (rounds, time, keys) = amounts(args);
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    for runner in &runners {
        for clause in &runner.broken {
            output::remark(&format!(
                "{}: does not keep {clause}: no figures of workloads that rest on it",
                runner.spec
            ));
        }
    }
    runners.push(runners[0].clone());
    let (mut limits, mut reports) = (no_limits(), Vec::new());
    for (nth, workload) in workloads.iter().enumerate() {
        output::remark(&format!("{}/{} {}", nth + 1, workloads.len(), workload.name));
        let bench = Bench { workload: workload.clone(), keys, milliseconds, seed: args.seed };
        reports.push(measure(&runners, &bench, rounds, scratch.path())?);
        let measured = limits::measure(scratch.path(), keys, Duration::from_millis(50))
            .map_err(|error| Failure::new(Exit::Incomplete, format!("the disk cannot be measured: {error}")))?;
        limits.iter_mut().zip(measured).for_each(|(limit, figure)| limit.rounds.push(figure));
    }
    let run = BenchRun {
        date: jiff::Zoned::now().date().to_string(),
        command: command(registry, args),
        seed: args.seed.to_string(),
        rounds,
        milliseconds,
        keys,
        scratch: if in_memory(scratch.path()) { "memory" } else { "disk" }.to_owned(),
        seconds: started.elapsed().as_secs(),
    };
    let report = BenchReport {
        format: FORMAT,
        kind: "bench".to_owned(),
        storecheck: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::here(),
        run,
        engines: found,
        limits,
        workloads: reports,
    };
    output::print(&view::text(&report));
    folder.write_bench(&report).map_err(|message| Failure::new(Exit::Incomplete, message))?;
    Ok(exit(&report))
}

fn no_limits() -> Vec<Limit> {
    let limit = |(name, title, unit): &(&str, &str, &str)| Limit {
        name: (*name).to_owned(),
        title: (*title).to_owned(),
        unit: (*unit).to_owned(),
        rounds: Vec::new(),
    };
    limits::LIMITS.iter().map(limit).collect()
}

/// A wrong reply while figures are taken is a verdict too.
fn exit(report: &BenchReport) -> Exit {
    let wrong = |figures: &Figures| !figures.problem.is_empty() && !figures.problem.starts_with(NO_FIGURE);
    let all = report.workloads.iter().flat_map(|workload| &workload.engines);
    if all.into_iter().any(wrong) { Exit::DoesNotConform } else { Exit::Conforms }
}

/// How the reason begins for which a figure was not even tried for.
const NO_FIGURE: &str = "not measured: ";

fn selected(globs: &[String]) -> Result<Vec<Workload>, Failure> {
    let all = workload::builtin().map_err(|error| Failure::new(Exit::Incomplete, error.to_string()))?;
    let names: Vec<String> = all.iter().map(|workload| workload.name.clone()).collect();
    let matches = |glob: &String, name: &str| WildMatch::new(glob).matches(name);
    if let Some(none) = globs.iter().find(|glob| !names.iter().any(|name| matches(glob, name))) {
        let nearest = engines::nearest(none, names.iter().map(String::as_str)).join(" or ");
        let hint =
            if nearest.is_empty() { "`bench --list` has all".to_owned() } else { format!("did you mean {nearest}?") };
        return Err(Failure::new(Exit::NothingRan, format!("no workload matches {none:?}; {hint}")));
    }
    Ok(all.into_iter().filter(|w| globs.is_empty() || globs.iter().any(|glob| matches(glob, &w.name))).collect())
}

/// The engines, each judged first: speed is no excuse for a wrong answer.
fn runners(registry: &Registry, args: &BenchArgs) -> Result<(Vec<BenchEngine>, Vec<Runner>), Failure> {
    let (mut found, mut runners) = (Vec::new(), Vec::<Runner>::new());
    let checks = select::load_suite(Profile::Quick, Vec::new())?;
    for spec in &args.engine {
        let engine = engines::resolve(registry, spec)?;
        let as_asked = args.durability.and_then(|class| engine.engine.keeping(class));
        let (spec, engine) = match as_asked {
            // A mutant or an eccentric has no other classes, so that the name is the spec.
            Some(other) if other.name() != engine.engine.name() => (other.name().to_owned(), other),
            _ => (engine.spec, engine.engine),
        };
        if runners.iter().any(|runner| runner.spec == spec) {
            return Err(Failure::usage(format!("{spec} is named twice; its noise is measured anyway")));
        }
        output::remark(&format!("judging {spec}"));
        let gallery = Gallery {
            program: registry.program,
            profile: Profile::Quick,
            limits: Limits::default(),
            jobs: conform::processors(),
            seed: args.seed,
            shrink: Duration::ZERO,
        };
        let report = gallery.judge(&spec, &engine, Target::Served, &checks, usize::MAX - 1)?;
        let fails = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::Fail);
        let declarations = engine.declarations();
        runners.push(Runner {
            spec: spec.clone(),
            durability: declarations.durability,
            batch_log: declarations.batch_log,
            broken: fails.map(|clause| clause.id).collect(),
        });
        let (version, protocol) = (engine.version_text().to_owned(), engine.host_command().is_some());
        found.push(BenchEngine { spec, version, protocol, declarations });
    }
    Ok((found, runners))
}

/// All rounds of a workload: in each, every runner once, and each round begins with another one.
fn measure(runners: &[Runner], bench: &Bench, rounds: u32, scratch: &Path) -> Result<WorkloadReport, Failure> {
    let mut all: Vec<Rounds> = runners.iter().map(|runner| start(runner, &bench.workload)).collect();
    for round in 0..rounds as usize {
        for turn in 0..runners.len() {
            let nth = (turn + round) % runners.len();
            if all[nth].figures.problem.is_empty() {
                let measured = once(&runners[nth].spec, bench, scratch)?;
                all[nth].take(measured);
            }
        }
    }
    let workload = &bench.workload;
    let mut engines: Vec<Figures> = all.into_iter().map(Rounds::into_figures).collect();
    let twin = engines.pop();
    Ok(WorkloadReport {
        name: workload.name.clone(),
        title: workload.title.clone(),
        clients: workload.clients,
        only_reads: workload.only_reads(),
        rate: workload.rate,
        engines,
        twin,
    })
}

fn start(runner: &Runner, workload: &Workload) -> Rounds {
    let broken = workload.clauses.iter().find(|clause| runner.broken.contains(clause));
    let problem = match broken {
        Some(clause) => format!("{NO_FIGURE}the engine does not keep {clause}"),
        None if workload.needs_log() && !runner.batch_log => format!("{NO_FIGURE}the engine declares no batch log"),
        None if workload.reopens() && runner.durability == Durability::Volatile => {
            format!("{NO_FIGURE}the engine keeps nothing when it is closed")
        }
        None => String::new(),
    };
    let figures =
        Figures { spec: runner.spec.clone(), durability: Some(runner.durability), problem, ..Figures::default() };
    Rounds { figures, ..Rounds::default() }
}

/// One round of one runner, in a process of its own.
fn once(spec: &str, bench: &Bench, scratch: &Path) -> Result<Measured, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new(Exit::Incomplete, format!("{spec}: {error}"));
    let patience = Duration::from_secs(600);
    let limits = Limits { call: patience, check: patience, memory: 16 << 30, disk: 64 << 30, ..Limits::default() };
    let folder = tempfile::tempdir_in(scratch).map_err(|error| broken(&error))?;
    let dir = folder.path().join("store");
    std::fs::create_dir(&dir).map_err(|error| broken(&error))?;
    let mut worker = Worker::start(spec, &limits).map_err(|error| broken(&error))?;
    let job = Job::Bench(Box::new(bench.clone()));
    let attempt = worker.attempt(&job, &dir, &limits, &AtomicBool::new(false));
    let problem = |problem: String| Measured { problem, ..Measured::default() };
    Ok(match attempt.ending {
        Ending::Finished(result) => result.measured.map_or_else(|| problem("no figures came back".to_owned()), |m| *m),
        Ending::Died(how) => problem(format!("the engine's process died: {how}")),
        Ending::TimedOut(what) | Ending::DiskFull(what) => problem(what),
        Ending::Broken(what) => return Err(broken(&what)),
        Ending::Cancelled => return Err(Failure::new(Exit::Interrupted, "interrupted")),
    })
}

impl Rounds {
    fn take(&mut self, measured: Measured) {
        if !measured.problem.is_empty() || measured.calls == 0 || measured.nanoseconds == 0 {
            let none = || "the workload made no calls".to_owned();
            let problem = Some(measured.problem).filter(|problem| !problem.is_empty()).unwrap_or_else(none);
            self.figures = Figures {
                spec: std::mem::take(&mut self.figures.spec),
                durability: self.figures.durability,
                problem,
                ..Figures::default()
            };
            return;
        }
        self.figures.rounds.push(measured.calls as f64 * 1e9 / measured.nanoseconds as f64);
        self.latency.merge(&Latency::of_buckets(&measured.latency));
        if measured.held > 0 && measured.disk > 0 {
            self.space.push(measured.disk as f64 / measured.held as f64);
        }
        if let Some(octets) = measured.disk_writes.filter(|_| measured.written > 0) {
            self.amplification.push(octets as f64 / measured.written as f64);
        }
        self.memory.extend(measured.memory);
    }

    fn into_figures(mut self) -> Figures {
        self.memory.sort_unstable();
        Figures {
            latency: self.latency.percentiles(),
            space: middle(self.space),
            write_amplification: middle(self.amplification),
            memory: self.memory.get(self.memory.len() / 2).copied(),
            ..self.figures
        }
    }
}

fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// Rounds, the time of one, and keys.
fn amounts(args: &BenchArgs) -> (u32, Duration, u64) {
    let (rounds, milliseconds, keys) = match args.profile {
        Profile::Quick => (3, 100, 10_000),
        Profile::Standard => (7, 500, 100_000),
        Profile::Soak => (15, 2000, 1_000_000),
    };
    let time = args.seconds.unwrap_or(Duration::from_millis(milliseconds));
    (args.rounds.unwrap_or(rounds), time, args.keys.unwrap_or(keys))
}

fn scratch(dir: Option<&Path>) -> Result<tempfile::TempDir, Failure> {
    let root = dir.map_or_else(std::env::temp_dir, Path::to_owned);
    let mut builder = tempfile::Builder::new();
    builder.prefix("storecheck-bench-");
    builder.tempdir_in(&root).map_err(|error| {
        Failure::usage(format!("no stores can be kept in {}: {error}; name a folder with --dir", root.display()))
    })
}

/// Whether a folder is backed by memory, so that nothing in it reaches a disk.
fn in_memory(dir: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const TMPFS: u64 = 0x0102_1994;
        rustix::fs::statfs(dir).is_ok_and(|system| u64::try_from(system.f_type).is_ok_and(|kind| kind == TMPFS))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = dir;
        false
    }
}

fn command(registry: &Registry, args: &BenchArgs) -> String {
    let mut command = format!("{} bench --engine {}", registry.program, conform::quoted(&args.engine.join(",")));
    let mut add = |words: String| command.push_str(&words);
    args.workload.iter().for_each(|glob| add(format!(" --workload {}", conform::quoted(glob))));
    let given: BTreeMap<&str, Option<String>> = BTreeMap::from([
        ("durability", args.durability.map(|class| class.to_string())),
        ("keys", args.keys.map(|keys| keys.to_string())),
        ("profile", Some(args.profile.to_string()).filter(|_| args.profile != Profile::Standard)),
        ("rounds", args.rounds.map(|rounds| rounds.to_string())),
        ("seconds", args.seconds.map(|seconds| seconds.as_secs_f64().to_string())),
        ("seed", Some(args.seed.to_string()).filter(|_| args.seed != 0)),
    ]);
    for (flag, value) in given {
        if let Some(value) = value {
            add(format!(" --{flag} {value}"));
        }
    }
    command
}
