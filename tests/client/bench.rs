//! `protod bench`: it counts what the server received, and reports failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prost_reflect::DynamicMessage;
use protod::{Call, Server, ServerBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::cli::{prints, protod};
use crate::servers::{schema, serve, shapes};

/// The report of `protod bench ARGS` without a warm-up; it must succeed.
async fn report(args: &[&str]) -> Value {
    let args = [&["bench", "--warm-up", "0s", "--json"], args].concat();
    serde_json::from_str(&prints(&args).await).expect("it is JSON")
}

/// Counts calls, and answers them.
fn counting(calls: &Arc<AtomicU64>) -> ServerBuilder {
    let calls = Arc::clone(calls);
    Server::builder(schema()).unary("shapes.Shapes/Unary", move |request: DynamicMessage| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { Ok(request) }
    })
}

#[tokio::test]
async fn as_many_calls_are_made_as_asked_for() {
    let calls = Arc::new(AtomicU64::new(0));
    let address = serve(counting(&calls)).await;
    let report = report(&[
        &address,
        "shapes.Shapes/Unary",
        "-n",
        "503",
        "-c",
        "7",
        "--connections",
        "3",
    ])
    .await;
    assert_eq!(calls.load(Ordering::Relaxed), 503);
    for (name, value) in [
        ("calls", json!(503)),
        ("failed", json!(0)),
        ("failures", json!({})),
        ("unfinished", json!(0)),
        ("messages_sent", json!(503)),
        ("messages_received", json!(503)),
        ("concurrency", json!(7)),
        ("connections", json!(3)),
        ("method", json!("shapes.Shapes/Unary")),
    ] {
        assert_eq!(report[name], value, "{name}");
    }
    let latency = &report["latency_ms"];
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    let order = [
        &latency["min"],
        &latency["percentiles"]["p50"],
        &latency["percentiles"]["p99"],
        &latency["max"],
    ];
    assert!(order.map(number).is_sorted(), "{latency}");
    let rows = latency["histogram"].as_array().expect("a list");
    let total: f64 = rows.iter().map(|row| number(&row["calls"])).sum();
    assert_eq!(total, 503.0, "{latency}");
    let rate = 503.0 / number(&report["seconds"]);
    assert!(
        (number(&report["calls_per_second"]) - rate).abs() < 0.01,
        "{report}"
    );
}

#[tokio::test]
async fn streams_count_their_messages() {
    let address = serve(shapes()).await;
    let data = r#"{"value": 3} {"value": 4}"#;
    for (method, sent, received) in [("Up", 20, 10), ("Both", 20, 20)] {
        let method = format!("shapes.Shapes/{method}");
        let report = report(&[&address, &method, "-d", data, "-n", "10", "-c", "2"]).await;
        assert_eq!(report["messages_sent"], sent, "{method}");
        assert_eq!(report["messages_received"], received, "{method}");
    }
    // For a method that takes one message, each call sends the next one: 3 and 4 messages come back alternately.
    let report = report(&[&address, "shapes.Shapes/Down", "-d", data, "-n", "10", "-c", "2"]).await;
    assert_eq!(report["messages_sent"], 10);
    assert_eq!(report["messages_received"], 35);
}

#[tokio::test]
async fn failures_are_told_by_code_and_have_no_latency() {
    let calls = AtomicU64::new(0);
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", move |request: DynamicMessage| {
        let number = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            match number % 4 {
                0 => Err(Status::new(Code::NotFound, "no such item")),
                1 => Err(Status::new(Code::ResourceExhausted, "enough")),
                _ => Ok(request),
            }
        }
    });
    let address = serve(server).await;
    let args = [
        "bench",
        "--warm-up",
        "0s",
        &address,
        "shapes.Shapes/Unary",
        "-n",
        "100",
        "-c",
        "5",
    ];
    let (stdout, stderr, code) = protod(&args).await;
    assert_eq!((stderr.as_str(), code), ("", 1));
    for line in [
        "failed     50, without a latency above",
        "       25  NotFound, the first: no such item",
        "       25  ResourceExhausted, the first: enough",
    ] {
        assert!(
            stdout.lines().any(|said| said == line),
            "{line} is missing in:\n{stdout}"
        );
    }
    let rows = stdout.lines().filter(|line| line.trim_start().starts_with("<= "));
    let calls: Vec<u64> = rows
        .map(|row| {
            row.split_whitespace()
                .nth(3)
                .and_then(|calls| calls.parse().ok())
                .expect("a number")
        })
        .collect();
    assert_eq!(calls.iter().sum::<u64>(), 50, "{stdout}");
}

#[tokio::test]
async fn an_endless_stream_ends_with_the_time_and_its_messages_count() {
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |request: DynamicMessage, mut call: Call| async move {
            loop {
                call.send(request.clone()).await?;
            }
        },
    );
    let address = serve(server).await;
    let report = report(&[&address, "shapes.Shapes/Down", "--duration", "1s", "-c", "2"]).await;
    assert_eq!(report["calls"], 0);
    assert_eq!(report["unfinished"], 2);
    assert_eq!(report["latency_ms"], Value::Null);
    assert!(
        report["messages_received"]
            .as_u64()
            .is_some_and(|received| received > 2),
        "{report}"
    );
}

/// Calls then fail immediately, and the run still ends on time.
#[tokio::test]
async fn a_run_outlives_its_server() {
    let called = Arc::new(Notify::new());
    let call = Arc::clone(&called);
    let server = Server::builder(schema())
        .drain_timeout(Duration::ZERO)
        .unary("shapes.Shapes/Unary", move |request: DynamicMessage| {
            call.notify_one();
            async { Ok(request) }
        })
        .build()
        .expect("the handler fits");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    tokio::spawn(bound.serve_until(async move { called.notified().await }));
    let args = [
        "bench",
        "--warm-up",
        "0s",
        "--json",
        &address,
        "shapes.Shapes/Unary",
        "--duration",
        "500ms",
    ];
    let (stdout, _, code) = protod(&args).await;
    let report: Value = serde_json::from_str(&stdout).expect("it is JSON");
    let lost = &report["failures"]["Unavailable"]["calls"];
    assert!(lost.as_u64().is_some_and(|calls| calls > 0), "{report}");
    assert_eq!(code, 1);
}

#[tokio::test]
async fn the_warm_up_is_not_counted() {
    let calls = Arc::new(AtomicU64::new(0));
    let address = serve(counting(&calls)).await;
    let args = [
        "bench",
        "--warm-up",
        "100ms",
        "--json",
        &address,
        "shapes.Shapes/Unary",
        "-n",
        "10",
    ];
    let report: Value = serde_json::from_str(&prints(&args).await).expect("it is JSON");
    assert_eq!(report["calls"], 10);
    assert!(calls.load(Ordering::Relaxed) > 10, "nothing was called before");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_a_failure() {
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", |_request: DynamicMessage| {
        std::future::pending::<Result<DynamicMessage, tonic::Status>>()
    });
    let address = serve(server).await;
    let args = [
        "bench",
        "--warm-up",
        "0s",
        "--json",
        // Asking for the schema, on a busy machine, takes less.
        "--deadline",
        "2s",
        &address,
        "shapes.Shapes/Unary",
        "-n",
        "3",
    ];
    let (stdout, _, code) = protod(&args).await;
    let report: Value = serde_json::from_str(&stdout).expect("it is JSON");
    assert_eq!(
        (&report["failures"]["DeadlineExceeded"]["calls"], code),
        (&json!(3), 1)
    );
}
