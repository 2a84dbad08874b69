//! `eccentrics`: every deliberately odd but legal engine conforms, or the suite is wrong.

use clap::Args;

use super::exit::Exit;
use super::gallery::{self, Gallery};
use super::{Failure, Registry, conform, engines, output, select};
use crate::process::Limits;
use crate::report::{EngineVerdict, evidence};
use crate::scenario::Profile;
use crate::suite::{self, Check};

#[derive(Debug, Args)]
pub(super) struct EccentricsArgs {
    /// Behind the published server, by the family wire alone.
    #[arg(long)]
    wire: bool,
    /// How much work.
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    profile: Profile,
    /// How many random programs the searches run: a gallery has many engines.
    #[arg(long, value_enum, default_value_t = Profile::Quick, value_name = "PROFILE")]
    searches: Profile,
    /// What random programs and the order of checks are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Workers at a time.
    #[arg(long)]
    jobs: Option<usize>,
}

pub(super) fn run(registry: &Registry, args: &EccentricsArgs) -> Result<Exit, Failure> {
    let suite = || -> Result<Vec<Check>, Failure> {
        let mut checks = select::load_suite(args.profile, Vec::new())?;
        gallery::search(&mut checks, args.searches);
        Ok(checks)
    };
    let checks = if args.wire { suite::over_the_wire(Vec::new()) } else { suite()? };
    let gallery = Gallery {
        program: registry.program,
        profile: args.profile,
        limits: Limits::default(),
        jobs: args.jobs.unwrap_or_else(conform::processors),
        seed: args.seed,
        shrink: std::time::Duration::ZERO,
    };
    let mut wrong = 0;
    for eccentric in &registry.eccentrics {
        let spec = format!("eccentric:{}", eccentric.engine.name());
        let spec = if args.wire { format!("wire:{spec}") } else { spec };
        let found = engines::resolve(registry, &spec)?;
        let report = gallery.judge(&spec, &found.engine, eccentric.target, &checks, usize::MAX)?;
        let verdict = report.verdicts.map(|verdicts| verdicts.at(eccentric.target));
        let text = verdict.map_or_else(String::new, |verdict| verdict.to_string());
        output::print(&format!(
            "{:<28} {:<14} ({}) {}",
            eccentric.engine.name(),
            text,
            eccentric.target,
            eccentric.line
        ));
        if verdict != Some(EngineVerdict::Conformant) {
            wrong += 1;
            for check in report.checks.iter().filter(|check| check.verdict.is_failure()).take(3) {
                output::print(&evidence::text(check));
            }
        }
    }
    let all = registry.eccentrics.len();
    output::print(&format!("{} of {all} eccentrics conform", all - wrong));
    Ok(if wrong == 0 { Exit::Conforms } else { Exit::DoesNotConform })
}
