//! From findings to verdicts: of a check, of a clause, of an engine. Pure functions, so that a report can be verified
//! from itself.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{CheckReport, CheckVerdict, ClauseReport, ClauseVerdict, Count, EngineVerdict, Report, Verdicts};
use crate::contract::{ClauseId, Contract, Family, Level};
use crate::engine::{Declarations, Target};

/// The verdict of a check at `target`, from its findings; what is no matter of findings stays as it is.
#[must_use]
pub fn of_check(check: &CheckReport, target: Target) -> CheckVerdict {
    match check.verdict {
        CheckVerdict::Pass | CheckVerdict::Fail | CheckVerdict::Refused => {
            if check.failures.iter().any(|failure| failure.finding.fails(target)) {
                CheckVerdict::Fail
            } else if check.search.is_none() && !check.not_carried.is_empty() {
                // Without one of its steps it does not show what it is about; a search has other programs.
                CheckVerdict::NotCarried
            } else if check.reason.is_empty() {
                CheckVerdict::Pass
            } else {
                CheckVerdict::Refused
            }
        }
        other => other,
    }
}

/// Checks by verdict.
#[must_use]
pub fn count(checks: &[CheckReport]) -> Count {
    let mut count = Count::new();
    for check in checks {
        *count.entry(check.verdict).or_default() += 1;
    }
    count
}

/// The verdicts of an engine from all checks of a suite. `finished` is whether the run came to its end; that checks of the
/// `accepted` families are unavailable was agreed to.
#[must_use]
pub fn of_engine(checks: &[CheckReport], declared: Declarations, accepted: &[Family], finished: bool) -> Verdicts {
    let missing = |check: &CheckReport| check.verdict == CheckVerdict::Unavailable && !accepted.contains(&check.family);
    let missing = checks.iter().any(missing);
    let at = |target| {
        let verdicts: BTreeSet<CheckVerdict> = checks.iter().map(|check| of_check(check, target)).collect();
        let unserved = target == Target::Served && !declared.batch_log;
        if verdicts.iter().any(|verdict| verdict.is_failure()) || unserved {
            EngineVerdict::NonConformant
        } else if !finished || verdicts.contains(&CheckVerdict::Error) || checks.is_empty() {
            EngineVerdict::Incomplete
        } else if verdicts.contains(&CheckVerdict::Skipped) || missing {
            EngineVerdict::Partial
        } else {
            EngineVerdict::Conformant
        }
    };
    Verdicts { r#trait: at(Target::Trait), served: at(Target::Served) }
}

/// What the checks say about every clause of the contract.
#[must_use]
pub fn of_clauses(checks: &[CheckReport], declared: Declarations, target: Target) -> Vec<ClauseReport> {
    let mut covering: BTreeMap<ClauseId, u32> = BTreeMap::new();
    let mut naming: BTreeMap<ClauseId, (u32, bool)> = BTreeMap::new();
    for check in checks {
        let ran = !matches!(
            check.verdict,
            CheckVerdict::Error | CheckVerdict::NotCarried | CheckVerdict::Unavailable | CheckVerdict::Skipped
        );
        // A search ends at its first failure, and has shown nothing of what it did not come to.
        let cut_short =
            (check.search.is_some() || check.stress.is_some() || check.damage.is_some()) && check.verdict.is_failure();
        // What is only graded shows nothing of what is asked.
        let graded = check.damage.is_some() && check.verdict == CheckVerdict::Refused;
        if ran && !cut_short && !graded {
            for clause in &check.clauses {
                *covering.entry(*clause).or_default() += 1;
            }
        }
        let mut named: BTreeMap<ClauseId, bool> = BTreeMap::new();
        for failure in &check.failures {
            for clause in &failure.finding.clauses {
                *named.entry(*clause).or_default() |= failure.finding.fails(target);
            }
        }
        for (clause, fails) in named {
            let entry = naming.entry(clause).or_default();
            entry.0 += 1;
            entry.1 |= fails;
        }
    }
    let unserved = target == Target::Served && !declared.batch_log;
    Contract::get()
        .clauses()
        .map(|clause| {
            let checks = covering.get(&clause.id).copied().unwrap_or(0);
            let (failed, fails) = naming.get(&clause.id).copied().unwrap_or((0, false));
            let level = clause.level_for(&declared);
            let verdict = if fails || (unserved && clause.id.as_str() == "LOG-8") {
                ClauseVerdict::Fail
            } else if failed > 0 {
                ClauseVerdict::Deviates
            } else if level.is_none() {
                ClauseVerdict::NotBinding
            } else if checks == 0 {
                ClauseVerdict::Untested
            } else {
                ClauseVerdict::Pass
            };
            ClauseReport { id: clause.id, title: clause.title.clone(), level, verdict, checks, failed }
        })
        .collect()
}

/// Families that the machine could not run, with the reason, and whether the user agreed to do without.
#[must_use]
pub fn unavailable(report: &Report) -> Vec<(Family, String, bool)> {
    let mut found: BTreeMap<Family, (String, bool)> = BTreeMap::new();
    for check in report.checks.iter().filter(|check| check.verdict == CheckVerdict::Unavailable) {
        let accepted = report.run.accepted.contains(&check.family);
        found.entry(check.family).or_insert_with(|| (check.reason.clone(), accepted));
    }
    found.into_iter().map(|(family, (why, accepted))| (family, why, accepted)).collect()
}

/// What the way to the engine did not carry: the reason, and how many checks could not be made for it, and how many calls
/// of programs were left out.
#[must_use]
pub fn not_carried(report: &Report) -> Vec<(String, u64, u64)> {
    let mut found: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for check in &report.checks {
        if check.verdict == CheckVerdict::NotCarried {
            found.entry(reason(check)).or_default().0 += 1;
        } else {
            for (why, calls) in &check.not_carried {
                found.entry(why).or_default().1 += calls;
            }
        }
    }
    found.into_iter().map(|(why, (checks, calls))| (why.to_owned(), checks, calls)).collect()
}

/// The same in words, a line for each reason.
#[must_use]
pub fn not_carried_lines(report: &Report) -> Vec<String> {
    let line = |(why, checks, calls): (String, u64, u64)| {
        let count = |n: u64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        let checks = (checks > 0).then(|| count(checks, "check"));
        let calls = (calls > 0).then(|| count(calls, "call"));
        let counts: Vec<String> = checks.into_iter().chain(calls).collect();
        format!("{}: {why}", counts.join(", "))
    };
    not_carried(report).into_iter().map(line).collect()
}

/// Why a check has the verdict that it has, where a reason belongs to it.
#[must_use]
pub fn reason(check: &CheckReport) -> &str {
    match check.not_carried.keys().next() {
        Some(why) if check.verdict == CheckVerdict::NotCarried => why,
        _ => &check.reason,
    }
}

/// The clauses of the target that no check of the run shows.
pub fn untested(clauses: &[ClauseReport], target: Target) -> impl Iterator<Item = &ClauseReport> {
    clauses.iter().filter(move |clause| {
        let asked = match clause.level {
            Some(Level::Must) => true,
            Some(Level::Served) => target == Target::Served,
            _ => false,
        };
        asked && clause.verdict == ClauseVerdict::Untested
    })
}
