//! A check of many clients: programs of one mix are run until one fails, a smaller one that fails too is looked for,
//! and that one is run again and again to see how often it does.
//!
//! The clients' schedule is the machine's, so that a program which failed need not fail again. Every run of a smaller
//! program is therefore of another seed, and the report says how many of how many failed.

use std::time::{Duration, Instant};

use super::judge::{self, Ruling};
use super::{Event, Session};
use crate::checker::Anomaly;
use crate::engine::Target;
use crate::octets::{Decimal, fnv64};
use crate::process::{Attempt, Ending, Job, Limits};
use crate::report::{CheckReport, StressFound, StressReport};
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;
use crate::stress::judge::{Programs, Stressed};
use crate::stress::{Program, Smaller};
use crate::suite::{Check, Stress};

/// Programs of one job: a worker is asked again for more.
const ROUND: usize = 2;
/// A smaller program is taken if it fails so often,
const FAILS: u32 = 2;
/// in so many runs: one that failed once by luck shows nothing to whoever tries it again.
const CHANCES: u32 = 8;
/// How often the smallest is run again to see how often it fails.
const RUNS: u32 = 20;
/// Whatever time is left, it is run so often.
const RUNS_MIN: u32 = 3;
/// What a call may take while smaller programs are tried.
const SMALLER_CALL: Duration = Duration::from_secs(2);

/// What programs have come to so far.
#[derive(Default)]
struct Sum {
    calls: u64,
    stressed: Stressed,
}

impl Sum {
    fn take(&mut self, result: &CaseResult) {
        self.calls += result.calls;
        if let Some(stressed) = &result.stressed {
            self.stressed.programs += stressed.programs;
            self.stressed.guarantees.add(&stressed.guarantees);
        }
    }

    fn report(&self, found: Option<StressFound>) -> StressReport {
        StressReport { programs: self.stressed.programs, guarantees: self.stressed.guarantees, found }
    }
}

/// The programs of a check, a round at a time.
struct Rounds<'a> {
    stress: &'a Stress,
    first: u64,
    next: u64,
    started: Instant,
    /// How long they go on, if not for a number of them.
    time: Option<Duration>,
}

impl Iterator for Rounds<'_> {
    type Item = Vec<Program>;

    fn next(&mut self) -> Option<Vec<Program>> {
        let until = match self.time {
            Some(time) if self.started.elapsed() >= time => self.next,
            Some(_) => u64::MAX,
            None => self.stress.programs,
        };
        let seed = |nth: u64| SplitMix::new(self.first.wrapping_add(nth)).draw();
        let programs: Vec<Program> =
            (self.next..until).take(ROUND).map(|nth| self.stress.mix.program(seed(nth))).collect();
        self.next += programs.len() as u64;
        (!programs.is_empty()).then_some(programs)
    }
}

/// How a round ended.
enum Round {
    Passed,
    /// This program failed, with what it left.
    Failed(Box<(Program, Stressed)>),
    /// The process was lost, nobody knows over which program.
    Lost,
}

impl Round {
    fn of(attempt: &mut Attempt, programs: &[Program], sum: &mut Sum) -> Self {
        let Ending::Finished(result) = &mut attempt.ending else {
            let last = programs.iter().find(|program| Some(program.seed.0) == attempt.program);
            return last.map_or(Self::Lost, |last| Self::Failed(Box::new((last.clone(), Stressed::default()))));
        };
        sum.take(result);
        // What the check's report says is about all programs.
        result.calls = sum.calls;
        let stressed = result.stressed.take().map_or_else(Stressed::default, |stressed| *stressed);
        let failed = stressed.failed.and_then(|at| programs.get(usize::try_from(at).ok()?));
        failed.map_or(Self::Passed, |failed| Self::Failed(Box::new((failed.clone(), stressed))))
    }
}

