//! [`CallFilter`]: which calls are meant, by their method and by conditions in CEL.
//!
//! A condition is compiled for the schema that is served. What evaluations cost is bounded, each by itself and all of one search together.

use std::fmt;
use std::sync::Arc;

use super::call_value::{CALL_NAME, CALL_SCHEMA, CallValue, names};
use super::condition::{Compiler, Part, Seen};
use crate::cel::{Budget, Env};
use crate::error::Error;
use crate::excerpt::excerpt;
use crate::journal::RecordedCall;
use crate::schema::{Method, Schema};
use crate::server::Journal;
use crate::session::Session;

/// What the evaluations of one search or verification may cost together: some seconds.
pub(super) const MAX_COST: u64 = 50_000_000;

/// What it costs to read a call, whatever is asked of it.
const UNITS_PER_CALL: u64 = 20;

/// Which calls are meant: those of a method, of which conditions hold.
///
/// ```
/// use protod::CallFilter;
///
/// let teas = CallFilter::method("shop.Shop/Order").where_("request.name == 'tea' && call.code == 'OK'");
/// let unmatched = CallFilter::all().where_("!call.matched");
/// # drop((teas, unmatched));
/// ```
///
/// Conditions are expressions in CEL, as those of [rules](https://docs.rs/crate/protod/latest/source/docs/rules.md). They may
/// name:
///
/// | name | what it is |
/// |---|---|
/// | `call.method`, `call.service` | `package.Service/Method`, `package.Service` |
/// | `call.code`, `call.message` | the status; a code compares with its name and with its number |
/// | `call.rule`, `call.matched` | the name of the rule that answered, and false if nothing answered |
/// | `call.protocol`, `call.peer` | `grpc`, `grpc-web`, `connect` or `rest`; the client's address |
/// | `call.start`, `call.duration` | a timestamp, a duration |
/// | `call.headers`, `call.response_headers`, `call.trailers` | maps; values of one name are joined by a comma |
/// | `call.request_count`, `call.response_count` | how many messages there were |
/// | `call.session` | the name of the session that it was of; empty if it was of none |
/// | `call.trace_id` | the id of the trace that it belongs to, in hexadecimal digits; empty if of none |
/// | `call.id`, `call.generation` | as [`RecordedCall`] has them |
/// | `request`, `response` | the first message that came, and the first that went |
/// | `requests`, `responses` | those that are kept |
/// | `metadata` | the headers of the request, as in rules |
///
/// With a method, messages have its types: a field that they do not have is an error. Without one, a condition on a field that a
/// message does not have does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct CallFilter {
    pub(super) method: Option<String>,
    pub(super) session: Option<Session>,
    pub(super) conditions: Vec<String>,
}

impl CallFilter {
    /// All calls.
    pub fn all() -> Self {
        Self::default()
    }

    /// The calls of a method, `package.Service/Method`.
    pub fn method(name: impl Into<String>) -> Self {
        Self {
            method: Some(name.into()),
            ..Self::default()
        }
    }

    /// Of those only the ones of a session.
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Of those only the ones for which an expression in CEL holds.
    pub fn where_(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }
}

/// For people: `shop.Shop/Order where request.name == 'tea'`.
impl fmt::Display for CallFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method.as_deref().unwrap_or("any method"))?;
        if let Some(session) = &self.session {
            write!(f, " of session {}", session.name())?;
        }
        for (at, condition) in self.conditions.iter().enumerate() {
            write!(f, "{}{condition}", if at == 0 { " where " } else { " and " })?;
        }
        Ok(())
    }
}

/// A [`CallFilter`] whose conditions have been compiled: see [`Journal::matcher`].
#[derive(Debug)]
pub struct CallMatcher {
    method: Option<Arc<Method>>,
    session: Option<Session>,
    parts: Vec<Part>,
}

/// Why a call is not one that is meant.
#[derive(Debug)]
pub(super) struct CallDifference {
    /// How many parts of the conditions hold before the one that does not.
    pub(super) held: usize,
    pub(super) text: String,
}

impl CallMatcher {
    /// Whether a call is one that is meant.
    pub fn matches(&self, call: &RecordedCall) -> bool {
        self.matches_within(call, &mut { Budget::DEFAULT })
    }

    /// Whether it takes no time to tell.
    pub(super) fn is_quick(&self) -> bool {
        self.parts.is_empty()
    }

    /// The same as [`matches`](Self::matches), at the cost of `left`.
    pub(super) fn matches_within(&self, call: &RecordedCall, left: &mut u64) -> bool {
        if !self.is_of_method(call) || !self.is_of_session(call) {
            return false;
        }
        if self.parts.is_empty() {
            return true;
        }
        let value = CallValue::of(call, self.method.as_deref());
        let budget = (*left).min(Budget::DEFAULT);
        self.with_env(&value, budget, |env| {
            let holds = env.call.budget.charge(UNITS_PER_CALL).is_ok()
                && self.parts.iter().all(|part| part.holds(env).unwrap_or(false));
            *left -= budget.saturating_sub(env.call.budget.left());
            holds
        })
    }

