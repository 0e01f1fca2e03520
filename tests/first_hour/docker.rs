//! The Dockerfile matches the repository, and the command that its image runs serves calls.
//!
//! No image is built, because that needs Docker. The paths and the profile are compared with the repository, and the entry
//! point and the health check run here with the binary of this build, as they would run in the image.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use tempfile::TempDir;

use crate::port::ReservedPort;

/// How long anything that should happen at once may take on a busy machine.
const SOON: Duration = Duration::from_mins(1);

/// The user `nonroot` of distroless images.
const NONROOT: u32 = 65532;

struct Dockerfile {
    text: String,
}

impl Dockerfile {
    fn read() -> Self {
        let text = fs::read_to_string(repository().join("Dockerfile")).expect("it is there");
        Self { text }
    }

    /// The arguments of each use of an instruction.
    fn all(&self, instruction: &str) -> Vec<&str> {
        let lines = self.text.lines();
        lines
            .filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '))
            .collect()
    }

    /// The arguments of the last use of an instruction.
    fn last(&self, instruction: &str) -> &str {
        self.all(instruction)
            .pop()
            .unwrap_or_else(|| panic!("there is no {instruction}"))
    }

    /// A command that is written as a list.
    fn command(&self, instruction: &str) -> Vec<String> {
        serde_json::from_str(self.last(instruction).trim_start_matches("CMD ")).expect("a list of texts")
    }

    /// The only file that is copied from the build stage: its source and its destination.
    fn copied(&self) -> (&str, &str) {
        let paths = self.last("COPY").strip_prefix("--from=build ");
        let paths = paths.expect("the last COPY takes from the build");
        paths.split_once(' ').expect("two paths")
    }

    /// The variable that the image sets.
    fn variable(&self) -> (&str, &str) {
        self.last("ENV").split_once('=').expect("a name and a value")
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest() -> toml::Table {
    let text = fs::read_to_string(repository().join("Cargo.toml")).expect("it is there");
    text.parse().expect("it is TOML")
}

#[test]
fn the_image_takes_the_binary_that_its_cargo_line_builds() {
    let file = Dockerfile::read();
    let line = file.last("RUN").strip_prefix("cargo build --profile ");
    let (profile, rest) = line.expect("cargo builds").split_once(' ').expect("more follows");
    assert!(manifest()["profile"].get(profile).is_some(), "{profile}");
    assert_eq!(rest, "--locked --bin protod");
    let (from, to) = file.copied();
    assert_eq!(from, format!("{}/target/{profile}/protod", file.last("WORKDIR")));
    assert_eq!(to, "/usr/local/bin/protod");
    assert!(file.all("FROM")[0].ends_with(" AS build"));
}

#[test]
fn the_compiler_of_the_image_is_new_enough() {
    let version = |text: &str| -> Vec<u32> {
        text.split('.')
            .map(|part| part.parse().expect("a number"))
            .collect()
    };
    let manifest = manifest();
    let least = manifest["package"]["rust-version"].as_str().expect("it is named");
    let file = Dockerfile::read();
    let image = file.all("FROM")[0]
        .strip_prefix("rust:")
        .expect("the image is Rust's");
    let (image, _) = image.split_once('-').expect("a version comes first");
    assert!(version(image) >= version(least));
}

/// The part of an image's file system that protod sees.
struct Image {
    root: TempDir,
    port: ReservedPort,
}

impl Image {
    /// The binary is where the Dockerfile puts it; `/proto` is a read-only folder.
    fn new(file: &Dockerfile) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        // The image has a fixed port, so the server cannot use port 0.
        let port = ReservedPort::any();
        let image = Self { root, port };
        let binary = image.path(file.copied().1);
        fs::create_dir_all(binary.parent().expect("it lies in a folder")).expect("folders can be made");
        fs::copy(env!("CARGO_BIN_EXE_protod"), &binary).expect("it can be copied");
        let proto = image.path("/proto");
        fs::create_dir(&proto).expect("a folder can be made");
        for name in ["search.proto", "search.rules.yaml"] {
            fs::copy(repository().join("proto").join(name), proto.join(name)).expect("it can be copied");
            restrict(&proto.join(name), 0o444);
        }
        restrict(&proto, 0o555);
        restrict(image.root.path(), 0o755);
        image
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// A command of the Dockerfile with the paths and the port of this test, run by an unprivileged user.
    fn command(&self, file: &Dockerfile, words: &[String]) -> Command {
        let here = |text: &str| text.replace(file.last("EXPOSE"), &self.port.number.to_string());
        let program = self.path("/usr/local/bin").join(&words[0]);
        let mut command = Command::new(program);
        for word in &words[1..] {
            match word.strip_prefix('/') {
                Some(path) => command.arg(self.path(path)),
                None => command.arg(here(word)),
            };
        }
        let (name, value) = file.variable();
        command
            .env_clear()
            .env(name, here(value))
            .current_dir(self.root.path())
            .stdin(Stdio::null());
        // Only root can become another user; every other user is unprivileged already.
        if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
            command.uid(NONROOT).gid(NONROOT);
        }
        command
    }
}

fn restrict(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

impl Drop for Image {
    fn drop(&mut self) {
        // So that users other than root can remove the folder.
        restrict(&self.path("/proto"), 0o755);
    }
}

/// A process that is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Returns what follows `text` on the first line of stderr that begins with it.
    fn line_after(&mut self, text: &str) -> String {
        let stderr = BufReader::new(self.0.stderr.take().expect("stderr is piped"));
        let (sender, lines) = mpsc::channel();
        // It reads until the process exits, so that no write fails.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        loop {
            let line = lines.recv_timeout(SOON);
            let line = line.unwrap_or_else(|error| panic!("the server did not say {text:?}: {error}"));
            if let Some(rest) = line.strip_prefix(text) {
                return rest.to_owned();
            }
        }
    }
}

#[test]
fn the_entry_point_serves_a_read_only_folder_without_rights_and_is_healthy() {
    let file = Dockerfile::read();
    assert_eq!(file.last("USER"), "nonroot");
    let image = Image::new(&file);
    let words = [file.command("ENTRYPOINT"), file.command("CMD")].concat();
    let mut command = image.command(&file, &words);
    let server = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut server = Running(server.expect("the entry point can be started"));
    let address = server.line_after("protod listening on ");
    assert_eq!(
        address,
        format!("0.0.0.0:{}", image.port.number),
        "every interface, and the port that is exposed"
    );

    let checked = image.command(&file, &file.command("HEALTHCHECK")).output();
    let checked = checked.expect("the health check can be started");
    assert!(checked.status.success(), "{checked:?}");
    let search = ["protod", "call", "localhost:9002", "proto.SearchService/Search"].map(str::to_owned);
    let called = image
        .command(&file, &search)
        .output()
        .expect("protod can be started");
    assert!(called.status.success(), "{called:?}");
}

/// The build gets every file that it reads.
#[test]
fn nothing_that_the_build_needs_is_ignored() {
    let ignored = fs::read_to_string(repository().join(".dockerignore")).expect("it is there");
    let manifest = manifest();
    let members = manifest["workspace"]["members"]
        .as_array()
        .expect("it has members");
    let members = members.iter().map(|member| member.as_str().expect("a path"));
    for path in ["Cargo.toml", "Cargo.lock", "src", "examples", "tests"]
        .into_iter()
        .chain(members)
    {
        assert!(repository().join(path).exists(), "{path}");
        let is_ignored = ignored
            .lines()
            .any(|line| !line.starts_with('#') && path.split('/').next() == Some(line));
        assert!(!is_ignored, "{path} is ignored");
    }
}
