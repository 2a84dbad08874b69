//! A check that damages stores: programs of one mix are run, a few to a job, until one fails.

use std::path::Path;

use super::judge::{self, Ruling};
use super::{Event, Session};
use crate::contract::Family;
use crate::damage::{Damaged, Programs, promised, seeds};
use crate::octets::{Decimal, fnv64};
use crate::process::{Attempt, Ending, Job};
use crate::report::DamageReport;
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;
use crate::suite::{Check, Damages};

/// Programs of one job.
const ROUND: u64 = 2;

/// Whether the family's stores live on a disk of ours.
fn wants_disk(family: Family) -> bool {
    matches!(family, Family::PowerLoss | Family::Fault)
}

/// Nothing stays mounted after a worker that used `dir`, however it ended.
pub(super) fn clear_disk(dir: &Path) {
    let at = dir.with_extension("disk");
    #[cfg(all(feature = "powerloss", target_os = "linux"))]
    crate::disk::unmount_below(&at);
    let _ = std::fs::remove_dir(at);
}

#[cfg(all(feature = "powerloss", target_os = "linux"))]
fn disk_unavailable(scratch: &Path) -> Option<String> {
    crate::disk::unavailable(scratch)
}

#[cfg(not(all(feature = "powerloss", target_os = "linux")))]
fn disk_unavailable(_scratch: &Path) -> Option<String> {
    Some(if cfg!(target_os = "linux") {
        "this executable was built without the feature `powerloss`".to_owned()
    } else {
        "only Linux has the file system that forgets".to_owned()
    })
}

impl Session<'_> {
    /// Runs as many programs as the check asks for, or as fit in the time given, until one fails.
    pub(super) fn damage(&self, check: &Check, damages: &Damages, events: &dyn Fn(Event)) -> Ruling {
        let plan = self.plan;
        if plan.in_process.is_some() {
            return judge::not_run(plan, check, "an engine in the harness's own process cannot be killed");
        }
        let family = damages.mix.family;
        let promised = plan.declared.durability >= promised(family);
        if wants_disk(family)
            && let Some(why) = self.diskless.get_or_init(|| disk_unavailable(self.scratch.path()))
        {
            if promised {
                return judge::unavailable(plan, check, why);
            }
            return judge::unpromised(check, format!("declares {}, and {why}", plan.declared.durability));
        }
        let first = SplitMix::new(plan.seed ^ fnv64(check.id.as_bytes())).draw();
        let started = std::time::Instant::now();
        let (mut sum, mut calls, mut refusal) = (Damaged::default(), 0, None);
        let mut next = 0;
        // Where nothing is promised a look is enough.
        let programs = if promised { damages.effort.programs } else { damages.effort.programs.min(1) };
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
            let each = Decimal(damages.effort.each);
            let job = Programs { mix: damages.mix.id(), spec: plan.spec.clone(), each, seeds };
            let mut attempt = match self.attempt(&Job::Damage(job), &plan.limits, true) {
                Ok(attempt) => attempt,
                Err(why) => return judge::not_run(plan, check, &why),
            };
            let result = match &mut attempt.ending {
                Ending::Cancelled => return judge::not_run(plan, check, "interrupted"),
                Ending::Broken(how) => return judge::not_run(plan, check, how),
                Ending::Finished(result) => result,
                _ => {
                    let report = DamageReport { damage: sum.damage, failed: attempt.program.map(Decimal) };
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
