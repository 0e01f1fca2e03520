//! The public API is what tests/api.txt says, so that a change of it shows as a difference in a commit.
//!
//! `UPDATE_API=1 cargo test --test api` writes the file. The listing is read from the source: types, traits, functions and
//! constants with their signatures, fields and variants, and the traits that are implemented by hand or derived. A name
//! in brackets is the cargo feature, or the platform, that an item needs.

mod listing;
#[path = "../support/modules.rs"]
mod modules;
mod text;

use std::fs;
use std::path::Path;

use crate::listing::Listing;

const FILE: &str = "tests/api.txt";

#[test]
fn the_public_api_is_what_the_listing_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let found = Listing::of("src").to_string();
    if std::env::var_os("UPDATE_API").is_some() {
        fs::write(&path, &found).expect("it can be written");
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let (listed, found): (Vec<&str>, Vec<&str>) = (listed.lines().collect(), found.lines().collect());
    let gone = listed.iter().filter(|line| !found.contains(line));
    let new = found.iter().filter(|line| !listed.contains(line));
    let differences: Vec<String> = gone
        .map(|line| format!("- {line}"))
        .chain(new.map(|line| format!("+ {line}")))
        .collect();
    assert!(
        listed == found,
        "the public API is not what {FILE} says; if it is meant, `UPDATE_API=1 cargo test --test api` writes it:\n{}",
        differences.join("\n")
    );
}
