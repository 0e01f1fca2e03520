//! Requests by REST: from a verb and a path to a method.
//!
//! They are looked for when a request is in no other protocol, or is JSON that Connect does not answer, so the others pay
//! nothing for them.

use std::sync::Arc;

use http::{HeaderMap, Request};

use super::call_begin::call_begin;
use super::dispatch::GrpcService;
use super::dispatched::{Dispatched, State};
use super::generation::Generation;
use super::link::Link;
use super::refusal::{Refusal, no_such_method, refuse};
use super::rest_route::route;
use crate::handler::{CallBegin, RequestBody, known};
use crate::protocol::{Answer, REST, RestCall, Route, Speech, metadata, no_such_path, other_verbs};

/// What a request by REST is.
pub(super) enum Found {
    Call(Arc<RestCall>),
    Refused(Box<Answer>),
}

impl GrpcService {
    /// What a request is, if REST knows it. `is_unknown` is whether no other protocol does.
    #[cold]
    pub(super) fn find_rest(
        &self,
        generation: &Generation,
        request: &Request<RequestBody>,
        is_unknown: bool,
    ) -> Option<Found> {
        let (verb, path) = (request.method(), request.uri().path());
        match route(generation, request, is_unknown) {
            Route::Binding(binding, length) => {
                let query = request.uri().query().unwrap_or_default();
                let bounds = self.shared.limits.bounds;
                let call = RestCall::new(binding, verb, &path[..length], query, request.headers(), bounds);
                Some(match call {
                    Ok(call) => Found::Call(Arc::new(call)),
                    Err(answer) => Found::Refused(answer),
                })
            }
            Route::OtherVerbs(verbs) => Some(Found::Refused(other_verbs(verb, path, &verbs))),
            Route::Nothing
                if is_unknown
                    && generation.rest.routes().next().is_some()
                    && generation.endpoint(path).is_none() =>
            {
                Some(Found::Refused(no_such_path(verb, path)))
            }
            Route::Nothing => None,
        }
    }

    /// Answers a request by REST.
    pub(super) fn dispatch_rest(
        &self,
        generation: &Generation,
        request: Request<RequestBody>,
        found: Found,
        link: Option<&Link>,
    ) -> Dispatched {
        let peer = link.map_or(&self.peer, |link| &link.peer).as_ref();
        let call = match found {
            Found::Call(call) => call,
            Found::Refused(answer) => {
                let log = self.shared.calls.log();
                log.not_a_call(request.uri().path(), peer, answer.code);
                return Dispatched::at_once(State::NotACall(Box::pin(refuse(*answer, request))));
            }
        };
        let path = call.method().path();
        let speech = Speech::Rest(Arc::clone(&call));
        let (session, admitted) = match self.shared.sessions.of_call(request.headers(), true) {
            Ok(session) => {
                let admitted = match generation.endpoint(path) {
                    Some(endpoint) => {
                        let of = session.as_ref();
                        self.admit_to(generation, endpoint, &request, speech, of, peer.is_some())
                    }
                    None => Err(no_such_method(generation, path).into()),
                };
                (session, admitted)
            }
            Err(status) => (None, Err(status.into())),
        };
        Dispatched::at_once(match admitted {
            Ok(admitted) => {
                let (mut parts, body) = request.into_parts();
                parts.headers = metadata(parts.headers);
                return self.start(admitted, Request::from_parts(parts, body), session, link);
            }
            Err(Refusal::Status { status, is_unmatched }) => {
                let log = self.shared.calls.log();
                // As the other protocols name it.
                let session = session.as_ref();
                let begin = call_begin(log, generation, &request, path, REST, peer, session);
                self.tell_refused(begin, &status, is_unmatched, link);
                let answer = call.refuse(&status, HeaderMap::new(), &HeaderMap::new());
                State::Refused(Some(known(answer)))
            }
            Err(Refusal::Http(unrecognised)) => self.refuse_http(*unrecognised, request, peer),
        })
    }

    /// Tells the log of a request that did not become a call.
    pub(super) fn tell_refused(
        &self,
        begin: CallBegin<'_>,
        status: &tonic::Status,
        is_unmatched: bool,
        link: Option<&Link>,
    ) {
        match link.and_then(|link| link.record.as_ref()) {
            Some(record) => {
                record.is_of_session(begin.session);
                record.refused(status, is_unmatched);
            }
            None => self.shared.calls.log().refused(begin, status, is_unmatched),
        }
    }
}
