//! Finds the newest calls of all servers of a fleet.
//!
//! The stream is read backwards, in parts that grow, until what is older cannot have a newer call: a call has begun before the
//! broker is told of it. So what is asked for decides how much is read, if the clocks are about right.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Message;
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::records::Chunk;
use super::stream::{find, reader, unreadable};
use super::summary::CallSummary;
use crate::error::Error;
use crate::nats::JetStream;
use crate::verify::SummaryMatcher;

/// How many chunks are read first, and then four times as many each time.
const FIRST_PART: u64 = 64;

/// How many chunks are on their way at once.
const AHEAD: usize = 64;

/// How long a broker may take to send the next chunk.
const PATIENCE: Duration = Duration::from_secs(5);

/// The newest calls that a matcher takes, up to so many, in the order in which they began.
pub(in crate::fleet) async fn newest(
    store: &JetStream,
    matcher: &SummaryMatcher,
    most: usize,
) -> Result<Vec<CallSummary>, Error> {
    let Some(stream) = find(store).await? else {
        return Ok(Vec::new());
    };
    let state = stream.get_info().await.map_err(unreadable)?.state;
    let mut newest = Newest {
        matcher,
        most,
        calls: BinaryHeap::new(),
        known: HashSet::new(),
    };
    let (mut end, mut part) = (state.last_sequence + 1, FIRST_PART);
    while end > state.first_sequence.max(1) {
        let begin = end.saturating_sub(part).max(state.first_sequence).max(1);
        let told_since = read(&stream, begin, end, &mut newest).await?;
        if told_since.is_some_and(|time| newest.has_all_since(time)) {
            break;
        }
        (end, part) = (begin, part.saturating_mul(4));
    }
    let sorted = newest.calls.into_sorted_vec().into_iter().rev();
    Ok(sorted.map(|Reverse(ByStart(call))| call).collect())
}

/// Reads the chunks from `begin` on, without `end`. Returns when the broker was told of the first of them.
async fn read(
    stream: &Stream,
    begin: u64,
    end: u64,
    newest: &mut Newest<'_>,
) -> Result<Option<SystemTime>, Error> {
    let reader = reader(stream, begin).await?;
    let mut told_since = None;
    let mut next = begin;
    while next < end {
        let left = usize::try_from(end - next).unwrap_or(AHEAD).min(AHEAD);
        let messages = reader.fetch().max_messages(left).messages();
        let mut messages = messages.await.map_err(unreadable)?;
        let before = next;
        loop {
            let message = timeout(PATIENCE, messages.next()).await;
            let Some(message) = message.map_err(|_| unreadable("it sends nothing"))? else {
                break;
            };
            let message = message.map_err(unreadable)?;
            let (sequence, told) = place_of(&message)?;
            if sequence >= end {
                return Ok(told_since);
            }
            next = sequence + 1;
            told_since = told_since.or(Some(told));
            if let Some(chunk) = Chunk::read(message.payload.clone()) {
                newest.add(chunk);
            }
        }
        if next == before {
            // What was there is gone: it has become too old, or too much.
            break;
        }
    }
    Ok(told_since)
}

/// The sequence of a message, and when the broker got it.
fn place_of(message: &Message) -> Result<(u64, SystemTime), Error> {
    let info = message.info().map_err(unreadable)?;
    let since = u64::try_from(info.published.unix_timestamp_nanos()).unwrap_or_default();
    let told = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(since));
    Ok((info.stream_sequence, told.unwrap_or(SystemTime::UNIX_EPOCH)))
}

/// The newest calls of those that were seen.
struct Newest<'m> {
    matcher: &'m SummaryMatcher,
    most: usize,
    /// The oldest of them first.
    calls: BinaryHeap<Reverse<ByStart>>,
    /// The chunks that were seen.
    known: HashSet<(u64, u64)>,
}

impl Newest<'_> {
    fn add(&mut self, chunk: Chunk) {
        if !self.known.insert(chunk.id) {
            return;
        }
        for call in chunk.calls {
            if call.is_meant(self.matcher) {
                self.calls.push(Reverse(ByStart(call)));
                if self.calls.len() > self.most {
                    self.calls.pop();
                }
            }
        }
    }

    /// Whether there are as many as wanted, and none that the broker was told of before this time can be among them.
    fn has_all_since(&self, time: SystemTime) -> bool {
        let oldest = self.calls.peek();
        self.calls.len() >= self.most && oldest.is_none_or(|Reverse(ByStart(call))| call.start >= time)
    }
}

/// A call, as it is ordered.
struct ByStart(CallSummary);

impl ByStart {
    fn place(&self) -> (SystemTime, &str, u64) {
        (self.0.start, &self.0.replica, self.0.id)
    }
}

impl PartialEq for ByStart {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for ByStart {}

impl PartialOrd for ByStart {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByStart {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}
