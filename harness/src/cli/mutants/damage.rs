//! Mutants of damage: each is right until its process dies or its disk fails, and must be found by its own family.
//!
//! When a process dies is the machine's affair as much as the seed's. A mutant that lives through the quick profile
//! meets the standard one of its family, with other seeds, a few times.

use super::{Gallery, Row};
use crate::cli::{Failure, gallery};
use crate::contract::{ClauseId, Family};
use crate::engine::Mutant;
use crate::report::CheckReport;
use crate::scenario::Profile;
use crate::suite::Check;

/// Turns at the standard profile.
const HARDER: u64 = 4;

/// The families that damage a store on purpose.
pub(super) fn is_damage(family: Family) -> bool {
    matches!(family, Family::Crash | Family::PowerLoss | Family::Fault | Family::Rot)
}

/// Whether the suite has the family that the mutant belongs to.
pub(super) fn within_reach(mutant: &Mutant) -> bool {
    mutant.family.is_none_or(|family| family != Family::Wire)
}

/// What the strict grade shows of a mutant of power loss: journals keep names in order, so that a folder never synced is
/// no failure there; a right engine has a clean grade all the same.
pub(in crate::cli) fn strictly(check: &CheckReport, mutant: &Mutant) -> Option<ClauseId> {
    let broken = check.damage.as_ref().is_some_and(|report| report.damage.strict_broken > 0);
    let clause = ClauseId::new("DUR-3");
    (mutant.family == Some(Family::PowerLoss) && broken && mutant.breaks.contains(&clause.as_str())).then_some(clause)
}

/// Lets a mutant that lives on meet more programs of its family.
pub(super) fn harder(row: &mut Row, quick: &Gallery<'_>, mutant: &Mutant, checks: &[Check]) -> Result<(), Failure> {
    let mut checks = checks.to_vec();
    gallery::search(&mut checks, Profile::Standard);
    for turn in 1..=HARDER {
        let gallery = Gallery { seed: quick.seed.wrapping_add(turn), ..*quick };
        row.meet(&gallery, mutant, &checks)?;
        if row.killed {
            break;
        }
    }
    Ok(())
}
