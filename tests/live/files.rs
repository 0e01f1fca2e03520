//! Changes to files by a person, an editor, git or a cluster are reloaded, and a load with a problem never goes live.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{self, TryRecvError};
use std::time::{Duration, Instant};

use protod::ServingStatus;
use protod::live::RELOAD;

use crate::generations::{proto, rules};
use crate::support::{Live, Start, reload_checked, write, write_by_rename};

#[tokio::test]
async fn save_in_place_is_a_swap() {
    let live = Live::answering("one").await;
    live.answers(1, "one").await;
    write(&live.path("a.rules.yaml"), &rules("two"));
    live.answers(1, "two").await;
    write(&live.path("a.proto"), &proto(2));
    live.answers(2, "two").await;
}

#[tokio::test]
async fn save_in_place_that_takes_its_time_is_not_served_half() {
    let live = Live::answering("one").await;
    let mut client = live.client().await;
    for (round, stall) in [60, 60, 400].into_iter().enumerate() {
        let text = format!("round {round}");
        let mut file = fs::File::create(live.path("a.rules.yaml")).expect("it is there");
        // Empty rules are valid, but nobody wants them. How long the writer takes is what is tried.
        let stalled = Instant::now();
        while stalled.elapsed() < Duration::from_millis(stall) {
            client.unary().await.expect("never fails");
        }
        file.write_all(rules(&text).as_bytes())
            .expect("it can be written");
        drop(file);
        live.answers(1, &text).await;
    }
}

/// Writes a file in pieces, as a shell does with `>>`: each opens the file anew. Returns the longest time between two
/// pieces, in which the file was half written.
fn write_in_pieces(path: &Path, text: &str) -> Duration {
    let mut longest = Duration::ZERO;
    let mut before = Instant::now();
    fs::write(path, "").expect("it can be written");
    let (half, rest) = text.split_at(text.find("  - {name: down").expect("the second rule"));
    for piece in [half, rest] {
        let mut file = fs::File::options().append(true).open(path).expect("it is there");
        file.write_all(piece.as_bytes()).expect("it can be written");
        drop(file);
        longest = longest.max(before.elapsed());
        before = Instant::now();
    }
    longest
}

/// Writes are made at all moments of a reload: `pause` after it was requested, or after the save before.
#[tokio::test]
async fn what_is_written_in_pieces_is_not_served_half() {
    let mut live = Live::answering("one").await;
    live.trigger.reload();
    live.reloaded().await;
    let mut rounds = 0;
    for round in 0_u64.. {
        live.forget_outcomes();
        let text = format!("round {round}");
        // Whether a reload is asked for or a change is seen, what is there 20 ms later is served.
        if round % 2 == 0 {
            live.trigger.reload();
        }
        // Too short to be slept: the moments of a reload are what is tried.
        let pause = Instant::now();
        while pause.elapsed() < Duration::from_millis(round % 8) {
            std::hint::spin_loop();
        }
        let half_written = write_in_pieces(&live.path("a.rules.yaml"), &rules(&text));
        let mut half_served = Vec::new();
        loop {
            let reloaded = live.outcome().await.expect("half of the rules are rules as well");
            let removed = reloaded
                .changes
                .iter()
                .map(ToString::to_string)
                .filter(|change| change.contains("removed"));
            half_served.extend(removed);
            // Without its rule, the call fails.
            if live
                .client()
                .await
                .unary()
                .await
                .is_ok_and(|answer| answer.1 == text)
            {
                break;
            }
        }
        // A writer that was held up on a busy machine proves nothing.
        if half_written < Duration::from_millis(15) {
            assert_eq!(half_served, Vec::<String>::new(), "round {round}");
            rounds += 1;
        }
        if rounds == 16 {
            break;
        }
    }
}

#[tokio::test]
async fn save_by_rename_is_a_swap_time_after_time() {
    let live = Live::answering("one").await;
    for round in 0..5 {
        let text = format!("round {round}");
        write_by_rename(&live.path("a.rules.yaml"), &rules(&text));
        live.answers(1, &text).await;
        write_by_rename(&live.path("a.proto"), &proto(2));
        live.answers(2, &text).await;
        write_by_rename(&live.path("a.proto"), &proto(1));
        live.answers(1, &text).await;
    }
}

