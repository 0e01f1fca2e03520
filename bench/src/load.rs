//! A load: calls of one method, some of them concurrent, with every answer counted and checked.
//!
//! Requests are encoded once and sent in whole frames. Over HTTP/2 all calls share a connection; over HTTP/1.1 each call in
//! flight has its own, as in a browser or behind a proxy. The content of answers is decoded and compared for every message in a
//! warm-up, and for the first and the last of each call and one in [`STRIDE`] in a measured run.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use nix::time::ClockId;

use crate::http1;
use crate::http2::{Connection, Event};
use crate::wire::{Field, Protocol, Received, STRIDE};

/// The longest DATA payload to send.
const PIECE: usize = 16_384;

/// Compares the answer of this number with the expected one.
pub(crate) type Check = Box<dyn Fn(u64, &[u8]) -> Result<()>>;

/// What to call, how often, and the expected answers.
pub(crate) struct Load {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    pub(crate) protocol: Protocol,
    pub(crate) http: Http,
    /// One request message; with its five bytes of prefix, if the protocol has it.
    pub(crate) request: Vec<u8>,
    pub(crate) calls: u64,
    pub(crate) in_flight: usize,
    /// Requests in each call.
    pub(crate) requests: u64,
    /// Answers in each call.
    pub(crate) answers: u64,
    /// The code of the status that each call ends with.
    pub(crate) code: u32,
    /// Metadata that comes with each call, in its headers or trailers.
    pub(crate) metadata: Vec<Field>,
    pub(crate) check: Check,
}

/// The version of HTTP that brings calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http {
    /// Only for protocols without trailers of HTTP's own.
    One,
    Two,
}

/// How a load went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// The time from the first byte sent to the last trailers.
    pub(crate) wall: Duration,
    /// CPU time of the client in that time.
    pub(crate) client: Duration,
}

/// One call in flight over HTTP/2.
struct Stream {
    /// Request bytes sent, and bytes that the server still accepts.
    sent: usize,
    window: usize,
    received: Received,
    unacknowledged: u32,
}

impl Load {
    /// Runs the load on new connections. `thorough` compares every answer.
    pub(crate) async fn run(&self, address: SocketAddr, thorough: bool) -> Result<Outcome> {
        let stride = if thorough { 1 } else { STRIDE };
        match self.http {
            Http::One => self.run_http1(address, stride).await,
            Http::Two => self.run_http2(address, stride).await,
        }
        .with_context(|| self.path.clone())
    }

    async fn run_http1(&self, address: SocketAddr, stride: u64) -> Result<Outcome> {
        let fields = self.protocol.request_fields(self.request.len());
        let request = http1::request(&self.path, &fields, &self.request);
        let mut connections = Vec::new();
        for _ in 0..self.in_flight {
            connections.push(http1::Connection::open(address).await?);
        }
        let started = Cell::new(0);
        let calls = async |mut connection: http1::Connection| -> Result<()> {
            while started.get() < self.calls {
                started.set(started.get() + 1);
                let response = connection.call(&request).await?;
                let mut received = Received::default();
                received.fields(&response.fields, self)?;
                received.body(response.body, self, stride)?;
                received.end(self, stride)?;
            }
            Ok(())
        };
        timed(try_join_all(connections.into_iter().map(calls))).await
    }

    async fn run_http2(&self, address: SocketAddr, stride: u64) -> Result<Outcome> {
        let connection = Connection::open(address).await?;
        let in_flight = self.in_flight.min(connection.max_streams());
        let mut fields = vec![
            (":path", self.path.clone()),
            (":authority", "localhost".to_owned()),
        ];
        fields.extend(self.protocol.request_fields(self.request.len()));
        // The requests repeated: any part of them is a slice of this.
        let text = self.request.repeat(1 + PIECE.div_ceil(self.request.len()));
        let length = self.request.len() * usize::try_from(self.requests)?;
        let run = Run {
            load: self,
            connection,
            fields,
            streams: HashMap::new(),
            text,
            length,
            stride,
        };
        timed(run.run(in_flight)).await
    }
}

