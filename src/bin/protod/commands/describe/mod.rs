//! `protod describe`: symbols of a server or of protos, as proto text.
//!
//! With `--template` it prints a message to fill in, as JSON, for `protod call -d`.

mod template;

use clap::Args;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use protod::Schema;
use protod::message::JsonPrinter;
use serde_json::json;

use self::template::template;
use crate::arguments::http_rules::HttpRulesArg;
use crate::arguments::source::{Lookup, Source, file_named, unknown};
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  protod describe localhost:9002 proto.StreamService
  # A file, of the protos or of those that come with protod
  protod describe api google/type/money.proto
  # The REST API of protos, as an OpenAPI document
  protod describe --openapi api > openapi.json
  # A request to fill in
  protod describe --template proto.StreamService/List";

/// Print services, methods, messages and other symbols as proto text.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Describe {
    /// A server (HOST:PORT, unix:/path, a URL) or protos and descriptor sets, ./proto by default; then symbols, or
    /// import names of files [default: all services, or the protos if they have none]
    #[arg(value_name = "ADDR|INPUT… SYMBOL…")]
    arguments: Vec<String>,

    /// Print a message to fill in, as JSON: the symbol itself, or the request of a method
    #[arg(long, env = "PROTOD_TEMPLATE")]
    template: bool,

    /// Print the REST API as an OpenAPI 3.1 document, in JSON
    #[arg(long, env = "PROTOD_OPENAPI")]
    openapi: bool,

    #[command(flatten)]
    http_rules: HttpRulesArg,

    /// Print JSON: a list with the name, the kind, the file and the proto text of each symbol
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    lookup: Lookup,
}

impl Describe {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (source, symbols) = Source::split(&self.arguments);
        let schema = client_runtime()?.block_on(source.schema(&self.lookup, &symbols))?;
        if self.openapi {
            if let Some(symbol) = symbols.first() {
                return Err(Failure::usage(format!(
                    "--openapi describes whole protos, and not {symbol} alone"
                )));
            }
            return stdout::print(&self.http_rules.load(&schema)?.openapi());
        }
        let symbols = if symbols.is_empty() {
            everything_of(&schema)
        } else {
            symbols
        };
        // A template is JSON in any case.
        if self.json && !self.template {
            return describe_as_json(&schema, &symbols);
        }
        let mut texts = Vec::new();
        for symbol in &symbols {
            let text = if self.template {
                template_of(&schema, symbol)?
            } else {
                proto_text(&schema, symbol)?
            };
            texts.push(match symbols.len() {
                1 => text,
                // Proto text has the last part of a name only.
                _ => format!("// {symbol}:\n\n{text}"),
            });
        }
        stdout::print(&texts.join("\n"))
    }
}

/// A symbol or a file as proto text.
fn proto_text(schema: &Schema, symbol: &str) -> Result<String, Failure> {
    let file = file_named(schema, symbol);
    let text = schema.proto_text(file.as_ref().map_or(symbol, FileDescriptor::name));
    text.ok_or_else(|| unknown("symbol", symbol, schema))
}

fn describe_as_json(schema: &Schema, symbols: &[String]) -> Result<(), Failure> {
    let mut described = Vec::new();
    for symbol in symbols {
        let text = proto_text(schema, symbol)?;
        let (kind, file) = kind_of(schema, symbol.trim_start_matches('.'));
        described.push(json!({ "symbol": symbol, "kind": kind, "file": file, "text": text }));
    }
    stdout::print(&format!("{:#}\n", json!(described)))
}

/// What a symbol is, and the file that has it; a field, a oneof or an enum value is a member, and in the file of what it is
/// a member of.
fn kind_of(schema: &Schema, symbol: &str) -> (&'static str, Option<String>) {
    let pool = schema.pool();
    let file = |file: FileDescriptor| Some(file.name().to_owned());
    if let Some(found) = file_named(schema, symbol) {
        return ("file", file(found));
    }
    if let Some(service) = pool.get_service_by_name(symbol) {
        return ("service", file(service.parent_file()));
    }
    if let Some(message) = pool.get_message_by_name(symbol) {
        return ("message", file(message.parent_file()));
    }
    if let Some(enumeration) = pool.get_enum_by_name(symbol) {
        return ("enum", file(enumeration.parent_file()));
    }
    if let Some(extension) = pool.get_extension_by_name(symbol) {
        return ("extension", file(extension.parent_file()));
    }
    let Some((parent, _)) = symbol.rsplit_once(['/', '.']) else {
        return ("member", None);
    };
    match kind_of(schema, parent) {
        ("service", file) => ("method", file),
        (_, file) => ("member", file),
    }
}

/// What is described if nothing is named: all services or, where there are none, the files.
fn everything_of(schema: &Schema) -> Vec<String> {
    let services = schema.pool().services();
    let mut names: Vec<_> = services.map(|service| service.full_name().to_owned()).collect();
    names.sort();
    if names.is_empty() {
        let files = schema.files().iter().filter(|file| !file.is_import);
        names.extend(files.map(|file| file.name.clone()));
    }
    names
}

fn template_of(schema: &Schema, symbol: &str) -> Result<String, Failure> {
    let message = message_of(schema, symbol).ok_or_else(|| no_template(schema, symbol))?;
    let mut printer = JsonPrinter::new().pretty(true).emit_defaults(true);
    // The well-known types.
    printer.add_pool(DescriptorPool::global());
    let json = printer.print(&template(&message).into());
    let json = json.map_err(|error| Failure::caused("the template cannot be printed", error))?;
    Ok(json + "\n")
}

/// The message that a symbol names, or the request of a method.
fn message_of(schema: &Schema, symbol: &str) -> Option<MessageDescriptor> {
    let name = symbol.trim_start_matches('.');
    if let Some(message) = schema.pool().get_message_by_name(name) {
        return Some(message);
    }
    let (service, method) = name.rsplit_once(['/', '.'])?;
    let method = schema.method(&format!("{service}/{method}"))?;
    Some(method.input().clone())
}

fn no_template(schema: &Schema, symbol: &str) -> Failure {
    let name = symbol.trim_start_matches('.');
    let kind = if schema.pool().get_service_by_name(name).is_some() {
        "a service"
    } else if schema.pool().get_enum_by_name(name).is_some() {
        "an enum"
    } else {
        return unknown("symbol", symbol, schema);
    };
    Failure::new(format!(
        "{name} is {kind}: a template is for a message, or for what a method takes"
    ))
}
