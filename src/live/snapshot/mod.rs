//! The files that a load depends on, each with a fingerprint, and the folders to watch.
//!
//! Two snapshots show whether anything changed, and whether a proto did. A file is read only if its stamp (time, size,
//! inode) differs from that of the snapshot before, so a snapshot of thousands of files that nobody touched costs one
//! `stat` each. A file that was written with the same content has not changed. A file that was written while it was being
//! loaded has no fingerprint, and counts as changed next time: nothing new is mistaken for something known.
//!
//! The same goes for a file that was written shortly before it was loaded: it may be half of what its writer has in mind.
//! A snapshot in which all files have fingerprints is settled.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::folder::{self, Contents, Walk};
use crate::rules::{is_misnamed, is_rules_file, may_be_misnamed};
use crate::schema::is_schema_source;
use crate::stamp::{SETTLING_TIME, Stamp, TICK, moment};

/// A file that has been left alone for this long, by its times, is not [fresh](Stamp::is_fresh).
pub(super) const QUIET_TIME: Duration = SETTLING_TIME.saturating_add(TICK);

/// A file that became empty less than this ago may be half written: most writers empty a file first. Some file systems are
/// slow to say that it was opened.
const EMPTIED_TIME: Duration = Duration::from_secs(1);

/// How long a load waits for files that are written without pause. Then it reads what there is.
pub(super) const MAX_SETTLING_TIME: Duration = Duration::from_secs(2);

/// The files and folders that a load depends on, at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    protos: Files,
    rules: Files,
    /// Files that may be meant as rules files: a load warns of those that are.
    misnamed: Files,
    folders: BTreeSet<PathBuf>,
    /// The names of files and links that a load depends on, where the names alone do not show it.
    names: BTreeSet<OsString>,
    /// Whether there is a symbolic link on the way to a file: what happens to it happens elsewhere.
    has_links: bool,
}

/// Files by their paths, which are compared as texts: as paths they are taken apart for each comparison. Snapshots share what is the
/// same in them.
type Files = Arc<BTreeMap<Arc<OsStr>, File>>;

/// A path where a file is or may come to be.
#[derive(Debug, Clone, Copy)]
struct File {
    /// `None` if there is no file.
    stamp: Option<Stamp>,
    /// A hash of its bytes; `None` if they may not be the bytes that were loaded.
    content: Option<u64>,
    /// It is empty, and was not when it was first seen.
    emptied: bool,
}

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths<'p> {
    /// Files and folders that a schema was made from.
    pub(super) protos: &'p [PathBuf],
    /// Files and folders that rules were read from.
    pub(super) rules: &'p [PathBuf],
    /// Folders of which only their own files were read.
    pub(super) rules_folders: &'p [PathBuf],
}

#[cfg(feature = "tls")]
impl<'p> Paths<'p> {
    /// Files that were named, of any kind.
    pub(super) fn of_named(files: &'p [PathBuf]) -> Self {
        Self {
            protos: files,
            rules: &[],
            rules_folders: &[],
        }
    }
}

impl Snapshot {
    /// Looks at `paths` and everything below them.
    ///
    /// The load reads the files at `since` or later, so a file that changed after that gets no fingerprint. A file whose
    /// stamp is the same as in `before` is not read again.
    pub(super) fn take(paths: Paths<'_>, before: &Self, since: SystemTime) -> Self {
        let mut builder = Builder::new(before, since);
        for path in paths.protos {
            builder.given(path, Kind::Proto);
        }
        for path in paths.rules {
            builder.given(path, Kind::Rules);
        }
        for folder in paths.rules_folders {
            builder.folder_alone(folder);
        }
        builder.snapshot
    }

    /// What [`take`](Self::take) would give if nothing has happened since, but at the paths `touched`: only those files are
    /// looked at, and the ones that may have been half written. `None` if files may have come or gone, or if there are links.
    pub(super) fn touched(&self, touched: &BTreeSet<PathBuf>, since: SystemTime) -> Option<Self> {
        if self.has_links {
            return None;
        }
        let mut again: Vec<(PathBuf, Kind)> = Vec::new();
        for path in touched {
            let now = fs::symlink_metadata(path).ok();
            let is_file = now.as_ref().is_some_and(Metadata::is_file);
            let known = |kind: &Kind| {
                let file = self.files(*kind).get(path.as_os_str());
                file.is_some_and(|file| file.stamp.is_some())
            };
            let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(known).collect();
            if !kinds.is_empty() && is_file {
                again.extend(kinds.into_iter().map(|kind| (path.clone(), kind)));
            } else if !kinds.is_empty() || now.is_some() && !is_file || self.may_concern(path) {
                return None;
            }
        }
        for kind in Kind::ALL {
            let files = self.files(kind).iter();
            let unsettled = files.filter(|(_, file)| !file.is_settled());
            again.extend(unsettled.map(|(path, _)| (PathBuf::from(&**path), kind)));
        }
        let mut builder = Builder::new(self, since);
        builder.snapshot = self.clone();
        for (path, kind) in again {
            Arc::make_mut(builder.files(kind).0).remove(path.as_os_str());
            builder.file(&path, kind);
        }
        Some(builder.snapshot)
    }

