//! Compiles the durations of `delay`, `wait`, `every` and `after`: constant, computed, or drawn anew each time.

use std::time::Duration;

use super::value::compile_value;
use crate::cel::Type;
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::time_hint::pause_hint;
use crate::rules::plan::{Distribution, Pause, ValueTemplate, duration_of};
use crate::yaml::{Entry, Node, Yaml};

const EXPECTED: &str = "expected a duration such as 200ms or 1.5s";

/// A longer duration is a slip: no call lasts a year.
const LONGEST: Duration = Duration::from_hours(8760);

/// The largest `sigma`: one in six takes then 22,000 times as long as the median.
const LARGEST_SIGMA: f64 = 10.0;

/// What the keys of drawn durations are called elsewhere.
const OTHER_KEYS: [(&[&str], &str); 6] = [
    (&["lower", "low", "from", "minimum"], "min"),
    (&["upper", "high", "to", "maximum"], "max"),
    (&["average", "avg", "mu"], "mean"),
    (&["stddev", "std", "std_dev", "sd", "jitter"], "deviation"),
    (&["mode", "center"], "median"),
    (&["shape", "spread"], "sigma"),
];

/// The forms of durations that are drawn.
const DRAWN: &str =
    "`{min, max}`, `{mean, deviation}`, `{median, sigma}`, or percentiles such as `{p50: 20ms, p99: 1s}`";

/// Compiles the duration that stands under `key`.
pub(in crate::rules::compile) fn compile_pause(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    key: &'static str,
) -> Option<Pause> {
    match &node.value {
        Yaml::Text(_) => {}
        Yaml::Map(_) => {
            let distribution = distribution(compiler, node)?;
            compiler.uses.volatile = true;
            return Some(Pause::Drawn(Box::new(distribution)));
        }
        _ => {
            let message = format!("{EXPECTED}, found {}", node.kind());
            compiler.problem_hint(node, message, pause_hint(node));
            return None;
        }
    }
    match compile_value(compiler, node)? {
        (ValueTemplate::Constant(value), _) => match duration_of(&value) {
            Ok(duration) if duration > LONGEST => {
                let hint = "the longest is `8760h`, which is a year".to_owned();
                compiler.problem_hint(node, "this duration is longer than any call", Some(hint));
                None
            }
            Ok(duration) => Some(Pause::Constant(duration)),
            Err(found) => {
                let message = format!("{EXPECTED}, found {found}");
                compiler.problem_hint(node, message, pause_hint(node));
                None
            }
        },
        (template, Type::Duration | Type::String | Type::Dyn) => Some(Pause::Dynamic(template, key)),
        (_, found) => {
            let is_number = matches!(found, Type::Int | Type::Uint | Type::Double);
            let hint = is_number.then(|| "give it a unit: `${duration(string(x) + 'ms')}`".to_owned());
            compiler.problem_hint(node, format!("{EXPECTED}, found {found}"), hint);
            None
        }
    }
}

/// Compiles the pause between rounds of something that goes on until the call ends: without one, it would never rest.
pub(in crate::rules::compile) fn compile_interval(
    compiler: &mut RuleCompiler<'_>,
    node: &Node,
    key: &'static str,
) -> Option<Pause> {
    let pause = compile_pause(compiler, node, key)?;
    let is_zero = match &pause {
        Pause::Constant(pause) => pause.is_zero(),
        Pause::Drawn(distribution) => distribution.is_zero(),
        Pause::Dynamic(..) => false,
    };
    if is_zero {
        let hint = "such as `every: 200ms`; `repeat: N` says how often something is done at once".to_owned();
        compiler.problem_hint(node, "this goes on and on without a pause", Some(hint));
        return None;
    }
    Some(pause)
}

