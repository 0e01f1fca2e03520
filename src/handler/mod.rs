//! What answers a method: one trait for all four kinds of RPC.
//!
//! A [`Handler`] receives zero or more messages, sends zero or more, and ends with a status. There is no task and no
//! channel per call: the future of the response polls the handler until its headers are due, and the response body
//! ([`CallBody`]) polls it after that. Back-pressure is the transport's own: a body that is not polled does not run its
//! handler, and a body that is dropped cancels it.

mod call;
mod call_body;
mod call_line;
mod call_log;
mod call_record;
mod closures;
mod codes;
mod elapsed;
mod error_status;
mod expiry;
mod extract;
mod framing;
mod handlers;
mod lane;
mod layered_body;
mod lifecycle;
mod limited_lines;
mod limits;
mod observed;
mod outcome;
mod outgoing_slot;
mod peer;
mod request_check;
mod response;
mod room;
mod running;
mod setup;
mod state;
mod steering;
mod traits;
mod turn;
mod turn_clock;

pub use self::call::Call;
pub(crate) use self::call::CallStart;
pub use self::call_body::CallBody;
pub(crate) use self::call_body::{known, without_body};
pub(crate) use self::call_line::CallWriter;
pub use self::call_line::{CallField, CallLine};
pub(crate) use self::call_log::CallLog;
pub(crate) use self::call_record::{CallBegin, CallRecord};
pub use self::closures::{Bidi, ClientStreaming, HandlerFn, ServerStreaming, Unary};
pub(crate) use self::codes::{CODES, code_name};
pub(crate) use self::error_status::status_of;
pub(crate) use self::expiry::Expiry;
pub use self::extract::FromCall;
pub(crate) use self::framing::{MessageWriter, RequestBody};
pub use self::handlers::Handlers;
pub(crate) use self::handlers::{Attached, Shape, Unprepared, handler_methods};
pub(crate) use self::lane::{Lane, SLICE};
pub(crate) use self::lifecycle::{LINGER_TIMEOUT, Lifecycle, Phase};
pub(crate) use self::limits::CallLimits;
pub(crate) use self::observed::{CallReport, Observed};
pub use self::peer::{Peer, PeerAddr};
pub(crate) use self::request_check::{Effort, Refusal, RequestCheck};
pub(crate) use self::response::{ResponseFuture, layered, refusal};
pub(crate) use self::room::LargeMessages;
pub(crate) use self::running::{CallPermit, ServerCalls};
pub use self::state::{State, States};
pub(crate) use self::traits::{BoxHandler, Front, Passage};
pub use self::traits::{DynHandler, Handler};
pub(crate) use self::turn::{leaves_turn, run_turn, take_leaving};