impl Session<'_> {
    /// Runs as many programs as the check asks for, or as fit in the time given, until one fails.
    pub(super) fn stress(&self, check: &Check, stress: &Stress, events: &dyn Fn(Event)) -> Ruling {
        let plan = self.plan;
        let first = SplitMix::new(plan.seed ^ fnv64(stress.mix.name.as_bytes())).draw();
        let time = plan.time.map(|(time, _)| time);
        let rounds = Rounds { stress, first, next: 0, started: Instant::now(), time };
        let mut sum = Sum::default();
        for programs in rounds {
            let job = Job::Stress(Programs { programs: programs.clone(), target: plan.target });
            let mut attempt = match self.attempt(&job, &plan.limits, true) {
                Ok(attempt) => attempt,
                Err(why) => return judge::not_run(plan, check, &why),
            };
            match attempt.ending {
                Ending::Cancelled => return judge::not_run(plan, check, "interrupted"),
                Ending::Broken(how) => return judge::not_run(plan, check, &how),
                _ => {}
            }
            match Round::of(&mut attempt, &programs, &mut sum) {
                Round::Passed => {}
                Round::Failed(failed) => return self.found_many(check, &sum, *failed, attempt),
                Round::Lost => return judge::attempt(plan, check, attempt).stressed(sum.report(None)),
            }
            events(Event::Searched {
                check: check.id.clone(),
                programs: sum.stressed.programs,
                calls: sum.calls,
                states: 0,
            });
        }
        let result = CaseResult { calls: sum.calls, ..CaseResult::default() };
        judge::attempt(plan, check, Attempt::finished(result)).stressed(sum.report(None))
    }

    /// The report on a program that failed.
    fn found_many(
        &self,
        check: &Check,
        sum: &Sum,
        (program, stressed): (Program, Stressed),
        attempt: Attempt,
    ) -> Ruling {
        let mut ruling = judge::attempt(self.plan, check, attempt);
        let mut found = StressFound {
            program,
            calls: stressed.calls,
            shortest: stressed.calls,
            fails: 1,
            runs: 1,
            history: String::new(),
            text: stressed.history,
        };
        if !self.plan.shrink.is_zero() {
            self.shrink_many(check, &mut ruling, &mut found);
        }
        ruling.stressed(sum.report(Some(found)))
    }

    /// Looks for a smaller program that fails as this one did, makes the ruling that of the shortest history, and counts
    /// how often the smallest program fails.
    fn shrink_many(&self, check: &Check, ruling: &mut Ruling, found: &mut StressFound) {
        let plan = self.plan;
        let wanted = (ruling.report().verdict, anomaly(ruling.report(), plan.target));
        let mut draws = SplitMix::new(found.program.seed.0);
        let started = Instant::now();
        let time_left = |share: f64| started.elapsed() < plan.shrink.mul_f64(share) && !self.cancelled();
        // Another schedule each time: the clients' draws follow from the seed.
        let mut fails = |program: &mut Program, found: &mut StressFound, ruling: &mut Ruling| {
            program.seed = Decimal(draws.draw());
            let Some((report, stressed)) = self.report_on_many(check, program) else { return false };
            if (report.verdict, anomaly(&report, plan.target)) != wanted {
                return false;
            }
            // A short history is the better evidence, whichever program it came from.
            if stressed.calls > 0 && (found.shortest == 0 || stressed.calls < found.shortest) {
                found.shortest = stressed.calls;
                found.text = stressed.history;
                ruling.become_found(report);
            }
            true
        };
        let mut smaller = Smaller::new(found.program.clone());
        while let Some(mut candidate) = smaller.propose().filter(|_| time_left(0.6)) {
            let mut failed = 0;
            for run in 0..CHANCES {
                // A program that has not failed once in half of its runs is not worth the other half.
                if failed == FAILS || (failed == 0 && run == CHANCES / 2) || !time_left(0.6) {
                    break;
                }
                failed += u32::from(fails(&mut candidate, found, ruling));
            }
            if failed == FAILS {
                smaller.failed(candidate);
            }
        }
        let mut best = smaller.best().clone();
        (found.fails, found.runs) = (0, 0);
        while found.runs < RUNS && (found.runs < RUNS_MIN || time_left(1.0)) && !self.cancelled() {
            found.runs += 1;
            found.fails += u32::from(fails(&mut best, found, ruling));
        }
        found.program = best;
    }

    /// What a run of the program comes to; none when the run was no fault of the engine.
    fn report_on_many(&self, check: &Check, program: &Program) -> Option<(CheckReport, Stressed)> {
        let limits = Limits { call: self.plan.limits.call.min(SMALLER_CALL), ..self.plan.limits };
        let job = Job::Stress(Programs { programs: vec![program.clone()], target: self.plan.target });
        let mut attempt = self.attempt(&job, &limits, false).ok()?;
        let stressed = match &mut attempt.ending {
            Ending::Finished(result) => result.stressed.take().map(|stressed| *stressed),
            _ => None,
        };
        let (report, _) = judge::attempt(self.plan, check, attempt).after(Duration::ZERO);
        (report.verdict != crate::report::CheckVerdict::Error).then_some((report, stressed.unwrap_or_default()))
    }
}

/// What the first failure that counts is, if a proof says so.
fn anomaly(report: &CheckReport, target: Target) -> Option<Anomaly> {
    let first = report.failures.iter().find(|failure| failure.finding.fails(target))?;
    first.proof.as_ref().map(|proof| proof.anomaly)
}
