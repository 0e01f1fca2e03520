//! `protod call` as a person or a script runs it: its output and its exit codes.

use std::process::{Output, Stdio};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::{Call, Client, Schema, Server};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::programs::{messages, python};
use crate::servers::{SOON, schema, serve, shapes};

/// What `protod ARGS` printed on stdout and stderr, and its exit code.
pub(crate) async fn protod(args: &[&str]) -> (String, String, i32) {
    let output = crate::support::protod(args).await;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let Output {
        status,
        stdout,
        stderr,
    } = &output;
    (
        text(stdout),
        text(stderr),
        status.code().expect("it was not killed"),
    )
}

/// What `protod ARGS` printed on stdout. It must succeed and print nothing else.
pub(crate) async fn prints(args: &[&str]) -> String {
    let (stdout, stderr, code) = protod(args).await;
    assert_eq!((stderr.as_str(), code), ("", 0));
    stdout
}

#[tokio::test]
async fn each_shape_is_called() {
    let address = serve(shapes()).await;
    let call =
        async |method: &str, data: &str| messages(&prints(&["call", &address, method, "-d", data]).await);
    let unary = call("shapes.Shapes/Unary", r#"{"name": "a", "value": 1}"#).await;
    assert_eq!(unary, [json!({"name": "a", "value": "1"})]);
    let down = call("shapes.Shapes.Down", r#"{"value": "2"}"#).await;
    assert_eq!(
        down,
        [json!({"name": "down"}), json!({"name": "down", "value": "1"})]
    );
    let up = call("shapes.Shapes/Up", r#"{"value": 1}{"value": 2} {"value": 3}"#).await;
    assert_eq!(up, [json!({"name": "sum", "value": "6"})]);
    let both = call("/shapes.Shapes/Both", "{\"value\": 1}\n\n{\"name\": \"b\"}").await;
    assert_eq!(both, [json!({"value": "1"}), json!({"name": "b"})]);
}

#[tokio::test]
async fn without_data_one_message_is_sent_where_one_is_taken_and_none_to_a_stream() {
    let address = serve(shapes()).await;
    assert_eq!(prints(&["call", &address, "shapes.Shapes/Unary"]).await, "{}\n");
    assert_eq!(prints(&["call", &address, "shapes.Shapes/Both"]).await, "");
}

#[tokio::test]
async fn defaults_and_text_are_printed_on_request() {
    let address = serve(shapes()).await;
    let unary = ["call", address.as_str(), "shapes.Shapes/Unary"];
    let printed = prints(&[&unary[..], &["--emit-defaults"]].concat()).await;
    assert_eq!(
        printed,
        "{\n  \"name\": \"\",\n  \"value\": \"0\",\n  \"items\": [],\n  \"data\": \"\"\n}\n"
    );
    let printed = prints(&[&unary[..], &["--format", "text", "-d", "name: 'a' value: -1"]].concat()).await;
    assert_eq!(printed, "name: \"a\"\nvalue: -1\n");
    let both = [
        "call",
        &address,
        "shapes.Shapes/Both",
        "--format",
        "text",
        "-d",
        "value: 1 \u{1e} value: 2",
    ];
    assert_eq!(prints(&both).await, "value: 1\n\u{1e}value: 2\n");
}

#[tokio::test]
async fn data_comes_from_a_file() {
    let address = serve(shapes()).await;
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), r#"{"value": 20} {"value": 22}"#).expect("it can be written");
    let data = format!("@{}", file.path().display());
    let printed = prints(&["call", &address, "shapes.Shapes/Up", "-d", &data]).await;
    assert_eq!(printed, "{\n  \"name\": \"sum\",\n  \"value\": \"42\"\n}\n");
}

/// A conversation at a terminal: each answer is printed before the next message is typed.
#[tokio::test]
async fn messages_go_out_as_they_are_typed_and_answers_are_seen_as_they_come() {
    let address = serve(shapes()).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_protod"))
        .args(["call", &address, "shapes.Shapes/Both", "-d", "@-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("protod can be started");
    let mut stdin: ChildStdin = child.stdin.take().expect("stdin is piped");
    let mut stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().expect("stdout is piped"));
    for n in 1..5 {
        // No newline: the closing brace ends a message.
        let message = format!("{{\"value\": {n}}}");
        stdin.write_all(message.as_bytes()).await.expect("protod reads");
        let mut answer = String::new();
        while !answer.ends_with("}\n") {
            let read = timeout(SOON, stdout.read_line(&mut answer))
                .await
                .expect("an answer to each");
            assert_ne!(read.expect("text"), 0, "protod ended");
        }
        assert_eq!(answer, format!("{{\n  \"value\": \"{n}\"\n}}\n"));
    }
    drop(stdin);
    let status = timeout(SOON, child.wait())
        .await
        .expect("an end")
        .expect("it can be waited for");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).await.expect("text");
    assert_eq!((rest.as_str(), status.code()), ("", Some(0)));
}

#[tokio::test]
async fn a_status_is_worded_as_grpcurl_words_it_and_exits_with_its_code() {
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", |_request: DynamicMessage| async {
        use tonic_types::{ErrorDetails, StatusExt as _};
        let mut details = ErrorDetails::new();
        details
            .set_error_info("NO_ITEM", "shapes", [("tried".to_owned(), "3".to_owned())])
            .set_request_info("r1", "");
        Err::<DynamicMessage, _>(Status::with_error_details(
            Code::NotFound,
            "no such item",
            details,
        ))
    });
    let address = serve(server).await;
    let (stdout, stderr, code) = protod(&["call", &address, "shapes.Shapes/Unary"]).await;
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "ERROR:\n  Code: NotFound\n  Message: no such item\n  Details:\n  \
         1)\t{\n    \t  \"@type\": \"type.googleapis.com/google.rpc.ErrorInfo\",\n    \t  \"reason\": \"NO_ITEM\",\n    \
         \t  \"domain\": \"shapes\",\n    \t  \"metadata\": {\n    \t    \"tried\": \"3\"\n    \t  }\n    \t}\n  \
         2)\t{\n    \t  \"@type\": \"type.googleapis.com/google.rpc.RequestInfo\",\n    \t  \"requestId\": \"r1\"\n    \
         \t}\n"
    );
    assert_eq!(code, 64 + 5);
    let (_, stderr, _) = protod(&["call", &address, "shapes.Shapes/Unary", "--format", "text"]).await;
    let details = "  1)\t[type.googleapis.com/google.rpc.ErrorInfo] {\n    \t  reason: \"NO_ITEM\"";
    assert!(stderr.contains(details), "{stderr}");
}

