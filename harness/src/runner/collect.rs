//! The reader of events that writes the report.

use std::time::Instant;

use super::{Event, Plan, judge};
use crate::contract::{Contract, Level};
use crate::engine::Durability;
use crate::model::{BEHAVIOURS, Behaviours};
use crate::report::document::{FORMAT, Observation};
use crate::report::{CheckReport, CheckVerdict, EngineReport, Machine, Report, RunReport, durability, verdict};
use crate::scenario::builtin;
use crate::stress::Guarantees;
use crate::suite::Check;

/// Collects events into a report.
pub struct Collector {
    started: Instant,
    scratch: &'static str,
    stopped_by: String,
    checks: Vec<Option<CheckReport>>,
    behaviours: Behaviours,
    notes: Vec<String>,
}

impl Collector {
    /// A collector for a run of `plan` that starts now.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            started: Instant::now(),
            scratch: "disk",
            stopped_by: String::new(),
            checks: vec![None; plan.checks.len()],
            behaviours: Behaviours::default(),
            notes: Vec::new(),
        }
    }

    /// Takes an event in.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Scratch(_, in_memory) => self.scratch = if in_memory { "memory" } else { "disk" },
            Event::CheckStarted(_) | Event::Searched { .. } => {}
            Event::CheckEnded(index, mut report, behaviours) => {
                // A choice that differs between two checks is as wrong as one that differs within a check.
                for finding in self.behaviours.learn(&behaviours) {
                    report.failures.push(crate::judged::Failure {
                        finding,
                        place: "compared with the checks before".to_owned(),
                        line: 0,
                        action: String::new(),
                        trace: Vec::new(),
                        details: String::new(),
                        proof: None,
                    });
                    report.verdict = CheckVerdict::Fail;
                    report.verdict_trait = CheckVerdict::Fail;
                }
                self.checks[index] = Some(*report);
            }
            Event::Stopped(why) => self.stopped_by = why,
        }
    }

    /// The report. `skipped` are checks that the user took out of the plan.
    #[must_use]
    pub fn report(mut self, plan: &Plan, skipped: &[Check]) -> Report {
        let stopped_by = self.stopped_by.clone();
        let checks: Vec<CheckReport> = self
            .checks
            .iter_mut()
            .zip(&plan.checks)
            .map(|(report, check)| {
                report.take().unwrap_or_else(|| CheckReport {
                    verdict: CheckVerdict::Error,
                    verdict_trait: CheckVerdict::Error,
                    reason: format!("not run: {stopped_by}"),
                    ..judge::blank(check)
                })
            })
            .chain(skipped.iter().map(|check| CheckReport {
                verdict: CheckVerdict::Skipped,
                verdict_trait: CheckVerdict::Skipped,
                reason: "taken out by the user".to_owned(),
                ..judge::blank(check)
            }))
            .collect();
        self.note_underclaims(plan);
        note_deviations(&checks, &mut self.notes);
        let finished = stopped_by.is_empty();
        let mut guarantees: Option<Guarantees> = None;
        for stress in checks.iter().filter_map(|check| check.stress.as_ref()) {
            guarantees.get_or_insert_default().add(&stress.guarantees);
        }
        let whole = plan.selection.is_empty();
        Report {
            format: FORMAT,
            storecheck: env!("CARGO_PKG_VERSION").to_owned(),
            contract: Contract::get().name.clone(),
            contract_hash: Contract::hash(),
            engine: EngineReport {
                name: plan.name.clone(),
                version: plan.version.clone(),
                language: plan.language.clone(),
                declarations: plan.declared,
            },
            run: RunReport {
                profile: plan.profile,
                target: plan.target,
                seed: plan.seed.to_string(),
                jobs: u32::try_from(plan.jobs).unwrap_or(u32::MAX),
                suite: builtin::digest().to_owned(),
                suite_checks: u32::try_from(plan.suite_checks).unwrap_or(u32::MAX),
                selection: plan.selection.clone(),
                accepted: plan.accepted.clone(),
                shard: plan.shard,
                minutes: plan.time.map_or(0, |(_, minutes)| minutes),
                finished,
                stopped_by,
                scratch: self.scratch.to_owned(),
                duration_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
                command: plan.command.run.clone(),
            },
            machine: Machine::here(),
            verdicts: whole.then(|| verdict::of_engine(&checks, plan.declared, &plan.accepted, finished)),
            counts: verdict::count(&checks),
            clauses: verdict::of_clauses(&checks, plan.declared, plan.target),
            behaviours: observations(&self.behaviours),
            guarantees,
            durability: durability::of_checks(&checks, plan.declared),
            notes: self.notes,
            checks,
        }
    }

    fn note_underclaims(&mut self, plan: &Plan) {
        let kept = self.behaviours.iter().any(|(name, value)| name == "volatile_reopen" && value == "kept");
        if kept && plan.declared.durability == Durability::Volatile {
            self.notes.push(
                "underclaims: declared volatile, but data survived a clean close and reopen; declare clean-close to have it checked"
                    .to_owned(),
            );
        }
    }
}

/// SHOULD deviations, each once, with how many checks saw it.
fn note_deviations(checks: &[CheckReport], notes: &mut Vec<String>) {
    let mut seen: Vec<(String, u32)> = Vec::new();
    let findings = checks.iter().flat_map(|check| &check.failures).map(|failure| &failure.finding);
    for finding in findings.filter(|finding| finding.level == Level::Should) {
        let clauses: Vec<&str> = finding.clauses.iter().map(|clause| clause.as_str()).collect();
        let text = format!("{} (SHOULD): {}", clauses.join(", "), finding.expected);
        match seen.iter_mut().find(|(known, _)| known.split(": ").next() == text.split(": ").next()) {
            Some((_, count)) => *count += 1,
            None => seen.push((text, 1)),
        }
    }
    notes.extend(seen.into_iter().map(|(text, count)| format!("{text}; not so in {count} checks")));
}

fn observations(behaviours: &Behaviours) -> Vec<Observation> {
    behaviours
        .iter()
        .map(|(name, observed)| {
            let known = BEHAVIOURS.iter().find(|behaviour| behaviour.name == name);
            Observation {
                name: name.to_owned(),
                title: known.map_or_else(|| name.replace('_', " "), |behaviour| behaviour.title.to_owned()),
                clause: known.map_or_else(String::new, |behaviour| behaviour.clause.to_owned()),
                observed,
            }
        })
        .collect()
}
