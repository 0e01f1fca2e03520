//! Every command continues, or ends as usual, when nobody reads its output.

use std::io::pipe;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::servers::{serve, shapes};

const PROTO: &str = r#"syntax = "proto3"; package a; message M {} service S { rpc Do(M) returns (M); }"#;

/// The end of a pipe whose other end is closed.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe can be made");
    drop(reader);
    writer.into()
}

/// Runs `protod ARGS` with both outputs closed, then with only stderr closed, and returns the exit codes.
async fn exit_codes(folder: &TempDir, args: &[&str]) -> [Option<i32>; 2] {
    let run = |stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_protod"));
        command
            .args(args)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(closed());
        let status = tokio::task::spawn_blocking(move || command.status());
        async {
            status
                .await
                .expect("no panic")
                .expect("protod can be started")
                .code()
        }
    };
    [run(closed()).await, run(Stdio::null()).await]
}

#[tokio::test]
async fn a_command_does_not_panic_when_nobody_reads_what_it_prints() {
    let address = serve(shapes()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("proto")).expect("it can be made");
    std::fs::write(folder.path().join("proto/a.proto"), PROTO).expect("it can be written");
    std::fs::write(folder.path().join("broken.proto"), "what").expect("it can be written");
    let unary = "shapes.Shapes/Unary";
    let table: [(&[&str], i32); 23] = [
        (&["--help"], 0),
        (&["--version"], 0),
        (&["help", "serve"], 0),
        (&["no-such-command"], 2),
        (&["check"], 0),
        (&["check", "broken.proto"], 1),
        (&["explain", "a.S/Do"], 0),
        (&["explain", "a.S/Undo"], 1),
        (&["call", &address, unary], 0),
        (&["call", &address, unary, "--verbose"], 0),
        (&["call", &address, unary, "-d", "no JSON"], 1),
        (
            &["call", &address, "shapes.Shapes/Both", "--verbose", "-d", "{}{}"],
            0,
        ),
        (&["bench", &address, unary, "-n", "1", "--warm-up", "0s"], 0),
        (
            &["bench", &address, unary, "-n", "1", "--warm-up", "0s", "--json"],
            0,
        ),
        (&["list", &address], 0),
        (&["list", "no-such.proto"], 1),
        (&["describe", "a.S"], 0),
        (&["describe", "--template", "a.M"], 0),
        (&["describe", "a.T"], 1),
        (&["build", "-o", "-"], 0),
        (&["schema"], 0),
        (&["man", "serve"], 0),
        (&["completions", "bash"], 0),
    ];
    for (args, code) in table {
        assert_eq!(exit_codes(&folder, args).await, [Some(code); 2], "{args:?}");
    }
    // The files are written even if nobody reads the messages.
    let init = exit_codes(&folder, &["init", "new"]).await;
    assert_eq!(
        init,
        [Some(0), Some(1)],
        "the second finds the files of the first"
    );
    assert!(folder.path().join("new/README.md").exists());
}
