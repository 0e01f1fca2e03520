//! The one walk of a folder: which files in it and below it are read.
//!
//! Protos, rules and the watcher walk alike, so that what is loaded is what is watched:
//!
//! - Hidden entries, whose names start with a dot, and folders named `node_modules` are left out. The folder that the
//!   walk starts from may have any name.
//! - Symbolic links to files and to folders are followed.
//! - A folder that several paths lead to is read once, by a path without links below the start if there is one; so a
//!   link that leads back up ends there.
//! - Pipes, sockets and devices are left out: reading one may never end.
//! - Files come sorted by path. Folders nest [`MAX_DEPTH`] levels deep at most; more is an error.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};
use std::{fs, io};

use crate::parallel;

/// How deep folders may nest below the start, links included.
const MAX_DEPTH: usize = 64;

/// What a walk found. All paths begin with the folder that was walked.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The files with a name that was asked for, sorted. Broken links may be among them.
    pub(crate) files: Vec<PathBuf>,
    /// The folders read, the start included.
    pub(crate) folders: Vec<PathBuf>,
    /// The symbolic links met, including broken ones.
    pub(crate) links: Vec<PathBuf>,
    /// The folders that could not be read.
    pub(crate) errors: Vec<(PathBuf, io::Error)>,
}

/// A walk of one or more folders. A folder that one [`below`](Self::below) has read is not read by the next.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Canonical paths.
    visited: HashSet<PathBuf>,
    contents: Contents,
    /// The folders to read next; those that links lead to wait until no other is left.
    waiting: Vec<Folder>,
    linked: VecDeque<Folder>,
}

/// A folder to read.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// `None` if a link may be on the way, and the system has to be asked.
    canonical: Option<PathBuf>,
    depth: usize,
}

/// What is in a folder and counts.
#[derive(Debug, Default)]
struct Entries {
    /// Those with a name that was asked for.
    files: Vec<PathBuf>,
    folders: Vec<Folder>,
    links: Vec<PathBuf>,
    /// The folders that links lead to.
    linked: Vec<Folder>,
}

impl Folder {
    fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            canonical: None,
            depth: 0,
        }
    }
}

/// Sorts paths as `Path` compares them, of which each comparison costs as much as all that is kept here of one.
pub(crate) fn sort_paths(paths: &mut [PathBuf]) {
    paths.sort_by_cached_key(|path| -> Vec<u8> {
        let bytes = path.as_os_str().as_encoded_bytes().iter();
        bytes
            .map(|byte| if is_separator(char::from(*byte)) { 0 } else { *byte })
            .collect()
    });
}

/// The files in a folder and below it whose names are `wanted`.
pub(crate) fn contents_below(folder: &Path, wanted: fn(&OsStr) -> bool) -> Contents {
    Walk::default().below(folder, wanted)
}

/// The files in a folder itself whose names are `wanted`. Its folders are not read.
pub(crate) fn contents_of(folder: &Path, wanted: fn(&OsStr) -> bool) -> Contents {
    let mut walk = Walk::default();
    walk.read(vec![Folder::at(folder)], wanted);
    walk.finish()
}

impl Walk {
    /// The files in a folder and below it whose names are `wanted`, without the folders that this walk has read before.
    pub(crate) fn below(&mut self, folder: &Path, wanted: fn(&OsStr) -> bool) -> Contents {
        self.waiting.push(Folder::at(folder));
        loop {
            let mut next = std::mem::take(&mut self.waiting);
            if next.is_empty() {
                // Its folders come before those that other links lead to.
                next.extend(self.linked.pop_front());
            }
            if next.is_empty() {
                break;
            }
            next.retain_mut(|folder| {
                let ask = || fs::canonicalize(&folder.path).unwrap_or_else(|_| folder.path.clone());
                let canonical = folder.canonical.get_or_insert_with(ask);
                self.visited.insert(canonical.clone())
            });
            self.read(next, wanted);
        }
        self.finish()
    }

