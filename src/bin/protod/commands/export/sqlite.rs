//! An export as a file of SQLite, which says itself how far it is whole.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;
use protod::{Archive, ArchiveWriter, ArchivedCollection, Message};
use serde_json::Value;

use super::place::{Place, beside};
use super::s3::{PART, S3File, name_of};
use super::target::may_be_replaced;
use crate::failure::Failure;
use crate::output::stdout;

/// A file of SQLite of which a part is there.
pub(super) struct SqliteFile {
    goes_to: Goal,
    /// What it is called until it is whole.
    unfinished: PathBuf,
    /// Says of what it is an export.
    place: Place,
    position: u64,
    /// Open when the type is known.
    writer: Option<ArchiveWriter>,
}

/// What becomes of a file that is whole.
enum Goal {
    /// It gets this name.
    Path(PathBuf),
    /// It is uploaded: SQLite writes where it likes in its file, and so to a disk first.
    S3(Box<S3File>),
}

impl SqliteFile {
    pub(super) fn open(path: &Path, export: &Value, resumes: bool) -> Result<Self, Failure> {
        if !may_be_replaced(path)? {
            return Err(Failure::usage(format!(
                "SQLite writes where it likes in a file, and {} is none",
                path.display()
            )));
        }
        Self::to(Goal::Path(path.to_owned()), path, export, resumes)
    }

    /// One that is uploaded when it is whole. An upload that was cut off begins anew, as what came meanwhile may be anywhere in the file.
    pub(super) fn s3(
        url: &str,
        endpoint: Option<&str>,
        export: &Value,
        resumes: bool,
    ) -> Result<Self, Failure> {
        let file = S3File::open(url, endpoint, export, false)?;
        let path = beside(Path::new(name_of(url)), ".upload");
        Self::to(Goal::S3(Box::new(file)), &path, export, resumes)
    }

    fn to(goes_to: Goal, path: &Path, export: &Value, resumes: bool) -> Result<Self, Failure> {
        let unfinished = beside(path, ".part");
        let place = Place::beside(path, export);
        let mut position = 0;
        if resumes && place.read()?.is_some() && unfinished.exists() {
            let known = Archive::open_file(&unfinished)?.collections()?;
            position = known.first().map_or(0, ArchivedCollection::position);
        } else {
            // With what SQLite keeps beside it.
            for ending in ["", "-wal", "-shm"] {
                remove(&beside(&unfinished, ending))?;
            }
            place.begin()?;
        }
        Ok(Self {
            goes_to,
            unfinished,
            place,
            position,
            writer: None,
        })
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn begin(&mut self, name: &str, message: &MessageDescriptor) -> Result<(), Failure> {
        self.writer = Some(ArchiveWriter::open(&self.unfinished, name, message)?);
        Ok(())
    }

    pub(super) fn write(&mut self, messages: &[(u64, Message)]) -> Result<(), Failure> {
        match &mut self.writer {
            Some(writer) if !messages.is_empty() => Ok(writer.append(messages)?),
            _ => Ok(()),
        }
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        if let Some(writer) = self.writer {
            writer.finish()?;
        }
        match self.goes_to {
            Goal::Path(path) => {
                let named = fs::rename(&self.unfinished, &path);
                named.map_err(|error| Failure::caused(format!("cannot write {}", path.display()), error))?;
                stdout::print(&format!("wrote {}\n", path.display()))?;
            }
            Goal::S3(file) => {
                upload(&self.unfinished, *file)?;
                remove(&self.unfinished)?;
            }
        }
        self.place.remove();
        Ok(())
    }
}

/// Uploads a file, a part at a time.
fn upload(path: &Path, mut to: S3File) -> Result<(), Failure> {
    let unreadable = |error| Failure::caused(format!("cannot read {}", path.display()), error);
    let mut file = File::open(path).map_err(unreadable)?;
    loop {
        let mut part = Vec::new();
        let read = (&mut file)
            .take(PART as u64)
            .read_to_end(&mut part)
            .map_err(unreadable)?;
        if read == 0 {
            return to.end();
        }
        to.write(&part);
        to.note(0)?;
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::caused(
            format!("cannot remove {}", path.display()),
            error,
        )),
        _ => Ok(()),
    }
}
