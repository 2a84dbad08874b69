//! A check that kills: programs of one mix are run, a few to a job, until one fails.

use super::judge::{self, Ruling};
use super::{Event, Session};
use crate::damage::{Damaged, Programs, seeds};
use crate::engine::Durability;
use crate::octets::fnv64;
use crate::process::{Attempt, Ending, Job};
use crate::report::DamageReport;
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;
use crate::suite::{Check, Crash};

/// Programs of one job.
const ROUND: u64 = 2;

impl Session<'_> {
    /// Runs as many programs as the check asks for, or as fit in the time given, until one fails.
    pub(super) fn crash(&self, check: &Check, crash: &Crash, events: &dyn Fn(Event)) -> Ruling {
        let plan = self.plan;
        if plan.in_process.is_some() {
            return judge::not_run(plan, check, "an engine in the harness's own process cannot be killed");
        }
        let first = SplitMix::new(plan.seed ^ fnv64(check.id.as_bytes())).draw();
        let started = std::time::Instant::now();
        let (mut sum, mut calls, mut refusal) = (Damaged::default(), 0, None);
        let mut next = 0;
        // Where nothing is promised a look is enough.
        let promised = plan.declared.durability >= Durability::ProcessCrash;
        let programs = if promised { crash.programs } else { crash.programs.min(1) };
        loop {
            let more = match plan.time {
                Some((time, _)) if started.elapsed() < time => ROUND,
                Some(_) => 0,
                None => programs.saturating_sub(next).min(ROUND),
            };
            if more == 0 {
                break;
            }
            let seeds = seeds(first, next, more);
            next += more;
            let job = Programs { mix: crash.mix.name.to_owned(), spec: plan.spec.clone(), seeds };
            let mut attempt = match self.attempt(&Job::Crash(job), &plan.limits, true) {
                Ok(attempt) => attempt,
                Err(why) => return judge::not_run(plan, check, &why),
            };
            let result = match &mut attempt.ending {
                Ending::Cancelled => return judge::not_run(plan, check, "interrupted"),
                Ending::Broken(how) => return judge::not_run(plan, check, how),
                Ending::Finished(result) => result,
                _ => {
                    let report =
                        DamageReport { damage: sum.damage, failed: attempt.program.map(crate::octets::Decimal) };
                    return judge::attempt(plan, check, attempt).damaged(report);
                }
            };
            calls += result.calls;
            result.calls = calls;
            refusal.clone_from(&result.refusal);
            let damaged = result.damaged.take().map_or_else(Damaged::default, |damaged| *damaged);
            sum.damage.add(&damaged.damage);
            if damaged.failed.is_some() {
                let report = DamageReport { damage: sum.damage, failed: damaged.failed };
                return judge::attempt(plan, check, attempt).damaged(report);
            }
            events(Event::Searched {
                check: check.id.clone(),
                programs: sum.damage.programs,
                calls,
                states: sum.damage.audits,
            });
        }
        let result = CaseResult { calls, refusal, ..CaseResult::default() };
        let report = DamageReport { damage: sum.damage, failed: None };
        judge::attempt(plan, check, Attempt::finished(result)).damaged(report)
    }
}
