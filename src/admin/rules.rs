//! The rules that are served: those that the handlers of the server have brought along.

use std::sync::Arc;

use serde_json::{Value, json};
use tonic::Status;

use super::paging::Page;
use crate::rules::{ListedRule, Rules, RulesState};
use crate::server::Server;
use crate::session::Session;

/// How many methods of a rule are told.
const MAX_METHODS: usize = 100;

/// The rules of all calls, and in front of them those of a session, or of all sessions if none is named.
pub(super) fn all(server: &Server, session: Option<&Session>) -> Vec<Arc<Rules>> {
    let of_sessions = server.attached_of_sessions::<Rules>().into_iter();
    let wanted = of_sessions.filter(|(id, _)| session.is_none_or(|session| session.id() == id));
    let of_sessions = wanted.map(|(_, rules)| rules);
    of_sessions.chain(server.attached::<Rules>()).collect()
}

/// A page of the rules that are `wanted`: of a method, or of all if its name is empty; as a session has used them, or all calls.
///
/// Fails if there is no such method.
pub(super) fn listed(
    server: &Server,
    page: Page,
    method: &str,
    session: Option<&Session>,
    wanted: impl Fn(&ListedRule) -> bool,
) -> Result<Value, Status> {
    let method = match method {
        "" => None,
        name => Some(method_name(server, name)?),
    };
    let rules = all(server, session);
    let rules = rules.iter().flat_map(|rules| match session {
        Some(session) => rules.list_of(session),
        None => rules.list(),
    });
    // Whether a rule was chosen may change between two pages: so all are counted, and not those that are wanted.
    let rules = (0..).zip(rules).filter(|(_, rule)| {
        let is_of_method = method.as_ref().is_none_or(|method| rule.methods.contains(method));
        is_of_method && wanted(rule)
    });
    Ok(page.of("rules", rules, value))
}

/// The name of a method of the server as its proto has it.
///
/// Fails if there is no such method.
pub(super) fn method_name(server: &Server, name: &str) -> Result<String, Status> {
    let schema = server.schema();
    let found = schema.method(name).map(|found| found.name().to_owned());
    found.ok_or_else(|| Status::not_found(schema.unknown_method(name).on_one_line()))
}

fn value(rule: &ListedRule) -> Value {
    json!({
        "name": rule.name,
        "place": rule.place,
        "methods": rule.methods.iter().take(MAX_METHODS).collect::<Vec<_>>(),
        "more_methods": rule.methods.len().saturating_sub(MAX_METHODS),
        "priority": rule.priority,
        "passes": rule.passes,
        "hits": rule.hits,
        "put": rule.put.as_deref().unwrap_or_default(),
        "session": rule.session.as_deref().unwrap_or_default(),
    })
}

/// What calls of the rules share, those of a session or of none.
pub(super) fn states(server: &Server, session: Option<&Session>) -> Vec<RulesState> {
    let rules = server.attached::<Rules>();
    let states = rules.iter().map(|rules| match session {
        Some(session) => rules.state().of_session(session),
        None => rules.state().clone(),
    });
    states.collect()
}
