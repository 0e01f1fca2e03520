//! What takes the messages of an export: lines that go somewhere, or a file of SQLite.

use std::path::Path;

use prost_reflect::MessageDescriptor;
use protod::message::{LineFormat, MessageLines};
use serde_json::Value;

use super::format::Format;
use super::source::Batch;
use super::sqlite::SqliteFile;
use super::target::Target;
use crate::failure::Failure;

/// What takes messages.
pub(super) enum Sink {
    Lines {
        target: Target,
        format: LineFormat,
        /// Made when the type is known.
        lines: Option<MessageLines>,
    },
    Sqlite(SqliteFile),
}

impl Sink {
    /// What writes a format to a file, or to stdout; a file that was cut off goes on if that is wanted.
    pub(super) fn open(
        format: Format,
        output: Option<&Path>,
        endpoint: Option<&str>,
        export: &Value,
        resumes: bool,
    ) -> Result<Self, Failure> {
        let url = output
            .and_then(Path::to_str)
            .filter(|output| output.starts_with("s3://"));
        let format = match (format, output) {
            (Format::Ndjson, _) => LineFormat::Ndjson,
            (Format::Csv, _) => LineFormat::Csv,
            (Format::Sqlite, Some(path)) => {
                return match url {
                    Some(url) => SqliteFile::s3(url, endpoint, export, resumes),
                    None => SqliteFile::open(path, export, resumes),
                }
                .map(Self::Sqlite);
            }
            (Format::Sqlite, None) => {
                return Err(Failure::usage("a file of SQLite needs a name: --output FILE"));
            }
        };
        let target = match (url, output) {
            (Some(url), _) => Target::s3(url, endpoint, export, resumes)?,
            (None, Some(path)) => Target::file(path, export, resumes)?,
            (None, None) => Target::stdout(),
        };
        Ok(Self::Lines {
            target,
            format,
            lines: None,
        })
    }

    /// The position of the last message that is in it.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Lines { target, .. } => target.position(),
            Self::Sqlite(file) => file.position(),
        }
    }

    /// Whether a terminal is free to say how far it is.
    pub(super) fn is_file(&self) -> bool {
        match self {
            Self::Lines { target, .. } => target.is_file(),
            Self::Sqlite(_) => true,
        }
    }

    /// Begins with messages of this type.
    pub(super) fn begin(&mut self, name: &str, message: &MessageDescriptor) -> Result<(), Failure> {
        match self {
            Self::Lines {
                target,
                format,
                lines,
            } => {
                let lines = lines.insert(MessageLines::new(*format, message));
                if target.position() == 0 {
                    target.write(lines.head().as_bytes())?;
                }
                Ok(())
            }
            Self::Sqlite(file) => file.begin(name, message),
        }
    }

    /// Writes messages, and returns how many they were.
    pub(super) fn write(&mut self, batch: Batch) -> Result<Written, Failure> {
        let (position, all) = (batch.position, batch.messages.len() as u64);
        let fit = batch.messages.into_iter();
        let fit: Vec<_> = fit
            .filter_map(|(position, message)| Some((position, message?)))
            .collect();
        let written = Written {
            messages: fit.len() as u64,
            misfits: all - fit.len() as u64,
        };
        match self {
            Self::Lines { target, lines, .. } => {
                let mut text = String::new();
                for (position, message) in &fit {
                    let added = lines.as_mut().map(|lines| lines.add(message, &mut text));
                    added.unwrap_or(Ok(())).map_err(|error| {
                        Failure::caused(
                            format!("the message at position {position} has no such form"),
                            error,
                        )
                    })?;
                }
                target.write(text.as_bytes())?;
                target.note(position)?;
            }
            Self::Sqlite(file) => file.write(&fit)?,
        }
        Ok(written)
    }

    /// Gives what was written its name.
    pub(super) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Lines { target, .. } => target.end(),
            Self::Sqlite(file) => file.end(),
        }
    }
}

/// How much was written of a batch.
pub(super) struct Written {
    pub(super) messages: u64,
    /// Those that do not fit the type.
    pub(super) misfits: u64,
}
