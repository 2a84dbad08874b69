//! A progress bar: a reader of the runner's events that is silent where there is no terminal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::report::CheckVerdict;
use crate::runner::{Event, Plan};

/// How often a long run without a terminal says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(30);

pub(super) struct Progress<'a> {
    bar: ProgressBar,
    plan: &'a Plan,
    failed: u32,
    /// How far each search has come: programs, calls, states.
    searches: BTreeMap<String, [u64; 3]>,
    said: Instant,
}

impl<'a> Progress<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let bar = ProgressBar::new(plan.checks.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(plan.name.clone());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plan, failed: 0, searches: BTreeMap::new(), said: Instant::now() }
    }

    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::CheckStarted(index) => {
                let check = &self.plan.checks[*index];
                let failed = if self.failed > 0 { format!("{} failed · ", self.failed) } else { String::new() };
                self.bar.set_message(format!("{failed}{}", check.id));
            }
            Event::CheckEnded(_, report, _) => {
                self.failed += u32::from(report.verdict.is_failure() || report.verdict == CheckVerdict::Error);
                self.bar.inc(1);
            }
            Event::Searched { check, programs, calls, states } => {
                self.searches.insert(check.clone(), [*programs, *calls, *states]);
                let line = self.searched();
                // A run of hours also says so where there is no terminal to draw on.
                if self.plan.time.is_some() && self.bar.is_hidden() && self.said.elapsed() > SAID_EVERY {
                    self.said = Instant::now();
                    output::remark(&line);
                }
                self.bar.set_message(line);
            }
            Event::Scratch(..) | Event::Stopped(_) => {}
        }
    }
}

impl Progress<'_> {
    /// How far all searches have come together.
    fn searched(&self) -> String {
        let sum = |at: usize| self.searches.values().map(|counts| counts[at]).sum::<u64>();
        format!("{} programs · {} calls · {} states · {} failed", sum(0), sum(1), sum(2), self.failed)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
