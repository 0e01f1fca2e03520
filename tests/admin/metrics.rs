//! `/metrics`: what it counts, in all protocols alike, and what it keeps over reloads. Prometheus's own parser reads it in
//! tests/clients.

use std::collections::BTreeMap;
use std::fs;

use protod::client::Protocol;
use protod::{Client, Message, Schema, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::program::SOON;
use crate::support::{Kitchen, PROTO, RULES, post, send};

/// The value of each sample, by its name and labels as they are written.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        Self(samples.collect())
    }

    async fn scrape(kitchen: &Kitchen) -> Self {
        let host = format!("host: {}", kitchen.admin);
        let answer = send(&kitchen.admin, "GET /metrics", &[&host], "").await;
        assert_eq!(answer.code, 200, "{answer:?}");
        let content_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(answer.head.contains(content_type), "{answer:?}");
        assert!(answer.body.ends_with("\n# EOF\n"), "{answer:?}");
        Self::of(&answer.body)
    }

    /// All samples of a name with all these labels, added up.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let samples = self.0.iter().filter(|(sample, _)| {
            let (found, found_labels) = sample.split_once('{').unwrap_or((sample, ""));
            found == name && labels.iter().all(|label| found_labels.contains(label))
        });
        samples.map(|(_, value)| value).sum()
    }

    /// How many calls have ended.
    fn calls(&self, labels: &[(&str, &str)]) -> f64 {
        self.sum("rpc_server_call_duration_seconds_count", labels)
    }
}

const BREW: (&str, &str) = ("rpc_method", "tea.Kitchen/Brew");
const POUR: (&str, &str) = ("rpc_method", "tea.Kitchen/Pour");
const OTHER: (&str, &str) = ("rpc_method", "_OTHER");

