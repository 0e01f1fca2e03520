//! [`HttpResponses`]: the messages of a response as they come, and how the call ended.
//!
//! Nothing is kept but the message that is on its way. Its length is looked at before its bytes are kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::MAX_END;
use crate::message::{Bounds, Message, MessageError, MessageType, check, json_to_wire};
use crate::protocol::{
    COMPRESSED, Codec, Encoding, Form, PREFIX, end_flag, no_status, read_end, read_trailers, too_large,
};
use crate::schema::Method;

/// How long a server may take to end a body whose last envelope has come. Dropped before, the call would be cancelled over
/// HTTP/2, and the connection lost over HTTP/1.1.
const END_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) type ResponseBody = UnsyncBoxBody<Bytes, Status>;

/// The rest of a response, after its head.
#[derive(Debug)]
pub(in crate::client) struct HttpResponses {
    state: State,
    decoder: MessageDecoder,
    /// What has come and is not taken.
    buffer: BytesMut,
    /// What a response without a body says of the end of the call in its headers.
    in_headers: Option<HeaderMap>,
}

#[derive(Debug)]
enum State {
    Open(ResponseBody),
    /// How the call ended, which nobody has asked for yet; and the body, until when it should end.
    Ended(Result<HeaderMap, Status>, Option<(ResponseBody, Instant)>),
    Told(HeaderMap),
}

/// How the messages of a response are decoded.
#[derive(Debug)]
pub(super) struct MessageDecoder {
    pub(super) form: Form,
    pub(super) encoding: Option<Encoding>,
    pub(super) method: Arc<Method>,
    /// The largest message taken, compressed and decompressed.
    pub(super) max_size: usize,
}

impl HttpResponses {
    /// The messages of a body. `in_headers` are the headers, if they say how a call without a body has ended.
    pub(super) fn new(body: ResponseBody, decoder: MessageDecoder, in_headers: Option<HeaderMap>) -> Self {
        Self {
            state: State::Open(body),
            decoder,
            buffer: BytesMut::new(),
            in_headers,
        }
    }

    /// The response of a call that has failed.
    pub(super) fn failed(status: Status, decoder: MessageDecoder) -> Self {
        Self {
            state: State::Ended(Err(status), None),
            decoder,
            buffer: BytesMut::new(),
            in_headers: None,
        }
    }

    /// The next message, or `None` when the call has ended with OK. Cancel-safe.
    pub(in crate::client) async fn message(&mut self) -> Result<Option<Message>, Status> {
        let message = self.next().await;
        if message.is_err() {
            // Whatever else comes is of no use.
            self.state = State::Told(HeaderMap::new());
        }
        message
    }

    /// The metadata after the last message.
    pub(in crate::client) fn trailers(&mut self) -> HeaderMap {
        match &mut self.state {
            State::Told(trailers) => std::mem::take(trailers),
            _ => HeaderMap::new(),
        }
    }

    async fn next(&mut self) -> Result<Option<Message>, Status> {
        let is_whole = self.decoder.form.protocol.is_whole();
        loop {
            let body = match &mut self.state {
                State::Open(body) => body,
                State::Ended(_, Some((body, due))) => {
                    // Whatever it is that comes, the call has ended.
                    let _ = timeout_at(*due, body.frame()).await;
                    return self.tell();
                }
                State::Ended(_, None) | State::Told(_) => return self.tell(),
            };
            if !is_whole && let Some((flags, envelope)) = self.decoder.take_envelope(&mut self.buffer)? {
                self.in_headers = None;
                if !self.decoder.is_end(flags) {
                    let is_compressed = flags & COMPRESSED != 0;
                    return self.decoder.message(envelope, is_compressed).map(Some);
                }
                self.end(self.decoder.end(envelope, flags));
                continue;
            }
            match body.frame().await {
                Some(frame) => self.add(frame?)?,
                None if is_whole => {
                    self.state = State::Ended(Ok(self.in_headers.take().unwrap_or_default()), None);
                    let whole = self.buffer.split().freeze();
                    let is_compressed = self.decoder.encoding.is_some();
                    return self.decoder.message(whole, is_compressed).map(Some);
                }
                None => self.state = State::Ended(self.ended_without_word(), None),
            }
        }
    }

    /// The call has ended so, and its body is due to end.
    fn end(&mut self, ended: Result<HeaderMap, Status>) {
        let due = Instant::now() + END_TIMEOUT;
        let state = std::mem::replace(&mut self.state, State::Told(HeaderMap::new()));
        let body = match state {
            State::Open(body) => Some((body, due)),
            _ => None,
        };
        self.state = State::Ended(ended, body);
    }

