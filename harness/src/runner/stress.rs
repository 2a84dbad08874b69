//! A check of many clients: programs of one mix are run until one fails, a smaller one that fails too is looked for,
//! and that one is run again and again to see how often it does.
//!
//! The clients' schedule is the machine's, so that a program which failed need not fail again. Every run of a smaller
//! program is therefore of another seed, and the report says how many of how many failed.

use std::time::{Duration, Instant};

use super::judge::{self, Ruling};
use super::{Event, Session};
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
/// How often a smaller program may be run until it fails.
const CHANCES: u32 = 6;
/// How often the smallest is run again to see how often it fails.
const RUNS: u32 = 20;
/// What a call may take while smaller programs are tried.
const SMALLER_CALL: Duration = Duration::from_secs(1);

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

impl Session<'_> {
    /// Runs as many programs as the check asks for, or as fit in the time given, until one fails.
    pub(super) fn stress(&self, check: &Check, stress: &Stress, events: &dyn Fn(Event)) -> Ruling {
        let plan = self.plan;
        let started = Instant::now();
        let first = SplitMix::new(plan.seed ^ fnv64(stress.mix.name.as_bytes())).draw();
        let seed = |nth: u64| SplitMix::new(first.wrapping_add(nth)).draw();
        let mut sum = Sum::default();
        let mut next = 0;
        loop {
            let over = match plan.time {
                Some((time, _)) => started.elapsed() >= time,
                None => next >= stress.programs,
            };
            if over {
                break;
            }
            let until = if plan.time.is_some() { u64::MAX } else { stress.programs };
            let programs: Vec<Program> =
                (next..until).take(ROUND).map(|nth| stress.mix.program(seed(nth))).collect();
            next += programs.len() as u64;
            let job = Job::Stress(Programs { programs: programs.clone(), target: plan.target });
            let mut attempt = match self.attempt(&job, &plan.limits, true) {
                Ok(attempt) => attempt,
                Err(why) => return judge::not_run(plan, check, &why),
            };
            let failed = match &mut attempt.ending {
                Ending::Finished(result) => {
                    sum.take(result);
                    let stressed = result.stressed.take();
                    // What the check's report says is about all programs.
                    result.calls = sum.calls;
                    stressed.and_then(|stressed| Some((*programs.get(stressed.failed? as usize).as_ref()?, *stressed)))
                        .map(|(program, stressed)| (program.clone(), stressed))
                }
                Ending::Cancelled => return judge::not_run(plan, check, "interrupted"),
                Ending::Broken(how) => return judge::not_run(plan, check, how),
                Ending::Died(_) | Ending::TimedOut(_) | Ending::DiskFull(_) => {
                    let of = |program: &&Program| Some(program.seed.0) == attempt.program;
                    programs.iter().find(of).map(|program| (program.clone(), Stressed::default()))
                }
            };
            let ended = matches!(attempt.ending, Ending::Finished(_));
            if let Some((program, stressed)) = failed {
                return self.found_many(check, &sum, program, stressed, attempt);
            }
            if !ended {
                return judge::attempt(plan, check, attempt).stressed(sum.report(None));
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
    fn found_many(&self, check: &Check, sum: &Sum, program: Program, stressed: Stressed, attempt: Attempt) -> Ruling {
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

    /// Looks for a smaller program that fails as this one did, and makes the ruling that of the shortest history.
    fn shrink_many(&self, check: &Check, ruling: &mut Ruling, found: &mut StressFound) {
        let plan = self.plan;
        let limits = Limits { call: plan.limits.call.min(SMALLER_CALL), ..plan.limits };
        let clauses: Vec<_> =
            ruling.report().failures.iter().flat_map(|failure| failure.finding.clauses.clone()).collect();
        let verdict = ruling.report().verdict;
        let same = |report: &CheckReport| {
            let named = report.failures.iter().filter(|failure| failure.finding.fails(plan.target));
            report.verdict == verdict
                && named.into_iter().any(|failure| failure.finding.clauses.iter().any(|id| clauses.contains(id)))
        };
        let mut draws = SplitMix::new(found.program.seed.0);
        let started = Instant::now();
        let time_left = |share: f64| started.elapsed() < plan.shrink.mul_f64(share) && !self.cancelled();
        let kept = |report: CheckReport, stressed: Stressed, found: &mut StressFound, ruling: &mut Ruling| {
            // A short history is the better evidence, whichever program it came from.
            if found.shortest == 0 || stressed.calls < found.shortest {
                found.shortest = stressed.calls;
                found.text = stressed.history;
                ruling.become_found(report);
            }
        };
        let mut smaller = Smaller::new(found.program.clone());
        'programs: while let Some(candidate) = smaller.propose() {
            for _ in 0..CHANCES {
                if !time_left(0.6) {
                    break 'programs;
                }
                let candidate = Program { seed: Decimal(draws.draw()), ..candidate.clone() };
                if let Some((report, stressed)) = self.report_on_many(check, &candidate, &limits).filter(|(report, _)| same(report)) {
                    kept(report, stressed, found, ruling);
                    smaller.failed(candidate);
                    break;
                }
            }
        }
        found.program = smaller.best().clone();
        (found.fails, found.runs) = (0, 0);
        while found.runs < RUNS && (found.runs < 3 || time_left(1.0)) && !self.cancelled() {
            let again = Program { seed: Decimal(draws.draw()), ..found.program.clone() };
            found.runs += 1;
            if let Some((report, stressed)) = self.report_on_many(check, &again, &limits).filter(|(report, _)| same(report)) {
                found.fails += 1;
                kept(report, stressed, found, ruling);
            }
        }
    }

    /// What a run of the program comes to; none when the run was no fault of the engine.
    fn report_on_many(&self, check: &Check, program: &Program, limits: &Limits) -> Option<(CheckReport, Stressed)> {
        let job = Job::Stress(Programs { programs: vec![program.clone()], target: self.plan.target });
        let mut attempt = self.attempt(&job, limits, false).ok()?;
        let stressed = match &mut attempt.ending {
            Ending::Finished(result) => result.stressed.take().map(|stressed| *stressed),
            _ => None,
        };
        let (report, _) = judge::attempt(self.plan, check, attempt).after(Duration::ZERO);
        (report.verdict != crate::report::CheckVerdict::Error).then_some((report, stressed.unwrap_or_default()))
    }
}
