//! Rules that are put at run time, and kept over a restart.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::puts::{GREEN, put, rule};
use crate::support::Kitchen;

#[tokio::test]
async fn rules_to_be_kept_survive_a_restart_in_their_order_and_others_do_not() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    let keep =
        |name: &str, label: &str| json!({ "name": name, "yaml": rule(label), "keep": true }).to_string();
    kitchen.ask("PutRules", &keep("z", "z")).await;
    kitchen.ask("PutRules", &keep("a", "a")).await;
    kitchen.ask("PutRules", &keep("z", "z2")).await;
    kitchen.ask("PutRules", &keep("gone", "gone")).await;
    kitchen.ask("DeleteRules", r#"{"name": "gone"}"#).await;
    kitchen.ask("PutRules", &keep("not", "not")).await;
    put(&kitchen, "not", &rule("not kept")).await;
    assert_eq!(kept(&kitchen.path("kept")), ["000001.z.kept", "000002.a.kept"]);
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(kitchen.brew(GREEN).await, "a");
    kitchen.ask("DeleteRules", r#"{"name": "a"}"#).await;
    assert_eq!(kitchen.brew(GREEN).await, "z2");
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(kitchen.brew(GREEN).await, "z2");
    let kitchen = kitchen.restart(&[]).await;
    assert_eq!(kitchen.brew(GREEN).await, "first");
}

#[tokio::test]
async fn kept_files_that_are_damaged_are_told_and_a_server_starts_without_them() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    kitchen
        .ask(
            "PutRules",
            &json!({ "name": "sound", "yaml": rule("sound"), "keep": true }).to_string(),
        )
        .await;
    let folder = kitchen.path("kept");
    fs::write(folder.join("000002.bytes.kept"), [0xff, 0xfe, 0x00]).expect("written");
    fs::write(
        folder.join("000003.half.kept"),
        "rules:\n  - method: tea.Kitchen/Br",
    )
    .expect("written");
    fs::create_dir(folder.join("000004.folder.kept")).expect("made");
    let pipe = Command::new("mkfifo")
        .arg(folder.join("000006.pipe.kept"))
        .status();
    assert!(pipe.expect("mkfifo can be started").success());
    fs::write(folder.join("000005.Sound.kept"), rule("twice")).expect("written");
    fs::write(folder.join(".sound.new"), "rules:").expect("written");
    fs::write(folder.join("readme.txt"), "no rules").expect("written");
    let mut kitchen = kitchen.restart(&flags).await;
    for line in [
        "000002.bytes.kept are left out",
        "000004.folder.kept are left out",
        "000006.pipe.kept are left out",
        "Sound are left out",
        "put as half are set aside",
    ] {
        kitchen.server.line_with(line).await;
    }
    assert_eq!(kitchen.brew(GREEN).await, "sound");
    kitchen
        .ask(
            "PutRules",
            &json!({ "name": "bytes", "yaml": rule("mended"), "keep": true }).to_string(),
        )
        .await;
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "mended",
        "what is put again takes the place of what is damaged"
    );
}

#[tokio::test]
async fn a_kept_folder_that_somebody_removed_stops_neither_deleting_nor_putting() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    let keep = |name: &str| json!({ "name": name, "yaml": rule(name), "keep": true }).to_string();
    kitchen.ask("PutRules", &keep("one")).await;
    fs::remove_dir_all(kitchen.path("kept")).expect("it is removed");
    kitchen.ask("DeleteRules", "{}").await;
    assert_eq!(kitchen.brew(GREEN).await, "first");
    kitchen.ask("PutRules", &keep("two")).await;
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(kitchen.brew(GREEN).await, "two");
}

fn kept(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
    names.sort();
    names
}
