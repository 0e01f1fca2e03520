//! Made-up answers, from the descriptor alone, for a method that no rule names.
//!
//! Fields of the request that the response also has by name and type come back as they are. The rest is made up
//! from names, types and validation rules (`annotations` says which), and every message that is made up can be
//! encoded, decoded and printed as JSON. The same seed, method, request and index give the same sample.
//!
//! | file | what it makes up |
//! |---|---|
//! | `message` | messages, field by field, and how deep they go |
//! | `copy` | what comes back from the request |
//! | `values` | one value of any kind; lists and maps |
//! | `well_known` | the messages of `google.protobuf` |
//! | `numbers`, `text`, `times` | values within validation rules |
//! | `names`, `amounts` | what a field's name suggests |
//! | `formats`, `pattern` | text in a format, text that matches a regular expression |
//! | `seed` | chance that comes out the same every time |

mod amounts;
mod annotations;
mod copy;
mod formats;
mod handler;
mod message;
mod names;
mod numbers;
mod pattern;
mod seed;
mod text;
mod times;
mod values;
mod well_known;

use prost_reflect::{DynamicMessage, MessageDescriptor};

pub use self::handler::SampleHandler;
use self::message::Place;
use self::seed::Seed;
use crate::schema::Method;

/// Makes up messages.
///
/// Samples are the same on every machine. An update of protod, or of the word lists that it uses, may change them.
#[derive(Debug, Clone)]
pub struct Sampler {
    seed: u64,
    stream_length: usize,
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Sampler {
    /// The default of [`stream_length`](Self::stream_length).
    pub const DEFAULT_STREAM_LENGTH: usize = 3;

    /// A sampler whose answers all follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            stream_length: Self::DEFAULT_STREAM_LENGTH,
        }
    }

    /// How many messages a server stream sends; 3 by default.
    #[must_use]
    pub fn stream_length(mut self, stream_length: usize) -> Self {
        self.stream_length = stream_length;
        self
    }

    /// The `index`-th response of a call, for a method's last request.
    pub fn sample(&self, method: &Method, request: Option<&DynamicMessage>, index: u64) -> DynamicMessage {
        self.sample_message(method.output(), method.name(), request, index)
    }

    /// A message of any type. `purpose` tells one use of the same type from another, as a method's name does.
    pub fn sample_message(
        &self,
        message_type: &MessageDescriptor,
        purpose: &str,
        request: Option<&DynamicMessage>,
        index: u64,
    ) -> DynamicMessage {
        let seed = Seed::new(self.seed).with_text(purpose).with_number(index);
        let seed = request.map_or(seed, |request| seed.with_message(request));
        message::sample(&Place::root(seed), message_type, request)
    }
}
