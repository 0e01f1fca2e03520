//! `protod export`: the messages of a collection as lines of JSON or CSV, read beside the server that keeps them, or without one.
//!
//! A file is written under another name, with the place up to which it is whole beside it, and gets its name when all is in it. So an
//! export that was cut off is never taken for a whole one, and goes on where it was.

mod format;
mod target;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use protod::{Archive, ArchivedCollection};
use serde_json::json;

use self::format::{Format, Lines};
use self::target::Target;
use crate::failure::Failure;
use crate::output::stderr::{say, say_line};
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # What a server keeps in ./data
  protod export --list --data-dir data
  # All points, each in JSON on a line
  protod export points --data-dir data
  # As CSV, to a file, going on where an export was cut off
  protod export points --data-dir data --format csv --output points.csv --resume";

/// Write a collection that a server keeps, or has kept, to a file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// The name of the collection
    #[arg(value_name = "COLLECTION", required_unless_present = "list")]
    collection: Option<String>,

    /// The folder where the server keeps its collections
    #[arg(long, value_name = "DIR", env = "PROTOD_DATA_DIR")]
    data_dir: PathBuf,

    /// List the collections instead
    #[arg(long, conflicts_with_all = ["collection", "format", "output", "resume"], env = "PROTOD_LIST")]
    list: bool,

    /// With --list: print JSON, one object for each collection
    #[arg(long, requires = "list", env = "PROTOD_JSON")]
    json: bool,

    /// What the lines are
    #[arg(long, value_enum, default_value_t, env = "PROTOD_FORMAT")]
    format: Format,

    /// The file to write; one that exists is replaced [default: stdout]
    #[arg(short, long, value_name = "FILE", env = "PROTOD_OUTPUT")]
    output: Option<PathBuf>,

    /// Go on where an export to the same file was cut off
    #[arg(long, requires = "output", env = "PROTOD_RESUME")]
    resume: bool,
}

impl Export {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let archive = Archive::open(&self.data_dir)?;
        let collections = archive.collections()?;
        let Some(name) = &self.collection else {
            return self.print(&collections);
        };
        let found = collections.iter().find(|collection| collection.name() == name);
        let collection = found.ok_or_else(|| unknown(name, &collections))?;
        let lines = Lines::new(self.format, collection.message());
        let mut target = match &self.output {
            Some(path) => Target::file(path, self.resume)?,
            None => Target::stdout(),
        };
        write(&archive, collection, lines, &mut target)?;
        target.end()
    }

    fn print(&self, collections: &[ArchivedCollection]) -> Result<(), Failure> {
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
        let rows = collections.iter().map(|collection| {
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

/// Writes all messages that the target does not have.
fn write(
    archive: &Archive,
    collection: &ArchivedCollection,
    mut lines: Lines,
    target: &mut Target,
) -> Result<(), Failure> {
    let is_seen = target.is_file() && io::stderr().is_terminal();
    let (mut position, mut written, mut misfits) = (target.position(), 0_u64, 0_u64);
    if position == 0 {
        target.write(lines.head().as_bytes())?;
    }
    loop {
        let messages = archive.read(collection, position)?;
        let Some(last) = messages.last() else { break };
        position = last.position;
        let mut text = String::new();
        for archived in messages {
            match archived.message {
                Ok(message) => {
                    lines.add(&message, &mut text)?;
                    written += 1;
                }
                Err(_) => misfits += 1,
            }
        }
        target.write(text.as_bytes())?;
        target.note(position)?;
        if is_seen {
            say(format_args!("\r{written} of {} messages", collection.count()));
        }
    }
    if is_seen {
        say("\n");
    }
    if misfits > 0 {
        say_line(format_args!(
            "warning: {misfits} messages do not fit {} and were left out",
            collection.message().full_name()
        ));
    }
    Ok(())
}

fn unknown(name: &str, collections: &[ArchivedCollection]) -> Failure {
    let known: Vec<&str> = collections.iter().map(ArchivedCollection::name).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Failure::new(format!("there is no collection `{name}`: there is {known}"))
}
