//! Traces: the caller's context in the journal and the log, and spans at a collector, which another protod mocks by rules.

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protod::client::Protocol;
use protod::{Client, Message, Schema};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::port::ReservedPort;
use crate::program::{SOON, Server, command};
use crate::support::{Kitchen, PROTO, post, send};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER_TRACE: &str = "11111111111111111111111111111111";
const PARENT: &str = "b7ad6b7169203331";

fn traceparent(trace: &str, flags: &str) -> String {
    format!("traceparent: 00-{trace}-{PARENT}-{flags}")
}

/// A server that mocks a collector.
struct Collector {
    server: Server,
    admin: String,
    _folder: tempfile::TempDir,
}

impl Collector {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    async fn start_at(address: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = folder.path().join("collector.rules.yaml");
        let text =
            "rules:\n  - method: opentelemetry.proto.collector.trace.v1.TraceService/Export\n    reply: {}\n";
        std::fs::write(&rules, text).expect("it can be written");
        let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/src/otlp/proto");
        let rules = rules.to_str().expect("UTF-8");
        let mut serve = command(&["serve", "--addr", address, protos, "--rules", rules]);
        serve.env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
        let mut server = Server::start_command(serve).await;
        let line = server.line_with("protod admin on ").await;
        let admin = line.rsplit(' ').next().expect("an address").to_owned();
        Self {
            server,
            admin,
            _folder: folder,
        }
    }

    async fn ask(&self, method: &str, request: &Value) -> Value {
        let method = format!("protod.admin.v1.AdminService/{method}");
        let answer = post(&self.admin, &method, &[], &request.to_string()).await;
        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
    }

    /// All calls that came, with their messages.
    async fn calls(&self) -> Vec<Value> {
        let listed = self.ask("ListCalls", &json!({ "pageSize": 1000 })).await;
        let mut calls = Vec::new();
        for call in listed["calls"].as_array().into_iter().flatten() {
            let got = self.ask("GetCall", &json!({ "id": call["id"] })).await;
            calls.push(got["call"].clone());
        }
        calls
    }

    /// All spans that came.
    async fn spans(&self) -> Vec<Value> {
        let calls = self.calls().await;
        let all = calls.iter().flat_map(|call| {
            let resources = call["messages"][0]["json"]["resourceSpans"].as_array();
            let scopes = resources
                .expect("spans")
                .iter()
                .flat_map(|resource| resource["scopeSpans"].as_array().expect("scopes"));
            scopes.flat_map(|scope| scope["spans"].as_array().expect("spans").clone())
        });
        all.collect()
    }
}

/// The attributes of a span or a resource, as text.
fn attributes(of: &Value) -> HashMap<String, String> {
    let attributes = of["attributes"].as_array().expect("attributes");
    let pairs = attributes.iter().map(|pair| {
        let value = &pair["value"];
        let text = value["stringValue"].as_str().or(value["intValue"].as_str());
        (
            pair["key"].as_str().expect("a key").to_owned(),
            text.expect("a text or a number").to_owned(),
        )
    });
    pairs.collect()
}

/// An id in base64, as ProtoJSON has bytes, of one in hexadecimal digits.
fn base64_of(id: &str) -> String {
    let digits = id.as_bytes().chunks(2);
    let bytes = digits.map(|pair| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("digits")
    });
    STANDARD.encode(bytes.collect::<Vec<u8>>())
}

