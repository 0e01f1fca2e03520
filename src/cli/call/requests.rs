//! The request messages of a call: read as they come, handed on one at a time.
//!
//! Reading blocks (a terminal, a pipe), so a thread does it and the runtime stays free. A channel holds the few
//! messages between the two, so a producer that is faster than the server waits, and endless data takes no memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;

use prost_reflect::{DynamicMessage, MessageDescriptor};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Format;
use crate::Error;
use crate::message::MAX_DEPTH;
use crate::schema::{Method, first_bracket_below};

/// How many messages are read ahead of the server.
const READ_AHEAD: usize = 16;

/// What parts messages in the text format, as grpcurl has it: ASCII's record separator.
pub(super) const RECORD_SEPARATOR: u8 = 0x1e;

/// Where request messages come from.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Data {
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
    fn open(&self) -> Result<Box<dyn BufRead>, Error> {
        Ok(match self {
            Self::Text(text) => Box::new(io::Cursor::new(text.clone())),
            Self::Stdin => Box::new(io::stdin().lock()),
            Self::File(path) => {
                let file = File::open(path);
                let file =
                    file.map_err(|error| Error::io(format!("cannot read {}", path.display()), error))?;
                Box::new(BufReader::new(file))
            }
        })
    }
}

/// The requests of one call.
pub(super) struct Requests {
    /// Ends after the last message, and never if the data is at fault: a half-close would pass for a clean end.
    pub(super) stream: ReceiverStream<DynamicMessage>,
    /// What is wrong with the data, once that is known; closed when nothing is.
    pub(super) failure: mpsc::Receiver<Failure>,
}

/// Data that cannot be sent, and the sending half of the stream, so that the stream does not end.
pub(super) struct Failure {
    pub(super) error: Error,
    _stream: mpsc::Sender<DynamicMessage>,
}

/// Starts to read the requests of a call to `method`. Without data, a method that takes one message is sent an empty one.
pub(super) fn read(data: Option<Data>, format: Format, method: &Method) -> Requests {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let (failed, failure) = mpsc::channel(1);
    let reader = Reader::new(format, method);
    thread::spawn(move || {
        if let Err(error) = reader.send_all(data.as_ref(), &sender) {
            // Where nobody listens any more, the call has ended by itself.
            let _ = failed.blocking_send(Failure {
                error,
                _stream: sender,
            });
        }
    });
    Requests {
        stream: ReceiverStream::new(receiver),
        failure,
    }
}

/// All the messages of the data, for `method`.
pub(in crate::cli) fn read_all(data: &Data, method: &Method) -> Result<Vec<DynamicMessage>, Error> {
    let reader = Reader::new(Format::Json, method);
    reader.json(data.open()?).collect()
}

struct Reader {
    format: Format,
    descriptor: MessageDescriptor,
    /// Whether the method takes just one message.
    single: bool,
    method: String,
}

impl Reader {
    fn new(format: Format, method: &Method) -> Self {
        Self {
            format,
            descriptor: method.input().clone(),
            single: !method.is_client_streaming(),
            method: method.name().to_owned(),
        }
    }

    fn send_all(&self, data: Option<&Data>, sender: &mpsc::Sender<DynamicMessage>) -> Result<(), Error> {
        let mut messages: Box<dyn Iterator<Item = Result<DynamicMessage, Error>>> = match (data, self.format)
        {
            (None, _) => Box::new(std::iter::empty()),
            (Some(data), Format::Json) => Box::new(self.json(data.open()?)),
            (Some(data), Format::Text) => Box::new(self.text(data.open()?)),
        };
        if self.single {
            let message = messages.next().transpose()?;
            if messages.next().transpose()?.is_some() {
                let action = format!("the data does not fit {}", self.method);
                let why = "the method takes one message, and the data has a second one";
                return Err(Error::io(action, io::Error::new(io::ErrorKind::InvalidData, why)));
            }
            let message = message.unwrap_or_else(|| DynamicMessage::new(self.descriptor.clone()));
            let _ = sender.blocking_send(message);
            return Ok(());
        }
        for message in messages {
            if sender.blocking_send(message?).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Messages one after the other, with or without white space between them. A message ends with its last brace,
    /// so one that a person has typed is on its way before the next is begun.
    fn json(&self, data: impl Read) -> impl Iterator<Item = Result<DynamicMessage, Error>> {
        let mut deserializer = serde_json::Deserializer::from_reader(data);
        let mut number = 0;
        std::iter::from_fn(move || {
            if deserializer.end().is_ok() {
                return None;
            }
            number += 1;
            let message = DynamicMessage::deserialize(self.descriptor.clone(), &mut deserializer);
            Some(message.map_err(|error| self.misfit(number, error)))
        })
    }

    /// Messages with record separators between them.
    fn text(&self, data: impl BufRead) -> impl Iterator<Item = Result<DynamicMessage, Error>> {
        let records = data.split(RECORD_SEPARATOR).enumerate();
        records.map(|(index, record)| {
            let number = index + 1;
            let record = record.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
            let record = record.map_err(|error| self.misfit(number, error))?;
            // The parser recurses without a limit.
            if let Some(at) = first_bracket_below(&record, MAX_DEPTH as usize) {
                let why = format!("brackets nest more than {MAX_DEPTH} levels deep at byte {at}");
                return Err(self.misfit(number, why));
            }
            let message = DynamicMessage::parse_text_format(self.descriptor.clone(), &record);
            message.map_err(|error| self.misfit(number, error))
        })
    }

    fn misfit(&self, number: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let action = format!(
            "message {number} of the data is not a {}",
            self.descriptor.full_name()
        );
        Error::io(action, io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
