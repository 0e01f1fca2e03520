//! What others than its handler and its client want of a call in flight: that messages go into its response, and that it
//! ends.
//!
//! They leave it here, and wake the call, which does it where its handler waits. For a call of which nobody wants anything
//! there is only the waker.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;
use tonic::Status;

/// How many messages wait to go into one call. Each has somebody who waits for it.
const MAX_WAITING: usize = 1024;

/// How long it is waited until a call does what is wanted.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is wanted of a call in flight.
#[derive(Debug, Default)]
pub(crate) struct Steering {
    state: Mutex<State>,
    /// Wakes the transport, which ends the call if its client does not read the end.
    ends: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What the call waits with.
    waker: Option<Waker>,
    wanted: Option<Box<Wanted>>,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Wanted {
    /// In the order of their numbers.
    messages: VecDeque<PushedMessage>,
    next_number: u64,
    /// What the call is to end with.
    end: Option<Status>,
    /// Whether it has ended with that.
    is_ended: bool,
    /// Tells who wants the end once it is there.
    ender: Option<oneshot::Sender<bool>>,
}

/// A message that waits to go into the response.
#[derive(Debug)]
pub(super) struct PushedMessage {
    number: u64,
    pub(super) message: Bytes,
    sender: oneshot::Sender<Result<(), Status>>,
}

impl PushedMessage {
    /// Tells who has sent it that it is in the response, or why not.
    pub(super) fn answer(self, result: Result<(), Status>) {
        // Nobody may be there to hear it.
        self.sender.send(result).ok();
    }
}

/// Waits for a message to go into the response, and takes it back if it is dropped before.
#[derive(Debug)]
struct Waiting<'s> {
    steering: &'s Steering,
    number: u64,
    /// Dropped without a word if the call ends before.
    sent: oneshot::Receiver<Result<(), Status>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.steering.take_back(self.number);
    }
}

/// What a call has to do next.
#[derive(Debug)]
pub(super) enum Step {
    /// There is nothing but to wait.
    Wait,
    Send(PushedMessage),
    /// With this status, which may be OK.
    End(Status),
}

impl Steering {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message, which must be one of the method's output type, and waits until it is in the response. If the future is
    /// dropped before, it is not sent.
    ///
    /// Fails with `RESOURCE_EXHAUSTED` if the client does not read, and with `FAILED_PRECONDITION` if the call ends.
    pub(crate) async fn send(&self, message: Bytes) -> Result<(), Status> {
        let mut waiting = self.push(message)?;
        let sent = match timeout(PATIENCE, &mut waiting.sent).await {
            Ok(sent) => sent,
            Err(_) if self.take_back(waiting.number) => {
                return Err(Status::resource_exhausted(format!(
                    "the client has not read for {} s what was sent before, and so the message was not sent",
                    PATIENCE.as_secs()
                )));
            }
            // It is being sent at this moment.
            Err(_) => (&mut waiting.sent).await,
        };
        sent.unwrap_or_else(|_| Err(over()))
    }

    /// Ends the call with a status, and waits until it has ended. [`Code::Ok`] ends it well.
    ///
    /// Fails with `FAILED_PRECONDITION` if it ends otherwise before.
    pub(crate) async fn end(&self, status: Status) -> Result<(), Status> {
        let ended = self.want_end(status)?;
        match timeout(PATIENCE, ended).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false) | Err(_)) => Err(over()),
            Err(_) => Err(Status::deadline_exceeded(
                "the call ends as soon as its client reads what was sent before, or leaves",
            )),
        }
    }

    /// Leaves a message for the response.
    fn push(&self, message: Bytes) -> Result<Waiting<'_>, Status> {
        let mut state = self.state();
        let wanted = state.wanted()?;
        if wanted.end.is_some() {
            return Err(over());
        }
        if wanted.messages.len() >= MAX_WAITING {
            return Err(Status::resource_exhausted(format!(
                "{MAX_WAITING} messages wait to go into this call"
            )));
        }
        let (sender, sent) = oneshot::channel();
        let number = wanted.next_number;
        wanted.next_number += 1;
        wanted.messages.push_back(PushedMessage {
            number,
            message,
            sender,
        });
        wake(state);
        Ok(Waiting {
            steering: self,
            number,
            sent,
        })
    }

    /// Takes a message back. Returns whether it still waited.
    fn take_back(&self, number: u64) -> bool {
        let mut state = self.state();
        let Some(wanted) = &mut state.wanted else {
            return false;
        };
        let waiting = &mut wanted.messages;
        let place = waiting.binary_search_by_key(&number, |message| message.number);
        place.is_ok_and(|place| waiting.remove(place).is_some())
    }

    /// Has the call end with a status. What is returned says, once the call has ended, whether it was with that.
    fn want_end(&self, status: Status) -> Result<oneshot::Receiver<bool>, Status> {
        let mut state = self.state();
        let wanted = state.wanted()?;
        if wanted.end.is_some() {
            return Err(over());
        }
        let (ender, ended) = oneshot::channel();
        wanted.ender = Some(ender);
        wanted.end = Some(status);
        // They would come after the end.
        wanted.messages.clear();
        wake(state);
        self.ends.notify_waiters();
        Ok(ended)
    }

    /// What the call has to do now. `waker` is woken when there is more to do. A message goes out only if the response
    /// `takes_one`.
    #[inline]
    pub(super) fn next(&self, waker: &Waker, takes_one: impl FnOnce() -> bool) -> Step {
        let mut state = self.state();
        if !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
        match &mut state.wanted {
            None => Step::Wait,
            Some(wanted) => wanted.next(takes_one),
        }
    }

    /// Gives a message back that could not go out yet.
    pub(super) fn put_back(&self, message: PushedMessage) {
        if let Some(wanted) = &mut self.state().wanted {
            wanted.messages.push_front(message);
        }
    }

    /// The call ends. Returns the status that others have it end with, if they do.
    pub(super) fn take_end(&self) -> Option<Status> {
        let mut state = self.state();
        let wanted = state.wanted.as_mut()?;
        wanted.is_ended = wanted.end.is_some();
        wanted.end.clone()
    }

    /// Waits until others have the call end, and returns the status that they have it end with.
    pub(super) async fn ends(&self) -> Status {
        let ends = self.ends.notified();
        tokio::pin!(ends);
        // From here on it hears of an end, and before there may have been one.
        ends.as_mut().enable();
        if let Some(status) = self.wanted_end() {
            return status;
        }
        ends.await;
        self.wanted_end().unwrap_or_else(over)
    }

    fn wanted_end(&self) -> Option<Status> {
        self.state().wanted.as_ref()?.end.clone()
    }

    /// The call is over: nothing can be wanted of it any more.
    pub(super) fn over(&self) {
        let wanted = {
            let mut state = self.state();
            state.is_over = true;
            state.waker = None;
            state.wanted.take()
        };
        if let Some(wanted) = wanted
            && let Some(ender) = wanted.ender
        {
            // Nobody may be there to hear it.
            ender.send(wanted.is_ended).ok();
        }
    }
}

