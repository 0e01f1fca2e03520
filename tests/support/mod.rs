//! The `protod` binary, started as a person would start it, for tests that talk to it from outside.
//!
//! A server uses a free port and prints it on stderr. Every wait is for a line or an exit, with a time limit, and never for
//! a fixed time. A dropped server is killed, so a failed test leaves nothing running.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// How long anything that should happen at once may take on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// `protod ARGS`, run to its end.
pub(crate) async fn protod(args: &[&str]) -> std::process::Output {
    let child = command(args).output();
    timeout(SOON, child)
        .await
        .expect("protod did not exit")
        .expect("protod cannot be started")
}

/// The binary of this build, or the one that `PROTOD_BIN` names.
pub(crate) fn binary() -> OsString {
    let binary = std::env::var_os("PROTOD_BIN");
    binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_protod").into())
}

/// The [`binary`], to be run with `args`. Only if they name a cache there is one, and an admin service only if they say where:
/// all servers would listen for it on the same port.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    command.env("PROTOD_ADMIN_ADDR", "none");
    if !args.contains(&"--cache-dir") {
        command.env("PROTOD_NO_CACHE", "1");
    }
    command
}

/// The address in the line that says that a server listens, be it text or JSON.
pub(crate) fn listening_address(line: &str) -> Option<String> {
    if let Ok(line) = serde_json::from_str::<serde_json::Value>(line) {
        return Some(line.get("addr")?.as_str()?.to_owned());
    }
    let address = line.trim_end().strip_prefix("protod listening on ")?;
    Some(address.to_owned())
}

/// A running `protod serve`.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) lines: Lines<BufReader<ChildStderr>>,
    pub(crate) log: Vec<String>,
    address: String,
}

impl Server {
    /// Starts `protod serve ARGS` on a free port, and returns when it listens.
    pub(crate) async fn start(args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", args).await
    }

    /// Starts `protod serve --addr ADDR ARGS`, and returns when it listens.
    pub(crate) async fn start_at(address: &str, args: &[&str]) -> Self {
        Self::start_command(command(&[&["serve", "--addr", address], args].concat())).await
    }

    /// Runs a [`command`] that serves, and returns when it listens.
    pub(crate) async fn start_command(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("protod cannot be started");
        let stderr = child.stderr.take().expect("stderr is piped");
        let lines = BufReader::new(stderr).lines();
        let mut server = Self {
            child,
            lines,
            log: Vec::new(),
            address: String::new(),
        };
        let line = server.line_with("protod listening on ").await;
        server.address = listening_address(&line).expect("the line was found by its text");
        server
    }

    /// `host:port`, as a client takes it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the server was not waited for yet")
    }

    /// Waits for the next line on stderr that has `text` in it.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        while let Some(line) = self.next_line(text).await {
            if line.contains(text) {
                return line;
            }
        }
        panic!("protod ended and never said {text:?}:\n{}", self.log.join("\n"));
    }

    /// Sends a signal, as in `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id();
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status()
            .await;
        assert!(
            kill.expect("sh cannot be started").success(),
            "the server was gone before the signal"
        );
    }

    /// Sends SIGTERM and returns protod's exit status and everything that it printed on stderr.
    pub(crate) async fn stop(self) -> (ExitStatus, Vec<String>) {
        self.signal("TERM").await;
        self.ended().await
    }

    /// Waits until protod ends, and returns its exit status and everything that it printed on stderr.
    pub(crate) async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        while self.next_line("its last line").await.is_some() {}
        let status = timeout(SOON, self.child.wait())
            .await
            .expect("protod did not exit");
        (status.expect("the child can be waited for"), self.log)
    }

    async fn next_line(&mut self, wanted: &str) -> Option<String> {
        let Ok(line) = timeout(SOON, self.lines.next_line()).await else {
            panic!(
                "protod did not say {wanted:?} in {SOON:?}:\n{}",
                self.log.join("\n")
            );
        };
        let line = line.expect("stderr is UTF-8 text")?;
        self.log.push(line.clone());
        Some(line)
    }
}
