//! Chunks: what the stream of calls holds, each the summaries of some calls of one server.
//!
//! They are messages of protobuf, so that servers of several versions read each other's. A record is the message
//! `protod.call.Summary`, which conditions are about, without what its chunk says of all. What is read is checked: a broker has other
//! clients, too.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use prost::Message;
use tonic::Code;

use super::super::records::LAST_SECOND;
use super::summary::CallSummary;
use crate::excerpt::shortened;
use crate::journal::RecordedCall;
use crate::message::{WireType, key, put_delimited, put_varint};
use crate::verify::SummaryMatcher;

/// How many bytes of records a chunk has. The last of them may reach beyond it.
const FULL: usize = 64 << 10;

/// How many bytes a chunk may have that is read.
const LARGEST: usize = 2 * FULL;

/// How many bytes of a text of a call are told.
const MAX_TEXT: usize = 500;

/// What is in a chunk besides its calls.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Head {
    /// The name of the server.
    #[prost(string, tag = "1")]
    pub(super) replica: String,
    /// Another number each time that the server starts.
    #[prost(fixed64, tag = "2")]
    pub(super) run: u64,
    /// The number of the chunk among those of the run, from 1. A chunk whose answer was lost may be in the stream twice.
    #[prost(uint64, tag = "3")]
    pub(super) number: u64,
    /// How many calls of the run are told of nowhere since the chunk before.
    #[prost(uint64, tag = "4")]
    pub(super) missed: u64,
}

/// A chunk as it is read.
#[derive(Clone, PartialEq, Message)]
struct ChunkRecord {
    #[prost(string, tag = "1")]
    replica: String,
    #[prost(fixed64, tag = "2")]
    run: u64,
    #[prost(uint64, tag = "3")]
    number: u64,
    #[prost(uint64, tag = "4")]
    missed: u64,
    #[prost(message, repeated, tag = "5")]
    calls: Vec<CallRecord>,
}

/// The number of the field of calls.
const CALLS: u32 = 5;

/// One call.
#[derive(Clone, PartialEq, Message)]
struct CallRecord {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(string, tag = "2")]
    method: String,
    /// For conditions only.
    #[prost(string, tag = "3")]
    service: String,
    #[prost(string, tag = "4")]
    protocol: String,
    #[prost(message, optional, tag = "6")]
    start: Option<prost_types::Timestamp>,
    #[prost(message, optional, tag = "7")]
    duration: Option<prost_types::Duration>,
    #[prost(int32, tag = "8")]
    code: i32,
    #[prost(string, tag = "10")]
    rule: String,
    #[prost(bool, tag = "11")]
    matched: bool,
    #[prost(uint64, tag = "12")]
    generation: u64,
    #[prost(uint64, tag = "16")]
    request_count: u64,
    #[prost(uint64, tag = "17")]
    response_count: u64,
    #[prost(string, tag = "19")]
    session: String,
    /// For conditions only.
    #[prost(string, tag = "20")]
    replica: String,
}

/// A chunk that is being filled.
#[derive(Debug, Default)]
pub(super) struct ChunkBuilder {
    calls: Vec<u8>,
    pub(super) count: u64,
}

impl ChunkBuilder {
    pub(super) fn add(&mut self, call: &RecordedCall) {
        put_varint(&mut self.calls, key(CALLS, WireType::LengthDelimited).into());
        put_delimited(&mut self.calls, &CallRecord::of(call).encode_to_vec());
        self.count += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.calls.len() >= FULL
    }

    /// Takes what was added, with what is said of all of it, and how many calls they are.
    pub(super) fn take(&mut self, head: &Head) -> (Bytes, u64) {
        let Self { calls, count } = std::mem::take(self);
        let mut bytes = Vec::with_capacity(head.encoded_len() + calls.len());
        bytes.extend_from_slice(&head.encode_to_vec());
        bytes.extend_from_slice(&calls);
        (bytes.into(), count)
    }
}

/// What was read of a chunk.
#[derive(Debug)]
pub(super) struct Chunk {
    /// By which it is known: its run, and its number there.
    pub(super) id: (u64, u64),
    pub(super) missed: u64,
    pub(super) calls: Vec<CallSummary>,
}

impl Chunk {
    /// Reads a chunk. `None` if it is none.
    pub(super) fn read(bytes: Bytes) -> Option<Self> {
        if bytes.len() > LARGEST {
            return None;
        }
        let chunk = ChunkRecord::decode(bytes).ok()?;
        let replica = shortened(&chunk.replica, MAX_TEXT);
        let calls = chunk.calls.into_iter().map(|call| call.summary(&replica));
        Some(Self {
            id: (chunk.run, chunk.number),
            missed: chunk.missed,
            calls: calls.collect::<Option<Vec<_>>>()?,
        })
    }
}

impl CallRecord {
    fn of(call: &RecordedCall) -> Self {
        let text = |text: &str| shortened(text, MAX_TEXT).into_owned();
        Self {
            id: call.id(),
            method: text(call.method()),
            protocol: text(call.protocol()),
            code: call.code() as i32,
            rule: text(call.rule().unwrap_or_default()),
            matched: !call.is_unmatched(),
            generation: call.generation(),
            request_count: call.request_count(),
            response_count: call.response_count(),
            session: text(call.session().unwrap_or_default()),
            ..Self::at(call.start(), call.duration().unwrap_or_default())
        }
    }

