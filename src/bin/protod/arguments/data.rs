//! The request messages of `call`, `bench` and `explain`: given as an argument, in a file, or on stdin.
//!
//! All JSON goes through the library's [`JsonReader`], which reads as `Message::from_json` does. Messages are counted
//! from 1 in errors, and the cause has line and column of the data.

use std::error::Error as StdError;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::str::FromStr;

use protod::message::JsonReader;
use protod::{Message, MessageError, Method};

use crate::failure::Failure;

/// Where request messages come from.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl FromStr for Data {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('@') {
            Some("" | "-") => Self::Stdin,
            Some(file) => Self::File(file.into()),
            None => Self::Text(text.to_owned()),
        })
    }
}

impl Data {
    /// All the messages of the data, for `method`.
    pub(crate) fn read_all(&self, method: &Method) -> Result<Vec<Message>, Failure> {
        messages(self.open()?, method).collect()
    }

    /// The text of the data, without a byte order mark.
    pub(crate) fn open(&self) -> Result<Box<dyn BufRead>, Failure> {
        let source: Box<dyn BufRead> = match self {
            Self::Text(text) => Box::new(io::Cursor::new(text.clone())),
            Self::Stdin => Box::new(io::stdin().lock()),
            Self::File(path) => {
                let file = File::open(path);
                let file =
                    file.map_err(|error| Failure::caused(format!("cannot read {}", path.display()), error))?;
                Box::new(BufReader::new(file))
            }
        };
        without_mark(source)
    }
}

/// Takes the byte order mark away that some editors write before UTF-8. With that of UTF-16 the data is none.
///
/// No more is read than tells whether there is one, since a person may be typing.
fn without_mark(mut source: Box<dyn BufRead>) -> Result<Box<dyn BufRead>, Failure> {
    const UTF_8: &[u8] = &[0xef, 0xbb, 0xbf];
    const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
    let mut start = Vec::new();
    let may_be_mark = |start: &[u8]| {
        [UTF_8, UTF_16[0], UTF_16[1]]
            .iter()
            .any(|mark| mark.len() > start.len() && mark.starts_with(start))
    };
    while may_be_mark(&start) {
        let mut byte = [0];
        match source.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => start.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::caused("cannot read the data", error)),
        }
    }
    if UTF_16.contains(&start.as_slice()) {
        return Err(Failure::caused(
            "the data is UTF-16",
            "JSON and the text format are UTF-8: save it as that",
        ));
    }
    if start == UTF_8 {
        start.clear();
    }
    Ok(Box::new(io::Cursor::new(start).chain(source)))
}

/// The messages of JSON, for `method`.
pub(crate) fn messages(data: impl Read, method: &Method) -> impl Iterator<Item = Result<Message, Failure>> {
    let messages = JsonReader::new(method.input().clone(), data).zip(1..);
    messages.map(|(message, number)| message.map_err(|error| bad_message(number, method, cause_of(error))))
}

/// The failure for data that is not a message of the type that a method takes. Messages are counted from 1.
pub(crate) fn bad_message(
    number: usize,
    method: &Method,
    cause: impl Into<Box<dyn StdError + Send + Sync>>,
) -> Failure {
    let name = method.input().full_name();
    Failure::caused(format!("message {number} of the data is not a {name}"), cause)
}

/// What made a message unreadable. That it does not fit its type is left out, since [`bad_message`] says so.
pub(crate) fn cause_of(error: MessageError) -> Box<dyn StdError + Send + Sync> {
    match error.source() {
        Some(source) => source.to_string().into(),
        None => error.into(),
    }
}
