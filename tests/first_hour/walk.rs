//! A walk through a page: its blocks of commands are pasted whole, one after the other, and must print what the page shows.
//!
//! A block `sh` is commands, and a block `text` right after it what they print, where a line `…` matches any lines. Nothing is
//! waited for but what the commands themselves wait for. `protod serve` runs in the background, on a free port instead of
//! the page's.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use crate::page::{Block, Page};

/// How long anything that should happen at once may take on a busy machine.
const SOON: Duration = Duration::from_mins(1);

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
        walk.serve("serve", 0);
        walk
    }

    /// Reads a page in the folder of the walk.
    pub(crate) fn page(&self, name: &str) -> Page {
        Page::read_in(&self.current, name)
    }

    /// Pastes all blocks of commands, and reports everything that went wrong together.
    pub(crate) fn through(&mut self, blocks: &[Block<'_>]) {
        let mut walked = 0;
        let mut wrong = Vec::new();
        for (index, block) in blocks.iter().enumerate() {
            // The test's own build is what an installation would put on the path.
            if block.kind != "sh" || block.text.starts_with("cargo install") {
                continue;
            }
            walked += 1;
            let expected = blocks.get(index + 1).filter(|next| next.kind == "text");
            let expected = expected.map_or("", |next| &next.text);
            let printed = self.paste(&block.text, expected);
            if !matches(&printed, expected) {
                wrong.push(format!("{}: {}\n{printed}", block.at, block.text));
            }
        }
        assert!(walked > 0, "there is no command");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Runs the commands of a block and returns what they print. A server at its end goes on in the background.
    fn paste(&mut self, block: &str, expected: &str) -> String {
        let (before, last) = block
            .trim_end()
            .rsplit_once('\n')
            .unwrap_or(("", block.trim_end()));
        let Some(serve) = last
            .strip_prefix("protod ")
            .filter(|rest| rest.starts_with("serve"))
        else {
            return self.run(block);
        };
        let printed = if before.is_empty() {
            String::new()
        } else {
            self.run(before)
        };
        let lines = expected.lines().take_while(|line| *line != "…").count();
        printed.clone() + &self.serve(serve, lines.saturating_sub(printed.lines().count() + 1))
    }

    /// Runs commands in a shell and returns what they print, on stdout and stderr. The next ones start in the folder
    /// where these end.
    pub(crate) fn run(&mut self, commands: &str) -> String {
        let port = self.server.as_ref().map_or(PORT, |server| &server.port);
        let ended_in = self.folder.path().join(".ended-in");
        let script = format!(
            "exec 2>&1\n{}\npwd > \"$ENDED_IN\"",
            commands.replace(&format!("localhost:{PORT}"), &format!("127.0.0.1:{port}"))
        );
        let output = shell(&self.current)
            .arg(script)
            .env("ENDED_IN", &ended_in)
            .stdin(Stdio::null())
            .output()
            .expect("sh can be started");
        let printed = String::from_utf8(output.stdout)
            .expect("UTF-8")
            .replace(port, PORT);
        let ended_in = fs::read_to_string(ended_in).unwrap_or_else(|error| panic!("{error}: {printed}"));
        self.current = ended_in.trim_end().into();
        printed
    }

    /// Starts a server, and returns its first line and as many others.
    fn serve(&mut self, arguments: &str, others: usize) -> String {
        let mut child = Command::new(env!("CARGO_BIN_EXE_protod"))
            .args(arguments.split_whitespace())
            .env("PROTOD_ADDR", "127.0.0.1:0")
            .env("PROTOD_ADMIN_ADDR", "127.0.0.1:0")
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
        let rest: Vec<String> = (0..others)
            .map(|_| server.wait_for(""))
            .map(with_admin_port)
            .collect();
        let printed = format!("{first}\n{}\n", rest.join("\n")).replace(&server.port, PORT);
        self.server = Some(server);
        printed
    }
}

/// The line, with the port of the admin service that a server takes by default.
fn with_admin_port(line: String) -> String {
    match line.strip_prefix("protod admin on 127.0.0.1:") {
        Some(_) => "protod admin on 127.0.0.1:9003".to_owned(),
        None => line,
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
