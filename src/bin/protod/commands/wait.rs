//! `protod wait`: until a server is ready, or until what was saved is live.
//!
//! There is nothing to be told by before a server listens, so until then its address is tried again and again. After that the
//! server says when: a check of the health service `protod.reload` is answered when everything that was saved before it is
//! loaded, or refused.

use std::time::{Duration, Instant};

use clap::Args;
use protod::client::{Client, ClientBuilder, ConnectFault};
use protod::{Error, Message, Schema};
use tonic::{Code, Status};

use crate::arguments::client_tls::ClientTlsArgs;
use crate::arguments::target::client_runtime;
use crate::arguments::time::Time;
use crate::failure::Failure;

/// How long an address that does not answer is left alone.
const PAUSE: Duration = Duration::from_millis(50);

/// The part of grpc.health.v1 that is asked for, which many servers do not describe by reflection.
const HEALTH: &str = r#"syntax = "proto3";
package grpc.health.v1;
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}"#;

/// The health service of protod's reloads.
const RELOAD: &str = protod::live::RELOAD;

const EXAMPLES: &str = "Examples:
  # In a script that has started a server: go on when it answers
  protod wait localhost:9002
  # After a save: until it is live, with exit code 1 if it was refused
  protod wait localhost:9002 --timeout 5s";

/// Wait until a server is ready, and what was saved is live.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Wait {
    /// The server: HOST:PORT, unix:/path or a URL
    #[arg(value_name = "ADDR")]
    address: String,

    /// How long to wait
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_TIMEOUT",
        default_value_t = Time(Duration::from_secs(30)),
        value_parser = Time::parse_positive
    )]
    timeout: Time,

    #[command(flatten)]
    tls: ClientTlsArgs,
}

/// What a server says of itself.
enum Health {
    Serving,
    NotServing,
    /// It has no such service, or no health service at all.
    Unknown,
}

impl Wait {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        client_runtime()?.block_on(self.wait())
    }

    async fn wait(&self) -> Result<(), Failure> {
        let end = Instant::now() + self.timeout.0;
        let schema = Schema::from_source("grpc/health/v1/health.proto", HEALTH)?;
        let client = loop {
            let late = match self.ready(&schema, end).await {
                Ok(Some(client)) => break client,
                Ok(None) => Failure::new("its health service says NOT_SERVING"),
                // A wrong address, or a wrong file, does not become right.
                Err(Failure::Library(error)) if !is_passing(&error) => return Err(error.into()),
                Err(failure) if wants_credentials(&failure) => return Err(failure),
                Err(failure) => failure,
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = format!("{} was not ready within {}", self.address, self.timeout);
                let causes: Vec<String> = std::iter::once(late.to_string()).chain(late.causes()).collect();
                return Err(Failure::caused(text, causes.join(": ")));
            }
            tokio::time::sleep(PAUSE.min(left)).await;
        };
        let reloaded = check(&client, RELOAD, end).await;
        match reloaded
            .map_err(|status| Failure::caused("the server does not say whether it has reloaded", status))?
        {
            Health::Serving | Health::Unknown => Ok(()),
            Health::NotServing => Err(Failure::new(
                "what was saved is wrong: the server's log has the reasons, and it goes on with what it had",
            )),
        }
    }

    /// A client of a server that serves. `None` if it says that it does not.
    async fn ready(&self, schema: &Schema, end: Instant) -> Result<Option<Client>, Failure> {
        let left = end.saturating_duration_since(Instant::now());
        let client = self.client(schema).connect_timeout(left.max(PAUSE));
        let client = client.connect().await?;
        match check(&client, "", end).await {
            Ok(Health::Serving | Health::Unknown) => Ok(Some(client)),
            Ok(Health::NotServing) => Ok(None),
            Err(status) => Err(Failure::caused(
                format!("{} does not say whether it is ready", self.address),
                status,
            )),
        }
    }

    fn client(&self, schema: &Schema) -> ClientBuilder {
        let mut builder = Client::builder(&self.address).schema(schema.clone());
        if let Some(tls) = self.tls.tls() {
            builder = builder.tls(tls);
        }
        builder
    }
}

/// Whether the reason for which a connection failed may be gone in a moment.
fn is_passing(error: &Error) -> bool {
    matches!(
        ConnectFault::of(error),
        Some(ConnectFault::Unreachable | ConnectFault::UnknownHost | ConnectFault::HungUp)
    ) || error.status().is_some()
}

/// Whether the server does not answer those who bring no credentials, which this command has none of.
fn wants_credentials(failure: &Failure) -> bool {
    let status = match failure {
        Failure::Library(error) => error.status(),
        Failure::Command { cause, .. } => cause.as_ref().and_then(|cause| cause.downcast_ref()),
        Failure::Usage(_) => None,
    };
    status.is_some_and(|status: &Status| {
        matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied)
    })
}

/// What the health service says.
async fn check(client: &Client, service: &str, end: Instant) -> Result<Health, Status> {
    let method = client.method("grpc.health.v1.Health/Check");
    let method = method.map_err(|error| Status::internal(error.to_string()))?;
    let left = end.saturating_duration_since(Instant::now()).max(PAUSE);
    let request = serde_json::json!({ "service": service }).to_string();
    let request = Message::from_json(method.input().clone(), &request)?;
    match method.deadline(left).unary(request).await {
        Ok(reply) => Ok(match reply.message.get("status")?.as_enum_number() {
            Some(1) => Health::Serving,
            Some(3) => Health::Unknown,
            _ => Health::NotServing,
        }),
        Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => Ok(Health::Unknown),
        Err(status) => Err(status),
    }
}
