//! From what a program came to, to findings with their proofs and a history that can be checked again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::guarantees::Guarantees;
use super::program::Program;
use super::run::Ran;
use crate::checker::{Checker, Facts, Proof, Violation};
use crate::contract::Level;
use crate::engine::{Declarations, Engine, Target};
use crate::finding::Finding;
use crate::history::{Head, Recorded, file};
use crate::judged::Failure;
use crate::octets::Decimal;
use crate::scenario::run::CaseResult;

/// Violations of one program that are told of: each the first of its anomaly.
const TOLD_MAX: usize = 4;

/// Programs to run, one after the other, until one fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// The programs.
    pub programs: Vec<Program>,
    /// The target at which a finding ends the run.
    pub target: Target,
}

/// What came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stressed {
    /// How many were run.
    pub programs: u64,
    /// What was seen of guarantees.
    pub guarantees: Guarantees,
    /// The place of the one that failed, from 0.
    pub failed: Option<u64>,
    /// Its history, as [`mod@file`] has it.
    pub history: String,
    /// The calls of that history.
    pub calls: u64,
}

/// Runs the programs until one fails. `perform` runs one on a fresh store.
///
/// # Errors
/// Those of `perform`.
pub fn run(
    programs: &Programs,
    engine: &Engine,
    mut perform: impl FnMut(&Program) -> std::io::Result<Result<Ran, Failure>>,
) -> std::io::Result<CaseResult> {
    let mut stressed = Stressed::default();
    let mut result = CaseResult::default();
    for (at, program) in programs.programs.iter().enumerate() {
        let ran = match perform(program)? {
            Ok(ran) => ran,
            Err(failure) => {
                result.failures.push(failure);
                stressed.failed = Some(at as u64);
                break;
            }
        };
        stressed.programs += 1;
        stressed.guarantees.add(&ran.guarantees);
        result.failures = failures(program, engine.declarations(), &ran);
        if result.failures.iter().any(|failure| failure.finding.fails(programs.target)) {
            (stressed.history, stressed.calls) = history(engine, &ran);
            stressed.failed = Some(at as u64);
            break;
        }
        result.failures.clear();
    }
    result.calls = stressed.guarantees.calls;
    result.stressed = Some(Box::new(stressed));
    Ok(result)
}

/// The first violation of each anomaly as a failure. A hole between numbers counts where there is a log, and at target
/// `served` (PUT-4).
fn failures(program: &Program, declared: Declarations, ran: &Ran) -> Vec<Failure> {
    let mut told = BTreeSet::new();
    let first = ran.findings.violations.iter().filter(|violation| told.insert(violation.anomaly));
    let must = first.take(TOLD_MAX).map(|violation| failure(program, ran, violation, Level::Must));
    let gap = ran.findings.gap.iter().filter(|_| declared.batch_log);
    must.chain(gap.map(|violation| failure(program, ran, violation, Level::Served))).collect()
}

fn failure(program: &Program, ran: &Ran, violation: &Violation, level: Level) -> Failure {
    let call = |nth: u64| ran.history.get(usize::try_from(nth).ok()?.checked_sub(1)?).cloned();
    let proof = Proof::new(violation, call);
    let wrong = proof.wrong();
    let got = wrong.map_or_else(String::new, |witness| proof.told(witness));
    let anomaly = violation.anomaly;
    let finding = Finding::new(level, anomaly.clauses(), anomaly.rule(), format!("{anomaly}: {got}"));
    Failure {
        finding,
        place: format!("program {} of {} clients", program.seed.0, program.clients.len()),
        line: 0,
        action: wrong.map_or_else(String::new, |witness| witness.recorded.request.to_string()),
        trace: Vec::new(),
        details: panicked(ran, violation),
        proof: Some(Box::new(proof)),
    }
}

/// The stack of the panic, if the violation is one.
fn panicked(ran: &Ran, violation: &Violation) -> String {
    let call = violation.calls.first().and_then(|nth| ran.history.get(*nth as usize - 1));
    match call.map(|recorded| &recorded.outcome) {
        Some(crate::call::Outcome::Panicked { backtrace, .. }) => backtrace.clone(),
        _ => String::new(),
    }
}

/// The history up to what proves the first violation, as a file, and the number of its calls.
fn history(engine: &Engine, ran: &Ran) -> (String, u64) {
    let declared = engine.declarations();
    let head = Head {
        history: file::FORMAT,
        engine: engine.name().to_owned(),
        frontier: declared.frontier,
        batch_log: declared.batch_log,
        fresh: Decimal(ran.fresh),
    };
    let calls = shortened(&head, ran);
    let mut text = Vec::new();
    let mut written = file::write_head(&mut text, &head);
    for recorded in calls {
        written = written.and_then(|()| file::write(&mut text, recorded));
    }
    // Writing to memory does not fail.
    debug_assert!(written.is_ok(), "calls serialise");
    (String::from_utf8(text).unwrap_or_default(), calls.len() as u64)
}

/// As much of the history, from its beginning, as shows the first violation.
fn shortened<'a>(head: &Head, ran: &'a Ran) -> &'a [Recorded] {
    let first = ran.findings.violations.first().or(ran.findings.gap.as_ref());
    let Some(first) = first else { return &ran.history };
    let of = |nth: &u64| ran.history.get(*nth as usize - 1);
    let until = first.calls.iter().filter_map(of).filter_map(|recorded| recorded.ret).max().unwrap_or(u64::MAX);
    let prefix = &ran.history[..ran.history.partition_point(|recorded| recorded.call <= until)];
    let facts = Facts { frontier: head.frontier, batch_log: head.batch_log, fresh: head.fresh.0 };
    let mut checker = Checker::new(facts);
    for recorded in prefix {
        checker.take(recorded);
    }
    let found = checker.finish();
    let shows = found.violations.iter().chain(&found.gap).any(|violation| violation.anomaly == first.anomaly);
    if shows { prefix } else { &ran.history }
}
