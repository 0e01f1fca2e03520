//! `--handlers` and `--typed`, with few messages: closures answer each case rightly, or the bench would end, and their figures are
//! there.
//!
//! The servers are those that `cargo test --workspace` has built.

use std::process::Command;

use serde_json::Value;

#[test]
fn closures_of_both_kinds_are_measured_in_each_case() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("figures.json");
    let cases = [
        "list",
        "record",
        "route",
        "unary",
        "seven",
        "wide",
        "payload",
        "wide-unary",
        "upload",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--no-build", "--handlers", "--typed", "--only-calls"])
        .args(["--rounds", "1", "--messages", "1000", "--case"])
        .args(cases)
        .arg("--json")
        .arg(&file)
        .output()
        .expect("the bench starts");
    let table = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{table}\n{errors}");
    let text = std::fs::read_to_string(file).expect("the bench writes its figures");
    let figures: Value = serde_json::from_str(&text).expect("they are JSON");
    let figures = figures["calls"].as_array().expect("a list of cases");
    let name = |of: &Value, key: &str| of[key].as_str().expect("a name").to_owned();
    assert_eq!(figures.len(), cases.len(), "{table}");
    for (figures, case) in figures.iter().zip(cases) {
        assert_eq!(name(figures, "case"), case, "{table}");
        let servers = figures["servers"].as_array().expect("a list of servers");
        let names: Vec<String> = servers.iter().map(|server| name(server, "server")).collect();
        assert_eq!(names, ["twin", "protod", "handlers", "typed"], "{table}");
        for server in servers {
            let median = server["cpu_ns"]["median"].as_f64().expect("a median");
            assert!(median > 0.0, "no figures in {case}: {server}");
        }
    }
}
