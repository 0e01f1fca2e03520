//! The clock of a turn of a connection: the calls that begin in one turn have one time, since their requests were read together.

use std::cell::Cell;
use std::time::{Instant, SystemTime};

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock::Off) };
}

#[derive(Clone, Copy)]
enum Clock {
    /// There is no turn.
    Off,
    /// No call has begun in the turn.
    Unread,
    Read(Instant, SystemTime),
}

/// A turn begins.
pub(super) fn turn_begins() {
    set(Clock::Unread);
}

/// The turn is over.
pub(super) fn turn_ends() {
    set(Clock::Off);
}

/// The time at which a call begins: in a turn, that of its first call.
pub(super) fn call_begins() -> (Instant, SystemTime) {
    let clock = CLOCK.try_with(Cell::get).unwrap_or(Clock::Off);
    if let Clock::Read(began, start) = clock {
        return (began, start);
    }
    let (began, start) = (Instant::now(), SystemTime::now());
    if let Clock::Unread = clock {
        set(Clock::Read(began, start));
    }
    (began, start)
}

/// Nothing is set where the thread ends.
fn set(clock: Clock) {
    let _ = CLOCK.try_with(|of_thread| of_thread.set(clock));
}
