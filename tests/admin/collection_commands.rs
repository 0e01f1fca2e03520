//! `protod collections`, `protod export` and `protod import` of a running server.

use std::fs;

use serde_json::{Value, json};

use crate::collections::declare;
use crate::support::{Kitchen, output};

const LINES: &str = "{\"kind\":\"a\",\"minutes\":\"1\"}\n{\"kind\":\"b, \\\"c\\\"\",\"minutes\":\"2\"}\n{\"minutes\":\"3\"}\n";

/// A server with these orders, and nothing else.
async fn kitchen() -> Kitchen {
    let kitchen = Kitchen::start().await;
    declare(&kitchen).await;
    fs::write(kitchen.path("orders.ndjson"), LINES).expect("written");
    let imported = run(&kitchen, &["import", "orders", "orders.ndjson"]).await;
    assert_eq!(imported, (0, "imported 3 messages\n".to_owned(), String::new()));
    kitchen
}

/// Runs a command in the folder of the server.
async fn run(kitchen: &Kitchen, args: &[&str]) -> (i32, String, String) {
    let mut command = crate::program::command(args);
    command.env("PROTOD_ADMIN_ADDR", &kitchen.admin);
    command.current_dir(kitchen.folder.path());
    output(command).await
}

#[tokio::test]
async fn collections_are_listed_shown_and_cleared() {
    let kitchen = kitchen().await;
    let (_, listed, _) = run(&kitchen, &["collections", "list"]).await;
    assert_eq!(
        listed,
        "NAME    TYPE       KEY    MESSAGES  BYTES  KEPT IN\n\
         cups    tea.Cup    label  0         0      memory\n\
         orders  tea.Order         3         17     memory\n"
    );
    let (_, listed, _) = run(&kitchen, &["collections", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed["collections"][1]["messages"], "3");
    let show = async |args: &[&str]| {
        run(&kitchen, &[&["collections", "show", "orders"], args].concat())
            .await
            .1
    };
    assert_eq!(
        show(&["--where", "item.minutes < 3", "--newest"]).await,
        "2\t{\"kind\":\"b, \\\"c\\\"\",\"minutes\":\"2\"}\n1\t{\"kind\":\"a\",\"minutes\":\"1\"}\n"
    );
    assert_eq!(
        show(&["--limit", "1", "--json"]).await,
        "{\"json\":{\"kind\":\"a\",\"minutes\":\"1\"},\"length\":\"5\",\"position\":\"1\"}\n"
    );
    let (code, _, said) = run(&kitchen, &["collections", "show", "order"]).await;
    assert!(code == 1 && said.contains("did you mean `orders`?"), "{said}");
    let (code, printed, said) = run(&kitchen, &["collections", "clear", "orders"]).await;
    assert_eq!((code, printed.as_str(), said.as_str()), (0, "", ""));
    assert_eq!(show(&[]).await, "");
    for args in [&["collections", "show"][..], &["collections", "clear"]] {
        assert_eq!(run(&kitchen, args).await.0, 2);
    }
}

#[tokio::test]
async fn a_collection_of_a_running_server_is_exported_and_goes_on_where_it_was_cut_off() {
    let kitchen = kitchen().await;
    assert_eq!(
        run(&kitchen, &["export", "orders"]).await,
        (0, LINES.to_owned(), String::new())
    );
    let csv = [
        "export",
        "orders",
        "--format",
        "csv",
        "--where",
        "item.minutes > 1",
    ];
    assert_eq!(
        run(&kitchen, &csv).await.1,
        "kind,minutes\n\"b, \"\"c\"\"\",2\n,3\n"
    );
    let to_file = [
        "export",
        "orders",
        "--format",
        "csv",
        "--output",
        "orders.csv",
        "--resume",
    ];
    // As one that was cut off after the first message, and while it wrote the second.
    fs::write(kitchen.path("orders.csv.part"), "kind,minutes\na,1\n\"b, ").expect("written");
    let export = json!({ "collection": "orders", "format": "csv", "where": null, "session": null });
    let place = json!({ "export": export, "position": 1, "bytes": 17 });
    fs::write(kitchen.path("orders.csv.place"), place.to_string()).expect("written");
    assert_eq!(
        run(&kitchen, &to_file).await,
        (0, "wrote orders.csv\n".to_owned(), String::new())
    );
    let written = fs::read_to_string(kitchen.path("orders.csv")).expect("written");
    assert_eq!(written, "kind,minutes\na,1\n\"b, \"\"c\"\"\",2\n,3\n");
    let (code, _, said) = run(
        &kitchen,
        &["export", "orders", "--data-dir", ".", "--where", "true"],
    )
    .await;
    assert!(
        code == 2 && said.contains("--where is for a running server"),
        "{said}"
    );
}

#[tokio::test]
async fn an_import_says_which_line_is_wrong_and_goes_on_behind_it() {
    let kitchen = kitchen().await;
    fs::write(
        kitchen.path("more.ndjson"),
        "{\"minutes\": 4}\n{\"minuts\": 5}\n{\"minutes\": 6}\n",
    )
    .expect("written");
    let (code, _, said) = run(&kitchen, &["import", "orders", "more.ndjson"]).await;
    assert!(
        code == 1 && said.contains("line 2: ") && said.contains("the messages before it are stored: 1"),
        "{said}"
    );
    fs::write(
        kitchen.path("more.ndjson"),
        "{\"minutes\": 4}\n{\"minutes\": 5}\n{\"mnutes\": 6}\n",
    )
    .expect("written");
    let (_, _, said) = run(&kitchen, &["import", "orders", "more.ndjson", "--skip", "1"]).await;
    assert!(said.contains("line 3: "), "{said}");
    fs::write(kitchen.path("last.ndjson"), "no JSON\n{\"minutes\": 6}").expect("written");
    let imported = run(&kitchen, &["import", "orders", "last.ndjson", "--skip", "1"]).await;
    assert_eq!(imported.1, "imported 1 messages\n", "{imported:?}");
    let listed = kitchen
        .ask("ListMessages", &json!({ "collection": "orders" }).to_string())
        .await;
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(6), "{listed}");
    let (code, _, said) = run(&kitchen, &["import", "orders", "none.ndjson"]).await;
    assert!(code == 1 && said.contains("cannot read none.ndjson"), "{said}");
}

