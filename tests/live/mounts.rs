//! Folders that others keep up to date: the volume of a ConfigMap, as a kubelet writes it, and the repository that git-sync
//! checks out. Each step is made as they make it, in their order, since between two of them anything may be read.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generations::{proto, rules};
use crate::support::{Live, Start, write};

/// The volume of a ConfigMap or a Secret: what is mounted are links into `..data`, which is a link to a folder that is new each
/// time. The keys of a volume may be mapped to paths with folders.
struct Volume(PathBuf);

impl Volume {
    /// What the `AtomicWriter` of a kubelet does with the files of a revision, by their paths.
    fn mount(&self, revision: u32, files: &BTreeMap<&str, String>) {
        let Self(volume) = self;
        let old = fs::read_link(volume.join("..data")).ok();
        // The folder of the revision, and its files.
        let folder = format!("..2026_11_30_05_00_{revision:02}.0123456789");
        fs::create_dir(volume.join(&folder)).expect("a new folder");
        for (path, text) in files {
            let path = volume.join(&folder).join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a new folder");
            write(&path, text);
        }
        // All files change at once.
        symlink(&folder, volume.join("..data_tmp")).expect("a new link");
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("links are renamed at once");
        // Then the links to what is new, and those to what is gone.
        let visible = |files: &BTreeMap<&str, String>| {
            let first = |path: &&str| path.split('/').next().expect("there is one").to_owned();
            files.keys().map(first).collect::<Vec<_>>()
        };
        for name in visible(files) {
            if fs::symlink_metadata(volume.join(&name)).is_err() {
                symlink(Path::new("..data").join(&name), volume.join(&name)).expect("a new link");
            }
        }
        for entry in fs::read_dir(volume).expect("it is a folder") {
            let name = entry.expect("an entry").file_name();
            let name = name.to_str().expect("a name of ours");
            if !name.starts_with("..") && !visible(files).iter().any(|one| one == name) {
                fs::remove_file(volume.join(name)).expect("a link");
            }
        }
        if let Some(old) = old {
            fs::remove_dir_all(volume.join(old)).expect("it was there");
        }
    }
}

#[tokio::test]
async fn volume_of_a_config_map_is_swapped_time_after_time() {
    let files =
        |number: u32, text: &str| BTreeMap::from([("a.proto", proto(number)), ("a.rules.yaml", rules(text))]);
    // The input is a folder, or a file in it.
    for input in ["", "a.proto"] {
        let start = Start {
            input,
            ..Start::default()
        };
        let fill = |folder: &Path| Volume(folder.to_owned()).mount(0, &files(1, "zero"));
        let live = Live::start(start, fill).await;
        let volume = Volume(live.path(""));
        for revision in 1..6 {
            let text = format!("revision {revision}");
            volume.mount(revision, &files(1 + revision % 2, &text));
            live.answers(1 + revision % 2, &text).await;
        }
    }
}

#[tokio::test]
async fn files_of_a_config_map_come_and_go_in_folders_too() {
    let fill = |folder: &Path| {
        let files = BTreeMap::from([("api/a.proto", proto(1)), ("mocks/a.rules.yaml", rules("first"))]);
        Volume(folder.to_owned()).mount(0, &files);
    };
    let live = Live::start(Start::default(), fill).await;
    live.answers(1, "first").await;
    let volume = Volume(live.path(""));
    let more = "rules: [{method: p.S/Unary, priority: 1, reply: {text: more}}]".to_owned();
    // A file beside the others, one in a folder that is new, and then none of both.
    let with = |more: Option<(&'static str, &String)>| {
        let mut files = BTreeMap::from([("api/a.proto", proto(1)), ("mocks/a.rules.yaml", rules("first"))]);
        files.extend(more.map(|(path, text)| (path, text.clone())));
        files
    };
    volume.mount(1, &with(Some(("b.rules.yaml", &more))));
    live.answers(1, "more").await;
    volume.mount(2, &with(None));
    live.answers(1, "first").await;
    volume.mount(3, &with(Some(("other/b.rules.yaml", &more))));
    live.answers(1, "more").await;
    volume.mount(4, &with(None));
    live.answers(1, "first").await;
}

