//! Where the outside clients are, and how they are run.
//!
//! `make test` installs them under `target/clients/`. If one is missing, its tests fail, because a test that is silently
//! skipped proves nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::{SOON, binary};

/// A client's command, before its arguments.
pub(crate) struct Program(Command);

/// grpcurl 1.9.3: reflection v1, then v1alpha.
pub(crate) fn grpcurl() -> Program {
    Program::new(&installed("bin/grpcurl"))
}

/// grpcurl 1.8.6: reflection v1alpha only.
pub(crate) fn old_grpcurl() -> Program {
    Program::new(&installed("bin/grpcurl-1.8.6"))
}

/// buf, for `buf curl`.
pub(crate) fn buf() -> Program {
    Program::new(&installed("bin/buf"))
}

/// A script of `tests/clients/node/`, with the packages that its lock file names.
pub(crate) fn node(script: &str) -> Program {
    let mut program = Program::new(Path::new("node"));
    program
        .0
        .env("NODE_PATH", installed("node/node_modules"))
        .arg(Path::new("tests/clients/node").join(script));
    program
}

/// A script of `tests/clients/node/` that opens pages in a browser.
pub(crate) fn browser(script: &str) -> Program {
    let mut program = node(script);
    program
        .0
        .env("PROTOD_BROWSER", installed("bin/browser"))
        .env("PROTOD_BIN", binary());
    program
}

/// A script of `tests/clients/python/`, with the packages that its requirements name.
pub(crate) fn python(script: &str) -> Program {
    let mut program = Program::new(&installed("python/bin/python"));
    program.0.arg(Path::new("tests/clients/python").join(script));
    program
}

/// pytest, for tests in Python that start their own server.
pub(crate) fn pytest() -> Program {
    let mut program = Program::new(&installed("python/bin/python"));
    let leaves_nothing = ["-B", "-m", "pytest", "-p", "no:cacheprovider"];
    program.0.env("PROTOD_BIN", binary()).args(leaves_nothing);
    program
}

/// Node's own test runner, for tests that start their own server.
pub(crate) fn node_test() -> Program {
    let mut program = Program::new(Path::new("node"));
    program
        .0
        .env("NODE_PATH", installed("node/node_modules"))
        .env("PROTOD_BIN", binary())
        .args(["--test", "--test-reporter=tap"]);
    program
}

/// A script for the shell, run in a folder. It finds protod and pytest by their names.
pub(crate) fn shell(script: &str, folder: &Path) -> Program {
    let protod = PathBuf::from(binary());
    let protod = protod.parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!(
        "{}:{}:{path}",
        protod.display(),
        installed("python/bin").display()
    );
    let mut program = Program::new(Path::new("sh"));
    program
        .0
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("PROTOD_NO_CACHE", "1");
    program
}

/// What `make test` has installed.
pub(crate) fn installed(path: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/clients")
        .join(path);
    assert!(
        file.exists(),
        "target/clients/{path} is missing: run make test, which installs it"
    );
    file
}

impl Program {
    fn new(path: &Path) -> Self {
        let mut command = Command::new(path);
        // The machine's proxy must not come between a test and its server.
        command.env("no_proxy", "127.0.0.1").env("NO_PROXY", "127.0.0.1");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self(command)
    }

    /// Runs the client until it exits, with any exit code.
    pub(crate) async fn run<A: Into<OsString>>(self, args: impl IntoIterator<Item = A>) -> Output {
        self.run_within(SOON, args).await
    }

    async fn run_within<A: Into<OsString>>(
        mut self,
        limit: Duration,
        args: impl IntoIterator<Item = A>,
    ) -> Output {
        let child = self.0.args(args.into_iter().map(Into::into)).output();
        timeout(limit, child)
            .await
            .expect("the client did not exit")
            .expect("the client cannot be started")
    }

    /// Runs a test runner, all of whose tests must pass, and returns what it printed.
    pub(crate) async fn passes(self, path: &str) -> String {
        printed(&self.tests([path]).await)
    }

    /// Runs a test runner until it exits, with any exit code.
    pub(crate) async fn tests<A: Into<OsString>>(self, args: impl IntoIterator<Item = A>) -> Output {
        self.run_within(SOON * 6, args).await
    }

    /// Runs the client, which must succeed, and returns what it printed.
    pub(crate) async fn prints<A: Into<OsString>>(self, args: impl IntoIterator<Item = A>) -> String {
        printed(&self.run(args).await)
    }

    /// As [`prints`](Self::prints), of a client that takes longer.
    pub(crate) async fn prints_within<A: Into<OsString>>(
        self,
        limit: Duration,
        args: impl IntoIterator<Item = A>,
    ) -> String {
        printed(&self.run_within(limit, args).await)
    }

    /// Starts the client, to write to it and read from it while it runs.
    pub(crate) fn talk(mut self, args: &[&str]) -> Talk {
        self.0.args(args).stdin(Stdio::piped());
        let mut child = self.0.spawn().expect("the client cannot be started");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Talk { child, stdin, stdout }
    }
}

/// What a program printed on stdout, which must have succeeded.
fn printed(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}{stderr}", output.status);
    stdout
}

/// A client that reads messages from stdin while it prints those that come back.
pub(crate) struct Talk {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    /// Gives the client a message to send.
    pub(crate) async fn send(&mut self, message: &Value) {
        let text = format!("{message}\n");
        self.stdin
            .write_all(text.as_bytes())
            .await
            .expect("the client reads its stdin");
    }

    /// Waits for the next line that the client prints.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(SOON, self.stdout.read_line(&mut line)).await;
        let length = read
            .expect("the client printed nothing")
            .expect("the client prints text");
        assert_ne!(length, 0, "the client ended before it printed what it should");
        line
    }

    /// Waits for the next message that the client prints.
    pub(crate) async fn receive(&mut self) -> Value {
        let mut text = String::new();
        loop {
            text += &self.line().await;
            if let Ok(message) = serde_json::from_str(&text) {
                return message;
            }
        }
    }

    /// Ends stdin; the client must print nothing more and succeed.
    pub(crate) async fn finish(mut self) {
        drop(self.stdin);
        let mut rest = String::new();
        let read = timeout(SOON, self.stdout.read_to_string(&mut rest)).await;
        read.expect("the client did not end")
            .expect("the client prints text");
        assert_eq!(rest, "", "more came after the end of stdin");
        let output = timeout(SOON, self.child.wait_with_output())
            .await
            .expect("the client did not exit");
        let output = output.expect("the child can be waited for");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The messages in a text of consecutive JSON values.
pub(crate) fn messages(text: &str) -> Vec<Value> {
    let messages = serde_json::Deserializer::from_str(text).into_iter();
    messages
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}
