//! The public API is what tests/api.txt says, so that a change of it shows as a difference in a commit.
//!
//! `UPDATE_API=1 cargo test --test api` writes the file. The listing is read from the source: types, traits, functions and
//! constants with their signatures, fields and variants, and the traits that are implemented by hand or derived. A name
//! in brackets is the cargo feature, or the platform, that an item needs.

mod entry;
mod listing;
#[path = "../support/modules.rs"]
mod modules;
mod text;

use std::fs;
use std::path::Path;

use crate::entry::Entry;
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

/// A reader of one page of the documentation finds code there, or one link away.
#[test]
fn every_public_item_has_an_example_or_a_link_to_one() {
    let entries = Listing::of("src").entries;
    let with_code: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.docs.contains("```"))
        .map(Entry::name)
        .chain(["guide"])
        .collect();
    let leads_there =
        |docs: &str| links(docs).any(|path| path.split("::").any(|part| with_code.contains(&part)));
    let without: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.is_module())
        .filter(|entry| !entry.docs.contains("```") && !leads_there(&entry.docs))
        .map(Entry::title)
        .collect();
    assert!(
        without.is_empty(),
        "public items without an example or a link to one:\n{}",
        without.join("\n")
    );
}

/// The paths that the links of a documentation lead to: ``[`Name`]``, `[text](path::Name)`.
fn links(docs: &str) -> impl Iterator<Item = &str> {
    let by_name = docs.split("[`").skip(1).filter_map(|rest| rest.split_once("`]"));
    let by_name = by_name.map(|(name, _)| name);
    let by_path = docs.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    by_name.chain(by_path.map(|(path, _)| path))
}
