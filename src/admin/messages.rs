//! The method that lists the messages of a collection.

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Status;

use super::calls::wrong_filter;
use super::collections::collection_of;
use super::fields::{flag, text};
use super::paging::{MAX_BYTES, Page};
use super::steered::{Answer, Steered};
use crate::collection::{Order, Position};
use crate::handler::State;
use crate::message::{JsonPrinter, Message, Typed};
use crate::rules::{Found, RulesCollection, Search};

/// How many messages a page has, if it is not said.
const DEFAULT_MESSAGES: u64 = 100;

/// What it may cost to find the messages of an answer, in units of the budget of evaluations: up to some seconds.
pub(super) const MAX_COST: u64 = 20_000_000;

pub(super) async fn list_messages(State(steered): State<Arc<Steered>>, request: DynamicMessage) -> Answer {
    let of = collection_of(&steered, &request, "collection")?;
    let page = Page::asked_by_or(&request, DEFAULT_MESSAGES)?;
    let order = if flag(&request, "newest") {
        Order::Newest
    } else {
        Order::Oldest
    };
    let search = search(&of, &request, order, page.after())?;
    of.collection.caught_up().await.map_err(|fault| fault.status())?;
    let listed = tokio::task::spawn_blocking(move || listed(&of, search, page)).await;
    Ok(Typed(
        listed.map_err(|_| Status::unavailable("the server ends"))??,
    ))
}

/// A page of the messages that a search finds.
fn listed(of: &RulesCollection, mut search: Search, page: Page) -> Result<Value, Status> {
    let mut printer = JsonPrinter::new().unknown_any_as_bytes(true);
    let (mut messages, mut bytes, mut last) = (Vec::new(), 0, None);
    search.refill(MAX_COST);
    let next = loop {
        if messages.len() == page.entries() {
            break last;
        }
        match search.next()? {
            Found::Message(position, message) => {
                let message = Message::from_checked(of.declaration.message.clone(), message);
                let value = value(position, &message, &mut printer);
                bytes += value.to_string().len();
                if bytes > MAX_BYTES && last.is_some() {
                    break last;
                }
                messages.push(value);
                last = Some(position);
            }
            Found::Unfinished => break search.passed(),
            Found::End => break None,
        }
    };
    let token = next.map(|Position(next)| next.to_string());
    Ok(json!({ "messages": messages, "next_page_token": token.unwrap_or_default() }))
}

fn value(Position(position): Position, message: &Message, printer: &mut JsonPrinter) -> Value {
    let mut value = json!({ "position": position, "length": message.encoded_len() });
    let json = printer.print(message).ok();
    // There, null is a value. One that is too large for an answer is in an export.
    let json = json.filter(|json| json.len() <= MAX_BYTES);
    if let Some(json) = json.and_then(|json| serde_json::from_str(&json).ok()) {
        value["json"] = json;
    }
    value
}

/// The search that a request asks for.
pub(super) fn search(
    of: &RulesCollection,
    request: &DynamicMessage,
    order: Order,
    after: Option<u64>,
) -> Result<Search, Status> {
    let search = Search::begin(of, &text(request, "where"), order, after.map(Position));
    search.map_err(|error| wrong_filter(&error))
}
