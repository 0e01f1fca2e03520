//! Where caches are, when one is written, and which go.
//!
//! A cache is written beside its place and renamed, so that no process sees a part of one, and of two that write the last one
//! stays. Nothing that goes wrong here is an error of the load: the protos are compiled.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::frame::{read_tables, write_tables};
use crate::schema::earlier::Earlier;
use crate::schema::tables::{TableFile, Tables};

/// Fewer files are compiled as fast as a cache of them is written.
const FEWEST_FILES: usize = 100;

/// A cache is written again when one file in so many is not in it as it is now.
const OUTDATED: usize = 100;

/// How many bytes all caches of a folder may take. Those that were used longest ago go first.
const MOST_BYTES: u64 = 512 << 20;

/// A cache that nobody used for so long goes.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// A cache that is still being written after this time never will be.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);

const ENDING: &str = "schema";

/// The cache of one set of inputs.
#[derive(Debug)]
pub(in crate::schema) struct CacheFile {
    path: PathBuf,
    /// What only the same build of protod has.
    writer: Vec<u8>,
    /// The folder in which protod was started.
    current: PathBuf,
}

impl CacheFile {
    /// The cache, in `folder`, of what is made of `inputs` by a program that was started in `current`.
    pub(in crate::schema) fn new(folder: &Path, inputs: impl Hash, current: &Path) -> Self {
        let writer = writer();
        let mut hasher = DefaultHasher::new();
        (&writer, inputs).hash(&mut hasher);
        Self {
            path: folder.join(format!("{:016x}.{ENDING}", hasher.finish())),
            writer,
            current: current.to_owned(),
        }
    }

    /// What was written last, if there is anything.
    pub(in crate::schema) fn read(&self) -> Option<Earlier> {
        // A pipe would be waited for.
        if !fs::metadata(&self.path).ok()?.is_file() {
            return None;
        }
        let file = File::open(&self.path).ok()?;
        let Some(files) = self.read_files(&file) else {
            tracing::debug!("{}: is no cache of this build, or damaged", self.path.display());
            return None;
        };
        // It is used now. In a folder that is for reading only nobody needs to know.
        let _ = file.set_modified(SystemTime::now());
        Some(Earlier::new(Arc::new(Tables::new(files))))
    }

    fn read_files(&self, file: &File) -> Option<Vec<TableFile>> {
        let metadata = file.metadata().ok()?;
        if !is_own(&metadata) || metadata.len() > MOST_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        read_tables(bytes.into(), &self.writer, &self.current)
    }

    /// Writes what was loaded, unless it is small, or there is little of it that was not `cached`.
    pub(in crate::schema) fn keep(&self, tables: &Tables, cached: Option<&Earlier>) {
        let other = cached.map_or(tables.files.len(), |cached| others(tables, cached));
        let is_large = (FEWEST_FILES..).contains(&tables.files.len()) && tables.bytes() as u64 <= MOST_BYTES;
        if !is_large || other * OUTDATED < tables.files.len() {
            return;
        }
        if let Err(error) = self.write(tables) {
            tracing::debug!("{}: the cache is not written: {error}", self.path.display());
        }
    }

    fn write(&self, tables: &Tables) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_folder(folder)?;
        let temporary = self.path.with_extension(temporary_ending());
        let written = new_file(&temporary).and_then(|file| {
            let mut file = BufWriter::with_capacity(1 << 20, file);
            write_tables(tables, &self.writer, &self.current, &mut file)?;
            file.flush()
        });
        let placed = written.and_then(|()| fs::rename(&temporary, &self.path));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        placed?;
        keep_within(folder, MOST_BYTES)
    }
}

/// How many files are not, or not as they are now, in an earlier load.
fn others(tables: &Tables, earlier: &Earlier) -> usize {
    let stamp = |tables: &Tables, place: usize| tables.links[place].text.as_ref().map(|text| text.stamp);
    let files = tables.files.iter().zip(0..);
    let others = files.filter(|(file, place)| {
        let is_same = |then: usize| {
            // What is taken from an earlier load is the same slice.
            earlier.tables.files[then].descriptor.as_ptr() == file.descriptor.as_ptr()
                && stamp(&earlier.tables, then) == stamp(tables, *place)
        };
        !earlier.place_of(&file.name).is_some_and(is_same)
    });
    others.count()
}

/// What only the same build has: the version alone says little of one that is under development.
fn writer() -> Vec<u8> {
    let program = std::env::current_exe().ok();
    let metadata = program.as_ref().and_then(|program| fs::metadata(program).ok());
    let written = metadata.map(|metadata| (metadata.len(), metadata.modified().ok()));
    format!("protod {} {program:?} {written:?}", env!("CARGO_PKG_VERSION")).into_bytes()
}

/// The ending of a file that no other process or thread writes.
fn temporary_ending() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{number}.tmp", std::process::id())
}

/// Removes the caches that were used longest ago until all take no more than `most` bytes, those that nobody has used for long,
/// and what a process left that ended while it wrote.
fn keep_within(folder: &Path, most: u64) -> io::Result<()> {
    let mut caches = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let is_unused_for = |time| used.elapsed().is_ok_and(|since| since > time);
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ENDING) if !is_unused_for(KEPT_FOR) => caches.push((used, metadata.len(), path)),
            Some(ENDING) => remove(&path),
            Some("tmp") if is_unused_for(ABANDONED_AFTER) => remove(&path),
            _ => {}
        }
    }
    caches.sort();
    let mut bytes: u64 = caches.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in caches {
        if bytes <= most {
            break;
        }
        remove(&path);
        bytes -= length;
    }
    Ok(())
}

/// Another process may have removed it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn new_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Whether a cache is one that only this user, or the administrator, can have written.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let others_may_write = metadata.mode() & 0o002 != 0;
    // Where the system does not tell who runs this process, the folder is what keeps others out.
    let own = fs::metadata("/proc/self").ok().map(|process| process.uid());
    !others_may_write && own.is_none_or(|own| [own, 0].contains(&metadata.uid()))
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(not(unix))]
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::{KEPT_FOR, keep_within};

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = [
            ("a.schema", Duration::from_secs(3)),
            ("b.schema", Duration::from_secs(1)),
            ("c.schema", Duration::from_secs(2)),
            ("d.schema", KEPT_FOR + Duration::from_secs(9)),
            ("e.1-1.tmp", Duration::from_hours(2)),
            ("f.1-2.tmp", Duration::from_secs(9)),
            ("other.txt", KEPT_FOR * 2),
        ];
        for (name, age) in files {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).expect("a new file");
            let file = File::options().write(true).open(path).expect("it is there");
            file.set_modified(SystemTime::now() - age).expect("a time");
        }
        keep_within(folder.path(), 250).expect("a folder");
        let left = files.map(|(name, _)| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true, false, false, true, true]);
    }
}
