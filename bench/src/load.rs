//! A load: calls of one method, some of them concurrent, with every answer counted and checked.
//!
//! Requests are encoded once and sent in whole frames. The length prefix of every answer is read. Its content is decoded
//! and compared for every message in a warm-up, and for the first, the last and one in [`STRIDE`] in a measured run.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::time::ClockId;

use crate::http2::{Connection, Event};

/// One in this many answers is compared in a measured run.
const STRIDE: u64 = 997;
/// The longest DATA payload to send.
const PIECE: usize = 16_384;

/// Compares the answer of this number with the expected one.
pub(crate) type Check = Box<dyn Fn(u64, &[u8]) -> Result<()>>;

/// What to call, how often, and the expected answers.
pub(crate) struct Load {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    /// One request message with its five bytes of prefix.
    pub(crate) request: Vec<u8>,
    pub(crate) calls: u64,
    pub(crate) in_flight: usize,
    /// Requests in each call.
    pub(crate) requests: u64,
    /// Answers in each call.
    pub(crate) answers: u64,
    pub(crate) check: Check,
}

/// How a load went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// The time from the first byte sent to the last trailers.
    pub(crate) wall: Duration,
    /// CPU time of the client in that time.
    pub(crate) client: Duration,
}

/// A call that ended with another status than OK.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) code: u32,
    message: String,
}

impl Failed {
    pub(crate) const UNIMPLEMENTED: u32 = 12;
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server answered with status {}: {}",
            self.code, self.message
        )
    }
}

impl std::error::Error for Failed {}

/// One call in flight.
struct Stream {
    /// Request bytes sent, and bytes that the server still accepts.
    sent: usize,
    window: usize,
    received: u64,
    /// The beginning of an incomplete answer.
    partial: Vec<u8>,
    unacknowledged: u32,
    status: Option<u32>,
}

impl Load {
    /// Runs the load on a new connection. `thorough` compares every answer.
    pub(crate) async fn run(&self, address: SocketAddr, thorough: bool) -> Result<Outcome> {
        let connection = Connection::open(address).await?;
        let in_flight = self.in_flight.min(connection.max_streams());
        // The requests repeated: any part of them is a slice of this.
        let text = self.request.repeat(1 + PIECE.div_ceil(self.request.len()));
        let length = self.request.len() * usize::try_from(self.requests)?;
        let stride = if thorough { 1 } else { STRIDE };
        let run = Run {
            load: self,
            connection,
            streams: HashMap::new(),
            text,
            length,
            stride,
        };

        let (wall, client) = (Instant::now(), thread_cpu()?);
        run.run(in_flight).await.with_context(|| self.path.clone())?;
        Ok(Outcome {
            wall: wall.elapsed(),
            client: thread_cpu()?.saturating_sub(client),
        })
    }
}

/// The state of a running load.
struct Run<'a> {
    load: &'a Load,
    connection: Connection,
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
                let (id, window) = self.connection.open_stream(&self.load.path);
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
                state.body(&self.connection.input()[bytes], self.load, self.stride)?;
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
                state.headers(&fields)?;
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
        let state = self.streams.remove(&id).context("the end of no stream of ours")?;
        ensure!(state.status == Some(0), "a call ended without a status");
        ensure!(state.partial.is_empty(), "a call ended within an answer");
        ensure!(
            state.sent == self.length,
            "a call ended before its requests were sent"
        );
        ensure!(
            state.received == self.load.answers,
            "a call had {} answers instead of {}",
            state.received,
            self.load.answers
        );
        Ok(true)
    }
}

impl Stream {
    fn new(window: usize) -> Stream {
        Stream {
            sent: 0,
            window,
            received: 0,
            partial: Vec::new(),
            unacknowledged: 0,
            status: None,
        }
    }

