//! Running the suite on many engines in a row: what `mutants` and `eccentrics` share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Failure;
use super::exit::Exit;
use crate::engine::{Engine, Target};
use crate::process::Limits;
use crate::report::Report;
use crate::runner::{self, Collector, Commands, Event, Plan};
use crate::scenario::Profile;
use crate::suite::{Check, Work};
use crate::wire::Door;

/// Has the searches and stress checks among `checks` run as many programs as `profile` asks for.
pub(super) fn search(checks: &mut [Check], profile: Profile) {
    for check in checks {
        match &mut check.work {
            Work::Search(search) => search.programs = search.shape.programs(profile),
            Work::Stress(stress) => stress.programs = stress.mix.programs(profile),
            Work::Damage(damages) => damages.effort = damages.mix.effort(profile),
            Work::Case(_) | Work::Wire(_) => {}
        }
    }
}

/// What the engines of a gallery are run with.
pub(super) struct Gallery<'a> {
    pub(super) program: &'a str,
    pub(super) profile: Profile,
    pub(super) limits: Limits,
    pub(super) jobs: usize,
    pub(super) seed: u64,
    pub(super) shrink: Duration,
}

impl Gallery<'_> {
    /// The report on one engine. After `failures_max` failing checks no more are run: the report is incomplete then.
    pub(super) fn judge(
        &self,
        spec: &str,
        engine: &Engine,
        target: Target,
        checks: &[Check],
        failures_max: usize,
    ) -> Result<Report, Failure> {
        let command = format!("{} conform --engine {spec} --profile {} --target {target}", self.program, self.profile);
        let plan = Plan {
            spec: spec.to_owned(),
            name: engine.name().to_owned(),
            version: engine.version_text().to_owned(),
            language: engine.language_text().to_owned(),
            declared: engine.declarations(),
            target,
            profile: self.profile,
            seed: self.seed,
            // Whoever shares an endpoint shares its numbers.
            jobs: if matches!(engine.door(), Some(Door::Endpoint { .. })) { 1 } else { self.jobs },
            limits: self.limits,
            shrink: self.shrink,
            time: None,
            shard: None,
            corpus: Vec::new(),
            known: Vec::new(),
            checks: checks.to_vec(),
            suite_checks: checks.len(),
            selection: Vec::new(),
            wired: engine.door().is_some(),
            accepted: Vec::new(),
            fail_fast: false,
            keep: false,
            in_process: None,
            command: Commands { run: command.clone(), check: format!("{command} --check '{{check}}'") },
        };
        let mut collector = Collector::new(&plan);
        let cancel = Arc::new(AtomicBool::new(false));
        let mut failures = 0;
        let watched = |event: Event| {
            if let Event::CheckEnded(_, report, _) = &event {
                failures += usize::from(report.verdict.is_failure());
                if failures > failures_max {
                    cancel.store(true, Ordering::Relaxed);
                }
            }
            collector.take(event);
        };
        runner::run(&plan, &cancel, watched).map_err(|error| Failure::new(Exit::Incomplete, error.to_string()))?;
        Ok(collector.report(&plan, &[]))
    }
}
