//! [`Shelf`]: where generations, and what is known of replicas, are on the broker.
//!
//! | where | what | how long |
//! |---|---|---|
//! | stream `NAMESPACE-generations` | the bytes of generations, in chunks | while one of the last [`KEPT`] changes names them |
//! | bucket `NAMESPACE-fleet` | `current`, the generation that is served; `candidate`, one that is to be | the last [`KEPT`] of each |
//! | | the names of those who take part | until they leave, or were waited for in vain |
//! | bucket `NAMESPACE-replicas` | a record of each replica; who publishes | [`LIVES`] after it was written |
//!
//! What is read is checked: a broker has other clients, too.

use std::collections::HashSet;
use std::fmt::Display;
use std::time::Duration;

use async_nats::jetstream::context::{GetStreamErrorKind, PublishError, PublishErrorKind};
use async_nats::jetstream::kv::{self, Operation, Store};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{self, DiscardPolicy, LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _};
use prost::Message;
use tonic::Status;

use super::generation::{Generation, id_of};
use super::records::{CurrentRecord, GenerationRecord, PublisherRecord, ReplicaRecord};
use crate::error::Error;
use crate::nats::{JetStream, is_of_leader};

/// How many of the last changes of the current generation are kept, and so can be gone back to.
pub(super) const KEPT: usize = 10;

/// How long what is known of a replica or a publisher is true after it was said.
pub(super) const LIVES: Duration = Duration::from_secs(6);

/// How often it is said.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);

/// The generation that is served.
pub(super) const CURRENT: &str = "current";

/// The generation that is to be.
pub(super) const CANDIDATE: &str = "candidate";

/// What the keys of replicas begin with.
const REPLICA: &str = "replica.";

/// What the keys of those who take part begin with.
const MEMBER: &str = "member.";

/// Who publishes.
pub(super) const PUBLISHER: &str = "publisher";

/// How many bytes of a generation are in one message, at most.
const CHUNK: usize = 512 << 10;

/// The part of the largest message of a broker that a chunk may have: it is given back in base64.
const PART: usize = 2;

/// How many chunks are on their way at once.
const IN_FLIGHT: usize = 4;

/// What is kept of a fleet. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    store: JetStream,
    /// `current` and `candidate`.
    pub(super) fleet: Store,
    /// The replicas, and who publishes.
    pub(super) replicas: Store,
    generations: Stream,
}

/// The current generation, and the revision by which it is changed.
pub(super) struct Current {
    pub(super) record: CurrentRecord,
    pub(super) revision: u64,
    /// Whether what is there makes no sense, and the record is the last one that does: that is still served.
    pub(super) is_damaged: bool,
}

impl Shelf {
    /// Finds it on the broker, and makes what is missing.
    pub(super) async fn open(store: &JetStream) -> Result<Self, Error> {
        let fleet = kv::Config {
            bucket: store.name("fleet"),
            history: i64::try_from(KEPT).unwrap_or(1),
            num_replicas: store.replicas(),
            ..kv::Config::default()
        };
        let replicas = kv::Config {
            bucket: store.name("replicas"),
            history: 1,
            max_age: LIVES,
            num_replicas: store.replicas(),
            ..kv::Config::default()
        };
        Ok(Self {
            fleet: bucket(store, fleet).await?,
            replicas: bucket(store, replicas).await?,
            generations: generations(store).await?,
            store: store.clone(),
        })
    }

    /// The current generation, as whoever changes it must know it.
    pub(super) async fn current(&self) -> Result<Option<Current>, Error> {
        let subject = format!("{}{CURRENT}", self.fleet.prefix);
        let message = last(&self.fleet.stream, &subject, "cannot read the current generation").await?;
        let Some(message) = message else { return Ok(None) };
        let record = change(&message.payload).ok();
        let is_damaged = record.is_none();
        let record = match record {
            Some(record) => record,
            // Who publishes next, or goes back, replaces what is there.
            None => self.history().await?.into_iter().next().unwrap_or_default(),
        };
        Ok(Some(Current {
            record,
            revision: message.sequence,
            is_damaged,
        }))
    }

