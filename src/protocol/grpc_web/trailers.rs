//! The trailers of a call as the last envelope of its body, for clients that cannot read HTTP's.

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;

/// The flag of the envelope that holds trailers.
const TRAILERS: u8 = 0x80;

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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

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