    fn at(start: SystemTime, duration: Duration) -> Self {
        Self {
            start: Some(start.into()),
            duration: duration.try_into().ok(),
            ..Self::default()
        }
    }

    /// The call of a server. `None` if it makes no sense.
    fn summary(self, replica: &str) -> Option<CallSummary> {
        let start = self.start.unwrap_or_default();
        let took = self.duration.unwrap_or_default();
        let text = |text: &str| shortened(text, MAX_TEXT).into_owned();
        let present = |name: &str| (!name.is_empty()).then(|| text(name));
        Some(CallSummary {
            replica: replica.to_owned(),
            id: self.id,
            method: text(&self.method),
            protocol: text(&self.protocol),
            start: SystemTime::UNIX_EPOCH.checked_add(span(start.seconds, start.nanos)?)?,
            duration: span(took.seconds, took.nanos)?,
            code: Code::from_i32(self.code),
            rule: present(&self.rule),
            is_unmatched: !self.matched,
            generation: self.generation,
            session: present(&self.session),
            request_count: self.request_count,
            response_count: self.response_count,
        })
    }
}

impl CallSummary {
    pub(super) fn is_meant(&self, matcher: &SummaryMatcher) -> bool {
        let session = self.session.as_deref().unwrap_or_default();
        matcher.matches(&self.method, session, || self.encoded())
    }

    /// The message that conditions are about.
    fn encoded(&self) -> Vec<u8> {
        let service = self.method.rsplit_once('/').map_or("", |(service, _)| service);
        let record = CallRecord {
            id: self.id,
            method: self.method.clone(),
            service: service.to_owned(),
            protocol: self.protocol.clone(),
            code: self.code as i32,
            rule: self.rule.clone().unwrap_or_default(),
            matched: !self.is_unmatched,
            generation: self.generation,
            request_count: self.request_count,
            response_count: self.response_count,
            session: self.session.clone().unwrap_or_default(),
            replica: self.replica.clone(),
            ..CallRecord::at(self.start, self.duration)
        };
        record.encode_to_vec()
    }
}

/// A time since 1970, or a duration, that another has written. `None` if it makes no sense.
fn span(seconds: i64, nanos: i32) -> Option<Duration> {
    let seconds = u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds <= LAST_SECOND)?;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::CallFilter;

    fn call() -> CallSummary {
        CallSummary {
            replica: "a".to_owned(),
            id: 7,
            method: "shop.Shop/Order".to_owned(),
            protocol: "connect".to_owned(),
            start: SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5),
            duration: Duration::from_micros(1500),
            code: Code::NotFound,
            rule: Some("tea".to_owned()),
            is_unmatched: false,
            generation: 2,
            session: Some("s".to_owned()),
            request_count: 3,
            response_count: 4,
        }
    }

    fn chunk_of(records: &[&[u8]]) -> Bytes {
        let mut builder = ChunkBuilder::default();
        for record in records {
            put_varint(&mut builder.calls, key(CALLS, WireType::LengthDelimited).into());
            put_delimited(&mut builder.calls, record);
        }
        let head = Head {
            replica: "a".to_owned(),
            run: 1,
            number: 9,
            missed: 2,
        };
        builder.take(&head).0
    }

    #[test]
    fn what_is_written_is_read() {
        let chunk = Chunk::read(chunk_of(&[&call().encoded(), &call().encoded()])).expect("it is one");
        assert_eq!((chunk.id, chunk.missed), ((1, 9), 2));
        assert_eq!(chunk.calls, [call(), call()]);
    }

    #[test]
    fn conditions_know_each_field_by_its_name() {
        let all = "call.replica == 'a' && call.id == 7 && call.method == 'shop.Shop/Order' && call.service == 'shop.Shop' \
            && call.protocol == 'connect' && call.start == timestamp('2023-11-14T22:13:20.000000005Z') \
            && call.duration == duration('1500us') && call.code == 'NOT_FOUND' && call.code == 5 && call.rule == 'tea' \
            && call.matched && call.generation == 2 && call.session == 's' && call.request_count == 3 \
            && call.response_count == 4";
        for part in all.split(" && ").chain([all]) {
            let matcher = SummaryMatcher::new(&CallFilter::all().where_(part)).expect(part);
            assert!(call().is_meant(&matcher), "{part}");
        }
    }

    #[test]
    fn what_is_cut_damaged_or_too_large_is_no_chunk_or_another_and_nothing_fails() {
        let whole = chunk_of(&[&call().encoded()]);
        for end in 0..whole.len() {
            let _ = Chunk::read(whole.slice(..end));
            let mut other = whole.to_vec();
            for bits in [0xff, 1, 0x80] {
                other[end] ^= bits;
                let read = Chunk::read(other.clone().into());
                let calls = read.map(|chunk| chunk.calls).unwrap_or_default();
                // Whatever it is now, it can be printed.
                let last = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND + 1);
                assert!(calls.iter().all(|call| call.start < last));
            }
        }
        assert!(Chunk::read(vec![0; LARGEST + 1].into()).is_none());
        for (seconds, nanos) in [
            (-1, 0),
            (i64::MIN, i32::MIN),
            (i64::MAX, i32::MAX),
            (0, -1),
            (0, 1_000_000_000),
        ] {
            assert_eq!(span(seconds, nanos), None, "{seconds}.{nanos}");
        }
    }
}
