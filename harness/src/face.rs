//! The face that `cargo test` and nextest know: [`main`] lists every check by its id and runs the selected ones.
//!
//! libtest-mimic draws the face only. Each check runs under the runner, in a worker process that is this executable
//! started again, so that an engine that aborts or hangs costs one check and not the rest.

mod known;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::contract::Family;
use crate::damage;
use crate::engine::{Engine, Target};
use crate::process::{self, Limits};
use crate::report::{CheckVerdict, Report, evidence, files};
use crate::runner::{Collector, Commands, Event, Plan, SHRINK, Session};
use crate::scenario::Profile;
use crate::suite::{self, Check};
use known::Known;

/// Judges `engine` as a test executable: put it in the `main` of a test target with `harness = false`.
///
/// Flags are libtest's (`--list`, filters, `--exact`, `--skip`, `--test-threads`); the exit code is 0, or 101 when a
/// check failed. The rest is told by the environment:
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `STORECHECK_PROFILE` | `quick`, `standard` or `soak` | `quick` |
/// | `STORECHECK_TARGET` | `trait` or `served` | `served` |
/// | `STORECHECK_SEED` | what the order of checks is drawn from, a number | 0 |
/// | `STORECHECK_REPORT` | a folder for `report.json`, `report.md`, the badge and the annotations | none |
/// | `STORECHECK_EXPECT` | a list of known failures, which do not fail the test (feature `expect`) | none |
///
/// An entry of the list that is used up fails a run of all checks, as docs/known-failures.md says; the list as it should
/// be is written beside the report.
///
/// A report is written when one process runs all checks, as `cargo test` does. nextest runs each in a process of its
/// own, and has its own reports.
#[expect(clippy::needless_pass_by_value, reason = "the call reads best with the engine built in its place")]
pub fn main(engine: Engine) -> ExitCode {
    if let Some(code) = process::serve_role(|_| Some(engine.clone())) {
        return code;
    }
    match try_main(&engine) {
        Ok(code) => code,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "storecheck: {message}");
            ExitCode::from(101)
        }
    }
}

fn try_main(engine: &Engine) -> Result<ExitCode, String> {
    let args = Arguments::from_args();
    let settings = Settings::from_environment()?;
    let checks = selected(&args, &settings)?;
    // Trials live as long as the process; so do the plan and whatever they share.
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(engine, checks, settings)));
    let mut trials: Vec<Trial> = Vec::with_capacity(shared.plan.checks.len() + 1);
    for (index, check) in shared.plan.checks.iter().enumerate() {
        let trial = Trial::test(check.id.clone(), move || shared.run(index));
        trials.push(trial.with_ignored_flag(shared.ignored.contains(&index)));
    }
    if shared.plan.target == Target::Served {
        let batch_log = engine.declarations().batch_log;
        trials.push(Trial::test("target/served-needs-a-batch-log", move || served(batch_log)));
    }
    let listing = args.list;
    let conclusion = libtest_mimic::run(&args, trials);
    if let Some(Ok(session)) = shared.session.get() {
        shared.note_ignored(session);
        session.end();
    }
    if listing || args.exact {
        return Ok(conclusion.exit_code());
    }
    let stale = shared.conclude()?;
    // Checks that a filter left out may be what the list is about.
    if stale.is_empty() || conclusion.num_filtered_out > 0 {
        return Ok(conclusion.exit_code());
    }
    Err(format!("entries of the list of known failures are used up; take them out:\n  {}", stale.join("\n  ")))
}

/// LOG-8: an engine without a batch log can conform to the trait, never behind the server.
fn served(batch_log: bool) -> Result<(), Failed> {
    if batch_log {
        return Ok(());
    }
    Err("LOG-8: the engine declares no batch log, so that every subscriber of the server fails. \
         Ask for the trait alone with STORECHECK_TARGET=trait, or keep a log and declare it: .batch_log(true)"
        .into())
}

/// The checks that the arguments can select.
fn selected(args: &Arguments, settings: &Settings) -> Result<Vec<Check>, String> {
    if let (true, Some(name)) = (args.exact, &args.filter) {
        return Ok(suite::check(name, settings.profile).into_iter().collect());
    }
    suite::checks(settings.profile, Vec::new())
        .map_err(|errors| errors.iter().map(|error| format!("\n{error}")).collect::<String>())
}

struct Settings {
    profile: Profile,
    target: Target,
    seed: u64,
    report: Option<PathBuf>,
    known: Option<Known>,
    /// Families that this machine need not be able to run.
    accepted: Vec<Family>,
}

impl Settings {
    fn from_environment() -> Result<Self, String> {
        Ok(Self {
            profile: variable("STORECHECK_PROFILE", "quick, standard or soak", Profile::Quick)?,
            target: variable("STORECHECK_TARGET", "trait or served", Target::Served)?,
            seed: variable("STORECHECK_SEED", "a number", 0)?,
            report: std::env::var_os("STORECHECK_REPORT").map(PathBuf::from),
            known: std::env::var_os("STORECHECK_EXPECT").map(|path| Known::read(Path::new(&path))).transpose()?,
            accepted: accepted()?,
        })
    }
}

impl Settings {
    /// What stands before a command so that it runs as this run did.
    fn variables(&self) -> String {
        let mut variables = String::new();
        if self.profile != Profile::Quick {
            variables += &format!("STORECHECK_PROFILE={} ", self.profile);
        }
        if self.target != Target::Served {
            variables += &format!("STORECHECK_TARGET={} ", self.target);
        }
        if self.seed != 0 {
            variables += &format!("STORECHECK_SEED={} ", self.seed);
        }
        variables
    }
}

