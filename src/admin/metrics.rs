//! `/metrics`: all metrics of a server, and of its process, as a text of OpenMetrics.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tonic::body::Body;

use super::pages::{Page, text};
use super::process::Process;
use super::steered::Steered;
use crate::live::ReloadTrigger;
use crate::metrics::{Kind, OpenMetrics};

/// The page of this file.
pub(super) fn metrics_page() -> Page {
    Page::get("/metrics", metrics)
}

async fn metrics(steered: Arc<Steered>, _: Request<Bytes>) -> Response<Body> {
    let mut all = OpenMetrics::default();
    if let Some(metrics) = steered.server.metrics() {
        metrics.write(&mut all);
    }
    if let Some(reloads) = &steered.reloads {
        write_reloads(&mut all, reloads);
    }
    for counter in &steered.counters {
        all.family(&counter.name, Kind::Counter, "", &counter.help)
            .sample(&[], (counter.value)());
    }
    write_process(&mut all);
    let mut response = text(StatusCode::OK, all.finish());
    let content_type = HeaderValue::from_static(OpenMetrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn write_reloads(all: &mut OpenMetrics, reloads: &ReloadTrigger) {
    let results = [("succeeded", reloads.succeeded()), ("failed", reloads.failed())];
    let help = "Reloads of protos and rules.";
    let mut family = all.family("protod.reloads", Kind::Counter, "{reload}", help);
    for (result, count) in results {
        family.sample(&[("result", result)], count);
    }
    let Some(last) = reloads.last_of_saved() else {
        return;
    };
    let help = "Whether the last reload succeeded: 1, or 0 while what is served is not what was saved.";
    all.family("protod.reload.last.succeeded", Kind::Gauge, "", help)
        .sample(&[], u8::from(last.succeeded()));
    let at = last.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    all.family(
        "protod.reload.last.time",
        Kind::Gauge,
        "s",
        "When the last reload was over.",
    )
    .sample(&[], at.as_secs_f64());
}

fn write_process(all: &mut OpenMetrics) {
    all.family("protod.build", Kind::Info, "", "What is running.")
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    // By the names that Prometheus's own clients have for them.
    if let Some(process) = Process::read() {
        all.family("process.cpu", Kind::Counter, "s", "CPU time of the process.")
            .sample(&[], process.cpu.as_secs_f64());
        all.family(
            "process.resident_memory",
            Kind::Gauge,
            "By",
            "Memory of the process.",
        )
        .sample(&[], process.resident_bytes);
        if let Some(start) = process.start {
            all.family(
                "process.start_time",
                Kind::Gauge,
                "s",
                "When the process was started.",
            )
            .sample(&[], start.as_secs_f64());
        }
    }
}
