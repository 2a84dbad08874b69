//! What changed from one benchmark run to another, and only what is beyond doubt: beyond the intervals of both runs,
//! beyond the noise of both, and, unless both have a reference, beyond what the machine itself did differently.

use std::fmt::Write as _;

use super::bench::{short, spanned};
use super::markdown::escaped;
use crate::bench::compare::{Interval, mean, noise, ratio_of_runs, relative};
use crate::bench::document::{BenchReport, Figures, WorkloadReport};

/// How an engine fared in a workload, from one run to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The workload.
    pub workload: String,
    /// The engine.
    pub spec: String,
    /// Calls a second, new over old.
    pub ratio: Interval,
    /// Calls a second before and after.
    pub figures: [f64; 2],
    /// How far from 1 a ratio must be to mean anything.
    pub least: f64,
}

impl Move {
    /// Whether it means anything.
    #[must_use]
    pub fn significant(&self) -> bool {
        self.ratio.beyond(self.least)
    }
}

/// What a comparison of two runs says.
#[derive(Debug, Default)]
pub struct BenchDiff {
    /// Workloads and engines that both runs have figures of.
    pub moves: Vec<Move>,
    /// What was not compared, and why.
    pub left_out: Vec<String>,
}

impl BenchDiff {
    /// Whether an engine is slower.
    #[must_use]
    pub fn regressed(&self) -> bool {
        self.moves.iter().any(|one| one.significant() && one.ratio.middle < 1.0)
    }
}

/// Compares two runs.
///
/// Runs whose first engine is the same, and that have others, have it as their reference: what the others did is taken
/// round by round as multiples of what it did, so that it does not matter how fast the machine was. With one engine in
/// each beside the reference, or with no other, these are compared whatever they are called.
#[must_use]
pub fn of_runs(base: &BenchReport, head: &BenchReport) -> BenchDiff {
    let mut diff = BenchDiff::default();
    if let Some(why) = unlike(base, head) {
        diff.left_out.push(format!("all figures: {why}"));
        return diff;
    }
    let drift = drift(base, head);
    let referred = base.engines.len() > 1 && head.engines.len() > 1 && base.engines[0] == head.engines[0];
    let others = |run: &BenchReport| run.engines.len() - usize::from(referred);
    let alone = others(base) == 1 && others(head) == 1;
    for new in &head.workloads {
        let Some(old) = base.workloads.iter().find(|old| old.name == new.name) else {
            diff.left_out.push(format!("{}: not in both runs", new.name));
            continue;
        };
        let noise = [noise(old), noise(new)].into_iter().flatten().fold(0.0, f64::max);
        for (nth, figures) in new.engines.iter().enumerate() {
            let same = |before: &&Figures| before.spec == figures.spec;
            let related = referred && nth > 0;
            let before = match (related, alone) {
                (true, true) => old.engines.get(1),
                (false, true) if !referred => old.engines.first(),
                _ => old.engines.iter().find(same),
            };
            let Some(before) = before else {
                diff.left_out.push(format!("{}, {}: not in both runs", new.name, figures.spec));
                continue;
            };
            let least = if related { noise } else { noise.max(drift) };
            let compared = if related {
                [relative_to_first(old, before), relative_to_first(new, figures)]
            } else {
                [Some(before.clone()), Some(figures.clone())]
            };
            match moved(new, [before, figures], &compared, least) {
                Ok(one) => diff.moves.push(one),
                Err(why) => diff.left_out.push(format!("{}, {}: {why}", new.name, figures.spec)),
            }
        }
    }
    diff
}

fn relative_to_first(workload: &WorkloadReport, figures: &Figures) -> Option<Figures> {
    relative(figures, workload.engines.first()?)
}

/// How an engine moved from its figures before to those after, by what is `compared` of the two.
fn moved(
    workload: &WorkloadReport,
    [before, after]: [&Figures; 2],
    compared: &[Option<Figures>; 2],
    least: f64,
) -> Result<Move, String> {
    if before.durability != after.durability && !workload.only_reads {
        return Err("at another durability".to_owned());
    }
    let figure = |figures: &Figures| mean(&figures.rounds).map(|figure| figure.middle);
    let ratio = match compared {
        [Some(before), Some(after)] => ratio_of_runs(after, before),
        _ => None,
    };
    match (figure(before), figure(after), ratio) {
        (Some(old), Some(new), Some(ratio)) => {
            Ok(Move { workload: workload.name.clone(), spec: after.spec.clone(), ratio, figures: [old, new], least })
        }
        _ => Err("no figures in one of the runs".to_owned()),
    }
}

