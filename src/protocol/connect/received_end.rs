//! How a Connect call ended, as a client reads it: the JSON of an error, and the last envelope of a stream.
//!
//! What a server leaves out, or writes in a way of its own, costs as little as can be: an unknown code becomes the one that
//! fits the HTTP status, and a detail that cannot be read is left out. The code of the error is never lost with them.

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use serde_json::{Map, Value};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::error::{CODES, TRAILER};
use crate::protocol::grpc::{Any, RpcStatus};
use crate::protocol::lenient_base64::STANDARD as LENIENT;
use crate::protocol::prefixed::take_prefixed;

/// The status that the body of a failed call of one message tells, with its `trailers`. `None` if it is no error in JSON;
/// `fallback` is the code of one that does not say its code.
pub(crate) fn read_error(body: &[u8], fallback: Code, trailers: &HeaderMap) -> Option<Status> {
    let error: Value = serde_json::from_slice(body).ok()?;
    status_of(error.as_object()?, fallback, trailers)
}

/// Reads what the last envelope of a stream holds: the trailers, or the status that the call failed with.
pub(in crate::protocol) fn read_end_of_stream(json: &[u8]) -> Result<HeaderMap, Status> {
    let malformed =
        || Status::internal("the server ended the stream with something else than an end in JSON");
    let end: Value = serde_json::from_slice(json).map_err(|_| malformed())?;
    let end = end.as_object().ok_or_else(malformed)?;
    let trailers = match end.get("metadata") {
        None | Some(Value::Null) => HeaderMap::new(),
        Some(metadata) => read_metadata(metadata.as_object().ok_or_else(malformed)?)?,
    };
    match end.get("error") {
        None | Some(Value::Null) => Ok(trailers),
        Some(error) => {
            let error = error.as_object().ok_or_else(malformed)?;
            Err(status_of(error, Code::Unknown, &trailers).ok_or_else(malformed)?)
        }
    }
}

/// Takes the trailers of a call of one message out of its headers.
pub(crate) fn take_trailers(headers: &mut HeaderMap) -> HeaderMap {
    take_prefixed(headers, TRAILER)
}

/// `None` if the error is not as the protocol has it.
fn status_of(error: &Map<String, Value>, fallback: Code, trailers: &HeaderMap) -> Option<Status> {
    let text = |key| match error.get(key) {
        None | Some(Value::Null) => Some(""),
        Some(value) => value.as_str(),
    };
    let name = text("code")?;
    let code = CODES.iter().skip(1).position(|(known, _)| *known == name);
    let code = code.map_or(fallback, |index| Code::from_i32(index as i32 + 1));
    let message = text("message")?;
    let details = match error.get("details") {
        None | Some(Value::Null) => Vec::new(),
        Some(details) => details.as_array()?.iter().filter_map(read_detail).collect(),
    };
    let details = if details.is_empty() {
        Bytes::new()
    } else {
        let status = RpcStatus {
            code: code as i32,
            message: message.to_owned(),
            details,
        };
        status.encode_to_vec().into()
    };
    let metadata = MetadataMap::from_headers(trailers.clone());
    Some(Status::with_details_and_metadata(
        code, message, details, metadata,
    ))
}

/// The bytes of an `Any`. `None` if the detail is none.
fn read_detail(detail: &Value) -> Option<Bytes> {
    let name = detail.get("type")?.as_str()?;
    let value = LENIENT.decode(detail.get("value")?.as_str()?).ok()?;
    let any = Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: value.into(),
    };
    Some(any.encode_to_vec().into())
}

