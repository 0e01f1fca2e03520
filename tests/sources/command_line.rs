//! URLs as inputs of the commands.

use std::process::Output;

use protod::Client;

use crate::http::set;
use crate::port::ReservedPort;
use crate::program::{SOON, Server, command, protod};
use crate::web::{Web, answer};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[tokio::test]
async fn every_command_takes_the_protos_of_another_server() {
    let upstream = Server::start(&["proto"]).await;
    let url = &format!("grpc://{}", upstream.address());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().to_str().expect("UTF-8");
    let binpb = &format!("{to}/built.binpb");
    let table: [(&[&str], &str); 9] = [
        (&["check", url], "ok: 2 services, 4 methods, 0 rules\n"),
        (
            &["check", url, "--rules", "proto/stream.rules.yaml"],
            "ok: 2 services, 4 methods, 3 rules\n",
        ),
        (
            &["list", url, "proto.SearchService"],
            "proto.SearchService/Search\n",
        ),
        (
            &["describe", url, "proto.SearchRequest"],
            "message SearchRequest {\n  string request = 1;\n}\n",
        ),
        (
            &[
                "call",
                upstream.address(),
                "proto.SearchService/Search",
                "--proto",
                url,
                "-d",
                r#"{"request": "x"}"#,
            ],
            "",
        ),
        (
            &["explain", "proto.SearchService/Search", url],
            "no rule names proto.SearchService/Search\n",
        ),
        (&["build", url, "-o", binpb], &format!("wrote {binpb}\n")),
        (&["list", binpb], "proto.SearchService\nproto.StreamService\n"),
        (
            &["init", "--from", url, to],
            &format!("wrote {to}/127.0.0.1.rules.yaml\n"),
        ),
    ];
    for (arguments, wanted) in table {
        let output = protod(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert!(
            wanted.is_empty() || stdout(&output) == wanted,
            "{arguments:?}: {}",
            stdout(&output)
        );
    }
}

#[tokio::test]
async fn texts_that_are_no_utf_8_come_through_a_chain_of_servers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().to_str().expect("UTF-8");
    let text = r#"syntax = "proto2"; package odd; import "google/protobuf/descriptor.proto"; option java_package = "\xff";
        message Note { optional string text = 1; } extend google.protobuf.MessageOptions { optional Note note = 50001; }
        // What is odd.
        message Odd { option (note) = { text: "\xfe" }; optional string text = 1 [default = "a\xff"]; }
        service Service { rpc Get(Odd) returns (Odd); }"#;
    let described = r#"// What is odd.
message Odd {
  option (odd.note) = { text: "\376" };
  optional string text = 1 [default = "a\377"];
}
"#;
    let (proto, set) = (&format!("{to}/odd.proto"), &format!("{to}/set"));
    std::fs::write(proto, text).expect("a file");
    let files = |path: &str| {
        let set = std::fs::read(path).expect("it was written");
        let schema = protod::Schema::from_descriptor_set(&set).expect("it is sound");
        let files = schema.files().iter();
        let mut files: Vec<_> = files
            .map(|file| (file.name.clone(), file.descriptor.clone()))
            .collect();
        files.sort();
        files
    };
    let built = protod(&["build", proto, "--source-info", "-o", set]).await;
    assert!(built.status.success(), "{}", stderr(&built));
    let of_text = Server::start(&[proto]).await;
    let of_set = Server::start(&[set]).await;
    let chained = Server::start(&[&format!("grpc://{}", of_set.address())]).await;
    for server in [&of_text, &of_set, &chained] {
        let address = server.address();
        let again = &format!("{to}/again");
        let table: [(&[&str], &str); 4] = [
            (&["list", address], "odd.Service\n"),
            (&["describe", address, "odd.Odd"], described),
            (&["call", address, "odd.Service/Get", "-d", "{}"], "{"),
            (
                &[
                    "build",
                    &format!("grpc://{address}"),
                    "--source-info",
                    "-o",
                    again,
                ],
                "wrote",
            ),
        ];
        for (arguments, wanted) in table {
            let output = protod(arguments).await;
            assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
            let text = stdout(&output) + &stderr(&output);
            assert!(text.contains(wanted), "{arguments:?}: {text}");
        }
        assert_eq!(files(again), files(set));
    }
}

