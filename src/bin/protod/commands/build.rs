//! `protod build`: protos as a descriptor set, for other programs.
//!
//! A set can be read alone, by `protod serve` too. So imports are in it unless they are left out on purpose.

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use prost_reflect::{DescriptorPool, DynamicMessage};
use protod::Schema;
use protod::message::JsonPrinter;

use crate::arguments::schema::Imports;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  # For grpcurl -protoset api.binpb, and for others
  protod build api -o api.binpb
  # One proto alone, with its comments, as JSON
  protod build api/shop.proto --exclude-imports --source-info --json -o -";

/// The message that is written.
const SET: &str = "google.protobuf.FileDescriptorSet";

/// Write protos as a descriptor set, for other programs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Build {
    /// A .proto file, a folder of them, a descriptor set, a server whose reflection has
    /// the protos (grpc:// or grpcs://HOST:PORT), or the https:// URL of a descriptor set; repeatable
    #[arg(value_name = "INPUT", env = "PROTOD_INPUT", default_value = "./proto")]
    inputs: Vec<PathBuf>,

    /// The file to write, or - for stdout; one that exists is replaced
    #[arg(short, long, value_name = "FILE", env = "PROTOD_OUTPUT")]
    output: PathBuf,

    /// Leave out the files that the inputs import and that are none themselves
    #[arg(long, env = "PROTOD_EXCLUDE_IMPORTS")]
    exclude_imports: bool,

    /// Write the comments and the places of all definitions, too
    #[arg(long, visible_alias = "include_source_info", env = "PROTOD_SOURCE_INFO")]
    source_info: bool,

    /// Write JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    imports: Imports,
}

impl Build {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let schema = self.imports.load(&self.inputs)?;
        let set = schema
            .descriptor_set()
            .imports(!self.exclude_imports)
            .source_info(self.source_info)
            .encode();
        let set = if self.json {
            json(&schema, &set)?.into()
        } else {
            set
        };
        if self.output == Path::new("-") {
            return stdout::write(&set);
        }
        let unwritable = |error| Failure::caused(format!("cannot write {}", self.output.display()), error);
        fs::write(&self.output, &set).map_err(unwritable)?;
        stdout::print(&format!("wrote {}\n", self.output.display()))
    }
}

/// The set as JSON, with the options that the protos define.
fn json(schema: &Schema, set: &[u8]) -> Result<String, Failure> {
    let pools = [schema.pool().clone(), DescriptorPool::global()];
    let descriptor = pools.iter().find_map(|pool| pool.get_message_by_name(SET));
    let descriptor = descriptor.expect("it is one of the well-known types");
    let unprintable =
        |error: Box<dyn StdError + Send + Sync>| Failure::caused("the set cannot be written as JSON", error);
    let message = DynamicMessage::decode(descriptor, set);
    let message = message.map_err(|error| unprintable(error.into()))?;
    let mut printer = JsonPrinter::new().pretty(true);
    for pool in pools {
        printer.add_pool(pool);
    }
    let json = printer.print(&message.into());
    Ok(json.map_err(|error| unprintable(error.into()))? + "\n")
}
