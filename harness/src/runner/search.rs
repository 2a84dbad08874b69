//! A search among random programs: they are run in rounds until one fails; that one is run again, shrunk, written down
//! as a scenario, and the scenario is run to confirm it.
//!
//! Only rounds run in a worker by themselves. Which program comes next, and what a failure shrinks to, is decided here,
//! outside the process that may die of it.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::judge::{self, Ruling};
use super::{Event, Plan, Session};
use crate::contract::{ClauseId, Contract};
use crate::octets::{Decimal, fnv64};
use crate::process::{Attempt, Ending, Job, Limits};
use crate::property::run::Programs;
use crate::property::{Program, Shrinking, Suited, generate};
use crate::report::{CheckReport, CheckVerdict, Found, SearchReport};
use crate::scenario::generate::SplitMix;
use crate::scenario::run::CaseResult;
use crate::scenario::{Case, load_replay, write};
use crate::suite::{Check, Search};

/// How often a program that failed is run again to see whether it always does.
const RUNS: u32 = 5;
/// A program that did not fail again at once is given so many more chances.
const CHANCES: u32 = 20;
/// What a call may take while a program is being shrunk: a candidate that hangs should not cost half a minute.
const SHRINK_CALL: Duration = Duration::from_secs(1);
/// After so many programs that fail as a known failure does, the rest is taken to do so too.
const KNOWN_MAX: usize = 20;
/// Rounds that have a time to keep are this long, about.
const ROUND: Duration = Duration::from_millis(500);

/// How a program failed: what a smaller one must do to count as the same failure.
struct Signature {
    verdict: CheckVerdict,
    clauses: Vec<ClauseId>,
    /// The method whose reply is wrong, or what else was done.
    call: String,
}

impl Signature {
    fn of(report: &CheckReport, plan: &Plan) -> Self {
        let first = report.failures.iter().find(|failure| failure.finding.fails(plan.target));
        let action = first.map_or("", |failure| &failure.action);
        Self {
            verdict: report.verdict,
            clauses: first.into_iter().flat_map(|failure| failure.finding.clauses.clone()).collect(),
            call: action.split('(').next().unwrap_or(action).to_owned(),
        }
    }

    /// Whether two programs, both as short as they get, fail for one reason, as far as can be told from outside.
    fn is(&self, other: &Self) -> bool {
        let clauses = |one: &Self| one.clauses.iter().copied().collect::<BTreeSet<_>>();
        self.verdict == other.verdict && self.call == other.call && clauses(self) == clauses(other)
    }

    fn matches(&self, report: &CheckReport, plan: &Plan) -> bool {
        let counting = report.failures.iter().filter(|failure| failure.finding.fails(plan.target));
        report.verdict == self.verdict
            && counting.into_iter().any(|failure| failure.finding.clauses.iter().any(|id| self.clauses.contains(id)))
    }
}

/// The seeds of a search, in order: those that failed before, then those that follow from the run's seed.
struct Seeds<'a> {
    plan: &'a Plan,
    first: u64,
    next: u64,
    until: u64,
    known: VecDeque<u64>,
}

impl<'a> Seeds<'a> {
    fn new(plan: &'a Plan, check: &Check, search: &Search) -> Self {
        let first = SplitMix::new(plan.seed ^ fnv64(search.shape.name.as_bytes())).draw();
        let known = plan.corpus.iter().filter(|entry| entry.check == check.id).map(|entry| entry.seed.0).collect();
        let until = if plan.time.is_some() { u64::MAX } else { search.programs };
        Self { plan, first, next: 0, until, known }
    }

    fn round(&mut self, count: usize) -> Vec<Decimal> {
        let (shard, shards) = self.plan.shard.map_or((0, 1), |shard| (u64::from(shard.index - 1), u64::from(shard.of)));
        let mut round: Vec<Decimal> = self.known.drain(..).map(Decimal).collect();
        while round.len() < count && self.next < self.until {
            if self.next % shards == shard {
                round.push(Decimal(SplitMix::new(self.first.wrapping_add(self.next)).draw()));
            }
            self.next += 1;
        }
        round
    }
}

/// What a search has come to so far.
#[derive(Default)]
struct Sum {
    result: CaseResult,
    programs: u64,
    states: BTreeSet<u64>,
}

impl Sum {
    fn take(&mut self, result: CaseResult) {
        self.result.calls += result.calls;
        for (why, calls) in result.not_carried {
            *self.result.not_carried.entry(why).or_default() += calls;
        }
        let tally = result.tally.unwrap_or_default();
        self.programs += tally.programs;
        self.states.extend(tally.states.iter().map(|state| state.0));
        // A choice that two rounds show differently is found when all checks are put together.
        let _ = self.result.behaviours.learn(&result.behaviours);
        for note in result.failures {
            if self.result.failures.iter().all(|known| known.finding.clauses != note.finding.clauses) {
                self.result.failures.push(note);
            }
        }
    }
}

