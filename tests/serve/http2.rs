//! HTTP/2 by hand, for clients that no library would be.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::SOON;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// One frame, RFC 9113 section 4.1.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The preface and empty settings.
pub(crate) fn opening() -> Vec<u8> {
    [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &frame(SETTINGS, 0, 0, &[]),
    ]
    .concat()
}

/// The header block of a gRPC call, nothing in it indexed.
pub(crate) fn call_headers(path: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    [
        vec![0x83, 0x86], // :method POST, :scheme http
        vec![0x04],       // :path
        text(path),
        vec![0x01], // :authority
        text("test"),
        vec![0x0f, 0x10], // content-type
        text("application/grpc"),
        vec![0x00],
        text("te"),
        text("trailers"),
    ]
    .concat()
}

/// How a connection ended, as its client saw it.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Code and words of the server's GOAWAY.
    pub(crate) goaway: Option<(u32, String)>,
    /// Whether the client sent all that it wanted to.
    pub(crate) sent_all: bool,
}

/// Sends `opening`, then `piece` so many times, reads all that comes back, and leaves when the server has taken all
/// of it or has hung up.
pub(crate) async fn flood(
    address: &str,
    opening: &[u8],
    mut piece: impl FnMut(usize) -> Vec<u8>,
    times: usize,
) -> Ended {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut reader, mut writer) = stream.into_split();
    let received = tokio::spawn(async move {
        let mut received = Vec::new();
        // A server that has had enough may reset the connection; what came before is what counts.
        let _ = reader.read_to_end(&mut received).await;
        received
    });
    let sending = async {
        writer.write_all(opening).await?;
        for index in 0..times {
            writer.write_all(&piece(index)).await?;
        }
        writer.shutdown().await
    };
    let sent = timeout(SOON, sending)
        .await
        .expect("the server reads or hangs up");
    let received = timeout(SOON, received).await.expect("the server hangs up");
    Ended {
        goaway: goaway(&received.expect("no panic")),
        sent_all: sent.is_ok(),
    }
}

/// Sends bytes and reads until what is wanted has come back, step by step, or until the server hangs up.
pub(crate) async fn exchange(address: &str, steps: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let mut received = Vec::new();
    let stepping = async {
        for (request, wanted) in steps {
            stream.write_all(request).await.expect("the server reads");
            while !received.windows(wanted.len()).any(|bytes| bytes == *wanted) {
                if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
                    return;
                }
            }
        }
    };
    timeout(SOON, stepping)
        .await
        .expect("the server answers or hangs up");
    received
}

/// The first GOAWAY among these frames.
pub(crate) fn goaway(mut frames: &[u8]) -> Option<(u32, String)> {
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = frames {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let payload = rest.get(..length)?;
        if *kind == GOAWAY {
            let (code, words) = payload.get(4..)?.split_first_chunk()?;
            let words = String::from_utf8_lossy(words).into_owned();
            return Some((u32::from_be_bytes(*code), words));
        }
        frames = &rest[length..];
    }
    None
}

/// A connection that sends what it is told to, and reads when it is told to.
pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// Kind, flags and stream of a frame.
pub(crate) type Head = (u8, u8, u32);

impl Wire {
    /// Connects, and acknowledges the server's settings.
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let mut wire = Self {
            stream,
            received: Vec::new(),
        };
        wire.send(&[opening(), frame(SETTINGS, ACK, 0, &[])].concat())
            .await;
        wire
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    /// Reads until so many frames have come that are `wanted`, and gives all that have come, or until the server hangs up.
    pub(crate) async fn read(&mut self, count: usize, wanted: impl Fn(&Head) -> bool) -> Vec<Head> {
        let reading = async {
            loop {
                let heads = heads(&self.received);
                if heads.iter().filter(|head| wanted(head)).count() >= count
                    || self.stream.read_buf(&mut self.received).await.unwrap_or(0) == 0
                {
                    return heads;
                }
            }
        };
        timeout(SOON, reading)
            .await
            .expect("the server answers or hangs up")
    }

    /// Forgets what has come.
    pub(crate) fn forget(&mut self) {
        self.received.clear();
    }
}

/// The heads of the whole frames.
fn heads(mut frames: &[u8]) -> Vec<Head> {
    let mut heads = Vec::new();
    while let [a, b, c, kind, flags, d, e, f, g, rest @ ..] = frames {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(rest) = rest.get(length..) else { break };
        heads.push((*kind, *flags, u32::from_be_bytes([*d, *e, *f, *g])));
        frames = rest;
    }
    heads
}
