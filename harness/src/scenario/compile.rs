//! From the human form to cases: matrix expansion, and every mistake that the types alone do not catch.

mod combination;

use std::collections::BTreeSet;

use combination::{Combination, combinations};

use super::case::{Case, Expectation, Operation, Step};
use super::run::{CURRENT, FRESH, OLDEST};
use super::syntax::{ScenarioSyntax, StepSyntax};
use crate::contract::ClauseId;

/// A mistake found while compiling: where, what, and what to do.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) message: String,
    pub(super) help: String,
}

/// The names that are not the author's to give.
const GIVEN: [&str; 3] = [FRESH, CURRENT, OLDEST];

type Result<T, E = Wrong> = std::result::Result<T, E>;

/// A mistake before its place is known: the message and the remedy.
pub(super) struct Wrong(String, String);

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T> {
    Err(Wrong(message.into(), help.into()))
}

/// Compiles the scenario of `file`: its path below the scenarios' folder when it is `in_place`, which its id must equal.
pub(super) fn compile(syntax: &ScenarioSyntax, file: &str, in_place: bool) -> Result<Vec<Case>, Mistake> {
    let at = |location: serde_yaml::Location| {
        move |Wrong(message, help)| Mistake { line: location.line(), column: location.column(), message, help }
    };
    let id = &syntax.scenario.value;
    check_id(id, in_place.then_some(file)).map_err(at(syntax.scenario.referenced))?;
    let mut clauses = Vec::new();
    for clause in &syntax.clauses {
        clauses.push(clause_id(&clause.value).map_err(at(clause.referenced))?);
    }
    if clauses.is_empty() {
        return wrong("a scenario shows at least one clause", "name its subject: `clauses: [SCAN-1]`")
            .map_err(at(syntax.scenario.referenced));
    }
    if syntax.steps.is_empty() {
        return wrong("a scenario without steps shows nothing", "add a step").map_err(at(syntax.scenario.referenced));
    }
    let combinations = match &syntax.matrix {
        None => vec![Combination::default()],
        Some(matrix) => combinations(&matrix.value.0).map_err(at(matrix.referenced))?,
    };
    let mut cases = Vec::with_capacity(combinations.len());
    for combination in &combinations {
        let executor = match &syntax.executor {
            None => Default::default(),
            Some(slot) => combination.fill(slot).map_err(at(syntax.scenario.referenced))?,
        };
        let mut names = BTreeSet::from(GIVEN.map(str::to_owned));
        let mut steps = Vec::with_capacity(syntax.steps.len());
        for step in &syntax.steps {
            let place = at(step.referenced);
            steps.push(compile_step(&step.value, step.referenced.line(), combination, &mut names).map_err(place)?);
        }
        cases.push(Case {
            id: combination.labelled(id),
            file: file.to_owned(),
            title: syntax.title.clone(),
            clauses: clauses.clone(),
            needs: syntax.needs.clone(),
            profile: syntax.profile,
            executor,
            steps,
        });
    }
    Ok(cases)
}

fn check_id(id: &str, file: Option<&str>) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '/' | '_');
    if id.is_empty() || !id.chars().all(fits) {
        return wrong(
            format!("bad id `{id}`"),
            "ids are lower-case words joined by `-`, with `/` after the area: `scan/end-is-inclusive`",
        );
    }
    if let Some(expected) = file.map(|file| file.strip_suffix(".yaml").unwrap_or(file))
        && id != expected
    {
        return wrong(
            format!("the id `{id}` differs from the file's place, `{expected}`"),
            format!("write `scenario: {expected}`, or move the file to `{id}.yaml`"),
        );
    }
    Ok(())
}

fn clause_id(id: &str) -> Result<ClauseId> {
    id.parse().map_err(|unknown: crate::contract::UnknownClause| {
        let help = match unknown.nearest.as_slice() {
            [] => "CONTRACT.md lists them all".to_owned(),
            nearest => format!("did you mean `{}`? CONTRACT.md lists them all", nearest.join("`, `")),
        };
        Wrong(format!("unknown clause `{id}`"), help)
    })
}

