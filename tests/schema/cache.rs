//! The cache of large trees: a load with it gives what one without gives, whatever has become of the files and of the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use protod::{Error, Schema, SchemaBuilder};

use super::numbered::{self, COMMON, assert_same};
use super::support::Tree;

/// Fewer are not kept.
const FILES: usize = 100;

/// The text of a file. Every third has an edition.
fn numbered(number: usize) -> String {
    let head = match number % 3 {
        0 => "syntax = \"proto3\";",
        1 => "edition = \"2023\";",
        _ => "edition = \"2024\";",
    };
    numbered::numbered(head, number, "")
}

/// A tree, and the folder of its caches.
struct Cached {
    tree: Tree,
    folder: tempfile::TempDir,
}

impl Cached {
    fn new() -> Self {
        let tree = Tree::new(&[("api/common.proto", COMMON)]);
        for number in 0..FILES {
            tree.write(&format!("api/n{number}.proto"), numbered(number));
        }
        let odd =
            r#"syntax = "proto2"; package odd; message Odd { optional string text = 1 [default = "\xff"]; }"#;
        tree.write("api/odd.proto", odd);
        Self {
            tree,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn builder(&self) -> SchemaBuilder {
        Schema::builder().input(self.tree.path("api"))
    }

    /// Loads with the cache and without, which must give the same.
    fn load(&self, what: &str) -> Result<Schema, Error> {
        self.load_by(self.builder(), what)
    }

    fn load_by(&self, builder: SchemaBuilder, what: &str) -> Result<Schema, Error> {
        let with = builder.clone().cache_folder(self.folder.path()).build();
        let without = builder.build();
        assert_same(&with, &without, what);
        if let (Ok(with), Ok(without)) = (&with, &without) {
            assert_eq!(methods(with), methods(without), "{what}");
            assert_eq!(with.watch_paths(), without.watch_paths(), "{what}");
        }
        with
    }

    /// The caches.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// The only cache.
    fn file(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// Whether the only cache is used, and not written again, by a load that must succeed.
    fn is_used(&self, what: &str) -> bool {
        let file = self.file();
        let bytes = fs::read(&file).expect("a cache");
        let long_ago = SystemTime::now() - Duration::from_hours(1);
        set_time(&file, long_ago);
        self.load(what).unwrap_or_else(|error| panic!("{what}: {error}"));
        let now = fs::metadata(&file)
            .and_then(|metadata| metadata.modified())
            .expect("a time");
        assert!(
            now > long_ago + Duration::from_mins(1),
            "{what}: it is used, or written again"
        );
        fs::read(&file).expect("a cache") == bytes
    }
}

fn set_time(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_modified(time).expect("a time");
}

/// The methods, each with the type that it takes.
fn methods(schema: &Schema) -> Vec<(&str, &str)> {
    let methods = schema.methods().iter();
    methods
        .map(|method| (method.name(), method.input().full_name()))
        .collect()
}

#[test]
fn a_tree_that_has_not_changed_is_taken_from_the_cache() {
    let cached = Cached::new();
    cached.load("the first time").expect("a tree in order");
    // Files that are written while they are read have no stamp at first.
    for what in ["the second time", "the third time", "the fourth time"] {
        cached.load(what).expect("a tree in order");
    }
    assert!(cached.is_used("later"));
}

#[test]
fn what_has_changed_is_compiled_and_what_is_wrong_is_told() {
    let cached = Cached::new();
    cached.load("before").expect("a tree in order");
    let edits: [(&str, &str, Option<String>); 11] = [
        (
            "a leaf",
            "n9.proto",
            Some(numbered(9).replace("rpc Get", "rpc Fetch")),
        ),
        (
            "as many letters",
            "n9.proto",
            Some(numbered(9).replace("rpc Get", "rpc Put")),
        ),
        (
            "what others import",
            "n3.proto",
            Some(numbered(3).replace("Request {", "Request { bool more = 3;")),
        ),
        (
            "an extension",
            "common.proto",
            Some(COMMON.replace("50001", "50002")),
        ),
        (
            "an extension is gone",
            "common.proto",
            Some(COMMON.replace("note", "not")),
        ),
        ("and is back", "common.proto", Some(COMMON.to_owned())),
        (
            "another edition",
            "n4.proto",
            Some(numbered(4).replace("2023", "2024")),
        ),
        (
            "what the edition hides",
            "n5.proto",
            Some(numbered(5).replace("message Request", "local message Request")),
        ),
        ("and shows", "n5.proto", Some(numbered(5))),
        ("a file more", "new.proto", Some(numbered(500))),
        ("a file less", "new.proto", None),
    ];
    let mut refused = Vec::new();
    for (what, file, text) in edits {
        let path = cached.tree.path("api").join(file);
        match text {
            Some(text) => fs::write(path, text).expect("a file"),
            None => fs::remove_file(path).expect("it is there"),
        }
        if cached.load(what).is_err() {
            refused.push(what);
        }
        assert_eq!(cached.files().len(), 1, "{what}");
    }
    assert_eq!(refused, ["an extension is gone", "what the edition hides"]);
}

#[test]
fn a_damaged_cache_is_not_used_and_is_written_again() {
    let cached = Cached::new();
    cached.load("before").expect("a tree in order");
    let whole = fs::read(cached.file()).expect("a cache");
    let mut damaged: Vec<(String, Vec<u8>)> = vec![
        ("empty".to_owned(), Vec::new()),
        ("another file".to_owned(), b"#!/bin/sh\n".repeat(99)),
        ("twice".to_owned(), whole.repeat(2)),
        ("lengths beyond all bounds".to_owned(), vec![0xff; 4_096]),
    ];
    for length in [7, 8, whole.len() / 2, whole.len() - 1] {
        damaged.push((format!("{length} bytes of it"), whole[..length].to_vec()));
    }
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut other = whole.clone();
        other[at] ^= 0x10;
        damaged.push((format!("byte {at}"), other));
    }
    for (what, bytes) in damaged {
        fs::write(cached.file(), bytes).expect("a file");
        cached.load(&what).expect("a tree in order");
        assert!(
            fs::read(cached.file()).expect("a cache").len() + 4_096 > whole.len(),
            "{what}"
        );
        assert!(cached.is_used(&what), "{what}");
    }
}

#[test]
fn where_no_cache_can_be_kept_all_is_compiled() {
    let cached = Cached::new();
    let file = cached.folder.path().join("file");
    fs::write(&file, "").expect("a file");
    for folder in [
        file.clone(),
        file.join("below"),
        "/dev/null".into(),
        "/proc/none".into(),
    ] {
        let loaded = cached.builder().cache_folder(&folder).build();
        loaded.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
    // Where a cache should be there is a folder.
    fs::remove_file(&file).expect("it is there");
    cached.load("before").expect("a tree in order");
    let cache = cached.file();
    fs::remove_file(&cache).expect("it is there");
    fs::create_dir(&cache).expect("a folder");
    cached.load("a folder").expect("a tree in order");
    assert_eq!(
        cached.file(),
        cache,
        "nothing is left of a cache that cannot be placed"
    );
}

#[cfg(unix)]
#[test]
fn a_cache_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let cached = Cached::new();
    let folder = cached.folder.path().join("made/for/it");
    let load = || {
        cached
            .builder()
            .cache_folder(&folder)
            .build()
            .expect("a tree in order")
    };
    load();
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let cache = fs::read_dir(&folder)
        .expect("a folder")
        .next()
        .expect("a cache")
        .expect("an entry")
        .path();
    assert_eq!(mode(&cache), 0o600);
    // One that everybody may have written is not read, and replaced.
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o666)).expect("it is ours");
    load();
    assert_eq!(mode(&cache), 0o600);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_cache_is_not_waited_for() {
    let cached = Cached::new();
    cached.load("before").expect("a tree in order");
    let cache = cached.file();
    fs::remove_file(&cache).expect("it is there");
    let made = std::process::Command::new("mkfifo").arg(&cache).status();
    assert!(made.expect("mkfifo can be started").success());
    cached.load("a pipe").expect("a tree in order");
    assert!(cached.is_used("a cache has replaced it"));
}

#[test]
fn other_import_paths_make_another_schema_from_the_same_folder_of_caches() {
    let cached = Cached::new();
    for (folder, field) in [("one", "string a = 1;"), ("other", "string b = 1;")] {
        let text = format!("syntax = \"proto3\"; package far; message Far {{ {field} }}");
        cached.tree.write(&format!("{folder}/far.proto"), text);
    }
    let text = "syntax = \"proto3\"; import \"far.proto\"; message Near { far.Far far = 1; }";
    cached.tree.write("api/near.proto", text);
    for _ in 0..2 {
        for (folder, field) in [("one", "a"), ("other", "b")] {
            let builder = cached.builder().import_path(cached.tree.path(folder));
            let schema = cached.load_by(builder, folder).expect("a tree in order");
            let far = schema
                .pool()
                .get_message_by_name("far.Far")
                .expect("it is imported");
            assert_eq!(far.get_field(1).expect("a field").name(), field);
        }
    }
    assert_eq!(cached.files().len(), 2);
}

#[test]
fn an_import_that_another_file_takes_over_is_looked_up_anew() {
    let cached = Cached::new();
    let far =
        |field: &str| format!("syntax = \"proto3\"; package far; message Far {{ string {field} = 1; }}");
    cached.tree.write("last/far.proto", far("late"));
    let text = "syntax = \"proto3\"; import \"far.proto\"; message Near { far.Far far = 1; }";
    cached.tree.write("api/near.proto", text);
    let builder = cached.builder().import_path(cached.tree.path("first"));
    let builder = builder.import_path(cached.tree.path("last"));
    fs::create_dir(cached.tree.path("first")).expect("a folder");
    let field = |what: &str| {
        let schema = cached.load_by(builder.clone(), what).expect("a tree in order");
        let far = schema
            .pool()
            .get_message_by_name("far.Far")
            .expect("it is imported");
        far.get_field(1).expect("a field").name().to_owned()
    };
    assert_eq!(field("the last"), "late");
    cached.tree.write("first/far.proto", far("early"));
    assert_eq!(field("the first"), "early");
    fs::remove_file(cached.tree.path("first/far.proto")).expect("it is there");
    assert_eq!(field("the last again"), "late");
}

#[test]
fn few_files_and_loads_after_others_write_nothing() {
    let cached = Cached::new();
    let few = Schema::builder().input(cached.tree.path("api/n1.proto"));
    few.cache_folder(cached.folder.path())
        .build()
        .expect("a file in order");
    assert_eq!(cached.files(), [] as [PathBuf; 0]);
    let earlier = cached.builder().build().expect("a tree in order");
    let again = cached
        .builder()
        .reuse(&earlier)
        .cache_folder(cached.folder.path());
    again.build().expect("a tree in order");
    assert_eq!(cached.files(), [] as [PathBuf; 0]);
}

#[test]
fn threads_that_load_at_once_leave_one_whole_cache() {
    let cached = Cached::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cached = &cached;
            scope.spawn(move || {
                for round in 0..3 {
                    cached
                        .load(&format!("round {round} of thread {thread}"))
                        .expect("a tree in order");
                }
            });
        }
    });
    cached.load("after them").expect("a tree in order");
    assert!(cached.is_used("later"));
}
