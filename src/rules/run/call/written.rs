//! What a call has written to collections.

use crate::collection::Writer;

/// What a call has written so far, if it writes to collections at all.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// Those of the collections that it has written to, by their places.
    pub(super) writers: Vec<(usize, Writer)>,
    /// The bytes of a message, kept to be reused.
    pub(super) message: Vec<u8>,
}
