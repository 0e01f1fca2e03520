//! Runs compiled rules for calls.
//!
//! [`MethodRules`] is a method's handler: it makes a session for each call, [chooses](choose) the rule that answers, and
//! runs its [steps](steps) event by event. Nothing is looked up by name here, and nothing is allocated for a message
//! but what its values need.

mod answer;
mod assign;
mod choose;
mod condition;
mod counters;
mod current;
mod events;
mod explain;
mod handler;
mod index;
mod loops;
mod metadata;
mod method;
mod order;
mod outcome;
mod pattern;
mod session;
mod signals;
mod state;
mod status;
mod steps;
mod template;
mod text;
mod timed;
mod value;
mod variables;

#[cfg(test)]
pub(crate) use self::condition::Decoded;
pub use self::explain::Explanation;
pub use self::method::MethodRules;
pub(crate) use self::method::Settings;
pub use self::state::RulesState;
#[cfg(test)]
pub(crate) use self::template::LoopCache;
