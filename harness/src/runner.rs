//! The runner: takes a plan, has workers do its checks, and turns what they say into a report.
//!
//! Everything that happens is an [`Event`]; progress bars and the report itself are readers of that one stream. A check
//! that takes its worker down costs no other check its verdict: a fresh worker goes on with the rest.

mod collect;
mod damage;
pub mod differ;
mod judge;
mod scratch;
mod search;
mod stress;

pub use collect::Collector;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::contract::Family;
use crate::driver::{Executor, InProcess};
use crate::engine::{Declarations, Engine, Target};
use crate::judged::Options;
use crate::model::Behaviours;
use crate::octets::Decimal;
use crate::process::{Attempt, Ending, Job, Limits, Probe, Worker};
use crate::property;
use crate::report::{CheckReport, Shard};
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;
use crate::scenario::{Case, Profile, run};
use crate::suite::{Check, Work};

/// How long a failing program is shrunk unless told otherwise.
pub const SHRINK: Duration = Duration::from_secs(20);

/// After so many workers lost in a row the engine is not worth asking further.
const LOST_MAX: u32 = 5;

/// One run, decided before it starts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The name by which a worker finds the engine.
    pub spec: String,
    /// The engine's name and version.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// The language that its host states.
    pub language: String,
    /// What the engine declares.
    pub declared: Declarations,
    /// What it is asked to conform to.
    pub target: Target,
    /// How much work is done.
    pub profile: Profile,
    /// What the order of checks is drawn from.
    pub seed: u64,
    /// Workers at a time; at least one.
    pub jobs: usize,
    /// What a worker may use.
    pub limits: Limits,
    /// How long a failing program may be shrunk; not at all if zero.
    pub shrink: Duration,
    /// How long each search goes on, instead of as many programs as it names; the minutes that the run was given.
    pub time: Option<(Duration, u32)>,
    /// The part of every search that is this run's.
    pub shard: Option<Shard>,
    /// Programs that failed before: they come first.
    pub corpus: Vec<CorpusEntry>,
    /// Scenarios that the engine is expected to fail: a search goes on behind programs that fail as they do.
    pub known: Vec<Case>,
    /// The checks to run.
    pub checks: Vec<Check>,
    /// How many checks the suite has at this profile.
    pub suite_checks: usize,
    /// What selected the checks; empty for the whole suite.
    pub selection: Vec<String>,
    /// Whether the engine is reached over the wire, which does not carry every family.
    pub wired: bool,
    /// Families that may be unavailable without making the engine partial.
    pub accepted: Vec<Family>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Keep the stores, and say where.
    pub keep: bool,
    /// Run checks in this process: for a debugger. An engine that dies takes the run along.
    pub in_process: Option<Engine>,
    /// The command that runs this again, with `{check}` where a check's id goes.
    pub command: Commands,
}

/// A program that failed in an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusEntry {
    /// The check that found it.
    pub check: String,
    /// Its seed.
    pub seed: Decimal,
}

/// How a person runs something again.
#[derive(Debug, Clone)]
pub struct Commands {
    /// The whole run.
    pub run: String,
    /// One check; `{check}` stands for its id.
    pub check: String,
}

/// What happens during a run.
#[derive(Debug)]
pub enum Event {
    /// Stores live here; `true` if it is memory.
    Scratch(PathBuf, bool),
    /// A search has come so far.
    Searched {
        /// The check's id.
        check: String,
        /// Programs run so far.
        programs: u64,
        /// Calls made so far.
        calls: u64,
        /// Different states reached so far.
        states: u64,
    },
    /// A check was given to a worker; its place in the plan.
    CheckStarted(usize),
    /// A check has its verdict; its place in the plan.
    CheckEnded(usize, Box<CheckReport>, Behaviours),
    /// Nothing more is started; why.
    Stopped(String),
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine's process or its open failed before any check.
    #[error("the engine {engine} could not be started: {message}")]
    CannotStart {
        /// The engine's name.
        engine: String,
        /// What went wrong.
        message: String,
    },
    /// The harness has no place to work in.
    #[error("no scratch folder can be made: {0}; point TMPDIR at a folder that can be written")]
    Scratch(std::io::Error),
}

