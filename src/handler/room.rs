//! Room for large messages: how much memory they take at the same time, over all calls of a server.
//!
//! Small messages need no room. A large request has room from its begin until the call is done with it, a large response
//! until the transport has sent it. Where there is none they wait, requests for requests and responses for responses. So a
//! call that has room for its request never waits for another that has room, too: responses wait only for those who read.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

/// A message that takes more needs room, in bytes.
pub(in crate::handler) const LARGE: usize = 64 * 1024;

/// How long a message waits for room.
const PATIENCE: Duration = Duration::from_secs(10);

/// Room is given in units of so many bytes.
const UNIT: usize = 1024;

/// The room for large messages of a server: one half is for requests, the other for responses.
#[derive(Debug)]
pub(crate) struct LargeMessages {
    requests: Half,
    responses: Half,
}

#[derive(Debug)]
pub(in crate::handler) struct Half {
    left: Arc<Semaphore>,
    /// How much there is in all, in units. A message that is larger takes all of it.
    units: u32,
}

impl LargeMessages {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = (bytes / 2 / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)) as u32;
        let half = || Half {
            left: Arc::new(Semaphore::new(units as usize)),
            units,
        };
        Self {
            requests: half(),
            responses: half(),
        }
    }

    pub(in crate::handler) fn requests(&self) -> &Half {
        &self.requests
    }

    pub(in crate::handler) fn responses(&self) -> &Half {
        &self.responses
    }
}

/// The room that a message has, or waits for.
#[derive(Default)]
pub(in crate::handler) struct Room {
    held: Option<OwnedSemaphorePermit>,
    waiting: Option<Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send + Sync>>>,
}

impl Room {
    /// Whether there is room for so many bytes, at once.
    pub(in crate::handler) fn try_take(&mut self, half: &Half, bytes: usize) -> bool {
        let missing = self.missing(half, bytes);
        if missing > 0 {
            let Ok(permit) = Arc::clone(&half.left).try_acquire_many_owned(missing) else {
                return false;
            };
            self.add(permit);
        }
        true
    }

    /// Waits for room for so many bytes. Fails with `RESOURCE_EXHAUSTED` if there is none for long.
    pub(in crate::handler) fn poll_take(
        &mut self,
        half: &Half,
        bytes: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        let missing = self.missing(half, bytes);
        if missing == 0 {
            self.waiting = None;
            return Poll::Ready(Ok(()));
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            let left = Arc::clone(&half.left);
            Box::pin(async move {
                let permit = tokio::time::timeout(PATIENCE, left.acquire_many_owned(missing)).await;
                permit.ok()?.ok()
            })
        });
        let permit = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        let Some(permit) = permit else {
            return Poll::Ready(Err(full(half)));
        };
        self.add(permit);
        Poll::Ready(Ok(()))
    }

    /// Takes what another has.
    pub(in crate::handler) fn join(&mut self, other: Self) {
        if let Some(permit) = other.held {
            self.add(permit);
        }
    }

    /// Gives back what is more than so many bytes need.
    pub(in crate::handler) fn shrink(&mut self, bytes: usize) {
        if let Some(held) = &mut self.held {
            let surplus = held.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(held.split(surplus));
        }
    }

    /// The bytes, which have the room for as long as any part of them is held.
    pub(in crate::handler) fn around(self, bytes: Vec<u8>) -> Bytes {
        match self.held {
            None => bytes.into(),
            Some(held) => Bytes::from_owner(WithRoom { bytes, _held: held }),
        }
    }

    pub(in crate::handler) fn is_none(&self) -> bool {
        self.held.is_none()
    }

    fn missing(&self, half: &Half, bytes: usize) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX)
            .min(half.units);
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        units.saturating_sub(u32::try_from(held).unwrap_or(u32::MAX))
    }

    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// Bytes and their room.
struct WithRoom {
    bytes: Vec<u8>,
    _held: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for WithRoom {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cold]
fn full(half: &Half) -> Status {
    Status::resource_exhausted(format!(
        "large messages of other calls take the {} KiB that the server has for them",
        half.units
    ))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn take(room: &mut Room, half: &Half, bytes: usize) -> Result<(), Status> {
        poll_fn(|cx| room.poll_take(half, bytes, cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_too_long_is_refused_and_what_is_given_back_can_be_taken() {
        let large = LargeMessages::new(200 * UNIT);
        let half = large.requests();
        let (mut first, mut second) = (Room::default(), Room::default());
        assert!(first.try_take(half, 60 * UNIT));
        assert!(!second.try_take(half, 60 * UNIT));
        let refused = take(&mut second, half, 60 * UNIT)
            .await
            .expect_err("there is no room");
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        first.shrink(40 * UNIT);
        take(&mut second, half, 60 * UNIT)
            .await
            .expect("there is room now");
        assert!(!first.try_take(half, 41 * UNIT));
        drop(second);
        // Larger than all that there is.
        assert!(first.try_take(half, usize::MAX));
        let bytes = first.around(vec![0; 10]);
        let part = bytes.slice(3..5);
        drop(bytes);
        assert!(!Room::default().try_take(half, UNIT));
        drop(part);
        assert!(Room::default().try_take(half, UNIT));
        assert!(Room::default().try_take(large.responses(), UNIT));
    }
}
