//! [`TraceSampler`]: which calls become spans.

use super::ids::TraceId;
use crate::error::Error;

/// Which calls become spans, as OpenTelemetry's samplers decide it. Default: what the caller has decided, and all calls
/// of callers that have not.
///
/// ```
/// use protod::trace::TraceSampler;
///
/// let tenth = TraceSampler::ratio(0.1)?.parent_based();
/// assert_eq!(TraceSampler::named("parentbased_traceidratio", Some("0.1"))?, tenth);
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceSampler {
    /// Whether the caller's decision counts, where there is one.
    asks_parent: bool,
    /// Traces whose number is less than this.
    below: u64,
}

/// More than the highest number of a trace.
const ALL: u64 = 1 << 63;

impl TraceSampler {
    /// Every call.
    pub fn always_on() -> Self {
        Self {
            asks_parent: false,
            below: ALL,
        }
    }

    /// No call.
    pub fn always_off() -> Self {
        Self {
            asks_parent: false,
            below: 0,
        }
    }

    /// The calls of this part of all traces, from 0 to 1. All servers with the same part choose the same traces.
    ///
    /// Fails if it is less or more.
    pub fn ratio(part: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&part) {
            return Err(unfit(format!(
                "{part} is no part of all traces: it is from 0 to 1"
            )));
        }
        Ok(Self {
            asks_parent: false,
            below: (part * ALL as f64) as u64,
        })
    }

    /// What the caller has decided, and this for calls of callers that have not.
    #[must_use]
    pub fn parent_based(self) -> Self {
        Self {
            asks_parent: true,
            ..self
        }
    }

    /// The sampler of a name in OpenTelemetry's `OTEL_TRACES_SAMPLER`, and of `OTEL_TRACES_SAMPLER_ARG`, which is the
    /// part of those with a `traceidratio`. Without the latter that is 1.
    ///
    /// Fails if there is none of this name, or the part is none.
    pub fn named(name: &str, arg: Option<&str>) -> Result<Self, Error> {
        let ratio = || {
            let Some(arg) = arg else { return Self::ratio(1.0) };
            let part = arg.parse::<f64>();
            Self::ratio(part.map_err(|error| unfit(format!("{arg:?} is no part of all traces: {error}")))?)
        };
        Ok(match name {
            "always_on" => Self::always_on(),
            "always_off" => Self::always_off(),
            "traceidratio" => ratio()?,
            "parentbased_always_on" => Self::always_on().parent_based(),
            "parentbased_always_off" => Self::always_off().parent_based(),
            "parentbased_traceidratio" => ratio()?.parent_based(),
            other => {
                return Err(unfit(format!(
                    "{other:?} is none: there are always_on, always_off, traceidratio, and each with parentbased_ before it"
                )));
            }
        })
    }

    /// Whether a call becomes a span. `parent` is what its caller has decided.
    pub(super) fn samples(&self, trace: &TraceId, parent: Option<bool>) -> bool {
        match parent {
            Some(decided) if self.asks_parent => decided,
            _ => number(trace) < self.below,
        }
    }
}

impl Default for TraceSampler {
    fn default() -> Self {
        Self::always_on().parent_based()
    }
}

/// The number of a trace by which all samplers of OpenTelemetry decide: the lower 63 bits.
fn number(trace: &TraceId) -> u64 {
    u128::from_be_bytes(*trace.bytes()) as u64 & (ALL - 1)
}

fn unfit(why: String) -> Error {
    Error::invalid_input("the sampler of traces cannot be used", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_decides_where_it_may_and_else_the_sampler() {
        let trace = TraceId::random();
        for (name, arg, alone, of_sampled, of_others) in [
            ("always_on", None, true, true, true),
            ("always_off", None, false, false, false),
            ("traceidratio", Some("1"), true, true, true),
            ("traceidratio", Some("0.0"), false, false, false),
            ("traceidratio", None, true, true, true),
            ("parentbased_always_on", None, true, true, false),
            ("parentbased_always_off", None, false, true, false),
            ("parentbased_traceidratio", Some("0"), false, true, false),
        ] {
            let sampler = TraceSampler::named(name, arg).expect("a sampler");
            let decided = [None, Some(true), Some(false)].map(|parent| sampler.samples(&trace, parent));
            assert_eq!(decided, [alone, of_sampled, of_others], "{name} {arg:?}");
        }
        assert_eq!(
            TraceSampler::named("parentbased_always_on", None).ok(),
            Some(TraceSampler::default())
        );
        for (name, arg) in [
            ("always", None),
            ("traceidratio", Some("2")),
            ("traceidratio", Some("NaN")),
            ("parentbased_traceidratio", Some("half")),
        ] {
            assert!(TraceSampler::named(name, arg).is_err(), "{name} {arg:?}");
        }
    }

    #[test]
    fn a_part_of_all_traces_is_about_that_part() {
        let sampler = TraceSampler::ratio(0.25).expect("a part");
        let sampled = (0..20_000)
            .filter(|_| sampler.samples(&TraceId::random(), None))
            .count();
        assert!((4_500..5_500).contains(&sampled), "{sampled}");
    }
}
