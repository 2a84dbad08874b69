//! Putting the reports of shards together: what several machines did of one run, as the report of that run.
//!
//! Nothing is guessed: reports that are not shards of the same run, a shard that is missing and one that stands twice
//! are refused.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{CheckReport, CheckVerdict, Report};
use super::searched::SearchReport;
use super::{durability, verdict};
use crate::model::Behaviours;
use crate::suite;

/// The report of the run whose shards `reports` are, each with the name of its file.
///
/// # Errors
/// What keeps them from being one run, in words.
pub fn merge(reports: Vec<(String, Report)>) -> Result<Report, String> {
    check_shards(&reports)?;
    let mut behaviours = Behaviours::default();
    let mut parts: BTreeMap<String, Vec<CheckReport>> = BTreeMap::new();
    let mut merged: Option<Report> = None;
    for (_, mut report) in reports {
        contradictions(&mut report, &mut behaviours);
        for check in std::mem::take(&mut report.checks) {
            parts.entry(check.id.clone()).or_default().push(check);
        }
        merged = Some(match merged {
            None => report,
            Some(before) => beside(before, report),
        });
    }
    let Some(mut merged) = merged else { return Err("no report was named".to_owned()) };
    for (id, shares) in &parts {
        if shares.len() > 1 && shares.iter().any(|check| check.search.is_none() && check.verdict != CheckVerdict::Error)
        {
            return Err(format!("{id} was run by more than one shard: they overlap"));
        }
    }
    merged.checks = in_order(parts.into_values().filter_map(one).collect(), &merged);
    let shard = merged.run.shard.take().map(|shard| format!("--shard {shard}"));
    merged.run.selection.retain(|flag| Some(flag) != shard.as_ref());
    merged.counts = verdict::count(&merged.checks);
    merged.clauses = verdict::of_clauses(&merged.checks, merged.engine.declarations, merged.run.target);
    merged.durability = durability::of_checks(&merged.checks, merged.engine.declarations);
    let whole = merged.run.selection.is_empty();
    if whole && merged.run.suite_checks as usize != merged.checks.len() {
        return Err(format!(
            "{} checks of a suite of {}: the shards leave a gap",
            merged.checks.len(),
            merged.run.suite_checks
        ));
    }
    let finished = merged.run.finished;
    merged.verdicts =
        whole.then(|| verdict::of_engine(&merged.checks, merged.engine.declarations, &merged.run.accepted, finished));
    Ok(merged)
}

/// That all are shards of the same run, each there once.
fn check_shards(reports: &[(String, Report)]) -> Result<(), String> {
    let Some((first_file, first)) = reports.first() else { return Err("no report was named".to_owned()) };
    let mut seen: BTreeMap<u32, &str> = BTreeMap::new();
    for (file, report) in reports {
        let Some(shard) = report.run.shard else {
            return Err(format!("{file} is no shard: it was made without --shard"));
        };
        if let Some(what) = difference(first, report) {
            return Err(format!("{file} is of another run than {first_file}: {what}"));
        }
        if let Some(other) = seen.insert(shard.index, file) {
            return Err(format!("{file} and {other} are both shard {shard}: they overlap"));
        }
    }
    let of = first.run.shard.map_or(0, |shard| shard.of);
    let missing: Vec<String> =
        (1..=of).filter(|index| !seen.contains_key(index)).map(|index| format!("{index}/{of}")).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("a gap: no report of shard {}", missing.join(", "))) }
}

