//! `connectrpc.conformance.v1.ConformanceService`: each request says how to answer it, and each response says what the
//! server received.

use std::time::{Duration, Instant};

use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};
use protod::{Call, Handler, Schema, Server, ServerBuilder};
use tonic::{Code, Status};

use crate::suite::{Fields as _, add_metadata, headers_of, new_any, new_message};

/// The service, with each kind of handler that the library has. `Unimplemented` has none, as the suite expects.
pub(crate) fn server(schema: Schema) -> ServerBuilder {
    let method = |name: &str| format!("connectrpc.conformance.v1.ConformanceService/{name}");
    Server::builder(schema)
        .unary(method("Unary"), unary)
        .unary(method("IdempotentUnary"), unary)
        .server_streaming(method("ServerStream"), server_stream)
        .client_streaming(method("ClientStream"), client_stream)
        .handler(method("BidiStream"), BidiStream)
}

async fn unary(request: DynamicMessage, mut call: Call) -> Result<DynamicMessage, Status> {
    let asked = Answer::asked_for(&request)?;
    one_response(&mut call, asked, &[request]).await
}

async fn client_stream(mut call: Call) -> Result<DynamicMessage, Status> {
    let mut requests = Vec::new();
    while let Some(message) = call.recv().await? {
        requests.push(message.into_dynamic()?);
    }
    let asked = requests.first().map_or(Ok(None), Answer::asked_for)?;
    one_response(&mut call, asked, &requests).await
}

async fn one_response(
    call: &mut Call,
    asked: Option<Answer>,
    requests: &[DynamicMessage],
) -> Result<DynamicMessage, Status> {
    let info = request_info(call, requests, true);
    let Some(answer) = asked else {
        return Ok(response(call, Bytes::new(), Some(info)));
    };
    answer.announce(call)?;
    tokio::time::sleep(answer.delay).await;
    if let Some(error) = answer.error {
        return Err(status(&error, Some(&info)));
    }
    let data = answer.data.into_iter().next().unwrap_or_default();
    Ok(response(call, data, Some(info)))
}

async fn server_stream(request: DynamicMessage, mut call: Call) -> Result<(), Status> {
    let Some(answer) = Answer::asked_for(&request)? else {
        return Ok(());
    };
    answer.announce(&mut call)?;
    call.flush_headers();
    answer.send_rest(&mut call, 0, &[request]).await
}

struct BidiStream;

impl Handler for BidiStream {
    async fn handle(&self, call: &mut Call) -> Result<(), Status> {
        let Some(first) = call.recv().await? else {
            return Ok(());
        };
        let first = first.into_dynamic()?;
        let full_duplex = first.boolean("full_duplex");
        let answer = Answer::asked_for(&first)?;
        if let Some(answer) = &answer {
            answer.announce(call)?;
            call.flush_headers();
        }
        let data = answer.as_ref().map_or(&[][..], |answer| &answer.data);

        let (mut requests, mut sent) = (vec![first], 0);
        loop {
            if full_duplex {
                let (Some(answer), Some(data)) = (&answer, data.get(sent)) else {
                    break;
                };
                tokio::time::sleep(answer.delay).await;
                let info = request_info(call, &requests, sent == 0);
                call.send(response(call, data.clone(), Some(info))).await?;
                sent += 1;
                requests.clear();
            }
            match call.recv().await? {
                Some(request) => requests.push(request.into_dynamic()?),
                None => break,
            }
        }
        match answer {
            Some(answer) => answer.send_rest(call, sent, &requests).await,
            None => Ok(()),
        }
    }
}

/// What a request asks for: a `UnaryResponseDefinition` or a `StreamResponseDefinition`.
struct Answer {
    headers: Vec<DynamicMessage>,
    trailers: Vec<DynamicMessage>,
    data: Vec<Bytes>,
    error: Option<DynamicMessage>,
    delay: Duration,
}