#[tokio::test]
async fn calls_of_all_protocols_count_alike_those_refused_too() {
    let kitchen = Kitchen::start_with(&["--unmatched", "unimplemented"]).await;
    let address = kitchen.server.address();
    let schema = Schema::from_source("tea.proto", PROTO).expect("it compiles");
    for (protocol, system, name) in [
        (Protocol::Grpc, "grpc", "grpc"),
        (Protocol::GrpcWeb, "grpc", "grpc-web"),
        (Protocol::Connect, "connectrpc", "connect"),
    ] {
        let client = Client::builder(address)
            .schema(schema.clone())
            .protocol(protocol)
            .connect()
            .await
            .expect("it listens");
        let brew = client.method("tea.Kitchen/Brew").expect("it is there");
        let order = |json: &str| Message::from_json(brew.input().clone(), json).expect("an order");
        brew.unary(order(r#"{"kind": "green"}"#))
            .await
            .expect("a rule answers");
        brew.unary(order(r#"{"kind": "mud"}"#))
            .await
            .expect_err("no rule answers");
        // It has no rule, so there is no handler at all.
        let pour = client.method("tea.Kitchen/Pour").expect("it is there");
        let poured = pour.server_streaming(order("{}")).await;
        let code = match poured {
            Err(status) => status.code(),
            Ok(mut poured) => poured.message().await.expect_err("nothing answers").code(),
        };
        assert_eq!(code, Code::Unimplemented, "{name}");

        let samples = Samples::scrape(&kitchen).await;
        let (system, name) = (("rpc_system_name", system), ("protod_protocol", name));
        let ok = ("rpc_status_code", "OK");
        let unimplemented = ("rpc_status_code", "UNIMPLEMENTED");
        let error = ("error_type", "UNIMPLEMENTED");
        assert_eq!(samples.calls(&[BREW, system, name, ok]), 1.0, "{name:?}");
        assert_eq!(
            samples.calls(&[BREW, system, name, unimplemented, error]),
            1.0,
            "{name:?}"
        );
        assert_eq!(
            samples.calls(&[POUR, system, name, unimplemented, error]),
            1.0,
            "{name:?}"
        );
        assert_eq!(samples.calls(&[system, name]), 3.0, "{name:?}");
        let messages = samples.sum("protod_request_messages_total", &[BREW, name]);
        assert_eq!(messages, 2.0, "{name:?}");
        let bytes = samples.sum("protod_request_size_bytes_total", &[BREW, name]);
        assert!(bytes > 0.0, "{name:?}");
        assert_eq!(samples.sum("protod_response_messages_total", &[BREW, name]), 1.0);
    }
    let samples = Samples::scrape(&kitchen).await;
    assert_eq!(samples.sum("protod_calls_unmatched_total", &[]), 6.0);
    assert_eq!(samples.sum("protod_calls_open", &[]), 0.0);
    assert!(samples.sum("protod_connections_accepted_total", &[]) >= 3.0);
    assert_eq!(samples.sum("protod_journal_kept", &[]), 9.0);
    assert!(samples.sum("process_resident_memory_bytes", &[]) > 1e6);
    assert!(samples.sum("process_start_time_seconds", &[]) > 1e9);
    assert_eq!(
        samples.sum("protod_build_info", &[("version", env!("CARGO_PKG_VERSION"))]),
        1.0
    );
}

#[tokio::test]
async fn calls_by_rest_count_under_their_method() {
    let kitchen = Kitchen::start().await;
    let answer = post(
        kitchen.server.address(),
        "tea.Kitchen/Pour",
        &["accept: application/x-ndjson"],
        "{}",
    )
    .await;
    assert_eq!(answer.code, 200, "{answer:?}");
    let samples = Samples::scrape(&kitchen).await;
    let rest = [POUR, ("protod_protocol", "rest"), ("rpc_system_name", "grpc")];
    assert_eq!(samples.calls(&rest), 1.0, "{:?}", samples.0);
    let sent = samples.sum("protod_response_messages_total", &rest);
    assert!(sent > 1.0, "each message of the stream is one: {sent}");
}

#[tokio::test]
async fn names_that_clients_make_up_are_one_series() {
    const NAMES: usize = 10_000;
    let kitchen = Kitchen::start().await;
    let before = Samples::scrape(&kitchen).await;
    let stream = TcpStream::connect(kitchen.server.address())
        .await
        .expect("it listens");
    let (mut reader, mut writer) = stream.into_split();
    let asking = async {
        for name in 0..NAMES {
            let close = if name + 1 == NAMES {
                "connection: close\r\n"
            } else {
                ""
            };
            let request = format!(
                "POST /made.up{name}/M HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n{close}\r\n{{}}"
            );
            writer.write_all(request.as_bytes()).await.expect("it reads");
        }
    };
    let mut responses = Vec::new();
    let reading = reader.read_to_end(&mut responses);
    let ((), read) = timeout(SOON * 6, async { tokio::join!(asking, reading) })
        .await
        .expect("it answers all");
    read.expect("it closes in order");
    let after = Samples::scrape(&kitchen).await;
    assert_eq!(after.calls(&[OTHER]), NAMES as f64);
    let unknown = [
        OTHER,
        ("protod_protocol", "connect"),
        ("error_type", "UNIMPLEMENTED"),
    ];
    assert_eq!(after.calls(&unknown), NAMES as f64);
    // One histogram of 15 buckets, its count and sum, and four counters.
    assert_eq!(after.0.len() - before.0.len(), 15 + 2 + 4);
}

#[tokio::test]
async fn counters_are_kept_over_reloads_which_are_counted() {
    let kitchen = Kitchen::start().await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    let reload = async |rules: &str| {
        fs::write(kitchen.path("tea.rules.yaml"), rules).expect("it can be written");
        kitchen.ask("Reload", "{}").await["reloaded"] == true
    };
    let generation = async || {
        let status = kitchen.ask("Status", "{}").await;
        let generation = status["generation"].as_str().unwrap_or("0");
        generation.parse::<f64>().expect("a number")
    };
    assert_eq!(generation().await, 0.0);
    assert!(reload(&RULES.replace("later", "new")).await);
    assert!(!reload("rules: 7").await);
    kitchen.brew(r#"{"kind": "green"}"#).await;
    let samples = Samples::scrape(&kitchen).await;
    assert_eq!(samples.calls(&[BREW]), 2.0);
    assert_eq!(samples.sum("protod_reload_last_succeeded", &[]), 0.0);
    assert!(samples.sum("protod_reload_last_time_seconds", &[]) > 1e9);
    assert!(samples.sum("protod_reloads_total", &[("result", "failed")]) >= 1.0);
    assert!(samples.sum("protod_reloads_total", &[("result", "succeeded")]) >= 1.0);
    assert_eq!(samples.sum("protod_generation", &[]), generation().await);
    assert!(generation().await >= 1.0);
    // The method is gone, and what was counted of it stays.
    let renamed = PROTO.replace("rpc Brew", "rpc Boil");
    fs::write(kitchen.path("tea.proto"), &renamed).expect("it can be written");
    assert!(reload("rules: []").await);
    assert_eq!(Samples::scrape(&kitchen).await.calls(&[BREW]), 2.0);
}

#[tokio::test]
async fn metrics_need_the_token() {
    let kitchen = Kitchen::start_with(&["--admin-token", "sesame"]).await;
    let host = format!("host: {}", kitchen.admin);
    let refused = send(&kitchen.admin, "GET /metrics", &[&host], "").await;
    assert_eq!(refused.code, 401, "{refused:?}");
    let token = [host.as_str(), "authorization: Bearer sesame"];
    let given = send(&kitchen.admin, "GET /metrics", &token, "").await;
    assert_eq!(given.code, 200, "{given:?}");
}

#[tokio::test]
async fn the_library_has_the_figures_of_calls_that_layers_refuse_too() {
    let schema = Schema::from_source("tea.proto", PROTO).expect("it compiles");
    let without = Server::builder(schema.clone()).build();
    assert!(
        without.expect("it is sound").metrics().is_none(),
        "nobody asked for them"
    );
    let server = Server::builder(schema.clone())
        .unary("tea.Kitchen/Brew", |order: Message| async {
            drop(order);
            Err::<Message, _>(Status::not_found("sold out"))
        })
        .metrics(true)
        .intercept(
            |request: tonic::Request<()>| match request.metadata().get("token") {
                Some(_) => Ok(request),
                None => Err(Status::unauthenticated("no token")),
            },
        )
        .build()
        .expect("it is sound");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    let metrics = server.metrics().expect("they were asked for");
    let serving = tokio::spawn(bound.serve());
    let client = Client::builder(address).schema(schema).connect().await;
    let client = client.expect("it listens");
    let mut brew = client.method("tea.Kitchen/Brew").expect("it is there");
    let order = || Message::from_json(brew.input().clone(), "{}").expect("an order");
    let refused = brew.unary(order()).await.expect_err("no token");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let order = order();
    brew.metadata_mut().insert("token", "t".parse().expect("ASCII"));
    let answered = brew.unary(order).await.expect_err("it is sold out");
    assert_eq!(answered.code(), Code::NotFound);
    let calls: Vec<_> = metrics
        .calls()
        .into_iter()
        .map(|calls| {
            (
                calls.method,
                calls.protocol,
                calls.code,
                calls.count,
                calls.requests,
            )
        })
        .collect();
    let brew = "tea.Kitchen/Brew".to_owned();
    assert_eq!(
        calls,
        [
            (brew.clone(), "grpc", Code::NotFound, 1, 1),
            (brew, "grpc", Code::Unauthenticated, 1, 0),
        ]
    );
    let samples = Samples::of(&metrics.to_open_metrics());
    assert_eq!(samples.calls(&[BREW]), 2.0);
    assert_eq!(
        samples.sum("rpc_server_call_duration_seconds_count", &[("error_type", "")]),
        0.0
    );
    serving.abort();
}

/// All texts under these keys in a document.
fn texts<'v>(value: &'v Value, keys: &[&str], found: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if keys.contains(&key.as_str()) => found.push(text),
                    value => texts(value, keys, found),
                }
            }
        }
        Value::Array(array) => array.iter().for_each(|value| texts(value, keys, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_dashboard_asks_for_metrics_and_labels_that_there_are() {
    let endpoint = ["--otlp-endpoint", "http://127.0.0.1:1"];
    let kitchen = Kitchen::start_with(&endpoint).await;
    kitchen.brew(r#"{"kind": "green"}"#).await;
    post(kitchen.server.address(), "no.Such/Method", &[], "{}").await;
    kitchen.ask("Reload", "{}").await;
    let page = Samples::scrape(&kitchen).await;
    let words = |text: &str| {
        let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let known: Vec<String> = page.0.keys().flat_map(|sample| words(sample)).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana.json");
    let dashboard = fs::read_to_string(path).expect("the dashboard is there");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let mut queries = Vec::new();
    texts(&dashboard, &["expr", "query"], &mut queries);
    let is_ours = |word: &String| {
        ["rpc_", "protod_", "process_", "error_"]
            .iter()
            .any(|begin| word.starts_with(begin))
    };
    let asked: Vec<String> = queries
        .iter()
        .flat_map(|query| words(query))
        .filter(is_ours)
        .collect();
    assert!(asked.len() > 30, "{asked:?}");
    for word in &asked {
        assert!(
            known.contains(word),
            "the dashboard asks for {word}, which is not among the metrics"
        );
    }
    // The page lists what there is, and no more.
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability.md");
    let guide = fs::read_to_string(guide).expect("the page is there");
    let families = page
        .0
        .keys()
        .map(|sample| sample.split('{').next().unwrap_or_default());
    for family in families {
        let listed = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|end| family.strip_suffix(end));
        let listed = listed.unwrap_or(family);
        assert!(
            guide.contains(&format!("`{listed}`")),
            "docs/observability.md does not list {listed}"
        );
    }
}
