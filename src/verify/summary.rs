//! Conditions on the summaries of calls that the servers of a fleet share: there are no headers and no messages in them.

use http::HeaderMap;

use super::call_value::{CALL_NAME, CALL_SCHEMA, SUMMARY};
use super::condition::{Compiler, Part, Seen};
use super::filter::CallFilter;
use crate::cel::{Budget, MessageValue, Type, Value};
use crate::error::{Error, Problem};

/// A [`CallFilter`] whose conditions have been compiled for summaries.
#[derive(Debug)]
pub(crate) struct SummaryMatcher {
    method: Option<String>,
    session: Option<String>,
    parts: Vec<Part>,
}

impl SummaryMatcher {
    /// Compiles a filter. Methods and sessions are compared by their names.
    ///
    /// Fails if a condition is wrong, and if it is about what summaries do not have.
    pub(crate) fn new(filter: &CallFilter) -> Result<Self, Error> {
        let mut compiler = Compiler {
            schema: &CALL_SCHEMA,
            within: CALL_NAME,
            names: vec![vec![("call".to_owned(), Type::Message(SUMMARY.clone()))]],
        };
        let explained = |problem: Problem| {
            let hint = match problem.hint() {
                // Metadata is not told either.
                Some(hint) if !hint.contains("metadata") => {
                    format!("{hint}. Of a summary of a call: {}", fields())
                }
                _ => fields(),
            };
            problem.with_hint(hint)
        };
        let parts = compiler.parts(&filter.conditions);
        let parts =
            parts.map_err(|problems| Error::condition(problems.into_iter().map(explained).collect()))?;
        let has_metadata = parts.iter().any(|part| part.uses().metadata);
        if has_metadata {
            let why = format!("a summary of a call has no `metadata`: {}", fields());
            return Err(Error::invalid_input("cannot use the condition", why));
        }
        Ok(Self {
            method: filter
                .method
                .as_deref()
                .map(|name| name.trim_start_matches('/').to_owned()),
            session: filter.session.as_ref().map(|session| session.name().to_owned()),
            parts,
        })
    }

    /// Whether a call of this method and session is one that is meant. `summary` are the bytes of the message `protod.call.Summary`.
    pub(crate) fn matches(&self, method: &str, session: &str, summary: impl FnOnce() -> Vec<u8>) -> bool {
        let is = |wanted: &Option<String>, found| wanted.as_deref().is_none_or(|wanted| wanted == found);
        if !is(&self.method, method) || !is(&self.session, session) {
            return false;
        }
        if self.parts.is_empty() {
            return true;
        }
        let bytes = summary();
        let call = Value::Message(MessageValue {
            descriptor: SUMMARY.clone(),
            bytes: bytes.as_slice().into(),
        });
        let seen = Seen {
            layouts: CALL_SCHEMA.layouts(),
            metadata: &HeaderMap::new(),
            values: &[[call, Value::Null]],
        };
        seen.with_env(Budget::DEFAULT, |env| {
            self.parts.iter().all(|part| part.holds(env).unwrap_or(false))
        })
    }
}

/// What summaries have, for people.
fn fields() -> String {
    let fields = SUMMARY.fields().map(|field| format!("call.{}", field.name()));
    let fields: Vec<String> = fields.collect();
    format!(
        "it has {}; the rest is in the journal of its replica",
        fields.join(", ")
    )
}
