//! Durability, claimed and demonstrated, with how many crashes stand behind it. A pure function of the checks.

use serde::{Deserialize, Serialize};

use super::document::CheckReport;
use crate::contract::Family;
use crate::damage::Damage;
use crate::engine::{Declarations, Durability};

/// What a store is said to keep, and what it was seen to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DurabilityReport {
    /// The class that the engine declares.
    pub claimed: Durability,
    /// The highest class that this run shows; none above process-crash is looked for.
    pub demonstrated: Durability,
    /// What it was put through.
    pub damage: Damage,
}

/// What the checks show; none when no process was killed.
#[must_use]
pub fn of_checks(checks: &[CheckReport], declared: Declarations) -> Option<DurabilityReport> {
    let mut damage = Damage::default();
    let crashes: Vec<&CheckReport> = checks.iter().filter(|check| check.family == Family::Crash).collect();
    for report in crashes.iter().filter_map(|check| check.damage.as_ref()) {
        damage.add(&report.damage);
    }
    if damage.kills == 0 {
        return None;
    }
    let reopens = declared.durability > Durability::Volatile
        && !checks.iter().any(|check| {
            check.verdict.is_failure()
                && check.failures.iter().any(|failure| failure.finding.clauses.iter().any(|id| id.as_str() == "DUR-1"))
        });
    let killed = crashes.iter().all(|check| !check.verdict.is_failure()) && damage.kept_all();
    let demonstrated = match (killed, reopens) {
        (true, _) => Durability::ProcessCrash,
        (false, true) => Durability::CleanClose,
        (false, false) => Durability::Volatile,
    };
    Some(DurabilityReport { claimed: declared.durability, demonstrated, damage })
}

impl DurabilityReport {
    /// Claim and demonstration in one line.
    #[must_use]
    pub fn verdict(&self) -> String {
        let short = self.claimed > self.demonstrated && self.claimed <= Durability::ProcessCrash;
        let so = if short { "less than that, " } else { "" };
        format!("claims {}; demonstrated: {so}{}", self.claimed, self.demonstrated)
    }

    /// What stands behind it, in one line.
    #[must_use]
    pub fn evidence(&self) -> String {
        let Damage { kills, in_flight, in_recovery, in_prune, in_close, audits, acknowledged, lost, damaged, .. } =
            self.damage;
        format!(
            "{kills} kills: {in_flight} with a write in flight, {in_recovery} while it recovered, {in_prune} in a prune, \
             {in_close} while it closed; in {audits} audits {lost} of {acknowledged} acknowledged writes lost, \
             {damaged} stores damaged"
        )
    }
}
