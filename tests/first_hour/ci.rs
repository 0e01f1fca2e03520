//! The README's steps for CI work.

use std::process::Command;

use crate::page::Page;
use crate::port::ReservedPort;
use crate::walk::shell;

/// How GitHub runs a step: in a shell that stops at the first failure.
const BASH: &str = "bash --noprofile --norc -eo pipefail -c \"$SCRIPT\"";

#[test]
fn the_steps_pass_and_the_server_stops_when_it_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let init = Command::new(env!("CARGO_BIN_EXE_protod"))
        .arg("init")
        .current_dir(folder.path())
        .output();
    assert!(init.expect("protod can be started").status.success());
    let readme = Page::read("README.md");
    let blocks = readme.sections("In CI", "A session with grpcurl");
    let steps = crate::yaml::parse(&blocks.first().expect("it has a block").text);
    let steps = steps["steps"].as_array().expect("a list");
    // The page has a fixed port, so the script cannot use port 0.
    let port = ReservedPort::any();
    let mut run = 0;
    for step in steps.iter().filter(|step| step.get("name").is_some()) {
        let script = step["run"]
            .as_str()
            .expect("a script")
            .replace("9002", &port.number.to_string());
        let output = shell(folder.path())
            .arg(BASH)
            .env("SCRIPT", script)
            .output()
            .expect("bash can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{step}: {said}");
        run += 1;
    }
    assert_eq!(run, 2);
}
