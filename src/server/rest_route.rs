//! Which requests are calls by REST, and of which binding.

use http::{Method as HttpMethod, Request};

use super::generation::Generation;
use crate::protocol::{Form, Protocol, Route, asks_for_stream, is_json, is_lines, is_of_connect};

/// The verbs by which methods are called.
const VERBS: [HttpMethod; 7] = [
    HttpMethod::GET,
    HttpMethod::HEAD,
    HttpMethod::POST,
    HttpMethod::PUT,
    HttpMethod::PATCH,
    HttpMethod::DELETE,
    HttpMethod::OPTIONS,
];

/// Whether a request of this form may be one by REST; `None` is that of no other protocol. What has one message each way in
/// JSON looks alike in Connect.
#[inline]
pub(super) fn may_be_rest(form: Option<Form>) -> bool {
    form.is_none_or(|form| form.protocol == Protocol::ConnectUnary)
}

/// The path of the method that a request calls by REST, as far as is known before the layers. `None` if it calls none.
pub(super) fn rest_path<B>(
    generation: &Generation,
    request: &Request<B>,
    form: Option<Form>,
) -> Option<String> {
    if !may_be_rest(form) {
        return None;
    }
    match route(generation, request, form.is_none()) {
        Route::Binding(binding, _) => Some(binding.method().path().to_owned()),
        Route::OtherVerbs(_) | Route::Nothing => None,
    }
}

/// The binding of a request. `is_unknown` is whether no other protocol knows it.
pub(super) fn route<'g, B>(generation: &'g Generation, request: &Request<B>, is_unknown: bool) -> Route<'g> {
    let (verb, path, headers) = (request.method(), request.uri().path(), request.headers());
    let Some(endpoint) = generation.endpoint(path) else {
        return match path {
            // RFC 9110 section 9.3.7: it asks for the server as a whole.
            "*" if *verb == HttpMethod::OPTIONS => Route::OtherVerbs(VERBS.to_vec()),
            path => generation.rest.find(verb, path),
        };
    };
    // By its name, as in the other protocols. What has one message each way is Connect's.
    let method = endpoint.method.get();
    let is_stream = method.is_client_streaming() || method.is_server_streaming();
    if *verb == HttpMethod::OPTIONS {
        let is_gettable = !is_stream && method.has_no_side_effects();
        let by_get: &[HttpMethod] = if is_gettable { &VERBS[..2] } else { &[] };
        return Route::OtherVerbs([by_get, &[HttpMethod::POST, HttpMethod::OPTIONS]].concat());
    }
    // Connect's clients say that they are, and must learn that the method is not what they take it for.
    let is_json = is_json(headers) && !is_of_connect(headers);
    let is_meant = is_lines(headers) || !is_unknown && (is_json || asks_for_stream(headers));
    if *verb == HttpMethod::POST && is_stream && is_meant {
        Route::Binding(endpoint.by_name(), path.len())
    } else {
        Route::Nothing
    }
}
