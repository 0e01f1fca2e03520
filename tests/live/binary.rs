//! Reloads of the binary, as a person at a terminal sees them.

use std::fs;
use std::path::Path;

use protod::Schema;
use tempfile::TempDir;

use crate::generations::{proto, rules};
use crate::program::{Server, command, protod};
use crate::support::{Client, reload_checked, write, write_by_rename};

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("a.proto"), &proto(1));
    write(&folder.path().join("a.rules.yaml"), &rules("one"));
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of UTF-8")
}

#[tokio::test]
async fn save_is_told_and_served_and_a_broken_one_is_told_with_its_place() {
    let folder = folder();
    let (a_proto, a_rules) = (folder.path().join("a.proto"), folder.path().join("a.rules.yaml"));
    let mut server = Server::start(&[text(folder.path())]).await;
    let mut client = Client::connect(server.address()).await;
    assert_eq!(client.unary().await.expect("served"), (1, "one".to_owned()));

    write(&a_proto, &proto(2));
    server
        .line_with("field p.Answer.text: number changed from 1 to 2")
        .await;
    server.line_with("file a.proto changed").await;
    server.line_with(": 2 changes").await;
    assert_eq!(client.unary().await.expect("served"), (2, "one".to_owned()));

    write(&a_rules, &rules("two").replace("p.S/Up", "p.S/Pu"));
    let line = server.line_with("a.rules.yaml:4:").await;
    assert_eq!(client.unary().await.expect("served"), (2, "one".to_owned()));
    let check = protod(&["check", text(folder.path())]).await;
    let said = String::from_utf8(check.stderr).expect("UTF-8");
    let (_, problem) = line.split_once("a.rules.yaml:4:").expect("it was found by this");
    let (_, message) = problem.split_once(": ").expect("a column, and a message");
    let (message, hint) = message.split_once(" hint=").expect("it has one");
    assert!(
        hint.contains("`p.S/Up`") && said.contains("`p.S/Up`"),
        "{hint}: {said}"
    );
    assert!(
        !check.status.success() && said.contains(message),
        "{message} is not in {said}"
    );

    write(&a_rules, &rules("two"));
    server.line_with("reloaded in ").await;
    assert_eq!(client.unary().await.expect("served"), (2, "two".to_owned()));
    assert!(server.stop().await.0.success());
}

/// Where stderr is a file in the folder that is served, a line about a write would cause the next one.
#[tokio::test]
async fn a_write_of_the_log_is_no_line_of_the_log() {
    let folder = folder();
    let mut server = Server::start(&["--log", "trace", text(folder.path())]).await;
    write(&folder.path().join("protod.log"), "a line");
    write(&folder.path().join("a.rules.yaml"), &rules("two"));
    server.line_with("reloaded in ").await;
    let (status, log) = server.stop().await;
    assert!(status.success());
    assert!(
        log.iter().any(|line| line.contains(" TRACE ")),
        "the level is trace"
    );
    let of_events: Vec<_> = log.iter().filter(|line| line.contains("inotify event")).collect();
    assert!(of_events.is_empty(), "{of_events:?}");
}

#[tokio::test]
async fn hangup_reloads_a_server_that_watches_nothing() {
    let folder = folder();
    let mut server = Server::start(&["--no-watch", text(folder.path())]).await;
    let mut client = Client::connect(server.address()).await;
    write(&folder.path().join("a.rules.yaml"), &rules("two"));
    assert_eq!(client.unary().await.expect("served"), (1, "one".to_owned()));
    server.signal("HUP").await;
    server.line_with("reloaded in ").await;
    assert_eq!(client.unary().await.expect("served"), (1, "two".to_owned()));
    assert!(server.stop().await.0.success());
}

/// A set of the service of [`proto`].
fn descriptor_set(number: u32) -> Vec<u8> {
    let schema = Schema::from_source("a.proto", &proto(number)).expect("it compiles");
    schema.pool().encode_to_vec()
}

