//! docs/tls.md is correct: its commands are run in order, next to the certificates that they make, against a server that
//! runs as the page says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;
use tokio::time::timeout;

use crate::servers::SOON;
use crate::support::{self, Server};

/// The shell commands of the page, one for each line that does not continue the one before.
fn commands() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tls.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("```").expect("it ends").0.replace("\\\n", ""));
    blocks
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// A search path that begins with protod and the outside clients.
fn path() -> String {
    let protod = Path::new(env!("CARGO_BIN_EXE_protod"))
        .parent()
        .expect("a folder");
    let clients: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin");
    let mut path = format!("{}:{}", protod.display(), clients.display());
    let _ = write!(path, ":{}", std::env::var("PATH").unwrap_or_default());
    path
}

/// Runs a command of the page in a folder; it must succeed.
async fn run(command: &str, folder: &Path) -> Output {
    let mut sh = Command::new("sh");
    sh.args(["-c", command])
        .current_dir(folder)
        .env("PATH", path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(SOON, sh.output()).await.expect("it ends");
    let output = output.expect("sh can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{said}");
    output
}

#[tokio::test]
async fn every_command_of_the_page_works() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server: Option<Server> = None;
    let mut ran = 0;
    for command in commands() {
        if let Some(arguments) = command.strip_prefix("protod serve ") {
            let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
            let arguments: Vec<&str> = arguments.split_whitespace().chain([proto]).collect();
            let mut serve = support::command(&[&["serve", "--addr", "127.0.0.1:0"], &arguments[..]].concat());
            serve.current_dir(folder.path());
            server = Some(Server::start_command(serve).await);
            continue;
        }
        let port = server
            .as_ref()
            .map(|server| server.address().rsplit_once(':').expect("a port").1);
        let command = match port {
            Some(port) => command.replace("localhost:9002", &format!("localhost:{port}")),
            None => command,
        };
        let output = run(&command, folder.path()).await;
        if command.contains(" list") {
            let listed = String::from_utf8_lossy(&output.stdout);
            assert!(listed.contains("proto.StreamService\n"), "{command}\n{listed}");
        }
        ran += 1;
    }
    assert!(server.is_some() && ran >= 7, "{ran}");
}

/// The sentences of the page's table are those that the commands print.
#[tokio::test]
async fn the_page_quotes_what_is_printed() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tls.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    for said in crate::connect_faults::EXPLAINED {
        assert!(
            page.contains(&format!("| {said} |")),
            "docs/tls.md does not have: {said}"
        );
    }
}