#[tokio::test]
async fn a_deadline_ends_a_call_with_its_code() {
    let server = Server::builder(schema()).unary("shapes.Shapes/Unary", |_request: DynamicMessage| {
        std::future::pending::<Result<DynamicMessage, tonic::Status>>()
    });
    let address = serve(server).await;
    let args = ["call", &address, "shapes.Shapes/Unary", "--deadline", "200ms"];
    let (_, stderr, code) = protod(&args).await;
    assert!(stderr.contains("Code: DeadlineExceeded"), "{stderr}");
    assert_eq!(code, 64 + 4);
}

/// If the client half-closed instead, the server would take a part for the whole.
#[tokio::test]
async fn data_that_does_not_fit_breaks_the_call_off() {
    let (committed, mut commits) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::builder(schema()).client_streaming("shapes.Shapes/Up", move |mut call: Call| {
        let committed = committed.clone();
        async move {
            while call.recv().await?.is_some() {}
            committed.send(()).expect("the test waits");
            Ok(call.response())
        }
    });
    let address = serve(server).await;
    let (stdout, stderr, code) = protod(&[
        "call",
        &address,
        "shapes.Shapes/Up",
        "-d",
        r#"{"value": 1} {"valeu": 2}"#,
    ])
    .await;
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "error: message 2 of the data is not a shapes.Item\n\
         caused by: unrecognized field name 'valeu' at line 1 column 22\n"
    );
    assert_eq!(code, 1);
    // A later call on the same server is answered, and the earlier one was not.
    Client::connect(&address).await.expect("it still serves");
    assert!(
        commits.try_recv().is_err(),
        "the broken call was taken for a whole one"
    );
}