#[tokio::test]
async fn file_in_a_new_folder_is_seen() {
    let live = Live::answering("one").await;
    fs::create_dir_all(live.path("deep/er")).expect("a new folder");
    write(
        &live.path("deep/er/b.rules.yaml"),
        "rules: [{method: p.S/Unary, priority: 1, reply: {text: deep}}]",
    );
    live.answers(1, "deep").await;
    write(
        &live.path("deep/er/b.rules.yaml"),
        "rules: [{method: p.S/Unary, priority: 1, reply: {text: deeper}}]",
    );
    live.answers(1, "deeper").await;
    fs::remove_dir_all(live.path("deep")).expect("it is there");
    live.answers(1, "one").await;
}

/// The files of a branch: a hundred folders that the service's proto imports from.
fn check_out(folder: &Path, number: u32, text: &str) {
    let mut imports = String::new();
    for part in 0..100 {
        let file = format!("parts/part{part}/part.proto");
        fs::create_dir_all(folder.join(&file).parent().expect("a file")).expect("a folder");
        // Like git: a file that exists is removed first.
        let _ = fs::remove_file(folder.join(&file));
        let text = format!("syntax = 'proto3'; package part{part}; message Part {{ string {text} = 1; }}");
        write(&folder.join(&file), &text);
        imports.extend(["import '", &file, "';\n"]);
    }
    let own = proto(number).replacen("package p;", &format!("package p;\n{imports}"), 1);
    write_by_rename(&folder.join("a.proto"), &own);
    write_by_rename(&folder.join("a.rules.yaml"), &rules(text));
}

#[tokio::test]
async fn checkout_of_hundreds_of_files_is_one_swap_or_few() {
    let mut live = Live::start(Start::default(), |folder| check_out(folder, 1, "main")).await;
    live.answers(1, "main").await;
    live.trigger.reload();
    live.reloaded().await;
    live.forget_outcomes();
    let began = Instant::now();
    check_out(&live.path(""), 2, "branch");
    let took = began.elapsed();
    live.answers(2, "branch").await;
    let swaps = live.forget_outcomes();
    // A checkout that was held up on a busy machine may be seen in parts.
    let most = if took < Duration::from_millis(100) { 2 } else { 10 };
    assert!(swaps <= most, "{swaps} swaps for one checkout of {took:?}");
    fs::remove_dir_all(live.path("parts")).expect("it is there");
    write(&live.path("a.proto"), &proto(3));
    live.answers(3, "branch").await;
}

