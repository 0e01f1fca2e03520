//! `protod calls --open`, `protod push`, `protod signal` and `protod end`.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::program::{SOON, command};
use crate::support::Kitchen;

const RULES: &str = r#"rules:
  - name: pouring
    method: tea.Kitchen/Pour
    session:
      key: "${request.kind}"
      signals:
        refill: [{send: {label: refilled}}]
        empty: [{status: {code: OK}}]
"#;

/// A stream of `protod call`, as lines of JSON.
pub(crate) struct Pour {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Pour {
    /// Begins one, and returns it with its number.
    pub(crate) async fn begin(kitchen: &Kitchen, kind: &str) -> (Self, String) {
        Self::begin_with(kitchen, kind, &[]).await
    }

    /// The same, with more flags.
    async fn begin_with(kitchen: &Kitchen, kind: &str, flags: &[&str]) -> (Self, String) {
        let before = open(kitchen).await.len();
        let request = format!(r#"{{"kind": "{kind}"}}"#);
        let mut command: Command = command(&[
            "call",
            kitchen.server.address(),
            "tea.Kitchen/Pour",
            "-d",
            &request,
        ]);
        let mut child = command
            .args(["--format", "json"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let began = async {
            loop {
                let open = open(kitchen).await;
                if open.len() > before {
                    break open;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        let open = timeout(SOON, began).await.expect("it begins");
        let id = open.last().expect("one")["id"]
            .as_str()
            .expect("a number")
            .to_owned();
        (Self { child, lines }, id)
    }

    /// The next message.
    async fn next(&mut self) -> Value {
        let mut text = String::new();
        loop {
            let line = timeout(SOON, self.lines.next_line())
                .await
                .expect("it comes")
                .expect("UTF-8");
            text += &line.expect("it goes on");
            if let Ok(value) = serde_json::from_str(&text) {
                return value;
            }
        }
    }

    async fn ends(mut self) -> i32 {
        let status = timeout(SOON, self.child.wait())
            .await
            .expect("it ends")
            .expect("it started");
        status.code().expect("an exit code")
    }
}

async fn open(kitchen: &Kitchen) -> Vec<Value> {
    let open = kitchen.ask("ListOpen", r#"{"method": "tea.Kitchen/Pour"}"#).await;
    open["calls"].as_array().cloned().unwrap_or_default()
}

async fn start() -> Kitchen {
    let kitchen = Kitchen::start().await;
    fs::write(kitchen.path("pour.rules.yaml"), RULES).expect("it can be written");
    kitchen.ask("Reload", "{}").await;
    kitchen
}

#[tokio::test]
async fn messages_are_pushed_into_one_call_and_into_all_of_a_method() {
    let kitchen = start().await;
    let (mut first, id) = Pour::begin(&kitchen, "green").await;
    let (mut second, _) = Pour::begin(&kitchen, "black").await;
    let (code, listed, said) = kitchen.protod(&["calls", "--open"]).await;
    assert_eq!(code, 0, "{said}");
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert_eq!(
        (lines[1][0], lines[1][2], lines[1][3]),
        (id.as_str(), "tea.Kitchen/Pour", "pouring"),
        "{listed}"
    );

    let pushed = kitchen
        .protod(&[
            "push",
            &id,
            "-d",
            r#"{"label": "a"} {"label": "b", "degrees": 80}"#,
        ])
        .await;
    assert_eq!(pushed, (0, String::new(), String::new()));
    assert_eq!(first.next().await["label"], "a");
    assert_eq!(first.next().await["degrees"], 80);
    let pushed = kitchen
        .protod(&[
            "push",
            "--method",
            "tea.Kitchen/Pour",
            "-d",
            r#"{"label": "all"}"#,
        ])
        .await;
    assert_eq!(pushed, (0, String::new(), String::new()));
    for pour in [&mut first, &mut second] {
        assert_eq!(pour.next().await["label"], "all");
    }
    // What another program prints, as it comes.
    let mut push = command(&["push", &id, "-d", "@"])
        .env("PROTOD_ADMIN_ADDR", &kitchen.admin)
        .stdin(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = push.stdin.take().expect("it is piped");
    for label in ["one", "two"] {
        let line = format!("{{\"label\": \"{label}\"}}\n");
        stdin.write_all(line.as_bytes()).await.expect("it reads");
        assert_eq!(first.next().await["label"], label);
    }
    drop(stdin);
    assert!(
        timeout(SOON, push.wait())
            .await
            .expect("it ends")
            .expect("it started")
            .success()
    );

    let (code, printed, _) = kitchen.protod(&["signal", "refill", "black"]).await;
    assert_eq!((code, printed.as_str()), (0, "calls that handle it: 2\n"));
    assert_eq!(second.next().await["label"], "refilled");
    let (code, printed, _) = kitchen.protod(&["signal", "empty", "--json"]).await;
    assert_eq!(code, 0);
    assert_eq!(serde_json::from_str::<Value>(&printed).expect("JSON")["calls"], 2);
    for pour in [first, second] {
        assert_eq!(pour.ends().await, 0);
    }
}

#[tokio::test]
async fn commands_that_name_a_session_are_about_the_calls_of_it_alone() {
    let kitchen = start().await;
    for name in ["a", "b"] {
        kitchen.protod(&["sessions", "create", name]).await;
    }
    let (mut of_a, id_of_a) = Pour::begin_with(&kitchen, "green", &["--session", "a"]).await;
    let (mut of_b, _) = Pour::begin_with(&kitchen, "green", &["--session", "b"]).await;
    let (mut of_none, id_of_none) = Pour::begin(&kitchen, "green").await;
    let in_a = async |args: &[&str]| kitchen.protod(&[args, &["--session", "a"]].concat()).await;
    let (_, listed, _) = in_a(&["calls", "--open"]).await;
    let ids: Vec<&str> = listed
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(ids, [id_of_a.as_str()], "{listed}");

    let all = ["--method", "tea.Kitchen/Pour"];
    let push = |label: &'static str| ["push", "-d", label];
    in_a(&[&push(r#"{"label": "to a"}"#)[..], &all].concat()).await;
    in_a(&["push", &id_of_a, "-d", r#"{"label": "by id"}"#]).await;
    let (code, _, said) = in_a(&["push", &id_of_none, "-d", "{}"]).await;
    assert!(code == 1 && said.contains("none of the session \"a\""), "{said}");
    // Without a session it is about all calls.
    kitchen
        .protod(&[&push(r#"{"label": "to all"}"#)[..], &all].concat())
        .await;
    for label in ["to a", "by id", "to all"] {
        assert_eq!(of_a.next().await["label"], label);
    }
    for pour in [&mut of_b, &mut of_none] {
        assert_eq!(pour.next().await["label"], "to all");
    }

    let (code, printed, _) = in_a(&["signal", "refill"]).await;
    assert_eq!((code, printed.as_str()), (0, "calls that handle it: 1\n"));
    let (_, printed, _) = kitchen.protod(&["signal", "refill"]).await;
    assert_eq!(printed, "calls that handle it: 1\n", "that of no session");
    for pour in [&mut of_a, &mut of_none] {
        assert_eq!(pour.next().await["label"], "refilled");
    }

    let (code, _, said) = in_a(&["end", &id_of_none]).await;
    assert!(code == 1 && said.contains("none of the session \"a\""), "{said}");
    in_a(&[&["end", "--code", "ABORTED"][..], &all].concat()).await;
    assert_eq!(of_a.ends().await, 64 + 10);
    let (code, _, said) = in_a(&[&push("{}")[..], &all].concat()).await;
    assert!(
        code == 1 && said.contains("no call of tea.Kitchen/Pour"),
        "{said}"
    );
    for args in [
        &["calls", "--open"][..],
        &["push", "1", "-d", "{}"],
        &["signal", "refill"],
        &["end", "1"],
    ] {
        let args = [args, &["--session", "never-made"]].concat();
        let (code, _, said) = kitchen.protod(&args).await;
        assert!(code == 1 && said.contains("no session"), "{args:?}: {said}");
    }
    kitchen
        .protod(&[&["end", "--code", "OK"][..], &all].concat())
        .await;
    assert_eq!(of_b.ends().await, 0);
    assert_eq!(of_none.ends().await, 0);
}

#[tokio::test]
async fn calls_are_ended_with_a_code_and_what_cannot_be_done_has_an_exit_code() {
    let kitchen = Kitchen::start_with(&["--no-journal"]).await;
    fs::write(kitchen.path("pour.rules.yaml"), RULES).expect("it can be written");
    kitchen.ask("Reload", "{}").await;
    let (first, id) = Pour::begin(&kitchen, "green").await;
    let (second, _) = Pour::begin(&kitchen, "green").await;
    let (code, _, said) = kitchen.protod(&["push", &id, "-d", r#"{"label": 7}"#]).await;
    assert!(code == 1 && said.contains("label"), "{said}");
    let (code, _, said) = kitchen.protod(&["push", &id, "-d", "{}{"]).await;
    assert!(
        code == 1 && said.contains("message 2 of the data is no JSON"),
        "{said}"
    );
    let ended = kitchen
        .protod(&["end", &id, "--code", "NOT_FOUND", "--message", "no tea"])
        .await;
    assert_eq!(ended, (0, String::new(), String::new()));
    assert_eq!(first.ends().await, 64 + 5);
    let (code, _, said) = kitchen.protod(&["end", &id]).await;
    assert!(code == 1 && said.contains("has ended"), "{said}");
    assert_eq!(
        kitchen
            .protod(&["end", "--method", "tea.Kitchen/Pour", "--code", "OK"])
            .await
            .0,
        0
    );
    assert_eq!(second.ends().await, 0);
    let (code, _, said) = kitchen
        .protod(&["push", "--method", "tea.Kitchen/Pour", "-d", "{}"])
        .await;
    assert!(
        code == 1 && said.contains("no call of tea.Kitchen/Pour is in flight"),
        "{said}"
    );
    for usage in [
        &["push", "-d", "{}"][..],
        &["push", "1"],
        &["end"],
        &["end", "1", "--method", "a.B/C"],
    ] {
        assert_eq!(kitchen.protod(usage).await.0, 2, "{usage:?}");
    }
}
