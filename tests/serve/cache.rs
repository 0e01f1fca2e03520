//! The cache of large trees, as the command line uses it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use protod::Client;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::folder::reload_checked;
use crate::program::{SOON, Server, binary, command};

/// Fewer are not kept.
const FILES: usize = 120;

/// Enough files for a cache.
fn tree() -> TempDir {
    let tree = tempfile::tempdir().expect("a folder");
    for number in 0..FILES {
        fs::write(
            tree.path().join(format!("n{number}.proto")),
            numbered(number, "text"),
        )
        .expect("a file");
    }
    tree
}

fn numbered(number: usize, field: &str) -> String {
    let (import, before) = match number {
        0 => (String::new(), String::new()),
        _ => (
            format!("import \"n{}.proto\";", number - 1),
            format!("n{}.Note before = 2;", number - 1),
        ),
    };
    format!(
        "syntax = \"proto3\"; package n{number}; {import}
         message Note {{ string {field} = 1; {before} }} service Notes {{ rpc Get(Note) returns (Note); }}"
    )
}

fn caches(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.expect("an entry").path()));
    entries.map(Iterator::collect).unwrap_or_default()
}

/// `protod check` of a tree, with nothing of the environment that names a cache.
fn check(tree: &Path) -> Command {
    let mut check = command(&["check"]);
    check.arg(tree).stderr(Stdio::piped()).stdout(Stdio::piped());
    for variable in ["PROTOD_CACHE_DIR", "PROTOD_NO_CACHE", "XDG_CACHE_HOME", "HOME"] {
        check.env_remove(variable);
    }
    check
}

async fn run(mut command: Command) -> Output {
    let output = timeout(SOON, command.output()).await.expect("it ends");
    output.expect("it can be started")
}

async fn succeeds(command: Command) {
    let output = run(command).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test]
async fn a_cache_is_where_flags_and_variables_say() {
    let tree = tree();
    let home = tempfile::tempdir().expect("a folder");
    let path = |name: &str| home.path().join(name);
    let at = |folder: &str| caches(&path(folder)).len();
    let with = |flags: &[&str], variables: &[(&str, PathBuf)]| {
        let mut check = check(tree.path());
        check.args(flags).env("HOME", path("home"));
        check.envs(variables.iter().map(|(name, value)| (name, value)));
        check
    };
    let xdg = ("XDG_CACHE_HOME", path("xdg"));
    let named = ("PROTOD_CACHE_DIR", path("named"));
    let flag = path("flag").display().to_string();

    succeeds(with(&["--no-cache"], &[])).await;
    succeeds(with(
        &["--no-cache", "--cache-dir", &flag],
        &[xdg.clone(), named.clone()],
    ))
    .await;
    succeeds(with(
        &[],
        &[("PROTOD_NO_CACHE", "1".into()), xdg.clone(), named.clone()],
    ))
    .await;
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 0);

    succeeds(with(&[], &[])).await;
    assert_eq!(at("home/.cache/protod"), 1);
    succeeds(with(&[], &[("XDG_CACHE_HOME", "relative".into())])).await;
    assert_eq!(at("home/.cache/protod"), 1, "the same one");
    succeeds(with(&[], std::slice::from_ref(&xdg))).await;
    assert_eq!(at("xdg/protod"), 1);
    succeeds(with(&[], &[xdg.clone(), named.clone()])).await;
    assert_eq!(at("named"), 1);
    succeeds(with(&["--cache-dir", &flag], &[xdg, named])).await;
    assert_eq!(at("flag"), 1);
    let home_and_others = fs::read_dir(home.path()).expect("a folder").count();
    assert_eq!(home_and_others, 4, "home, xdg, named, flag");
}

#[tokio::test]
async fn a_small_start_writes_nothing_and_needs_no_home() {
    let tree = tempfile::tempdir().expect("a folder");
    fs::write(tree.path().join("n0.proto"), numbered(0, "text")).expect("a file");
    let home = tempfile::tempdir().expect("a folder");
    let mut at_home = check(tree.path());
    at_home.env("HOME", home.path());
    succeeds(at_home).await;
    assert_eq!(caches(home.path()), [] as [PathBuf; 0]);
    succeeds(check(tree.path())).await;
}

