//! The files of messages that rules name: their texts, and where in them the messages are.
//!
//! A file is ProtoJSON, one message after the other. It is data, as it may have been recorded: it holds constants, and no
//! `${…}`. Each is read once for a load, and its messages are encoded once for each type, however many rules send them.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::error::{Problem, SourceText};
use crate::suggest;

/// A larger file is refused: its messages stay in memory.
const MAX_BYTES: u64 = 64 << 20;

/// The most messages of a file.
const MAX_MESSAGES: usize = 100_000;

/// The messages of a file, as the bytes of a type.
pub(super) type Encoded = Rc<[Vec<u8>]>;

/// The files of messages of one load.
#[derive(Debug, Default)]
pub(in crate::rules) struct MessageFiles {
    files: HashMap<PathBuf, Contents>,
    /// The messages of a file, as bytes of a type; `None` if they do not fit it, which was told.
    pub(super) encoded: HashMap<(PathBuf, String), Option<Encoded>>,
    /// A hash of the files that the rule in hand sends; 0 if it sends none.
    content: u64,
    from: Source,
}

/// Where the files are that rules name.
#[derive(Debug, Default)]
enum Source {
    /// On disk, by names relative to the folder of each rules file.
    #[default]
    BesideRules,
    /// On disk, by names relative to the working directory: the rules are of no file.
    WorkingDirectory,
    /// These are all there are.
    Given(Arc<GivenFiles>),
}

/// Texts by the names of files.
pub(in crate::rules) type GivenFiles = HashMap<PathBuf, String>;

/// What was found where a file should be.
#[derive(Clone, Debug)]
pub(super) enum Contents {
    Messages(Rc<MessageFile>),
    /// No file that can be read: why, and what to do.
    Unreadable(String, String),
    /// A file whose text is not JSON, which was told.
    NotJson,
}

/// One file: its text, and where its messages are in it.
#[derive(Debug)]
pub(super) struct MessageFile {
    pub(super) source: SourceText,
    pub(super) messages: Vec<Range<usize>>,
}

impl MessageFiles {
    /// Those of these texts, and of none on disk.
    pub(in crate::rules) fn given(files: Arc<GivenFiles>) -> Self {
        Self {
            from: Source::Given(files),
            ..Self::default()
        }
    }

    /// Those that rules name which are of no file.
    pub(super) fn of_working_directory() -> Self {
        Self {
            from: Source::WorkingDirectory,
            ..Self::default()
        }
    }

    /// The files that rules name, whether or not there are such files.
    pub(in crate::rules) fn into_paths(self) -> impl Iterator<Item = PathBuf> {
        let paths: BTreeSet<PathBuf> = self.files.into_keys().collect();
        paths.into_iter()
    }

    /// What is at `path`, which the rule in hand sends. What is wrong with its text is told once, when it is read.
    pub(super) fn read(&mut self, path: &Path, problems: &mut Vec<Problem>) -> Contents {
        let contents = self.files.entry(path.to_owned());
        let read = |path: &PathBuf| match read_text(path, &self.from) {
            Ok(text) => found(path, text, problems),
            Err((why, hint)) => Contents::Unreadable(why, hint),
        };
        let contents = contents.or_insert_with_key(read).clone();
        if let Contents::Messages(file) = &contents {
            let mut hasher = DefaultHasher::new();
            (self.content, file.source.text()).hash(&mut hasher);
            self.content = hasher.finish();
        }
        contents
    }

    /// A hash of what the files of one rule hold; it begins anew for the next rule.
    pub(super) fn take_content(&mut self) -> u64 {
        std::mem::take(&mut self.content)
    }
}

/// Finds the messages of a file.
fn found(path: &Path, text: String, problems: &mut Vec<Problem>) -> Contents {
    let source = SourceText::new(path.display().to_string(), text);
    let text = source.text();
    let mut messages = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(value) = values.next() {
        if let Err(error) = value {
            let place = place_of(text, start, error.line(), error.column());
            let message = format!("not JSON: {}", without_place(&error));
            let hint = if text[..place].trim_end().ends_with(',') {
                "leave out the comma before it"
            } else {
                "the file holds JSON: one message, or one after the other"
            };
            problems.push(Problem::at(&source, place..place, message).with_hint(hint));
            return Contents::NotJson;
        }
        let end = values.byte_offset();
        start = end - text[start..end].trim_start().len();
        messages.push(start..end);
        start = end;
        if messages.len() > MAX_MESSAGES {
            let hint = format!("the limit is {MAX_MESSAGES} messages");
            return Contents::Unreadable("has too many messages".to_owned(), hint);
        }
    }
    if messages.is_empty() {
        let hint = "it holds JSON: one message, or one after the other".to_owned();
        return Contents::Unreadable("has no message".to_owned(), hint);
    }
    Contents::Messages(Rc::new(MessageFile { source, messages }))
}

/// The text of a file; an `Err` is why it cannot be read, and what to do.
fn read_text(path: &Path, from: &Source) -> Result<String, (String, String)> {
    if let Source::Given(given) = from {
        let missing = || {
            (
                "is not there".to_owned(),
                "it is not among the files that were published".to_owned(),
            )
        };
        return given.get(path).cloned().ok_or_else(missing);
    }
    let failed = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            ("is not there".to_owned(), near_file(path, from))
        } else {
            (format!("cannot be read: {error}"), "let it be read".to_owned())
        }
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err((
            "is not a regular file".to_owned(),
            "name a file of messages".to_owned(),
        ));
    }
    if metadata.len() > MAX_BYTES {
        return Err((
            "is too large".to_owned(),
            format!("the limit is {} MiB", MAX_BYTES >> 20),
        ));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| ("is not UTF-8 text".to_owned(), "save it as UTF-8".to_owned()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A hint for a file that is not there.
fn near_file(path: &Path, from: &Source) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .flatten();
    let names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let near = suggest::did_you_mean(&name, names.iter().map(String::as_str));
    near.unwrap_or_else(|| {
        let folder = match from {
            Source::WorkingDirectory => "the working directory of the server, for rules that are put",
            Source::BesideRules | Source::Given(_) => "the folder of the rules file",
        };
        format!("names are relative to {folder}")
    })
}

/// The place of a line and a column, both from 1, in a text that begins at `start`.
pub(super) fn place_of(text: &str, start: usize, line: usize, column: usize) -> usize {
    let before: usize = text[start..]
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut place = (start + before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

/// What serde_json says, without the place.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}
