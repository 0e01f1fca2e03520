//! The request messages of a call: read as they come, handed on one at a time.
//!
//! Reading blocks (a terminal, a pipe), so a thread does it and the runtime stays free. A channel holds the few
//! messages between the two, so a producer that is faster than the server waits, and endless data takes no memory.

use std::io::BufRead;
use std::sync::Arc;
use std::thread;

use prost_reflect::DynamicMessage;
use protod::{Message, Method};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::format::{Format, RECORD_SEPARATOR};
use crate::arguments::data::{Data, bad_message, cause_of, messages};
use crate::failure::Failure;

/// How many messages are read ahead of the server.
const READ_AHEAD: usize = 16;

/// The requests of one call.
pub(super) struct Requests {
    /// Ends after the last message, and never if the data is at fault: a half-close would pass for a clean end.
    pub(super) stream: ReceiverStream<Message>,
    /// What is wrong with the data, once that is known; closed when nothing is.
    pub(super) fault: mpsc::Receiver<Fault>,
}

/// Data that cannot be sent, and the sending half of the stream, so that the stream does not end.
pub(super) struct Fault {
    pub(super) failure: Failure,
    _stream: mpsc::Sender<Message>,
}

/// Starts to read the requests of a call. Without data, a method that takes one message is sent an empty one.
pub(super) fn read(data: Option<Data>, format: Format, method: &Arc<Method>) -> Requests {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let (faults, fault) = mpsc::channel(1);
    let method = Arc::clone(method);
    thread::spawn(move || {
        if let Err(failure) = send_all(data.as_ref(), format, &method, &sender) {
            // If nobody listens any more, the call has ended by itself.
            let _ = faults.blocking_send(Fault {
                failure,
                _stream: sender,
            });
        }
    });
    Requests {
        stream: ReceiverStream::new(receiver),
        fault,
    }
}

fn send_all(
    data: Option<&Data>,
    format: Format,
    method: &Method,
    sender: &mpsc::Sender<Message>,
) -> Result<(), Failure> {
    let mut messages: Box<dyn Iterator<Item = Result<Message, Failure>>> = match (data, format) {
        (None, _) => Box::new(std::iter::empty()),
        (Some(data), Format::Json) => Box::new(messages(data.open()?, method)),
        (Some(data), Format::Text) => Box::new(texts(data.open()?, method)),
    };
    if !method.is_client_streaming() {
        let message = messages.next().transpose()?;
        if messages.next().transpose()?.is_some() {
            return Err(Failure::caused(
                format!("the data does not fit {}", method.name()),
                "the method takes one message, and the data has a second one",
            ));
        }
        let message = message.unwrap_or_else(|| DynamicMessage::new(method.input().clone()).into());
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

/// Messages in the text format, with record separators between them.
fn texts(data: impl BufRead, method: &Method) -> impl Iterator<Item = Result<Message, Failure>> {
    let records = data.split(RECORD_SEPARATOR).zip(1..);
    records.map(|(record, number)| {
        let record = record.map_err(|error| bad_message(number, method, error))?;
        let record = String::from_utf8(record).map_err(|error| bad_message(number, method, error))?;
        let message = Message::from_text(method.input().clone(), &record);
        message.map_err(|error| bad_message(number, method, cause_of(error)))
    })
}