/// Why two runs say nothing about each other.
fn unlike(base: &BenchReport, head: &BenchReport) -> Option<String> {
    let different = |what: &str, from: &dyn ToString, to: &dyn ToString| {
        let (from, to) = (from.to_string(), to.to_string());
        (from != to).then(|| format!("{what} was {from} and is {to}"))
    };
    let machine = |report: &BenchReport| {
        let machine = &report.machine;
        format!("{} {} with {} processors", machine.os, machine.arch, machine.cpus)
    };
    different("the machine", &machine(base), &machine(head))
        .or_else(|| different("the place of stores", &base.run.scratch, &head.run.scratch))
        .or_else(|| different("the number of keys", &base.run.keys, &head.run.keys))
}

/// How much the machine's own limits differ between two runs.
fn drift(base: &BenchReport, head: &BenchReport) -> f64 {
    let mut most = 0.0_f64;
    for limit in &head.limits {
        let old = base.limits.iter().find(|old| old.name == limit.name);
        let both = old.and_then(|old| Some((mean(&old.rounds)?.middle, mean(&limit.rounds)?.middle)));
        if let Some((old, new)) = both {
            most = most.max((new / old).max(old / new) - 1.0);
        }
    }
    most
}

/// The comparison for a comment on a pull request.
#[must_use]
pub fn markdown(diff: &BenchDiff) -> String {
    let changed: Vec<&Move> = diff.moves.iter().filter(|one| one.significant()).collect();
    let slower = changed.iter().filter(|one| one.ratio.middle < 1.0).count();
    let mut out = format!(
        "**speed**: {} figures compared · {slower} slower · {} faster · {} level\n",
        diff.moves.len(),
        changed.len() - slower,
        diff.moves.len() - changed.len()
    );
    if !changed.is_empty() {
        out.push_str("\n| workload | engine | was | is | new over old |\n|---|---|---|---|---|\n");
    }
    for one in changed {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {}/s | {}/s | {} |",
            one.workload,
            escaped(&one.spec),
            short(one.figures[0]),
            short(one.figures[1]),
            spanned(one.ratio)
        );
    }
    if !diff.left_out.is_empty() {
        out.push('\n');
    }
    for why in &diff.left_out {
        let _ = writeln!(out, "- not compared: {}", escaped(why));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::document::{BenchEngine, BenchRun, FORMAT, Limit};
    use crate::engine::{Declarations, Durability, Frontier};
    use crate::report::Machine;

    fn run(rounds: &[f64], twin: &[f64], syncs: f64) -> BenchReport {
        let figures = |rounds: &[f64]| Figures {
            spec: "mine".to_owned(),
            durability: Some(Durability::PowerLoss),
            rounds: rounds.to_vec(),
            ..Figures::default()
        };
        let declarations =
            Declarations { batch_log: true, durability: Durability::PowerLoss, frontier: Frontier::Immediate };
        BenchReport {
            format: FORMAT,
            kind: "bench".to_owned(),
            storecheck: "0".to_owned(),
            machine: Machine { os: "linux".to_owned(), arch: "x".to_owned(), cpus: 2 },
            run: BenchRun {
                date: "2026-01-01".to_owned(),
                command: String::new(),
                seed: "0".to_owned(),
                rounds: 5,
                milliseconds: 1,
                keys: 1,
                scratch: "disk".to_owned(),
                seconds: 1,
            },
            engines: vec![BenchEngine {
                spec: "mine".to_owned(),
                version: String::new(),
                protocol: false,
                declarations,
            }],
            limits: vec![Limit {
                name: "syncs".to_owned(),
                title: String::new(),
                unit: String::new(),
                rounds: vec![syncs; 3],
            }],
            workloads: vec![WorkloadReport {
                name: "put-1".to_owned(),
                title: String::new(),
                clients: 1,
                only_reads: false,
                rate: None,
                engines: vec![figures(rounds)],
                twin: Some(figures(twin)),
            }],
        }
    }

    const STEADY: [f64; 5] = [100.0, 101.0, 99.0, 100.5, 99.5];

    #[test]
    fn a_tenth_slower_is_told_where_the_noise_allows_it() {
        let base = run(&STEADY, &STEADY, 1000.0);
        let slower = run(&STEADY.map(|figure| figure / 1.1), &STEADY.map(|figure| figure / 1.1), 1000.0);
        let diff = of_runs(&base, &slower);
        assert!(diff.regressed());
        let told = markdown(&diff);
        assert!(told.starts_with("**speed**: 1 figures compared · 1 slower · 0 faster · 0 level\n"), "{told}");
        assert!(told.contains("| put-1 | mine | 100/s | 90.9/s | 0.91 (0.90–0.92) |"), "{told}");
        assert!(!of_runs(&slower, &base).regressed());
        // The same figures where an engine is a tenth away from itself.
        let shaky = run(&STEADY, &[130.0, 80.0, 99.0, 125.0, 99.5], 1000.0);
        assert!(!of_runs(&shaky, &slower).regressed());
        // The same, where the disk has become a fifth slower meanwhile.
        let later = BenchReport { limits: run(&STEADY, &STEADY, 800.0).limits, ..slower };
        assert!(!of_runs(&base, &later).regressed());
    }

    #[test]
    fn a_reference_in_both_runs_takes_out_what_the_machine_did() {
        let with = |of_machine: f64, of_mine: f64| {
            let mut run =
                run(&STEADY.map(|figure| figure * of_machine), &STEADY.map(|figure| figure * of_machine), 1.0);
            let mut reference = run.engines[0].clone();
            reference.spec = "reference".to_owned();
            run.engines.insert(0, reference);
            let mut mine = run.workloads[0].engines[0].clone();
            mine.rounds.iter_mut().for_each(|figure| *figure *= of_mine);
            run.workloads[0].engines[0].spec = "reference".to_owned();
            run.workloads[0].engines.push(mine);
            run.limits = super::tests::run(&STEADY, &STEADY, 1000.0 * of_machine).limits;
            run
        };
        let moved = |base: &BenchReport, head: &BenchReport| {
            let diff = of_runs(base, head);
            diff.moves.iter().find(|one| one.spec == "mine").map(|one| (one.significant(), one.ratio.middle))
        };
        // A machine that is a third slower now, and an engine that is not.
        assert!(matches!(moved(&with(1.0, 2.0), &with(0.7, 2.0)), Some((false, _))));
        // One that is a tenth slower, on a machine that is a third faster.
        let (significant, ratio) = moved(&with(1.0, 2.0), &with(1.3, 1.8)).expect("it is compared");
        assert!(significant && (ratio - 0.9).abs() < 1e-9, "{ratio}");
        // The reference itself has no reference, so that what the machine did counts against it.
        assert!(!of_runs(&with(1.0, 2.0), &with(0.7, 2.0)).regressed());
        // A version of another name, and one among several.
        let mut renamed = with(1.0, 1.8);
        renamed.engines[1].spec = "next".to_owned();
        renamed.workloads[0].engines[1].spec = "next".to_owned();
        assert!(of_runs(&with(1.0, 2.0), &renamed).regressed());
        renamed.engines.push(renamed.engines[1].clone());
        assert_eq!(of_runs(&with(1.0, 2.0), &renamed).left_out, ["put-1, next: not in both runs"]);
    }

    #[test]
    fn runs_that_are_not_alike_are_not_compared() {
        let base = run(&STEADY, &STEADY, 1000.0);
        let mut other = base.clone();
        other.machine.cpus = 8;
        let diff = of_runs(&base, &other);
        assert!(diff.moves.is_empty());
        assert_eq!(
            diff.left_out,
            ["all figures: the machine was linux x with 2 processors and is linux x with 8 processors"]
        );
        let mut looser = base.clone();
        looser.workloads[0].engines[0].durability = Some(Durability::ProcessCrash);
        assert_eq!(of_runs(&base, &looser).left_out, ["put-1, mine: at another durability"]);
    }
}
