//! `Upgrade: h2c`: a request of HTTP/1.1 that asks to go on in HTTP/2, RFC 7540 section 3.2.
//!
//! Such a request is stream 1 of the new connection. h2 knows no stream that a client has not opened, so it is opened here:
//! behind the client's first settings, the request stands again as frames. From then on the connection is like any other.
//!
//! A client may ask, and a server need not do it. A request that is not as the RFC has it, that waits for `100 Continue`, or
//! whose body is in chunks or large is answered in HTTP/1.1.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::head::{Framing, fields_of, request_line_of};
use crate::transport::http2::{CONTINUATION, DATA, FRAME_HEADER, HEADERS, PREFACE, SETTINGS, frame};

/// The largest body of a request that becomes stream 1. It is read before HTTP/2 begins. h2 takes it for bytes that came by
/// the flow control of HTTP/2, and lets the client send as many in addition.
const MOST_BODY: u64 = 64 << 10;

/// The largest payload of a frame that every peer takes, and so the largest first settings.
const MOST_PAYLOAD: usize = 16 << 10;

/// Identifier and value of a setting.
const SETTING: usize = 6;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n";

/// What concerns the connection on which a request comes, and not the request.
const OF_THE_CONNECTION: [&[u8]; 7] = [
    b"connection",
    b"host",
    b"http2-settings",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
];

/// A request that goes on in HTTP/2.
#[derive(Debug)]
pub(super) struct Upgrade {
    /// Its head, as HPACK has it.
    head: BytesMut,
    body: usize,
}

impl Upgrade {
    /// What a head asks for that was [read](super::head::read_head). `None` if not to go on in HTTP/2.
    pub(super) fn of_head(head: &[u8], framing: Framing) -> Option<Self> {
        let Framing::Length(body @ ..=MOST_BODY) = framing else {
            return None;
        };
        let value_of = |wanted: &[u8]| {
            let mut values = fields_of(head)
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value);
            let value = values.next();
            value.filter(|_| values.next().is_none())
        };
        let upgrade = value_of(b"upgrade")?;
        let connection = value_of(b"connection")?;
        let settings = BASE64_URL_SAFE_NO_PAD.decode(value_of(b"http2-settings")?).ok()?;
        let line = request_line_of(head)?;
        let asks = line.is_http_1_1
            && line.target.starts_with(b"/")
            && lists(upgrade, b"h2c")
            && lists(connection, b"upgrade")
            && lists(connection, b"http2-settings")
            && settings.len().is_multiple_of(SETTING)
            && value_of(b"expect").is_none();
        if !asks {
            return None;
        }
        let mut block = BytesMut::with_capacity(head.len());
        put_field(&mut block, b":method", line.method);
        put_field(&mut block, b":scheme", b"http");
        // An empty one is none.
        if let Some(host @ [_, ..]) = value_of(b"host") {
            put_field(&mut block, b":authority", host);
        }
        put_field(&mut block, b":path", line.target);
        for (name, value) in fields_of(head) {
            let name = name.to_ascii_lowercase();
            let is_left_out = OF_THE_CONNECTION.contains(&&*name)
                || lists(connection, &name)
                || name == b"te" && !value.eq_ignore_ascii_case(b"trailers");
            if !is_left_out {
                put_field(&mut block, &name, value);
            }
        }
        Some(Self {
            head: block,
            body: usize::try_from(body).ok()?,
        })
    }

    /// Tells the client that HTTP/2 begins, and reads what it begins with. `read` is what was read behind the head.
    /// Returns what h2 is to read before the rest.
    pub(super) async fn switch<I>(mut self, io: &mut I, mut read: BytesMut) -> io::Result<Bytes>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        io.write_all(SWITCHING).await?;
        io.flush().await?;
        let body = take(io, &mut read, self.body).await?;
        let mut start = take(io, &mut read, PREFACE.len()).await?;
        if start != PREFACE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the client was told to go on in HTTP/2, and does not",
            ));
        }
        let header = take(io, &mut read, FRAME_HEADER).await?;
        start.unsplit(header.clone());
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        // h2 says what is wrong with a connection that begins with anything else.
        if header[3] == SETTINGS && length <= MOST_PAYLOAD {
            start.unsplit(take(io, &mut read, length).await?);
            self.put_request(&body, &mut start);
        }
        start.unsplit(read);
        Ok(start.freeze())
    }

    /// The request as the frames of stream 1.
    fn put_request(&mut self, body: &[u8], frames: &mut BytesMut) {
        let mut kind = HEADERS;
        loop {
            let piece = self.head.split_to(self.head.len().min(MOST_PAYLOAD));
            let is_last = self.head.is_empty();
            let mut flags = 0;
            if is_last {
                flags |= END_HEADERS;
            }
            if kind == HEADERS && body.is_empty() {
                flags |= END_STREAM;
            }
            frames.put_slice(&frame(kind, flags, 1, &piece));
            if is_last {
                break;
            }
            kind = CONTINUATION;
        }
        let mut pieces = body.chunks(MOST_PAYLOAD).peekable();
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_none() { END_STREAM } else { 0 };
            frames.put_slice(&frame(DATA, flags, 1, piece));
        }
    }
}