    /// Reads folders, as many at once as there are cores.
    fn read(&mut self, folders: Vec<Folder>, wanted: fn(&OsStr) -> bool) {
        let found = parallel::map(folders.len(), |at| folders[at].entries(wanted));
        for (folder, entries) in folders.into_iter().zip(found) {
            match entries {
                Ok(entries) => {
                    self.contents.files.extend(entries.files);
                    self.contents.links.extend(entries.links);
                    self.waiting.extend(entries.folders);
                    self.linked.extend(entries.linked);
                    self.contents.folders.push(folder.path);
                }
                Err(error) => self.contents.errors.push((folder.path, error)),
            }
        }
    }

    fn finish(&mut self) -> Contents {
        self.waiting.clear();
        self.linked.clear();
        let mut contents = std::mem::take(&mut self.contents);
        sort_paths(&mut contents.files);
        contents
    }
}

impl Folder {
    /// The entries of the folder that count.
    fn entries(&self, wanted: fn(&OsStr) -> bool) -> io::Result<Entries> {
        if self.depth > MAX_DEPTH {
            let error = format!("folders nest more than {MAX_DEPTH} levels deep");
            return Err(io::Error::other(error));
        }
        let mut entries = Entries::default();
        for entry in fs::read_dir(&self.path)? {
            self.sort_out(&entry?, wanted, &mut entries);
        }
        // So that of two links to one folder the same one is followed every time, and of two errors the same one comes first.
        entries.links.sort_unstable();
        for folders in [&mut entries.folders, &mut entries.linked] {
            folders.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        }
        Ok(entries)
    }

    fn sort_out(&self, entry: &fs::DirEntry, wanted: fn(&OsStr) -> bool, entries: &mut Entries) {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            return;
        }
        let mut kind = entry.file_type().ok();
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        if is_link {
            let path = entry.path();
            kind = fs::metadata(&path).ok().map(|metadata| metadata.file_type());
            entries.links.push(path);
        }
        let is_folder = kind.is_some_and(|kind| kind.is_dir());
        // A broken link, or an entry that is gone by now, counts as a file: whoever reads it says so.
        let is_file = kind.is_none_or(|kind| kind.is_file());
        if is_folder && name != "node_modules" {
            let (queue, canonical) = if is_link {
                (&mut entries.linked, None)
            } else {
                let canonical = self.canonical.as_ref();
                (&mut entries.folders, canonical.map(|above| above.join(&name)))
            };
            queue.push(Self {
                path: entry.path(),
                canonical,
                depth: self.depth + 1,
            });
        } else if is_file && wanted(&name) {
            entries.files.push(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for name in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a new folder");
            fs::write(path, name).expect("a new file");
        }
        root
    }

    fn below(root: &tempfile::TempDir, folder: &str) -> Vec<String> {
        let contents = contents_below(&root.path().join(folder), |_| true);
        assert!(contents.errors.is_empty(), "{contents:?}");
        let name = |path: PathBuf| {
            path.strip_prefix(root.path())
                .expect("below")
                .display()
                .to_string()
        };
        contents.files.into_iter().map(name).collect()
    }

    #[test]
    fn hidden_entries_and_node_modules_are_left_out() {
        let root = tree(&[
            "api/b",
            "api/a",
            "api/.hidden",
            "api/.git/x",
            "api/node_modules/x",
            "api/sub/.x",
            "api/sub/c",
        ]);
        assert_eq!(below(&root, "api"), ["api/a", "api/b", "api/sub/c"]);
        assert_eq!(below(&root, "api/node_modules"), ["api/node_modules/x"]);
        assert_eq!(below(&root, "api/.git"), ["api/.git/x"]);
    }

    #[test]
    fn paths_are_sorted_as_paths() {
        let mut paths = [
            "a/b", "a", "a.b", "a-b/c", "a/b.c", "a/b/c", "/a", "b", "a/B", "\u{e9}",
        ]
        .map(PathBuf::from);
        let mut sorted = paths.clone();
        sorted.sort();
        sort_paths(&mut paths);
        assert_eq!(paths, sorted);
    }

