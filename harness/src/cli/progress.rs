//! A progress bar: a reader of the runner's events that is silent where there is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::CheckVerdict;
use crate::runner::{Event, Plan};

pub(super) struct Progress<'a> {
    bar: ProgressBar,
    plan: &'a Plan,
    failed: u32,
}

impl<'a> Progress<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let bar = ProgressBar::new(plan.checks.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(plan.name.clone());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plan, failed: 0 }
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
            Event::Scratch(..) | Event::Stopped(_) => {}
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
