//! The trailers of a call as the last envelope of its body, for clients that cannot read HTTP's.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

/// The flag of the envelope that holds trailers.
pub(in crate::protocol) const TRAILERS: u8 = 0x80;

/// The envelope: each trailer is a line, as HTTP/1 writes headers, with its name in lower case.
pub(in crate::protocol) fn envelope(trailers: &HeaderMap) -> Bytes {
    let length: usize = trailers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    let mut envelope = BytesMut::with_capacity(5 + length);
    envelope.put_u8(TRAILERS);
    envelope.put_u32(length as u32);
    for (name, value) in trailers {
        envelope.put_slice(name.as_str().as_bytes());
        envelope.put_slice(b": ");
        envelope.put_slice(value.as_bytes());
        envelope.put_slice(b"\r\n");
    }
    envelope.freeze()
}

/// Reads what an envelope of trailers holds. Names may come in any case, and lines end with or without a carriage return.
pub(in crate::protocol) fn read(lines: &[u8]) -> Result<HeaderMap, Status> {
    let malformed = || Status::internal("the server's trailers are not lines of HTTP headers");
    let mut trailers = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':').ok_or_else(malformed)?;
        let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| malformed())?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(|_| malformed())?;
        let added = trailers.try_append(name, value);
        added.map_err(|_| Status::internal("the server's trailers are too many"))?;
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_read_in_any_case_and_in_any_number() {
        let read_back =
            read(b"Grpc-Status: 9\r\ngRPC-Message:error\r\nx-a: 1\nx-a:  \r\n\r\n").expect("lines");
        assert_eq!(read_back["grpc-status"], "9");
        assert_eq!(read_back["grpc-message"], "error");
        assert_eq!(read_back.get_all("x-a").iter().collect::<Vec<_>>(), ["1", ""]);
        assert_eq!(read(b"").expect("none"), HeaderMap::new());
        assert_eq!(read(&envelope(&read_back)[5..]).expect("as written"), read_back);
    }

    #[test]
    fn what_is_no_trailer_is_refused() {
        for lines in [&b"grpc-status"[..], b": 1\r\n", b"a b: 1\r\n", b"x: \x01\r\n"] {
            assert!(read(lines).is_err(), "{lines:?}");
        }
        // More names than a map of headers takes.
        let many = (0..40_000)
            .map(|number| format!("a{number}:\n"))
            .collect::<Vec<_>>()
            .concat();
        assert!(read(many.as_bytes()).is_err());
    }

    #[test]
    fn each_trailer_is_a_line_in_the_order_of_the_map() {
        let mut trailers = HeaderMap::new();
        assert_eq!(&envelope(&trailers)[..], b"\x80\0\0\0\0");
        trailers.insert("grpc-status", HeaderValue::from_static("5"));
        trailers.append("x-a", HeaderValue::from_static("1"));
        trailers.append("x-a", HeaderValue::from_static(""));
        assert_eq!(
            &envelope(&trailers)[..],
            b"\x80\0\0\0\x1fgrpc-status: 5\r\nx-a: 1\r\nx-a: \r\n"
        );
    }
}