    /// Who publishes, and the revision by which that is changed.
    pub(super) async fn publisher(&self) -> Result<Option<(PublisherRecord, u64)>, Error> {
        let subject = format!("{}{PUBLISHER}", self.replicas.prefix);
        let message = last(&self.replicas.stream, &subject, "cannot find out who publishes").await?;
        // One without a record says that it has ended.
        let publisher = message.filter(|message| !message.payload.is_empty());
        let read = |message: StreamMessage| {
            let record = decode("who publishes", &message.payload)?;
            Ok((record, message.sequence))
        };
        publisher.map(read).transpose()
    }

    /// The last changes of the current generation, the newest first.
    pub(super) async fn history(&self) -> Result<Vec<CurrentRecord>, Error> {
        let action = "cannot read the history of the fleet";
        let mut entries = self
            .fleet
            .history(CURRENT)
            .await
            .map_err(|error| unavailable(action, error))?;
        let mut history = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(|error| unavailable(action, error))?;
            if entry.operation == Operation::Put {
                history.extend(change(&entry.value).ok());
            }
        }
        history.reverse();
        Ok(history)
    }

    /// The replicas that live, by their names.
    pub(super) async fn replicas(&self) -> Result<Vec<ReplicaRecord>, Error> {
        let action = "cannot list the replicas";
        let (subjects, _) = subjects(
            &self.replicas.stream,
            &subject_of_replica(&self.store, "*"),
            action,
        )
        .await?;
        let values = subjects
            .iter()
            .map(|subject| last(&self.replicas.stream, subject, action));
        let values = try_join_all(values).await?;
        // One may have gone since.
        let records = values.into_iter().flatten();
        let mut records: Vec<ReplicaRecord> = records
            .filter_map(|message| decode("what is known of a replica", &message.payload).ok())
            .filter(|record: &ReplicaRecord| !record.name.is_empty())
            .collect();
        records.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(records)
    }

    /// The keys of all replicas that have begun to take part and have not left, whether they live or not.
    pub(super) async fn members(&self) -> Result<Members, Error> {
        let action = "cannot list who takes part";
        let all = subject_of_member(&self.store, "*");
        let (subjects, as_of) = subjects(&self.fleet.stream, &all, action).await?;
        let before = all.len() - "*".len();
        let keys = subjects
            .iter()
            .map(|subject| format!("{REPLICA}{}", &subject[before..]));
        Ok(Members {
            keys: keys.collect(),
            as_of,
        })
    }

    /// Forgets one who took part when the members were listed, unless it has begun to take part again since.
    pub(super) async fn forget(&self, key: &str, as_of: u64) {
        let subject = subject_of_member(&self.store, &name_of_replica(key));
        let purge = self.fleet.stream.purge().filter(subject);
        // It is waited for once more, if that fails.
        let _ = purge.sequence(as_of + 1).await;
    }

    /// Says that a replica leaves.
    pub(super) async fn leave(&self, name: &str) -> Result<(), Error> {
        let key = key_of_replica(name);
        self.forget(&key, u64::MAX - 1).await;
        let deleted = self.replicas.delete(key).await;
        deleted.map_err(|error| unavailable("cannot leave the fleet", error))
    }

    /// Puts the bytes of a generation where replicas find them. Those that are there stay as they are.
    pub(super) async fn put(&self, generation: &Generation) -> Result<(), Error> {
        let bytes = generation.bytes();
        let action = "cannot send the generation";
        let most = (self.store.client().max_payload() / PART).clamp(1, CHUNK);
        let chunks = (0..bytes.len()).step_by(most);
        let chunks: Vec<_> = chunks
            .map(|at| bytes.slice(at..bytes.len().min(at + most)))
            .collect();
        let subject = |number: usize| self.subject(generation.id(), number);
        let mut puts = futures_util::stream::iter(chunks.into_iter().enumerate())
            .map(|(number, chunk)| async move {
                let sent = self.store.context().publish(subject(number), chunk).await;
                sent.map_err(|error| not_taken(action, &error))?
                    .await
                    .map_err(|error| not_taken(action, &error))
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some(put) = puts.next().await {
            put?;
        }
        Ok(())
    }

    /// Fetches a generation. Fails if what is there is another.
    pub(super) async fn get(&self, record: &GenerationRecord) -> Result<Generation, Error> {
        let size = usize::try_from(record.bytes).unwrap_or(usize::MAX);
        if size > Generation::MAX_BYTES || !is_id(&record.id) {
            return Err(unusable("a generation", "its record makes no sense"));
        }
        let fetch = async |number| {
            let subject = self.subject(&record.id, number);
            let chunk = last(&self.generations, &subject, "cannot fetch the generation").await?;
            let chunk = chunk.map(|chunk| chunk.payload).filter(|chunk| !chunk.is_empty());
            chunk.ok_or_else(|| {
                let what = format!("the generation {}", record.id);
                unusable(&what, "it is not kept any more")
            })
        };
        // The first says how large the others are, which its publisher has decided.
        let first = fetch(0).await?;
        let rest = size.saturating_sub(first.len()).div_ceil(first.len());
        let rest = futures_util::stream::iter(1..=rest)
            .map(fetch)
            .buffered(IN_FLIGHT);
        let mut chunks = std::pin::pin!(futures_util::stream::iter([Ok(first)]).chain(rest));
        let mut bytes = BytesMut::with_capacity(size);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if bytes.len() + chunk.len() > size {
                return Err(unusable("a generation", "it has more bytes than its record says"));
            }
            bytes.extend_from_slice(&chunk);
        }
        let bytes = bytes.freeze();
        let wanted = record.id.clone();
        // It may take a while.
        let read = tokio::task::spawn_blocking(move || {
            if id_of(&bytes) != wanted {
                return Err(unusable(
                    &format!("the generation {wanted}"),
                    "its bytes are damaged",
                ));
            }
            Generation::decode(bytes)
        });
        read.await
            .unwrap_or_else(|_| Err(unusable("a generation", "it cannot be read")))
    }

    /// Forgets the bytes of generations that the history does not name.
    pub(super) async fn prune(&self) -> Result<(), Error> {
        let action = "cannot delete old generations";
        let history = self.history().await?;
        let named: HashSet<&str> = history.iter().take(KEPT).map(CurrentRecord::id).collect();
        let first_chunks = self.subject("*", 0);
        let (there, _) = subjects(&self.generations, &first_chunks, action).await?;
        for subject in there {
            let Some(id) = subject.rsplit('.').nth(1).filter(|id| !named.contains(id)) else {
                continue;
            };
            let all = format!("{}.generations.{id}.*", self.store.namespace());
            let purged = self.generations.purge().filter(all).await;
            purged.map_err(|error| unavailable(action, error))?;
        }
        Ok(())
    }

    fn subject(&self, id: &str, chunk: usize) -> String {
        format!("{}.generations.{id}.{chunk}", self.store.namespace())
    }
}