/// The parsers of both formats recurse.
#[tokio::test]
async fn data_that_nests_without_end_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let proto = r#"syntax = "proto3"; package deep; message Deep { Deep deep = 1; } service S { rpc Echo(Deep) returns (Deep); }"#;
    let schema = Schema::from_source("deep.proto", proto).expect("it compiles");
    let server =
        Server::builder(schema).unary(
            "deep.S/Echo",
            |request: DynamicMessage| async move { Ok(request) },
        );
    let address = serve(server).await;
    let file = folder.path().join("data");
    let data = format!("@{}", file.display());
    for (format, open, why) in [
        ("json", r#"{"deep":"#, "recursion limit exceeded at line 1 column"),
        (
            "text",
            "deep{",
            "brackets nest more than 100 levels deep at byte 504",
        ),
    ] {
        let call = ["call", &address, "deep.S/Echo", "--format", format, "-d", &data];
        let nested = |levels: usize| {
            let innermost = if format == "json" { "{}" } else { "" };
            open.repeat(levels) + innermost + &"}".repeat(levels)
        };
        std::fs::write(&file, nested(90)).expect("it can be written");
        prints(&call).await;
        std::fs::write(&file, nested(200_000)).expect("it can be written");
        let (stdout, stderr, code) = protod(&call).await;
        assert_eq!((stdout.as_str(), code), ("", 1), "{stderr}");
        let expected = format!("error: message 1 of the data is not a deep.Deep\ncaused by: {why}");
        assert!(stderr.starts_with(&expected), "{stderr}");
    }
}

#[tokio::test]
async fn a_second_message_is_refused_where_one_is_taken() {
    let address = serve(shapes()).await;
    let (_, stderr, code) = protod(&["call", &address, "shapes.Shapes/Unary", "-d", "{}{}"]).await;
    assert_eq!(
        stderr,
        "error: the data does not fit shapes.Shapes/Unary\n\
         caused by: the method takes one message, and the data has a second one\n"
    );
    assert_eq!(code, 1);
}

#[tokio::test]
async fn metadata_is_sent_and_verbose_tells_what_came() {
    let server = Server::builder(schema()).unary(
        "shapes.Shapes/Unary",
        |request: DynamicMessage, mut call: Call| async move {
            let asked = call.metadata().get("x-asked").cloned();
            let asked = asked.ok_or_else(|| Status::invalid_argument("x-asked is missing"))?;
            call.headers_mut()
                .expect("nothing was sent yet")
                .insert("x-answer", asked.clone());
            call.trailers_mut().insert("x-end", asked);
            Ok(request)
        },
    );
    let address = serve(server).await;
    let args = [
        "call",
        &address,
        "shapes.Shapes/Unary",
        "-d",
        r#"{"name": "abc"}"#,
        "-v",
        "-H",
        "X-Asked: why",
    ];
    let (stdout, stderr, code) = protod(&args).await;
    assert_eq!((stdout.as_str(), code), ("{\n  \"name\": \"abc\"\n}\n", 0));
    for line in [
        "> /shapes.Shapes/Unary",
        "> x-asked: why",
        "< x-answer: why",
        "< message 1, 5 bytes, ",
        "< x-end: why",
    ] {
        assert!(
            stderr.lines().any(|said| said.starts_with(line)),
            "{line} is missing in:\n{stderr}"
        );
    }
    assert!(
        stderr.contains("* sent 1 message in 5 bytes, received 1 message in 5 bytes, in "),
        "{stderr}"
    );
}

#[tokio::test]
async fn given_protos_take_the_place_of_reflection() {
    let address = serve(shapes().reflection(false)).await;
    let (_, stderr, code) = protod(&["call", &address, "shapes.Shapes/Unary"]).await;
    assert!(stderr.contains("does not answer server reflection"), "{stderr}");
    assert_eq!(code, 1);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let proto = folder.path().join("shapes.proto");
    std::fs::write(&proto, schema().proto_text("shapes.proto").expect("it is there"))
        .expect("it can be written");
    let proto = proto.to_str().expect("UTF-8");
    let args = [
        "call",
        &address,
        "shapes.Shapes/Unary",
        "--proto",
        proto,
        "-d",
        r#"{"value": 3}"#,
    ];
    assert_eq!(prints(&args).await, "{\n  \"value\": \"3\"\n}\n");
}

