//! Where the spans of a server's calls go, as a flag, and as the variables that all programs with OpenTelemetry have.

use std::env;
use std::error::Error as _;
use std::path::PathBuf;

use clap::Args;
use percent_encoding::percent_decode_str;
use protod::Error;
use protod::client::ClientTls;
use protod::otlp::Exporter;
use protod::tonic::metadata::{AsciiMetadataKey, MetadataMap};
use protod::trace::{TraceSampler, Tracer};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// `--otlp-endpoint`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traces")]
pub(crate) struct TraceArgs {
    /// The collector that gets spans of calls, by OTLP over gRPC, as http://localhost:4317; without it,
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT says where it is
    #[arg(long, value_name = "URL", env = "PROTOD_OTLP_ENDPOINT", value_parser = parse_endpoint)]
    otlp_endpoint: Option<String>,
}

/// What makes spans, and what sends them.
pub(crate) struct Traces {
    /// `None` if nobody says where they go.
    spans: Option<(Tracer, Exporter)>,
    /// What is wrong with the variables, which are there for other programs too, and so does not count.
    warnings: Vec<String>,
}

impl Traces {
    pub(crate) fn tracer(&self) -> Option<&Tracer> {
        self.spans.as_ref().map(|(tracer, _)| tracer)
    }

    /// Sends spans until the sender is dropped, and then those that are left.
    pub(crate) fn export(self) -> Option<(oneshot::Sender<()>, JoinHandle<()>)> {
        for warning in self.warnings {
            tracing::warn!("{warning}");
        }
        let (_, exporter) = self.spans?;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        Some((stop, tokio::spawn(exporter.run_until(stopped))))
    }
}

impl TraceArgs {
    pub(crate) fn traces(&self) -> Traces {
        let mut warnings = Vec::new();
        Traces {
            spans: self.spans(&mut warnings),
            warnings,
        }
    }

    fn spans(&self, warnings: &mut Vec<String>) -> Option<(Tracer, Exporter)> {
        let endpoint = self.endpoint(warnings)?;
        let protocol = first_of([
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
        ]);
        if let Some((name, protocol)) = protocol
            && protocol != "grpc"
        {
            warnings.push(format!(
                "{name} is {protocol:?}, and protod sends spans by grpc only"
            ));
        }
        let tracer = Tracer::new(sampler(warnings));
        let mut exporter = Exporter::new(&tracer, endpoint);
        let attributes = first_of(["OTEL_RESOURCE_ATTRIBUTES"]);
        let attributes = attributes.and_then(|(name, text)| counting(name, pairs(&text), warnings));
        for (key, value) in attributes.unwrap_or_default() {
            exporter = exporter.attribute(key, value);
        }
        if let Some(name) = variable("OTEL_SERVICE_NAME") {
            exporter = exporter.service_name(name);
        }
        let headers = first_of(["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"]);
        if let Some(headers) = headers.and_then(|(name, text)| counting(name, metadata(&text), warnings)) {
            exporter = exporter.metadata(headers);
        }
        let authority = first_of([
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ]);
        if let Some((_, file)) = authority {
            exporter = exporter.tls(ClientTls::new().ca(PathBuf::from(file)));
        }
        Some((tracer, exporter))
    }

    fn endpoint(&self, warnings: &mut Vec<String>) -> Option<String> {
        if let Some(endpoint) = &self.otlp_endpoint {
            return Some(endpoint.clone());
        }
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none");
        if is_off {
            return None;
        }
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ];
        let mut set = names.into_iter().filter_map(|name| Some((name, variable(name)?)));
        set.find_map(|(name, endpoint)| counting(name, parse_endpoint(&endpoint), warnings))
    }
}

/// The sampler of the variables. As OpenTelemetry has it, one that is none does not count.
fn sampler(warnings: &mut Vec<String>) -> TraceSampler {
    let Some(name) = variable("OTEL_TRACES_SAMPLER") else {
        return TraceSampler::default();
    };
    let arg = variable("OTEL_TRACES_SAMPLER_ARG");
    let sampler = TraceSampler::named(&name, arg.as_deref()).map_err(|error| why(&error));
    counting("OTEL_TRACES_SAMPLER", sampler, warnings).unwrap_or_default()
}

/// What the text of a variable says. If it is wrong, it does not count.
fn counting<T>(name: &str, read: Result<T, String>, warnings: &mut Vec<String>) -> Option<T> {
    read.map_err(|why| warnings.push(format!("{name} does not count: {why}")))
        .ok()
}

fn metadata(headers: &str) -> Result<MetadataMap, String> {
    let mut metadata = MetadataMap::new();
    for (key, value) in pairs(headers)? {
        let unfit = |why: String| format!("the header {key:?} cannot be sent: {why}");
        let header = AsciiMetadataKey::from_bytes(key.to_ascii_lowercase().as_bytes());
        let header = header.map_err(|error| unfit(error.to_string()))?;
        metadata.append(header, value.parse().map_err(|error| unfit(format!("{error}")))?);
    }
    Ok(metadata)
}

/// The pairs of `key=value,key=value`, of which keys and values may have escapes as in URLs.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let decoded = |text: &str| percent_decode_str(text.trim()).decode_utf8_lossy().into_owned();
    let members = text.split(',').filter(|member| !member.trim().is_empty());
    let pairs = members.map(|member| match member.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((decoded(key), decoded(value))),
        _ => Err(format!("{:?} is no key=value", member.trim())),
    });
    pairs.collect()
}

/// The first of these variables that is set.
fn first_of<const N: usize>(names: [&'static str; N]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, variable(name)?)))
}

/// A variable; one that is empty is as good as none.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    Exporter::check(text).map_err(|error| why(&error))?;
    Ok(text.to_owned())
}

fn why(error: &Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_variables_are_pairs_with_the_escapes_of_urls() {
        let read = |text: &str| {
            let pairs = pairs(text).ok()?;
            let pairs = pairs.iter().map(|(key, value)| format!("{key}:{value}"));
            Some(pairs.collect::<Vec<_>>().join(" "))
        };
        for (text, expected) in [
            ("", Some("")),
            ("a=b", Some("a:b")),
            (" a = b%20c ,, d=e=f,g=", Some("a:b c d:e=f g:")),
            ("a", None),
            ("a=b,=c", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_a_url_without_a_path() {
        for endpoint in [
            "http://localhost:4317",
            "https://collector.example/",
            "localhost:4317",
        ] {
            assert_eq!(parse_endpoint(endpoint).as_deref(), Ok(endpoint));
        }
        for endpoint in ["ftp://localhost", "http://localhost:4318/v1/traces", "http://:x"] {
            assert!(parse_endpoint(endpoint).is_err(), "{endpoint}");
        }
    }
}
