//! HTTP/2 by hand, for clients that do what no library does.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything that should happen at once may take on a machine that is busy with other tests.
const SOON: Duration = Duration::from_mins(1);

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

/// The header block of a gRPC call, without indexed fields.
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

/// A received frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The first of these frames and its length in bytes, or `None` if it is incomplete.
    pub(crate) fn first(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&[high, middle, low, kind, flags, stream @ ..], rest) = bytes.split_first_chunk::<9>()?;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let frame = Self {
            kind,
            flags,
            stream: u32::from_be_bytes(stream),
            payload: rest.get(..length)?.to_vec(),
        };
        Some((frame, 9 + length))
    }

    /// Whether it is the last frame of its stream.
    pub(crate) fn ends_stream(&self) -> bool {
        self.kind == HEADERS && self.flags & END_STREAM != 0
    }
}

/// A connection that sends and reads only when the test asks for it.
pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

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

    /// The next frames, up to the first that is `wanted`.
    pub(crate) async fn read(&mut self, mut wanted: impl FnMut(&Frame) -> bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        let reading = async {
            loop {
                let Some((frame, length)) = Frame::first(&self.received) else {
                    let count = self.stream.read_buf(&mut self.received).await;
                    assert!(count.is_ok_and(|count| count > 0), "it hung up after {frames:?}");
                    continue;
                };
                self.received.drain(..length);
                let is_wanted = wanted(&frame);
                frames.push(frame);
                if is_wanted {
                    return;
                }
            }
        };
        timeout(SOON, reading)
            .await
            .expect("the server answers or hangs up");
        frames
    }
}

/// How a connection ended, as its client saw it.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The code and the text of the server's GOAWAY.
    pub(crate) goaway: Option<(u32, String)>,
    /// Whether the client sent all that it wanted to.
    pub(crate) sent_all: bool,
}

/// Sends `opening` and then the pieces, reads everything that comes back, and leaves when the server has read all of it or
/// has hung up.
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
        // The server may reset the connection; what came before counts.
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

/// For each step, sends bytes and reads until the wanted bytes have come, or until the server hangs up.
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
    while let Some((frame, length)) = Frame::first(frames) {
        if frame.kind == GOAWAY {
            let (code, words) = frame.payload.get(4..)?.split_first_chunk()?;
            let words = String::from_utf8_lossy(words).into_owned();
            return Some((u32::from_be_bytes(*code), words));
        }
        frames = &frames[length..];
    }
    None
}