impl Session<'_> {
    /// Searches as much as the check asks for.
    pub(super) fn search(&self, check: &Check, search: &Search, events: &dyn Fn(Event)) -> Ruling {
        let plan = self.plan;
        let started = Instant::now();
        let mut seeds = Seeds::new(plan, check, search);
        let mut sum = Sum::default();
        let mut known: Option<Vec<(String, Signature)>> = None;
        let mut hits: Vec<Ruling> = Vec::new();
        let mut size = (search.shape.programs[0] as usize / 12).clamp(1, 50);
        loop {
            if plan.time.is_some_and(|(time, _)| started.elapsed() >= time) {
                break;
            }
            let round = seeds.round(size);
            if round.is_empty() {
                break;
            }
            let began = Instant::now();
            let behind = round.clone();
            let job =
                Job::Programs(Programs { shape: search.shape.name.to_owned(), seeds: round, target: plan.target });
            let mut attempt = match self.attempt(&job, &plan.limits, true) {
                Ok(attempt) => attempt,
                Err(why) => return judge::not_run(plan, check, &why),
            };
            let failed = match &mut attempt.ending {
                Ending::Finished(result) => {
                    let failed = result.tally.as_ref().and_then(|tally| tally.failed);
                    match failed {
                        Some(Decimal(seed)) => {
                            sum.programs += result.tally.take().map_or(0, |tally| tally.programs);
                            result.calls += sum.result.calls;
                            Some(seed)
                        }
                        None => {
                            sum.take(std::mem::take(&mut **result));
                            None
                        }
                    }
                }
                Ending::Cancelled => return judge::not_run(plan, check, "interrupted"),
                Ending::Broken(how) => return judge::not_run(plan, check, how),
                Ending::Died(_) | Ending::TimedOut(_) | Ending::DiskFull(_) => {
                    sum.programs += 1;
                    attempt.program
                }
            };
            if let Some(seed) = failed {
                let ruling = self.found(check, search, &sum, seed, attempt);
                let known = known.get_or_insert_with(|| self.known_failures());
                let signature = Signature::of(ruling.report(), plan);
                let Some((id, _)) = known.iter().find(|(_, known)| known.is(&signature)) else { return ruling };
                hits.push(ruling.known_as(id));
                // What of the round comes behind it is still to be run.
                let rest = behind.iter().skip_while(|next| next.0 != seed).skip(1).map(|next| next.0);
                seeds.known.extend(rest);
                if hits.len() >= KNOWN_MAX {
                    break;
                }
            }
            events(Event::Searched {
                check: check.id.clone(),
                programs: sum.programs,
                calls: sum.result.calls,
                states: sum.states.len() as u64,
            });
            if plan.time.is_some() && began.elapsed() < ROUND / 2 {
                size *= 2;
            }
        }
        if let Some(hit) = hits.into_iter().next() {
            return hit;
        }
        let report = SearchReport { programs: sum.programs, states: sum.states.len() as u64, found: None, known: None };
        judge::attempt(plan, check, Attempt::finished(sum.result)).searched(report)
    }

    /// How the scenarios fail that the engine is expected to fail.
    fn known_failures(&self) -> Vec<(String, Signature)> {
        let failing = |case: &Case| {
            let report = self.report_on(case, &self.plan.limits).filter(|report| report.verdict.is_failure())?;
            Some((case.id.clone(), Signature::of(&report, self.plan)))
        };
        self.plan.known.iter().filter_map(failing).collect()
    }

    /// The report on a program that failed.
    fn found(&self, check: &Check, search: &Search, sum: &Sum, seed: u64, attempt: Attempt) -> Ruling {
        let plan = self.plan;
        let mut ruling = judge::attempt(plan, check, attempt);
        let program = generate(search.shape, Suited::from(plan.declared), seed);
        let mut found = Found {
            seed: Decimal(seed),
            steps: program.operations.len() as u64,
            shortest: program.operations.len() as u64,
            fails: 1,
            runs: 1,
            scenario: String::new(),
        };
        if !plan.shrink.is_zero() {
            self.shrink(check, &program, &mut ruling, &mut found);
        }
        ruling.searched(SearchReport {
            programs: sum.programs,
            states: sum.states.len() as u64,
            found: Some(found),
            known: None,
        })
    }

    /// Makes the program as short as it gets, and the ruling that of the shortest.
    fn shrink(&self, check: &Check, program: &Program, ruling: &mut Ruling, found: &mut Found) {
        let plan = self.plan;
        let wanted = Signature::of(ruling.report(), plan);
        let limits = Limits { call: plan.limits.call.min(SHRINK_CALL), ..plan.limits };
        let fails = |program: &Program, chances: u32| {
            let case = self.case(check, program, &wanted);
            (0..chances).any(|_| self.report_on(&case, &limits).is_some_and(|report| wanted.matches(&report, plan)))
        };
        let started = Instant::now();
        let always = fails(program, 1);
        let chances = if always { 1 } else { 3 };
        if !always && !fails(program, CHANCES) {
            // Chance, or what programs before it left behind: the evidence is all there is.
            let case = self.case(check, program, &wanted);
            (found.fails, found.runs) = (1, CHANCES + 2);
            found.scenario = write::write(&case, &why(check, found, ruling.report()));
            return;
        }
        let mut shrinking = Shrinking::new(program.clone());
        while started.elapsed() < plan.shrink && !self.cancelled() {
            let Some(candidate) = shrinking.propose() else { break };
            let fails = fails(candidate, chances);
            shrinking.judge(fails);
        }
        for program in [shrinking.best(), program] {
            if self.confirm(check, program, &wanted, ruling, found) {
                break;
            }
        }
    }

    /// Writes the program down, and runs what was written; whether it fails in the same way.
    fn confirm(
        &self,
        check: &Check,
        program: &Program,
        wanted: &Signature,
        ruling: &mut Ruling,
        found: &mut Found,
    ) -> bool {
        let plan = self.plan;
        found.shortest = program.operations.len() as u64;
        let case = self.case(check, program, wanted);
        let draft = write::write(&case, &[]);
        let Ok(case) = load_replay(&format!("{}.yaml", case.id), &draft) else { return false };
        // A hang costs its deadline each time.
        let runs = if wanted.verdict == CheckVerdict::Timeout { 1 } else { RUNS };
        let mut confirmed = None;
        (found.fails, found.runs) = (0, runs);
        for _ in 0..runs {
            let report = self.report_on(&case, &plan.limits).filter(|report| wanted.matches(report, plan));
            found.fails += u32::from(report.is_some());
            confirmed = confirmed.or(report);
        }
        let Some(report) = confirmed else { return false };
        // What it shows now, which may be less than what the long program ran into.
        let shown = Signature::of(&report, plan);
        let case = Case { clauses: shown.clauses.clone(), title: title(&shown), ..case };
        found.scenario = write::write(&case, &why(check, found, &report));
        ruling.become_found(report);
        true
    }

    /// The case that a program becomes.
    fn case(&self, check: &Check, program: &Program, wanted: &Signature) -> Case {
        let digest = fnv64(format!("{program:?}").as_bytes());
        let name = check.id.trim_start_matches("property/");
        let id = format!("found/{name}-{:08x}", digest >> 32);
        let mut case = program.clone().into_case(&id, &title(wanted), wanted.clauses.clone());
        // Its size is what it is: a replay runs it whatever the profile.
        case.profile = if case.octets() > (1 << 20) { crate::scenario::Profile::Standard } else { case.profile };
        case
    }

    /// What a run of the case comes to; none when the run was no fault of the engine.
    fn report_on(&self, case: &Case, limits: &Limits) -> Option<CheckReport> {
        let attempt = self.attempt(&Job::Case(Box::new(case.clone())), limits, false).ok()?;
        let (report, _) = judge::attempt(self.plan, &Check::of_case(case.clone()), attempt).after(Duration::ZERO);
        (report.verdict != CheckVerdict::Error).then_some(report)
    }
}

/// One line about a program that fails so: what the clause asks.
fn title(signature: &Signature) -> String {
    let clause = signature.clauses.first().and_then(|id| Contract::get().clause(id.as_str()));
    clause.map_or_else(|| "Every call returns".to_owned(), |clause| clause.title.clone())
}

/// What the scenario's reader wants to know before its steps.
fn why(check: &Check, found: &Found, report: &CheckReport) -> Vec<String> {
    let mut lines = vec![format!(
        "Found by {} as program {}, which had {} steps; this one has {} and fails in {} of {} runs.",
        check.id, found.seed.0, found.steps, found.shortest, found.fails, found.runs
    )];
    if let Some(failure) = report.failures.first() {
        lines.push(format!("{}: {}", failure.place, failure.action));
        lines.push(format!("expected {}", failure.finding.expected));
        lines.push(format!("got {}", failure.finding.got));
    }
    lines
}
