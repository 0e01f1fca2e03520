//! How a call is written into the journal's memory, and read from it.
//!
//! An entry is three runs of bytes. What a call has in common with others of its kind stands once for several of them: its names with the
//! headers of its request, and the last of its [events](super::events), which are the headers and trailers after its messages. The third is its
//! own, with the other events. So a call takes no allocation of its own, what it takes is known to the byte, and most take little more than
//! their messages.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::events::{Event, EventParts, read_events};
use crate::message::{Reader, put_delimited, put_varint};
use crate::session::Session;
use crate::trace::{SpanId, TraceId, TraceIds};

/// The parts of an entry.
#[derive(Debug, Clone)]
pub(crate) struct EntryBytes {
    /// The names and the headers of the request.
    pub(super) begin: Bytes,
    pub(super) own: Bytes,
    /// The last events.
    pub(super) end: Bytes,
}

/// What is known of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'c> {
    pub(crate) id: u64,
    pub(crate) generation: u64,
    pub(crate) start: SystemTime,
    /// `None` while it is in flight.
    pub(crate) duration: Option<Duration>,
    pub(crate) code: tonic::Code,
    pub(crate) is_unmatched: bool,
    pub(crate) counts: Counts,
    pub(crate) session: Option<&'c Session>,
    pub(crate) protocol: &'static str,
    pub(crate) method: &'c str,
    pub(crate) peer: PeerFact<'c>,
    pub(crate) trace: Option<TraceIds>,
    /// Empty if no rule answered.
    pub(crate) rule: &'c str,
    pub(crate) message: &'c str,
    pub(crate) details: &'c [u8],
}

/// Who called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PeerFact<'c> {
    Unknown,
    Address(SocketAddr),
    Name(&'c str),
}

/// How many messages there were, and how many bytes they took on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) request_bytes: u64,
    pub(crate) responses: u64,
    pub(crate) response_bytes: u64,
}

const UNMATCHED: u64 = 1;
const OPEN: u64 = 2;
const TRACED: u64 = 4;

/// How many bytes the ids of a trace take.
const IDS: usize = TraceId::LENGTH + 2 * SpanId::LENGTH;

impl Facts<'_> {
    /// How many bytes its own part takes at most.
    pub(super) fn most(&self, events: EventParts<'_>) -> usize {
        const NUMBERS: usize = 20 * 10 + 18 + IDS;
        let name = match self.peer {
            PeerFact::Name(name) => name.len(),
            _ => 0,
        };
        NUMBERS + name + self.message.len() + self.details.len() + events.since.len()
    }

    /// Appends its names and the headers of the request.
    pub(super) fn put_begin(&self, events: EventParts<'_>, out: &mut Vec<u8>) {
        let session = self.session.map_or("", |session| session.name());
        for text in [self.protocol, self.method, self.rule, session] {
            put_delimited(out, text.as_bytes());
        }
        put_delimited(out, events.request);
    }

    /// Appends its own part, with a mark.
    pub(super) fn put_own(&self, mark: u64, events: EventParts<'_>, out: &mut Vec<u8>) {
        let since = self
            .start
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let flags = u64::from(self.is_unmatched) * UNMATCHED
            + u64::from(self.duration.is_none()) * OPEN
            + u64::from(self.trace.is_some()) * TRACED;
        put_varint(out, self.id);
        // A number as large as this one takes more as a varint.
        out.extend_from_slice(&(since.as_nanos() as u64).to_le_bytes());
        for number in [
            self.generation,
            self.duration.unwrap_or_default().as_nanos() as u64,
            self.code as u64,
            flags,
            self.counts.requests,
            self.counts.request_bytes,
            self.counts.responses,
            self.counts.response_bytes,
            mark,
        ] {
            put_varint(out, number);
        }
        self.put_peer(out);
        if let Some(ids) = &self.trace {
            out.extend_from_slice(ids.trace.bytes());
            for span in [&ids.span, &ids.parent] {
                let none = [0; SpanId::LENGTH];
                out.extend_from_slice(span.as_ref().map_or(&none, |span| span.bytes()));
            }
        }
        put_delimited(out, self.message.as_bytes());
        put_delimited(out, self.details);
        out.extend_from_slice(events.since);
    }

    /// An entry with a mark.
    pub(super) fn entry(&self, mark: u64, events: EventParts<'_>) -> EntryBytes {
        let (mut begin, mut own) = (Vec::new(), Vec::new());
        self.put_begin(events, &mut begin);
        self.put_own(mark, events, &mut own);
        EntryBytes {
            begin: begin.into(),
            own: own.into(),
            end: Bytes::copy_from_slice(events.last),
        }
    }

    /// An entry with a mark, of a call of which no events are kept.
    pub(crate) fn entry_without_events(&self, mark: u64) -> EntryBytes {
        self.entry(mark, EventParts::default())
    }

    fn put_peer(&self, out: &mut Vec<u8>) {
        match self.peer {
            PeerFact::Unknown => out.push(0),
            PeerFact::Address(address) => {
                match address.ip() {
                    IpAddr::V4(ip) => {
                        out.push(4);
                        out.extend_from_slice(&ip.octets());
                    }
                    IpAddr::V6(ip) => {
                        out.push(6);
                        out.extend_from_slice(&ip.octets());
                    }
                }
                out.extend_from_slice(&address.port().to_le_bytes());
            }
            PeerFact::Name(name) => {
                out.push(1);
                put_delimited(out, name.as_bytes());
            }
        }
    }
}

