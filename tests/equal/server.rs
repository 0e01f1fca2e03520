//! Calls to a server in this process, with encoded messages.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use protod::{Rules, Schema, Server};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

/// A server that answers a method by this rule; an `Err` says why it is refused.
pub(crate) fn server(schema: &Schema, method: &str, answer: (&str, Json)) -> Result<Server, String> {
    let (how, steps) = answer;
    let rules = json!({"rules": [{"method": method, how: steps}]}).to_string();
    let rules = Rules::from_text(schema, "equal.rules.yaml", &rules).map_err(|error| format!("{error:?}"))?;
    let server = Server::builder(schema.clone()).handlers(&rules).build();
    Ok(server.expect("the rules are of this schema"))
}

/// What came back from one call.
pub(crate) struct Answer {
    pub(crate) messages: Vec<Bytes>,
    /// The text of the status INTERNAL, if it was not OK.
    pub(crate) error: Option<String>,
}

/// Sends all requests, and reads to the end.
pub(crate) fn call(server: &Server, method: &str, requests: &[Vec<u8>]) -> Answer {
    let mut body = BytesMut::new();
    for request in requests {
        body.put_u8(0);
        body.put_u32(u32::try_from(request.len()).expect("requests are small"));
        body.put_slice(request);
    }
    let request = http::Request::post(format!("http://localhost/{method}"))
        .header("content-type", "application/grpc")
        .body(Full::new(body.freeze()))
        .expect("a well-formed request");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let (trailers, mut body) = runtime.expect("a runtime").block_on(async {
        let response = server.service().oneshot(request).await.expect("infallible");
        let headers = response.headers().clone();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("our bodies do not fail");
        (body.trailers().cloned().unwrap_or(headers), body.to_bytes())
    });
    let mut messages = Vec::new();
    while !body.is_empty() {
        body.advance(1);
        let length = body.get_u32() as usize;
        messages.push(body.split_to(length));
    }
    let error = match trailers["grpc-status"].to_str() {
        Ok("0") => None,
        Ok("13") => Some(trailers["grpc-message"].to_str().expect("ASCII").to_owned()),
        other => panic!("{other:?}: {trailers:?}"),
    };
    Answer { messages, error }
}