/// One value of each axis.
fn compile_step(
    step: &StepSyntax,
    line: u64,
    combination: &Combination<'_>,
    names: &mut BTreeSet<String>,
) -> Result<Step> {
    let mut operations = combination.operations(step, names)?;
    let (Some(operation), true) = (operations.pop(), operations.is_empty()) else {
        return wrong(
            "a step makes exactly one call",
            "name one of put_batch, get, range_scan, … and start a new step (`- `) for the next",
        );
    };
    let expect = match &step.expect {
        None => Expectation::Model,
        Some(slot) => combination.expectation(&combination.fill(slot)?, names)?,
    };
    check_expectation(&operation, &expect)?;
    if let Some(name) = &step.r#as {
        let numbered = matches!(
            operation,
            Operation::PutBatch(_)
                | Operation::DeleteBatch(_)
                | Operation::CurrentSequence
                | Operation::OldestRetainedBatch
                | Operation::PruneBatchLog(_)
        );
        if !numbered {
            return wrong(
                format!("`as: {name}`: this step's reply has no number to name"),
                "name the reply of put_batch, delete_batch, current_sequence, oldest_retained_batch or prune_batch_log",
            );
        }
        if GIVEN.contains(&name.as_str()) {
            return wrong(
                format!("`as: {name}`: this name is given by the harness and follows the store"),
                "choose another name",
            );
        }
        names.insert(name.clone());
    }
    let clauses = match &step.clause {
        None => Vec::new(),
        Some(ids) => ids.0.iter().map(|id| clause_id(id)).collect::<Result<_>>()?,
    };
    let times = step.times.unwrap_or(1);
    if times == 0 {
        return wrong("`times: 0` makes no call", "take the step out, or make it at least once");
    }
    Ok(Step { line, operation, expect, name: step.r#as.clone(), clauses, times })
}

/// Whether a reply of the kind expected can come from the call at all.
fn check_expectation(operation: &Operation, expect: &Expectation) -> Result<()> {
    let kind = match operation {
        Operation::PutBatch(_) | Operation::DeleteBatch(_) | Operation::CurrentSequence => "sequence",
        Operation::Get(_) => "value",
        Operation::GetMany(_) => "values",
        Operation::RangeScan { .. } => "rows",
        Operation::GetBatch(_) => "batch",
        Operation::OldestRetainedBatch => "oldest",
        Operation::PruneBatchLog(_) => "removed",
        Operation::Reopen | Operation::OpenAgain => "done",
        Operation::Audit => "model",
    };
    let given = match expect {
        Expectation::Model => return Ok(()),
        Expectation::Ok | Expectation::Error => {
            if matches!(operation, Operation::Audit) {
                "a reply"
            } else {
                return Ok(());
            }
        }
        Expectation::AnyOf(any) => return any.iter().try_for_each(|one| check_expectation(operation, one)),
        Expectation::Sequence(_) => "sequence",
        Expectation::Value(_) => "value",
        Expectation::Values(_) => "values",
        Expectation::Rows(_) => "rows",
        Expectation::Batch(_) => "batch",
        Expectation::Oldest(_) => "oldest",
        Expectation::Removed(_) => "removed",
        Expectation::Done => "done",
    };
    if given == kind {
        Ok(())
    } else {
        wrong(format!("this call never replies with `{given}`"), format!("expect `{kind}`, `ok`, `error` or `model`"))
    }
}

/// Octets that a scenario's quick profile may pass to an engine.
pub(super) const QUICK_OCTETS_MAX: u64 = 1 << 20;

/// The profile that the case's data ask for, when it declares a smaller one.
pub(super) fn undeclared_size(case: &Case) -> Option<String> {
    let octets = case.octets();
    let small = case.profile == super::case::Profile::Quick && octets > QUICK_OCTETS_MAX;
    small.then(|| format!("{octets} octets of data, over the {QUICK_OCTETS_MAX} of the quick profile"))
}
