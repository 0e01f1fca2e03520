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
    /// What is no file has no other name until it is whole: a pipe, or a device.
    Straight(PathBuf, File),
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
        if !may_be_replaced(path)? {
            if resumes {
                return Err(Failure::usage(format!(
                    "--resume goes on with a file, and {} is none",
                    path.display()
                )));
            }
            let opened = File::options().write(true).open(path);
            let opened = opened.map_err(|error| unwritable(path, error))?;
            return Ok(Self::Straight(path.to_owned(), opened));
        }
        let part = beside(path, ".part");
        let place = Place::beside(path, export);
        let unwritable = |error| unwritable(&part, error);
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
        !matches!(self, Self::Stdout | Self::Straight(..))
    }

    /// The position of the last message that is in it.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Stdout | Self::Straight(..) => 0,
            Self::File(part) => part.position,
            Self::S3(file) => file.position(),
        }
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let part = match self {
            Self::Stdout => return stdout::write(lines),
            Self::Straight(path, file) => {
                return file.write_all(lines).map_err(|error| unwritable(path, error));
            }
            Self::S3(file) => {
                file.write(lines);
                return Ok(());
            }
            Self::File(part) => part,
        };
        let written = part.file.write_all(lines);
        written.map_err(|error| unwritable(&part.unfinished, error))?;
        part.length += lines.len() as u64;
        Ok(())
    }

    /// Notes that all up to a position is written.
    pub(super) fn note(&mut self, position: u64) -> Result<(), Failure> {
        let part = match self {
            Self::Stdout | Self::Straight(..) => return Ok(()),
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
            Self::Stdout | Self::Straight(..) => return Ok(()),
            Self::S3(file) => return file.end(),
            Self::File(part) => part,
        };
        let named = part
            .file
            .sync_all()
            .and_then(|()| fs::rename(&part.unfinished, &part.path));
        named.map_err(|error| unwritable(&part.path, error))?;
        part.place.remove();
        stdout::print(&format!("wrote {}\n", part.path.display()))
    }
}

/// Whether a file may take the place of what is there. A folder is told of before anything is written.
pub(super) fn may_be_replaced(path: &Path) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(Failure::new(format!(
            "{} is a folder: an export is a file",
            path.display()
        ))),
        Ok(there) => Ok(there.is_file()),
        // What cannot be written is told of when it is.
        Err(_) => Ok(true),
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::caused(format!("cannot write {}", path.display()), error)
}

/// Up to which position a part is whole, and how many bytes these are. Nothing, if there is no part.
fn place_of(place: &Place) -> Result<(u64, u64), Failure> {
    let Some(said) = place.read()? else {
        return Ok((0, 0));
    };
    let numbers = said["position"].as_u64().zip(said["bytes"].as_u64());
    numbers.ok_or_else(|| place.useless())
}
