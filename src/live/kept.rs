//! [`KeptFolder`]: where rules that are put at run time survive a restart.
//!
//! Each text is a file, `000001.NAME.kept`, with a number that says in which order the names were put. A file is written beside its
//! place and moved there, so that it is whole or not there. Their names are none of rules files: no folder of rules reads them.
//! A lock keeps other servers out, which would number and remove what they do not know of.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::put_set::{MAX_BYTES, PutText};
use crate::error::Error;

/// What the names of its files end with.
const ENDING: &str = ".kept";

/// The file that is locked by the server of the folder.
const LOCK: &str = ".lock";

/// A folder of rules that are kept.
#[derive(Debug)]
pub(super) struct KeptFolder {
    path: PathBuf,
    /// Held until the server ends. `None` where files cannot be locked.
    _lock: Option<File>,
}

impl KeptFolder {
    /// Makes the folder if it is missing.
    ///
    /// Fails if another server has it.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::io(format!("rules cannot be kept in {}", path.display()), error);
        fs::create_dir_all(path).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock(path).map_err(failed)?,
        })
    }

    /// What is kept, in order, and what is told of files that cannot be read.
    pub(super) fn read(&self) -> Result<(Vec<PutText>, Vec<String>), Error> {
        let failed = |error| {
            Error::io(
                format!("the kept rules in {} cannot be read", self.path.display()),
                error,
            )
        };
        let (mut texts, mut unread) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some((number, name)) = path.file_name().and_then(|name| parts(name.to_str()?)) else {
                if path.extension().is_some_and(|ending| ENDING[1..] == *ending) {
                    unread.push(format!(
                        "the kept rules {} are left out: the name of such a file is as 000001.NAME{ENDING}",
                        path.display()
                    ));
                }
                continue;
            };
            match read_text(&path) {
                Ok(yaml) => texts.push(PutText {
                    number,
                    name: name.into(),
                    yaml: yaml.into(),
                    keep: true,
                }),
                Err(error) => unread.push(format!("the kept rules {} are left out: {error}", path.display())),
            }
        }
        texts.sort_by(|one, other| (one.number, &one.name).cmp(&(other.number, &other.name)));
        unread.sort();
        Ok((texts, unread))
    }

    /// Writes a text, or replaces it.
    pub(super) fn write(&self, text: &PutText) -> Result<(), Error> {
        let path = self.path_of(text);
        let beside = self.path.join(format!(".{}.new", text.name));
        let write = || {
            fs::create_dir_all(&self.path)?;
            let mut file = File::create(&beside)?;
            file.write_all(text.yaml.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            // One that could not be read has another number.
            self.remove_all(&text.name, Some(text.number))?;
            self.sync()
        };
        write().map_err(|error| {
            // What is there of it may fill the disk.
            let _ = fs::remove_file(&beside);
            Error::io(format!("{} cannot be written", path.display()), error)
        })
    }

    /// Removes the text of a name, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        let removed = match self.remove_all(name, None) {
            // Whoever removed the folder has removed the text.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.path.exists() => return Ok(()),
            removed => removed.and_then(|()| self.sync()),
        };
        removed.map_err(|error| Error::io(format!("the kept rules {name} cannot be removed"), error))
    }

    /// Removes the files of a name, but for the one with the number of `except`.
    fn remove_all(&self, name: &str, except: Option<u64>) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let parts = path.file_name().and_then(|file| parts(file.to_str()?));
            if parts.is_some_and(|(number, of)| of == name && Some(number) != except) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Waits until the names of the files are written. Where folders cannot be opened, the system does that when it likes.
    fn sync(&self) -> io::Result<()> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        if cfg!(unix) { synced } else { Ok(()) }
    }

    fn path_of(&self, text: &PutText) -> PathBuf {
        self.path
            .join(format!("{:06}.{}{ENDING}", text.number, text.name))
    }
}

/// The number and the name in that of a file.
fn parts(file: &str) -> Option<(u64, &str)> {
    let (number, name) = file.strip_suffix(ENDING)?.split_once('.')?;
    Some((number.parse().ok()?, name))
}

/// Locks a folder for as long as the file is open.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = File::create(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let text = "another server keeps its rules there, and a folder is of one server";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
        }
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        // To read a pipe may never end.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    if metadata.len() > MAX_BYTES as u64 {
        let text = format!("they take more than {MAX_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_cannot_be_written_leaves_nothing_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = KeptFolder::open(folder.path()).expect("opened");
        // Where it should be moved to.
        fs::create_dir(folder.path().join("000001.one.kept")).expect("a new folder");
        let text = PutText {
            number: 1,
            name: "one".into(),
            yaml: "rules: []".into(),
            keep: true,
        };
        assert!(kept.write(&text).expect_err("a folder").is_io());
        assert!(!folder.path().join(".one.new").exists());
    }
}