/// Those who take part.
pub(super) struct Members {
    /// As replicas have them.
    pub(super) keys: Vec<String>,
    /// The last change of the fleet that is known of here.
    pub(super) as_of: u64,
}

/// The key of a replica, among keys in which a dot has a meaning.
pub(super) fn key_of_replica(name: &str) -> String {
    format!("{REPLICA}{}", name.replace('.', "/"))
}

/// The name of the replica with a key. No name has a slash.
pub(super) fn name_of_replica(key: &str) -> String {
    let name = key.strip_prefix(REPLICA).unwrap_or(key);
    name.replace('/', ".")
}

/// Where a replica says that it lives. It can be said before anything was found on the broker, and while it cannot be.
pub(super) fn subject_of_replica(store: &JetStream, name: &str) -> String {
    format!("$KV.{}.{}", store.name("replicas"), key_of_replica(name))
}

/// Where it says that it takes part.
pub(super) fn subject_of_member(store: &JetStream, name: &str) -> String {
    format!("$KV.{}.{MEMBER}{}", store.name("fleet"), name.replace('.', "/"))
}

/// The last message of a subject, as the broker says that leads the stream: another one of a cluster may be behind. `None` if there is none.
async fn last(stream: &Stream, subject: &str, action: &str) -> Result<Option<StreamMessage>, Error> {
    match stream.get_last_raw_message_by_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(unavailable(action, error)),
    }
}

