//! Messages are checked against the rules that their protos declare for them with `buf.validate`.
//!
//! A [`Validator`] compiles the rules of message types once, and then checks the bytes of messages, without decoding them.
//! The rules of `buf.validate` are expressions in CEL; protod runs them itself, within a budget.
//!
//! ```text
//! options ── compile ─► Plans ── run, scan ─► Violations ──► Status
//! ```

mod compile;
mod error;
mod path;
mod plan;
mod run;
mod scan;
mod validator;
mod violation;

pub use self::error::ValidationError;
pub(crate) use self::plan::PlanId;
pub use self::validator::Validator;
pub use self::violation::Violation;
