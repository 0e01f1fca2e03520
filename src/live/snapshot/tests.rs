//! What a snapshot tells of files that change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Paths, Snapshot};

/// Looks at a folder from a time when its files are old.
fn later(folder: &Path, before: &Snapshot) -> Snapshot {
    take(folder, before, SystemTime::now() + Duration::from_secs(1))
}

fn take(folder: &Path, before: &Snapshot, since: SystemTime) -> Snapshot {
    let folders = [folder.to_owned()];
    let paths = Paths {
        protos: &folders,
        rules: &folders,
        rules_folders: &[],
    };
    Snapshot::take(paths, before, since)
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("a new file");
    path
}

#[test]
fn file_written_with_the_same_content_has_not_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "a.proto", "same");
    let first = later(folder.path(), &Snapshot::default());
    fs::remove_file(&path).expect("it is there");
    write(folder.path(), "a.proto", "same");
    assert!(later(folder.path(), &first).equals(&first));
}

#[test]
fn each_kind_of_change_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes: [(&str, Option<&str>, bool); 8] = [
        ("a.proto", Some("2"), false),
        ("b.proto", Some("1"), false),
        ("b.proto", None, false),
        ("buf.yaml", Some("version: v2"), false),
        ("a.rules.yaml", Some("2"), true),
        ("b.rules.json", Some("{}"), true),
        ("rules.ymal", Some("rules:\n  - method: a.B/C\n"), true),
        ("rules.ymal", Some("rules:\n  - method: a.B/D\n"), true),
    ];
    write(folder.path(), "a.proto", "1");
    write(folder.path(), "a.rules.yaml", "1");
    let mut before = later(folder.path(), &Snapshot::default());
    for (name, text, same_protos) in changes {
        match text {
            Some(text) => drop(write(folder.path(), name, text)),
            None => fs::remove_file(folder.path().join(name)).expect("it is there"),
        }
        let after = later(folder.path(), &before);
        assert!(!after.equals(&before), "{name} {text:?}");
        assert_eq!(after.has_protos_of(&before), same_protos, "{name} {text:?}");
        before = after;
    }
    write(folder.path(), "notes.txt", "nothing to us");
    write(folder.path(), "openapi.yaml", "rules: none of ours");
    assert!(later(folder.path(), &before).equals(&before));
}

#[test]
fn file_written_while_it_may_have_been_loaded_counts_as_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = SystemTime::now();
    write(folder.path(), "a.proto", "fresh");
    let during = take(folder.path(), &Snapshot::default(), began);
    assert!(!later(folder.path(), &during).equals(&during));
    let known = later(folder.path(), &during);
    assert!(later(folder.path(), &known).equals(&known));
}

#[test]
fn file_that_was_emptied_may_be_about_to_be_written_for_a_while() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.rules.yaml", "rules: []");
    write(folder.path(), "b.rules.yaml", "");
    let soon = SystemTime::now() + Duration::from_millis(200);
    let full = take(folder.path(), &Snapshot::default(), soon);
    assert!(full.is_settled(), "{full:?}");
    write(folder.path(), "a.rules.yaml", "");
    let emptied = take(folder.path(), &full, soon);
    assert!(!emptied.is_settled(), "{emptied:?}");
    assert!(!take(folder.path(), &emptied, soon).is_settled());
    let at_last = take(
        folder.path(),
        &emptied,
        SystemTime::now() + Duration::from_secs(2),
    );
    assert!(at_last.is_settled() && !at_last.equals(&full), "{at_last:?}");
}

/// What a watcher tells of `names` is as good as a look at everything, or is known not to be.
fn touch(folder: &Path, before: &Snapshot, names: &[&str]) -> Option<Snapshot> {
    let soon = SystemTime::now() + Duration::from_secs(1);
    let touched = names.iter().map(|name| folder.join(name)).collect();
    let snapshot = before.touched(&touched, soon)?;
    assert!(snapshot.equals(&take(folder, before, soon)), "{names:?}");
    assert_eq!(snapshot.folders(), before.folders());
    Some(snapshot)
}

