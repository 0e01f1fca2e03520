//! Which method to call, of which server, with what: the arguments that `call` and `bench` share.
//!
//! A client that is made from them asks reflection for one service only, so that a server with many protos answers
//! quickly.

use std::time::Duration;

use clap::Args;
use protod::client::{Client, ClientBuilder, ClientMethod};
use protod::{Error, Schema};

use super::data::Data;
use super::protocol::ProtocolArguments;
use super::session::SessionName;
use super::target::Target;
use super::time::Time;

/// A method, and how it is called.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// The server: HOST:PORT, unix:/path, or a URL
    #[arg(value_name = "ADDR")]
    pub(crate) address: String,

    /// The method: package.Service/Method
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,

    /// The request: JSON, @FILE, or @- for stdin; for a stream any number of messages, one after the other
    /// [default: one empty message; for a stream, none]
    #[arg(short, long, value_name = "DATA", env = "PROTOD_DATA")]
    pub(crate) data: Option<Data>,

    #[command(flatten)]
    pub(crate) target: Target,

    #[command(flatten)]
    protocol: ProtocolArguments,

    /// How long each call may take, as in 5s or 2m; for `call`, with the reflection before it [default: no limit, and 30s for reflection]
    #[arg(long, value_name = "TIME", env = "PROTOD_DEADLINE", value_parser = Time::parse_positive)]
    pub(crate) deadline: Option<Time>,

    /// The session that the call is of: sent as the metadata protod-session; see `protod sessions`
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// Compress requests with gzip; responses may come compressed in any case
    #[arg(long, env = "PROTOD_GZIP")]
    gzip: bool,
}

impl CallArguments {
    /// A client of the server that knows the one service that is called.
    pub(crate) fn client(&self) -> Result<ClientBuilder, Error> {
        let client = self.target.client_for(&self.address, &self.method)?;
        Ok(self.protocol.client(client))
    }

    /// Another client of the server, which has the schema of the first.
    pub(crate) fn another_client(&self, schema: &Schema) -> Result<ClientBuilder, Error> {
        let client = self.target.client(&self.address)?;
        Ok(self.protocol.client(client).schema(schema.clone()))
    }

    /// The method, ready to be called.
    pub(crate) fn method_of(
        &self,
        client: &Client,
        deadline: Option<Duration>,
    ) -> Result<ClientMethod, Error> {
        let mut method = self.protocol.method(client.method(&self.method)?)?;
        if let Some(session) = &self.session {
            session.insert_into(method.metadata_mut());
        }
        if self.gzip {
            method = method.gzip();
        }
        if let Some(deadline) = deadline {
            method = method.deadline(deadline);
        }
        Ok(method)
    }
}
