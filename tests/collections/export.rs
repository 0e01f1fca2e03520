//! `protod export`.

use std::fs;

use prost_reflect::Value;
use serde_json::json;

use crate::program::{binary, protod};
use crate::{folder, serve};

/// Runs `protod export`, and returns what it printed, and on which code it ended.
async fn export(data: &tempfile::TempDir, args: &[&str]) -> (String, String, Option<i32>) {
    let data = data.path().to_str().expect("UTF-8");
    let output = protod(&[&["export", "--data-dir", data], args].concat()).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[tokio::test]
async fn a_collection_is_exported_beside_the_server_that_keeps_it_and_goes_on_where_it_was_cut_off() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let (_server, client) = serve(folder.path(), data.path()).await;
    let add = client.method("points.Points/Add").expect("it is there");
    for (name, value) in [("a", 1), ("b, \"c\"", -2), ("", 0)] {
        let mut point = add.request();
        point.set_field_by_name("name", Value::String(name.to_owned()));
        point.set_field_by_name("value", Value::I64(value));
        add.unary(point).await.expect("OK");
    }
    let (listed, ..) = export(&data, &["--list"]).await;
    assert_eq!(
        listed,
        "NAME    TYPE          MESSAGES  BYTES\npoints  points.Point  3         24\n"
    );
    let (listed, ..) = export(&data, &["--list", "--json"]).await;
    assert_eq!(
        listed,
        "{\"bytes\":24,\"messages\":3,\"name\":\"points\",\"type\":\"points.Point\"}\n"
    );
    let (lines, ..) = export(&data, &["points"]).await;
    assert_eq!(
        lines,
        "{\"name\":\"a\",\"value\":\"1\"}\n{\"name\":\"b, \\\"c\\\"\",\"value\":\"-2\"}\n{}\n"
    );
    let whole = "name,value\na,1\n\"b, \"\"c\"\"\",-2\n,0\n";
    let file = data.path().join("points.csv");
    let path = file.to_str().expect("UTF-8");
    let to_file = ["points", "--format", "csv", "--output", path, "--resume"];
    let (said, ..) = export(&data, &to_file).await;
    assert_eq!(
        (
            said.as_str(),
            fs::read_to_string(&file).expect("written").as_str()
        ),
        (format!("wrote {path}\n").as_str(), whole)
    );
    // As one that was cut off after the first message, and while it wrote the second.
    fs::write(format!("{path}.part"), "name,value\na,1\n\"b, ").expect("written");
    let of = json!({ "collection": "points", "format": "csv", "where": null, "session": null });
    let place = json!({ "export": of, "position": 1, "bytes": 15 });
    fs::write(format!("{path}.place"), place.to_string()).expect("written");
    export(&data, &to_file).await;
    assert_eq!(fs::read_to_string(&file).expect("written"), whole);
    assert!(!file.with_extension("csv.part").exists() && !file.with_extension("csv.place").exists());
    let copy = data.path().join("copy.sqlite3");
    let to_copy = [
        "points",
        "--format",
        "sqlite",
        "--output",
        copy.to_str().expect("UTF-8"),
    ];
    assert_eq!(export(&data, &to_copy).await.2, Some(0));
    let columns = rusqlite::Connection::open(&copy).expect("SQLite");
    let sum = columns.query_row("SELECT sum(value), max(name) FROM points", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    assert_eq!(sum.expect("a table"), (-1, "b, \"c\"".to_owned()));
    let (_, stderr, code) = export(&data, &["point"]).await;
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("there is no collection `point`: there is points"),
        "{stderr}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_written_as_it_is_and_never_replaced() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let (_server, client) = serve(folder.path(), data.path()).await;
    let add = client.method("points.Points/Add").expect("it is there");
    add.unary(add.request()).await.expect("OK");
    let link = data.path().join("out");
    std::os::unix::fs::symlink("/dev/stdout", &link).expect("a link");
    let path = link.to_str().expect("UTF-8");
    let written = export(&data, &["points", "--output", path]).await;
    assert_eq!(written, ("{}\n".to_owned(), String::new(), Some(0)));
    for more in [&["--resume"][..], &["--format", "sqlite"]] {
        let (said, why, code) = export(&data, &[&["points", "--output", path], more].concat()).await;
        assert_eq!((said.as_str(), code), ("", Some(2)), "{why}");
        assert!(why.contains("is none"), "{why}");
    }
    assert!(link.is_symlink());
    let to_folder = ["points", "--output", data.path().to_str().expect("UTF-8")];
    let (_, why, code) = export(&data, &to_folder).await;
    assert_eq!(code, Some(1));
    assert!(why.contains("is a folder"), "{why}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_server_has_left_is_exported_where_nothing_can_be_written() {
    let (folder, data) = (folder(), tempfile::tempdir().expect("a folder"));
    let kept = data.path().join("a ?#%b");
    let (server, client) = serve(folder.path(), &kept).await;
    let add = client.method("points.Points/Add").expect("it is there");
    add.unary(add.request()).await.expect("OK");
    assert!(server.stop().await.0.success());
    // A mount of its own, which root may not write either.
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || { echo no mount; exit; }
        \"$2\" export points --data-dir \"$1\"";
    let mut unshare = tokio::process::Command::new("unshare");
    unshare.args(["-rm", "sh", "-c", script, "sh"]);
    let Ok(output) = unshare.arg(&kept).arg(binary()).output().await else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let may_not = said.contains("no mount") || String::from_utf8_lossy(&output.stderr).contains("unshare");
    assert!(may_not || said == "{}\n", "{output:?}");
}

#[tokio::test]
async fn a_folder_without_collections_is_told() {
    let data = tempfile::tempdir().expect("a folder");
    let (_, stderr, code) = export(&data, &["--list"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("collections.sqlite3"), "{stderr}");
}