    #[test]
    fn only_files_with_a_wanted_name_are_kept() {
        let root = tree(&["a.proto", "a.txt", "sub/b.proto", "sub/b.txt"]);
        let contents = contents_below(root.path(), |name| name.as_encoded_bytes().ends_with(b".proto"));
        assert_eq!(
            contents.files,
            ["a.proto", "sub/b.proto"].map(|name| root.path().join(name))
        );
        assert_eq!(contents.folders.len(), 2);
    }

    #[test]
    fn folders_that_are_read_by_several_threads_give_the_same_files_in_the_same_order() {
        let names: Vec<String> = (0..300)
            .map(|number| format!("f{number:03}/sub/{number}"))
            .collect();
        let root = tree(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let contents = contents_below(root.path(), |_| true);
        let expected: Vec<PathBuf> = names.iter().map(|name| root.path().join(name)).collect();
        assert_eq!(contents.files, expected);
        assert_eq!(contents.folders.len(), 1 + 2 * names.len());
    }

    #[test]
    fn a_folder_alone_has_its_own_files() {
        let root = tree(&["api/a", "api/.hidden", "api/sub/b"]);
        let contents = contents_of(&root.path().join("api"), |_| true);
        assert_eq!(contents.files, [root.path().join("api/a")]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_an_error() {
        let root = tree(&["file"]);
        let contents = contents_below(&root.path().join("file"), |_| true);
        assert_eq!(contents.errors.len(), 1);
        let deep = "d/".repeat(MAX_DEPTH + 1) + "file";
        let root = tree(&[&deep]);
        let contents = contents_below(root.path(), |_| true);
        assert_eq!((contents.files.len(), contents.errors.len()), (0, 1));
    }

    #[cfg(unix)]
    mod links {
        use std::os::unix::fs::symlink;

        use super::*;

        fn link(root: &tempfile::TempDir, target: &str, at: &str) {
            symlink(target, root.path().join(at)).expect("a new link");
        }

        #[test]
        fn links_to_files_and_folders_are_followed() {
            let root = tree(&["shared/sub/x", "api/a"]);
            link(&root, "../shared", "api/linked");
            link(&root, "../shared/sub/x", "api/file");
            link(&root, "nowhere", "api/lost");
            assert_eq!(
                below(&root, "api"),
                ["api/a", "api/file", "api/linked/sub/x", "api/lost"]
            );
            let links = contents_below(&root.path().join("api"), |_| true).links;
            assert_eq!(
                links,
                ["file", "linked", "lost"].map(|name| root.path().join("api").join(name))
            );
        }

        #[test]
        fn what_is_neither_a_file_nor_a_folder_is_left_out() {
            let root = tree(&["api/a"]);
            link(&root, "/dev/null", "api/device");
            let _socket =
                std::os::unix::net::UnixListener::bind(root.path().join("api/socket")).expect("bound");
            assert_eq!(below(&root, "api"), ["api/a"]);
        }

        #[test]
        fn a_loop_of_links_ends() {
            let root = tree(&["api/sub/a", "other/b"]);
            link(&root, "..", "api/sub/up");
            link(&root, ".", "api/self");
            link(&root, "../../other", "api/sub/other");
            link(&root, "../api", "other/back");
            assert_eq!(below(&root, "api"), ["api/sub/a", "api/sub/other/b"]);
        }

        #[test]
        fn a_folder_with_several_names_is_read_by_the_one_without_links() {
            let root = tree(&["api/z/sub/x"]);
            link(&root, "z", "api/a");
            link(&root, "z/sub", "api/b");
            assert_eq!(below(&root, "api"), ["api/z/sub/x"]);
        }

        #[test]
        fn what_a_link_to_a_hidden_entry_leads_to_is_not_hidden() {
            // As Kubernetes mounts a ConfigMap.
            let root = tree(&["api/..2024/a"]);
            link(&root, "..2024", "api/..data");
            link(&root, "..data/a", "api/a");
            assert_eq!(below(&root, "api"), ["api/a"]);
        }
    }
}
