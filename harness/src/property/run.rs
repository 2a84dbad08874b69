//! Running many programs in a row, each on a store of its own, until one fails.

use std::io;

use serde::{Deserialize, Serialize};

use super::generate::generate;
use super::program::Suited;
use super::weights::shape;
use crate::engine::{Declarations, Target};
use crate::judged::Failure;
use crate::octets::Decimal;
use crate::scenario::Case;
use crate::scenario::run::CaseResult;

/// Programs to run, by their seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// The name of their shape.
    pub shape: String,
    /// The seed of each.
    pub seeds: Vec<Decimal>,
    /// The target at which a finding ends the run.
    pub target: Target,
}

/// What came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many were run.
    pub programs: u64,
    /// Digests of what their stores held at the end, each once.
    pub states: Vec<Decimal>,
    /// The seed of the one that failed.
    pub failed: Option<Decimal>,
}

/// Runs the programs until one fails. `perform` runs a case on a fresh store; it is told the program's seed.
///
/// # Errors
/// Those of `perform`, and a shape that this version does not have.
pub fn run(
    programs: &Programs,
    declared: Declarations,
    mut perform: impl FnMut(&Case, u64) -> io::Result<CaseResult>,
) -> io::Result<CaseResult> {
    let shape = shape(&programs.shape)
        .ok_or_else(|| io::Error::other(format!("no shape of programs is called {:?}", programs.shape)))?;
    let mut all = CaseResult::default();
    let mut tally = Tally::default();
    for &Decimal(seed) in &programs.seeds {
        let program = generate(shape, Suited::from(declared), seed);
        let mut result = perform(&program.into_case(shape.name, shape.title, Vec::new()), seed)?;
        tally.programs += 1;
        tally.states.push(Decimal(result.state));
        all.calls += result.calls;
        for (why, calls) in std::mem::take(&mut result.not_carried) {
            *all.not_carried.entry(why).or_default() += calls;
        }
        for finding in all.behaviours.learn(&result.behaviours) {
            result.failures.push(Failure {
                finding,
                place: "compared with the programs before".to_owned(),
                line: 0,
                action: String::new(),
                trace: Vec::new(),
                details: String::new(),
                proof: None,
            });
        }
        let failed = result.failures.iter().any(|failure| failure.finding.fails(programs.target));
        if failed {
            // What the failure is about stands first, and notes of the programs before do not hide it.
            all.failures.splice(0..0, result.failures);
            tally.failed = Some(Decimal(seed));
            break;
        }
        for note in result.failures {
            let known = |failure: &Failure| failure.finding.clauses == note.finding.clauses;
            if !all.failures.iter().any(known) {
                all.failures.push(note);
            }
        }
    }
    tally.states.sort();
    tally.states.dedup();
    all.tally = Some(tally);
    Ok(all)
}
