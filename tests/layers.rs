//! ARCHITECTURE.md is true: imports run downwards, and no files import each other in a circle.
//!
//! The rooms are the folders and files directly below `src`. A file may name what stands in
//! rooms above its own in [`ROOMS`], and in its own room. Names are followed through re-exports to the file that
//! defines them, so a `mod.rs` that only hands names on ties nothing together.

#[path = "support/imports.rs"]
mod imports;
#[path = "support/modules.rs"]
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::imports::{Import, Imports};

/// The rooms, each with those above it to look at.
const ROOMS: [&str; 34] = [
    "error",
    "suggest",
    "duration",
    "parallel",
    "folder",
    "stamp",
    "uuid",
    "throttle",
    "excerpt",
    "pem",
    "yaml",
    "schema",
    "message",
    "nats",
    "collection",
    "cel",
    "validate",
    "protocol",
    "trace",
    "session",
    "journal",
    "metrics",
    "handler",
    "sample",
    "rules",
    "transport",
    "server",
    "verify",
    "live",
    "fleet",
    "admin",
    "client",
    "otlp",
    "testing",
];

/// Pairs of rooms that stand one above the other and yet must not look at each other: who, at whom.
const APART: [(&str, &str); 10] = [
    ("rules/file", "rules/plan"),
    ("rules/file", "rules/compile"),
    ("rules/file", "rules/run"),
    ("rules/plan", "rules/compile"),
    ("rules/plan", "rules/run"),
    ("rules/compile", "rules/run"),
    ("rules/run", "rules/compile"),
    ("transport", "rules"),
    ("server", "rules"),
    ("server", "sample"),
];

/// Fails if there is any, with a line for each pair of files.
fn expect_none<'i>(what: &str, wrong: impl Iterator<Item = &'i Import>) {
    let mut pairs = BTreeMap::new();
    for import in wrong {
        pairs.entry((&import.from, &import.to)).or_insert(import);
    }
    let lines: Vec<String> = pairs.values().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{what}:\n{}", lines.join("\n"));
}

fn room(file: &str) -> &str {
    let below = file.strip_prefix("src/").unwrap_or(file);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn place(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

fn is_in(file: &str, folder: &str) -> bool {
    let below = file.strip_prefix("src/").unwrap_or(file);
    below
        .strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

#[test]
fn every_room_has_its_place() {
    let imports = Imports::of("src");
    let homeless: BTreeSet<&str> = imports
        .files()
        .map(room)
        .filter(|room| *room != "lib" && place(room).is_none())
        .collect();
    assert!(
        homeless.is_empty(),
        "rooms that ROOMS does not list: {homeless:?}"
    );
}

#[test]
fn the_map_lists_the_rooms_and_names_places_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("it is there");
    let (_, table) = map
        .split_once("| room | what it is |")
        .expect("it lists the rooms");
    let listed: Vec<&str> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('`').nth(1).expect("a room stands in code marks"))
        .collect();
    assert_eq!(listed, ROOMS);
    let code = map.split('`').skip(1).step_by(2);
    let missing: Vec<&str> = code
        .filter(|code| code.starts_with("src/") || code.starts_with("tests/"))
        .filter(|place| !root.join(place).exists())
        .collect();
    assert!(missing.is_empty(), "places that do not exist: {missing:?}");
}

#[test]
fn imports_run_downwards() {
    let imports = Imports::of("src");
    let upwards = |import: &&Import| place(room(&import.from)) < place(room(&import.to));
    expect_none("imports of what stands below", imports.all().filter(upwards));
}

#[test]
fn rooms_that_stand_apart_do_not_look_at_each_other() {
    let imports = Imports::of("src");
    let looks = |import: &&Import| {
        APART
            .iter()
            .any(|(from, to)| is_in(&import.from, from) && is_in(&import.to, to))
    };
    expect_none(
        "imports between rooms that stand apart",
        imports.all().filter(looks),
    );
}

#[test]
fn no_file_takes_names_through_the_crate_root() {
    let imports = Imports::of("src");
    expect_none(
        "names taken through the crate root; name the module",
        imports.through_root(),
    );
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for crate_folder in ["src", "src/bin/protod"] {
        let imports = Imports::of(crate_folder);
        let circles = imports.circles();
        let ties = |import: &&Import| {
            circles
                .iter()
                .any(|circle| circle.contains(&import.from) && circle.contains(&import.to))
        };
        expect_none("imports that tie files into circles", imports.all().filter(ties));
    }
}