/// Waits for the calls, and takes the time.
async fn timed<T>(calls: impl Future<Output = Result<T>>) -> Result<Outcome> {
    let (wall, client) = (Instant::now(), thread_cpu()?);
    calls.await?;
    Ok(Outcome {
        wall: wall.elapsed(),
        client: thread_cpu()?.saturating_sub(client),
    })
}

/// The state of a running load over HTTP/2.
struct Run<'a> {
    load: &'a Load,
    connection: Connection,
    fields: Vec<(&'static str, String)>,
    streams: HashMap<u32, Stream>,
    text: Vec<u8>,
    length: usize,
    stride: u64,
}

impl Run<'_> {
    async fn run(mut self, in_flight: usize) -> Result<()> {
        let (mut started, mut done) = (0, 0);
        let mut uploads = VecDeque::new();
        while done < self.load.calls {
            while started < self.load.calls && self.streams.len() < in_flight && self.connection.has_room() {
                let (id, window) = self.connection.open_stream(&self.fields);
                self.streams.insert(id, Stream::new(window));
                uploads.push_back(id);
                started += 1;
                self.upload(&mut uploads);
            }
            self.upload(&mut uploads);
            self.connection.exchange().await?;
            while let Some(event) = self.connection.next_event()? {
                done += u64::from(self.on_event(event)?);
            }
        }
        Ok(())
    }

    /// Sends as many of the remaining requests as windows and buffers allow.
    fn upload(&mut self, uploads: &mut VecDeque<u32>) {
        for _ in 0..uploads.len() {
            let Some(id) = uploads.pop_front() else { return };
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            while self.connection.has_room() {
                let offset = stream.sent % self.load.request.len();
                let piece = PIECE.min(self.length - stream.sent);
                let last = stream.sent + piece == self.length;
                let bytes = &self.text[offset..offset + piece];
                let sent = self.connection.send(id, &mut stream.window, bytes, last);
                stream.sent += sent;
                if sent == 0 || stream.sent == self.length {
                    break;
                }
            }
            if stream.sent < self.length {
                uploads.push_back(id);
            }
        }
    }

    /// Whether the event ends a call.
    fn on_event(&mut self, event: Event) -> Result<bool> {
        let (id, end) = match event {
            Event::Data { stream, bytes, end } => {
                let length = u32::try_from(bytes.len())?;
                let state = self
                    .streams
                    .get_mut(&stream)
                    .context("DATA on no stream of ours")?;
                state
                    .received
                    .body(&self.connection.input()[bytes], self.load, self.stride)?;
                state.unacknowledged += length;
                if !end && state.unacknowledged >= Connection::STREAM_ACKNOWLEDGE {
                    self.connection
                        .acknowledge(stream, std::mem::take(&mut state.unacknowledged));
                }
                (stream, end)
            }
            Event::Headers { stream, fields, end } => {
                let state = self
                    .streams
                    .get_mut(&stream)
                    .context("HEADERS on no stream of ours")?;
                state.received.fields(&fields, self.load)?;
                (stream, end)
            }
            Event::Window { stream, more } => {
                // The server may still acknowledge on a call that has ended.
                if let Some(state) = self.streams.get_mut(&stream) {
                    state.window += more as usize;
                }
                return Ok(false);
            }
            // After the trailers this only means that the server does not want the rest of the requests.
            Event::Reset { stream, code } if self.streams.contains_key(&stream) => {
                bail!("the server reset the stream with HTTP/2 error {code}")
            }
            Event::Reset { .. } => return Ok(false),
        };
        if !end {
            return Ok(false);
        }
        let mut state = self.streams.remove(&id).context("the end of no stream of ours")?;
        state.received.end(self.load, self.stride)?;
        ensure!(
            state.sent == self.length,
            "a call ended before its requests were sent"
        );
        Ok(true)
    }
}

impl Stream {
    fn new(window: usize) -> Stream {
        Stream {
            sent: 0,
            window,
            received: Received::default(),
            unacknowledged: 0,
        }
    }
}

/// CPU time of this thread.
fn thread_cpu() -> Result<Duration> {
    Ok(ClockId::CLOCK_THREAD_CPUTIME_ID.now()?.into())
}
