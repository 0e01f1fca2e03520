//! The examples of the repository, built.

use std::path::{Path, PathBuf};
use std::process::{Command as Builder, Stdio};
use std::sync::OnceLock;

use tokio::process::Command;

/// The examples for users.
const EXAMPLES: [&str; 6] = [
    "beside_tonic",
    "state_and_layer",
    "stream_client",
    "stream_server",
    "swap",
    "typed",
];

/// An example. `cargo test` has built it; `cargo test --test client` alone has not, or not the newest.
pub(crate) fn example(name: &str) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(build);
    let mut command = Command::new(folder.join(name));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Builds the examples with the profile of this test, and returns their folder.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_protod"))
        .parent()
        .expect("the binary is in a folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(profile) => profile,
        None => panic!("{} has no name", folder.display()),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Builder::new(cargo);
    build
        .args(["build", "--quiet", "--profile", profile])
        .args(EXAMPLES.iter().flat_map(|name| ["--example", name]))
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .stdin(Stdio::null());
    // Build scripts of dependencies run again when these change.
    for (name, _) in std::env::vars_os() {
        let of_this_test = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if name
            .to_str()
            .is_some_and(|name| of_this_test.iter().any(|start| name.starts_with(start)))
        {
            build.env_remove(name);
        }
    }
    let built = build.status().expect("cargo can be started");
    assert!(built.success(), "the examples do not build");
    folder.join("examples")
}
