//! `protod import`: adds the messages of a file to a collection of a running server.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, ValueEnum};
use prost_reflect::{DynamicMessage, Value};

use crate::arguments::admin_client::{AdminTarget, json};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

/// How many bytes of lines one request has, or a little more.
const CHUNK: usize = 64 << 10;

const EXAMPLES: &str = "Examples:
  # What `protod export points --output points.ndjson` has written
  protod import points points.ndjson
  # A table, whose first line has the names of fields
  protod import points points.csv
  # From stdin, into another server
  protod import points - --admin other:9003 < points.ndjson
  # Going on with line 17, which was wrong and has been mended
  protod import points points.ndjson --skip 16";

/// Add messages to a collection of a running server, from a file with one on each line, in JSON or as CSV.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The name of the collection. In one with a key, messages take the places of those with the same keys
    #[arg(value_name = "COLLECTION")]
    collection: String,

    /// The file with the messages, or - for stdin. If a line is wrong, the messages before it are stored
    #[arg(value_name = "FILE")]
    file: String,

    /// What the file is [default: csv if its name ends with .csv, else ndjson]
    #[arg(long, value_enum, env = "PROTOD_FORMAT")]
    format: Option<Format>,

    /// How many lines at the begin of the file to leave out; those with the names of fields count, and are read
    #[arg(long, value_name = "LINES", env = "PROTOD_SKIP", default_value_t = 0)]
    skip: u64,

    /// Into the collection that calls of this session have
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    #[command(flatten)]
    admin: AdminTarget,
}

/// What a file with messages is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A message in JSON on each line
    Ndjson,
    /// A column for each field that the first line names. A cell with nothing in it is a field that is not set
    Csv,
}

impl Import {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let format = self.format();
        let mut lines = Lines {
            data: self.open()?,
            skip: self.skip,
            keeps_next: format == Format::Csv,
            line: 1,
            rest: Vec::new(),
            wrong: None,
        };
        let read_failure: Arc<Mutex<Option<io::Error>>> = Arc::default();
        let noted = Arc::clone(&read_failure);
        let imported = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            let method = admin.method("ImportMessages")?;
            let mut empty = DynamicMessage::new(method.input().clone());
            empty.set_field_by_name("collection", Value::String(self.collection.clone()));
            let session = self.session.as_ref().map(SessionName::as_str).unwrap_or_default();
            empty.set_field_by_name("session", Value::String(session.to_owned()));
            if format == Format::Csv {
                let is_known = empty
                    .try_set_field_by_name("format", Value::EnumNumber(1))
                    .is_ok();
                if !is_known {
                    return Err(Failure::new(
                        "the server is of another version: it imports no CSV",
                    ));
                }
            }
            let mut first = Some(empty.clone());
            let requests = std::iter::from_fn(move || {
                // An empty file names its collection, too.
                if let Some(first) = first.take() {
                    return Some(first);
                }
                match lines.next() {
                    Ok(text) => text.map(|text| {
                        let mut request = empty.clone();
                        request.set_field_by_name("lines", Value::String(text));
                        request
                    }),
                    Err(error) => {
                        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        None
                    }
                }
            });
            let reply = method.client_streaming(tokio_stream::iter(requests)).await;
            let reply = match reply {
                Ok(reply) => json(&reply.message)?,
                Err(status) => return Ok(Err(status)),
            };
            Ok::<_, Failure>(Ok(reply["messages"].as_str().unwrap_or("0").to_owned()))
        })?;
        let failure = read_failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let unreadable = |why: &str| format!("cannot read {}: {why}", self.file);
        match (failure, imported) {
            (None, Ok(imported)) => stdout::print(&format!("imported {imported} messages\n")),
            (None, Err(status)) => Err(Failure::caused("the import was cut off", status)),
            (Some(error), Ok(imported)) => {
                let why = unreadable(&format!("{imported} messages before were imported"));
                Err(Failure::caused(why, error))
            }
            // What was cut off is no message, either.
            (Some(error), Err(status)) => Err(Failure::caused(unreadable(&error.to_string()), status)),
        }
    }

    fn format(&self) -> Format {
        let is_csv = Path::new(&self.file)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let by_name = if is_csv { Format::Csv } else { Format::Ndjson };
        self.format.unwrap_or(by_name)
    }

    fn open(&self) -> Result<Box<dyn BufRead + Send>, Failure> {
        if self.file == "-" {
            return Ok(Box::new(BufReader::new(io::stdin())));
        }
        let file = File::open(&self.file);
        let file = file.map_err(|error| Failure::caused(format!("cannot read {}", self.file), error))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

/// The lines of a file, in parts that are sent.
struct Lines {
    data: Box<dyn BufRead + Send>,
    /// How many lines are left out before those that come.
    skip: u64,
    /// Whether the next line is read though it is among those that are left out.
    keeps_next: bool,
    /// Which line is read.
    line: u64,
    /// The begin of a character.
    rest: Vec<u8>,
    /// Why there are no more.
    wrong: Option<io::Error>,
}

impl Lines {
    /// The next part. A line may go on in the one behind it; lines that are left out are empty, so that the server counts them.
    ///
    /// Fails if the file does, and if it is no text.
    fn next(&mut self) -> io::Result<Option<String>> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let mut part = std::mem::take(&mut self.rest);
        while part.len() < CHUNK {
            let read = match self.data.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read.is_empty() {
                break;
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(read.len(), |end| end + 1);
            let is_left_out = self.skip > 0 && !self.keeps_next;
            match end {
                _ if !is_left_out => part.extend_from_slice(&read[..length]),
                Some(_) => part.push(b'\n'),
                None => {}
            }
            self.data.consume(length);
            if end.is_some() {
                self.skip = self.skip.saturating_sub(1);
                self.keeps_next = false;
            }
        }
        if part.is_empty() {
            return Ok(None);
        }
        self.text(part).map(Some)
    }

    /// Bytes as text. What is no whole character yet comes with the next ones.
    fn text(&mut self, bytes: Vec<u8>) -> io::Result<String> {
        let count = |text: &[u8]| text.split(|byte| *byte == b'\n').count() as u64 - 1;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (is_cut, valid) = (
                    error.utf8_error().error_len().is_none(),
                    error.utf8_error().valid_up_to(),
                );
                let mut bytes = error.into_bytes();
                let rest = bytes.split_off(valid);
                if is_cut && !self.data.fill_buf()?.is_empty() {
                    self.rest = rest;
                } else {
                    let line = self.line + count(&bytes);
                    let why = format!("line {line} is no UTF-8");
                    self.wrong = Some(io::Error::new(io::ErrorKind::InvalidData, why));
                    // Of the lines before it all are read, and of itself nothing.
                    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
                    bytes.truncate(whole.map_or(0, |end| end + 1));
                }
                String::from_utf8(bytes).map_err(io::Error::other)?
            }
        };
        self.line += count(text.as_bytes());
        Ok(text)
    }
}