/// An entry that was read.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    bytes: EntryBytes,
    pub(super) id: u64,
    pub(super) generation: u64,
    pub(super) start: SystemTime,
    pub(super) duration: Option<Duration>,
    pub(super) code: tonic::Code,
    pub(super) is_unmatched: bool,
    pub(super) counts: Counts,
    pub(super) mark: u64,
    pub(super) trace: Option<TraceIds>,
    peer: Option<String>,
    // In the first part.
    protocol: Range<usize>,
    method: Range<usize>,
    rule: Range<usize>,
    session: Range<usize>,
    request_headers: Range<usize>,
    // In its own.
    message: Range<usize>,
    details: Range<usize>,
}

impl Entry {
    /// Reads an entry. `None` if the bytes are none.
    pub(super) fn read(bytes: EntryBytes) -> Option<Self> {
        let mut reader = Reader::new(&bytes.begin);
        let (protocol, method) = (text(&mut reader)?, text(&mut reader)?);
        let (rule, session) = (text(&mut reader)?, text(&mut reader)?);
        let request_headers = text(&mut reader)?;
        let mut reader = Reader::new(&bytes.own);
        let id = reader.varint().ok()?;
        let start = u64::from_le_bytes(octets(&mut reader)?);
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(start);
        let mut number = || reader.varint().ok();
        let generation = number()?;
        let duration = Duration::from_nanos(number()?);
        let code = tonic::Code::from_i32(number()? as i32);
        let flags = number()?;
        let counts = Counts {
            requests: number()?,
            request_bytes: number()?,
            responses: number()?,
            response_bytes: number()?,
        };
        let mark = number()?;
        let peer = read_peer(&mut reader)?;
        let trace = if flags & TRACED == 0 {
            None
        } else {
            Some(read_ids(&mut reader)?)
        };
        Some(Self {
            message: text(&mut reader)?,
            details: text(&mut reader)?,
            protocol,
            method,
            rule,
            session,
            request_headers,
            id,
            generation,
            start,
            duration: (flags & OPEN == 0).then_some(duration),
            code,
            is_unmatched: flags & UNMATCHED != 0,
            counts,
            mark,
            trace,
            peer,
            bytes,
        })
    }

    /// The id of an entry, which is what its own part begins with.
    pub(super) fn id_of(own: &[u8]) -> Option<u64> {
        Reader::new(own).varint().ok()
    }

    pub(super) fn protocol(&self) -> &str {
        shown(&self.bytes.begin, &self.protocol)
    }

    pub(super) fn method(&self) -> &str {
        shown(&self.bytes.begin, &self.method)
    }

    pub(super) fn rule(&self) -> &str {
        shown(&self.bytes.begin, &self.rule)
    }

    pub(super) fn session(&self) -> &str {
        shown(&self.bytes.begin, &self.session)
    }

    pub(super) fn message(&self) -> &str {
        shown(&self.bytes.own, &self.message)
    }

    pub(super) fn details(&self) -> Bytes {
        self.bytes.own.slice(self.details.clone())
    }

    pub(super) fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    /// The headers of the request.
    pub(super) fn request_headers(&self) -> impl Iterator<Item = Event> {
        read_events(&self.bytes.begin, self.request_headers.clone())
    }

    /// What happened in the call since.
    pub(super) fn events(&self) -> impl Iterator<Item = Event> {
        let EntryBytes { own, end, .. } = &self.bytes;
        read_events(own, self.details.end..own.len()).chain(read_events(end, 0..end.len()))
    }
}

fn shown<'b>(bytes: &'b Bytes, text: &Range<usize>) -> &'b str {
    std::str::from_utf8(&bytes[text.clone()]).unwrap_or_default()
}

/// Where a text stands.
fn text(reader: &mut Reader<'_>) -> Option<Range<usize>> {
    let length = reader.delimited().ok()?.len();
    let end = reader.position();
    Some(end - length..end)
}

/// The client; the outer `None` means that there is no entry here.
#[expect(
    clippy::option_option,
    reason = "one is for what cannot be read, the other for what is not known"
)]
fn read_peer(reader: &mut Reader<'_>) -> Option<Option<String>> {
    let kind = reader.peek()?;
    reader.pass();
    let ip: IpAddr = match kind {
        0 => return Some(None),
        4 => octets::<4>(reader)?.into(),
        6 => octets::<16>(reader)?.into(),
        _ => {
            return Some(Some(
                String::from_utf8_lossy(reader.delimited().ok()?).into_owned(),
            ));
        }
    };
    let port = u16::from_le_bytes(octets(reader)?);
    Some(Some(SocketAddr::new(ip, port).to_string()))
}