/// The next so many bytes of what was read and what follows it.
async fn take<I: AsyncRead + Unpin>(io: &mut I, read: &mut BytesMut, count: usize) -> io::Result<BytesMut> {
    while read.len() < count {
        if io.read_buf(read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(read.split_to(count))
}

/// Whether a list of names with commas between them has this one.
fn lists(names: &[u8], wanted: &[u8]) -> bool {
    names
        .split(|&byte| byte == b',')
        .any(|name| name.trim_ascii().eq_ignore_ascii_case(wanted))
}

/// A field as HPACK has it without tables and compression, RFC 7541 section 6.2.2.
fn put_field(block: &mut BytesMut, name: &[u8], value: &[u8]) {
    block.put_u8(0);
    for text in [name, value] {
        put_length(block, text.len());
        block.put_slice(text);
    }
}

/// An integer with a prefix of seven bits, RFC 7541 section 5.1.
fn put_length(block: &mut BytesMut, length: usize) {
    if length < 0x7f {
        return block.put_u8(length as u8);
    }
    block.put_u8(0x7f);
    let mut rest = length - 0x7f;
    while rest >= 0x80 {
        block.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    block.put_u8(rest as u8);
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::super::head::read_head;
    use super::*;

    const ASKS: &str =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";

    /// What a POST with these headers asks for.
    fn asked(headers: &str) -> Option<Upgrade> {
        let head = format!("POST /a?b HTTP/1.1\r\nHost: c\r\n{headers}\r\n");
        let framing = read_head(head.as_bytes(), 100 << 10).map_err(|fault| fault.text);
        Upgrade::of_head(head.as_bytes(), framing.unwrap())
    }

    #[test]
    fn only_what_the_rfc_has_is_upgraded() {
        assert!(asked(ASKS).is_some());
        assert!(asked(&format!("{ASKS}content-length: 65536\r\n")).is_some());
        assert!(asked(&ASKS.to_lowercase().replace("aamaaabkaaqaap__", "")).is_some());
        for headers in [
            "",
            &ASKS.replace("h2c", "websocket"),
            &ASKS.replace("Upgrade, ", ""),
            &ASKS.replace(", HTTP2-Settings", ""),
            &ASKS.replace("HTTP2-Settings: AAMAAABkAAQAAP__\r\n", ""),
            &ASKS.replace("AAMA", "????"),
            &ASKS.replace("AAQAAP__", "AAQA"),
            &format!("{ASKS}http2-settings:\r\n"),
            &format!("{ASKS}expect: 100-continue\r\n"),
            &format!("{ASKS}content-length: 65537\r\n"),
            &format!("{ASKS}transfer-encoding: chunked\r\n"),
        ] {
            assert!(asked(headers).is_none(), "{headers}");
        }
    }

    #[test]
    fn a_host_that_is_empty_is_no_authority() {
        let head = |host: &str| format!("GET / HTTP/1.1\r\nHost:{host}\r\n{ASKS}\r\n");
        let block = |host: &str| {
            Upgrade::of_head(head(host).as_bytes(), Framing::Length(0))
                .unwrap()
                .head
        };
        assert!(block("a").windows(10).any(|name| name == b":authority"));
        assert!(!block("").windows(10).any(|name| name == b":authority"));
    }

    /// What h2 reads after the client of an upgrade has sent `sent`, `at_once` bytes at a time.
    async fn switched(upgrade: Upgrade, sent: &[u8], at_once: usize) -> io::Result<Bytes> {
        let (mut client, mut server) = duplex(at_once);
        let client = async {
            let mut answer = [0; SWITCHING.len()];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, SWITCHING);
            // It fails if the server reads no more.
            drop(client.write_all(sent).await);
            drop(client);
        };
        let server = async { upgrade.switch(&mut server, BytesMut::new()).await };
        tokio::join!(client, server).1
    }

    #[tokio::test]
    async fn the_request_stands_behind_the_first_settings_however_they_come() {
        let headers = format!("{ASKS}Content-Length: 2\r\nX-A: 1\r\nTE: trailers\r\n");
        let settings = [PREFACE, &frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])].concat();
        let block = b"\0\x07:method\x04POST\0\x07:scheme\x04http\0\x0a:authority\x01c\0\x05:path\x04/a?b\
            \0\x0econtent-length\x012\0\x03x-a\x011\0\x02te\x08trailers";
        let expected = [
            &settings[..],
            &frame(HEADERS, END_HEADERS, 1, block),
            &frame(DATA, END_STREAM, 1, b"{}"),
        ]
        .concat();
        for at_once in [1, 7, 1000] {
            let sent = [b"{}", &settings[..]].concat();
            let read = switched(asked(&headers).unwrap(), &sent, at_once).await.unwrap();
            assert_eq!(read, expected, "{at_once} at once");
        }
    }

    #[tokio::test]
    async fn large_heads_and_bodies_are_several_frames() {
        let value = "a".repeat(MOST_PAYLOAD * 2);
        let upgrade = asked(&format!("{ASKS}x-a: {value}\r\ncontent-length: 16385\r\n")).unwrap();
        let length = upgrade.head.len();
        let start = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        let sent = [&vec![b'b'; MOST_PAYLOAD + 1][..], &start].concat();
        let read = switched(upgrade, &sent, 4096).await.unwrap();
        let mut frames = &read[start.len()..];
        let mut seen = Vec::new();
        while let [_, a, b, kind, flags, 0, 0, 0, 1, rest @ ..] = frames {
            let length = usize::from(*a) << 8 | usize::from(*b);
            seen.push((*kind, *flags, length));
            frames = &rest[length..];
        }
        let expected = [
            (HEADERS, 0, MOST_PAYLOAD),
            (CONTINUATION, 0, MOST_PAYLOAD),
            (CONTINUATION, END_HEADERS, length - 2 * MOST_PAYLOAD),
            (DATA, 0, MOST_PAYLOAD),
            (DATA, END_STREAM, 1),
        ];
        assert_eq!((&seen[..], frames), (&expected[..], &b""[..]));
    }

    #[tokio::test]
    async fn a_client_that_does_not_begin_http2_is_told_so_or_dropped() {
        let get = || asked(ASKS).unwrap();
        let error = switched(get(), &[b'G'; 40], 100).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let error = switched(get(), PREFACE, 100).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        // h2 answers the rest with GOAWAY.
        let sent = [PREFACE, &frame(DATA, 0, 1, b"a")].concat();
        assert_eq!(switched(get(), &sent, 100).await.unwrap(), sent);
    }

    #[test]
    fn lengths_are_those_of_hpack() {
        for (length, bytes) in [
            (0, &b"\x00"[..]),
            (126, b"\x7e"),
            (127, b"\x7f\x00"),
            (254, b"\x7f\x7f"),
            (255, b"\x7f\x80\x01"),
            (40_000, b"\x7f\xc1\xb7\x02"),
        ] {
            let mut block = BytesMut::new();
            put_length(&mut block, length);
            assert_eq!(block, bytes, "{length}");
        }
    }
}
