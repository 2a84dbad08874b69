//! Figures against figures: ratios with their error, and when two engines are really apart.
//!
//! Engines take turns within a round, so what the machine does meanwhile meets all of them: compared is the ratio of a
//! round's two figures, and the rounds' ratios by their geometric mean. How sure that is comes from drawing as many
//! rounds with replacement, again and again (the bootstrap; Efron 1979). The first engine runs twice in every round, and
//! how far it seems to be from itself is the noise below which nothing is ranked.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::document::{BenchReport, Figures, WorkloadReport};

/// Draws of the bootstrap.
const DRAWS: usize = 4000;
/// What lies outside the interval, in 1000, on each side.
const OUTSIDE: usize = 25;

/// A number and the interval that it lies in, 95 times of 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The number.
    pub middle: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How two engines stand to each other in a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The first is faster.
    Faster,
    /// The first is slower.
    Slower,
    /// They cannot be told apart.
    Level,
    /// They do not promise to keep the same, and the workload writes.
    Unlike,
    /// One of them has no figures.
    Unknown,
}

impl Interval {
    /// Whether all of it is further from 1 than `noise`.
    #[must_use]
    pub fn beyond(&self, noise: f64) -> bool {
        self.low > 1.0 + noise || self.high < 1.0 / (1.0 + noise)
    }
}

