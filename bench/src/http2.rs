//! The client's side of HTTP/2 by hand: only what a load generator needs, so that it is not the bottleneck.
//!
//! Frames are written into one output buffer and read from one input buffer. Each iteration of the loop makes at most one
//! write and one read. Both flow-control windows work in both directions, with the sizes of hyper's own client. Frames that
//! the bench's servers have no reason to send (padding, CONTINUATION, push) are errors.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::wire::Field;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// HPACK: a field of the table, and the index of the one that was added last.
const INDEXED: u8 = 0x80;
const NEWEST_FIELD: u8 = 62;

const FRAME_HEADER: usize = 9;
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 5 << 20;
const SPEC_WINDOW: u32 = 65_535;

/// Output is written before it grows beyond this.
const OUTPUT_LIMIT: usize = 256 << 10;
/// A server that sends nothing for this time has failed.
const SILENCE: Duration = Duration::from_mins(1);

/// What a server sent, except frames that only concern the connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// A header block: response headers or trailers.
    Headers {
        stream: u32,
        fields: Vec<Field>,
        end: bool,
    },
    /// A piece of a response body: a range of [`Connection::input`].
    Data {
        stream: u32,
        bytes: Range<usize>,
        end: bool,
    },
    /// The server accepts this many more bytes on the stream.
    Window { stream: u32, more: u32 },
    /// The server ended the stream with an HTTP/2 error code.
    Reset { stream: u32, code: u32 },
}

/// One connection to a server under load.
pub(crate) struct Connection {
    socket: TcpStream,
    hpack: loona_hpack::Decoder<'static>,
    input: Vec<u8>,
    /// The bytes of `input` that are read from the socket and not yet parsed.
    unread: Range<usize>,
    output: Vec<u8>,
    written: usize,
    next_stream: u32,
    /// How many bytes the server still accepts: on this connection, and on a new stream.
    send_window: usize,
    stream_send_window: usize,
    max_frame: usize,
    max_streams: usize,
    settled: bool,
    /// Bytes received since the last WINDOW_UPDATE of the connection.
    unacknowledged: u32,
}

impl Connection {
    /// Connects, and exchanges settings.
    pub(crate) async fn open(address: SocketAddr) -> Result<Connection> {
        let socket = TcpStream::connect(address)
            .await
            .with_context(|| format!("connect to {address}"))?;
        socket.set_nodelay(true)?;
        let mut connection = Connection {
            socket,
            hpack: loona_hpack::Decoder::new(),
            input: vec![0; 512 << 10],
            unread: 0..0,
            output: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            written: 0,
            next_stream: 1,
            send_window: SPEC_WINDOW as usize,
            stream_send_window: SPEC_WINDOW as usize,
            max_frame: 16_384,
            max_streams: usize::MAX,
            settled: false,
            unacknowledged: 0,
        };
        let mut settings = Vec::new();
        for (id, value) in [(2u16, 0), (4, STREAM_WINDOW)] {
            settings.extend(id.to_be_bytes());
            settings.extend(value.to_be_bytes());
        }
        connection.write(SETTINGS, 0, 0, &settings);
        connection.acknowledge(0, CONNECTION_WINDOW - SPEC_WINDOW);
        while !connection.settled {
            ensure!(
                connection.next_event()?.is_none(),
                "the server answered before it was asked"
            );
            if !connection.settled {
                connection.exchange().await?;
            }
        }
        Ok(connection)
    }

    /// The bytes that an [`Event::Data`] of the last [`next_event`](Self::next_event) points into.
    pub(crate) fn input(&self) -> &[u8] {
        &self.input
    }

    /// How many concurrent calls the server accepts.
    pub(crate) fn max_streams(&self) -> usize {
        self.max_streams
    }

    /// Whether the output has room for more.
    pub(crate) fn has_room(&self) -> bool {
        self.output.len() - self.written < OUTPUT_LIMIT
    }

