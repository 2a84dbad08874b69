//! From an attempt at a check to its place in the report.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Plan, micros};
use crate::contract::{ClauseId, Level};
use crate::engine::Target;
use crate::finding::Finding;
use crate::judged::Failure;
use crate::model::Behaviours;
use crate::process::{Attempt, Ending};
use crate::report::verdict::of_check;
use crate::report::{CheckReport, CheckVerdict, DamageReport, SearchReport, StressReport};
use crate::suite::{Check, Work};

/// A check's report, but for its time, and what was observed.
pub(super) struct Ruling {
    report: CheckReport,
    behaviours: Behaviours,
}

impl Ruling {
    pub(super) fn report(&self) -> &CheckReport {
        &self.report
    }

    /// With what the search was that it came from.
    pub(super) fn searched(mut self, search: SearchReport) -> Self {
        self.report.search = Some(search);
        self
    }

    /// With what many clients did.
    pub(super) fn stressed(mut self, stress: StressReport) -> Self {
        self.report.stress = Some(stress);
        self
    }

    /// With what the store was put through.
    pub(super) fn damaged(mut self, damage: DamageReport) -> Self {
        self.report.damage = Some(damage);
        self
    }

    /// Marked as the failure that a scenario, expected to fail, also shows.
    pub(super) fn known_as(mut self, scenario: &str) -> Self {
        if let Some(search) = &mut self.report.search {
            search.known = Some(scenario.to_owned());
        }
        self
    }

    /// Takes over the evidence of the shortest program.
    pub(super) fn become_found(&mut self, found: CheckReport) {
        self.report.failures = found.failures;
        if !found.output.is_empty() {
            self.report.output = found.output;
        }
    }

    /// With the time it took.
    pub(super) fn after(mut self, took: Duration) -> (CheckReport, Behaviours) {
        self.report.duration_us = micros(took);
        (self.report, self.behaviours)
    }
}

/// The report of a check before anything is known.
pub(super) fn blank(check: &Check) -> CheckReport {
    CheckReport {
        id: check.id.clone(),
        family: check.family,
        title: check.title.clone(),
        clauses: check.clauses.clone(),
        executor: check.executor,
        verdict: CheckVerdict::Pass,
        verdict_trait: CheckVerdict::Pass,
        expected: false,
        reason: String::new(),
        not_carried: BTreeMap::new(),
        file: check.file.clone(),
        failures: Vec::new(),
        calls: 0,
        search: None,
        stress: None,
        damage: None,
        duration_us: 0,
        output: String::new(),
        replay: String::new(),
    }
}

/// The report of a check that was not run.
pub(super) fn not_run(plan: &Plan, check: &Check, why: &str) -> Ruling {
    let report = CheckReport {
        verdict: CheckVerdict::Error,
        verdict_trait: CheckVerdict::Error,
        reason: why.to_owned(),
        replay: replay(plan, check),
        ..blank(check)
    };
    Ruling { report, behaviours: Behaviours::default() }
}

/// The report of a check that this machine cannot run.
pub(super) fn unavailable(plan: &Plan, check: &Check, why: &str) -> Ruling {
    let mut ruling = not_run(plan, check, why);
    ruling.report.verdict = CheckVerdict::Unavailable;
    ruling.report.verdict_trait = CheckVerdict::Unavailable;
    ruling
}

/// The report of a check whose calls the way to the engine does not carry.
pub(super) fn not_carried(check: &Check, why: &str) -> Ruling {
    let report = CheckReport {
        verdict: CheckVerdict::NotCarried,
        verdict_trait: CheckVerdict::NotCarried,
        reason: why.to_owned(),
        ..blank(check)
    };
    Ruling { report, behaviours: Behaviours::default() }
}

/// The report of a check that this machine cannot run, and whose subject the engine does not promise.
pub(super) fn unpromised(check: &Check, why: String) -> Ruling {
    let report = CheckReport {
        verdict: CheckVerdict::Refused,
        verdict_trait: CheckVerdict::Refused,
        reason: why,
        ..blank(check)
    };
    Ruling { report, behaviours: Behaviours::default() }
}

fn replay(plan: &Plan, check: &Check) -> String {
    let command = plan.command.check.replace("{check}", &check.id);
    // What many clients do, and when they are killed, follows from the seed, as far as it follows from anything.
    match check.work {
        Work::Stress(_) | Work::Damage(_) if plan.seed != 0 => format!("{command} --seed {}", plan.seed),
        _ => command,
    }
}

/// What `attempt` says about `check`.
pub(super) fn attempt(plan: &Plan, check: &Check, attempt: Attempt) -> Ruling {
    let mut report = blank(check);
    let mut behaviours = Behaviours::default();
    let lost = |verdict: CheckVerdict, clause: &'static str, expected: &str, got: String, report: &mut CheckReport| {
        let mut finding = Finding::new(Level::Must, &[clause], expected, got);
        finding.blame(attempt.clauses.iter().copied());
        if ["open", "close"].contains(&attempt.action.as_str())
            && plan.declared.durability > crate::Durability::Volatile
        {
            finding.blame([ClauseId::new("DUR-1")]);
        }
        report.failures.push(Failure {
            finding,
            place: attempt.place.clone(),
            line: attempt.line,
            action: attempt.action.clone(),
            trace: attempt.trace.clone(),
            details: String::new(),
            proof: None,
        });
        report.verdict = verdict;
        report.verdict_trait = verdict;
    };
    match attempt.ending {
        Ending::Finished(result) => {
            report.calls = result.calls;
            report.reason = result.refusal.unwrap_or_default();
            let refused_log = !report.reason.is_empty() && !plan.declared.batch_log;
            if refused_log && !report.clauses.contains(&ClauseId::new("LOG-8")) {
                report.clauses.push(ClauseId::new("LOG-8"));
            }
            report.failures = result.failures;
            report.not_carried = result.not_carried;
            behaviours = result.behaviours;
            report.verdict_trait = of_check(&report, Target::Trait);
            report.verdict = of_check(&report, plan.target);
        }
        Ending::Died(ref how) => {
            lost(CheckVerdict::Died, "GEN-4", "the call returns", format!("the engine's process {how}"), &mut report);
        }
        Ending::TimedOut(ref how) => {
            lost(CheckVerdict::Timeout, "GEN-2", "the call returns in finite time", how.clone(), &mut report);
        }
        Ending::DiskFull(ref how) => {
            lost(
                CheckVerdict::Fail,
                "GEN-4",
                "the store takes room in proportion to its data",
                how.clone(),
                &mut report,
            );
        }
        Ending::Cancelled => return not_run(plan, check, "interrupted"),
        Ending::Broken(ref how) => return not_run(plan, check, how),
    }
    if !matches!(report.verdict, CheckVerdict::Pass | CheckVerdict::Refused | CheckVerdict::NotCarried) {
        report.output = attempt.output;
        report.replay = replay(plan, check);
    }
    Ruling { report, behaviours }
}
