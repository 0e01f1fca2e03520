//! [`Sampler`]: makes up messages from a seed.
//!
//! Everything that a sample depends on is mixed into one seed here: the sampler's seed, the purpose, the index, the request.

use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::copy;
use super::message;
use super::place::Place;
use super::seed::Seed;
use crate::schema::Method;

/// Makes up messages.
///
/// Samples are the same on every machine. An update of protod, or of the word lists that it uses, may change them.
///
/// ```
/// use protod::{Sampler, Schema, Server};
///
/// let schema = Schema::load("proto")?;
/// let search = schema.require_method("proto.SearchService/Search")?;
/// let sampler = Sampler::new(7);
/// assert_eq!(sampler.sample(search, None, 0), sampler.sample(search, None, 0));
///
/// // As a handler it answers the methods that have none.
/// let server = Server::builder(schema).fallback(sampler).build()?;
/// # Ok::<(), protod::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sampler {
    seed: u64,
    pub(super) stream_length: usize,
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Sampler {
    /// Whether both make up the same.
    #[cfg(all(feature = "rules", feature = "live"))]
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.seed == other.seed && self.stream_length == other.stream_length
    }

    /// The default of [`stream_length`](Self::stream_length).
    pub const DEFAULT_STREAM_LENGTH: usize = 3;

    /// A sampler whose answers depend only on `seed` and on what they answer.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            stream_length: Self::DEFAULT_STREAM_LENGTH,
        }
    }

    /// Whether a request is copied whose decoding costs this. One of about ten thousand values is not.
    pub(crate) fn copies(cost: u64) -> bool {
        cost <= 40_000
    }

    /// How many messages a server stream sends.
    #[cfg(feature = "rules")]
    pub(crate) fn messages(&self) -> usize {
        self.stream_length
    }

    /// How many messages a server stream sends. Default: 3.
    #[must_use]
    pub fn stream_length(mut self, stream_length: usize) -> Self {
        self.stream_length = stream_length;
        self
    }

    /// The `index`-th response of a call, for a method's last request.
    pub fn sample(&self, method: &Method, request: Option<&DynamicMessage>, index: u64) -> DynamicMessage {
        self.sample_message(method.output(), method.name(), request, index)
    }

    /// A message of any type. `purpose` distinguishes uses of the same type, such as the names of methods.
    pub fn sample_message(
        &self,
        message_type: &MessageDescriptor,
        purpose: &str,
        request: Option<&DynamicMessage>,
        index: u64,
    ) -> DynamicMessage {
        let seed = Seed::new(self.seed).with_text(purpose).with_number(index);
        let seed = request.map_or(seed, |request| seed.with_message(request));
        let request = request.filter(|request| copy::is_shallow(request));
        message::sample(&Place::root(seed), message_type, request)
    }
}
