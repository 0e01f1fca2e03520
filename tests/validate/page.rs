//! docs/validation.md is correct: its commands are run in order, next to its protos and rules, and print what it shows.
//!
//! `$ protod serve …` runs until the next one. A line `…` stands for the rest of what a command prints.

use std::path::Path;

use crate::program::{Server, command};

/// What the commands of a block print, each with the command.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ protod "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, output))) => {
                output.push_str(line);
                output.push('\n');
            }
            (None, None) => panic!("{line}"),
        }
    }
    commands
}

/// The arguments, as a shell takes them.
fn arguments(command: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    for (part, is_quoted) in command.split('\'').zip([false, true].into_iter().cycle()) {
        if is_quoted {
            arguments.push(part);
        } else {
            arguments.extend(part.split_whitespace());
        }
    }
    arguments
}

#[tokio::test]
async fn every_command_of_the_page_prints_what_it_shows() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/validation.md"));
    let page = page.expect("the page is there");
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("wrong")).expect("it can be made");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    let mut server: Option<Server> = None;
    let mut ran = 0;
    for fenced in page.split("```").skip(1).step_by(2) {
        let (kind, text) = fenced.split_once('\n').expect("a block has lines");
        match kind {
            "proto" => {
                let name = text.lines().next().and_then(|line| line.strip_prefix("// "));
                write(name.expect("its first line is its name"), text);
            }
            "yaml" => write("orders.rules.yaml", text),
            "console" => {
                for (line, expected) in commands(text) {
                    ran += 1;
                    let arguments = arguments(line);
                    if let ["serve", arguments @ ..] = &arguments[..] {
                        let mut serve = command(&[&["serve", "--addr", "127.0.0.1:0"], arguments].concat());
                        serve.current_dir(folder.path());
                        server = Some(Server::start_command(serve).await);
                        continue;
                    }
                    let address = server.as_ref().map(Server::address).unwrap_or_default();
                    let arguments: Vec<&str> = arguments
                        .into_iter()
                        .map(|argument| {
                            if argument == "127.0.0.1:9002" {
                                address
                            } else {
                                argument
                            }
                        })
                        .collect();
                    let output = command(&arguments).current_dir(folder.path()).output().await;
                    let output = output.expect("it can be started");
                    let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
                    match expected.strip_suffix("…\n") {
                        Some(beginning) => assert!(printed.starts_with(beginning), "{line}\n{printed}"),
                        None => assert_eq!(printed, expected, "{line}"),
                    }
                }
            }
            other => panic!("a block of {other}"),
        }
    }
    assert!(ran > 5, "{ran}");
}