#[tokio::test]
async fn a_table_is_imported_by_its_name_and_goes_on_behind_a_line_that_was_wrong() {
    let kitchen = kitchen().await;
    run(&kitchen, &["export", "orders", "--output", "orders.csv"]).await;
    run(&kitchen, &["collections", "clear", "orders"]).await;
    let imported = run(&kitchen, &["import", "orders", "orders.csv"]).await;
    assert_eq!(imported.1, "imported 3 messages\n", "{imported:?}");
    assert_eq!(run(&kitchen, &["export", "orders"]).await.1, LINES);
    fs::write(
        kitchen.path("wrong.tsv"),
        "minutes,kind\n1,\"a\nb\"\nmany,c\n3,d\n",
    )
    .expect("written");
    let csv = ["import", "orders", "wrong.tsv", "--format", "csv"];
    let (code, _, said) = run(&kitchen, &csv).await;
    assert!(code == 1 && said.contains("line 4: "), "{said}");
    fs::write(kitchen.path("wrong.tsv"), "minutes,kind\n1,\"a\nb\"\n2,c\n3,d\n").expect("written");
    let imported = run(&kitchen, &[&csv[..], &["--skip", "3"]].concat()).await;
    assert_eq!(imported.1, "imported 2 messages\n", "{imported:?}");
    fs::write(kitchen.path("names.csv"), "minuts\n1\n").expect("written");
    let (_, _, said) = run(&kitchen, &["import", "orders", "names.csv"]).await;
    assert!(
        said.contains("line 1: ") && said.contains("did you mean `minutes`?"),
        "{said}"
    );
}