    fn headers(&mut self, fields: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
        let field = |name: &str| {
            fields
                .iter()
                .find(|(field, _)| field == name.as_bytes())
                .map(|(_, value)| String::from_utf8_lossy(value))
        };
        if let Some(status) = field(":status") {
            ensure!(status == "200", "the server answered with HTTP status {status}");
            let content_type = field("content-type").context("an answer without a content-type")?;
            ensure!(
                content_type.starts_with("application/grpc"),
                "an answer of content-type {content_type}"
            );
        }
        if let Some(status) = field("grpc-status") {
            let code = status.parse().with_context(|| format!("grpc-status {status}"))?;
            if code != 0 {
                let message = field("grpc-message").unwrap_or_default().into_owned();
                return Err(Failed { code, message }.into());
            }
            self.status = Some(code);
        }
        Ok(())
    }

    /// Counts and checks the answers in a piece of the body.
    fn body(&mut self, mut bytes: &[u8], load: &Load, stride: u64) -> Result<()> {
        while !self.partial.is_empty() && !bytes.is_empty() {
            let wanted = frame_length(&self.partial)?.unwrap_or(5) - self.partial.len();
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.partial.extend_from_slice(taken);
            bytes = rest;
            if frame_length(&self.partial)? == Some(self.partial.len()) {
                let mut frame = std::mem::take(&mut self.partial);
                self.answer(&frame[5..], load, stride)?;
                frame.clear();
                self.partial = frame;
            }
        }
        while let Some(length) = frame_length(bytes)?.filter(|length| *length <= bytes.len()) {
            self.answer(&bytes[5..length], load, stride)?;
            bytes = &bytes[length..];
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    fn answer(&mut self, message: &[u8], load: &Load, stride: u64) -> Result<()> {
        if self.received.is_multiple_of(stride) || self.received + 1 == load.answers {
            (load.check)(self.received, message).with_context(|| format!("answer {}", self.received))?;
        }
        self.received += 1;
        Ok(())
    }
}

/// The length of the frame at the start of `bytes`, including its prefix; `None` if the prefix is incomplete.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(&[compressed, a, b, c, d]) = bytes.first_chunk() else {
        return Ok(None);
    };
    ensure!(compressed == 0, "a compressed answer that nobody asked for");
    Ok(Some(5 + u32::from_be_bytes([a, b, c, d]) as usize))
}

/// CPU time of this thread.
fn thread_cpu() -> Result<Duration> {
    Ok(ClockId::CLOCK_THREAD_CPUTIME_ID.now()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(answers: u64) -> Load {
        Load {
            path: String::new(),
            request: vec![0; 5],
            calls: 1,
            in_flight: 1,
            requests: 1,
            answers,
            check: Box::new(|number, bytes| {
                ensure!(bytes == [u8::try_from(number)?; 3], "is {bytes:?}");
                Ok(())
            }),
        }
    }

    #[test]
    fn answers_are_found_however_the_body_is_cut() {
        let body: Vec<u8> = (0..4)
            .flat_map(|number| [0, 0, 0, 0, 3, number, number, number])
            .collect();
        for size in 1..=body.len() {
            let mut stream = Stream::new(0);
            for piece in body.chunks(size) {
                stream.body(piece, &load(4), 1).unwrap();
            }
            assert_eq!(
                (stream.received, stream.partial.len()),
                (4, 0),
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        let error = Stream::new(0)
            .body(&[0, 0, 0, 0, 3, 7, 7, 7], &load(1), STRIDE)
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "answer 0: is [7, 7, 7]");
    }

    #[test]
    fn the_last_answer_is_compared_in_a_measured_run() {
        let body = [[0, 0, 0, 0, 3, 0, 0, 0], [0, 0, 0, 0, 3, 9, 9, 9]].concat();
        Stream::new(0).body(&body, &load(3), STRIDE).unwrap();
        Stream::new(0).body(&body, &load(2), STRIDE).unwrap_err();
    }

    #[test]
    fn a_status_other_than_ok_fails_the_call_with_its_code() {
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let fields = [
            field(":status", "200"),
            field("content-type", "application/grpc"),
            field("grpc-status", "12"),
            field("grpc-message", "no"),
        ];
        let error = Stream::new(0).headers(&fields).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Failed>().unwrap().code,
            Failed::UNIMPLEMENTED
        );
    }
}