    pub(super) fn is_of_method(&self, call: &RecordedCall) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| method.name() == call.method())
    }

    /// Whether a call is of the session that is meant, if one is.
    pub(super) fn is_of_session(&self, call: &RecordedCall) -> bool {
        let session = self.session.as_ref();
        session.is_none_or(|session| call.is_of(session))
    }

    /// The first part of the conditions that does not hold for a call, and what it is about. `None` if the call is one that is
    /// meant.
    pub fn difference(&self, call: &RecordedCall) -> Option<String> {
        let difference = self.first_difference(call, &mut { Budget::DEFAULT });
        difference.map(|difference| difference.text)
    }

    /// The same, at the cost of `left`.
    pub(super) fn first_difference(&self, call: &RecordedCall, left: &mut u64) -> Option<CallDifference> {
        if let Some(method) = self.method.as_ref().filter(|_| !self.is_of_method(call)) {
            return Some(CallDifference {
                held: 0,
                text: format!(
                    "it is a call of {}, not {}",
                    excerpt(call.method()),
                    method.name()
                ),
            });
        }
        if let Some(session) = self.session.as_ref().filter(|_| !self.is_of_session(call)) {
            let text = match call.session() {
                Some(own) if own != session.name() => format!("it is of session {own}"),
                // One of the same name, or the same one before its calls were forgotten.
                Some(_) => "it is of a session that has ended".to_owned(),
                None => "it is of no session".to_owned(),
            };
            return Some(CallDifference { held: 0, text });
        }
        let value = CallValue::of(call, self.method.as_deref());
        let budget = (*left).min(Budget::DEFAULT);
        self.with_env(&value, budget, |env| {
            let mut parts = self.parts.iter().enumerate();
            let difference = parts.find_map(|(at, part)| {
                Some(CallDifference {
                    held: at + 1,
                    text: part.difference(env)?,
                })
            });
            *left -= budget.saturating_sub(env.call.budget.left());
            difference
        })
    }

    fn with_env<T>(&self, value: &CallValue, cost: u64, read: impl FnOnce(&Env<'_>) -> T) -> T {
        let seen = Seen {
            layouts: match &self.method {
                Some(method) => method.layouts(),
                None => CALL_SCHEMA.layouts(),
            },
            metadata: &value.metadata,
            values: &value.values(),
        };
        seen.with_env(cost, read)
    }
}

impl Journal {
    /// Compiles a filter for the schema that is served now.
    ///
    /// Fails if there is no such method, and if a condition is wrong: [`Error::problems`] has all that is.
    pub fn matcher(&self, filter: &CallFilter) -> Result<CallMatcher, Error> {
        compile(filter, &self.schema(), |name| self.method(name))
    }

    /// The newest calls that have ended and that a filter means, up to so many, those that ended first before the others.
    ///
    /// Fails as [`matcher`](Self::matcher) does, and if the conditions cost too much for so many calls.
    pub fn find(&self, filter: &CallFilter, most: usize) -> Result<Vec<RecordedCall>, Error> {
        self.search(filter, u64::MAX, |newest| {
            let mut found: Vec<RecordedCall> = newest.map(|(_, call)| call).take(most).collect();
            found.reverse();
            found
        })
    }

    /// What `read` makes of the calls that have ended and that a filter means, newest first, each with its place among all that
    /// have ended: of those before a place.
    ///
    /// Fails as [`find`](Self::find) does.
    pub(crate) fn search<T>(
        &self,
        filter: &CallFilter,
        before: u64,
        read: impl FnOnce(&mut dyn Iterator<Item = (u64, RecordedCall)>) -> T,
    ) -> Result<T, Error> {
        let matcher = self.matcher(filter)?;
        let mut left = MAX_COST;
        let (snapshot, reader) = (self.snapshot(), self.reader());
        let calls = snapshot.newest_first(before, &reader);
        let found = read(&mut calls.filter(|(_, call)| left > 0 && matcher.matches_within(call, &mut left)));
        if left == 0 {
            return Err(too_costly());
        }
        Ok(found)
    }
}

/// The conditions cost more than [`MAX_COST`].
pub(super) fn too_costly() -> Error {
    let source = "its conditions cost more than one search may; ask for a method, or for fewer calls";
    Error::invalid_input("cannot go through all calls", source)
}

/// Compiles a filter; `find` gives the method of a name.
fn compile(
    filter: &CallFilter,
    schema: &Schema,
    find: impl Fn(&str) -> Option<Arc<Method>>,
) -> Result<CallMatcher, Error> {
    let method = match &filter.method {
        Some(name) => {
            let name = name.strip_prefix('/').unwrap_or(name);
            Some(find(name).ok_or_else(|| Error::unknown_name(schema.unknown_method(name).on_one_line()))?)
        }
        None => None,
    };
    // A large schema would take longer to look into than all else.
    let for_names = if schema.is_small() { schema } else { &*CALL_SCHEMA };
    let mut compiler = Compiler {
        schema: for_names,
        within: method
            .as_ref()
            .map_or(CALL_NAME, |method| method.input().full_name()),
        names: names(method.as_deref()),
    };
    let parts = compiler.parts(&filter.conditions).map_err(Error::condition)?;
    Ok(CallMatcher {
        method,
        session: filter.session.clone(),
        parts,
    })
}
