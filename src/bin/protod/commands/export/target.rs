//! Where an export goes.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::place::{Place, beside};
use super::s3::S3File;
use crate::failure::Failure;
use crate::output::stderr::say_line;
use crate::output::stdout;

/// Where an export goes.
pub(super) enum Target {
    Stdout,
    File(Part),
    S3(Box<S3File>),
}

/// A file of which a part is there.
pub(super) struct Part {
    /// What it will be called.
    path: PathBuf,
    /// What it is called until then.
    unfinished: PathBuf,
    /// Says up to which position, and how many bytes.
    place: Place,
    file: File,
    position: u64,
    length: u64,
}

impl Target {
    pub(super) fn stdout() -> Self {
        Self::Stdout
    }

    /// An object of a store.
    pub(super) fn s3(
        url: &str,
        endpoint: Option<&str>,
        export: &Value,
        resumes: bool,
    ) -> Result<Self, Failure> {
        Ok(Self::S3(Box::new(S3File::open(url, endpoint, export, resumes)?)))
    }

    /// A file; one that was cut off goes on if that is wanted.
    pub(super) fn file(path: &Path, export: &Value, resumes: bool) -> Result<Self, Failure> {
        let part = beside(path, ".part");
        let place = Place::beside(path, export);
        let unwritable = |error| Failure::caused(format!("cannot write {}", part.display()), error);
        let (mut position, mut length) = if resumes { place_of(&place)? } else { (0, 0) };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&part);
        let mut file = file.map_err(unwritable)?;
        let there = file.metadata().map_err(unwritable)?.len();
        if there < length {
            say_line(format_args!(
                "warning: {} has {there} of the {length} bytes that it should have: the export begins anew",
                part.display()
            ));
            (position, length) = (0, 0);
        }
        if length == 0 {
            // What was noted of another part is none of this one.
            place.begin()?;
        }
        // What is behind was not noted, and is written again.
        file.set_len(length).map_err(unwritable)?;
        file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        Ok(Self::File(Part {
            path: path.to_owned(),
            unfinished: part,
            place,
            file,
            position,
            length,
        }))
    }

    pub(super) fn is_file(&self) -> bool {
        !matches!(self, Self::Stdout)
    }

    /// The position of the last message that is in it.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Stdout => 0,
            Self::File(part) => part.position,
            Self::S3(file) => file.position(),
        }
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let part = match self {
            Self::Stdout => return stdout::write(lines),
            Self::S3(file) => {
                file.write(lines);
                return Ok(());
            }
            Self::File(part) => part,
        };
        let written = part.file.write_all(lines);
        written
            .map_err(|error| Failure::caused(format!("cannot write {}", part.unfinished.display()), error))?;
        part.length += lines.len() as u64;
        Ok(())
    }

    /// Notes that all up to a position is written.
    pub(super) fn note(&mut self, position: u64) -> Result<(), Failure> {
        let part = match self {
            Self::Stdout => return Ok(()),
            Self::S3(file) => return file.note(position),
            Self::File(part) => part,
        };
        part.position = position;
        part.place
            .note(json!({ "position": position, "bytes": part.length }))
    }

    /// Gives the file its name.
    pub(super) fn end(self) -> Result<(), Failure> {
        let part = match self {
            Self::Stdout => return Ok(()),
            Self::S3(file) => return file.end(),
            Self::File(part) => part,
        };
        let named = part
            .file
            .sync_all()
            .and_then(|()| fs::rename(&part.unfinished, &part.path));
        named.map_err(|error| Failure::caused(format!("cannot write {}", part.path.display()), error))?;
        part.place.remove();
        stdout::print(&format!("wrote {}\n", part.path.display()))
    }
}

/// Up to which position a part is whole, and how many bytes these are. Nothing, if there is no part.
fn place_of(place: &Place) -> Result<(u64, u64), Failure> {
    let Some(said) = place.read()? else {
        return Ok((0, 0));
    };
    let numbers = said["position"].as_u64().zip(said["bytes"].as_u64());
    numbers.ok_or_else(|| place.useless())
}
