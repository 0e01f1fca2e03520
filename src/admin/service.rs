//! The methods of the service.
//!
//! Each is a function on the public API that takes a message, and answers with what serde writes as one. What may block is
//! done where it holds up no call.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::json;
use tonic::Status;

use super::calls::{clear_calls, get_call, list_calls, unmatched_calls, verify, watch_calls};
use super::collections::{clear_collection, list_collections};
use super::export::export_messages;
use super::fields::{flag, text, timestamp};
#[cfg(feature = "nats")]
use super::fleet::list_replicas;
use super::import::import_messages;
use super::invoke::{invoke, invoke_more};
use super::messages::list_messages;
use super::open_calls::{end, list_open, send, signal};
use super::paging::Page;
use super::puts::{delete_rules, put_protos, put_rules, set_aside};
use super::reloads::told;
use super::rule_text::get_rule;
use super::rules::{all, listed, states};
use super::schema::{describe, list_methods};
use super::sessions::{create_session, end_session, list_sessions, session_of};
use super::steered::{Answer, Steered};
use crate::handler::{Handlers, State};
use crate::live::ReloadTrigger;
use crate::message::Typed;
use crate::rules::{ListedRule, Trouble};
use crate::server::ServingStatus;

/// The proto of the service.
pub(super) const SERVICE_PROTO: &str = include_str!("admin.proto");

/// What answers each method.
pub(super) fn handlers(steered: Arc<Steered>) -> Handlers {
    let handlers = Handlers::new()
        .state(steered)
        .unary("protod.admin.v1.AdminService/Status", status)
        .unary("protod.admin.v1.AdminService/PutRules", put_rules)
        .unary("protod.admin.v1.AdminService/DeleteRules", delete_rules)
        .unary("protod.admin.v1.AdminService/PutProtos", put_protos)
        .unary("protod.admin.v1.AdminService/ListRules", list_rules)
        .unary("protod.admin.v1.AdminService/GetRule", get_rule)
        .unary("protod.admin.v1.AdminService/UnusedRules", unused_rules)
        .unary("protod.admin.v1.AdminService/ListCalls", list_calls)
        .unary("protod.admin.v1.AdminService/GetCall", get_call)
        .server_streaming("protod.admin.v1.AdminService/WatchCalls", watch_calls)
        .unary("protod.admin.v1.AdminService/ClearCalls", clear_calls)
        .unary("protod.admin.v1.AdminService/UnmatchedCalls", unmatched_calls)
        .unary("protod.admin.v1.AdminService/Verify", verify)
        .unary("protod.admin.v1.AdminService/ListMethods", list_methods)
        .unary("protod.admin.v1.AdminService/Describe", describe)
        .server_streaming("protod.admin.v1.AdminService/Invoke", invoke)
        .unary("protod.admin.v1.AdminService/InvokeMore", invoke_more)
        .unary("protod.admin.v1.AdminService/ListOpen", list_open)
        .unary("protod.admin.v1.AdminService/Send", send)
        .unary("protod.admin.v1.AdminService/Signal", signal)
        .unary("protod.admin.v1.AdminService/End", end)
        .unary("protod.admin.v1.AdminService/Reload", reload)
        .unary("protod.admin.v1.AdminService/Reset", reset)
        .unary("protod.admin.v1.AdminService/ListCollections", list_collections)
        .unary("protod.admin.v1.AdminService/ListMessages", list_messages)
        .server_streaming("protod.admin.v1.AdminService/ExportMessages", export_messages)
        .client_streaming("protod.admin.v1.AdminService/ImportMessages", import_messages)
        .unary("protod.admin.v1.AdminService/ClearCollection", clear_collection)
        .unary("protod.admin.v1.AdminService/CreateSession", create_session)
        .unary("protod.admin.v1.AdminService/ListSessions", list_sessions)
        .unary("protod.admin.v1.AdminService/EndSession", end_session);
    #[cfg(feature = "nats")]
    let handlers = handlers.unary("protod.admin.v1.AdminService/ListReplicas", list_replicas);
    handlers
}

async fn status(State(steered): State<Arc<Steered>>, _: DynamicMessage) -> Answer {
    let server = &steered.server;
    let schema = server.schema();
    let rules: usize = all(server, None).iter().map(|rules| rules.len()).sum();
    let last_reload = steered.reloads.as_ref().and_then(ReloadTrigger::last);
    Ok(Typed(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "start": timestamp(steered.started),
        "serving": server.health().status("") == Some(ServingStatus::Serving),
        "services": schema.services().len(),
        "methods": schema.methods().len(),
        "rules": rules,
        "calls_in_flight": server.calls_in_flight(),
        "journal": server.journal().map(|journal| {
            let stats = journal.stats();
            json!({ "kept": stats.kept, "recorded": stats.recorded, "bytes": stats.bytes })
        }),
        "last_reload": last_reload.as_deref().map(told),
        "generation": server.generation(),
        "set_aside": set_aside(&steered),
    })))
}

async fn list_rules(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let session = session_of(&steered, &request)?;
    let method = text(&request, "method");
    let page = Page::asked_by(&request)?;
    let mut answer = listed(&steered.server, page, &method, session.as_ref(), |_| true)?;
    if page.is_first() {
        answer["set_aside"] = set_aside(&steered).into();
    }
    Ok(Typed(answer))
}

async fn unused_rules(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let session = session_of(&steered, &request)?;
    let method = text(&request, "method");
    let page = Page::asked_by(&request)?;
    let is_unused = |rule: &ListedRule| rule.hits == 0;
    let rules = listed(&steered.server, page, &method, session.as_ref(), is_unused)?;
    Ok(Typed(rules))
}

async fn reload(State(steered): State<Arc<Steered>>, _: DynamicMessage) -> Answer {
    let Some(reloads) = &steered.reloads else {
        return Err(Status::failed_precondition("this server makes no reloads"));
    };
    match reloads.reload_and_wait().await {
        Some(outcome) => Ok(Typed(told(&outcome))),
        None => Err(Status::unavailable("the server makes no reloads any more")),
    }
}

async fn reset(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let wants = |name| flag(&request, name);
    let everything = !["counters", "store", "journal"].into_iter().any(wants);
    let session = session_of(&steered, &request)?;
    for state in states(&steered.server, session.as_ref()) {
        if everything || wants("counters") {
            state.counters_cleared().await.map_err(Trouble::status)?;
        }
        if everything || wants("store") {
            state.store_cleared().await.map_err(Trouble::status)?;
        }
    }
    if (everything || wants("journal"))
        && let Some(journal) = steered.server.journal()
    {
        journal.clear_of(session.as_ref());
    }
    Ok(Typed(json!({})))
}
