//! docs/rest.md is correct: its files load, and its commands print what it shows.
//!
//! | block | meaning |
//! |---|---|
//! | `proto`, `yaml` | a file, whose name is in its first line |
//! | `sh` | how the server of the commands after it is started |
//! | `text` | lines that the server prints, behind that with its address |
//! | `console` | commands after `$ `, each with all that it prints |

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::program::{Server, binary, command};

#[tokio::test]
async fn the_guide_to_rest_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("docs/rest.md")).expect("the guide is there");
    let folder = tempfile::tempdir().expect("a folder");
    // Commands name the program as a person does.
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("a new folder");
    std::os::unix::fs::symlink(binary(), bin.join("protod")).expect("a link");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let blocks: Vec<(&str, &str)> = guide
        .split("\n```")
        .skip(1)
        .step_by(2)
        .map(|block| block.split_once('\n').unwrap_or((block, "")))
        .collect();
    for (kind, text) in &blocks {
        if matches!(*kind, "proto" | "yaml") {
            let first = text.lines().next().expect("a line");
            let name = first.trim_start_matches(['/', '#', ' ']);
            fs::write(folder.path().join(name), format!("{text}\n")).expect("a file");
        }
    }
    let mut server: Option<Server> = None;
    let mut ran = 0;
    for (kind, text) in &blocks {
        match *kind {
            "sh" => {
                let words: Vec<&str> = text.split_whitespace().skip(1).collect();
                let mut serve = command(&[&words[..], &["--addr", "127.0.0.1:0"]].concat());
                serve.current_dir(folder.path());
                server = Some(Server::start_command(serve).await);
            }
            "text" => {
                let server = server.as_mut().expect("a server comes first");
                for line in text.lines().skip(1) {
                    server.line_with(line).await;
                }
            }
            "console" => {
                let address = server.as_ref().expect("a server comes first").address();
                for case in format!("\n{text}\n").split("\n$ ").skip(1) {
                    let (line, expected) = case.split_once('\n').expect("a line");
                    let output = Command::new("sh")
                        .args(["-c", &line.replace("localhost:9002", address)])
                        .current_dir(folder.path())
                        .env("PATH", &path)
                        .env("PROTOD_NO_CACHE", "1")
                        .stdin(Stdio::null())
                        .output()
                        .await
                        .expect("sh is there");
                    let printed = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
                    assert_eq!(printed.trim_end(), expected.trim_end(), "{line}\n{output:?}");
                    ran += 1;
                }
            }
            _ => {}
        }
    }
    assert!(ran > 15, "{ran}");
}