impl Answer {
    fn asked_for(request: &DynamicMessage) -> Result<Option<Self>, Status> {
        let Some(definition) = request.message("response_definition") else {
            return Ok(None);
        };
        if definition.has_field_by_name("raw_response") {
            return Err(Status::invalid_argument(
                "raw responses are the reference server's",
            ));
        }
        let data = match definition.value("response_data") {
            Value::List(list) => list.iter().filter_map(Value::as_bytes).cloned().collect(),
            Value::Bytes(data) => vec![data],
            other => unreachable!("the proto has bytes, not {other:?}"),
        };
        Ok(Some(Self {
            headers: definition.messages("response_headers"),
            trailers: definition.messages("response_trailers"),
            data,
            error: definition.message("error"),
            delay: Duration::from_millis(definition.unsigned("response_delay_ms").into()),
        }))
    }

    /// Fills in headers and trailers.
    fn announce(&self, call: &mut Call) -> Result<(), Status> {
        let headers = call.headers_mut().expect("nothing was sent yet");
        add_metadata(headers, &self.headers)?;
        add_metadata(call.trailers_mut(), &self.trailers)
    }

    /// Sends the responses after the first `sent`, then the status. What the server received is in the first response, or
    /// in the error if there is no response.
    async fn send_rest(
        self,
        call: &mut Call,
        sent: usize,
        requests: &[DynamicMessage],
    ) -> Result<(), Status> {
        for (index, data) in self.data.iter().enumerate().skip(sent) {
            tokio::time::sleep(self.delay).await;
            let info = (index == 0).then(|| request_info(call, requests, true));
            call.send(response(call, data.clone(), info)).await?;
        }
        let Some(error) = self.error else {
            return Ok(());
        };
        let info = self.data.is_empty().then(|| request_info(call, requests, true));
        Err(status(&error, info.as_ref()))
    }
}

/// The method's response, with its `ConformancePayload`.
fn response(call: &Call, data: Bytes, info: Option<DynamicMessage>) -> DynamicMessage {
    let mut payload = new_message(pool(call), "ConformancePayload");
    payload.set_field_by_name("data", Value::Bytes(data));
    if let Some(info) = info {
        payload.set_field_by_name("request_info", Value::Message(info));
    }
    let mut response = call.response();
    response.set_field_by_name("payload", Value::Message(payload));
    response
}

/// What the server received: the requests, and if `in_full` also the metadata and the remaining time.
fn request_info(call: &Call, requests: &[DynamicMessage], in_full: bool) -> DynamicMessage {
    let mut info = new_message(pool(call), "ConformancePayload.RequestInfo");
    let requests = requests.iter();
    let requests = requests.map(|request| new_any(pool(call), type_url(request), request.encode_to_vec()));
    info.set_field_by_name("requests", Value::List(requests.collect()));
    if in_full {
        info.set_field_by_name("request_headers", headers_of(pool(call), call.metadata()));
        if let Some(deadline) = call.deadline() {
            let left = deadline.saturating_duration_since(Instant::now()).as_millis();
            let left = i64::try_from(left).expect("grpc-timeout has eight digits");
            info.set_field_by_name("timeout_ms", Value::I64(left));
        }
    }
    info
}

/// The status that an `Error` describes. What the server received is an additional detail.
fn status(error: &DynamicMessage, info: Option<&DynamicMessage>) -> Status {
    let code = error.value("code").as_enum_number().expect("an enum");
    let details = error.messages("details").into_iter().map(|any| prost_types::Any {
        type_url: any.text("type_url"),
        value: any.bytes("value").into(),
    });
    let info = info.map(|info| prost_types::Any {
        type_url: type_url(info),
        value: info.encode_to_vec(),
    });
    let message = error.text("message");
    let details = tonic_types::pb::Status {
        code,
        message: message.clone(),
        details: details.chain(info).collect(),
    };
    Status::with_details(Code::from_i32(code), message, details.encode_to_vec().into())
}

fn type_url(message: &DynamicMessage) -> String {
    format!("type.googleapis.com/{}", message.descriptor().full_name())
}

/// The types of a call.
fn pool(call: &Call) -> &DescriptorPool {
    call.method().output().parent_pool()
}
