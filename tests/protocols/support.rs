//! A server with a method of each kind, and HTTP/1.1 by hand.

use std::time::Duration;

use protod::{Call, Message, Schema, Server, ServerBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::shapes::shapes_and;

/// Long enough that only a hang gets there.
pub(crate) const HANG: Duration = Duration::from_secs(20);

pub(crate) fn schema() -> Schema {
    shapes_and(
        "rpc Peek(Item) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
         rpc Fail(Item) returns (Item);",
    )
}

/// `Unary`, `Peek` and `Both` answer with what they get, `Down` with it twice, and `Fail` with an error and trailers.
pub(crate) fn shapes() -> ServerBuilder {
    let echo = |request: Message| async move { Ok(request) };
    Server::builder(schema())
        .unary("shapes.Shapes/Unary", echo)
        .unary("shapes.Shapes/Peek", echo)
        .unary("shapes.Shapes/Fail", |_: Message, mut call: Call| async move {
            call.headers_mut()
                .expect("not sent")
                .insert("x-head", "1".parse().expect("a value"));
            call.trailers_mut()
                .insert("x-trail", "2".parse().expect("a value"));
            Err::<Message, _>(Status::new(Code::NotFound, "no \"such\" thing"))
        })
        .server_streaming(
            "shapes.Shapes/Down",
            |request: Message, mut call: Call| async move {
                call.send(request.clone()).await?;
                call.send(request).await
            },
        )
        .client_streaming("shapes.Shapes/Up", |mut call: Call| async move {
            let mut last = None;
            while let Some(message) = call.recv().await? {
                last = Some(message);
            }
            last.ok_or_else(|| Status::invalid_argument("nothing came"))
        })
        .bidi("shapes.Shapes/Both", |mut call: Call| async move {
            while let Some(message) = call.recv().await? {
                call.send(message).await?;
            }
            Ok(())
        })
}

/// A server that stops when this is dropped.
pub(crate) struct Running {
    pub(crate) addr: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    pub(crate) async fn start(server: ServerBuilder) -> Self {
        let bound = server
            .build()
            .expect("fits")
            .bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let addr = bound.local_addr().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
        Self {
            addr,
            stop: Some(stop),
        }
    }

    /// Begins to drain.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    pub(crate) async fn open(&self) -> Wire {
        let stream = TcpStream::connect(&self.addr).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        Wire {
            stream,
            received: Vec::new(),
        }
    }

    /// The response to one request on a connection of its own.
    pub(crate) async fn ask(&self, request: &[u8]) -> Answer {
        let mut wire = self.open().await;
        wire.send(request).await;
        wire.answer().await
    }
}

/// A connection that sends and reads only when the test asks for it.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The values of a header, with commas in between; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Wire {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    /// Reads more; `false` at the end of the stream.
    async fn more(&mut self) -> bool {
        let count = timeout(HANG, self.stream.read_buf(&mut self.received)).await;
        count
            .expect("the server answers or closes")
            .is_ok_and(|count| count > 0)
    }

    /// Up to and with `end`.
    pub(crate) async fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self.received.windows(end.len()).position(|bytes| bytes == end);
            if let Some(at) = found {
                return self.received.drain(..at + end.len()).collect();
            }
            assert!(
                self.more().await,
                "it hung up after {:?}",
                String::from_utf8_lossy(&self.received)
            );
        }
    }

    pub(crate) async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert!(
                self.more().await,
                "it hung up after {:?}",
                String::from_utf8_lossy(&self.received)
            );
        }
        self.received.drain(..count).collect()
    }

    /// The next response, whole.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        if answer.header("transfer-encoding") == "chunked" {
            loop {
                let piece = self.chunk().await;
                if piece.is_empty() {
                    return answer;
                }
                answer.body.extend(piece);
            }
        }
        let length = answer.header("content-length");
        if !length.is_empty() {
            answer.body = self.exactly(length.parse().expect("a length")).await;
        }
        answer
    }

    /// The head of the next response.
    pub(crate) async fn head(&mut self) -> Answer {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await).expect("a head is text");
        let mut lines = head.lines();
        let status = lines.next().expect("a status line");
        let code = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Answer {
            code: code.expect("HTTP/1.1").parse().expect("a code"),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: Vec::new(),
        }
    }

    /// The next chunk of a body; empty for the last.
    pub(crate) async fn chunk(&mut self) -> Vec<u8> {
        let size = String::from_utf8(self.until(b"\r\n").await).expect("a size");
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        let mut chunk = self.exactly(size + 2).await;
        chunk.truncate(size);
        chunk
    }

    /// All that the server still sends until it closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.received)).into_owned()
    }
}

/// A request by POST with these headers, each with its line end.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A call of a method of [`shapes`] by Connect, in JSON.
pub(crate) fn json(method: &str, body: &str) -> Vec<u8> {
    post(
        &format!("/shapes.Shapes/{method}"),
        "content-type: application/json\r\n",
        body.as_bytes(),
    )
}

/// A message in its envelope.
pub(crate) fn envelope(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    [&[flags], &length[..], message].concat()
}

/// The envelopes of a body: the flags and contents of each.
pub(crate) fn envelopes(mut body: &[u8]) -> Vec<(u8, String)> {
    let mut all = Vec::new();
    while let Some((&[flags, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (message, rest) = rest.split_at(u32::from_be_bytes(length) as usize);
        all.push((flags, String::from_utf8_lossy(message).into_owned()));
        body = rest;
    }
    assert!(body.is_empty(), "{body:?}");
    all
}
