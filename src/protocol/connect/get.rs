//! Calls by GET: the message stands in the address.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use tonic::Status;

use crate::excerpt::excerpt;
use crate::protocol::compression::Encoding;
use crate::protocol::form::{Codec, Form, Protocol};
use crate::protocol::lenient_base64::URL_SAFE;
use crate::protocol::query::{parameters, unescaped};

/// What stands in the address of a call by GET.
#[derive(Debug)]
pub(in crate::protocol) struct Get {
    pub(in crate::protocol) message: Bytes,
    /// How the message is compressed.
    pub(in crate::protocol) encoding: Option<Encoding>,
}

/// Whether a query is that of a call by GET, although it may not be whole.
pub(in crate::protocol) fn is_meant(query: &str) -> bool {
    ["connect", "encoding", "message"]
        .iter()
        .any(|name| value_of(query, name).is_some())
}

/// The form of a call by GET with this query. `None` if it has no known encoding.
pub(in crate::protocol) fn form_of_query(query: &str) -> Option<Form> {
    let name = value_of(query, "encoding")?;
    let codec = Codec::ALL
        .into_iter()
        .find(|codec| codec.name().as_bytes() == &*name)?;
    Some(Form {
        protocol: Protocol::ConnectUnary,
        codec,
    })
}

/// Reads the query of a call by GET.
pub(in crate::protocol) fn read_query(query: &str) -> Result<Get, Status> {
    if let Some(version) = value_of(query, "connect")
        && *version != *b"v1"
    {
        return Err(Status::invalid_argument(format!(
            "the query says connect={:?}; v1 is known",
            excerpt(&String::from_utf8_lossy(&version))
        )));
    }
    let message = value_of(query, "message").ok_or_else(|| {
        Status::invalid_argument("a call by GET has its message in the query, as `message`")
    })?;
    let is_base64 = value_of(query, "base64").is_some_and(|value| *value == *b"1");
    let message = if is_base64 {
        URL_SAFE.decode(&*message).map_err(|error| {
            Status::invalid_argument(format!("`message` in the query is not base64: {error}"))
        })?
    } else {
        message.into_owned()
    };
    let compression = value_of(query, "compression").map(|name| {
        HeaderValue::from_bytes(&name)
            .map_err(|_| Status::unimplemented("`compression` in the query is the name of no compression"))
    });
    Ok(Get {
        message: message.into(),
        encoding: Encoding::from_header(compression.transpose()?.as_ref())?,
    })
}

/// Writes the query of a call by GET.
pub(crate) fn write_query(codec: Codec, encoding: Option<Encoding>, message: &[u8]) -> String {
    let codec = codec.name();
    let compression = encoding.map(|encoding| format!("&compression={}", encoding.name()));
    format!(
        "connect=v1&base64=1&encoding={codec}{}&message={}",
        compression.unwrap_or_default(),
        URL_SAFE_NO_PAD.encode(message)
    )
}

/// The value of a parameter, without its escapes.
fn value_of<'q>(query: &'q str, name: &str) -> Option<Cow<'q, [u8]>> {
    let (_, value) = parameters(query).find(|(key, _)| *key == name)?;
    Some(unescaped(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_text_and_as_base64() {
        for (query, message) in [
            ("encoding=json&message=%7B%22a%22:+1%7D", &b"{\"a\": 1}"[..]),
            ("connect=v1&base64=1&encoding=proto&message=CAE", b"\x08\x01"),
            (
                "base64=1&message=CAE%3D&encoding=proto&compression=identity",
                b"\x08\x01",
            ),
            ("message=&encoding=proto", b""),
        ] {
            assert!(form_of_query(query).is_some(), "{query}");
            let get = read_query(query).expect(query);
            assert_eq!(&get.message[..], message, "{query}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for encoding in [None, Some(Encoding::Gzip)] {
            for message in [&b""[..], b"\x08\x01", &[0xff; 100]] {
                let query = write_query(Codec::Json, encoding, message);
                assert_eq!(form_of_query(&query).expect("a call").codec, Codec::Json);
                let get = read_query(&query).expect("a call");
                assert_eq!((&get.message[..], get.encoding), (message, encoding));
            }
        }
    }

    #[test]
    fn what_is_no_call_is_not_taken_for_one() {
        for query in [
            "",
            "message=1",
            "encoding=xml&message=1",
            "connect=v1",
            "encodings=json",
        ] {
            assert_eq!(form_of_query(query), None, "{query}");
            let is_meant = is_meant(query);
            assert_eq!(
                is_meant,
                query.contains("message") || query.contains("connect"),
                "{query}"
            );
        }
        for query in [
            "encoding=json",
            "messages=1&encoding=json",
            "connect=v2&encoding=json&message=1",
            "base64=1&message=!",
            "message=1&compression=br",
        ] {
            assert!(read_query(query).is_err(), "{query}");
        }
    }
}
