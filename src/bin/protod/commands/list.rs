//! `protod list`: the services of a server or of protos, or the methods of a service.
//!
//! One name a line, sorted, for scripts. A method is printed as `call` takes it: package.Service/Method.

use clap::Args;

use crate::arguments::source::Source;
use crate::arguments::target::{Target, client_runtime};
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
    /// A server (HOST:PORT, unix:/path, a URL) or protos and descriptor sets, ./proto by default; then a service whose
    /// methods to list
    #[arg(value_name = "ADDR|INPUT… SERVICE")]
    arguments: Vec<String>,

    #[command(flatten)]
    target: Target,
}

impl List {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (source, services) = Source::split(&self.arguments);
        client_runtime()?.block_on(async {
            let names = match services {
                [] => self.services(&source).await?,
                services => self.methods(&source, services).await?,
            };
            let lines: String = names.iter().flat_map(|name| [name, "\n"]).collect();
            stdout::print(&lines)
        })
    }

    /// The services that a server lists, also those that it cannot describe.
    async fn services(&self, source: &Source) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = match source {
            Source::Server(address) if self.target.uses_reflection() => {
                self.target.client(address)?.services().await?
            }
            source => {
                let schema = source.schema(&self.target, &[]).await?;
                schema
                    .pool()
                    .services()
                    .map(|service| service.full_name().to_owned())
                    .collect()
            }
        };
        names.sort();
        Ok(names)
    }

    async fn methods(&self, source: &Source, services: &[String]) -> Result<Vec<String>, Failure> {
        let schema = source.schema(&self.target, services).await?;
        let mut names = Vec::new();
        for name in services {
            let service = schema.pool().get_service_by_name(name.trim_start_matches('.'));
            let service = service.ok_or_else(|| Failure::new(format!("there is no service {name}")))?;
            names.extend(
                service
                    .methods()
                    .map(|method| format!("{}/{}", service.full_name(), method.name())),
            );
        }
        Ok(names)
    }
}
