//! What lies on disk: the files that a load depends on, each with a fingerprint, and the folders to watch.
//!
//! Two surveys tell whether anything changed, and whether a proto did. A file is read only when its stamp (time,
//! size, inode) is not that of the survey before, so a survey of thousands of files that nobody touched costs their
//! `stat`s; and one that was touched but has the same content has not changed. A file that was written while it
//! was being loaded has no fingerprint, and counts as changed next time: nothing that is new is taken for known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::folder::{self, Contents, Walk};
use crate::rules::is_rules_file;
use crate::schema::is_schema_source;

/// The clock of file times ticks at least this often.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// The files and folders that a load depends on, as they are at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Survey {
    protos: BTreeMap<PathBuf, File>,
    rules: BTreeMap<PathBuf, File>,
    folders: BTreeSet<PathBuf>,
}

/// A file, or that there is none.
#[derive(Debug, Clone, Copy)]
struct File {
    stamp: Option<Stamp>,
    /// A hash of its bytes; none if they cannot be known to be the ones that were loaded.
    content: Option<u64>,
}

/// What tells without reading that a file was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// When it was last written, renamed or replaced.
    changed: SystemTime,
    size: u64,
    inode: u64,
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

impl Survey {
    /// Looks at `paths` and all that lies below them.
    ///
    /// Contents are loaded not before `since`: a file that changed later has no fingerprint. What `before` knows of a
    /// file whose stamp is the same is not read again.
    pub(super) fn take(paths: Paths<'_>, before: &Self, since: SystemTime) -> Self {
        let mut taker = Taker {
            before,
            since,
            survey: Self::default(),
            followed: BTreeSet::new(),
            walk: Walk::default(),
        };
        for path in paths.protos {
            taker.given(path, Kind::Proto);
        }
        for path in paths.rules {
            taker.given(path, Kind::Rules);
        }
        for folder in paths.rules_folders {
            taker.folder_alone(folder);
        }
        taker.survey
    }

    /// The folders in which a change can be a change of this survey: those of all files, and those of every symbolic
    /// link on the way to them.
    pub(super) fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    /// Whether the protos are known to be those of `other`.
    pub(super) fn has_protos_of(&self, other: &Self) -> bool {
        same(&self.protos, &other.protos)
    }

    /// Whether everything is known to be as in `other`.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.has_protos_of(other) && same(&self.rules, &other.rules)
    }
}

fn same(one: &BTreeMap<PathBuf, File>, other: &BTreeMap<PathBuf, File>) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((one_path, one), (other_path, other))| one_path == other_path && one.is(*other))
}

impl File {
    fn is(self, other: Self) -> bool {
        match (self.stamp, other.stamp) {
            (None, None) => true,
            (Some(_), Some(_)) => self.content.is_some() && self.content == other.content,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Proto,
    Rules,
}

/// What a file in a folder is by its name; most are neither.
fn kind_of(path: &Path) -> Option<Kind> {
    let name = path.file_name()?;
    if is_schema_source(name) {
        Some(Kind::Proto)
    } else {
        is_rules_file(name).then_some(Kind::Rules)
    }
}

struct Taker<'b> {
    before: &'b Survey,
    since: SystemTime,
    survey: Survey,
    /// Whose symbolic links were followed.
    followed: BTreeSet<PathBuf>,
    /// Reads each folder once, however many paths lead to it.
    walk: Walk,
}

impl Taker<'_> {
    /// A path that was named: a file of whatever name, a folder, or nothing yet.
    fn given(&mut self, path: &Path, kind: Kind) {
        if self.files(kind).0.contains_key(path) {
            return;
        }
        self.follow(path);
        if let Some(folder) = path.ancestors().skip(1).find(|folder| self.is_folder(folder)) {
            self.survey.folders.insert(folder.to_owned());
        }
        if path.is_dir() {
            self.below(path);
        } else {
            self.file(path, kind);
        }
    }

    /// All files of interest in a folder and below it.
    fn below(&mut self, folder: &Path) {
        let contents = self.walk.below(folder);
        self.contents(contents, |_| true);
    }

    /// The rules files in a folder, and in none below it.
    fn folder_alone(&mut self, folder: &Path) {
        self.follow(folder);
        self.contents(folder::contents_of(folder), |kind| kind == Kind::Rules);
        self.survey.folders.insert(folder.to_owned());
    }

    fn contents(&mut self, contents: Contents, is_wanted: impl Fn(Kind) -> bool) {
        for link in &contents.links {
            self.follow(link);
        }
        for file in &contents.files {
            if let Some(kind) = kind_of(file).filter(|kind| is_wanted(*kind)) {
                self.file(file, kind);
            }
        }
        self.survey.folders.extend(contents.folders);
    }

