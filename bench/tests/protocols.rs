//! `--protocols`, with few calls: each server answers in each protocol that it speaks, and the figures are there.
//!
//! The servers are those that `cargo test --workspace` has built.

use std::process::Command;

use serde_json::Value;

#[test]
fn each_server_is_measured_in_each_protocol_that_it_speaks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args([
            "--no-build",
            "--protocols",
            "--rounds",
            "1",
            "--messages",
            "1000",
            "--json",
        ])
        .arg(&file)
        .output()
        .expect("the bench starts");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{table}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let text = std::fs::read_to_string(file).expect("the bench writes its figures");
    let figures: Value = serde_json::from_str(&text).expect("they are JSON");
    let lines = figures["calls"].as_array().expect("a list of lines");
    let measured: Vec<[&str; 2]> = lines
        .iter()
        .map(|line| ["protocol", "server"].map(|key| line[key].as_str().expect("a name")))
        .collect();
    let every = ["connectrpc", "protod"].as_slice();
    let should = [
        ("grpc", ["tonic-web", "connectrpc", "protod"].as_slice()),
        ("grpc-web", ["tonic-web", "connectrpc", "protod"].as_slice()),
        ("connect", every),
        ("connect-json", every),
        ("connect-json-http1", every),
    ];
    let should: Vec<[&str; 2]> = should
        .iter()
        .flat_map(|(protocol, servers)| servers.iter().map(|server| [*protocol, *server]))
        .collect();
    assert_eq!(measured, should, "{table}");

    assert_eq!(
        table.lines().filter(|row| row.contains("protod")).count(),
        6,
        "the head and a row for each protocol:\n{table}"
    );
    for line in lines {
        let median = |key: &str| line[key]["median"].as_f64().expect("a median");
        assert!(
            median("cpu_ns") > 0.0 && median("per_second") > 0.0,
            "no figures: {line}"
        );
        if line["protocol"] == "grpc" {
            assert_eq!(median("of_grpc"), 1.0, "gRPC is compared with itself");
        }
        if line["server"] == "protod" {
            assert_eq!(median("protod_of_it"), 1.0, "protod is compared with itself");
        }
    }
}
