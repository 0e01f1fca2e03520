//! Which method to call, of which server, with what: the arguments of all commands that call one.

use std::time::Duration;

use clap::Args;

use super::Data;
use crate::Error;
use crate::cli::target::Target;
use crate::client::{Client, ClientBuilder, ClientMethod};

/// A method, and how it is called.
#[derive(Debug, Args)]
pub(in crate::cli) struct CallArguments {
    /// The server: HOST:PORT, unix:/path, or a URL
    #[arg(value_name = "ADDR")]
    pub(in crate::cli) address: String,

    /// The method: package.Service/Method
    #[arg(value_name = "METHOD")]
    pub(in crate::cli) method: String,

    /// The request: JSON, @FILE, or @- for stdin; a stream is any number of messages, one after the other
    /// [default: one empty message, or for a stream none]
    #[arg(short, long, value_name = "DATA", env = "PROTOD_DATA")]
    pub(in crate::cli) data: Option<Data>,

    #[command(flatten)]
    pub(in crate::cli) target: Target,

    /// How long a call may take, as in 5s or 2m
    #[arg(long, value_name = "TIME", env = "PROTOD_DEADLINE")]
    pub(in crate::cli) deadline: Option<humantime::Duration>,

    /// Compress requests with gzip, and take responses that are
    #[arg(long, env = "PROTOD_GZIP")]
    gzip: bool,
}

impl CallArguments {
    /// A client of the server, which learns of the one service that is called.
    pub(in crate::cli) fn client(&self) -> Result<ClientBuilder, Error> {
        self.target.client_for(&self.address, &self.method)
    }

    /// The method, ready to be called.
    pub(in crate::cli) fn method_of(
        &self,
        client: &Client,
        deadline: Option<Duration>,
    ) -> Result<ClientMethod, Error> {
        let mut method = client.method(&self.method)?;
        if self.gzip {
            method = method.gzip();
        }
        if let Some(deadline) = deadline {
            method = method.deadline(deadline);
        }
        Ok(method)
    }
}