fn read_ids(reader: &mut Reader<'_>) -> Option<TraceIds> {
    Some(TraceIds {
        trace: TraceId::of(octets(reader)?)?,
        span: SpanId::of(octets(reader)?),
        parent: SpanId::of(octets(reader)?),
    })
}

fn octets<const N: usize>(reader: &mut Reader<'_>) -> Option<[u8; N]> {
    let taken = *reader.rest().first_chunk()?;
    (0..N).for_each(|_| reader.pass());
    Some(taken)
}

#[cfg(test)]
impl Facts<'static> {
    /// A call that has all.
    pub(super) fn example() -> Self {
        Self {
            id: 300,
            generation: 2,
            start: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789),
            duration: Some(Duration::from_micros(1500)),
            code: tonic::Code::NotFound,
            is_unmatched: true,
            counts: Counts {
                requests: 1,
                request_bytes: 20,
                responses: 3,
                response_bytes: u64::MAX,
            },
            session: None,
            protocol: "grpc",
            method: "shop.Shop/Order",
            peer: PeerFact::Unknown,
            trace: None,
            rule: "tea",
            message: "none is left",
            details: &[1, 2, 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Headers;

    /// As [`Events`](crate::journal::events::Events) writes them.
    const EVENTS: EventParts<'static> = EventParts {
        request: &[Headers::Request as u8, 1, b'a', 1, b'b'],
        since: &[Headers::Response as u8, 1, b'c', 1, b'd'],
        last: &[Headers::Trailers as u8, 1, b'e', 1, b'f'],
    };

    #[test]
    fn what_is_written_is_read() {
        let peers = [
            (PeerFact::Unknown, None),
            (
                PeerFact::Address("1.2.3.4:5".parse().expect("an address")),
                Some("1.2.3.4:5"),
            ),
            (
                PeerFact::Address("[::1]:65535".parse().expect("an address")),
                Some("[::1]:65535"),
            ),
            (PeerFact::Name("unix:"), Some("unix:")),
        ];
        for (peer, shown) in peers {
            let span = SpanId::of([7; 8]);
            let ids = |span, parent| TraceIds {
                trace: TraceId::of([9; 16]).expect("not zero"),
                span,
                parent,
            };
            for (duration, trace) in [
                (None, None),
                (Some(Duration::from_micros(1500)), Some(ids(span, None))),
                (None, Some(ids(None, span))),
            ] {
                let facts = Facts {
                    duration,
                    peer,
                    trace,
                    ..Facts::example()
                };
                let mut own = Vec::new();
                facts.put_own(7, EVENTS, &mut own);
                assert!(own.len() <= facts.most(EVENTS));
                assert_eq!(Entry::id_of(&own), Some(300));
                let bytes = facts.entry(7, EVENTS);
                assert_eq!(bytes.own, own);
                let read = Entry::read(bytes).expect("it is one");
                assert_eq!(
                    (read.id, read.generation, read.start, read.duration, read.trace),
                    (facts.id, facts.generation, facts.start, duration, trace)
                );
                assert_eq!(
                    (read.code, read.is_unmatched, read.counts, read.peer()),
                    (facts.code, true, facts.counts, shown)
                );
                assert_eq!(
                    (
                        read.protocol(),
                        read.method(),
                        read.rule(),
                        read.message(),
                        &*read.details()
                    ),
                    (
                        facts.protocol,
                        facts.method,
                        facts.rule,
                        facts.message,
                        facts.details
                    )
                );
                let headers = |events: &mut dyn Iterator<Item = Event>| -> Vec<(u8, Bytes, Bytes)> {
                    let header = |event| match event {
                        Event::Header(which, name, value) => (which as u8, name, value),
                        Event::Message { .. } => panic!("there is none"),
                    };
                    events.map(header).collect()
                };
                let header = |which, name: &'static str, value: &'static str| {
                    (which as u8, Bytes::from(name), Bytes::from(value))
                };
                assert_eq!(
                    headers(&mut read.request_headers()),
                    [header(Headers::Request, "a", "b")]
                );
                assert_eq!(
                    headers(&mut read.events()),
                    [
                        header(Headers::Response, "c", "d"),
                        header(Headers::Trailers, "e", "f")
                    ]
                );
            }
        }
    }

    #[test]
    fn what_is_cut_is_no_entry() {
        let facts = Facts {
            peer: PeerFact::Name("x"),
            ..Facts::example()
        };
        let whole = facts.entry(7, EventParts::default());
        for end in 0..whole.begin.len() {
            let cut = EntryBytes {
                begin: whole.begin.slice(..end),
                ..whole.clone()
            };
            assert!(Entry::read(cut).is_none(), "{end} of {}", whole.begin.len());
        }
        for end in 0..whole.own.len() {
            let cut = EntryBytes {
                own: whole.own.slice(..end),
                ..whole.clone()
            };
            assert!(Entry::read(cut).is_none(), "{end} of {}", whole.own.len());
        }
    }
}
