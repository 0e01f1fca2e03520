//! `protod export`: the messages of a collection as lines of JSON or CSV, or as a file of SQLite: of a running server, or of the file that one keeps, or has kept.
//!
//! A file is written under another name, with the place up to which it is whole beside it, and gets its name when all is in it. So an
//! export that was cut off is never taken for a whole one, and goes on where it was.

mod format;
mod place;
mod s3;
mod sink;
mod source;
mod sqlite;
mod target;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use protod::{Archive, ArchivedCollection};
use serde_json::{Value, json};

use self::format::Format;
use self::sink::Sink;
use self::source::Source;
use crate::arguments::admin_client::AdminTarget;
use crate::arguments::session::SessionName;
use crate::failure::Failure;
use crate::output::stderr::{say, say_line};
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # All points of a running server, each in JSON on a line
  protod export points
  # Some of them, as CSV
  protod export points --where 'item.value > 3' --output points.csv
  # What a server keeps, or has kept, in ./data
  protod export --list --data-dir data
  protod export points --data-dir data
  # As a table for sqlite3, DuckDB or pandas
  protod export points --output points.sqlite3
  # To a store of objects, as the user of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  protod export points --output s3://archive/points.ndjson --s3-endpoint https://s3.example.com
  # To a file, going on where an export was cut off
  protod export points --output points.ndjson --resume";

/// Write a collection to a file: of a running server, or of the folder where one keeps its collections, or has kept them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// The name of the collection
    #[arg(value_name = "COLLECTION", required_unless_present = "list")]
    collection: Option<String>,

    /// The folder where a server keeps its collections; it need not run [default: a running server is asked]
    #[arg(long, value_name = "DIR", env = "PROTOD_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// List the collections of the folder instead
    #[arg(
        long,
        conflicts_with_all = ["collection", "format", "output", "resume"],
        requires = "data_dir",
        env = "PROTOD_LIST"
    )]
    list: bool,

    /// With --list: print JSON, one object for each collection
    #[arg(long, requires = "list", env = "PROTOD_JSON")]
    json: bool,

    /// What the export is [default: csv if --output ends with .csv, sqlite if with .sqlite, .sqlite3 or .db, else ndjson]
    #[arg(long, value_enum, env = "PROTOD_FORMAT")]
    format: Option<Format>,

    /// The file to write, or s3://BUCKET/KEY; one that exists is replaced [default: stdout]
    #[arg(short, long, value_name = "FILE", env = "PROTOD_OUTPUT")]
    output: Option<PathBuf>,

    /// Where s3:// is: the URL of a store that speaks S3's protocol [default: AWS_ENDPOINT_URL, or that of Amazon for AWS_REGION]
    #[arg(long, value_name = "URL", env = "PROTOD_S3_ENDPOINT")]
    s3_endpoint: Option<String>,

    /// Go on where an export to the same file was cut off
    #[arg(long, requires = "output", env = "PROTOD_RESUME")]
    resume: bool,

    /// Only the messages for which this expression in CEL holds, in which a message is called item; of a running server
    #[arg(long = "where", value_name = "CEL", env = "PROTOD_WHERE")]
    condition: Option<String>,

    /// The collection that calls of this session have; of a running server
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    #[command(flatten)]
    admin: AdminTarget,
}

impl Export {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Some(name) = &self.collection else {
            return self.list();
        };
        let endpoint = self.s3_endpoint.as_deref();
        let format = self
            .format
            .unwrap_or_else(|| Format::of_file(self.output.as_deref()));
        let export = self.told(name, format);
        let mut sink = Sink::open(format, self.output.as_deref(), endpoint, &export, self.resume)?;
        let mut source = self.source(name, sink.position())?;
        sink.begin(name, &source.message)?;
        write(&mut source, &mut sink)?;
        sink.end()
    }

    /// What makes it the export that it is: as another one it does not go on.
    fn told(&self, name: &str, format: Format) -> Value {
        json!({
            "collection": name,
            "format": format.name(),
            "where": self.condition,
            "session": self.session.as_ref().map(SessionName::as_str),
        })
    }

    /// The messages behind a position.
    fn source(&self, name: &str, after: u64) -> Result<Source, Failure> {
        let Some(folder) = &self.data_dir else {
            let (session, condition) = (self.session.as_ref(), self.condition.as_deref());
            return Source::server(&self.admin, name, session, condition, after);
        };
        for (flag, is_given) in [
            ("--where", self.condition.is_some()),
            ("--session", self.session.is_some()),
        ] {
            if is_given {
                return Err(Failure::usage(format!(
                    "{flag} is for a running server: leave out --data-dir and PROTOD_DATA_DIR"
                )));
            }
        }
        Source::file(Archive::open(folder)?, name, after)
    }

    /// Lists what is in the folder.
    fn list(&self) -> Result<(), Failure> {
        let folder = self.data_dir.as_deref().unwrap_or(".".as_ref());
        let collections = Archive::open(folder)?.collections()?;
        if self.json {
            return collections.iter().try_for_each(|collection| {
                let object = json!({
                    "name": collection.name(),
                    "type": collection.message().full_name(),
                    "messages": collection.count(),
                    "bytes": collection.size(),
                });
                stdout::print(&format!("{object}\n"))
            });
        }
        let rows = collections.iter().map(|collection: &ArchivedCollection| {
            [
                collection.name().to_owned(),
                collection.message().full_name().to_owned(),
                collection.count().to_string(),
                collection.size().to_string(),
            ]
        });
        stdout::print(&table(["NAME", "TYPE", "MESSAGES", "BYTES"], rows))
    }
}

/// Writes all messages that are not in the sink yet.
fn write(source: &mut Source, sink: &mut Sink) -> Result<(), Failure> {
    let is_seen = sink.is_file() && io::stderr().is_terminal();
    let (mut messages, mut misfits) = (0, 0);
    while let Some(batch) = source.next()? {
        let written = sink.write(batch)?;
        messages += written.messages;
        misfits += written.misfits;
        if is_seen {
            say(format_args!("\r{messages} of {} messages", source.count));
        }
    }
    if is_seen {
        say("\n");
    }
    if misfits > 0 {
        say_line(format_args!(
            "warning: {misfits} messages do not fit {} and were left out",
            source.message.full_name()
        ));
    }
    Ok(())
}