/// A server whose log is in the folder that it serves would reload for ever, or never come to rest.
#[tokio::test]
async fn files_that_are_not_loaded_cause_no_reload_and_delay_none() {
    let mut live = Live::answering("one").await;
    live.trigger.reload();
    live.reloaded().await;
    live.forget_outcomes();
    let (stop, stopped) = mpsc::channel::<()>();
    let names =
        ["protod.log", "a.proto~", ".a.rules.yaml.swp", "4913", "#a.proto#"].map(|name| live.path(name));
    let writer = std::thread::spawn(move || {
        while stopped.try_recv() == Err(TryRecvError::Empty) {
            for name in &names {
                let mut log = fs::File::options()
                    .create(true)
                    .append(true)
                    .open(name)
                    .expect("it can be made");
                writeln!(log, "a line").expect("it can be written");
            }
            let _ = fs::remove_file(&names[3]);
            // Often enough that the folder never rests, and not so often that it takes a core from the server.
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let mut shortest = Duration::MAX;
    for round in 0..5 {
        let text = format!("round {round}");
        let saved = Instant::now();
        write(&live.path("a.rules.yaml"), &rules(&text));
        live.answers(1, &text).await;
        shortest = shortest.min(saved.elapsed());
        live.reloaded().await;
        assert_eq!(live.forget_outcomes(), 0, "the log is no reason");
    }
    // Any of them may be slow on a busy machine. Who waits for the folder to rest gives up after two seconds, each time.
    assert!(
        shortest < Duration::from_secs(1),
        "it waited for the log to come to rest: {shortest:?}"
    );
    drop(stop);
    writer.join().expect("no panic");
}

#[tokio::test]
async fn hidden_files_and_node_modules_are_not_watched() {
    let mut live = Live::answering("one").await;
    live.answers(1, "one").await;
    live.forget_outcomes();
    fs::create_dir_all(live.path("node_modules")).expect("a new folder");
    for name in [
        ".a.rules.yaml",
        ".b.proto",
        "node_modules/c.proto",
        "node_modules/c.rules.yaml",
    ] {
        write(&live.path(name), "nonsense");
    }
    symlink("me@host.1:2", live.path(".#a.proto")).expect("a new link");
    write(&live.path("a.rules.yaml"), &rules("two"));
    live.answers(1, "two").await;
    live.reloaded().await;
    assert_eq!(live.forget_outcomes(), 0);
}

#[tokio::test]
async fn input_folder_that_goes_and_comes_back_is_served_again() {
    let start = Start {
        input: "api",
        ..Start::default()
    };
    let fill = |folder: &Path, text: &str| {
        fs::create_dir(folder.join("new")).expect("a new folder");
        write(&folder.join("new/a.proto"), &proto(1));
        write(&folder.join("new/a.rules.yaml"), &rules(text));
        // Both at the same time, or it could be served before it has rules.
        fs::rename(folder.join("new"), folder.join("api")).expect("the folder can be renamed");
    };
    let mut live = Live::start(start, |folder| fill(folder, "one")).await;
    for text in ["two", "three"] {
        fs::remove_dir_all(live.path("api")).expect("it is there");
        let error = live.refused().await;
        assert!(error.to_string().contains("no such file or folder"), "{error}");
        live.answers(1, if text == "two" { "one" } else { "two" }).await;
        fill(&live.path(""), text);
        live.answers(1, text).await;
    }
}

#[tokio::test]
async fn only_what_is_imported_is_watched_in_an_import_path() {
    let start = Start {
        input: "api",
        import_path: Some("given"),
        ..Start::default()
    };
    let importing = |number| {
        let message = proto(number).replace("package p;", "package p; import \"deep/er/types.proto\";");
        assert_ne!(message, proto(number));
        message
    };
    let fill = |folder: &Path| {
        fs::create_dir_all(folder.join("api/deep/er")).expect("a new folder");
        fs::create_dir(folder.join("given")).expect("a new folder");
        write(&folder.join("api/a.proto"), &importing(1));
        write(&folder.join("api/a.rules.yaml"), &rules("one"));
        write(&folder.join("given/unrelated.proto"), "nonsense");
    };
    let types = |name: &str| format!("syntax = \"proto3\"; package types; message {name} {{}}");
    let mut live = Live::start(start, |folder| {
        fill(folder);
        write(&folder.join("api/deep/er/types.proto"), &types("Near"));
    })
    .await;
    live.answers(1, "one").await;
    live.forget_outcomes();
    // What nothing imports is not looked at.
    write(&live.path("given/unrelated.proto"), "more nonsense");
    write(&live.path("api/a.rules.yaml"), &rules("two"));
    live.answers(1, "two").await;
    live.reloaded().await;
    assert_eq!(live.forget_outcomes(), 0);
    // What comes to be where an import is looked up is that import, unless it is an input; and it may come by and by.
    fs::remove_file(live.path("api/deep/er/types.proto")).expect("it is there");
    let error = live.refused().await;
    assert!(error.to_string().contains("is not found"), "{error}");
    fs::create_dir(live.path("given/deep")).expect("a new folder");
    reload_checked(&live.addr).await;
    fs::create_dir(live.path("given/deep/er")).expect("a new folder");
    reload_checked(&live.addr).await;
    write(&live.path("given/deep/er/types.proto"), &types("Given"));
    let summary = live.reloaded().await;
    assert!(!summary.changes.is_empty(), "the message has another name there");
}

#[tokio::test]
async fn broken_save_changes_nothing_but_health_and_the_next_good_one_recovers() {
    let mut live = Live::answering("one").await;
    let health = live.server.health().clone();
    assert_eq!(health.status(RELOAD), Some(ServingStatus::Serving));
    let broken = [
        (
            "a.proto",
            "syntax = 'proto3'; message Half {".to_owned(),
            "a.proto:1:",
        ),
        ("a.proto", proto(1).replace("Ask ", "Ax "), "a.proto:5:"),
        (
            "a.rules.yaml",
            rules("x").replace("reply", "repyl"),
            "a.rules.yaml:2:",
        ),
        (
            "a.rules.yaml",
            rules("x").replace("p.S/Up", "p.S/Pu"),
            "a.rules.yaml:4:",
        ),
    ];
    for (round, (name, text, place)) in broken.into_iter().enumerate() {
        let good = fs::read_to_string(live.path(name)).expect("it is there");
        write(&live.path(name), &text);
        let error = live.refused().await;
        assert!(error.to_string().contains(place), "{error}");
        assert_eq!(health.status(RELOAD), Some(ServingStatus::NotServing));
        assert_eq!(health.status(""), Some(ServingStatus::Serving));
        let before = if round == 0 {
            "one".to_owned()
        } else {
            format!("good {}", round - 1)
        };
        live.answers(1, &before).await;
        write(&live.path(name), &good);
        live.reloaded().await;
        assert_eq!(health.status(RELOAD), Some(ServingStatus::Serving));
        write(&live.path("a.rules.yaml"), &rules(&format!("good {round}")));
        live.answers(1, &format!("good {round}")).await;
        live.forget_outcomes();
    }
}

#[tokio::test]
async fn problem_in_a_file_that_no_good_load_has_read_is_mended_there() {
    let start = Start {
        input: "api",
        ..Start::default()
    };
    let mut live = Live::start(start, |folder| {
        for name in ["api", "shared", ".git"] {
            fs::create_dir(folder.join(name)).expect("a new folder");
        }
        write(&folder.join("api/a.proto"), &proto(1));
        write(&folder.join("api/a.rules.yaml"), &rules("one"));
        write(&folder.join("shared/b.proto"), "syntax = 'proto3'; message B {");
    })
    .await;
    let imports = proto(2).replacen("package p;", "package p; import 'shared/b.proto';", 1);
    write(&live.path("api/a.proto"), &imports);
    let error = live.refused().await;
    assert!(error.to_string().contains("b.proto"), "{error}");
    write(&live.path("shared/b.proto"), "syntax = 'proto3'; message B {}");
    live.answers(2, "one").await;
}

#[tokio::test]
async fn only_what_changed_is_compiled_and_told() {
    let mut live = Live::answering("one").await;
    live.answers(1, "one").await;
    // The files are now old enough to be recognised as unchanged.
    live.trigger.reload();
    live.reloaded().await;
    live.forget_outcomes();

    let more = rules("two") + "  - {name: spare, method: p.S/Unary, reply: {}}\n";
    write(&live.path("a.rules.yaml"), &more);
    let reloaded = live.reloaded().await;
    let lines: Vec<String> = reloaded.changes.iter().map(ToString::to_string).collect();
    let expected = [
        "unary changed",
        "down changed",
        "up changed",
        "both changed",
        "spare added",
    ];
    let expected = expected.map(|change| format!("rule {change}")).to_vec();
    assert_eq!((reloaded.compiled, lines), (false, expected));

    write(&live.path("a.proto"), &proto(2));
    let reloaded = live.reloaded().await;
    let lines: Vec<String> = reloaded.changes.iter().map(ToString::to_string).collect();
    let expected = [
        "field p.Answer.text: number changed from 1 to 2",
        "file a.proto changed",
    ];
    assert!(reloaded.compiled);
    assert_eq!(lines, expected);

    // One more field, which breaks no client.
    let more = proto(2).replace("int64 n = 1;", "int64 n = 1; int64 more = 2;");
    write(&live.path("a.proto"), &more);
    let reloaded = live.reloaded().await;
    let lines: Vec<String> = reloaded.changes.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["file a.proto changed"]);

    // The same content again, and a file of another kind.
    write(&live.path("a.proto"), &more);
    write(&live.path("notes.txt"), "unrelated");
    write(&live.path("a.rules.yaml"), &rules("three"));
    let reloaded = live.reloaded().await;
    assert!(!reloaded.compiled);
    live.answers(2, "three").await;
    assert_eq!(live.forget_outcomes(), 0);
}

#[tokio::test]
async fn nothing_is_watched_when_that_is_turned_off_and_a_trigger_reloads() {
    let start = Start {
        watch: false,
        ..Start::default()
    };
    let mut live = Live::start(start, |folder| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &rules("one"));
    })
    .await;
    // Another server watches the same folder.
    let linked = Start {
        input: "api",
        ..Start::default()
    };
    let target = live.path("");
    let mut watching = Live::start(linked, |folder| {
        symlink(&target, folder.join("api")).expect("a new link");
    })
    .await;
    write(&live.path("a.rules.yaml"), &rules("two"));
    watching.reloaded().await;
    live.answers(1, "one").await;
    assert_eq!(live.forget_outcomes(), 0);
    live.trigger.reload();
    live.reloaded().await;
    live.answers(1, "two").await;
}