/// Runs `plan`. Every event goes to `events`; `cancel` ends the run early.
///
/// # Errors
/// When the engine cannot be started or there is no place for stores.
pub fn run(plan: &Plan, cancel: &Arc<AtomicBool>, mut events: impl FnMut(Event)) -> Result<(), RunError> {
    let session = Session::start(plan, cancel)?;
    events(Event::Scratch(session.scratch.path().to_path_buf(), session.scratch.in_memory()));
    let queue = Mutex::new(order(plan));
    let stop = AtomicBool::new(false);
    let next = || {
        if cancel.load(Ordering::Relaxed) || stop.load(Ordering::Relaxed) {
            return None;
        }
        queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    };
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|threads| {
        for _ in 0..plan.jobs.max(1) {
            let (sender, next, session, stop) = (sender.clone(), &next, &session, &stop);
            threads.spawn(move || {
                while let Some(index) = next() {
                    // The receiver outlives the threads, so that sending cannot fail.
                    let _ = sender.send(Event::CheckStarted(index));
                    let (report, behaviours) = session.check(index, &|event| {
                        let _ = sender.send(event);
                    });
                    if report.verdict.is_failure() && plan.fail_fast {
                        stop.store(true, Ordering::Relaxed);
                    }
                    let _ = sender.send(Event::CheckEnded(index, Box::new(report), behaviours));
                }
            });
        }
        drop(sender);
        for event in receiver {
            events(event);
        }
    });
    if cancel.load(Ordering::Relaxed) {
        events(Event::Stopped("interrupted".to_owned()));
    } else if stop.load(Ordering::Relaxed) {
        events(Event::Stopped("stopped at the first failure".to_owned()));
    }
    Ok(())
}

/// The order in which checks are started: large ones first, so that none is left for the end, the rest as the seed has
/// it.
fn order(plan: &Plan) -> VecDeque<usize> {
    let mut draws = SplitMix::new(plan.seed);
    let mut order: Vec<usize> = (0..plan.checks.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, draws.below(i as u64 + 1) as usize);
    }
    // Many clients and kills come last: an engine that they hang or kill time after time still has its other verdicts.
    let last = |check: &Check| matches!(check.work, Work::Stress(_) | Work::Damage(_));
    let place = |check: &Check| (last(check), std::cmp::Reverse(check.octets >> 20));
    order.sort_by_key(|&index| place(&plan.checks[index]));
    order.into()
}

/// An engine ready to be asked: its scratch folder, and the workers that wait for checks.
pub struct Session<'a> {
    plan: &'a Plan,
    scratch: scratch::Scratch,
    cancel: &'a AtomicBool,
    lost: AtomicU32,
    stores: AtomicU64,
    idle: Mutex<Vec<Worker>>,
    /// Why no disk can be mounted here, once that was tried.
    diskless: OnceLock<Option<String>>,
}

impl<'a> Session<'a> {
    /// Opens the engine once, so that one that cannot start is told from one that fails checks.
    ///
    /// # Errors
    /// When it does not open, or there is no place for stores.
    pub fn start(plan: &'a Plan, cancel: &'a AtomicBool) -> Result<Self, RunError> {
        let scratch = scratch::Scratch::new(plan.keep).map_err(RunError::Scratch)?;
        let session = Self {
            plan,
            scratch,
            cancel,
            lost: AtomicU32::new(0),
            stores: AtomicU64::new(0),
            idle: Mutex::new(Vec::new()),
            diskless: OnceLock::new(),
        };
        if plan.in_process.is_none() {
            let worker = session.probe()?;
            session.leave(worker);
        }
        Ok(session)
    }

    fn probe(&self) -> Result<Worker, RunError> {
        let plan = self.plan;
        let cannot = |message: String| RunError::CannotStart { engine: plan.name.clone(), message };
        let mut worker = Worker::start(&plan.spec, &plan.limits).map_err(|error| cannot(error.to_string()))?;
        let dir = self.scratch.store("probe").map_err(RunError::Scratch)?;
        let attempt = worker.attempt(&Job::Probe(Probe {}), &dir, &plan.limits, self.cancel);
        self.scratch.done(&dir);
        let wrote = output_tail(&attempt.output);
        match attempt.ending {
            Ending::Finished(result) => match result.failures.first() {
                None => Ok(worker),
                Some(failure) => Err(cannot(format!("{} -> {}{wrote}", failure.action, failure.finding.got))),
            },
            Ending::Cancelled => Ok(worker),
            Ending::Died(how) => Err(cannot(format!("{}: its process {how}{wrote}", attempt.action))),
            Ending::TimedOut(how) => Err(cannot(format!("{}: {how}{wrote}", attempt.action))),
            Ending::DiskFull(how) | Ending::Broken(how) => Err(cannot(how)),
        }
    }

    /// Runs the check at `index` of the plan. What happens on the way goes to `events`.
    pub fn check(&self, index: usize, events: &dyn Fn(Event)) -> (CheckReport, Behaviours) {
        let check = &self.plan.checks[index];
        let started = Instant::now();
        let ruling = match &check.work {
            Work::Stress(_) | Work::Damage(_) if self.plan.wired => judge::not_carried(check, NOT_ON_THE_WIRE),
            #[cfg(feature = "wire")]
            Work::Wire(wire) => {
                let job = Job::Wire(crate::wire::Request { check: wire.name.to_owned() });
                match self.attempt(&job, &self.plan.limits, true) {
                    Ok(attempt) => judge::attempt(self.plan, check, attempt),
                    Err(why) => judge::not_run(self.plan, check, &why),
                }
            }
            Work::Case(case) => match self.attempt(&Job::Case(case.clone()), &self.plan.limits, true) {
                Ok(attempt) => judge::attempt(self.plan, check, attempt),
                Err(why) => judge::not_run(self.plan, check, &why),
            },
            Work::Search(search) => self.search(check, search, events),
            Work::Stress(stress) => self.stress(check, stress, events),
            Work::Damage(damages) => self.damage(check, damages, events),
        };
        ruling.after(started.elapsed())
    }