#[tokio::test]
async fn files_are_watched_by_whatever_path_they_are_given() {
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(root.path().join("api/deep")).expect("new folders");
    let (set, rules_file) = (
        root.path().join("api/a.binpb"),
        root.path().join("api/answers.yaml"),
    );
    let path = |folder: &str, name: &str| match folder {
        "" => name.to_owned(),
        "api" => text(&root.path().join("api").join(name)).to_owned(),
        folder => format!("{folder}/{name}"),
    };
    for (from, folder) in [
        ("api", ""),
        ("api", "."),
        ("api/deep", ".."),
        ("", "api/deep/.."),
        ("", "api"),
    ] {
        for input in ["a.binpb", "a.proto"] {
            let a_proto = root.path().join("api/a.proto");
            let save = |number| match input {
                "a.binpb" => fs::write(&set, descriptor_set(number)).expect("it can be written"),
                _ => write(&a_proto, &proto(number)),
            };
            save(1);
            write(&rules_file, &rules("one"));
            let (input, rules_path) = (path(folder, input), path(folder, "answers.yaml"));
            let mut serve = command(&["serve", "--addr", "127.0.0.1:0", &input, "--rules", &rules_path]);
            serve.current_dir(root.path().join(from));
            let mut server = Server::start_command(serve).await;
            let mut client = Client::connect(server.address()).await;
            assert_eq!(client.unary().await.expect("served"), (1, "one".to_owned()));
            for (round, by_rename) in [("two", false), ("three", true)] {
                if by_rename {
                    write_by_rename(&rules_file, &rules(round));
                } else {
                    write(&rules_file, &rules(round));
                }
                server.line_with("reloaded in").await;
                assert_eq!(
                    client.unary().await.expect("served"),
                    (1, round.to_owned()),
                    "{rules_path}"
                );
            }
            save(2);
            server.line_with("reloaded in").await;
            assert_eq!(
                client.unary().await.expect("served"),
                (2, "three".to_owned()),
                "{input}"
            );
            assert!(server.stop().await.0.success());
        }
    }
}

#[tokio::test]
async fn rules_outside_the_input_are_reloaded_after_a_broken_save_time_after_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["api", "rules", "api/deep"] {
        fs::create_dir(folder.path().join(name)).expect("a new folder");
    }
    write(&folder.path().join("api/a.proto"), &proto(1));
    let a_rules = folder.path().join("rules/a.rules.yaml");
    // The same folder by different names. Problems use another name than the flag.
    for (from, path) in [
        ("", "rules"),
        ("", "./rules/a.rules.yaml"),
        ("api/deep", "../../rules"),
    ] {
        write(&a_rules, &rules("first"));
        let root = folder.path().join(from);
        let input = folder.path().join("api");
        let args = ["serve", "--addr", "127.0.0.1:0", text(&input), "--rules", path];
        let mut serve = command(&args);
        serve.current_dir(&root);
        let mut server = Server::start_command(serve).await;
        let mut client = Client::connect(server.address()).await;
        for round in ["one", "two"] {
            write(&a_rules, &rules(round).replace("p.S/Up", "p.S/Pu"));
            server.line_with("a.rules.yaml:4:").await;
            for save in ["mended", "saved", "saved again"] {
                let answer = format!("{round} {save}");
                write(&a_rules, &rules(&answer));
                reload_checked(server.address()).await;
                let served = client.unary().await.expect("served").1;
                assert_eq!(served, answer, "--rules {path}");
            }
        }
        assert!(server.stop().await.0.success());
    }
}

#[tokio::test]
async fn a_file_of_messages_is_watched_as_its_rules_are() {
    let folder = folder();
    let (rules, reply) = (
        folder.path().join("a.rules.yaml"),
        folder.path().join("reply.json"),
    );
    write(
        &rules,
        "rules: [{method: p.S/Unary, name: big, reply_file: reply.json}]",
    );
    write(&reply, r#"{"text": "one"}"#);
    let mut server = Server::start(&[text(folder.path())]).await;
    let mut client = Client::connect(server.address()).await;
    assert_eq!(client.unary().await.expect("served"), (1, "one".to_owned()));

    write(&reply, r#"{"text": "two"}"#);
    server.line_with("rule big changed").await;
    server.line_with("reloaded in ").await;
    assert_eq!(client.unary().await.expect("served"), (1, "two".to_owned()));

    write(&reply, "{\n \"txt\": \"three\"}");
    server
        .line_with("reply.json:2:2: the message p.Answer has no field `txt`")
        .await;
    assert_eq!(client.unary().await.expect("served"), (1, "two".to_owned()));

    // The rules name a file that comes after them.
    write(
        &rules,
        "rules: [{method: p.S/Unary, name: big, reply_file: later.json}]",
    );
    server.line_with("later.json is not there").await;
    write(&folder.path().join("later.json"), r#"{"text": "later"}"#);
    server.line_with("reloaded in ").await;
    assert_eq!(client.unary().await.expect("served"), (1, "later".to_owned()));
    assert!(server.stop().await.0.success());
}
