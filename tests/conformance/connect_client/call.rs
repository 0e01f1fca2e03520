//! One call of the suite: what is sent and when, when it is cancelled, and what came of it.

use std::error::Error;
use std::time::Duration;

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use protod::client::{ClientMethod, ClientTls, Codec, HttpVersion, Protocol};
use protod::{Client, Message, Responses, Schema};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::suite::{Fields as _, add_metadata, headers_of, new_any, new_message};

/// What the suite's enums call things, by number.
const HTTP_1: i32 = 1;
const CONNECT: i32 = 1;
const GRPC: i32 = 2;
const JSON: i32 = 2;
const FULL_DUPLEX: i32 = 5;

/// Makes a call, and returns its `ClientResponseResult`. Fails if it cannot be made as it is asked for.
pub(crate) async fn call(schema: &Schema, asked: &DynamicMessage) -> Result<DynamicMessage, Box<dyn Error>> {
    let client = connect(schema, asked).await?;
    let method = method(&client, asked)?;
    let mut requests = Vec::new();
    for any in asked.messages("request_messages") {
        requests.push(Message::decode(schema, method.input(), any.bytes("value"))?);
    }
    let course = Course {
        delay: Duration::from_millis(asked.unsigned("request_delay_ms").into()),
        is_full_duplex: number(asked, "stream_type") == FULL_DUPLEX,
        cancel: Cancel::of(asked),
    };
    let mut outcome = Outcome::default();
    let ended = course.run(&method, requests, &mut outcome).await;
    if ended.is_err() && !method.method().is_server_streaming() {
        // As `ClientMethod::unary` and `client_streaming` have it.
        outcome.payloads.clear();
    }
    Ok(outcome.result(schema, ended))
}

/// A client of the server that the runner has started.
async fn connect(schema: &Schema, asked: &DynamicMessage) -> Result<Client, Box<dyn Error>> {
    let address = format!("{}:{}", asked.text("host"), asked.unsigned("port"));
    let mut client = Client::builder(address)
        .schema(schema.clone())
        .protocol(match number(asked, "protocol") {
            CONNECT => Protocol::Connect,
            GRPC => Protocol::Grpc,
            _ => Protocol::GrpcWeb,
        })
        .codec(if number(asked, "codec") == JSON {
            Codec::Json
        } else {
            Codec::Proto
        })
        .http_version(if number(asked, "http_version") == HTTP_1 {
            HttpVersion::Http1
        } else {
            HttpVersion::Http2
        });
    if let limit @ 1.. = asked.unsigned("message_receive_limit") {
        client = client.max_receive_size(limit as usize);
    }
    let folder = tempfile::tempdir()?;
    let write = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).map(|()| path)
    };
    let certificate = asked.bytes("server_tls_cert");
    if !certificate.is_empty() {
        let mut tls = ClientTls::new().ca(write("ca.pem", &certificate)?);
        if let Some(credentials) = asked.message("client_tls_creds") {
            let certificate = write("client.pem", &credentials.bytes("cert"))?;
            tls = tls.identity(certificate, write("client.key", &credentials.bytes("key"))?);
        }
        client = client.tls(tls);
    }
    Ok(client.connect().await?)
}

fn method(client: &Client, asked: &DynamicMessage) -> Result<ClientMethod, Box<dyn Error>> {
    let name = format!("{}/{}", asked.text("service"), asked.text("method"));
    let mut method = client.method(&name)?;
    add_metadata(method.metadata_mut(), &asked.messages("request_headers"))?;
    if asked.has_field_by_name("timeout_ms") {
        method = method.deadline(Duration::from_millis(asked.unsigned("timeout_ms").into()));
    }
    method = match number(asked, "compression") {
        2 => method.gzip(),
        4 => method.zstd(),
        5 => method.deflate(),
        _ => method,
    };
    if asked.boolean("use_get_http_method") {
        method = method.http_get()?;
    }
    Ok(method)
}

/// When a call is cancelled.
#[derive(Debug, Clone, Copy)]
enum Cancel {
    Never,
    BeforeEnd,
    AfterEnd(Duration),
    AfterResponses(usize),
}

