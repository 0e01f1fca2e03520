//! The Dockerfile fits the repository. No image is built: that needs an engine. That the binary takes the image's
//! arguments is tested beside its command line, in src/bin/protod/tests.

use std::fs;
use std::path::Path;

struct Dockerfile {
    text: String,
}

impl Dockerfile {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile");
        let text = fs::read_to_string(path).expect("it is there");
        Self { text }
    }

    /// What follows an instruction, each time it stands there.
    fn all(&self, instruction: &str) -> Vec<&str> {
        let lines = self.text.lines();
        lines
            .filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '))
            .collect()
    }

    /// What follows the last of an instruction.
    fn last(&self, instruction: &str) -> &str {
        self.all(instruction)
            .pop()
            .unwrap_or_else(|| panic!("there is no {instruction}"))
    }
}

fn manifest() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("it is there")
}

#[test]
fn the_image_takes_the_binary_that_its_cargo_line_builds() {
    let file = Dockerfile::read();
    assert_eq!(file.last("RUN"), "cargo build --release --locked --bin protod");
    let folder = file.last("WORKDIR");
    let copied = format!("--from=build {folder}/target/release/protod /usr/local/bin/protod");
    assert_eq!(file.last("COPY"), copied);
    assert!(file.all("FROM")[0].ends_with(" AS build"));
}

#[test]
fn the_compiler_of_the_image_is_new_enough() {
    let manifest = manifest();
    let version = |text: &str| -> Vec<u32> {
        text.split('.')
            .map(|part| part.parse().expect("a number"))
            .collect()
    };
    let least = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .expect("it is named");
    let file = Dockerfile::read();
    let image = file.all("FROM")[0]
        .strip_prefix("rust:")
        .expect("the image is Rust's");
    let (image, _) = image.split_once('-').expect("a version comes first");
    assert!(version(image) >= version(least.trim_matches('"')));
}

#[test]
fn the_image_runs_without_rights() {
    assert_eq!(Dockerfile::read().last("USER"), "nonroot");
}

/// Each file that the build reads comes along.
#[test]
fn nothing_that_the_build_needs_is_ignored() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(root.join(".dockerignore")).expect("it is there");
    let manifest = manifest();
    let members = manifest
        .lines()
        .find_map(|line| line.strip_prefix("members = "))
        .expect("it has members");
    let members: Vec<String> = serde_json::from_str(members).expect("a list of texts");
    let needed = ["Cargo.toml", "Cargo.lock", "src", "examples", "tests"].map(str::to_owned);
    for path in needed.iter().chain(&members) {
        assert!(root.join(path).exists(), "{path}");
        let is_ignored = ignored
            .lines()
            .any(|line| !line.starts_with('#') && path.split('/').next() == Some(line));
        assert!(!is_ignored, "{path} is ignored");
    }
}