/// The families in STORECHECK_ACCEPT_UNAVAILABLE, with commas between them.
fn accepted() -> Result<Vec<Family>, String> {
    const NAME: &str = "STORECHECK_ACCEPT_UNAVAILABLE";
    let names = std::env::var(NAME).unwrap_or_default();
    let family = |name: &str| {
        Family::named(name.trim())
            .ok_or_else(|| format!("{NAME}={names}: it takes names of families, such as power-loss,fault"))
    };
    names.split(',').filter(|name| !name.trim().is_empty()).map(family).collect()
}

fn variable<T: FromStr>(name: &str, takes: &str, default: T) -> Result<T, String> {
    match std::env::var(name) {
        Err(std::env::VarError::NotPresent) => Ok(default),
        Err(error) => Err(format!("{name}: {error}; it takes {takes}")),
        Ok(text) => text.parse().map_err(|_| format!("{name}={text}: it takes {takes}")),
    }
}

/// What all trials share.
struct Shared {
    plan: Plan,
    report: Option<PathBuf>,
    known: Option<Known>,
    /// Checks that are listed as ignored: without the feature nothing can be said of what the engine promises there.
    ignored: Vec<usize>,
    cancel: AtomicBool,
    session: OnceLock<Result<Session<'static>, String>>,
    collector: Mutex<Collector>,
}

impl Shared {
    fn new(engine: &Engine, checks: Vec<Check>, settings: Settings) -> Self {
        let variables = settings.variables();
        let known = settings.known.as_ref();
        let plan = Plan {
            spec: engine.name().to_owned(),
            name: engine.name().to_owned(),
            version: engine.version_text().to_owned(),
            language: engine.language_text().to_owned(),
            declared: engine.declarations(),
            target: settings.target,
            profile: settings.profile,
            seed: settings.seed,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            limits: Limits::default(),
            suite_checks: checks.len(),
            shrink: SHRINK,
            time: None,
            shard: None,
            corpus: Vec::new(),
            known: known.map_or_else(Vec::new, |known| known.scenarios(engine.name(), &checks)),
            checks,
            selection: Vec::new(),
            wired: false,
            accepted: settings.accepted,
            fail_fast: false,
            keep: false,
            in_process: None,
            command: Commands {
                run: format!("{variables}cargo test --test conformance"),
                check: format!("{variables}cargo test --test conformance -- --exact '{{check}}'"),
            },
        };
        let collector = Mutex::new(Collector::new(&plan));
        let Settings { report, known, .. } = settings;
        let ignored = |check: &Check| {
            matches!(check.family, Family::PowerLoss | Family::Fault)
                && !cfg!(feature = "powerloss")
                && plan.declared.durability >= damage::promised(check.family)
        };
        let ignored = (0..plan.checks.len()).filter(|index| ignored(&plan.checks[*index])).collect();
        Self { plan, report, known, ignored, cancel: AtomicBool::new(false), session: OnceLock::new(), collector }
    }

    fn run(&'static self, index: usize) -> Result<(), Failed> {
        let session = self
            .session
            .get_or_init(|| Session::start(&self.plan, &self.cancel).map_err(|error| error.to_string()))
            .as_ref()?;
        let (report, behaviours) = session.check(index, &|_| {});
        let plan = &self.plan;
        let known = |list: &Known| report.verdict.is_failure() && list.expects(&plan.name, plan.target, &report);
        let agreed = report.verdict == CheckVerdict::Unavailable && plan.accepted.contains(&report.family);
        let good = agreed
            || matches!(report.verdict, CheckVerdict::Pass | CheckVerdict::Refused | CheckVerdict::NotCarried)
            || self.known.as_ref().is_some_and(known);
        let result = if good { Ok(()) } else { Err(Failed::from(evidence::text(&report))) };
        let mut collector = self.collector.lock().unwrap_or_else(PoisonError::into_inner);
        collector.take(Event::CheckEnded(index, Box::new(report), behaviours));
        result
    }

    /// Has the report say why some checks were ignored.
    fn note_ignored(&self, session: &Session<'_>) {
        for index in &self.ignored {
            let (report, behaviours) = session.check(*index, &|_| {});
            let mut collector = self.collector.lock().unwrap_or_else(PoisonError::into_inner);
            collector.take(Event::CheckEnded(*index, Box::new(report), behaviours));
        }
    }

    /// Writes the report, if a folder was named. What is used up of the list of known failures.
    fn conclude(&self) -> Result<Vec<String>, String> {
        let empty = Collector::new(&self.plan);
        let collector = std::mem::replace(&mut *self.collector.lock().unwrap_or_else(PoisonError::into_inner), empty);
        let mut report = collector.report(&self.plan, &[]);
        let (stale, list) = match &self.known {
            None => (Vec::new(), None),
            Some(known) => {
                let (stale, list) = known.mark(&mut report);
                (stale, Some(list))
            }
        };
        if let Some(folder) = &self.report {
            Self::write(folder, &report, list).map_err(|(what, error)| {
                format!(
                    "the report cannot be written: {what}: {error}; point STORECHECK_REPORT at a folder that can be written"
                )
            })?;
        }
        Ok(stale)
    }

    fn write(folder: &Path, report: &Report, list: Option<String>) -> Result<(), (&'static str, std::io::Error)> {
        std::fs::create_dir_all(folder).map_err(|error| ("the folder", error))?;
        files::write(report, folder)?;
        let list = list.map_or(Ok(()), |list| std::fs::write(folder.join("known.yaml"), list));
        list.map_err(|error| ("known.yaml", error))
    }
}