    /// Ends what the session holds on to, for a session that is never dropped.
    pub fn end(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.scratch.remove();
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    fn leave(&self, worker: Worker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    /// Has the job done on a fresh store. Workers lost on the way speak against the engine if they `count`.
    fn attempt(&self, job: &Job, limits: &Limits, count: bool) -> Result<Attempt, String> {
        if count && self.lost.load(Ordering::Relaxed) >= LOST_MAX {
            return Err(format!("engine unusable: {LOST_MAX} workers were lost in a row"));
        }
        let name = self.stores.fetch_add(1, Ordering::Relaxed).to_string();
        let dir = self.scratch.store(&name).map_err(|error| format!("no folder for the store: {error}"))?;
        let attempt = match &self.plan.in_process {
            Some(engine) => here(engine, job, &dir, limits),
            None => self.in_worker(job, &dir, limits, count),
        };
        if matches!(job, Job::Damage(_)) {
            damage::clear_disk(&dir);
        }
        self.scratch.done(&dir);
        attempt
    }

    fn in_worker(&self, job: &Job, dir: &Path, limits: &Limits, count: bool) -> Result<Attempt, String> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = idle
            .map_or_else(|| Worker::start(&self.plan.spec, &self.plan.limits), Ok)
            .map_err(|error| format!("no worker: {error}"))?;
        let attempt = worker.attempt(job, dir, limits, self.cancel);
        match &attempt.ending {
            Ending::Finished(result) => {
                if count {
                    self.lost.store(0, Ordering::Relaxed);
                }
                // A panic may have left threads and locks behind that the next check must not meet.
                if result.failures.iter().all(|failure| failure.details.is_empty()) {
                    self.leave(worker);
                }
            }
            Ending::Died(_) | Ending::TimedOut(_) | Ending::DiskFull(_) => {
                self.lost.fetch_add(u32::from(count), Ordering::Relaxed);
            }
            Ending::Cancelled | Ending::Broken(_) => {}
        }
        Ok(attempt)
    }
}

/// Does the job in this process.
fn here(engine: &Engine, job: &Job, dir: &Path, limits: &Limits) -> Result<Attempt, String> {
    let options = Options { declared: engine.declarations(), frontier_deadline: limits.frontier };
    let case = |case: &Case, dir: &Path| {
        InProcess::new(engine.clone(), dir, case.executor).map(|mut driver| run::run(case, &mut driver, options))
    };
    let result = match job {
        // What damages stores does not come here: who would be killed?
        #[cfg(feature = "wire")]
        Job::Wire(request) => crate::wire::run(request, engine, dir, &mut |_| {}),
        Job::Probe(_) | Job::Damage(_) => Ok(CaseResult::default()),
        Job::Case(one) | Job::Transcript(one) => case(one, dir),
        Job::Programs(programs) => property::run::run(programs, options.declared, |one, seed| {
            let dir = dir.join(seed.to_string());
            std::fs::create_dir(&dir)?;
            case(one, &dir)
        }),
        #[cfg(feature = "bench")]
        Job::Bench(bench) => {
            let measured = Some(Box::new(crate::bench::run::run(bench, engine, dir)));
            Ok(CaseResult { measured, ..CaseResult::default() })
        }
        Job::Stress(programs) => {
            let mut nth = 0_u64;
            crate::stress::judge::run(programs, engine, |program| {
                let dir = dir.join(nth.to_string());
                nth += 1;
                std::fs::create_dir(&dir)?;
                let mut store = InProcess::new(engine.clone(), &dir, Executor::Thread)?;
                crate::stress::run::run_on(&mut store, program, options.declared, &mut |_| {})
            })
        }
    };
    result.map(Attempt::finished).map_err(|error| format!("the harness cannot run it: {error}"))
}

/// Why families of many clients and of damage are left to the trait.
const NOT_ON_THE_WIRE: &str = "many clients, crashes and disks: a delete is several requests, and the server dies too";

/// The last lines of what an engine wrote, to go behind a message.
fn output_tail(output: &str) -> String {
    let mut last: Vec<String> = output.lines().rev().take(8).map(|line| format!("\n    {line}")).collect();
    last.reverse();
    if last.is_empty() { String::new() } else { format!("; it wrote:{}", last.concat()) }
}

/// Microseconds, as reports have them.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
