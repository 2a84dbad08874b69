//! The suite: every check by its stable id, and how a run selects among them.

use crate::contract::{ClauseId, Family};
use crate::driver::Executor;
use crate::process::Job;
use crate::scenario::{Case, LoadError, Profile, builtin};

/// One thing that the suite does and judges.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its stable id.
    pub id: String,
    /// Its family.
    pub family: Family,
    /// One line about it.
    pub title: String,
    /// The clauses it covers, its subject first.
    pub clauses: Vec<ClauseId>,
    /// The least profile that it belongs to.
    pub profile: Profile,
    /// Where its calls are made.
    pub executor: Executor,
    /// The scenario file that it comes from; empty for what comes from none.
    pub file: String,
    /// About how many octets it passes to the engine.
    pub octets: u64,
    /// What a worker is given to do.
    pub job: Job,
}

impl Check {
    /// The check that runs `case`.
    #[must_use]
    pub fn of_case(case: Case) -> Self {
        let mut clauses = case.clauses.clone();
        for clause in case.steps.iter().flat_map(|step| &step.clauses) {
            if !clauses.contains(clause) {
                clauses.push(*clause);
            }
        }
        Self {
            id: case.id.clone(),
            family: Family::Scenario,
            title: case.title.clone(),
            clauses,
            profile: case.profile,
            executor: case.executor,
            file: case.file.clone(),
            octets: case.octets(),
            job: Job::Case(Box::new(case)),
        }
    }

    /// The scenario, or whatever else the check is a case of: its id without the labels of a matrix.
    #[must_use]
    pub fn scenario(&self) -> &str {
        self.id.split('#').next().unwrap_or(&self.id)
    }
}

/// The checks of the built-in suite that belong to `profile`, and those of `more`, which an engine's author adds.
///
/// # Errors
/// The first mistake in each scenario file.
pub fn checks(profile: Profile, more: Vec<Case>) -> Result<Vec<Check>, Vec<LoadError>> {
    let mut cases = builtin::cases()?;
    cases.extend(more);
    let duplicates = crate::scenario::load::duplicates(&cases);
    if !duplicates.is_empty() {
        return Err(duplicates);
    }
    Ok(cases.into_iter().filter(|case| case.profile <= profile).map(Check::of_case).collect())
}
