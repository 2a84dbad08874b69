//! The suite: every check by its stable id, and how a run selects among them.

use crate::contract::{Clause, ClauseId, Contract, Family};
use crate::damage;
use crate::driver::Executor;
use crate::property::{SHAPES, Shape, shape};
use crate::scenario::{Case, LoadError, Profile, builtin};
use crate::stress::{MIXES, Mix, mix};

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
    /// What is done.
    pub work: Work,
}

/// What a check does.
#[derive(Debug, Clone)]
pub enum Work {
    /// A case, run once.
    Case(Box<Case>),
    /// A search among random programs.
    Search(Search),
    /// Programs for many clients.
    Stress(Stress),
    /// Programs whose store is damaged.
    Damage(Damages),
    /// Requests to a server.
    #[cfg(feature = "wire")]
    Wire(&'static crate::wire::WireCheck),
}

/// How much is searched, of which shape.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The shape of the programs.
    pub shape: &'static Shape,
    /// How many are run, unless one fails.
    pub programs: u64,
}

/// How many programs of which mix of clients are run.
#[derive(Debug, Clone, Copy)]
pub struct Stress {
    /// The mix.
    pub mix: &'static Mix,
    /// How many programs are run, unless one fails.
    pub programs: u64,
}

/// How much is done to stores, by programs of which mix.
#[derive(Debug, Clone, Copy)]
pub struct Damages {
    /// The mix.
    pub mix: &'static damage::Mix,
    /// How many programs are run, unless one fails, and what is tried in each of their rounds.
    pub effort: damage::Effort,
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
            work: Work::Case(Box::new(case)),
        }
    }

    /// The check that searches programs of `shape`, as many as `profile` asks for.
    #[must_use]
    pub fn of_shape(shape: &'static Shape, profile: Profile) -> Self {
        let shown = |clause: &&Clause| clause.shown_by.contains(&Family::Property);
        Self {
            id: format!("property/{}", shape.name),
            family: Family::Property,
            title: shape.title.to_owned(),
            clauses: Contract::get().clauses().filter(shown).map(|clause| clause.id).collect(),
            profile: Profile::Quick,
            executor: Executor::Thread,
            file: String::new(),
            // Searches take longest, so that they are started first.
            octets: u64::MAX,
            work: Work::Search(Search { shape, programs: shape.programs(profile) }),
        }
    }

    /// The check that runs programs of `mix`, as many as `profile` asks for.
    #[must_use]
    pub fn of_mix(mix: &'static Mix, profile: Profile) -> Self {
        let shown = |clause: &&Clause| clause.shown_by.contains(&Family::Stress);
        Self {
            id: format!("stress/{}", mix.name),
            family: Family::Stress,
            title: mix.title.to_owned(),
            clauses: Contract::get().clauses().filter(shown).map(|clause| clause.id).collect(),
            profile: Profile::Quick,
            executor: Executor::Thread,
            file: String::new(),
            octets: u64::MAX,
            work: Work::Stress(Stress { mix, programs: mix.programs(profile) }),
        }
    }

    /// The check that damages the stores of programs of `mix`, as much as `profile` asks for.
    #[must_use]
    pub fn of_damage(mix: &'static damage::Mix, profile: Profile) -> Self {
        let shown = |clause: &&Clause| clause.shown_by.contains(&mix.family);
        Self {
            id: mix.id(),
            family: mix.family,
            title: mix.title.to_owned(),
            clauses: Contract::get().clauses().filter(shown).map(|clause| clause.id).collect(),
            profile: Profile::Quick,
            executor: Executor::Thread,
            file: String::new(),
            octets: u64::MAX,
            work: Work::Damage(Damages { mix, effort: mix.effort(profile) }),
        }
    }

    /// The check that asks a server.
    #[cfg(feature = "wire")]
    #[must_use]
    pub fn of_wire(check: &'static crate::wire::WireCheck) -> Self {
        Self {
            id: format!("wire/{}", check.name),
            family: Family::Wire,
            title: check.title.to_owned(),
            clauses: check.clauses.iter().map(|id| ClauseId::new(id)).collect(),
            profile: Profile::Quick,
            executor: Executor::Thread,
            file: String::new(),
            octets: 0,
            work: Work::Wire(check),
        }
    }

    /// The scenario, or whatever else the check is a case of: its id without the labels of a matrix.
    #[must_use]
    pub fn scenario(&self) -> &str {
        self.id.split('#').next().unwrap_or(&self.id)
    }
}

/// The check with this very id; only its own scenario file is read.
#[must_use]
pub fn check(id: &str, profile: Profile) -> Option<Check> {
    match id.split_once('/') {
        Some(("property", name)) => shape(name).map(|shape| Check::of_shape(shape, profile)),
        Some(("stress", name)) => mix(name).map(|mix| Check::of_mix(mix, profile)),
        #[cfg(feature = "wire")]
        Some(("wire", name)) => crate::wire::check(name).map(Check::of_wire),
        _ if damage::mix(id).is_some() => damage::mix(id).map(|mix| Check::of_damage(mix, profile)),
        _ => builtin::case(id).filter(|case| case.profile <= profile).map(Check::of_case),
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
    let scenarios = cases.into_iter().filter(|case| case.profile <= profile).map(Check::of_case);
    let searches = SHAPES.iter().map(|shape| Check::of_shape(shape, profile));
    let stress = MIXES.iter().map(|mix| Check::of_mix(mix, profile));
    let crashes = damage::MIXES.iter().map(|mix| Check::of_damage(mix, profile));
    Ok(scenarios.chain(searches).chain(stress).chain(crashes).collect())
}

/// The checks for an engine over the wire, made of those for one that is called: searches among fewer programs, since
/// every call costs a request and every store a server, and the family `wire`.
#[cfg(feature = "wire")]
#[must_use]
pub fn over_the_wire(mut checks: Vec<Check>) -> Vec<Check> {
    for check in &mut checks {
        if let Work::Search(search) = &mut check.work {
            search.programs = search.programs.div_ceil(WIRE_SHARE);
        }
    }
    checks.extend(crate::wire::CHECKS.iter().map(Check::of_wire));
    checks
}

/// Of so many programs one is run over the wire.
#[cfg(feature = "wire")]
const WIRE_SHARE: u64 = 10;

/// The checks that `report` is of.
#[must_use]
pub(crate) fn of_report(report: &crate::report::Report) -> Option<Vec<Check>> {
    let checks = checks(report.run.profile, Vec::new()).ok()?;
    #[cfg(feature = "wire")]
    if report.checks.iter().any(|check| check.family == Family::Wire) {
        return Some(over_the_wire(checks));
    }
    Some(checks)
}