#[tokio::test]
async fn revision_of_a_config_map_that_is_wrong_changes_nothing_and_the_next_one_is_served() {
    let files = |text: String| BTreeMap::from([("a.proto", proto(1)), ("a.rules.yaml", text)]);
    let fill = |folder: &Path| Volume(folder.to_owned()).mount(0, &files(rules("good")));
    let mut live = Live::start(Start::default(), fill).await;
    let volume = Volume(live.path(""));
    volume.mount(1, &files("rules: [{method: p.S/Gone}]".to_owned()));
    let refused = live.refused().await;
    assert!(refused.is_rules(), "{refused}");
    live.answers(1, "good").await;
    volume.mount(2, &files(rules("better")));
    live.answers(1, "better").await;
}

/// A repository that git-sync keeps up to date: `link` leads to the worktree of a commit, which is in a hidden folder beside the
/// repository's own.
struct Synced<'f> {
    origin: &'f Path,
    root: PathBuf,
}

impl Synced<'_> {
    /// Commits the files to the repository that is synced from, and returns the commit.
    fn commit(&self, files: &BTreeMap<&str, String>) -> String {
        for (path, text) in files {
            let path = self.origin.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a new folder");
            write(&path, text);
        }
        git(self.origin, &["add", "--all"]);
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        git(
            self.origin,
            &[&author[..], &["commit", "-q", "-m", "change"]].concat(),
        );
        git(self.origin, &["rev-parse", "HEAD"])
    }

    /// What git-sync does with a commit: fetches it, makes a worktree, points the link to it, and removes the one before.
    fn sync(&self, commit: &str) {
        let root = &self.root;
        let old = fs::read_link(root.join("link")).ok();
        git(root, &["fetch", "-q", &self.origin.display().to_string(), commit]);
        let worktree = root.join(".worktrees").join(commit);
        let at = worktree.display().to_string();
        git(
            root,
            &[
                "worktree",
                "add",
                "-q",
                "--force",
                "--detach",
                &at,
                commit,
                "--no-checkout",
            ],
        );
        let git_folder = format!("gitdir: ../../.git/worktrees/{commit}\n");
        write(&worktree.join(".git"), &git_folder);
        git(&worktree, &["reset", "-q", "--hard", commit, "--"]);
        symlink(Path::new(".worktrees").join(commit), root.join("tmp-link")).expect("a new link");
        fs::rename(root.join("tmp-link"), root.join("link")).expect("links are renamed at once");
        if let Some(old) = old {
            fs::remove_dir_all(root.join(old)).expect("it was there");
            git(root, &["worktree", "prune"]);
        }
    }
}

/// Runs git in a folder, and returns what it says.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    // Whatever the one who runs the tests has set.
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    let ran = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("git runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

#[tokio::test]
async fn worktree_of_git_sync_is_swapped_commit_after_commit() {
    let origin = tempfile::tempdir().expect("a temporary folder");
    git(origin.path(), &["init", "-q"]);
    let files = |number: u32, text: &str| {
        BTreeMap::from([
            ("api/a.proto", proto(number)),
            ("api/mocks/a.rules.yaml", rules(text)),
        ])
    };
    let synced = |root: PathBuf| Synced {
        origin: origin.path(),
        root,
    };
    let start = Start {
        input: "link/api",
        ..Start::default()
    };
    let fill = |root: &Path| {
        git(root, &["init", "-q"]);
        let repository = synced(root.to_owned());
        let commit = repository.commit(&files(1, "zero"));
        repository.sync(&commit);
    };
    let mut live = Live::start(start, fill).await;
    live.answers(1, "zero").await;
    let repository = synced(live.path(""));
    let mut earlier = Vec::new();
    for revision in 1..5 {
        let text = format!("revision {revision}");
        let commit = repository.commit(&files(1 + revision % 2, &text));
        repository.sync(&commit);
        live.answers(1 + revision % 2, &text).await;
        earlier.push((commit, 1 + revision % 2, text));
    }
    // A commit with a mistake, and then back to one from before.
    live.forget_outcomes();
    let broken = repository.commit(&BTreeMap::from([("api/a.proto", "no proto".to_owned())]));
    repository.sync(&broken);
    let refused = live.refused().await;
    assert!(refused.is_schema(), "{refused}");
    let (commit, number, text) = &earlier[1];
    repository.sync(commit);
    live.answers(*number, text).await;
}