#[tokio::test]
async fn commands_take_the_set_behind_a_url() {
    let page = |head: &str| {
        if head.contains("authorization: bearer s3cret") {
            answer("200 OK", "", &set())
        } else {
            answer("401 Unauthorized", "", b"")
        }
    };
    let web = Web::start(page).await;
    let url = &web.url("/shop/descriptor/main");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().to_str().expect("UTF-8");
    let table: [(&[&str], &str); 4] = [
        (&["check", url], "ok: 1 service, 3 methods, 0 rules\n"),
        (&["list", url], "proto.StreamService\n"),
        (&["describe", url, "proto.StreamPoint"], "message StreamPoint {"),
        (
            &["init", "--from", url, to],
            &format!("wrote {to}/main.rules.yaml\n"),
        ),
    ];
    for (arguments, wanted) in table {
        let mut command = command(arguments);
        command
            .args(["--schema-ca", web.ca()])
            .env("PROTOD_SCHEMA_TOKEN", "s3cret");
        let output = tokio::time::timeout(SOON, command.output()).await;
        let output = output.expect("it ends soon").expect("it starts");
        assert!(
            stdout(&output).contains(wanted),
            "{arguments:?}: {}{}",
            stdout(&output),
            stderr(&output)
        );
    }
    let refused = protod(&["check", url, "--schema-ca", web.ca()]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("set PROTOD_SCHEMA_TOKEN"),
        "{}",
        stderr(&refused)
    );
}

#[tokio::test]
async fn an_upstream_that_is_gone_at_the_start_is_an_error() {
    let closed = ReservedPort::any();
    let url = format!("grpc://{closed}");
    let output = protod(&["serve", &url, "--addr", "127.0.0.1:0"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.starts_with(&format!("error: cannot connect to {url}: ")),
        "{text}"
    );
    assert!(!text.contains("listening"), "{text}");
}

/// A folder with the tutorial's proto alone.
fn stream_alone() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy("proto/stream.proto", folder.path().join("stream.proto")).expect("it can be copied");
    folder
}

#[tokio::test]
async fn urls_in_a_variable_stand_on_lines_of_their_own() {
    let stream = stream_alone();
    let upstream = Server::start(&[stream.path().to_str().expect("UTF-8")]).await;
    let mut check = command(&["check"]);
    check.env(
        "PROTOD_INPUT",
        format!("grpc://{}\nproto/search.proto\n", upstream.address()),
    );
    let output = tokio::time::timeout(SOON, check.output()).await;
    let output = output.expect("it ends soon").expect("it starts");
    assert!(
        stdout(&output).starts_with("ok: 2 services"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[tokio::test]
async fn serve_follows_another_server_and_outlives_it() {
    let stream = stream_alone();
    // Nobody else can listen there while nobody does.
    let port = ReservedPort::any();
    let address = port.to_string();
    let upstream = Server::start_at(&address, &[stream.path().to_str().expect("UTF-8")]).await;
    let url = format!("grpc://{address}");
    let mut server = Server::start(&[&url, "--refresh", "50ms"]).await;
    upstream.stop().await;
    server.line_with(&format!("cannot connect to {url}")).await;
    server.line_with("the server goes on with what it has").await;
    let client = Client::connect(server.address()).await.expect("it serves");
    let list = client.method("proto.StreamService/List").expect("it is there");
    let mut answers = list.server_streaming(list.request()).await.expect("it answers");
    answers.message().await.expect("it answers").expect("a sample");

    let _upstream = Server::start_at(&address, &["proto"]).await;
    server.line_with("service proto.SearchService added").await;
    let client = Client::connect(server.address()).await.expect("it serves");
    assert!(client.method("proto.SearchService/Search").is_ok());
}

#[tokio::test]
async fn what_is_no_url_of_protos_is_wrong_in_words() {
    for (url, wanted) in [
        ("http://a.test/set", "use https"),
        ("grpc://a.test:1/path", "the address of a server has no path"),
    ] {
        let output = protod(&["check", url]).await;
        assert_eq!(output.status.code(), Some(1), "{url}");
        assert!(stderr(&output).contains(wanted), "{url}: {}", stderr(&output));
    }
    let output = protod(&["serve", "--refresh", "0s"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`none`"), "{}", stderr(&output));
}
