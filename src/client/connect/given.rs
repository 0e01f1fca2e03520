//! [`GivenStream`]: a stream that was open before the client began, in the place of a socket.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::{ConnectError, ConnectFault};
use super::socket::Duplex;

/// A stream that is used once: there is no other when it has ended.
#[derive(Clone)]
pub(in crate::client) struct GivenStream(Arc<Mutex<Option<Box<dyn Duplex>>>>);

impl GivenStream {
    pub(in crate::client) fn new(stream: impl Duplex + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(stream)))))
    }

    /// The stream, at the first call.
    pub(super) fn open(&self) -> Result<Box<dyn Duplex>, ConnectError> {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream.ok_or_else(|| {
            ConnectError::new(
                ConnectFault::Unreachable,
                "the stream that the client was given has ended",
            )
        })
    }
}

impl fmt::Debug for GivenStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenStream").finish_non_exhaustive()
    }
}
