//! Responses on stdout.
//!
//! Output is buffered, and flushed when no further response is there yet. An `Any` of an unknown type is printed as
//! bytes; its type is remembered, so that the server can be asked for it.

use std::io::{self, BufWriter, StdoutLock, Write as _};

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use protod::Message;
use protod::message::{JsonPrinter, TextPrinter};

use super::ending::Ending;
use super::format::{Format, RECORD_SEPARATOR};
use crate::failure::Failure;
use crate::output::stdout::unwritable;

/// Prints messages, one after the other.
pub(super) struct Output {
    format: Format,
    json: JsonPrinter,
    text: TextPrinter,
    any: MessageDescriptor,
    stdout: BufWriter<StdoutLock<'static>>,
    printed: u64,
    /// Whether something that was printed may not be seen yet.
    unseen: bool,
}

impl Output {
    pub(super) fn new(format: Format, emit_defaults: bool) -> Self {
        // The details that servers send most are those of google.rpc.
        let details = DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET);
        let details = details.expect("tonic-types ships sound descriptors");
        let any = details.get_message_by_name("google.protobuf.Any");
        let json = JsonPrinter::new()
            .pretty(true)
            .emit_defaults(emit_defaults)
            .unknown_any_as_bytes(true);
        let mut output = Self {
            format,
            json,
            text: TextPrinter::new(),
            any: any.expect("google.rpc.Status imports it"),
            stdout: BufWriter::new(io::stdout().lock()),
            printed: 0,
            unseen: false,
        };
        output.learn(DescriptorPool::global());
        output.learn(details);
        output
    }

    /// The message as it is printed.
    pub(super) fn text_of(&mut self, message: &Message) -> Result<String, Failure> {
        match self.format {
            Format::Json => self
                .json
                .print(message)
                .map_err(|error| Failure::caused("the response cannot be printed as JSON", error)),
            Format::Text => self
                .text
                .print(message)
                .map_err(|error| Failure::caused("the response cannot be printed as text", error)),
        }
    }

    /// The types of `Any`s that were not known; each is returned once.
    pub(super) fn new_unknown_types(&mut self) -> Vec<String> {
        match self.format {
            Format::Json => self.json.take_unknown_types(),
            Format::Text => self.text.take_unknown_types(),
        }
    }

    /// Looks up types of `Any`s here too.
    pub(super) fn learn(&mut self, pool: DescriptorPool) {
        self.json.add_pool(pool.clone());
        self.text.add_pool(pool);
    }

    /// The details of a status, each as it is printed.
    pub(super) fn details_of(&mut self, status: &tonic::Status) -> Vec<String> {
        let Ok(status) = tonic_types::pb::Status::decode(status.details()) else {
            return Vec::new();
        };
        let details = status.details.into_iter().map(|detail| {
            let mut any = DynamicMessage::new(self.any.clone());
            any.transcode_from(&detail).map_err(|error| error.to_string())?;
            self.text_of(&any.into()).map_err(|failure| failure.to_string())
        });
        details
            .map(|text| text.unwrap_or_else(|error| format!("the detail cannot be printed: {error}")))
            .collect()
    }

    pub(super) fn print(&mut self, text: &str) -> Result<(), Ending> {
        let separator: &[u8] = match self.format {
            Format::Text if self.printed > 0 => &[RECORD_SEPARATOR],
            _ => &[],
        };
        self.printed += 1;
        self.unseen = true;
        let parts = [separator, text.as_bytes(), b"\n"];
        let written = parts.into_iter().try_for_each(|part| self.stdout.write_all(part));
        written.map_err(failed)
    }

    /// Whether something that was printed may not be seen yet.
    pub(super) fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Hands on what was printed.
    pub(super) fn flush(&mut self) -> Result<(), Ending> {
        self.unseen = false;
        self.stdout.flush().map_err(failed)
    }
}

/// A reader that has gone, such as `head`, is no failure.
fn failed(error: io::Error) -> Ending {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ending::ReaderGone,
        _ => Ending::Here(unwritable(error)),
    }
}