    /// Whether something at a path, where no file was, can be of interest.
    fn may_concern(&self, path: &Path) -> bool {
        is_of_interest(path, &self.names) || self.folders.contains(path)
    }

    fn files(&self, kind: Kind) -> &Files {
        match kind {
            Kind::Proto => &self.protos,
            Kind::Rules => &self.rules,
            Kind::Misnamed => &self.misnamed,
        }
    }

    /// Looks at `paths` as [`take`](Self::take) does, and again until no file may be half written, for
    /// [`MAX_SETTLING_TIME`] at most.
    pub(super) fn settled(paths: Paths<'_>, before: &Self) -> Self {
        let give_up = Instant::now() + MAX_SETTLING_TIME;
        let mut snapshot = Self::take(paths, before, moment());
        while !snapshot.is_settled() && Instant::now() < give_up {
            // A writer does not tell when it is done.
            thread::sleep(TICK);
            snapshot = Self::take(paths, &snapshot, moment());
        }
        snapshot
    }

    /// Whether no file was written while it may have been read, or shortly before.
    pub(super) fn is_settled(&self) -> bool {
        let files = self.protos.values().chain(self.rules.values());
        let mut files = files.chain(self.misnamed.values());
        files.all(|file| file.is_settled())
    }

    /// Names that concern a load besides those that [`is_loadable`] knows.
    pub(super) fn names(&self) -> &BTreeSet<OsString> {
        &self.names
    }

    /// The folders in which a change can change this snapshot: those of all files, and those of every symbolic link on
    /// the way to them.
    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    /// Whether the protos are known to be the same as in `other`.
    pub(super) fn has_protos_of(&self, other: &Self) -> bool {
        same(&self.protos, &other.protos, |_| true)
    }

    /// Whether everything is known to be the same as in `other`.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.has_protos_of(other)
            && same(&self.rules, &other.rules, |_| true)
            && same(&self.misnamed, &other.misnamed, |file| {
                file.content != Some(OTHER)
            })
    }
}

/// The content of a file that may be meant as a rules file by its name, and is none.
const OTHER: u64 = 0;

/// Whether the files that count are known to be the same.
fn same(one: &Files, other: &Files, counts: fn(&File) -> bool) -> bool {
    if Arc::ptr_eq(one, other) {
        // Of some it may not be known.
        return one
            .values()
            .filter(|file| counts(file))
            .all(|file| file.equals(*file));
    }
    let mut one = one.iter().filter(|(_, file)| counts(file));
    let mut other = other.iter().filter(|(_, file)| counts(file));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some((one_path, one)), Some((other_path, other)))
                if one_path == other_path && one.equals(*other) => {}
            _ => return false,
        }
    }
}

impl File {
    /// Whether it was not written while it may have been read, or shortly before.
    fn is_settled(self) -> bool {
        self.stamp.is_none() || self.content.is_some()
    }

    fn had_content(self) -> bool {
        self.emptied || self.stamp.is_some_and(|stamp| stamp.size > 0)
    }

    fn equals(self, other: Self) -> bool {
        match (self.stamp, other.stamp) {
            (None, None) => true,
            (Some(_), Some(_)) => self.content.is_some() && self.content == other.content,
            _ => false,
        }
    }
}

/// Whether a file of this name is loaded when it is in a folder that is.
pub(super) fn is_loadable(name: &OsStr) -> bool {
    kind_of(name).is_some() && !name.as_encoded_bytes().starts_with(b".")
}

/// Whether a load may depend on a file of the name that a path ends with. `names` are those of files that it depends on
/// where the names alone do not show it.
pub(super) fn is_of_interest(path: &Path, names: &BTreeSet<OsString>) -> bool {
    path.file_name()
        .is_none_or(|name| is_loadable(name) || names.contains(name))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Proto,
    Rules,
    /// Perhaps meant as one with rules.
    Misnamed,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Proto, Self::Rules, Self::Misnamed];
}

/// The kind of a file in a folder, according to its name. Most are neither.
fn kind_of(name: &OsStr) -> Option<Kind> {
    if is_schema_source(name) {
        Some(Kind::Proto)
    } else if is_rules_file(name) {
        Some(Kind::Rules)
    } else {
        may_be_misnamed(name).then_some(Kind::Misnamed)
    }
}