    /// Tells how the call ended, once.
    fn tell(&mut self) -> Result<Option<Message>, Status> {
        let state = std::mem::replace(&mut self.state, State::Told(HeaderMap::new()));
        self.state = State::Told(match state {
            State::Ended(ended, _) => ended?,
            State::Told(trailers) => trailers,
            State::Open(_) => unreachable!("it has ended"),
        });
        Ok(None)
    }

    /// Adds a frame of the body to what has come.
    fn add(&mut self, frame: Frame<Bytes>) -> Result<(), Status> {
        match frame.into_data() {
            Ok(data) => {
                let decoder = &self.decoder;
                if decoder.form.protocol.is_whole() && self.buffer.len() + data.len() > decoder.max_size {
                    return Err(too_large("", decoder.max_size));
                }
                self.buffer.extend_from_slice(&data);
            }
            Err(frame) => {
                // Only gRPC says in them how the call ended, and only when all messages were whole.
                if let Ok(trailers) = frame.into_trailers()
                    && end_flag(self.decoder.form.protocol).is_none()
                    && !self.decoder.form.protocol.is_whole()
                    && self.buffer.is_empty()
                {
                    self.end(read_trailers(trailers).unwrap_or_else(|| Err(no_status())));
                }
            }
        }
        Ok(())
    }

    /// How a call ended whose body has ended and did not say so.
    fn ended_without_word(&mut self) -> Result<HeaderMap, Status> {
        if !self.buffer.is_empty() {
            return Err(Status::internal("the server's response ends within a message"));
        }
        let in_headers = self.in_headers.take().and_then(read_trailers);
        in_headers.unwrap_or_else(|| {
            Err(Status::internal(
                "the server's response does not say how the call ended",
            ))
        })
    }
}

impl MessageDecoder {
    fn is_end(&self, flags: u8) -> bool {
        end_flag(self.form.protocol).is_some_and(|end| flags & end != 0)
    }

    /// Takes an envelope, if it is there whole: its flags, and what it holds.
    fn take_envelope(&self, buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, Status> {
        let Some(&[flags, a, b, c, d]) = buffer.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let known = COMPRESSED | end_flag(self.form.protocol).unwrap_or_default();
        if flags & !known != 0 {
            return Err(Status::internal(format!(
                "the server's response has an envelope with the flags {flags:#04x}, which are not known"
            )));
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let most = if self.is_end(flags) {
            MAX_END
        } else {
            self.max_size
        };
        if length > most {
            return Err(too_large(&format!(" of {length} bytes"), most));
        }
        if buffer.len() - PREFIX < length {
            return Ok(None);
        }
        buffer.advance(PREFIX);
        Ok(Some((flags, buffer.split_to(length).freeze())))
    }

    fn message(&self, bytes: Bytes, is_compressed: bool) -> Result<Message, Status> {
        let bytes = self.decompress(bytes, is_compressed, self.max_size)?;
        let wire = match self.form.codec {
            Codec::Proto => bytes,
            Codec::Json => {
                let of = MessageType::output_of(&self.method, Bounds::default());
                let mut wire = Vec::new();
                json_to_wire(of, &bytes, &mut wire).map_err(|error| {
                    Status::internal(format!("the server's message cannot be read: {error}"))
                })?;
                wire.into()
            }
        };
        let (layouts, layout) = (self.method.layouts(), self.method.output_layout());
        check(layouts, layout, &wire, Bounds::default()).map_err(MessageError::from)?;
        Ok(Message::of_layout(layouts, layout, wire))
    }

    fn end(&self, envelope: Bytes, flags: u8) -> Result<HeaderMap, Status> {
        let end = self.decompress(envelope, flags & COMPRESSED != 0, MAX_END)?;
        read_end(self.form.protocol, &end)
    }

    fn decompress(&self, bytes: Bytes, is_compressed: bool, most: usize) -> Result<Bytes, Status> {
        if !is_compressed {
            return Ok(bytes);
        }
        let Some(encoding) = self.encoding else {
            return Err(Status::internal(
                "the server's response has a compressed message and names no compression",
            ));
        };
        // Nothing is nothing, compressed or not.
        if bytes.is_empty() {
            return Ok(bytes);
        }
        let mut decompressed = Vec::new();
        encoding.decompress(&bytes, &mut decompressed, most)?;
        Ok(decompressed.into())
    }
}
