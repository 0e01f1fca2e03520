//! How durations that are drawn anew each time are spread.

use std::time::Duration;

/// How drawn durations are spread.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// All from the first to the second are as likely.
    Uniform(Duration, Duration),
    /// The bell curve; what would be negative is 0.
    Normal { mean: Duration, deviation: Duration },
    /// Most are near the median, and few are many times longer.
    LogNormal { median: Duration, sigma: f64 },
    /// By percentile, from 0 to 100, both ascending: between two of them all durations are as likely. The first is that of
    /// 0; from the last one on all take as long.
    Percentiles(Box<[(f64, Duration)]>),
}

impl Distribution {
    /// Whether each duration is 0.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Uniform(_, longest) => longest.is_zero(),
            Self::Normal { mean, deviation } => mean.is_zero() && deviation.is_zero(),
            Self::LogNormal { median, .. } => median.is_zero(),
            Self::Percentiles(known) => known.iter().all(|(_, duration)| duration.is_zero()),
        }
    }

    /// A duration. `draw` gives numbers from 0 to below 1, of which two are taken at most.
    pub(crate) fn duration(&self, mut draw: impl FnMut() -> f64) -> Duration {
        let seconds = match self {
            Self::Uniform(min, max) => between(*min, *max, draw()),
            Self::Normal { mean, deviation } => {
                mean.as_secs_f64() + deviation.as_secs_f64() * standard_normal(draw(), draw())
            }
            Self::LogNormal { median, sigma } => {
                median.as_secs_f64() * (sigma * standard_normal(draw(), draw())).exp()
            }
            Self::Percentiles(known) => at_percentile(known, draw() * 100.0),
        };
        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
    }
}

fn between(from: Duration, to: Duration, part: f64) -> f64 {
    let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
    from + (to - from) * part
}

fn at_percentile(known: &[(f64, Duration)], percentile: f64) -> f64 {
    let above = known.partition_point(|(at, _)| *at <= percentile);
    match (known.get(above.wrapping_sub(1)), known.get(above)) {
        (Some((low, from)), Some((high, to))) => between(*from, *to, (percentile - low) / (high - low)),
        (Some((_, all)), None) | (None, Some((_, all))) => all.as_secs_f64(),
        (None, None) => 0.0,
    }
}

/// A number of the standard normal distribution, by the transform of Box and Muller.
fn standard_normal(one: f64, other: f64) -> f64 {
    // 1 - one is above 0, whose logarithm would be infinite.
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWN: usize = 20_000;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// So many durations in milliseconds, ascending, the same each time.
    fn drawn(distribution: &Distribution) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(1);
        let durations = (0..DRAWN).map(|_| distribution.duration(|| random.f64()).as_secs_f64() * 1000.0);
        let mut durations: Vec<f64> = durations.collect();
        durations.sort_by(f64::total_cmp);
        durations
    }

    fn mean(of: &[f64]) -> f64 {
        of.iter().sum::<f64>() / of.len() as f64
    }

    fn percentile(of: &[f64], percentile: usize) -> f64 {
        of[of.len() * percentile / 100]
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        let tolerance = expected * 0.05;
        assert!(
            (found - expected).abs() < tolerance,
            "{found} is not near {expected}"
        );
    }

    #[test]
    fn uniform_durations_are_between_their_bounds() {
        let found = drawn(&Distribution::Uniform(ms(20), ms(80)));
        assert!(found[0] >= 20.0 && found[DRAWN - 1] <= 80.0);
        near(mean(&found), 50.0);
        near(percentile(&found, 25), 35.0);
        near(percentile(&found, 75), 65.0);
    }

    #[test]
    fn normal_durations_have_their_mean_and_deviation_and_are_never_negative() {
        let found = drawn(&Distribution::Normal {
            mean: ms(100),
            deviation: ms(10),
        });
        near(mean(&found), 100.0);
        near(percentile(&found, 16), 90.06);
        near(percentile(&found, 84), 109.94);
        let wide = drawn(&Distribution::Normal {
            mean: ms(10),
            deviation: ms(100),
        });
        assert!(wide[0] == 0.0 && wide[DRAWN - 1] > 200.0);
    }

    #[test]
    fn log_normal_durations_have_their_median_and_a_long_tail() {
        let found = drawn(&Distribution::LogNormal {
            median: ms(100),
            sigma: 0.5,
        });
        near(percentile(&found, 50), 100.0);
        near(percentile(&found, 84), 100.0 * (0.5 * 0.9945_f64).exp());
        near(mean(&found), 100.0 * 0.125_f64.exp());
        let beyond_all = Distribution::LogNormal {
            median: Duration::MAX,
            sigma: 1000.0,
        };
        assert!(drawn(&beyond_all)[DRAWN - 1] > 1e15);
    }

    #[test]
    fn percentiles_are_met() {
        let known = [(0.0, ms(0)), (50.0, ms(20)), (90.0, ms(80)), (99.0, ms(1000))];
        let found = drawn(&Distribution::Percentiles(known.into()));
        near(percentile(&found, 25), 10.0);
        near(percentile(&found, 50), 20.0);
        near(percentile(&found, 70), 50.0);
        near(percentile(&found, 90), 80.0);
        near(percentile(&found, 98), 80.0 + 920.0 * 8.0 / 9.0);
        near(found[DRAWN - 1], 1000.0);
        let only = Distribution::Percentiles([(0.0, ms(5))].into());
        assert_eq!(only.duration(|| 0.0), ms(5));
        assert_eq!(only.duration(|| 0.999), ms(5));
    }
}
