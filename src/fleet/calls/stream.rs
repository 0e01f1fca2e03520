//! Where the summaries of calls are on the broker: the stream `NAMESPACE-calls`, for as long as they are new.
//!
//! Who wants more or fewer of them edits the stream, as with `nats stream edit`: one that is there stays as it is.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{self, DiscardPolicy, Stream};

use super::super::shelf::unavailable;
use crate::error::Error;
use crate::nats::JetStream;

/// How many bytes the stream has. The oldest make room for the newest.
const MAX_BYTES: i64 = 64 << 20;

/// How long a call is in it.
const MAX_AGE: Duration = Duration::from_hours(24);

/// When a broker forgets who reads and is gone.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The subject of its messages.
pub(super) fn subject(store: &JetStream) -> String {
    format!("{}.calls", store.namespace())
}

/// Makes the stream, if there is none.
pub(super) async fn make(store: &JetStream) -> Result<(), CreateStreamError> {
    let config = stream::Config {
        name: store.name("calls"),
        subjects: vec![subject(store)],
        description: Some("the calls of the servers of protod, in short".to_owned()),
        discard: DiscardPolicy::Old,
        max_bytes: MAX_BYTES,
        max_age: MAX_AGE,
        num_replicas: store.replicas(),
        ..stream::Config::default()
    };
    store.context().get_or_create_stream(config).await.map(drop)
}

/// The stream. `None` if no server has told of a call yet.
pub(super) async fn find(store: &JetStream) -> Result<Option<Stream>, Error> {
    match store.context().get_stream(store.name("calls")).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            _ => Err(unreadable(error)),
        },
    }
}

/// What reads it from a sequence on.
pub(super) async fn reader(stream: &Stream, from: u64) -> Result<PullConsumer, Error> {
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: from.max(1),
        },
        ack_policy: AckPolicy::None,
        max_deliver: 1,
        inactive_threshold: FORGOTTEN,
        num_replicas: 1,
        memory_storage: true,
        ..pull::Config::default()
    };
    stream.create_consumer(config).await.map_err(unreadable)
}

/// The calls cannot be read now.
pub(super) fn unreadable(cause: impl std::fmt::Display) -> Error {
    unavailable("cannot read the calls of the fleet", cause)
}