struct Builder<'b> {
    before: &'b Snapshot,
    since: SystemTime,
    snapshot: Snapshot,
    /// The paths whose symbolic links have been followed.
    followed: BTreeSet<PathBuf>,
    /// Reads each folder once, however many paths lead to it.
    walk: Walk,
}

impl<'b> Builder<'b> {
    fn new(before: &'b Snapshot, since: SystemTime) -> Self {
        Self {
            before,
            since,
            snapshot: Snapshot::default(),
            followed: BTreeSet::new(),
            walk: Walk::default(),
        }
    }

    /// Adds a path that was named: a file of any name, a folder, or a path where nothing is yet.
    fn given(&mut self, path: &Path, kind: Kind) {
        // A bare name has no folder to watch.
        let path = &absolute(path);
        if self.files(kind).0.contains_key(path.as_os_str()) {
            return;
        }
        self.follow(path);
        if let Some(folder) = path.ancestors().skip(1).find(|folder| self.is_folder(folder)) {
            self.snapshot.folders.insert(folder.to_owned());
        }
        if path.is_dir() {
            self.below(path);
        } else {
            self.snapshot.names.extend(path.file_name().map(OsStr::to_owned));
            self.file(path, kind);
        }
    }

    /// Adds the protos and rules files in a folder and below it.
    fn below(&mut self, folder: &Path) {
        let contents = self.walk.below(folder, |name| kind_of(name).is_some());
        self.contents(contents);
    }

    /// Adds the rules files in a folder, without the folders below it.
    fn folder_alone(&mut self, folder: &Path) {
        let folder = &absolute(folder);
        self.follow(folder);
        self.contents(folder::contents_of(folder, |name| {
            matches!(kind_of(name), Some(Kind::Rules | Kind::Misnamed))
        }));
        self.snapshot.folders.insert(folder.to_owned());
    }

    fn contents(&mut self, contents: Contents) {
        for link in &contents.links {
            self.follow(link);
        }
        for file in &contents.files {
            if let Some(kind) = file.file_name().and_then(kind_of) {
                self.file(file, kind);
            }
        }
        self.snapshot.folders.extend(contents.folders);
    }

    fn file(&mut self, path: &Path, kind: Kind) {
        let since = self.since;
        let (files, before) = self.files(kind);
        if files.contains_key(path.as_os_str()) {
            return;
        }
        let metadata = fs::metadata(path).ok();
        // Rules may come from a pipe. Reading that again would wait for a writer, or take what is not ours.
        let is_stream = metadata.as_ref().is_some_and(|metadata| !metadata.is_file());
        let stamp = metadata.map(|metadata| Stamp::of(&metadata));
        let before = before.get(path.as_os_str());
        let known = before.filter(|before| before.stamp == stamp);
        let emptied =
            stamp.is_some_and(|stamp| stamp.size == 0) && before.is_some_and(|before| before.had_content());
        let since = if emptied { since - EMPTIED_TIME } else { since };
        let content = match (stamp, known.and_then(|before| before.content)) {
            (None, _) => None,
            (Some(_), _) if is_stream => Some(0),
            (Some(_), Some(OTHER)) if kind == Kind::Misnamed => Some(OTHER),
            (Some(_), _) if kind == Kind::Misnamed && !is_misnamed(path) => Some(OTHER),
            (Some(stamp), _) if stamp.is_fresh(since) => None,
            (Some(_), Some(content)) => Some(content),
            // A file that cannot be read counts as the same until its stamp changes.
            (Some(_), None) => Some(fs::read(path).map_or(0, |bytes| hash(&bytes))),
        };
        let file = File {
            stamp,
            content,
            emptied,
        };
        Arc::make_mut(files).insert(path.as_os_str().into(), file);
    }

    /// The files of this kind in this snapshot, and in the one before.
    fn files(&mut self, kind: Kind) -> (&mut Files, &Files) {
        let files = match kind {
            Kind::Proto => &mut self.snapshot.protos,
            Kind::Rules => &mut self.snapshot.rules,
            Kind::Misnamed => &mut self.snapshot.misnamed,
        };
        (files, self.before.files(kind))
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.snapshot.folders.contains(path) || path.is_dir()
    }

    /// Adds the folders of the symbolic links on the way to `path`: each link may be changed to lead elsewhere.
    fn follow(&mut self, path: &Path) {
        let Some(folder) = path.parent() else { return };
        if !self.followed.insert(path.to_owned()) {
            return;
        }
        self.follow(folder);
        if let Ok(target) = fs::read_link(path) {
            self.snapshot.has_links = true;
            let target = folder.join(target);
            self.snapshot.folders.insert(folder.to_owned());
            self.snapshot.folders.extend(target.parent().map(Path::to_owned));
            let names = [path, &target].into_iter().filter_map(|path| path.file_name());
            self.snapshot.names.extend(names.map(OsStr::to_owned));
            self.follow(&target);
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
