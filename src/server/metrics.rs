//! What is counted of a server, for monitoring.

use std::sync::Arc;
use std::time::Duration;

use tonic::Code;

use super::builder::ServerBuilder;
use super::handle::Server;
use crate::handler::code_name;
use crate::metrics::{BOUNDS, CallCounters, Kind, OpenMetrics, Totals, is_error, system};
use crate::trace::TraceStats;

/// What a server counts: see [`ServerBuilder::metrics`](super::ServerBuilder::metrics). Cheap to clone.
///
/// ```
/// use protod::{Schema, Server};
///
/// # let schema = Schema::from_source("m.proto", "syntax = \"proto3\"; message M {}")?;
/// let server = Server::builder(schema).metrics(true).build()?;
/// let metrics = server.metrics().expect("they were asked for");
/// for calls in metrics.calls() {
///     println!("{} {:?}: {}", calls.method, calls.code, calls.count);
/// }
/// assert!(metrics.to_open_metrics().ends_with("# EOF\n"));
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Metrics {
    counters: Arc<CallCounters>,
    server: Server,
}

/// The calls of a method, in one protocol, that ended with the same code: see [`Metrics::calls`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallMetrics {
    /// `package.Service/Method`, or `_OTHER` for those of all methods that there are not.
    pub method: String,
    /// `grpc`, `grpc-web`, `connect` or `rest`.
    pub protocol: &'static str,
    /// How they ended.
    pub code: Code,
    /// How many there were.
    pub count: u64,
    /// How long they took, all together.
    pub duration: Duration,
    /// How many messages their clients sent.
    pub requests: u64,
    /// How many bytes those had.
    pub request_bytes: u64,
    /// How many messages their clients were sent.
    pub responses: u64,
    /// How many bytes those had.
    pub response_bytes: u64,
}

impl ServerBuilder {
    /// Whether the server counts its calls, in all protocols: [`Server::metrics`] has the figures, and the text in which
    /// Prometheus and others read them. Default: no.
    pub fn metrics(mut self, metrics: bool) -> Self {
        self.metrics = metrics;
        self
    }
}

impl Server {
    /// What the server counts. `None` if nothing, which is the default.
    pub fn metrics(&self) -> Option<Metrics> {
        let counters = self.shared.calls.log().counters()?;
        Some(Metrics {
            counters: Arc::clone(counters),
            server: self.clone(),
        })
    }
}

impl Metrics {
    /// The calls that have ended, by method, protocol and code. Those of a method that is gone since a reload are among them.
    pub fn calls(&self) -> Vec<CallMetrics> {
        let mut calls = Vec::new();
        self.counters.each(|method, protocol, code, totals| {
            calls.push(CallMetrics {
                method: method.to_owned(),
                protocol,
                code,
                count: totals.calls(),
                duration: totals.duration,
                requests: totals.requests,
                request_bytes: totals.request_bytes,
                responses: totals.responses,
                response_bytes: totals.response_bytes,
            });
        });
        calls
    }

    /// How many calls have ended that no rule and no handler answered.
    pub fn unmatched_calls(&self) -> u64 {
        self.counters.unmatched()
    }

    /// All metrics of the server as a text of OpenMetrics 1.0, which Prometheus and others scrape. Its media type is
    /// `application/openmetrics-text; version=1.0.0; charset=utf-8`. docs/observability.md lists the metrics.
    pub fn to_open_metrics(&self) -> String {
        let mut text = OpenMetrics::default();
        self.write(&mut text);
        text.finish()
    }

    /// Writes all metrics of the server.
    pub(crate) fn write(&self, text: &mut OpenMetrics) {
        self.write_calls(text);
        self.write_server(text);
        if let Some(tracer) = self.server.shared.calls.log().tracer() {
            write_spans(text, &tracer.stats());
        }
    }

