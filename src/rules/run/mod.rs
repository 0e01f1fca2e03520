//! Runs compiled rules for calls.
//!
//! [`MethodRules`] is a method's handler. For each call it makes an [execution](call), [chooses](choose) the rule that answers,
//! and runs its steps event by event. Nothing is looked up by name here, and nothing is allocated for a message but what
//! its values need.
//!
//! | room | what it is |
//! |---|---|
//! | [`candidates`] | which rules may match, and in which order they are tried |
//! | [`matching`] | whether a rule matches |
//! | [`nearest`] | why no rule answers |
//! | [`call`] | one call: its messages, variables and loops, its events and their steps |
//! | [`write`](mod@write) | what steps write: messages, metadata, statuses |
//! | [`fault`] | what a call ends with when a rule fails, and what the log says |
//! | [`shared`] | what calls share: the store, counters, signals |

mod call;
mod candidates;
mod choose;
mod explain;
mod fault;
mod handler;
mod matching;
mod method;
mod nearest;
mod shared;
mod write;

pub use self::explain::Explanation;
pub use self::method::MethodRules;
pub(in crate::rules) use self::method::Settings;
pub(in crate::rules) use self::shared::declared::Declared;
pub use self::shared::state::RulesState;
pub(crate) use self::shared::state::StateOfSession;
pub(crate) use self::shared::trouble::Trouble;
#[cfg(test)]
pub(in crate::rules) use self::write::template::LoopCache;
