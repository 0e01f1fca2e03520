//! Rules that are put at run time, and kept over a restart.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::program::command;
use crate::puts::{GREEN, put, rule};
use crate::support::{Kitchen, output, post};

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

#[tokio::test]
async fn kept_files_whose_numbers_are_none_are_told_and_left_alone() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    let wrong = [
        "tea.kept",
        "x.tea.kept",
        "-1.tea.kept",
        "99999999999999999999.tea.kept",
    ];
    for name in wrong {
        fs::write(kitchen.path("kept").join(name), rule("wrong")).expect("written");
    }
    let mut kitchen = kitchen.restart(&flags).await;
    for _ in wrong {
        let line = kitchen
            .server
            .line_with("the name of such a file is as 000001.NAME.kept")
            .await;
        assert!(wrong.iter().any(|name| line.contains(name)), "{line}");
    }
    assert_eq!(kitchen.brew(GREEN).await, "first");
    for name in wrong {
        assert!(kitchen.path("kept").join(name).exists(), "{name}");
    }
}

#[tokio::test]
async fn numbers_of_kept_files_do_not_wrap() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    let high = kitchen.path("kept").join(format!("{}.high.kept", u64::MAX));
    fs::write(high, rule("high")).expect("written");
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(kitchen.brew(GREEN).await, "high");
    let next = json!({ "name": "next", "yaml": rule("next"), "keep": true }).to_string();
    let refused = post(
        &kitchen.admin,
        "protod.admin.v1.AdminService/PutRules",
        &[],
        &next,
    )
    .await;
    assert!(
        refused.code == 429
            && refused
                .body
                .contains("the kept rules high has the highest number"),
        "{refused:?}"
    );
    kitchen.ask("DeleteRules", r#"{"name": "high"}"#).await;
    kitchen.ask("PutRules", &next).await;
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(kitchen.brew(GREEN).await, "next");
}

#[tokio::test]
async fn a_kept_folder_is_of_one_server_at_a_time() {
    let flags = ["--kept-rules", "kept"];
    let kitchen = Kitchen::start_with(&flags).await;
    let mut second = command(&["serve", "--addr", "127.0.0.1:0", ".", "--kept-rules", "kept"]);
    second
        .current_dir(kitchen.folder.path())
        .env("PROTOD_ADMIN_ADDR", "127.0.0.1:0");
    let (code, _, said) = output(second).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("rules cannot be kept in kept")
            && said.contains("another server keeps its rules there"),
        "{said}"
    );
    let kitchen = kitchen.restart(&flags).await;
    assert_eq!(
        kitchen.brew(GREEN).await,
        "first",
        "the lock goes with the server"
    );
}

/// The names of the files of rules.
pub(crate) fn kept(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
    names.retain(|name| name != ".lock");
    names.sort();
    names
}