    fn write_calls(&self, text: &mut OpenMetrics) {
        let mut series = Vec::new();
        self.counters.each(|method, protocol, code, totals| {
            series.push((method.to_owned(), protocol, code, *totals));
        });
        let mut durations = text.family(
            "rpc.server.call.duration",
            Kind::Histogram,
            "s",
            "How long calls took, from the headers of the request to the end of the response.",
        );
        for (method, protocol, code, totals) in &series {
            let mut labels = Vec::from(labels(method, protocol));
            let code_name = code_name(*code);
            labels.push(("rpc.status_code", code_name));
            if is_error(*code) {
                labels.push(("error.type", code_name));
            }
            let bounds = BOUNDS.map(|millis| Duration::from_millis(millis).as_secs_f64());
            durations.histogram(&labels, bounds, &totals.buckets, totals.duration.as_secs_f64());
        }
        // Those of all codes together: calls that end alike stand one after the other.
        let mut by_method: Vec<(String, &str, Totals)> = Vec::new();
        for (method, protocol, _, totals) in series {
            match by_method.last_mut() {
                Some((last, of, sum)) if *last == method && *of == protocol => *sum = sum.and(&totals),
                _ => by_method.push((method, protocol, totals)),
            }
        }
        let counters: [(&str, &str, &str, Part); 4] = [
            (
                "protod.request.messages",
                "{message}",
                "Messages of clients.",
                |totals| totals.requests,
            ),
            (
                "protod.request.size",
                "By",
                "Bytes of the messages of clients.",
                |totals| totals.request_bytes,
            ),
            (
                "protod.response.messages",
                "{message}",
                "Messages to clients.",
                |totals| totals.responses,
            ),
            (
                "protod.response.size",
                "By",
                "Bytes of the messages to clients.",
                |totals| totals.response_bytes,
            ),
        ];
        for (name, unit, help, value) in counters {
            let help = format!("{help} A call is counted when it has ended.");
            let mut family = text.family(name, Kind::Counter, unit, &help);
            for (method, protocol, totals) in &by_method {
                family.sample(&labels(method, protocol), value(totals));
            }
        }
    }

    fn write_server(&self, text: &mut OpenMetrics) {
        let server = &self.server;
        let connections = &server.shared.connections;
        let mut one = |name: &str, kind, unit: &str, help: &str, value: u64| {
            text.family(name, kind, unit, help).sample(&[], value);
        };
        one(
            "protod.calls.unmatched",
            Kind::Counter,
            "{call}",
            "Calls that no rule and no handler answered.",
            self.unmatched_calls(),
        );
        one(
            "protod.calls.open",
            Kind::Gauge,
            "{call}",
            "Calls in flight.",
            server.calls_in_flight() as u64,
        );
        one(
            "protod.connections.open",
            Kind::Gauge,
            "{connection}",
            "Connections of clients.",
            connections.open(),
        );
        one(
            "protod.connections.accepted",
            Kind::Counter,
            "{connection}",
            "Connections that were accepted.",
            connections.accepted(),
        );
        one(
            "protod.connections.refused",
            Kind::Counter,
            "{connection}",
            "Connections that were closed at once, because there were as many as there may be.",
            connections.refused(),
        );
        one(
            "protod.generation",
            Kind::Gauge,
            "",
            "How often protos and rules were replaced.",
            server.generation(),
        );
        let Some(journal) = server.journal() else { return };
        let stats = journal.stats();
        one(
            "protod.journal.kept",
            Kind::Gauge,
            "{call}",
            "Calls that have ended and are in the journal.",
            stats.kept,
        );
        one(
            "protod.journal.size",
            Kind::Gauge,
            "By",
            "What the journal takes.",
            stats.bytes as u64,
        );
        one(
            "protod.journal.evicted",
            Kind::Counter,
            "{call}",
            "Calls that are gone from the journal because newer ones needed their room.",
            stats.evicted,
        );
    }
}

/// A part of what calls add up to.
type Part = fn(&Totals) -> u64;

fn write_spans(text: &mut OpenMetrics, stats: &TraceStats) {
    let help = "Spans of calls, by what became of them: sent, dropped because too many waited, or not taken.";
    let mut spans = text.family("protod.spans", Kind::Counter, "{span}", help);
    for (result, count) in [
        ("exported", stats.exported),
        ("dropped", stats.dropped),
        ("failed", stats.failed),
    ] {
        spans.sample(&[("result", result)], count);
    }
    text.family(
        "protod.spans.queued",
        Kind::Gauge,
        "{span}",
        "Spans that wait to be sent.",
    )
    .sample(&[], stats.queued);
}

/// The attributes of the calls of a method.
fn labels<'m>(method: &'m str, protocol: &'m str) -> [(&'static str, &'m str); 3] {
    [
        ("rpc.system.name", system(protocol)),
        ("rpc.method", method),
        ("protod.protocol", protocol),
    ]
}
