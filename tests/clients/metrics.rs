//! Prometheus's own parser of OpenMetrics, which is strict, reads `/metrics`.

use serde_json::Value;

use crate::programs::{grpcurl, python};
use crate::support::{Server, command};

#[tokio::test]
async fn prometheus_s_strict_parser_reads_the_metrics() {
    let mut serve = command(&["serve", "--addr", "127.0.0.1:0", "proto"]);
    serve.env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
    let mut server = Server::start_command(serve).await;
    let line = server.line_with("protod admin on ").await;
    let admin = line.rsplit(' ').next().expect("an address");
    let asked = [
        "-plaintext",
        "-d",
        r#"{"request": "a"}"#,
        server.address(),
        "proto.SearchService/Search",
    ];
    grpcurl().prints(asked).await;
    let asked = ["-plaintext", server.address(), "no.Such/Method"];
    assert!(!grpcurl().run(asked).await.status.success());
    let printed = python("metrics.py")
        .prints([format!("http://{admin}/metrics")])
        .await;
    let samples: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let calls = samples.iter().find(|sample| {
        sample["name"] == "rpc_server_call_duration_seconds_count"
            && sample["labels"]["rpc_method"] == "proto.SearchService/Search"
    });
    let calls = calls.unwrap_or_else(|| panic!("{printed}"));
    assert_eq!(calls["value"], 1.0, "{calls}");
    assert_eq!(calls["labels"]["rpc_status_code"], "OK", "{calls}");
    let has = |name: &str| samples.iter().any(|sample| sample["name"] == name);
    assert!(
        has("protod_build_info") && has("process_cpu_seconds_total"),
        "{printed}"
    );
}
