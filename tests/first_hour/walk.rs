//! A walk through a page: its commands run one after the other, and must print what the page shows.
//!
//! `protod serve` runs in the background, on a free port instead of the page's. After a command that saves a file, the
//! walk continues when the server says that it has reloaded. A line `…` matches any lines.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use crate::page::{Block, Page};

/// How long anything that should happen at once may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// The port in the pages.
const PORT: &str = "9002";

pub(crate) struct Walk {
    folder: TempDir,
    current: PathBuf,
    server: Option<Server>,
}

/// `protod serve`, killed when it is dropped.
struct Server {
    child: Child,
    lines: Receiver<String>,
    port: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Walk {
    /// Starts in an empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let current = folder.path().to_owned();
        Self {
            folder,
            current,
            server: None,
        }
    }

    /// Starts with a running server of this repository's `proto` folder.
    pub(crate) fn beside_the_seeds_protos() -> Self {
        let mut walk = Self::new();
        let proto = walk.folder.path().join("proto");
        fs::create_dir(&proto).expect("a folder can be made");
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("proto")).expect("it is there") {
            let path = entry.expect("it can be read").path();
            fs::copy(&path, proto.join(path.file_name().expect("it is a file"))).expect("it can be copied");
        }
        walk.serve("serve", "protod listening on 127.0.0.1:9002\n…\n");
        walk
    }

    /// Reads a page in the folder of the walk.
    pub(crate) fn page(&self, name: &str) -> Page {
        Page::read_in(&self.current, name)
    }

    /// Runs the commands of all console blocks, and reports everything that went wrong together.
    pub(crate) fn through(&mut self, blocks: &[Block<'_>]) {
        let mut walked = 0;
        let mut wrong = Vec::new();
        for block in blocks.iter().filter(|block| block.kind == "console") {
            for command in block.commands() {
                walked += 1;
                let printed = match command.line.strip_prefix("protod ") {
                    Some(serve) if serve.starts_with("serve") => self.serve(serve, &command.prints),
                    _ => self.run(&command.line),
                };
                if !matches(&printed, &command.prints) {
                    wrong.push(format!("{}: $ {}\n{printed}", block.at, command.line));
                }
            }
        }
        assert!(walked > 0, "there is no command");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Runs a command and returns what it prints, on stdout and stderr.
    pub(crate) fn run(&mut self, line: &str) -> String {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.current.push(folder);
            return String::new();
        }
        let saves = ["sed -i", "cat >", "protod init --from"]
            .iter()
            .any(|start| line.starts_with(start));
        if let Some(server) = self.server.as_ref().filter(|_| saves) {
            server.lines.try_iter().for_each(drop);
        }
        let port = self.server.as_ref().map_or(PORT, |server| &server.port);
        let output = shell(&self.current)
            .arg(format!(
                "exec 2>&1\n{}",
                line.replace(&format!("localhost:{PORT}"), &format!("127.0.0.1:{port}"))
            ))
            .stdin(Stdio::null())
            .output()
            .expect("sh can be started");
        if let Some(server) = self.server.as_ref().filter(|_| saves) {
            server.wait_for("reloaded");
        }
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .replace(port, PORT)
    }

    /// Starts a server, and returns as many lines as it is expected to print.
    fn serve(&mut self, arguments: &str, expected: &str) -> String {
        let mut child = Command::new(env!("CARGO_BIN_EXE_protod"))
            .args(arguments.split_whitespace())
            .env("PROTOD_ADDR", "127.0.0.1:0")
            .current_dir(&self.current)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("protod can be started");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let mut server = Server {
            child,
            lines,
            port: PORT.to_owned(),
        };
        let first = server.wait_for("protod listening on ");
        let (_, port) = first.rsplit_once(':').expect("an address has a port");
        port.clone_into(&mut server.port);
        let expected = expected.lines().skip(1).take_while(|line| *line != "…");
        let rest: Vec<String> = expected.map(|_| server.wait_for("")).collect();
        let printed = format!("{first}\n{}\n", rest.join("\n")).replace(&server.port, PORT);
        self.server = Some(server);
        printed
    }
}

impl Server {
    /// The next line that has `text` in it.
    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(SOON);
            let line = line.unwrap_or_else(|error| panic!("the server did not say {text:?}: {error}"));
            if line.contains(text) {
                return line;
            }
        }
    }
}

/// A shell that finds protod, and the clients that `make test` installs.
pub(crate) fn shell(folder: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_protod"))
        .parent()
        .expect("it is in a folder");
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [binary.to_owned(), clients]
        .into_iter()
        .chain(env::split_paths(&path));
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .env("PATH", env::join_paths(path).expect("no path has a colon"))
        .current_dir(folder);
    shell
}

/// Compares line by line, without spaces at the ends of lines. `…` matches any lines.
fn matches(printed: &str, expected: &str) -> bool {
    let lines = |text: &str| {
        text.trim_end()
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    let (printed, expected) = (lines(printed), lines(expected));
    match expected.iter().position(|line| line == "…") {
        None => printed == expected,
        Some(any) => printed.starts_with(&expected[..any]) && printed[any..].ends_with(&expected[any + 1..]),
    }
}
