//! Running programs one after the other, each on a store of its own, until one fails.

use std::io;
use std::path::Path;

use super::mixes::Mix;
use super::trial::Trial;
use super::{Damage, Damaged, Programs, crash, rot};
use crate::contract::Family;
use crate::engine::{Durability, Engine};
use crate::octets::Decimal;
use crate::protocol::HostCommand;
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;

/// Runs the programs, each in a folder of its own below `dir`. What goes on is announced, with the program's seed.
///
/// # Errors
/// When the harness itself cannot go on.
pub(crate) fn run(
    programs: &Programs,
    mix: &'static Mix,
    engine: &Engine,
    dir: &Path,
    announce: &mut dyn FnMut(u64, &str),
) -> io::Result<CaseResult> {
    let own = || HostCommand::Own(programs.spec.clone());
    let command = engine.host_command().cloned().unwrap_or_else(own);
    let declared = engine.declarations();
    let mut result = CaseResult::default();
    let mut damaged = Damaged::default();
    for seed in &programs.seeds {
        let store = dir.join(seed.0.to_string());
        std::fs::create_dir(&store)?;
        let mut trial = Trial {
            mix,
            each: programs.each.0,
            seed: seed.0,
            command: &command,
            declared,
            dir: &store,
            disk: dir.with_extension("disk"),
            draws: SplitMix::new(seed.0),
            damage: Damage { programs: 1, ..Damage::default() },
            calls: 0,
            failures: Vec::new(),
            broken: None,
            place: "at its start".to_owned(),
            announce: &mut |what| announce(seed.0, what),
        };
        // How it ended is in the failures.
        let _ = match mix.family {
            Family::Rot => rot::run(&mut trial),
            #[cfg(all(feature = "powerloss", target_os = "linux"))]
            Family::PowerLoss => super::power::run(&mut trial),
            #[cfg(all(feature = "powerloss", target_os = "linux"))]
            Family::Fault => super::faults::run(&mut trial),
            _ => crash::run(&mut trial),
        };
        let (damage, calls, failures, broken) = (trial.damage, trial.calls, trial.failures, trial.broken);
        let _ = std::fs::remove_dir_all(&store);
        if let Some(why) = broken {
            return Err(io::Error::other(why));
        }
        damaged.damage.add(&damage);
        result.calls += calls;
        if !failures.is_empty() {
            result.failures = failures;
            damaged.failed = Some(*seed);
            break;
        }
    }
    if declared.durability < promised(mix.family) {
        result.refusal = Some(format!("declares {}: what is left is graded", declared.durability));
    }
    result.damaged = Some(Box::new(damaged));
    Ok(result)
}

/// The least class at which what a family does is judged, not only graded.
pub(crate) fn promised(family: Family) -> Durability {
    match family {
        Family::PowerLoss => Durability::PowerLoss,
        // That errors come back as errors is asked of every engine that keeps anything where they come from.
        Family::Fault | Family::Rot => Durability::CleanClose,
        _ => Durability::ProcessCrash,
    }
}

/// A seed for each of the `count` programs that follow on the first `from`.
pub(crate) fn seeds(first: u64, from: u64, count: u64) -> Vec<Decimal> {
    (from..from + count).map(|nth| Decimal(SplitMix::new(first.wrapping_add(nth)).draw())).collect()
}
