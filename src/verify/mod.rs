//! Which calls have come: conditions on calls in CEL, and whether so many calls fulfil them.
//!
//! A [`CallFilter`] says which calls are meant, a [`Verify`] how many of them must have come.
//! [`Server::verify`](crate::Server::verify) waits until they have, or says which calls came nearest.

mod call_value;
mod condition;
mod count;
mod filter;
mod summary;
mod verification;

pub use self::filter::{CallFilter, CallMatcher};
pub(crate) use self::summary::SummaryMatcher;
pub use self::verification::{Verify, VerifyError};