    fn file(&mut self, path: &Path, kind: Kind) {
        let since = self.since;
        let (files, before) = self.files(kind);
        if files.contains_key(path) {
            return;
        }
        let stamp = fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata));
        let known = before.get(path).filter(|before| before.stamp == stamp);
        let content = match (stamp, known.and_then(|before| before.content)) {
            (None, _) => None,
            (Some(stamp), _) if stamp.is_fresh(since) => None,
            (Some(_), Some(content)) => Some(content),
            // One that cannot be read is the same until its stamp changes.
            (Some(_), None) => Some(fs::read(path).map_or(0, |bytes| hash(&bytes))),
        };
        files.insert(path.to_owned(), File { stamp, content });
    }

    /// The files of that kind: those looked at, and those of the survey before.
    fn files(&mut self, kind: Kind) -> (&mut BTreeMap<PathBuf, File>, &BTreeMap<PathBuf, File>) {
        match kind {
            Kind::Proto => (&mut self.survey.protos, &self.before.protos),
            Kind::Rules => (&mut self.survey.rules, &self.before.rules),
        }
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.survey.folders.contains(path) || path.is_dir()
    }

    /// Notes the folders of the symbolic links on the way to `path`, each of which may come to lead elsewhere.
    fn follow(&mut self, path: &Path) {
        let Some(folder) = path.parent() else { return };
        if !self.followed.insert(path.to_owned()) {
            return;
        }
        self.follow(folder);
        if let Ok(target) = fs::read_link(path) {
            let target = folder.join(target);
            self.survey.folders.insert(folder.to_owned());
            self.survey.folders.extend(target.parent().map(Path::to_owned));
            self.follow(&target);
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let (changed, inode) = identity(metadata);
        Self {
            changed,
            size: metadata.len(),
            inode,
        }
    }

    /// Whether it is too new to tell that nothing was written after the file was loaded, `since` or later. A time
    /// that is yet to come is another clock's, and tells nothing.
    fn is_fresh(self, since: SystemTime) -> bool {
        self.changed + TICK >= since && self.changed <= since.max(SystemTime::now()) + TICK
    }
}

/// When a file was last changed, and which inode it is. The time of writing can be set to any; the inode's cannot.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (SystemTime, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
    let since = Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
    (SystemTime::UNIX_EPOCH + since, metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> (SystemTime, u64) {
    (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), 0)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use super::{Paths, Survey};

    /// Looks at a folder from a time when its files are old.
    fn later(folder: &Path, before: &Survey) -> Survey {
        take(folder, before, SystemTime::now() + Duration::from_secs(1))
    }

    fn take(folder: &Path, before: &Survey, since: SystemTime) -> Survey {
        let folders = [folder.to_owned()];
        let paths = Paths {
            protos: &folders,
            rules: &folders,
            rules_folders: &[],
        };
        Survey::take(paths, before, since)
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
        let first = later(folder.path(), &Survey::default());
        fs::remove_file(&path).expect("it is there");
        write(folder.path(), "a.proto", "same");
        assert!(later(folder.path(), &first).is(&first));
    }

    #[test]
    fn each_kind_of_change_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let changes: [(&str, Option<&str>, bool); 6] = [
            ("a.proto", Some("2"), false),
            ("b.proto", Some("1"), false),
            ("b.proto", None, false),
            ("buf.yaml", Some("version: v2"), false),
            ("a.rules.yaml", Some("2"), true),
            ("b.rules.json", Some("{}"), true),
        ];
        write(folder.path(), "a.proto", "1");
        write(folder.path(), "a.rules.yaml", "1");
        let mut before = later(folder.path(), &Survey::default());
        for (name, text, same_protos) in changes {
            match text {
                Some(text) => drop(write(folder.path(), name, text)),
                None => fs::remove_file(folder.path().join(name)).expect("it is there"),
            }
            let after = later(folder.path(), &before);
            assert!(!after.is(&before), "{name} {text:?}");
            assert_eq!(after.has_protos_of(&before), same_protos, "{name} {text:?}");
            before = after;
        }
        write(folder.path(), "notes.txt", "nothing to us");
        assert!(later(folder.path(), &before).is(&before));
    }

    #[test]
    fn file_written_while_it_may_have_been_loaded_counts_as_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let began = SystemTime::now();
        write(folder.path(), "a.proto", "fresh");
        let during = take(folder.path(), &Survey::default(), began);
        assert!(!later(folder.path(), &during).is(&during));
        let known = later(folder.path(), &during);
        assert!(later(folder.path(), &known).is(&known));
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
        let survey = later(&input, &Survey::default());
        for folder in ["links", "links/current/protos", "links/current/protos/../../away"] {
            let there = survey.folders().contains(&root.join(folder));
            assert!(there, "{folder} is not in {:?}", survey.folders());
        }
        let before = survey;
        write(&root, "far/away/a.proto", "2");
        assert!(!later(&input, &before).is(&before));
    }
}
