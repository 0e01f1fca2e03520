//! [`SummaryWatch`]: the calls of a fleet, as its servers tell of them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep, timeout_at};

use super::records::Chunk;
use super::stream::{find, reader, unreadable};
use super::summary::CallSummary;
use crate::error::Error;
use crate::nats::JetStream;
use crate::verify::SummaryMatcher;

/// How long the broker may be away.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long until it is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// How often the broker says that it is there while nothing comes.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How many chunks it sends unasked.
const AHEAD: usize = 64;

/// How many runs of servers are remembered, of which no chunk is taken twice.
const RUNS: usize = 10_000;

/// Watches the calls of a fleet: what [`Fleet::watch_calls`](super::super::Fleet::watch_calls) gives.
pub struct SummaryWatch {
    store: JetStream,
    matcher: SummaryMatcher,
    /// When the stream was made that is read, and the sequence of the next chunk.
    place: Option<(i128, u64)>,
    messages: Option<pull::Stream>,
    /// The number of the last chunk of each run of a server.
    known: HashMap<u64, u64>,
    ready: VecDeque<CallSummary>,
    missed: u64,
}

impl SummaryWatch {
    /// Watches from now on.
    pub(in crate::fleet) async fn new(store: &JetStream, matcher: SummaryMatcher) -> Result<Self, Error> {
        let mut watch = Self {
            store: store.clone(),
            matcher,
            place: None,
            messages: None,
            known: HashMap::new(),
            ready: VecDeque::new(),
            missed: 0,
        };
        watch.place = match find(store).await? {
            Some(stream) => {
                let info = stream.get_info().await.map_err(unreadable)?;
                Some((info.created.unix_timestamp_nanos(), info.state.last_sequence + 1))
            }
            None => None,
        };
        Ok(watch)
    }

    /// Waits for the next call that a server tells of: some 100 ms after it has ended. Cancel safe.
    ///
    /// Fails if the store does not answer for 20 seconds.
    pub async fn next(&mut self) -> Result<CallSummary, Error> {
        loop {
            if let Some(call) = self.ready.pop_front() {
                return Ok(call);
            }
            let deadline = Instant::now() + PATIENCE;
            while let Err(error) = self.read(deadline).await {
                self.messages = None;
                if Instant::now() + RETRY > deadline {
                    return Err(error);
                }
                sleep(RETRY).await;
            }
        }
    }

    /// How many calls no server told of, since this was last asked.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    /// Waits for the next chunk.
    async fn read(&mut self, deadline: Instant) -> Result<(), Error> {
        if self.messages.is_none() {
            let opened = timeout_at(deadline, self.open()).await;
            opened.unwrap_or_else(|_| Err(unreadable("it is away")))?;
        }
        let Some(messages) = &mut self.messages else {
            // Nobody has told of a call yet.
            sleep(RETRY).await;
            return Ok(());
        };
        let message = messages.next().await.ok_or_else(|| unreadable("they end"))?;
        let message = message.map_err(unreadable)?;
        let sequence = message.info().map_err(unreadable)?.stream_sequence;
        if let Some((_, next)) = &mut self.place {
            *next = sequence + 1;
        }
        if let Some(chunk) = Chunk::read(message.payload.clone()) {
            self.add(chunk);
        }
        Ok(())
    }

    /// Begins to read where it was.
    async fn open(&mut self) -> Result<(), Error> {
        let Some(stream) = find(&self.store).await? else {
            return Ok(());
        };
        let created = stream.cached_info().created.unix_timestamp_nanos();
        let next = match self.place {
            Some((known, next)) if known == created => next,
            // It is another one, all of which is new.
            _ => 1,
        };
        let reader = reader(&stream, next).await?;
        let messages = reader
            .stream()
            .max_messages_per_batch(AHEAD)
            .heartbeat(HEARTBEAT)
            .messages();
        self.messages = Some(messages.await.map_err(unreadable)?);
        self.place = Some((created, next));
        Ok(())
    }

    fn add(&mut self, chunk: Chunk) {
        let (run, number) = chunk.id;
        if self.known.len() >= RUNS {
            self.known.clear();
        }
        let known = self.known.entry(run).or_default();
        if number <= *known {
            return;
        }
        *known = number;
        self.missed += chunk.missed;
        let matcher = &self.matcher;
        self.ready
            .extend(chunk.calls.into_iter().filter(|call| call.is_meant(matcher)));
    }
}

impl fmt::Debug for SummaryWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummaryWatch")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
