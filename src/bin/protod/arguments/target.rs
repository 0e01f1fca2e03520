//! Which server to talk to, how, and where its protos come from: the arguments that `call`, `bench`, `list` and
//! `describe` share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use protod::client::{Client, ClientBuilder};
use protod::{Error, Schema, SchemaBuilder};
use tokio::runtime::Runtime;
use tonic::metadata::MetadataMap;

use super::client_tls::ClientTlsArgs;
use super::header::Header;
use super::schema::Imports;
use crate::failure::Failure;

/// A runtime for one client, on the current thread.
pub(crate) fn client_runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::caused("cannot start the runtime", error))
}

/// A client that connects, and learns the schema, within this time.
pub(crate) fn within(time: Duration, client: ClientBuilder) -> ClientBuilder {
    client
        .connect_timeout(time.min(ClientBuilder::DEFAULT_CONNECT_TIMEOUT))
        .reflection_timeout(time)
}

/// How to reach a server, and where its protos come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// Metadata to send, also with reflection requests; the value of a -bin name is base64; repeatable
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        env = "PROTOD_HEADER"
    )]
    headers: Vec<Header>,

    #[command(flatten)]
    tls: ClientTlsArgs,

    /// The name of the server that requests carry, by which proxies choose one [default: host and port of the address]
    #[arg(long, value_name = "NAME", env = "PROTOD_AUTHORITY")]
    authority: Option<String>,

    /// Protos, descriptor sets or URLs of them to use instead of server reflection; repeatable
    #[arg(long = "proto", value_name = "INPUT", env = "PROTOD_PROTO")]
    protos: Vec<PathBuf>,

    #[command(flatten)]
    imports: Imports,
}

impl Target {
    /// A client of the server at `address`. With protos on the command line it does not use reflection.
    pub(crate) fn client(&self, address: &str) -> Result<ClientBuilder, Error> {
        let mut metadata = MetadataMap::new();
        for header in &self.headers {
            header.append_to(&mut metadata);
        }
        let mut builder = Client::builder(address).metadata(metadata);
        if let Some(tls) = self.tls.tls() {
            builder = builder.tls(tls);
        }
        if let Some(authority) = &self.authority {
            builder = builder.authority(authority);
        }
        if !self.protos.is_empty() {
            builder = builder.schema(self.imports.load(&self.protos)?);
        }
        Ok(builder)
    }

    /// A client that asks reflection for one service only: that of the method.
    pub(crate) fn client_for(&self, address: &str, method: &str) -> Result<ClientBuilder, Error> {
        let builder = self.client(address)?;
        Ok(if self.uses_reflection() {
            builder.symbol(service_of(method))
        } else {
            builder
        })
    }

    /// Whether the server is asked for its protos.
    pub(crate) fn uses_reflection(&self) -> bool {
        self.protos.is_empty()
    }

    /// Loads protos or descriptor sets, and files by their import names.
    pub(crate) fn load<'f>(
        &self,
        inputs: &[PathBuf],
        files: impl Iterator<Item = &'f String>,
    ) -> Result<Schema, Error> {
        files
            .fold(self.imports.builder(inputs)?, SchemaBuilder::import)
            .build()
    }
}

/// `package.Service` of a method written with a slash or a dot.
fn service_of(method: &str) -> &str {
    let method = method.strip_prefix('/').unwrap_or(method);
    let split = method.rsplit_once('/').or_else(|| method.rsplit_once('.'));
    split.map_or(method, |(service, _)| service)
}
