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

use crate::failure::Failure;

/// `--otlp-endpoint`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traces")]
pub(crate) struct TraceArgs {
    /// The collector that gets spans of calls, by OTLP over gRPC, as http://localhost:4317; without it,
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT says where it is
    #[arg(long, value_name = "URL", env = "PROTOD_OTLP_ENDPOINT", value_parser = parse_endpoint)]
    otlp_endpoint: Option<String>,
}

/// What makes spans and what sends them.
pub(crate) struct Traces {
    pub(crate) tracer: Tracer,
    pub(crate) exporter: Exporter,
    /// What is wrong with the variables, and does not count.
    pub(crate) warnings: Vec<String>,
}

impl TraceArgs {
    /// `None` if nobody says where spans go.
    ///
    /// Fails if they cannot be sent like that.
    pub(crate) fn traces(&self) -> Result<Option<Traces>, Failure> {
        let Some(endpoint) = self.endpoint() else {
            return Ok(None);
        };
        Exporter::check(&endpoint)?;
        let mut warnings = Vec::new();
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
        let sampler = sampler(&mut warnings);
        let tracer = Tracer::new(sampler);
        let mut exporter = Exporter::new(&tracer, endpoint);
        let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        for (key, value) in pairs("OTEL_RESOURCE_ATTRIBUTES", &attributes)? {
            exporter = exporter.attribute(key, value);
        }
        if let Some(name) = variable("OTEL_SERVICE_NAME") {
            exporter = exporter.service_name(name);
        }
        let headers = first_of(["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"]);
        if let Some((name, headers)) = headers {
            exporter = exporter.metadata(metadata(name, &headers)?);
        }
        let authority = first_of([
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ]);
        if let Some((_, file)) = authority {
            exporter = exporter.tls(ClientTls::new().ca(PathBuf::from(file)));
        }
        Ok(Some(Traces {
            tracer,
            exporter,
            warnings,
        }))
    }

    fn endpoint(&self) -> Option<String> {
        if let Some(endpoint) = &self.otlp_endpoint {
            return Some(endpoint.clone());
        }
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter == "none");
        let names = [
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ];
        first_of(names).map(|(_, endpoint)| endpoint).filter(|_| !is_off)
    }
}

/// The sampler of the variables. As OpenTelemetry has it, one that is none does not count.
fn sampler(warnings: &mut Vec<String>) -> TraceSampler {
    let Some(name) = variable("OTEL_TRACES_SAMPLER") else {
        return TraceSampler::default();
    };
    let arg = variable("OTEL_TRACES_SAMPLER_ARG");
    TraceSampler::named(&name, arg.as_deref()).unwrap_or_else(|error| {
        warnings.push(format!("OTEL_TRACES_SAMPLER does not count: {}", why(&error)));
        TraceSampler::default()
    })
}

fn metadata(name: &str, headers: &str) -> Result<MetadataMap, Failure> {
    let mut metadata = MetadataMap::new();
    for (key, value) in pairs(name, headers)? {
        let unfit =
            |why: String| Failure::caused(format!("{name} has a header {key:?} that cannot be sent"), why);
        let header = AsciiMetadataKey::from_bytes(key.to_ascii_lowercase().as_bytes());
        let header = header.map_err(|error| unfit(error.to_string()))?;
        metadata.append(header, value.parse().map_err(|error| unfit(format!("{error}")))?);
    }
    Ok(metadata)
}

/// The pairs of `key=value,key=value`, of which keys and values may have escapes as in URLs.
fn pairs(name: &str, text: &str) -> Result<Vec<(String, String)>, Failure> {
    let decoded = |text: &str| percent_decode_str(text.trim()).decode_utf8_lossy().into_owned();
    let members = text.split(',').filter(|member| !member.trim().is_empty());
    let pairs = members.map(|member| match member.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((decoded(key), decoded(value))),
        _ => Err(Failure::caused(
            format!("{name} cannot be read"),
            format!("{:?} is no key=value", member.trim()),
        )),
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
            let pairs = pairs("NAME", text).ok()?;
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
