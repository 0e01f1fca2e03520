//! How commands reach the admin service of a server, and call it.
//!
//! Requests and answers are JSON, as curl would send and get them; the proto comes by reflection, so a newer service is no
//! hindrance.

use std::time::Duration;

use clap::Args;
use protod::client::{Client, ClientMethod, ConnectFault, Responses};
use protod::message::JsonPrinter;
use protod::{Error, Message};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::admin::{AdminToken, DEFAULT_ADDR};
use super::client_tls::ClientTlsArgs;
use crate::failure::Failure;

/// How many entries of a list are asked for at a time. The service has an upper bound of its own.
const PAGE: u32 = 10_000;

const SERVICE: &str = "protod.admin.v1.AdminService";

/// The admin service to call.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdminTarget {
    /// The admin service of the server: HOST:PORT, unix:/path or a URL, as `protod serve` prints it
    #[arg(
        long = "admin",
        value_name = "ADDR",
        env = "PROTOD_ADMIN_ADDR",
        default_value = DEFAULT_ADDR
    )]
    address: String,

    #[command(flatten)]
    token: AdminToken,

    #[command(flatten)]
    tls: ClientTlsArgs,
}

/// A connection to an admin service.
pub(crate) struct AdminClient {
    client: Client,
}

impl AdminTarget {
    /// Connects, and asks for the proto.
    pub(crate) async fn connect(&self) -> Result<AdminClient, Failure> {
        let mut metadata = MetadataMap::new();
        let token = self.token.read()?;
        let has_token = token.is_some();
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse();
            let value = value.map_err(|_| Failure::new("the admin token is not printable ASCII"))?;
            metadata.insert("authorization", value);
        }
        let mut builder = Client::builder(&self.address).metadata(metadata).symbol(SERVICE);
        if let Some(tls) = self.tls.tls() {
            builder = builder.tls(tls);
        }
        let client = builder.connect().await;
        let client = client.map_err(|error| self.explain(error, has_token))?;
        Ok(AdminClient { client })
    }

    /// What to do where the service is not what was expected at its address.
    fn explain(&self, error: Error, has_token: bool) -> Failure {
        let address = &self.address;
        match error.status().map(Status::code) {
            Some(Code::Unauthenticated) if has_token => Failure::caused(
                format!("the token is not that of the admin service at {address}"),
                error,
            ),
            Some(Code::Unauthenticated) => Failure::caused(
                format!(
                    "the admin service at {address} takes no calls without its token: --admin-token-file FILE"
                ),
                error,
            ),
            _ if error.is_unknown_name() => Failure::caused(
                format!(
                    "there is no admin service at {address}: `protod serve` says where it is, and --admin names it here"
                ),
                error,
            ),
            _ if ConnectFault::of(&error) == Some(ConnectFault::Unreachable) => Failure::caused(
                format!(
                    "nothing listens at {address}: `protod serve` says where its admin service is, and --admin names it here"
                ),
                error,
            ),
            _ => Failure::from(error),
        }
    }
}

impl AdminClient {
    /// Calls a method that answers with a stream.
    pub(crate) async fn watch(&self, method: &str, request: &Value) -> Result<Responses, Failure> {
        let (called, request) = self.prepare(method, request)?;
        let responses = called.server_streaming(request).await;
        responses.map_err(|status| failed(method, status))
    }

    /// Calls a method that answers once.
    pub(crate) async fn call(&self, method: &str, request: &Value) -> Result<Value, Failure> {
        let (called, request) = self.prepare(method, request)?;
        let reply = called.unary(request).await;
        json(&reply.map_err(|status| failed(method, status))?.message)
    }

    /// Calls a method that answers with a list in pages, until it has all of it. The answer is that with the first page, with the
    /// entries of all pages in its field `list`.
    pub(crate) async fn list(&self, method: &str, mut request: Value, list: &str) -> Result<Value, Failure> {
        request["pageSize"] = PAGE.into();
        let mut answer = self.call(method, &request).await?;
        let mut token = answer["nextPageToken"].take();
        while let Some(next) = token.as_str().filter(|next| !next.is_empty()) {
            request["pageToken"] = next.into();
            let mut page = self.call(method, &request).await?;
            if let (Some(all), Some(more)) = (answer[list].as_array_mut(), page[list].as_array_mut()) {
                all.append(more);
            }
            token = page["nextPageToken"].take();
        }
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("nextPageToken");
        }
        Ok(answer)
    }

    /// The newest entries of a list of which each page has older ones than the page before, up to so many.
    pub(crate) async fn newest(
        &self,
        method: &str,
        mut request: Value,
        list: &str,
        most: u32,
    ) -> Result<Value, Failure> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let left = most as usize - found.len();
            request["pageSize"] = left.min(PAGE as usize).into();
            let mut page = self.call(method, &request).await?;
            if let Some(older) = page[list].as_array_mut() {
                found.splice(0..0, older.drain(..));
            }
            request["pageToken"] = page["nextPageToken"].take();
            let is_last = request["pageToken"].as_str().is_none_or(str::is_empty);
            if is_last || found.len() >= most as usize {
                return Ok(json!({ list: found }));
            }
        }
    }

    /// A method of the service.
    pub(crate) fn method(&self, name: &str) -> Result<ClientMethod, Failure> {
        Ok(self.client.method(&format!("{SERVICE}/{name}"))?)
    }

    /// A method of the service, and a request for it.
    fn prepare(&self, method: &str, request: &Value) -> Result<(ClientMethod, Message), Failure> {
        let called = self.method(method)?;
        let request = Message::from_json(called.input().clone(), &request.to_string());
        let request = request.map_err(|error| failed(method, Status::from(error)))?;
        Ok((called, request))
    }
}

/// A time as a request has it in JSON.
pub(crate) fn duration(time: Duration) -> String {
    format!("{}.{:09}s", time.as_secs(), time.subsec_nanos())
}

fn failed(method: &str, status: Status) -> Failure {
    Failure::caused(format!("{method} failed"), status)
}

/// An answer as JSON, with the values that are zero or empty, too.
pub(crate) fn json(message: &Message) -> Result<Value, Failure> {
    let unprintable = |error| Failure::caused("the answer cannot be printed", error);
    let text = JsonPrinter::new()
        .emit_defaults(true)
        .print(message)
        .map_err(unprintable)?;
    serde_json::from_str(&text).map_err(|error| Failure::caused("the answer is no JSON", error))
}
