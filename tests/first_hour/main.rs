//! The README is correct: the commands of its first hour print what it shows, its test and its scripts for CI pass, and
//! its Dockerfile matches the repository.
//!
//! Only the session with grpcurl needs more than `cargo test` builds.

mod ci;
mod docker;
mod links;
mod page;
#[path = "../support/port.rs"]
mod port;
mod rust_test;
mod walk;
#[path = "../support/yaml.rs"]
mod yaml;

use crate::page::Page;
use crate::walk::Walk;

#[test]
fn the_first_hour_goes_as_the_readme_says() {
    let readme = Page::read("README.md");
    let mut walk = Walk::new();
    walk.through(&readme.sections("The first hour", "In a Rust test"));
}

#[test]
fn the_session_with_grpcurl_goes_as_the_readme_says() {
    let readme = Page::read("README.md");
    let mut walk = Walk::beside_the_seeds_protos();
    walk.through(&readme.sections("A session with grpcurl", "Rust handlers"));
}

#[test]
fn the_calls_with_curl_go_as_the_page_of_protocols_says() {
    let page = Page::read("docs/protocols.md");
    let mut walk = Walk::beside_the_seeds_protos();
    walk.through(&page.all());
}

#[test]
fn the_readmes_that_init_writes_are_true_too() {
    for init in [
        "protod init",
        "protod init --example sync",
        "protod init --example crud",
        "protod init --example chat",
    ] {
        let mut walk = Walk::new();
        walk.run(init);
        let readme = walk.page("README.md");
        walk.through(&readme.all());
    }
}
