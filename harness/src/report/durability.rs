//! Durability, claimed and demonstrated, with how much stands behind it. A pure function of the checks.

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
    /// The highest class that this run shows.
    pub demonstrated: Durability,
    /// What killed processes left.
    pub damage: Damage,
    /// What power failures left; none when no power failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Damage>,
    /// What errors of the disk led to; none when no disk failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<Damage>,
    /// What became of changed files; none when none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rot: Option<Damage>,
}

/// What the checks show; none when no store was damaged.
#[must_use]
pub fn of_checks(checks: &[CheckReport], declared: Declarations) -> Option<DurabilityReport> {
    let sum = |family: Family| {
        let mut sum = Damage::default();
        for report in checks.iter().filter(|check| check.family == family).filter_map(|check| check.damage.as_ref()) {
            sum.add(&report.damage);
        }
        sum
    };
    let failed = |family: Family| checks.iter().any(|check| check.family == family && check.verdict.is_failure());
    let (damage, power, faults, rot) =
        (sum(Family::Crash), sum(Family::PowerLoss), sum(Family::Fault), sum(Family::Rot));
    if damage.kills == 0 && power.images == 0 && faults.programs == 0 && rot.rotted == 0 {
        return None;
    }
    let reopens = declared.durability > Durability::Volatile
        && !checks.iter().any(|check| {
            check.verdict.is_failure()
                && check.failures.iter().any(|failure| failure.finding.clauses.iter().any(|id| id.as_str() == "DUR-1"))
        });
    let killed = !failed(Family::Crash) && damage.kept_all();
    // A store that survives the power keeps what it has on the disk, which a kill does not touch: but both were tried.
    let cut = killed && !failed(Family::PowerLoss) && power.images > 0 && power.kept_all();
    let demonstrated = match (cut, killed, reopens) {
        (true, _, _) => Durability::PowerLoss,
        (false, true, _) => Durability::ProcessCrash,
        (false, false, true) => Durability::CleanClose,
        (false, false, false) => Durability::Volatile,
    };
    let power = (power.images > 0).then_some(power);
    let faults = (faults.programs > 0).then_some(faults);
    let rot = (rot.rotted > 0).then_some(rot);
    Some(DurabilityReport { claimed: declared.durability, demonstrated, damage, power, faults, rot })
}

impl DurabilityReport {
    /// Claim and demonstration in one line.
    #[must_use]
    pub fn verdict(&self) -> String {
        if self.damage.kills == 0 {
            return format!("claims {}; what it keeps was not looked at", self.claimed);
        }
        let so = match self.power {
            // What was not looked at was not found wanting either.
            None if self.demonstrated == Durability::ProcessCrash => "",
            _ if self.claimed > self.demonstrated => "less than that, ",
            _ => "",
        };
        format!("claims {}; demonstrated: {so}{}", self.claimed, self.demonstrated)
    }

    /// What stands behind it, a line for each family that ran.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let Damage { kills, in_flight, in_recovery, in_prune, in_close, audits, acknowledged, lost, damaged, .. } =
            self.damage;
        let mut lines = Vec::new();
        if kills > 0 {
            lines.push(format!(
                "{kills} kills: {in_flight} with a write in flight, {in_recovery} while it recovered, {in_prune} in a \
                 prune, {in_close} while it closed; in {audits} audits {lost} of {acknowledged} acknowledged writes lost, \
                 {damaged} stores damaged"
            ));
        }
        if let Some(Damage { cuts, images, differing, audits, lost, acknowledged, damaged, .. }) = self.power {
            lines.push(format!(
                "{cuts} power failures: {images} images, {differing} of them other than what was synced; in {audits} \
                 audits {lost} of {acknowledged} acknowledged writes lost, {damaged} stores damaged"
            ));
        }
        if let Some(names) = self.names() {
            lines.push(names);
        }
        if let Some(Damage { programs, errors, audits, .. }) = self.faults {
            lines.push(format!("{errors} calls that failed with the disk, in {programs} programs; {audits} audits"));
        }
        if let Some(Damage { rotted, noticed, silent, .. }) = self.rot {
            lines.push(format!("rot: {silent} silent of {rotted} changed stores, {noticed} noticed"));
        }
        lines
    }

    /// What strict names show of a store that keeps everything else.
    fn names(&self) -> Option<String> {
        let power = self.power?;
        let broken = power.strict_broken;
        (broken > 0 && power.kept_all()).then(|| {
            format!(
                "relies on the order in which names reach the disk: {broken} times something was missing where a name \
                 is kept only once its folder was synced"
            )
        })
    }
}
