//! The calls that end in one turn of a connection: they are told of together, before their answers are written.
//!
//! Much code tells of a call. Where the code of a whole call runs between one and the next, the processor has to fetch all of it
//! again each time. So those that end one after another wait here for each other, until there are a few.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::call_log::CallLog;
use super::call_record::CallRecord;
use super::turn_clock::{turn_begins, turn_ends};

/// How many calls wait for each other at most. With more of them, what is noted of them would fill the cache instead.
const MOST: usize = 16;

thread_local! {
    static TURN: RefCell<Turn> = const {
        RefCell::new(Turn {
            is_on: false,
            log: None,
            ended: Vec::new(),
        })
    };

    /// Whether the call that is polled waits until it is polled out of the turn.
    static LEAVES: Cell<bool> = const { Cell::new(false) };
}

struct Turn {
    is_on: bool,
    /// What tells of the calls that have ended.
    log: Option<Arc<CallLog>>,
    ended: Vec<Arc<CallRecord>>,
}

/// Runs calls one after another, and tells of those that end before it returns. None of their clients may learn of an end
/// meanwhile.
pub(crate) fn run_turn<T>(calls: impl FnOnce() -> T) -> T {
    struct End;

    impl Drop for End {
        fn drop(&mut self) {
            tell();
            turn_ends();
            with_turn(|turn| {
                turn.is_on = false;
                turn.log = None;
            });
        }
    }

    turn_begins();
    with_turn(|turn| turn.is_on = true);
    let _end = End;
    calls()
}

/// Whether a call that is polled is in a turn, and then it asks to be polled out of it, on a task of its own. The other calls of its
/// connection would wait for what takes long.
pub(crate) fn leaves_turn(cx: &Context<'_>) -> bool {
    let is_in_turn = with_turn(|turn| turn.is_on) == Some(true);
    if is_in_turn {
        LEAVES.set(true);
        // Whatever polls a part of the call only when it is woken polls this part again.
        cx.waker().wake_by_ref();
    }
    is_in_turn
}

/// Waits until the call is polled out of its turn, if it is in one.
pub(super) async fn out_of_turn() {
    poll_fn(|cx| {
        if leaves_turn(cx) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

/// Whether the call that was polled last is to be polled out of the turn.
pub(crate) fn take_leaving() -> bool {
    LEAVES.take()
}

/// Has a call that has ended told of with the others of the turn. Returns whether there is one.
pub(super) fn call_ends(log: &Arc<CallLog>, record: &Arc<CallRecord>) -> bool {
    let is_full = |turn: &mut Turn| {
        let is_its_log = turn.log.as_ref().is_none_or(|of| Arc::ptr_eq(of, log));
        (turn.is_on && is_its_log).then_some(turn.ended.len() >= MOST)
    };
    match with_turn(is_full).flatten() {
        None => return false,
        Some(true) => tell(),
        Some(false) => {}
    }
    with_turn(|turn| {
        turn.log.get_or_insert_with(|| Arc::clone(log));
        turn.ended.push(Arc::clone(record));
    })
    .is_some()
}

/// Tells of the calls that have ended.
fn tell() {
    let Some((Some(log), mut ended)) = with_turn(|turn| (turn.log.clone(), std::mem::take(&mut turn.ended)))
    else {
        return;
    };
    log.finish_all(&ended);
    ended.clear();
    // Whoever writes a line may have had other calls.
    with_turn(|turn| {
        if turn.ended.is_empty() {
            turn.ended = ended;
        }
    });
}

/// `None` where the thread ends.
fn with_turn<T>(with: impl FnOnce(&mut Turn) -> T) -> Option<T> {
    TURN.try_with(|turn| with(&mut turn.borrow_mut())).ok()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use http::HeaderMap;

    use super::*;
    use crate::handler::CallBegin;
    use crate::journal::JournalOptions;

    #[test]
    fn those_that_end_in_a_turn_are_told_of_before_it_ends_however_it_ends() {
        let journal = JournalOptions::default();
        let log = Arc::new(CallLog::new(false, None, Some(&journal), false, false, None));
        let headers = HeaderMap::new();
        let call = || {
            let record = log.record(CallBegin {
                path: "/a.B/C",
                method: None,
                protocol: "grpc",
                peer: None,
                headers: &headers,
                session: None,
                generation: 0,
                counters: None,
            });
            call_ends(&log, &record.expect("the journal asks for it"))
        };
        let recorded = || log.journal().map(|journal| journal.stats().recorded as usize);
        assert!(!call(), "there is no turn");
        let turn = || {
            run_turn(|| {
                (0..=2 * MOST).for_each(|_| assert!(call()));
                assert_eq!(recorded(), Some(2 * MOST));
                resume_unwind(Box::new(()));
            });
        };
        catch_unwind(AssertUnwindSafe(turn)).expect_err("it panics");
        assert_eq!(recorded(), Some(2 * MOST + 1));
        assert!(!call(), "it is over");
    }
}
