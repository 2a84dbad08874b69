//! Several engines at once: the same program on each, laid side by side up to the first reply that differs.
//!
//! Not every difference is a fault: what the contract leaves open may differ, and from there on the stores may too. A
//! difference counts when an engine that shows it deviates from the contract; others are told apart by what was
//! observed of each engine.

use std::time::Instant;

use super::judge;
use super::{Plan, SHRINK, Session};
use crate::contract::ClauseId;
use crate::finding::Finding;
use crate::model::Behaviours;
use crate::process::{Ending, Job};
use crate::property::transcript::Line;
use crate::property::{Program, Shrinking};
use crate::scenario::{Case, load_replay, write};
use crate::suite::Check;

/// What one engine made of a program.
#[derive(Debug, Clone)]
pub struct Side {
    /// The engine's name.
    pub engine: String,
    /// What it answered, as far as it came.
    pub lines: Vec<Line>,
    /// The first deviation from the contract, if there is one.
    pub finding: Option<Finding>,
    /// What was observed of its choices.
    pub behaviours: Behaviours,
}

/// A program that engines answer differently, one of them at least against the contract.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The steps of the program that was found, and of the shortest.
    pub steps: (usize, usize),
    /// The shortest, as a scenario file.
    pub scenario: String,
    /// What each engine made of it.
    pub sides: Vec<Side>,
    /// The first line in which they part.
    pub at: usize,
}

/// What engines made of one program.
#[derive(Debug)]
pub enum Comparison {
    /// The same, or nothing but what the contract leaves open.
    Alike(Vec<Side>),
    /// Something that it does not.
    Differs(Box<Difference>),
    /// The harness failed; how.
    Broken(String),
}

/// Runs `program` on every engine and compares. A difference is shrunk.
#[must_use]
pub fn differ(sessions: &[Session<'_>], program: &Program) -> Comparison {
    let sides = match run(sessions, program, &[]) {
        Ok(sides) => sides,
        Err(why) => return Comparison::Broken(why),
    };
    let Some((at, clauses)) = difference(&sides) else { return Comparison::Alike(sides) };
    let mut shrinking = Shrinking::new(program.clone());
    let mut shortest = (sides, at);
    let started = Instant::now();
    while started.elapsed() < SHRINK && !sessions.iter().any(Session::cancelled) {
        let Some(candidate) = shrinking.propose() else { break };
        let found = run(sessions, candidate, &clauses).ok().and_then(|sides| {
            let (at, others) = difference(&sides)?;
            others.iter().any(|id| clauses.contains(id)).then_some((sides, at))
        });
        shrinking.judge(found.is_some());
        shortest = found.unwrap_or(shortest);
    }
    let case = case(shrinking.best(), &clauses);
    Comparison::Differs(Box::new(Difference {
        steps: (program.operations.len(), shrinking.best().operations.len()),
        scenario: write::write(&case, &["Engines differ in what they answer to this.".to_owned()]),
        sides: shortest.0,
        at: shortest.1,
    }))
}

fn case(program: &Program, clauses: &[ClauseId]) -> Case {
    let clauses = if clauses.is_empty() { vec![ClauseId::new("GEN-12")] } else { clauses.to_vec() };
    let digest = crate::octets::fnv64(format!("{program:?}").as_bytes()) >> 32;
    let case = program.clone().into_case(&format!("found/differ-{digest:08x}"), "Engines answer differently", clauses);
    // What is compared is what a replay of the file will do.
    load_replay("", &write::write(&case, &[])).unwrap_or(case)
}

fn run(sessions: &[Session<'_>], program: &Program, clauses: &[ClauseId]) -> Result<Vec<Side>, String> {
    let case = case(program, clauses);
    std::thread::scope(|threads| {
        let sides: Vec<_> = sessions.iter().map(|session| threads.spawn(|| session.side(&case))).collect();
        let gone = |_| Err("a thread of the harness panicked".to_owned());
        sides.into_iter().map(|side| side.join().unwrap_or_else(gone)).collect()
    })
}

/// The first line in which the sides part, and the clauses that one of them breaks; none if nothing counts.
fn difference(sides: &[Side]) -> Option<(usize, Vec<ClauseId>)> {
    let broken = sides.iter().find_map(|side| side.finding.as_ref())?;
    let longest = sides.iter().map(|side| side.lines.len()).max()?;
    let parts = |at: &usize| sides.iter().any(|side| side.lines.get(*at) != sides[0].lines.get(*at));
    (0..longest).find(parts).map(|at| (at, broken.clauses.clone()))
}

impl Session<'_> {
    /// What this engine makes of the case.
    fn side(&self, case: &Case) -> Result<Side, String> {
        let plan: &Plan = self.plan;
        let mut attempt = self.attempt(&Job::Transcript(Box::new(case.clone())), &plan.limits, false)?;
        let (mut lines, mut behaviours) = (Vec::new(), Behaviours::default());
        match &mut attempt.ending {
            Ending::Finished(result) => {
                lines = std::mem::take(&mut result.transcript);
                behaviours = result.behaviours.clone();
            }
            Ending::Broken(how) => return Err(how.clone()),
            Ending::Cancelled => return Err("interrupted".to_owned()),
            Ending::Died(how) | Ending::TimedOut(how) | Ending::DiskFull(how) => {
                // What the engine answered before is gone with its process, but for the last of it.
                let said = attempt.trace.iter().filter_map(|line| line.split_once(" -> "));
                lines.extend(
                    said.map(|(action, outcome)| Line { action: action.to_owned(), outcome: outcome.to_owned() }),
                );
                match lines.last_mut() {
                    Some(last) if last.action == attempt.action => last.outcome.clone_from(how),
                    _ => lines.push(Line { action: attempt.action.clone(), outcome: how.clone() }),
                }
            }
        }
        let (report, _) = judge::attempt(plan, &Check::of_case(case.clone()), attempt).after(std::time::Duration::ZERO);
        let finding = report.failures.into_iter().map(|one| one.finding).find(|finding| finding.fails(plan.target));
        Ok(Side { engine: plan.name.clone(), lines, finding, behaviours })
    }
}
