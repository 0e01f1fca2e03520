//! docs/admin.md, docs/mcp.md and docs/observability.md are correct: their files load, and their commands print what they show.
//!
//! | block | meaning |
//! |---|---|
//! | `proto`, `yaml` | a file, whose name is in its first line |
//! | `sh` | how the server of the commands after it is started |
//! | `console` | commands after `$ `, each with all that it prints |
//! | `json` | is JSON |
//! | `text`, `rust` | is read, or compiled elsewhere |

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokio::time::timeout;

use crate::program::{SOON, Server, command};
use crate::support::shell;

#[tokio::test]
async fn the_guide_to_the_admin_service_is_true() {
    assert!(runs("docs/admin.md").await > 5);
}

#[tokio::test]
async fn the_page_for_agents_is_true() {
    assert_eq!(runs("docs/mcp.md").await, 1);
}

#[tokio::test]
async fn the_page_on_observability_is_true() {
    assert!(runs("docs/observability.md").await > 1);
}

/// Runs all commands of a page, which must print what it shows, and returns how many there were.
async fn runs(page: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join(page)).expect("the page is there");
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(root.join("proto"), folder.path().join("proto")).expect("a link");
    let blocks = guide.split("\n```").skip(1).step_by(2);
    let blocks = blocks.map(|block| block.split_once('\n').unwrap_or((block, "")));
    let mut servers: Vec<(Server, String)> = Vec::new();
    let (mut ran, mut wrong) = (0, Vec::new());
    for (kind, text) in blocks {
        match kind {
            "proto" | "yaml" => {
                let first = text.lines().next().expect("a line");
                let name = first.trim_start_matches(['/', '#', ' ']);
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
                fs::write(path, format!("{text}\n")).expect("a file");
            }
            "sh" => {
                let words: Vec<&str> = text.split_whitespace().skip(1).collect();
                let mut serve = command(&[&words[..], &["--addr", "127.0.0.1:0"]].concat());
                serve
                    .current_dir(folder.path())
                    .env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
                let mut server = Server::start_command(serve).await;
                let line = server.line_with("protod admin on ").await;
                let admin = line.rsplit(' ').next().expect("an address").to_owned();
                servers.push((server, admin));
            }
            "console" => {
                let (server, admin) = servers.last().expect("a server comes first");
                for case in format!("\n{text}\n").split("\n$ ").skip(1) {
                    let (line, expected) = case.split_once('\n').unwrap_or((case, ""));
                    let line = line
                        .replace("localhost:9002", server.address())
                        .replace("localhost:9003", admin);
                    let mut shell = shell(&line, folder.path());
                    shell.env("PROTOD_ADMIN_ADDR", admin);
                    let output = timeout(SOON, shell.output()).await;
                    let output = output.unwrap_or_else(|_| panic!("it does not end: {line}"));
                    let output = output.expect("sh is there");
                    let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
                    if printed.trim_end() != expected.trim_end() {
                        wrong.push(format!("$ {line}\n{printed}"));
                    }
                    ran += 1;
                }
            }
            "json" => {
                let parsed: Result<Value, _> = serde_json::from_str(text);
                assert!(parsed.is_ok(), "{text}: {parsed:?}");
            }
            "text" | "rust,no_run" => {}
            other => panic!("nobody tests a block of {other:?}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    ran
}
