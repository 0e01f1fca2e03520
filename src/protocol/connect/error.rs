//! A status as Connect writes it: HTTP's own status and JSON in the body, or JSON in the last envelope of a stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost::Message as _;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};

use crate::protocol::ends::Answer;
use crate::protocol::grpc::{Any, RpcStatus};
use crate::protocol::prefixed::add_prefixed;

/// The flag of the envelope that ends a stream.
pub(in crate::protocol) const END_OF_STREAM: u8 = 2;

/// What stands before the names of trailers in the headers of a call of one message.
pub(super) const TRAILER: &str = "trailer-";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The codes, by number: as JSON names them, and the HTTP status of each.
pub(super) const CODES: [(&str, StatusCode); 17] = [
    ("ok", StatusCode::OK),
    ("canceled", CLIENT_CLOSED_REQUEST),
    ("unknown", StatusCode::INTERNAL_SERVER_ERROR),
    ("invalid_argument", StatusCode::BAD_REQUEST),
    ("deadline_exceeded", StatusCode::GATEWAY_TIMEOUT),
    ("not_found", StatusCode::NOT_FOUND),
    ("already_exists", StatusCode::CONFLICT),
    ("permission_denied", StatusCode::FORBIDDEN),
    ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS),
    ("failed_precondition", StatusCode::BAD_REQUEST),
    ("aborted", StatusCode::CONFLICT),
    ("out_of_range", StatusCode::BAD_REQUEST),
    ("unimplemented", StatusCode::NOT_IMPLEMENTED),
    ("internal", StatusCode::INTERNAL_SERVER_ERROR),
    ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
    ("data_loss", StatusCode::INTERNAL_SERVER_ERROR),
    ("unauthenticated", StatusCode::UNAUTHORIZED),
];

/// nginx's code for a client that went away, which has no name of its own.
const CLIENT_CLOSED_REQUEST: StatusCode = match StatusCode::from_u16(499) {
    Ok(code) => code,
    Err(_) => unreachable!(),
};

/// An error in JSON.
fn error_json(status: &Status) -> Value {
    let mut error = json!({"code": CODES[status.code() as usize].0});
    if !status.message().is_empty() {
        error["message"] = status.message().into();
    }
    let details = RpcStatus::decode(status.details()).unwrap_or_default().details;
    let details: Vec<Value> = details.into_iter().filter_map(detail_json).collect();
    if !details.is_empty() {
        error["details"] = details.into();
    }
    error
}

/// A detail, whose value stays in protobuf. `None` if it is no `Any`.
fn detail_json(any: Bytes) -> Option<Value> {
    let any = Any::decode(any).ok()?;
    Some(json!({"type": any.type_name(), "value": STANDARD_NO_PAD.encode(&any.value)}))
}

/// Metadata: a list of values for each name.
fn metadata_json(metadata: &HeaderMap) -> Value {
    let mut json = Map::new();
    for (name, value) in metadata {
        let values = json
            .entry(name.as_str())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(String::from_utf8_lossy(value.as_bytes()).into());
        }
    }
    json.into()
}

/// The HTTP status of a code, which is that of google.rpc.Code too.
pub(in crate::protocol) fn http_status(code: Code) -> StatusCode {
    CODES[code as usize].1
}

/// The response that says how a call of one message failed.
pub(in crate::protocol) fn error(status: &Status, mut headers: HeaderMap) -> Answer {
    headers.insert(header::CONTENT_TYPE, JSON);
    Answer {
        code: match status.code() {
            Code::Ok => StatusCode::INTERNAL_SERVER_ERROR,
            code => http_status(code),
        },
        headers,
        body: error_json(status).to_string().into(),
    }
}

/// The last envelope of a stream.
pub(in crate::protocol) fn end_of_stream(result: Result<(), &Status>, trailers: &HeaderMap) -> Bytes {
    let mut end = Map::new();
    if let Err(status) = result {
        end.insert("error".to_owned(), error_json(status));
    }
    if !trailers.is_empty() {
        end.insert("metadata".to_owned(), metadata_json(trailers));
    }
    let json = Value::Object(end).to_string();
    let mut envelope = BytesMut::with_capacity(5 + json.len());
    envelope.put_u8(END_OF_STREAM);
    envelope.put_u32(json.len() as u32);
    envelope.put_slice(json.as_bytes());
    envelope.freeze()
}

/// Adds the trailers of a call of one message to its headers.
pub(in crate::protocol) fn add_trailers(headers: &mut HeaderMap, trailers: &HeaderMap) {
    add_prefixed(headers, TRAILER, trailers);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_with_detail() -> Status {
        let any = Any {
            type_url: "type.googleapis.com/acme.Why".to_owned(),
            value: Bytes::from_static(b"\x08\x01"),
        };
        let mut details = vec![0x1a, any.encoded_len() as u8];
        details.extend(any.encode_to_vec());
        Status::with_details(Code::NotFound, "no \"such\" thing", details.into())
    }

    #[test]
    fn an_error_is_json_with_the_status_of_http() {
        let answer = error(&status_with_detail(), HeaderMap::new());
        assert_eq!(answer.code, StatusCode::NOT_FOUND);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(
            std::str::from_utf8(&answer.body).expect("JSON"),
            r#"{"code":"not_found","details":[{"type":"acme.Why","value":"CAE"}],"message":"no \"such\" thing"}"#
        );
        let answer = error(&Status::cancelled(""), HeaderMap::new());
        assert_eq!(answer.code.as_u16(), 499);
        assert_eq!(&answer.body[..], br#"{"code":"canceled"}"#);
    }

    #[test]
    fn a_stream_ends_with_error_and_metadata_or_neither() {
        assert_eq!(&end_of_stream(Ok(()), &HeaderMap::new())[..], b"\x02\0\0\0\x02{}");
        let mut trailers = HeaderMap::new();
        trailers.append("x-a", HeaderValue::from_static("1"));
        trailers.append("x-a", HeaderValue::from_static("2"));
        let end = end_of_stream(Err(&Status::aborted("")), &trailers);
        assert_eq!(
            std::str::from_utf8(&end[5..]).expect("JSON"),
            r#"{"error":{"code":"aborted"},"metadata":{"x-a":["1","2"]}}"#
        );
    }

    #[test]
    fn every_code_has_its_name_and_status() {
        for (number, (name, status)) in CODES.iter().enumerate().skip(1) {
            let code = Code::from_i32(number as i32);
            let answer = error(&Status::new(code, ""), HeaderMap::new());
            assert_eq!(answer.code, *status);
            assert_eq!(&answer.body[..], format!(r#"{{"code":"{name}"}}"#).as_bytes());
            assert!(status.is_client_error() || status.is_server_error(), "{name}");
        }
    }
}