#[test]
fn only_files_that_were_written_are_looked_at_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for name in ["a.proto", "b.proto", "a.rules.yaml", "rules.ymal", "notes.txt"] {
        write(folder, name, "rules:\n  - method: a.B/C\n");
    }
    let before = later(folder, &Snapshot::default());
    assert!(
        touch(folder, &before, &[])
            .expect("nothing has happened")
            .equals(&before)
    );
    for name in ["a.proto", "a.rules.yaml", "rules.ymal"] {
        write(folder, name, "rules:\n  - method: a.B/D\n");
        let after = touch(folder, &before, &[name]).expect("a file was written");
        assert!(!after.equals(&before), "{name}");
        write(folder, name, "rules:\n  - method: a.B/C\n");
        assert!(
            touch(folder, &after, &[name])
                .expect("it was written again")
                .equals(&before)
        );
    }
    // As editors save: a new file takes the place of the old one.
    write(folder, "a.proto~", "new");
    fs::rename(folder.join("a.proto~"), folder.join("a.proto")).expect("the same folder");
    let after =
        touch(folder, &before, &["a.proto~", "a.proto", "notes.txt"]).expect("nothing else has happened");
    assert!(!after.equals(&before) && !after.has_protos_of(&before));
}

#[test]
fn where_files_come_and_go_all_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::create_dir(folder.join("sub")).expect("a new folder");
    write(folder, "a.proto", "1");
    let before = later(folder, &Snapshot::default());
    for name in ["b.proto", "b.rules.yaml", "buf.yaml", "rules.ymal"] {
        assert!(touch(folder, &before, &[name]).is_none(), "{name} came and went");
        write(folder, name, "1");
        assert!(touch(folder, &before, &[name]).is_none(), "{name} is new");
        fs::remove_file(folder.join(name)).expect("it is there");
    }
    assert!(touch(folder, &before, &["sub"]).is_none(), "a folder");
    fs::remove_dir(folder.join("sub")).expect("it is empty");
    assert!(
        touch(folder, &before, &["sub"]).is_none(),
        "a folder that is gone"
    );
    fs::remove_file(folder.join("a.proto")).expect("it is there");
    assert!(
        touch(folder, &before, &["a.proto"]).is_none(),
        "a file that is gone"
    );
    let before = later(folder, &before);
    assert!(
        touch(folder, &before, &["x.swp"]).is_some(),
        "another that is gone"
    );
}

#[test]
fn what_may_have_been_half_written_is_looked_at_whatever_was_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = SystemTime::now();
    write(folder.path(), "a.proto", "fresh");
    let during = take(folder.path(), &Snapshot::default(), began);
    let known = touch(folder.path(), &during, &[]).expect("nothing has happened since");
    assert!(known.is_settled() && !during.is_settled());
}

#[cfg(unix)]
#[test]
fn behind_links_all_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = fs::canonicalize(folder.path()).expect("it is there");
    write(&folder, "a.proto", "1");
    std::os::unix::fs::symlink("a.proto", folder.join("b.proto")).expect("a new link");
    let before = later(&folder, &Snapshot::default());
    assert!(touch(&folder, &before, &["a.proto"]).is_none());
    fs::remove_file(folder.join("b.proto")).expect("it is there");
    let before = later(&folder, &before);
    assert!(touch(&folder, &before, &["a.proto"]).is_some());
    std::os::unix::fs::symlink("a.proto", folder.join("b.proto")).expect("a new link");
    assert!(touch(&folder, &before, &["b.proto"]).is_none());
}

#[cfg(unix)]
#[test]
fn folders_of_links_on_the_way_are_among_those_to_watch() {
    let root = tempfile::tempdir().expect("a folder");
    let root = fs::canonicalize(root.path()).expect("it is there").join("r");
    for folder in ["links", "far/real/protos", "far/away"] {
        fs::create_dir_all(root.join(folder)).expect("a new folder");
    }
    write(&root, "far/away/a.proto", "1");
    let link = |to: PathBuf, at: &str| std::os::unix::fs::symlink(to, root.join(at)).expect("a new link");
    link(root.join("far/real"), "links/current");
    link("../../away/a.proto".into(), "far/real/protos/a.proto");
    let input = root.join("links/current/protos");
    let snapshot = later(&input, &Snapshot::default());
    for folder in ["links", "links/current/protos", "links/current/protos/../../away"] {
        let there = snapshot.folders().contains(&root.join(folder));
        assert!(there, "{folder} is not in {:?}", snapshot.folders());
    }
    let before = snapshot;
    write(&root, "far/away/a.proto", "2");
    assert!(!later(&input, &before).equals(&before));
}