/// The metadata of an end: a list of values for each name. What cannot be a header is left out.
fn read_metadata(metadata: &Map<String, Value>) -> Result<HeaderMap, Status> {
    let mut headers = HeaderMap::new();
    for (name, values) in metadata {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        for value in values.filter_map(|value| HeaderValue::from_str(value).ok()) {
            let added = headers.try_append(name.clone(), value);
            added.map_err(|_| Status::internal("the server's trailers are too many"))?;
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::super::error::{add_trailers, end_of_stream, error};
    use super::*;

    fn status() -> Status {
        let any = Any {
            type_url: "type.googleapis.com/acme.Why".to_owned(),
            value: Bytes::from_static(b"\x08\x01"),
        };
        let details = RpcStatus {
            code: Code::NotFound as i32,
            message: "no \"such\" thing".to_owned(),
            details: vec![any.encode_to_vec().into()],
        };
        Status::with_details(
            Code::NotFound,
            "no \"such\" thing",
            details.encode_to_vec().into(),
        )
    }

    #[test]
    fn what_the_server_writes_is_read() {
        let mut trailers = HeaderMap::new();
        trailers.append("x-a", HeaderValue::from_static("1"));
        trailers.append("x-a", HeaderValue::from_static("2"));
        let mut answer = error(&status(), HeaderMap::new());
        add_trailers(&mut answer.headers, &trailers);
        assert_eq!(take_trailers(&mut answer.headers), trailers);
        assert!(!answer.headers.contains_key("trailer-x-a"));
        let of_body = read_error(&answer.body, Code::Unknown, &trailers).expect("an error");
        let of_end =
            read_end_of_stream(&end_of_stream(Err(&status()), &trailers)[5..]).expect_err("an error");
        for read in [of_body, of_end] {
            assert_eq!(
                (read.code(), read.message()),
                (Code::NotFound, "no \"such\" thing")
            );
            assert_eq!(read.details(), status().details());
            assert_eq!(read.metadata().as_ref(), &trailers);
        }
        let end = end_of_stream(Ok(()), &trailers);
        assert_eq!(read_end_of_stream(&end[5..]).expect("OK"), trailers);
    }

    #[test]
    fn what_is_left_out_of_an_error_does_not_lose_it() {
        for (json, code, message) in [
            ("{}", Code::Aborted, ""),
            (r#"{"code": null, "message": "oops"}"#, Code::Aborted, "oops"),
            (r#"{"code": "ok"}"#, Code::Aborted, ""),
            (r#"{"code": "foobar", "x": [1]}"#, Code::Aborted, ""),
            (r#"{"code": "canceled", "message": null}"#, Code::Cancelled, ""),
            (
                r#"{"code": "data_loss", "details": [1, {}, {"type": "a", "value": "!"}]}"#,
                Code::DataLoss,
                "",
            ),
        ] {
            let status = read_error(json.as_bytes(), Code::Aborted, &HeaderMap::new()).expect(json);
            assert_eq!((status.code(), status.message()), (code, message), "{json}");
            assert!(status.details().is_empty(), "{json}");
        }
        // With padding and without.
        for value in ["CAE", "CAE="] {
            let json = format!(
                r#"{{"code": "aborted", "details": [{{"type": "a.B", "value": "{value}", "debug": 1}}]}}"#
            );
            let status = read_error(json.as_bytes(), Code::Unknown, &HeaderMap::new()).expect("an error");
            assert_eq!(
                RpcStatus::decode(status.details())
                    .expect("a status")
                    .details
                    .len(),
                1
            );
        }
    }

    #[test]
    fn what_is_no_error_is_not_taken_for_one() {
        for text in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"code": 5}"#,
            r#"{"message": []}"#,
            r#"{"details": {}}"#,
        ] {
            assert!(
                read_error(text.as_bytes(), Code::Unknown, &HeaderMap::new()).is_none(),
                "{text}"
            );
        }
        for text in [
            "",
            "null",
            "[]",
            r#"{"error": 1}"#,
            r#"{"error": {"code": 1}}"#,
            r#"{"metadata": []}"#,
        ] {
            let status = read_end_of_stream(text.as_bytes()).expect_err(text);
            assert_eq!(status.code(), Code::Internal, "{text}");
        }
        // Deeper than JSON is read, and more names than a map of headers takes.
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read_end_of_stream(deep.as_bytes()).is_err());
        let names: Vec<String> = (0..40_000).map(|number| format!(r#""a{number}":[""]"#)).collect();
        let many = format!(r#"{{"metadata":{{{}}}}}"#, names.join(","));
        assert!(read_end_of_stream(many.as_bytes()).is_err());
        let odd = read_end_of_stream(br#"{"metadata":{"a b":["1"],"x":["\n",2,"3"],"y":"4","z":null}}"#);
        assert_eq!(odd.expect("OK").len(), 1);
    }
}
