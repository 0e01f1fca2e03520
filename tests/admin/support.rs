//! A running server with its admin service, and calls to it in the ways of outside clients.

use std::fs;
use std::path::Path;

use protod::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::program::{SOON, Server, binary, command};

pub(crate) const PROTO: &str = r#"syntax = "proto3";
package tea;
service Kitchen {
  rpc Brew(Order) returns (Cup);
  rpc Pour(Order) returns (stream Cup);
}
message Order { string kind = 1; int64 minutes = 2; }
message Cup { string label = 1; int32 degrees = 2; }
"#;

pub(crate) const RULES: &str = r#"rules:
  - name: first green
    method: tea.Kitchen/Brew
    match: {kind: green}
    times: 1
    reply: {label: first}
  - name: green
    method: tea.Kitchen/Brew
    match: {kind: green}
    reply: {label: later}
  - name: kept
    method: tea.Kitchen/Brew
    match: {kind: keep}
    session: {half_close: [{set: {store.kept: "${request.minutes}"}}, {send: {label: kept}}]}
  - name: recalled
    method: tea.Kitchen/Brew
    match: {kind: recall}
    reply: {label: "${has(store.kept) ? string(store.kept) : '0'}"}
"#;

/// A server with an admin service.
pub(crate) struct Kitchen {
    pub(crate) folder: TempDir,
    pub(crate) server: Server,
    /// Where the admin service is.
    pub(crate) admin: String,
}

impl Kitchen {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With these flags too; the admin service listens on a free port, unless they say otherwise.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        Self::start_in(flags, &[]).await
    }

    /// With these variables of the environment, too.
    pub(crate) async fn start_in(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("tea.proto"), PROTO).expect("it can be written");
        fs::write(folder.path().join("tea.rules.yaml"), RULES).expect("it can be written");
        Self::serve(folder, flags, variables).await
    }

    /// Ends the server, and starts another for the same folder.
    pub(crate) async fn restart(self, flags: &[&str]) -> Self {
        self.server.stop().await;
        Self::serve(self.folder, flags, &[]).await
    }

    async fn serve(folder: TempDir, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut serve = command(&[&["serve", "--addr", "127.0.0.1:0", "."], flags].concat());
        serve.current_dir(folder.path());
        serve.env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
        serve.envs(variables.iter().copied());
        let mut server = Server::start_command(serve).await;
        let line = server.line_with("protod admin on ").await;
        let admin = line
            .strip_prefix("protod admin on ")
            .expect("a line of its own")
            .to_owned();
        Self {
            folder,
            server,
            admin,
        }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Calls `tea.Kitchen/Brew`, and returns the label of the answer.
    pub(crate) async fn brew(&self, request: &str) -> String {
        let answer = post(self.server.address(), "tea.Kitchen/Brew", &[], request).await;
        assert_eq!(answer.code, 200, "{answer:?}");
        let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
        answer["label"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls a method of the admin service as curl does.
    pub(crate) async fn ask(&self, method: &str, request: &str) -> Value {
        let answer = post(
            &self.admin,
            &format!("protod.admin.v1.AdminService/{method}"),
            &[],
            request,
        )
        .await;
        assert_eq!(answer.code, 200, "{answer:?}");
        serde_json::from_str(&answer.body).expect("JSON")
    }

    /// Runs `protod ARGS` for the admin service; returns the exit code, stdout and stderr.
    pub(crate) async fn protod(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = command(args);
        command.env("PROTOD_ADMIN_ADDR", &self.admin);
        output(command).await
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.admin).await.expect("it has reflection")
    }
}

/// Runs a command to its end.
pub(crate) async fn output(mut command: Command) -> (i32, String, String) {
    let output = timeout(SOON, command.output())
        .await
        .expect("it ends")
        .expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("an exit code"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A shell that finds protod and the clients that `make test` installs.
pub(crate) fn shell(line: &str, folder: &Path) -> Command {
    let bin = folder.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).expect("a new folder");
        std::os::unix::fs::symlink(binary(), bin.join("protod")).expect("a link");
    }
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{}:{path}", bin.display(), clients.display()))
        .env("PROTOD_NO_CACHE", "1")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    shell
}

/// A response of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    /// In lower case, as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A call as Connect JSON, with more headers.
pub(crate) async fn post(address: &str, method: &str, headers: &[&str], json: &str) -> Answer {
    let host = format!("host: {address}");
    let mut all = vec!["content-type: application/json"];
    if !headers.iter().any(|header| header.starts_with("host:")) {
        all.push(&host);
    }
    all.extend(headers);
    send(address, &format!("POST /{method}"), &all, json).await
}

/// A request, and the response to it.
pub(crate) async fn send(address: &str, line: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let mut request = format!(
        "{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.push_str(body);
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut response = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut response)).await;
    read.expect("it answers").expect("it closes");
    let response = String::from_utf8_lossy(&response).into_owned();
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        code: code.expect("a code"),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