impl State {
    fn wanted(&mut self) -> Result<&mut Wanted, Status> {
        if self.is_over {
            return Err(over());
        }
        Ok(self.wanted.get_or_insert_default())
    }
}

/// Wakes the call, which leaves its waker again when it has looked.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Wanted {
    #[cold]
    fn next(&mut self, takes_one: impl FnOnce() -> bool) -> Step {
        if let Some(status) = &self.end {
            self.is_ended = true;
            return Step::End(status.clone());
        }
        if self.messages.is_empty() || !takes_one() {
            return Step::Wait;
        }
        self.messages.pop_front().map_or(Step::Wait, Step::Send)
    }
}

/// The status for what comes too late for a call.
fn over() -> Status {
    Status::failed_precondition("the call has ended")
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;
    use tonic::Code;

    use super::*;

    fn message(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_call_takes_is_given_up_after_a_while_and_more_than_so_many_do_not_wait() {
        let steering = Steering::default();
        let began = Instant::now();
        let refused = steering.send(message("a")).await.expect_err("nobody takes it");
        assert_eq!(
            (refused.code(), began.elapsed()),
            (Code::ResourceExhausted, PATIENCE)
        );
        let takes = || true;
        assert!(
            matches!(steering.next(Waker::noop(), takes), Step::Wait),
            "it was given up"
        );
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| steering.push(message("b")).expect("there is room"))
            .collect();
        let began = Instant::now();
        let refused = steering.send(message("c")).await.expect_err("there are too many");
        assert_eq!(
            (refused.code(), began.elapsed()),
            (Code::ResourceExhausted, Duration::ZERO)
        );
        drop(waiting);
        assert!(steering.push(message("d")).is_ok(), "those have given up");
    }

    #[tokio::test]
    async fn messages_go_out_in_order_and_none_after_an_end() {
        let steering = Steering::default();
        let mut sent = Vec::new();
        for text in ["a", "b", "c", "d"] {
            sent.push(steering.push(message(text)).expect("it waits"));
        }
        // Who sent this one does not wait any more.
        drop(sent.remove(1));
        let next = |takes: bool| match steering.next(Waker::noop(), || takes) {
            Step::Send(message) => Some(message),
            Step::Wait | Step::End(_) => None,
        };
        assert!(next(false).is_none(), "there is no room");
        let first = next(true).expect("it waits");
        steering.put_back(first);
        let first = next(true).expect("it waits");
        assert_eq!(first.message, "a");
        first.answer(Ok(()));
        assert_eq!(next(true).expect("it waits").message, "c");
        let ended = steering.want_end(Status::aborted("enough")).expect("it goes on");
        assert!(
            matches!(steering.next(Waker::noop(), || true), Step::End(status) if status.code() == Code::Aborted)
        );
        assert_eq!(steering.ends().await.code(), Code::Aborted);
        assert!(steering.push(message("e")).is_err() && steering.want_end(Status::ok("")).is_err());
        steering.over();
        assert_eq!(ended.await, Ok(true));
        assert!(matches!((&mut sent[0].sent).await, Ok(Ok(()))));
        for lost in &mut sent[1..] {
            assert!((&mut lost.sent).await.is_err(), "it was not sent");
        }
        assert!(steering.push(message("f")).is_err());
    }

    #[tokio::test]
    async fn who_ends_a_call_that_ends_by_itself_is_told_so() {
        let steering = Steering::default();
        let ended = steering.want_end(Status::aborted("enough")).expect("it goes on");
        steering.over();
        assert_eq!(ended.await, Ok(false));
        let refused = steering
            .end(Status::aborted("more"))
            .await
            .expect_err("it has ended");
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }
}