#[tokio::test]
async fn the_callers_context_is_in_the_journal_and_the_log_whatever_the_protocol() {
    let mut kitchen = Kitchen::start_with(&["--log-calls"]).await;
    let schema = Schema::from_source("tea.proto", PROTO).expect("it compiles");
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect] {
        let client = Client::builder(kitchen.server.address())
            .schema(schema.clone())
            .protocol(protocol)
            .connect()
            .await
            .expect("it listens");
        let mut brew = client.method("tea.Kitchen/Brew").expect("it is there");
        let text = traceparent(TRACE, "01");
        let value = text.trim_start_matches("traceparent: ").parse().expect("ASCII");
        brew.metadata_mut().insert("traceparent", value);
        let order = Message::from_json(brew.input().clone(), r#"{"kind": "green"}"#).expect("an order");
        brew.unary(order).await.expect("a rule answers");
    }
    let address = kitchen.server.address().to_owned();
    let headers = ["accept: application/x-ndjson", &traceparent(TRACE, "00")];
    post(&address, "tea.Kitchen/Pour", &headers, "{}").await;
    let of_trace = json!({ "where": format!("call.trace_id == '{TRACE}'") });
    let listed = kitchen.ask("ListCalls", &of_trace.to_string()).await;
    let calls = listed["calls"].as_array().expect("calls");
    let protocols: Vec<&Value> = calls.iter().map(|call| &call["protocol"]).collect();
    assert_eq!(protocols, ["grpc", "grpc-web", "connect", "rest"], "{listed}");
    for call in calls {
        assert_eq!(call["traceId"], TRACE);
        assert_eq!(call["parentSpanId"], PARENT);
        assert!(call["spanId"].is_null(), "nobody makes spans: {call}");
    }
    let line = kitchen.server.line_with("protocol=rest").await;
    assert!(
        line.contains(&format!("trace_id={TRACE}")) && !line.contains("span_id"),
        "{line}"
    );
    // One that is none is as good as not there.
    post(
        &address,
        "tea.Kitchen/Brew",
        &["traceparent: 00-0-0-01"],
        r#"{"kind": "green"}"#,
    )
    .await;
    let line = kitchen.server.line_with("protocol=connect").await;
    assert!(line.contains("code=OK"), "{line}");
    let newest = kitchen.ask("ListCalls", r#"{"pageSize": 1}"#).await;
    assert!(newest["calls"][0]["traceId"].is_null(), "{newest}");
}

#[tokio::test]
async fn a_collector_gets_every_sampled_span_and_no_other() {
    // The collector's journal keeps requests of up to 64 KiB.
    const GREEN: usize = 60;
    let collector = Collector::start().await;
    let endpoint = format!("http://{}/", collector.server.address());
    let kitchen = Kitchen::start_in(
        &["--log-calls"],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=the%20shop"),
            ("OTEL_SERVICE_NAME", "kitchen"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=test,service.name=none",
            ),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
        ],
    )
    .await;
    let address = kitchen.server.address().to_owned();
    let sampled = [traceparent(TRACE, "01"), "tracestate: a=1,b=2".to_owned()];
    let sampled: Vec<&str> = sampled.iter().map(String::as_str).collect();
    let green = r#"{"kind": "green"}"#;
    for _ in 0..GREEN {
        post(&address, "tea.Kitchen/Brew", &sampled, green).await;
    }
    post(&address, "no.Such/Method", &sampled, "{}").await;
    post(&address, "tea.Kitchen/Brew", &sampled, r#"{"kind": "mud"}"#).await;
    post(
        &address,
        "tea.Kitchen/Brew",
        &[&traceparent(OTHER_TRACE, "00")],
        green,
    )
    .await;
    post(&address, "tea.Kitchen/Brew", &[], green).await;
    let newest = kitchen.ask("ListCalls", r#"{"pageSize": 1000}"#).await;
    let calls = newest["calls"].as_array().expect("calls").clone();
    let (status, log) = kitchen.server.stop().await;
    assert!(status.success(), "{log:?}");

    let spans = collector.spans().await;
    assert_eq!(spans.len(), GREEN + 2);
    let mut ids: Vec<&str> = spans
        .iter()
        .map(|span| span["spanId"].as_str().expect("an id"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "each has an id of its own");
    for span in &spans {
        assert_eq!(span["traceId"], base64_of(TRACE), "{span}");
        assert_eq!(span["parentSpanId"], base64_of(PARENT), "{span}");
        assert_eq!(span["traceState"], "a=1,b=2", "{span}");
        assert_eq!(span["kind"], "SPAN_KIND_SERVER", "{span}");
        assert_eq!(span["flags"].as_f64(), Some(f64::from(0x301)), "{span}");
        let time = |name: &str| {
            span[name]
                .as_str()
                .expect("a time")
                .parse::<u64>()
                .expect("a number")
        };
        assert!(time("startTimeUnixNano") > 0 && time("endTimeUnixNano") >= time("startTimeUnixNano"));
        // The journal and the log know it by the same ids.
        let call = attributes(span)["protod.call.id"].clone();
        let call = calls
            .iter()
            .find(|known| known["id"] == call.as_str())
            .expect("it is kept");
        assert_eq!(span["spanId"], base64_of(call["spanId"].as_str().expect("an id")));
        let id = format!("span_id={}", call["spanId"].as_str().expect("an id"));
        assert!(log.iter().any(|line| line.contains(&id)), "{id}");
    }
    let with = |name: &str, value: &str| {
        let found = spans
            .iter()
            .find(|span| attributes(span).get(name).is_some_and(|found| found == value));
        found.unwrap_or_else(|| panic!("no span has {name}={value}"))
    };
    let green = with("protod.rule", "green");
    assert_eq!(green["name"], "tea.Kitchen/Brew");
    let of_green = attributes(green);
    for (name, value) in [
        ("rpc.system.name", "connectrpc"),
        ("rpc.method", "tea.Kitchen/Brew"),
        ("rpc.status_code", "OK"),
        ("network.peer.address", "127.0.0.1"),
    ] {
        assert_eq!(of_green[name], value, "{green}");
    }
    assert!(
        !of_green.contains_key("error.type") && green["status"]["code"].is_null(),
        "{green}"
    );
    let unknown = with("rpc.method_original", "no.Such/Method");
    assert_eq!(unknown["name"], "connectrpc");
    assert_eq!(attributes(unknown)["rpc.method"], "_OTHER");
    let mud = spans.iter().find(|span| {
        span["name"] == "tea.Kitchen/Brew" && attributes(span)["rpc.status_code"] == "UNIMPLEMENTED"
    });
    let mud = mud.expect("it was sampled");
    assert_eq!(attributes(mud)["error.type"], "UNIMPLEMENTED");
    assert_eq!(mud["status"]["code"], "STATUS_CODE_ERROR");
    assert!(
        mud["status"]["message"]
            .as_str()
            .is_some_and(|why| why.contains("the nearest is"))
    );

    for call in collector.calls().await {
        let resource = attributes(&call["messages"][0]["json"]["resourceSpans"][0]["resource"]);
        assert_eq!(resource["service.name"], "kitchen");
        assert_eq!(resource["deployment.environment.name"], "test");
        let headers = call["requestHeaders"].as_array().expect("headers");
        assert!(
            headers.contains(&json!({ "name": "x-tenant", "value": "the shop" })),
            "{call}"
        );
    }
}

/// Calls many times on one connection, and returns how many were answered in order.
async fn call_often(address: &str, times: usize) -> usize {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut reader, mut writer) = stream.into_split();
    let calling = async {
        for call in 1..=times {
            let close = if call == times {
                "connection: close\r\n"
            } else {
                ""
            };
            let request = format!(
                "POST /tea.Kitchen/Brew HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 17\r\n{close}\r\n{{\"kind\": \"green\"}}"
            );
            writer.write_all(request.as_bytes()).await.expect("it reads");
        }
    };
    let mut responses = String::new();
    let ((), read) = timeout(SOON * 6, async {
        tokio::join!(calling, reader.read_to_string(&mut responses))
    })
    .await
    .expect("it answers all");
    read.expect("it closes in order");
    responses.matches("HTTP/1.1 200").count()
}

#[tokio::test]
async fn a_collector_that_is_down_or_hangs_holds_up_nothing_and_fills_no_memory() {
    const CALLS: usize = 5000;
    // Nobody listens at the first, the second never says a word.
    let down = ReservedPort::any();
    let down_address = down.to_string();
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hanging_address = hanging.local_addr().expect("it has one").to_string();
    for address in [down_address, hanging_address] {
        let endpoint = format!("http://{address}");
        let mut kitchen = Kitchen::start_with(&["--otlp-endpoint", &endpoint]).await;
        assert_eq!(call_often(kitchen.server.address(), CALLS).await, CALLS);
        let metric = async |name: &str| {
            let host = format!("host: {}", kitchen.admin);
            let page = send(&kitchen.admin, "GET /metrics", &[&host], "").await.body;
            let line = page
                .lines()
                .find(|line| line.starts_with(name))
                .expect("it is there");
            line.rsplit(' ')
                .next()
                .expect("a value")
                .parse::<usize>()
                .expect("a number")
        };
        let queued = metric("protod_spans_queued").await;
        assert!(queued <= 2048, "{queued}");
        let dropped = metric(r#"protod_spans_total{result="dropped"}"#).await;
        assert!(dropped >= CALLS - 2048 - 512, "{dropped} of {CALLS}");
        assert_eq!(metric(r#"protod_spans_total{result="exported"}"#).await, 0);
        let line = kitchen.server.line_with("spans cannot be sent to").await;
        assert!(line.contains(&endpoint) && line.contains("WARN"), "{line}");
        let (status, log) = kitchen.server.stop().await;
        assert!(status.success(), "it stops in time: {log:?}");
        let lines = log
            .iter()
            .filter(|line| line.contains("spans cannot be sent"))
            .count();
        assert_eq!(lines, 1, "{log:?}");
    }
}

#[tokio::test]
async fn spans_are_sent_when_a_collector_comes_back() {
    // Nobody listens there, and nobody else can.
    let port = ReservedPort::any();
    let kitchen = Kitchen::start_with(&["--otlp-endpoint", &format!("http://{port}")]).await;
    // More than fit into one request.
    assert_eq!(call_often(kitchen.server.address(), 1200).await, 1200);
    let _collector = Collector::start_at(&port.to_string()).await;
    let exported = async {
        loop {
            let host = format!("host: {}", kitchen.admin);
            let page = send(&kitchen.admin, "GET /metrics", &[&host], "").await.body;
            if page.contains("protod_spans_total{result=\"exported\"} 1200\n") {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, exported).await.expect("it is sent soon");
}

#[tokio::test]
async fn variables_that_are_wrong_do_not_stop_a_server_and_flags_that_are_do() {
    let wrong = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
    ];
    let mut kitchen = Kitchen::start_in(&[], &wrong).await;
    kitchen.server.line_with("protod sends spans by grpc only").await;
    kitchen
        .server
        .line_with("OTEL_TRACES_SAMPLER does not count")
        .await;
    for (wrong, why) in [
        (("OTEL_RESOURCE_ATTRIBUTES", "a=b,c"), r#""c" is no key=value"#),
        (("OTEL_EXPORTER_OTLP_HEADERS", "a"), r#""a" is no key=value"#),
        (("OTEL_EXPORTER_OTLP_HEADERS", "a b=c"), "cannot be sent"),
        (
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "http://localhost:4318/v1/traces",
            ),
            "no path",
        ),
    ] {
        let mut kitchen = Kitchen::start_in(
            &[],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), wrong],
        )
        .await;
        let line = kitchen
            .server
            .line_with(&format!("{} does not count", wrong.0))
            .await;
        assert!(line.contains(why), "{line}");
    }
    let off = [wrong[0], ("OTEL_SDK_DISABLED", "true")];
    let kitchen = Kitchen::start_in(&[], &off).await;
    let host = format!("host: {}", kitchen.admin);
    let page = send(&kitchen.admin, "GET /metrics", &[&host], "").await;
    assert!(!page.body.contains("protod_spans"), "{page:?}");
    let flag = command(&["serve", "--otlp-endpoint", "http://localhost:4318/v1/traces"]);
    let (code, _, said) = crate::support::output(flag).await;
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("--otlp-endpoint") && said.contains("no path"),
        "{said}"
    );
}
