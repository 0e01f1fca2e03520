//! [`SchemaSource`]: where protos come from that are not files, such as another server or a registry.
//!
//! A source is asked once, and what it answered is remembered, so that a save of a file beside it needs no network and
//! compiles even while the source is gone. Who wants to know whether the answer has changed asks again on purpose:
//! [`RememberedSource::ask_again`].

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::error::{Error, Problem};

/// A place that protos come from as a descriptor set: a server with reflection, a registry, a database.
///
/// With the feature `client` there are two: `ReflectionSource` and `HttpSource`. Another is a trait away:
///
/// ```
/// use std::error::Error;
///
/// use bytes::Bytes;
/// use protod::Schema;
/// use protod::schema::SchemaSource;
///
/// /// What the build put beside the program.
/// struct Released(&'static str);
///
/// impl SchemaSource for Released {
///     fn name(&self) -> String {
///         format!("release {}", self.0)
///     }
///
///     fn descriptor_set(&self) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
///         # let set = Schema::load("proto/stream.proto")?.descriptor_set().encode();
///         # return Ok(set);
///         Ok(std::fs::read(format!("releases/{}.binpb", self.0))?.into())
///     }
/// }
///
/// let schema = Schema::builder().schema_source(Released("1.2")).build()?;
/// assert!(schema.method("proto.StreamService/List").is_some());
/// # Ok::<(), protod::Error>(())
/// ```
pub trait SchemaSource: Send + Sync + 'static {
    /// What problems call it, such as its URL.
    fn name(&self) -> String;

    /// The serialized `google.protobuf.FileDescriptorSet` that it has now, with the files that its files import.
    ///
    /// May block: [`build`](super::SchemaBuilder::build) waits for it. An error becomes a problem of the source.
    fn descriptor_set(&self) -> Result<Bytes, Box<dyn StdError + Send + Sync>>;
}

/// A source, and what it answered last. Clones share both.
#[derive(Clone)]
pub(crate) struct RememberedSource {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<dyn SchemaSource>,
    last: Mutex<Option<Bytes>>,
}

impl RememberedSource {
    pub(super) fn new(source: impl SchemaSource) -> Self {
        Self {
            inner: Arc::new(Inner {
                source: Box::new(source),
                last: Mutex::default(),
            }),
        }
    }

    pub(super) fn name(&self) -> String {
        self.inner.source.name()
    }

    /// What it answered last. If it never did, it is asked now.
    pub(super) fn descriptor_set(&self) -> Result<Bytes, Vec<Problem>> {
        if let Some(last) = self.last().clone() {
            return Ok(last);
        }
        let answer = self.ask()?;
        Ok(self.last().insert(answer).clone())
    }

    /// Asks again. Returns whether the answer is another than the last one, and remembers it.
    pub(crate) fn ask_again(&self) -> Result<bool, Vec<Problem>> {
        let answer = self.ask()?;
        let before = self.last().replace(answer.clone());
        Ok(before != Some(answer))
    }

    fn ask(&self) -> Result<Bytes, Vec<Problem>> {
        let answer = self.inner.source.descriptor_set();
        answer.map_err(|error| problems(&self.name(), error))
    }

    fn last(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The problems of a source that does not answer.
fn problems(name: &str, error: Box<dyn StdError + Send + Sync>) -> Vec<Problem> {
    let error = match error.downcast::<Error>().map(|error| error.into_problems()) {
        Ok(Ok(problems)) => return problems,
        Ok(Err(error)) => Box::<dyn StdError + Send + Sync>::from(error),
        Err(error) => error,
    };
    let error: &(dyn StdError + 'static) = &*error;
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    let text = texts.join(": ");
    // Some errors say the name themselves.
    vec![if text.contains(name) {
        Problem::new(text)
    } else {
        Problem::in_file(name, text)
    }]
}

impl fmt::Debug for RememberedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RememberedSource").field(&self.name()).finish()
    }
}
