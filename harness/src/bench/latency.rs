//! How long calls took: histograms that are put together without losing a call.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Times of calls, in nanoseconds, to two digits.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

/// What is told of a histogram, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// How many calls were timed.
    pub timed: u64,
    /// Half of all calls took no longer.
    pub p50: u64,
    /// 90 of 100 took no longer.
    pub p90: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
    /// 999 of 1000 took no longer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self(Histogram::new(2).expect("two digits are among those that a histogram can keep"))
    }
}

impl Latency {
    /// Adds a call.
    pub fn add(&mut self, nanoseconds: u64) {
        self.add_many(nanoseconds, 1);
    }

    fn add_many(&mut self, nanoseconds: u64, calls: u64) {
        // The histogram grows as it needs to, up to the centuries that a number of nanoseconds can say.
        let added = self.0.record_n(nanoseconds.max(1), calls);
        debug_assert!(added.is_ok(), "a histogram that grows takes every number");
    }

    /// Adds all calls of another.
    pub fn merge(&mut self, other: &Self) {
        for bucket in other.0.iter_recorded() {
            self.add_many(bucket.value_iterated_to(), bucket.count_at_value());
        }
    }

    /// Values and how many calls took as long, for sending.
    #[must_use]
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect()
    }

    /// A histogram of what [`buckets`](Self::buckets) gave.
    #[must_use]
    pub fn of_buckets(buckets: &[(u64, u64)]) -> Self {
        let mut latency = Self::default();
        for (value, count) in buckets {
            latency.add_many(*value, *count);
        }
        latency
    }

    /// What is told of it.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile);
        Percentiles {
            timed: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_survive_sending_and_merging() {
        let mut latency = Latency::default();
        (1..=1000).for_each(|nanoseconds| latency.add(nanoseconds * 1000));
        let sent = Latency::of_buckets(&latency.buckets());
        assert_eq!(sent.percentiles(), latency.percentiles());
        let mut both = Latency::default();
        both.merge(&latency);
        both.merge(&sent);
        let told = both.percentiles();
        assert_eq!((told.timed, told.p50), (2000, latency.percentiles().p50));
        assert!((495_000..=505_000).contains(&told.p50) && (985_000..=1_000_000).contains(&told.p99), "{told:?}");
    }
}
