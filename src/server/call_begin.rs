//! Calls whose handler has not begun: those that go through layers first, and those that are refused.

use http::Request;

use super::generation::Generation;
use crate::handler::{CallBegin, CallLog, Peer};
use crate::session::Session;

/// A call of the method at `path`, if there is such a method.
pub(super) fn call_begin<'c, B>(
    log: &'c CallLog,
    generation: &'c Generation,
    request: &'c Request<B>,
    path: &'c str,
    protocol: &'static str,
    peer: Option<&'c Peer>,
    session: Option<&'c Session>,
) -> CallBegin<'c> {
    let counters = log.counters().map(|all| match generation.endpoint(path) {
        Some(endpoint) => endpoint.counters(all),
        None => all.of_others(),
    });
    CallBegin {
        path,
        method: None,
        protocol,
        peer,
        headers: request.headers(),
        session,
        generation: generation.number,
        counters,
    }
}
