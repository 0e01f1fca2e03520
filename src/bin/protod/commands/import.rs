//! `protod import`: adds the messages of a file to a collection of a running server.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use prost_reflect::{DynamicMessage, Value};

use crate::arguments::admin_client::{AdminTarget, json};
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

/// How many bytes of lines one request has, unless a single line has more.
const CHUNK: usize = 64 << 10;

const EXAMPLES: &str = "Examples:
  # What `protod export points --output points.ndjson` has written
  protod import points points.ndjson
  # From stdin, into another server
  protod import points - --admin other:9003 < points.ndjson
  # Going on after line 17, which was wrong
  protod import points points.ndjson --skip 16";

/// Add messages to a collection of a running server, from a file with one in JSON on each line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The name of the collection. In one with a key, messages take the places of those with the same keys
    #[arg(value_name = "COLLECTION")]
    collection: String,

    /// The file with the messages, or - for stdin. If a line is wrong, the messages before it are stored
    #[arg(value_name = "FILE")]
    file: String,

    /// How many lines at the begin of the file to leave out
    #[arg(long, value_name = "LINES", env = "PROTOD_SKIP", default_value_t = 0)]
    skip: u64,

    /// Into the collection that calls of this session have
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Import {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut lines = Lines {
            data: self.open()?,
            skip: self.skip,
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
            let reply = reply.map_err(|status| Failure::caused("the import was cut off", status))?;
            let answer = json(&reply.message)?;
            Ok::<_, Failure>(answer["messages"].as_str().unwrap_or_default().to_owned())
        })?;
        let failure = read_failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failure {
            Some(error) => Err(Failure::caused(
                format!(
                    "cannot read {}: {imported} messages before were imported",
                    self.file
                ),
                error,
            )),
            None => stdout::print(&format!("imported {imported} messages\n")),
        }
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

/// The lines of a file.
struct Lines {
    data: Box<dyn BufRead + Send>,
    /// How many are left out before those that come.
    skip: u64,
}

impl Lines {
    /// The next lines. Those that are left out are empty, so that the server counts them.
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut text = String::new();
        while text.len() < CHUNK {
            let before = text.len();
            if self.data.read_line(&mut text)? == 0 {
                break;
            }
            if self.skip > 0 {
                self.skip -= 1;
                text.truncate(before);
                text.push('\n');
            }
        }
        Ok((!text.is_empty()).then_some(text))
    }
}