impl Cancel {
    fn of(asked: &DynamicMessage) -> Self {
        let Some(cancel) = asked.message("cancel") else {
            return Self::Never;
        };
        if cancel.has_field_by_name("before_close_send") {
            return Self::BeforeEnd;
        }
        match cancel.unsigned("after_num_responses") {
            0 => Self::AfterEnd(Duration::from_millis(
                cancel.unsigned("after_close_send_ms").into(),
            )),
            number => Self::AfterResponses(number as usize),
        }
    }
}

/// What a call does.
struct Course {
    /// Before each request.
    delay: Duration,
    /// Whether each request is sent when the one before has been answered.
    is_full_duplex: bool,
    cancel: Cancel,
}

/// What came of a call.
#[derive(Debug, Default)]
struct Outcome {
    headers: MetadataMap,
    payloads: Vec<Value>,
    trailers: MetadataMap,
    unsent: usize,
}

impl Course {
    async fn run(
        &self,
        method: &ClientMethod,
        requests: Vec<Message>,
        outcome: &mut Outcome,
    ) -> Result<(), Status> {
        let (sender, receiver) = mpsc::channel(1);
        let mut responses = method.call(ReceiverStream::new(receiver)).await?;
        let number = requests.len();
        for (index, request) in requests.into_iter().enumerate() {
            sleep(self.delay).await;
            if sender.send(request).await.is_err() {
                outcome.unsent = number - index;
                break;
            }
            if self.is_full_duplex && !self.receive(&mut responses, outcome).await? {
                break;
            }
        }
        if matches!(self.cancel, Cancel::BeforeEnd) {
            drop(responses);
            return Err(cancelled());
        }
        drop(sender);
        let rest = async {
            while self.receive(&mut responses, outcome).await? {}
            Ok(())
        };
        match self.cancel {
            Cancel::AfterEnd(time) => tokio::select! {
                ended = rest => ended,
                () = sleep(time) => Err(cancelled()),
            },
            _ => rest.await,
        }
    }

    /// Receives the next message; `false` if there is none. What it fails with may be that the call is to be cancelled now.
    async fn receive(&self, responses: &mut Responses, outcome: &mut Outcome) -> Result<bool, Status> {
        outcome.headers = responses.headers().await?.clone();
        let Some(message) = responses.message().await? else {
            outcome.trailers = responses.trailers().clone();
            return Ok(false);
        };
        let message = message.into_dynamic()?;
        outcome.payloads.push(message.value("payload"));
        match self.cancel {
            Cancel::AfterResponses(number) if number == outcome.payloads.len() => Err(cancelled()),
            _ => Ok(true),
        }
    }
}

/// How a call ends that its caller drops.
fn cancelled() -> Status {
    Status::cancelled("dropped")
}

impl Outcome {
    /// As a `ClientResponseResult`.
    fn result(mut self, schema: &Schema, ended: Result<(), Status>) -> DynamicMessage {
        let mut result = new_message(schema.pool(), "ClientResponseResult");
        if let Err(status) = ended {
            result.set_field_by_name("error", Value::Message(error(schema, &status)));
            self.trailers = status.metadata().clone();
        }
        result.set_field_by_name("response_headers", headers_of(schema.pool(), &self.headers));
        result.set_field_by_name("payloads", Value::List(self.payloads));
        result.set_field_by_name("response_trailers", headers_of(schema.pool(), &self.trailers));
        let unsent = i32::try_from(self.unsent).expect("there are few");
        result.set_field_by_name("num_unsent_requests", Value::I32(unsent));
        result
    }
}

/// A status as an `Error`.
fn error(schema: &Schema, status: &Status) -> DynamicMessage {
    let mut error = new_message(schema.pool(), "Error");
    error.set_field_by_name("code", Value::EnumNumber(status.code() as i32));
    if status.code() != Code::Ok {
        error.set_field_by_name("message", Value::String(status.message().to_owned()));
    }
    let details = tonic_types::pb::Status::decode(status.details())
        .unwrap_or_default()
        .details;
    let details = details.into_iter();
    let details = details.map(|detail| new_any(schema.pool(), detail.type_url, detail.value));
    error.set_field_by_name("details", Value::List(details.collect()));
    error
}

fn number(message: &DynamicMessage, field: &str) -> i32 {
    message.value(field).as_enum_number().expect("an enum")
}