#[tokio::test]
async fn a_line_is_imported_however_long_it_is_and_one_that_never_ends_is_refused() {
    let kitchen = kitchen().await;
    run(&kitchen, &["collections", "clear", "orders"]).await;
    let kind = "\\u00fc".repeat(1 << 20);
    let long = format!("{{\"kind\": \"{kind}\"}}\n{{\"minutes\": 2}}");
    fs::write(kitchen.path("long.ndjson"), long).expect("written");
    let imported = run(&kitchen, &["import", "orders", "long.ndjson"]).await;
    assert_eq!(imported.1, "imported 2 messages\n", "{imported:?}");
    let (code, _, said) = run(&kitchen, &["import", "orders", "/dev/zero"]).await;
    assert!(code == 1 && said.contains("line 1: it has more than "), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_text_is_imported_up_to_the_line_that_is_none() {
    let kitchen = kitchen().await;
    run(&kitchen, &["collections", "clear", "orders"]).await;
    let mut file = "\u{feff}{\"minutes\": 1}\r\n".as_bytes().to_vec();
    file.extend(b"{\"minutes\": 2}\n{\"kind\": \"\xff\"}\n{\"minutes\": 4}\n");
    fs::write(kitchen.path("mixed.ndjson"), file).expect("written");
    let (code, _, said) = run(&kitchen, &["import", "orders", "mixed.ndjson"]).await;
    assert!(
        code == 1 && said.contains("line 3 is no UTF-8") && said.contains("2 messages before"),
        "{said}"
    );
    assert_eq!(
        run(&kitchen, &["export", "orders"]).await.1,
        "{\"minutes\":\"1\"}\n{\"minutes\":\"2\"}\n"
    );
    fs::write(kitchen.path("empty.ndjson"), "").expect("written");
    let imported = run(&kitchen, &["import", "orders", "empty.ndjson"]).await;
    assert_eq!(imported.1, "imported 0 messages\n", "{imported:?}");
}

#[tokio::test]
async fn an_export_goes_on_as_the_same_one_and_only_with_all_that_it_had() {
    let kitchen = kitchen().await;
    let place = |of: Value, bytes: u64| {
        let place = json!({ "export": of, "position": 1, "bytes": bytes });
        fs::write(kitchen.path("out.place"), place.to_string()).expect("written");
    };
    let of = json!({ "collection": "orders", "format": "ndjson", "where": null, "session": null });
    let resume = ["export", "orders", "--output", "out", "--resume"];
    // Another collection, condition or format.
    for other in [
        json!({ "collection": "cups", "format": "ndjson" }),
        json!({ "collection": "orders", "format": "ndjson", "where": "true" }),
        json!({ "collection": "orders", "format": "csv" }),
        json!({ "collection": "orders", "format": "sqlite" }),
    ] {
        fs::write(kitchen.path("out.part"), "x").expect("written");
        place(other, 1);
        let (code, _, said) = run(&kitchen, &resume).await;
        assert!(
            code == 1 && said.contains("out.place is of another export"),
            "{said}"
        );
    }
    // The part is shorter than it was, or gone.
    for has_part in [true, false] {
        fs::remove_file(kitchen.path("out.part")).expect("it is there");
        if has_part {
            fs::write(kitchen.path("out.part"), "{\"kind\"").expect("written");
        }
        place(of.clone(), 27);
        let (code, _, said) = run(&kitchen, &resume).await;
        assert!(code == 0 && said.contains("the export begins anew"), "{said}");
        assert_eq!(fs::read_to_string(kitchen.path("out")).expect("written"), LINES);
        fs::write(kitchen.path("out.part"), "").expect("written");
    }
    place(json!("rubbish"), 1);
    let (code, _, said) = run(&kitchen, &resume).await;
    assert!(
        code == 1 && said.contains("out.place does not say where to go on"),
        "{said}"
    );
    let (code, ..) = run(&kitchen, &["export", "orders", "--output", "out"]).await;
    assert_eq!(code, 0, "it begins anew");
    assert!(!kitchen.path("out.place").exists());
}

#[tokio::test]
async fn what_is_exported_is_imported_by_a_pipe_into_a_session() {
    let kitchen = kitchen().await;
    kitchen.ask("CreateSession", r#"{"name": "a"}"#).await;
    let line = "protod export orders | protod import orders - --session a";
    let mut shell = crate::support::shell(line, kitchen.folder.path());
    shell.env("PROTOD_ADMIN_ADDR", &kitchen.admin);
    assert_eq!(
        output(shell).await,
        (0, "imported 3 messages\n".to_owned(), String::new())
    );
    let (_, exported, _) = run(&kitchen, &["export", "orders", "--session", "a"]).await;
    assert_eq!(exported, LINES);
}

#[tokio::test]
async fn a_collection_is_exported_as_a_file_of_sqlite_and_goes_on_where_it_was_cut_off() {
    let kitchen = kitchen().await;
    let to_file = [
        "export",
        "orders",
        "--format",
        "sqlite",
        "--output",
        "orders.sqlite3",
    ];
    assert_eq!(
        run(&kitchen, &to_file).await,
        (0, "wrote orders.sqlite3\n".to_owned(), String::new())
    );
    let path = kitchen.path("orders.sqlite3");
    let part = kitchen.path("orders.sqlite3.part");
    let rows = |path: &std::path::Path| {
        let archive = protod::Archive::open_file(path).expect("a file of ours");
        let collections = archive.collections().expect("whole");
        assert_eq!(collections[0].name(), "orders");
        let messages = archive.read(&collections[0], 0).expect("whole");
        let json = messages.iter().map(|of| {
            let message = of.message.as_ref().expect("it fits");
            format!("{} {}", of.position, message.to_json().expect("printed"))
        });
        (collections[0].count(), json.collect::<Vec<_>>())
    };
    let first = [
        "1 {\"kind\":\"a\",\"minutes\":\"1\"}",
        "2 {\"kind\":\"b, \\\"c\\\"\",\"minutes\":\"2\"}",
        "3 {\"minutes\":\"3\"}",
    ];
    assert_eq!(rows(&path), (3, first.map(str::to_owned).to_vec()));
    for ending in ["-wal", "-shm"] {
        assert!(!kitchen.path(&format!("orders.sqlite3{ending}")).exists());
    }
    // One that was cut off has the first of them.
    fs::rename(&path, &part).expect("renamed");
    fs::write(kitchen.path("more.ndjson"), "{\"minutes\": 4}").expect("written");
    run(&kitchen, &["import", "orders", "more.ndjson"]).await;
    assert_eq!(run(&kitchen, &[&to_file[..], &["--resume"]].concat()).await.0, 0);
    let (count, all) = rows(&path);
    assert_eq!((count, all[..3].to_vec()), (4, first.map(str::to_owned).to_vec()));
    assert_eq!(all[3], "4 {\"minutes\":\"4\"}");
    assert!(!part.exists());
    // Without --resume it begins anew.
    fs::rename(&path, &part).expect("renamed");
    run(&kitchen, &["collections", "clear", "orders"]).await;
    assert_eq!(run(&kitchen, &to_file).await.0, 0);
    assert_eq!(rows(&path), (0, Vec::new()));
    let (code, _, said) = run(&kitchen, &["export", "orders", "--format", "sqlite"]).await;
    assert!(code == 2 && said.contains("--output FILE"), "{said}");
}