/// The reader of stdout closes it after the first message, as `head` does.
#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let server = Server::builder(schema()).server_streaming(
        "shapes.Shapes/Down",
        |request: DynamicMessage, mut call: Call| async move {
            loop {
                call.send(request.clone()).await?;
            }
        },
    );
    let address = serve(server).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_protod"))
        .args(["call", &address, "shapes.Shapes/Down"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("protod can be started");
    let mut first = [0; 3];
    child
        .stdout
        .take()
        .expect("stdout is piped")
        .read_exact(&mut first)
        .await
        .expect("a message");
    let output = timeout(SOON, child.wait_with_output())
        .await
        .expect("an end")
        .expect("it can be waited for");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// The time also limits the requests: the server answers when their stream ends, and this one never does.
#[tokio::test]
async fn a_long_stream_shows_its_progress_on_a_terminal() {
    let server =
        Server::builder(schema()).client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            while call.recv().await?.is_some() {}
            std::future::pending::<Result<DynamicMessage, tonic::Status>>().await
        });
    let address = serve(server).await;
    let args = [
        env!("CARGO_BIN_EXE_protod"),
        "call",
        &address,
        "shapes.Shapes/Up",
        "-d",
        r#"{"value": 1} {} {"value": 3}"#,
    ];
    let mut terminal = python("../../client/terminal.py").talk(&args);
    let progress = "0 messages received in 0 bytes, 3 messages sent in 4 bytes";
    while !terminal.line().await.contains(progress) {}
}

/// The service's file does not import the type, so the client asks reflection for it when it appears.
#[tokio::test]
async fn the_type_inside_an_any_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = [
        (
            "service.proto",
            r#"syntax = "proto3"; package boxes; import "google/protobuf/any.proto";
               message Box { google.protobuf.Any any = 1; } service Boxes { rpc Open(Box) returns (Box); }"#,
        ),
        (
            "inside.proto",
            r#"syntax = "proto3"; package boxes; message Inside { string text = 1; }"#,
        ),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    let schema = Schema::load(folder.path()).expect("it compiles");
    let server =
        Server::builder(schema).unary("boxes.Boxes/Open", |mut request: DynamicMessage| async move {
            let any = request
                .get_field_by_name_mut("any")
                .and_then(Value::as_message_mut)
                .expect("the proto has it");
            any.set_field_by_name("type_url", Value::String("x/boxes.Inside".to_owned()));
            any.set_field_by_name("value", Value::Bytes(bytes::Bytes::from_static(b"\x0a\x02hi")));
            Ok(request)
        });
    let address = serve(server).await;
    let printed = prints(&["call", &address, "boxes.Boxes/Open"]).await;
    assert_eq!(
        messages(&printed),
        [json!({"any": {"@type": "x/boxes.Inside", "text": "hi"}})]
    );
    let printed = prints(&["call", &address, "boxes.Boxes/Open", "--format", "text"]).await;
    assert_eq!(printed, "any {\n  [x/boxes.Inside] {\n    text: \"hi\"\n  }\n}\n");
}

/// Each level is decoded separately, so no decoder's limit stops it.
#[tokio::test]
async fn an_answer_of_any_inside_any_is_refused_at_depth_in_both_formats() {
    let proto = r#"syntax = "proto3"; package boxes; import "google/protobuf/any.proto";
        service Boxes { rpc Open(google.protobuf.Any) returns (google.protobuf.Any); }"#;
    let schema = Schema::from_source("boxes.proto", proto).expect("it compiles");
    let server = Server::builder(schema).unary("boxes.Boxes/Open", |request: DynamicMessage| async move {
        let mut any = request;
        for _ in 0..3000 {
            let mut outer = any.clone();
            outer.set_field_by_name("type_url", Value::String("x/google.protobuf.Any".to_owned()));
            outer.set_field_by_name("value", Value::Bytes(any.encode_to_vec().into()));
            any = outer;
        }
        Ok(any)
    });
    let address = serve(server).await;
    for format in ["json", "text"] {
        let (stdout, stderr, code) =
            protod(&["call", &address, "boxes.Boxes/Open", "--format", format]).await;
        assert_eq!((stdout.as_str(), code), ("", 1), "{stderr}");
        assert!(stderr.contains("nested too deep"), "{stderr}");
    }
}
