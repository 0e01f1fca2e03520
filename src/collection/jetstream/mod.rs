//! Collections that replicas share: a stream of JetStream for each.
//!
//! The stream is the log, and the truth. Each replica copies it into the engine that it keeps collections in, and reads there.
//! A write is in the copy, and its client told, when it has come back in the stream. A read waits until the copy
//! has all that was in the stream when it began.
//!
//! | file | what it is |
//! |---|---|
//! | `chunk` | what is in a stream |
//! | `stream` | a collection, as it is read and written |
//! | `queue`, `publish` | what waits to be written, and the task that publishes it |
//! | `tail`, `copy` | the task that reads the stream, and the copy to which it applies it |
//! | `ask` | up to where the stream goes |
//! | `clean` | what takes out of it what is not kept |
//! | `shared`, `progress` | what the tasks share, and how far they have come |

mod ask;
mod chunk;
mod clean;
mod copy;
mod progress;
mod publish;
mod queue;
mod shared;
mod stream;
mod tail;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(test)]
pub(super) use self::chunk::ChunkBuilder;
pub(super) use self::chunk::Head;
pub(super) use self::chunk::{Chunk, Record};
use self::copy::LocalCopy;
pub(super) use self::progress::Applied;
use self::progress::Progress;
use self::shared::{Shared, stream_of};
pub(super) use self::stream::InStream;
use self::stream::Stream;
use super::declaration::Declaration;
use super::place::Place;
use super::row_type::RowType;
use crate::error::Error;
use crate::nats::JetStream;

/// The streams of a replica's collections, by the names of these.
#[derive(Debug)]
pub(super) struct Streams {
    store: JetStream,
    streams: Mutex<HashMap<Arc<str>, Arc<Stream>>>,
}

impl Streams {
    pub(super) fn new(store: &JetStream) -> Arc<Self> {
        Arc::new(Self {
            store: store.clone(),
            streams: Mutex::default(),
        })
    }

    /// Declares a collection. `declare` has the local engine declare a copy of the stream that it is told, and returns up to where
    /// it is one.
    pub(super) fn declare(
        &self,
        declaration: &Declaration,
        row_type: &Arc<RowType>,
        declare: impl FnOnce(&str) -> Result<(Place, Applied), Error>,
    ) -> Result<(Place, InStream), Error> {
        let head = Head {
            key: declaration.key,
            keep: declaration.keep,
        };
        let name = stream_of(&self.store, &declaration.name);
        let mut streams = self.streams();
        if let Some(stream) = streams.get(&declaration.name) {
            if stream.shared.head().key != head.key {
                return Err(Error::invalid_input(
                    format!("cannot share the collection `{}`", declaration.name),
                    "it has had another key: a collection with another key needs another name",
                ));
            }
            let mut current = stream.shared.copy.row_type();
            let (place, _) = declare(&name)?;
            *current = Arc::clone(row_type);
            drop(current);
            stream.shared.set_head(head);
            let stream = Arc::clone(stream);
            return Ok((place, InStream { stream, head }));
        }
        let (place, applied) = declare(&name)?;
        let copy = LocalCopy::new(place.clone(), row_type);
        let progress = Progress {
            applied,
            ..Progress::default()
        };
        let stream = Stream::open(Shared::new(&self.store, &declaration.name, head, copy, progress));
        streams.insert(Arc::clone(&declaration.name), Arc::clone(&stream));
        Ok((place, InStream { stream, head }))
    }

    /// Waits until all that was written has ended. Blocks.
    pub(super) fn settle(&self) {
        let streams: Vec<_> = self.streams().values().cloned().collect();
        for stream in streams {
            stream.settle();
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
