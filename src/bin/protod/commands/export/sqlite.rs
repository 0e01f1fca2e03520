//! An export as a file of SQLite, which says itself how far it is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;
use protod::{Archive, ArchiveWriter, ArchivedCollection, Message};

use super::target::beside;
use crate::failure::Failure;
use crate::output::stdout;

/// A file of SQLite of which a part is there.
pub(super) struct SqliteFile {
    /// What it will be called.
    path: PathBuf,
    /// What it is called until then.
    unfinished: PathBuf,
    position: u64,
    /// Open when the type is known.
    writer: Option<ArchiveWriter>,
}

impl SqliteFile {
    pub(super) fn open(path: &Path, resumes: bool) -> Result<Self, Failure> {
        let unfinished = beside(path, ".part");
        let mut position = 0;
        if resumes && unfinished.exists() {
            let known = Archive::open_file(&unfinished)?.collections()?;
            position = known.first().map_or(0, ArchivedCollection::position);
        } else {
            // With what SQLite keeps beside it.
            for ending in ["", "-wal", "-shm"] {
                remove(&beside(&unfinished, ending))?;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            unfinished,
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
        let named = fs::rename(&self.unfinished, &self.path);
        named.map_err(|error| Failure::caused(format!("cannot write {}", self.path.display()), error))?;
        stdout::print(&format!("wrote {}\n", self.path.display()))
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
