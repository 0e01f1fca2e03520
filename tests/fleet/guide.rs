//! docs/scale.md is true: its files are written, its commands are run in order, and they print what it shows.
//!
//! In what a command prints, `…` stands for any text, and white space for any other.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use crate::broker::port::ReservedPort;
use crate::program::{SOON, Server, binary, command};
use crate::support::Fleet;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scale.md");

/// The fenced blocks of the guide: their kinds, and their lines.
fn blocks() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(GUIDE).expect("the guide is there");
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(kind) if !is_open => {
                blocks.push((kind.to_owned(), Vec::new()));
                is_open = true;
            }
            Some(_) => is_open = false,
            None if is_open => blocks.last_mut().expect("one is open").1.push(line.to_owned()),
            None => {}
        }
    }
    blocks
}

/// Whether a line that was printed is the one that the guide shows.
fn is_shown(shown: &str, printed: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, printed) = (words(shown), words(printed));
    let parts: Vec<&str> = shown.split('…').map(str::trim).collect();
    let [first, .., last] = &parts[..] else {
        return shown == printed;
    };
    let rest = printed
        .strip_prefix(first)
        .and_then(|rest| rest.strip_suffix(last));
    let Some(mut rest) = rest else { return false };
    for part in &parts[1..parts.len() - 1] {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_guide_print_what_it_shows() {
    let fleet = Fleet::of_one_broker();
    let ports =
        ["localhost:9011", "localhost:9012", "localhost:9013"].map(|address| (address, ReservedPort::any()));
    let mut here: Vec<(&str, String)> = ports
        .iter()
        .map(|(address, port)| (*address, port.to_string()))
        .collect();
    here.push(("nats://localhost:4222", fleet.brokers.url()));
    let here = |text: &str| {
        here.iter()
            .fold(text.to_owned(), |text, (guide, here)| text.replace(guide, here))
    };
    fs::create_dir(fleet.path("bin")).expect("a new folder");
    symlink(binary(), fleet.path("bin/protod")).expect("a new link");
    let path = format!(
        "{}:{}",
        fleet.path("bin").display(),
        std::env::var("PATH").expect("it is set")
    );
    let mut variables = BTreeMap::from([("PATH".to_owned(), path)]);
    let mut servers = Vec::new();
    let mut ran = 0;
    for (kind, lines) in blocks() {
        match (kind.as_str(), lines.first().map(String::as_str)) {
            ("proto" | "yaml", Some(first)) if first.contains(" api/") => {
                let name = first.trim_start_matches(['/', '#', ' ']);
                fleet.write(name, &lines.join("\n"));
            }
            ("console", _) => {
                let mut lines = lines.iter().peekable();
                while let Some(line) = lines.next() {
                    let run = here(line.strip_prefix("$ ").expect("a command"));
                    let mut shown = Vec::new();
                    while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                        shown.push(line.as_str());
                    }
                    ran += 1;
                    if let Some((name, value)) =
                        run.strip_prefix("export ").and_then(|set| set.split_once('='))
                    {
                        variables.insert(name.to_owned(), value.to_owned());
                    } else if let Some(serve) =
                        run.strip_prefix("protod ").and_then(|run| run.strip_suffix(" &"))
                    {
                        let mut serve = command(&serve.split(' ').collect::<Vec<_>>());
                        serve.envs(&variables).current_dir(fleet.path(""));
                        servers.push(Server::start_command(serve).await);
                        fleet.await_replicas(servers.len()).await;
                    } else {
                        expect(&run, &variables, &fleet.path(""), &shown).await;
                    }
                }
            }
            _ => {}
        }
    }
    assert!(ran >= 17, "the guide has {ran} commands");
}

/// Runs a command, and compares what it prints with what is shown. What servers tell each other of comes a moment later.
async fn expect(run: &str, variables: &BTreeMap<String, String>, folder: &Path, shown: &[&str]) {
    let began = Instant::now();
    loop {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", run]).envs(variables).current_dir(folder);
        let output = shell.output().await.expect("sh runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed: Vec<&str> = printed.lines().collect();
        let is_right = printed.len() == shown.len()
            && shown
                .iter()
                .zip(&printed)
                .all(|(shown, printed)| is_shown(shown, printed));
        if is_right && output.status.success() {
            return;
        }
        assert!(
            run.starts_with("protod calls --fleet ") && began.elapsed() < SOON,
            "$ {run}\n{}\n{}\nbut the guide shows\n{}",
            printed.join("\n"),
            String::from_utf8_lossy(&output.stderr),
            shown.join("\n")
        );
    }
}
