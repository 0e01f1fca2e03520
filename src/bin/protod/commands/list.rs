//! `protod list`: the services of a server or of protos, or the methods of a service.
//!
//! One name a line, sorted, for scripts. A method is printed as `call` takes it: package.Service/Method. As JSON, methods
//! have their types and shapes too.

use clap::Args;
use prost_reflect::MethodDescriptor;
use serde_json::json;

use crate::arguments::source::{Lookup, Source, file_named, unknown};
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  # The services below ./proto
  protod list
  # The methods of a service of a server
  protod list localhost:9002 proto.StreamService";

/// List services, or the methods of one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// A server (HOST:PORT, unix:/path, a URL) or protos and descriptor sets, ./proto by default; then a service, or the
    /// import name of a file, whose methods to list
    #[arg(value_name = "ADDR|INPUT… SERVICE")]
    arguments: Vec<String>,

    /// Print JSON: the names of services, or the names, types and shapes of methods
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    lookup: Lookup,
}

impl List {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (source, names) = Source::split(&self.arguments);
        let printed = client_runtime()?.block_on(async {
            Ok::<_, Failure>(if names.is_empty() {
                self.print_services(self.services(&source).await?)
            } else {
                self.print_methods(&self.methods(&source, &names).await?)
            })
        })?;
        stdout::print(&printed)
    }

    fn print_services(&self, names: Vec<String>) -> String {
        if self.json {
            return format!("{:#}\n", json!({ "services": names }));
        }
        lines(names.iter().map(String::as_str))
    }

    fn print_methods(&self, methods: &[MethodDescriptor]) -> String {
        let name =
            |method: &MethodDescriptor| format!("{}/{}", method.parent_service().full_name(), method.name());
        if !self.json {
            let names: Vec<String> = methods.iter().map(name).collect();
            return lines(names.iter().map(String::as_str));
        }
        let methods = methods.iter().map(|method| {
            json!({
                "name": name(method),
                "input": method.input().full_name(),
                "output": method.output().full_name(),
                "client_streaming": method.is_client_streaming(),
                "server_streaming": method.is_server_streaming(),
            })
        });
        format!("{:#}\n", json!({ "methods": methods.collect::<Vec<_>>() }))
    }

    /// The services that a server lists, also those that it cannot describe.
    async fn services(&self, source: &Source) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = match source {
            Source::Server(address) if self.lookup.target.uses_reflection() => {
                self.lookup.client(address)?.services().await?
            }
            source => {
                let schema = source.schema(&self.lookup, &[]).await?;
                schema.services().map(str::to_owned).collect()
            }
        };
        names.sort();
        Ok(names)
    }

    /// The methods of services, and of those in files.
    async fn methods(&self, source: &Source, names: &[String]) -> Result<Vec<MethodDescriptor>, Failure> {
        let schema = source.schema(&self.lookup, names).await?;
        let mut methods = Vec::new();
        for name in names {
            if let Some(file) = file_named(&schema, name) {
                methods.extend(
                    file.services()
                        .flat_map(|service| service.methods().collect::<Vec<_>>()),
                );
                continue;
            }
            let service = schema.pool().get_service_by_name(name.trim_start_matches('.'));
            let service = service.ok_or_else(|| unknown("service", name, &schema))?;
            methods.extend(service.methods());
        }
        Ok(methods)
    }
}

fn lines<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.flat_map(|name| [name, "\n"]).collect()
}