/// The subjects of a stream that match a filter, as the broker says that leads it, and its last sequence then.
async fn subjects(stream: &Stream, filter: &str, action: &str) -> Result<(Vec<String>, u64), Error> {
    let there = stream.info_with_subjects(filter).await;
    let there = there.map_err(|error| unavailable(action, error))?;
    if !is_of_leader(&there.info) {
        return Err(unavailable(action, "it has lost the others"));
    }
    let as_of = there.info.state.last_sequence;
    let subjects = there.map_ok(|(subject, _)| subject).try_collect().await;
    Ok((subjects.map_err(|error| unavailable(action, error))?, as_of))
}

/// Reads a change of the current generation.
pub(super) fn change(bytes: &Bytes) -> Result<CurrentRecord, Error> {
    let what = "the current generation";
    let record: CurrentRecord = decode(what, bytes)?;
    if is_id(record.id()) {
        Ok(record)
    } else {
        Err(unusable(what, "it names none"))
    }
}

/// Reads a record.
pub(super) fn decode<Record: Message + Default>(what: &str, bytes: &Bytes) -> Result<Record, Error> {
    Record::decode(bytes.clone()).map_err(|error| unusable(what, &error.to_string()))
}

/// The broker did not do what it was asked for, which it may do later.
pub(super) fn unavailable(action: &str, cause: impl Display) -> Error {
    Error::of_status(
        action,
        Status::unavailable(format!("the store does not answer: {cause}")),
    )
}

/// A message was not stored: what the broker has no room for is refused, and all else may be stored later.
fn not_taken(action: &str, error: &PublishError) -> Error {
    let why = std::error::Error::source(error).and_then(|why| why.downcast_ref::<jetstream::Error>());
    let has_no_room = why.is_some_and(|why| {
        matches!(
            why.error_code(),
            ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
                | ErrorCode::INSUFFICIENT_RESOURCES
                | ErrorCode::STORAGE_RESOURCES_EXCEEDED
                | ErrorCode::MEMORY_RESOURCES_EXCEEDED
                | ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM
                | ErrorCode::STREAM_STORE_FAILED
        )
    });
    if !has_no_room && error.kind() != PublishErrorKind::MaxPayloadExceeded {
        return unavailable(action, error);
    }
    let status = Status::resource_exhausted(format!("the store has no room for it: {error}"));
    Error::of_status(action, status)
}

fn unusable(what: &str, why: &str) -> Error {
    Error::invalid_input(format!("cannot use {what}"), why.to_owned())
}

/// Whether it can be an id, and so a part of a subject.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The bucket with this name, which is made if it is missing.
async fn bucket(store: &JetStream, config: kv::Config) -> Result<Store, Error> {
    let action = "cannot find what is kept of the fleet";
    let name = config.bucket.clone();
    if !is_there(store, &format!("KV_{name}")).await? {
        // Another may make it at the same moment: what counts is that it is there.
        let _ = store.context().create_key_value(config).await;
    }
    let found = store.context().get_key_value(name).await;
    found.map_err(|error| unavailable(action, error))
}

/// The stream of the bytes of generations, which is made if it is missing.
async fn generations(store: &JetStream) -> Result<Stream, Error> {
    let name = store.name("generations");
    if !is_there(store, &name).await? {
        let config = stream::Config {
            name: name.clone(),
            subjects: vec![format!("{}.generations.*.*", store.namespace())],
            // The same bytes again are no others.
            max_messages_per_subject: 1,
            discard: DiscardPolicy::Old,
            num_replicas: store.replicas(),
            ..stream::Config::default()
        };
        let _ = store.context().create_stream(config).await;
    }
    let found = store.context().get_stream(&name).await;
    found.map_err(|error| unavailable("cannot find the generations", error))
}

/// Whether there is a stream of this name. Fails if that cannot be told: a cluster may be choosing a leader.
async fn is_there(store: &JetStream, name: &str) -> Result<bool, Error> {
    match store.context().get_stream(name).await {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Ok(false)
            }
            _ => Err(unavailable("cannot find what is kept of the fleet", error)),
        },
    }
}
