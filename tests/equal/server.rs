//! A call to a server in this process, by bytes.

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use protod::{Rules, Schema, Server};
use serde_json::json;
use tower::ServiceExt as _;

/// A server whose method is answered by this template; an `Err` says why the rule is refused.
pub(crate) fn server(schema: &Schema, method: &str, reply: &serde_json::Value) -> Result<Server, String> {
    let rules = json!({"rules": [{"method": method, "reply": reply}]}).to_string();
    let rules = Rules::from_text(schema, "equal.rules.yaml", &rules).map_err(|error| format!("{error:?}"))?;
    let server = Server::builder(schema.clone()).rules(&rules).build();
    Ok(server.expect("the rules are of this schema"))
}

/// The bytes of the answer, or the text of the status INTERNAL.
pub(crate) fn answer(server: &Server, method: &str, request: &[u8]) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    body.put_u8(0);
    body.put_u32(u32::try_from(request.len()).expect("requests are small"));
    body.put_slice(request);
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
    match trailers["grpc-status"].to_str() {
        Ok("0") => Ok(body.split_off(5)),
        Ok("13") => Err(trailers["grpc-message"].to_str().expect("ASCII").to_owned()),
        other => panic!("{other:?}: {trailers:?}"),
    }
}