#[tokio::test]
async fn a_cache_folder_that_is_none_is_said_and_changes_nothing() {
    let tree = tree();
    let file = tree.path().join("n0.proto");
    let mut check = check(tree.path());
    check.arg("--cache-dir").arg(&file);
    let output = run(check).await;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("--cache-dir") && said.contains("is not a folder"),
        "{said}"
    );
}

#[tokio::test]
async fn processes_that_start_at_once_share_one_cache() {
    let tree = tree();
    let folder = tempfile::tempdir().expect("a folder");
    let checks: Vec<_> = (0..8)
        .map(|_| {
            let mut check = check(tree.path());
            check.arg("--cache-dir").arg(folder.path());
            check.spawn().expect("it can be started")
        })
        .collect();
    for check in checks {
        let output = timeout(SOON, check.wait_with_output()).await.expect("it ends");
        let output = output.expect("it was started");
        assert!(output.status.success(), "{output:?}");
    }
    let left = caches(folder.path());
    assert_eq!(left.len(), 1, "{left:?}");
    // Another build takes none of this one's.
    let other = tree.path().join("other-build");
    fs::copy(binary(), &other).expect("a copy");
    let mut check = Command::new(&other);
    check
        .arg("check")
        .arg(tree.path())
        .arg("--cache-dir")
        .arg(folder.path());
    succeeds(check).await;
    assert_eq!(caches(folder.path()).len(), 2);
}

#[tokio::test]
async fn warnings_of_protos_are_told_from_a_cache_too() {
    let tree = tree();
    let idle = "syntax = \"proto3\";\nimport \"n0.proto\";\n";
    fs::write(tree.path().join("idle.proto"), idle).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let mut said = Vec::new();
    for flag in ["--cache-dir", "--cache-dir", "--no-cache"] {
        let mut check = check(tree.path());
        check.arg(flag);
        if flag == "--cache-dir" {
            check.arg(folder.path());
        }
        let output = run(check).await;
        assert!(output.status.success(), "{output:?}");
        said.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    assert!(said[0].contains("idle.proto:2:"), "{}", said[0]);
    assert_eq!(said[0], said[1], "from the cache");
    assert_eq!(said[0], said[2], "without one");
}

/// Where the system lets a test mount a file system of its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_no_part_of_a_cache() {
    let tree = tree();
    let folder = tempfile::tempdir().expect("a folder");
    let script = "mount -t tmpfs -o size=16k tmpfs \"$1\" || { echo no mount; exit; }
        \"$2\" check \"$3\" --cache-dir \"$1\" && ls -A \"$1\"";
    let mut unshare = Command::new("unshare");
    unshare.args(["-rm", "sh", "-c", script, "sh"]);
    unshare.arg(folder.path()).arg(binary()).arg(tree.path());
    let Ok(output) = unshare.output().await else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if said.is_empty() && !output.status.success() || said.contains("no mount") {
        return;
    }
    assert_eq!(
        said,
        format!("ok: {FILES} services, {FILES} methods, 0 rules\n"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_server_that_starts_from_a_cache_serves_and_reloads_like_another() {
    let tree = tree();
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        tree.path().display().to_string(),
        "--cache-dir".to_owned(),
        folder.path().display().to_string(),
    ];
    let arguments = arguments.each_ref().map(String::as_str);
    for start in 0..2 {
        let server = Server::start(&arguments).await;
        assert_eq!(caches(folder.path()).len(), 1);
        let field = format!("changed{start}");
        let path = tree.path().join("n7.proto");
        for (text, name) in [(numbered(7, &field), &*field), (numbered(7, "text"), "text")] {
            fs::write(&path, text).expect("a file");
            let client = Client::connect(server.address()).await.expect("it listens");
            assert_eq!(reload_checked(&client).await, "SERVING");
            let client = Client::connect(server.address()).await.expect("it listens");
            let method = client.method("n7.Notes/Get").expect("it is served");
            assert_eq!(method.input().get_field(1).expect("a field").name(), name);
        }
        let (status, log) = server.stop().await;
        assert!(status.success(), "{log:?}");
    }
}