/// Compiles a mapping, whose keys say how durations are spread.
fn distribution(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Distribution> {
    let Yaml::Map(entries) = &node.value else {
        return None;
    };
    let entries: Vec<Entry<'_>> = entries
        .iter()
        .map(|(key, value)| Entry {
            name: key.key_text().unwrap_or_default(),
            key,
            value,
        })
        .collect();
    if !entries.is_empty() && entries.iter().all(|entry| percentile_of(&entry.name).is_some()) {
        return percentiles(compiler, &entries);
    }
    if let Some(entry) = entries.iter().find(|entry| is_beyond_percentiles(&entry.name)) {
        let hint = "percentiles go from `p0` to `p100`".to_owned();
        compiler.problem_hint(
            entry.key,
            format!("there is no percentile `{}`", entry.name),
            Some(hint),
        );
        return None;
    }
    let pair = |one: &str, other: &str| match entries.as_slice() {
        [first, second] if first.name == one && second.name == other => Some((first.value, second.value)),
        [first, second] if first.name == other && second.name == one => Some((second.value, first.value)),
        _ => None,
    };
    if let Some((min, max)) = pair("min", "max") {
        let (from, to) = constants(compiler, min, max)?;
        if from > to {
            let hint = "swap the two".to_owned();
            compiler.problem_hint(min, "`min` is longer than `max`", Some(hint));
            return None;
        }
        return Some(Distribution::Uniform(from, to));
    }
    if let Some((mean, deviation)) = pair("mean", "deviation") {
        let (mean, deviation) = constants(compiler, mean, deviation)?;
        return Some(Distribution::Normal { mean, deviation });
    }
    if let Some((median, sigma)) = pair("median", "sigma") {
        let (median, sigma) = (constant(compiler, median), sigma_of(compiler, sigma));
        return Some(Distribution::LogNormal {
            median: median?,
            sigma: sigma?,
        });
    }
    let (place, hint) = keys_hint(&entries).unwrap_or_else(|| (node, format!("drawn durations are {DRAWN}")));
    compiler.problem_hint(
        place,
        "these keys do not say how durations are spread",
        Some(hint),
    );
    None
}

/// Which key of a drawn duration is none or lacks its partner, and what to do about it.
fn keys_hint<'n>(entries: &[Entry<'n>]) -> Option<(&'n Node, String)> {
    const PAIRS: [(&str, &str); 3] = [("min", "max"), ("mean", "deviation"), ("median", "sigma")];
    let is_kind =
        |entry: &&Entry<'_>| matches!(entry.name.as_str(), "type" | "distribution" | "kind" | "unit");
    if let Some(entry) = entries.iter().find(is_kind) {
        let hint = format!("leave `{}` out: the other keys say it, as in {DRAWN}", entry.name);
        return Some((entry.key, hint));
    }
    for entry in entries {
        let plain = entry.name.to_lowercase();
        let other = OTHER_KEYS
            .iter()
            .find(|(words, _)| words.contains(&plain.as_str()));
        if let Some((_, own)) = other {
            return Some((entry.key, format!("write `{own}`; drawn durations are {DRAWN}")));
        }
    }
    let [only] = entries else { return None };
    let partner = PAIRS.iter().find_map(|(one, other)| match &only.name {
        name if name == one => Some(other),
        name if name == other => Some(one),
        _ => None,
    })?;
    Some((only.key, format!("add `{partner}: …` beside `{}`", only.name)))
}

/// Whether a name is that of a percentile, and more than 100 per cent.
fn is_beyond_percentiles(name: &str) -> bool {
    let number = name.strip_prefix(['p', 'P']);
    number.is_some_and(|number| number.parse::<f64>().is_ok_and(|at| !(0.0..=100.0).contains(&at)))
}

/// The percentile that `p50` or `p99.9` names.
fn percentile_of(name: &str) -> Option<f64> {
    let number = name.strip_prefix('p')?;
    let is_plain = number.starts_with(|first: char| first.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let percentile: f64 = number.parse().ok().filter(|_| is_plain)?;
    (percentile <= 100.0).then_some(percentile)
}

fn percentiles(compiler: &mut RuleCompiler<'_>, entries: &[Entry<'_>]) -> Option<Distribution> {
    let mut known = Some(Vec::with_capacity(entries.len() + 1));
    for entry in entries {
        let at = percentile_of(&entry.name)?;
        let duration = constant(compiler, entry.value);
        known = known.zip(duration).map(|(mut known, duration)| {
            known.push((at, duration, entry));
            known
        });
    }
    let mut known = known?;
    known.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    for pair in known.windows(2) {
        let [(at, from, low), (above, to, high)] = pair else {
            continue;
        };
        if at == above {
            let message = format!("`{}` and `{}` are the same", low.name, high.name);
            compiler.problem_hint(high.key, message, Some("leave one of them out".to_owned()));
            return None;
        }
        if from > to {
            let message = format!("`{}` is longer than `{}`", low.name, high.name);
            let hint = "what more calls take is longer: percentiles go up".to_owned();
            compiler.problem_hint(low.value, message, Some(hint));
            return None;
        }
    }
    let lowest = known
        .first()
        .filter(|(at, ..)| *at > 0.0)
        .map(|_| (0.0, Duration::ZERO));
    let known = known.into_iter().map(|(at, duration, _)| (at, duration));
    Some(Distribution::Percentiles(
        lowest.into_iter().chain(known).collect(),
    ))
}

fn constants(compiler: &mut RuleCompiler<'_>, one: &Node, other: &Node) -> Option<(Duration, Duration)> {
    let (one, other) = (constant(compiler, one), constant(compiler, other));
    one.zip(other)
}

fn constant(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<Duration> {
    match compile_pause(compiler, node, "")? {
        Pause::Constant(duration) => Some(duration),
        Pause::Dynamic(..) | Pause::Drawn(_) => {
            let hint = "the whole value can be one `${…}`".to_owned();
            compiler.problem_hint(node, "a drawn duration is made of constants", Some(hint));
            None
        }
    }
}

fn sigma_of(compiler: &mut RuleCompiler<'_>, node: &Node) -> Option<f64> {
    let sigma = match node.value {
        Yaml::Float(number) => Some(number),
        Yaml::Int(number) => Some(number as f64),
        _ => None,
    };
    let sigma = sigma.filter(|sigma| (0.0..=LARGEST_SIGMA).contains(sigma));
    if sigma.is_none() {
        let hint = "0 is always the median; 0.5 is twice as long for one in twelve".to_owned();
        compiler.problem_hint(node, "`sigma` is a number from 0 to 10, such as 0.5", Some(hint));
    }
    sigma
}