    /// Opens a stream for a POST with these header fields, `:path` among them. Returns its id and how many bytes the server
    /// accepts on it.
    ///
    /// All calls on a connection have the same fields. From the second call on, every field is an index into the table that
    /// the first call filled, as with any client's encoder.
    pub(crate) fn open_stream(&mut self, fields: &[(&'static str, String)]) -> (u32, usize) {
        let stream = self.next_stream;
        self.next_stream += 2;
        let mut block = vec![0x83, 0x86]; // :method POST, :scheme http
        if stream == 1 {
            for (name, value) in fields {
                literal(&mut block, name, value);
            }
        } else {
            let indexes = NEWEST_FIELD..NEWEST_FIELD + u8::try_from(fields.len()).expect("few fields");
            block.extend(indexes.rev().map(|index| INDEXED | index));
        }
        self.write(HEADERS, END_HEADERS, stream, &block);
        (stream, self.stream_send_window)
    }

    /// Sends as many of `bytes` as windows and frame size allow, and returns how many. END_STREAM is set if `last` and all
    /// of them were sent.
    pub(crate) fn send(&mut self, stream: u32, window: &mut usize, bytes: &[u8], last: bool) -> usize {
        let length = bytes.len().min(*window).min(self.send_window).min(self.max_frame);
        let end = last && length == bytes.len();
        if length > 0 || end {
            self.write(DATA, u8::from(end) * END_STREAM, stream, &bytes[..length]);
            *window -= length;
            self.send_window -= length;
        }
        length
    }

    /// Gives back `length` received bytes to the window of a stream, or of the connection (0).
    pub(crate) fn acknowledge(&mut self, stream: u32, length: u32) {
        self.write(WINDOW_UPDATE, 0, stream, &length.to_be_bytes());
    }

    /// When this much of a stream's window is used, it is time to acknowledge.
    pub(crate) const STREAM_ACKNOWLEDGE: u32 = STREAM_WINDOW / 2;

    /// Writes the output and reads the input. Waits if neither is possible.
    pub(crate) async fn exchange(&mut self) -> Result<()> {
        loop {
            let wrote = self.try_write()?;
            let read = self.try_read()?;
            if wrote || read {
                return Ok(());
            }
            let interest = if self.written < self.output.len() {
                Interest::READABLE | Interest::WRITABLE
            } else {
                Interest::READABLE
            };
            tokio::time::timeout(SILENCE, self.socket.ready(interest))
                .await
                .context("the server is silent")??;
        }
    }

    fn try_write(&mut self) -> Result<bool> {
        if self.written == self.output.len() {
            return Ok(false);
        }
        match self.socket.try_write(&self.output[self.written..]) {
            Ok(length) => self.written += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("write to the server"),
        }
        if self.written == self.output.len() {
            self.output.clear();
            self.written = 0;
        }
        Ok(true)
    }

    fn try_read(&mut self) -> Result<bool> {
        // The rest is less than a frame, and moves to the front.
        self.input.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        match self.socket.try_read(&mut self.input[self.unread.end..]) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(length) => self.unread.end += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("read from the server"),
        }
        Ok(true)
    }

    /// The next event from the input, or `None` if more must be read first.
    pub(crate) fn next_event(&mut self) -> Result<Option<Event>> {
        while let Some((kind, flags, stream, payload)) = self.next_frame() {
            ensure!(
                kind > HEADERS || flags & PADDED == 0,
                "the server pads its frames"
            );
            let end = flags & END_STREAM != 0;
            let bytes = &self.input[payload.clone()];
            match kind {
                DATA => {
                    self.received(payload.len());
                    return Ok(Some(Event::Data {
                        stream,
                        bytes: payload,
                        end,
                    }));
                }
                HEADERS => {
                    ensure!(flags & END_HEADERS != 0, "the server sends CONTINUATION frames");
                    let fields = self
                        .hpack
                        .decode(bytes)
                        .map_err(|error| anyhow::anyhow!("a header block cannot be read: {error:?}"))?;
                    return Ok(Some(Event::Headers { stream, fields, end }));
                }
                RST_STREAM => {
                    return Ok(Some(Event::Reset {
                        stream,
                        code: number(bytes)?,
                    }));
                }
                SETTINGS if flags & ACK == 0 => self.settings(payload)?,
                PING if flags & ACK == 0 => {
                    let echo = bytes.to_vec();
                    self.write(PING, ACK, 0, &echo);
                }
                GOAWAY => bail!(
                    "the server ends the connection: {}",
                    String::from_utf8_lossy(bytes)
                ),
                WINDOW_UPDATE => {
                    let more = number(bytes)?;
                    if stream != 0 {
                        return Ok(Some(Event::Window { stream, more }));
                    }
                    self.send_window += more as usize;
                }
                SETTINGS | PING => {}
                other => bail!("the server sends frames of type {other}"),
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Option<(u8, u8, u32, Range<usize>)> {
        let unread = &self.input[self.unread.clone()];
        let header: [u8; FRAME_HEADER] = unread.get(..FRAME_HEADER)?.try_into().ok()?;
        let [a, b, c, kind, flags, stream @ ..] = header;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        unread.get(FRAME_HEADER..FRAME_HEADER + length)?;
        let start = self.unread.start + FRAME_HEADER;
        self.unread.start = start + length;
        Some((
            kind,
            flags,
            u32::from_be_bytes(stream) & 0x7fff_ffff,
            start..start + length,
        ))
    }

    fn received(&mut self, length: usize) {
        self.unacknowledged += u32::try_from(length).expect("a frame is shorter than 16 MiB");
        if self.unacknowledged >= CONNECTION_WINDOW / 2 {
            let length = std::mem::take(&mut self.unacknowledged);
            self.acknowledge(0, length);
        }
    }

    fn settings(&mut self, payload: Range<usize>) -> Result<()> {
        for entry in self.input[payload].chunks_exact(6) {
            let value = number(&entry[2..])?;
            match u16::from_be_bytes([entry[0], entry[1]]) {
                1 => ensure!(value >= 4096, "the server wants a smaller HPACK table"),
                3 => self.max_streams = value as usize,
                4 => {
                    ensure!(!self.settled, "the server changes its window on the way");
                    self.stream_send_window = value as usize;
                }
                5 => self.max_frame = (value as usize).min(16_384),
                _ => {}
            }
        }
        self.settled = true;
        self.write(SETTINGS, ACK, 0, &[]);
        Ok(())
    }

    fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len())
            .expect("a frame is shorter than 16 MiB")
            .to_be_bytes();
        self.output.extend([length[1], length[2], length[3], kind, flags]);
        self.output.extend(stream.to_be_bytes());
        self.output.extend(payload);
    }
}

/// A header field that is added to the table, with its name.
fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0x40);
    for text in [name, value] {
        block.push(
            u8::try_from(text.len())
                .ok()
                .filter(|length| *length < 127)
                .expect("a short text"),
        );
        block.extend(text.as_bytes());
    }
}

fn number(bytes: &[u8]) -> Result<u32> {
    Ok(u32::from_be_bytes(
        bytes.get(..4).context("a frame is cut short")?.try_into()?,
    ))
}
