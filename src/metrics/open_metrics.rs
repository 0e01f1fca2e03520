//! The text of OpenMetrics 1.0.
//!
//! Metrics and attributes have their names in OpenTelemetry; here they get those by which OpenTelemetry's own exporters
//! for Prometheus know them: dots become underscores, and a unit is the end of the name.

use std::fmt::{self, Display, Write as _};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Goes up only.
    Counter,
    Gauge,
    Histogram,
    /// Facts that stay as they are.
    Info,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// The end of the name of a sample.
    fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }
}

/// A text with metrics.
#[derive(Debug, Default)]
pub(crate) struct OpenMetrics(String);

/// A metric in a text, to which samples are added.
#[derive(Debug)]
pub(crate) struct Family<'t> {
    text: &'t mut String,
    name: String,
    kind: Kind,
}

impl OpenMetrics {
    /// The media type of the text.
    pub(crate) const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Begins a metric. `name` and `unit` are those of OpenTelemetry; units are `s` and `By`, or none, or what is counted,
    /// in braces, which is no part of the name.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, unit: &str, help: &str) -> Family<'_> {
        let unit = match unit {
            "s" => "seconds",
            "By" => "bytes",
            _ => "",
        };
        let mut name = underscored(name);
        let text = &mut self.0;
        if unit.is_empty() {
            put(text, format_args!("# TYPE {name} {}\n", kind.name()));
        } else {
            name = format!("{name}_{unit}");
            put(
                text,
                format_args!("# TYPE {name} {}\n# UNIT {name} {unit}\n", kind.name()),
            );
        }
        put(text, format_args!("# HELP {name} {}\n", Escaped(help)));
        Family { text, name, kind }
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

impl Family<'_> {
    /// Adds a sample. The labels have the names of attributes in OpenTelemetry.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.put(self.kind.suffix(), labels, value);
    }

    /// Adds the samples of a histogram: how many are in each bucket, whose upper bounds are `bounds` and infinity, and what
    /// all add up to.
    pub(crate) fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        bounds: impl IntoIterator<Item = f64>,
        buckets: &[u64],
        sum: f64,
    ) {
        let bounds = bounds.into_iter().map(|bound| format!("{bound:?}"));
        let mut count = 0;
        for (bound, bucket) in bounds.chain(["+Inf".to_owned()]).zip(buckets) {
            count += bucket;
            self.put("_bucket", &[labels, &[("le", &bound)]].concat(), count);
        }
        self.put("_count", labels, count);
        self.put("_sum", labels, sum);
    }

    fn put(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut *self.text;
        put(text, format_args!("{}{suffix}", self.name));
        for (index, (name, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let name = underscored(name);
            put(text, format_args!("{before}{name}=\"{}\"", Escaped(value)));
        }
        if !labels.is_empty() {
            text.push('}');
        }
        put(text, format_args!(" {value}\n"));
    }
}

fn put(text: &mut String, more: fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a String takes everything");
}

/// A name of OpenTelemetry as one of Prometheus.
fn underscored(name: &str) -> String {
    let allowed = |char: char| char.is_ascii_alphanumeric() || char == '_';
    name.chars()
        .map(|char| if allowed(char) { char } else { '_' })
        .collect()
}

/// A text with the escapes of OpenMetrics.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_as_opentelemetry_exports_them() {
        let mut text = OpenMetrics::default();
        text.family("a.calls", Kind::Counter, "{call}", "Calls.")
            .sample(&[], 3);
        text.family("a.read", Kind::Counter, "By", "A \"text\"\\\n.")
            .sample(&[("rpc.method", "a\"\\\n")], 4);
        text.family("a.open", Kind::Gauge, "", "Open.").sample(&[], 0.5);
        text.family("a.build", Kind::Info, "", "Built.")
            .sample(&[("version", "1")], 1);
        text.family("a.duration", Kind::Histogram, "s", "Took.")
            .histogram(&[("b", "c")], [0.5, 1.0], &[1, 0, 2], 7.5);
        let expected = r#"# TYPE a_calls counter
# HELP a_calls Calls.
a_calls_total 3
# TYPE a_read_bytes counter
# UNIT a_read_bytes bytes
# HELP a_read_bytes A \"text\"\\\n.
a_read_bytes_total{rpc_method="a\"\\\n"} 4
# TYPE a_open gauge
# HELP a_open Open.
a_open 0.5
# TYPE a_build info
# HELP a_build Built.
a_build_info{version="1"} 1
# TYPE a_duration_seconds histogram
# UNIT a_duration_seconds seconds
# HELP a_duration_seconds Took.
a_duration_seconds_bucket{b="c",le="0.5"} 1
a_duration_seconds_bucket{b="c",le="1.0"} 1
a_duration_seconds_bucket{b="c",le="+Inf"} 3
a_duration_seconds_count{b="c"} 3
a_duration_seconds_sum{b="c"} 7.5
# EOF
"#;
        assert_eq!(text.finish(), expected);
    }
}