/// In what two reports are of different runs.
fn difference(one: &Report, other: &Report) -> Option<String> {
    let selection = |report: &Report| {
        let mut flags = report.run.selection.clone();
        flags.retain(|flag| !flag.starts_with("--shard "));
        flags.join(" ")
    };
    let facts = |report: &Report| {
        [
            ("storecheck", report.storecheck.clone()),
            ("contract", report.contract_hash.clone()),
            ("engine", format!("{} {}", report.engine.name, report.engine.version)),
            ("declarations", format!("{:?}", report.engine.declarations)),
            ("suite", report.run.suite.clone()),
            ("profile", report.run.profile.to_string()),
            ("target", report.run.target.to_string()),
            ("seed", report.run.seed.clone()),
            ("minutes", report.run.minutes.to_string()),
            ("number of shards", report.run.shard.map_or(0, |shard| shard.of).to_string()),
            ("selection", selection(report)),
        ]
    };
    let pairs = facts(one).into_iter().zip(facts(other));
    let (one, other) = pairs.into_iter().find(|(one, other)| one != other)?;
    Some(format!("its {} is {:?}, not {:?}", one.0, other.1, one.1))
}

/// An OPEN choice that two shards saw differently speaks against the engine, as within one run.
fn contradictions(report: &mut Report, known: &mut Behaviours) {
    let mut here = Behaviours::default();
    for seen in &report.behaviours {
        for value in seen.observed.split(", ") {
            here.observe(&seen.name, value);
        }
    }
    let findings = known.learn(&here);
    let Some(check) = report.checks.first_mut() else { return };
    for finding in findings {
        check.failures.push(crate::judged::Failure {
            finding,
            place: "compared with the shards before".to_owned(),
            line: 0,
            action: String::new(),
            trace: Vec::new(),
            details: String::new(),
            proof: None,
        });
        check.verdict = CheckVerdict::Fail;
        check.verdict_trait = CheckVerdict::Fail;
    }
}

/// What the two reports say of their run, together.
fn beside(mut one: Report, other: Report) -> Report {
    for seen in other.behaviours {
        match one.behaviours.iter_mut().find(|known| known.name == seen.name) {
            Some(known) => {
                let values: BTreeSet<&str> = known.observed.split(", ").chain(seen.observed.split(", ")).collect();
                known.observed = values.into_iter().collect::<Vec<_>>().join(", ");
            }
            None => one.behaviours.push(seen),
        }
    }
    if let Some(guarantees) = &other.guarantees {
        one.guarantees.get_or_insert_default().add(guarantees);
    }
    one.behaviours.sort_by(|left, right| left.name.cmp(&right.name));
    let new: Vec<String> = other.notes.into_iter().filter(|note| !one.notes.contains(note)).collect();
    one.notes.extend(new);
    one.run.finished &= other.run.finished;
    if one.run.stopped_by.is_empty() {
        one.run.stopped_by = other.run.stopped_by;
    }
    one.run.jobs += other.run.jobs;
    one.run.duration_ms = one.run.duration_ms.max(other.run.duration_ms);
    one.run.command = format!("{}\n{}", one.run.command, other.run.command);
    one
}

/// The parts of one search as one; the first that failed stands for all.
fn one(shares: Vec<CheckReport>) -> Option<CheckReport> {
    let programs =
        |check: &CheckReport| check.search.as_ref().map_or((0, 0), |search| (search.programs, search.states));
    let (mut sum, mut states, mut calls, mut duration) = (0, 0, 0, 0);
    for check in &shares {
        sum += programs(check).0;
        states += programs(check).1;
        calls += check.calls;
        duration += check.duration_us;
    }
    let worst = |check: &CheckReport| match check.verdict {
        verdict if verdict.is_failure() => 0,
        CheckVerdict::Error => 1,
        _ => 2,
    };
    let mut check = shares.into_iter().min_by_key(worst)?;
    if let Some(search) = check.search.take() {
        check.search = Some(SearchReport { programs: sum, states, ..search });
        (check.calls, check.duration_us) = (calls, duration);
    }
    Some(check)
}

/// In the suite's order; checks that are not of this version's suite come last.
fn in_order(mut checks: Vec<CheckReport>, report: &Report) -> Vec<CheckReport> {
    let suite = suite::of_report(report).unwrap_or_default();
    let places: BTreeMap<&str, usize> = suite.iter().enumerate().map(|(at, check)| (check.id.as_str(), at)).collect();
    checks.sort_by_key(|check| (places.get(check.id.as_str()).copied().unwrap_or(usize::MAX), check.id.clone()));
    checks
}