/// The geometric mean of `numbers`, all above 0, and its interval; none of no numbers.
#[must_use]
pub fn mean(numbers: &[f64]) -> Option<Interval> {
    if numbers.is_empty() || numbers.iter().any(|number| *number <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = numbers.iter().map(|number| number.ln()).collect();
    Some(interval(&logs, drawn(&logs)))
}

/// The ratio of two engines' figures, round by round.
#[must_use]
pub fn ratio(first: &Figures, second: &Figures) -> Option<Interval> {
    if first.rounds.len() != second.rounds.len() {
        return None;
    }
    let ratios: Vec<f64> = first.rounds.iter().zip(&second.rounds).map(|(first, second)| first / second).collect();
    mean(&ratios)
}

/// The ratio of figures that two runs gave, whose rounds have nothing to do with each other.
#[must_use]
pub fn ratio_of_runs(head: &Figures, base: &Figures) -> Option<Interval> {
    let logs = |figures: &Figures| figures.rounds.iter().map(|number| number.ln()).collect::<Vec<f64>>();
    if head.rounds.is_empty()
        || base.rounds.is_empty()
        || [head, base].iter().any(|f| f.rounds.iter().any(|n| *n <= 0.0))
    {
        return None;
    }
    let (head, base) = (logs(head), logs(base));
    let (heads, bases) = (drawn(&head), drawn_with(&base, 1));
    let mut draws: Vec<f64> = heads.iter().zip(&bases).map(|(head, base)| head - base).collect();
    draws.sort_by(f64::total_cmp);
    let middle = average(&head) - average(&base);
    Some(of_sorted(middle, &draws))
}

/// Figures as multiples of what `reference` gave in the same rounds: what the machine did meanwhile met both. None when
/// the rounds are not the same.
#[must_use]
pub fn relative(figures: &Figures, reference: &Figures) -> Option<Figures> {
    if figures.rounds.len() != reference.rounds.len() {
        return None;
    }
    let rounds = figures.rounds.iter().zip(&reference.rounds).map(|(figure, reference)| figure / reference);
    Some(Figures { rounds: rounds.collect(), ..figures.clone() })
}

/// The noise of a workload: how far its first engine may seem to be from itself. None when it was not run twice.
#[must_use]
pub fn noise(workload: &WorkloadReport) -> Option<f64> {
    let twin = ratio(workload.twin.as_ref()?, workload.engines.first()?)?;
    Some((twin.high - 1.0).max(1.0 / twin.low - 1.0).max(0.0))
}

/// How `first` stands to `second`.
#[must_use]
pub fn standing(workload: &WorkloadReport, first: &Figures, second: &Figures) -> Standing {
    if !workload.only_reads && first.durability != second.durability {
        return Standing::Unlike;
    }
    match ratio(first, second) {
        None => Standing::Unknown,
        Some(ratio) if !ratio.beyond(noise(workload).unwrap_or(0.0)) => Standing::Level,
        Some(ratio) if ratio.middle > 1.0 => Standing::Faster,
        Some(_) => Standing::Slower,
    }
}

/// The noise of a whole run: the greatest of its workloads.
#[must_use]
pub fn noise_of_run(report: &BenchReport) -> Option<f64> {
    report.workloads.iter().filter_map(noise).reduce(f64::max)
}

fn interval(logs: &[f64], mut draws: Vec<f64>) -> Interval {
    draws.sort_by(f64::total_cmp);
    of_sorted(average(logs), &draws)
}

fn of_sorted(middle: f64, draws: &[f64]) -> Interval {
    let outside = draws.len() * OUTSIDE / 1000;
    Interval { middle: middle.exp(), low: draws[outside].exp(), high: draws[draws.len() - 1 - outside].exp() }
}

fn average(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn drawn(numbers: &[f64]) -> Vec<f64> {
    drawn_with(numbers, 0)
}

/// Means of as many numbers, drawn with replacement; the same for the same numbers.
fn drawn_with(numbers: &[f64], seed: u64) -> Vec<f64> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let one = |random: &mut Pcg64Mcg| numbers[random.random_range(0..numbers.len())];
    (0..DRAWS).map(|_| (0..numbers.len()).map(|_| one(&mut random)).sum::<f64>() / numbers.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Durability;

    fn figures(durability: Durability, rounds: &[f64]) -> Figures {
        Figures { durability: Some(durability), rounds: rounds.to_vec(), ..Figures::default() }
    }

    fn workload(only_reads: bool, twin: Figures, engines: Vec<Figures>) -> WorkloadReport {
        WorkloadReport {
            name: "w".to_owned(),
            title: String::new(),
            clients: 1,
            only_reads,
            rate: None,
            engines,
            twin: Some(twin),
        }
    }

    #[test]
    fn what_all_rounds_share_is_sure_and_what_one_shows_is_not() {
        let ratio = |second: &[f64]| {
            ratio(
                &figures(Durability::Volatile, &[100.0, 120.0, 80.0, 110.0, 90.0]),
                &figures(Durability::Volatile, second),
            )
            .unwrap()
        };
        let half = ratio(&[50.0, 60.0, 40.0, 55.0, 45.0]);
        assert!((half.middle - 2.0).abs() < 1e-9 && (half.low - 2.0).abs() < 1e-9 && half.beyond(0.1));
        let one = ratio(&[100.0, 120.0, 80.0, 110.0, 45.0]);
        assert!(one.low <= 1.0 && one.high > 1.1 && !one.beyond(0.0), "{one:?}");
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn nothing_is_ranked_within_the_noise_or_across_durabilities() {
        let quick = figures(Durability::PowerLoss, &[104.0, 104.0, 104.0]);
        let slow = figures(Durability::PowerLoss, &[100.0, 100.0, 100.0]);
        let loose = figures(Durability::ProcessCrash, &[200.0, 200.0, 200.0]);
        let still = workload(false, quick.clone(), vec![quick.clone(), slow.clone(), loose.clone()]);
        assert_eq!(standing(&still, &quick, &slow), Standing::Faster);
        assert_eq!(standing(&still, &slow, &quick), Standing::Slower);
        assert_eq!(standing(&still, &quick, &loose), Standing::Unlike);
        let shaky =
            workload(false, figures(Durability::PowerLoss, &[109.0, 104.0, 104.0]), vec![quick.clone(), slow.clone()]);
        assert!(noise(&shaky).unwrap() > 0.04);
        assert_eq!(standing(&shaky, &quick, &slow), Standing::Level);
        let reads = workload(true, quick.clone(), vec![quick.clone(), loose.clone()]);
        assert_eq!(standing(&reads, &loose, &quick), Standing::Faster);
        assert_eq!(standing(&reads, &loose, &Figures::default()), Standing::Unknown);
    }
}
