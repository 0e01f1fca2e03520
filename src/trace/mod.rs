//! Which trace a call belongs to, and its span.
//!
//! The caller's context comes in the headers of [W3C Trace Context](https://www.w3.org/TR/trace-context/), in all protocols. With
//! a [`Tracer`] each call that is sampled becomes a span, which waits in a queue of bounded length for whatever sends it;
//! `otlp` is what does. No call waits for that.
//!
//! | file | what it is |
//! |---|---|
//! | `ids` | the ids of traces and spans |
//! | `context` | the caller's context, from its headers |
//! | `sampler` | which calls become spans |
//! | `call_trace` | the place of a call in its trace |
//! | `span` | what is told of a call |
//! | `tracer` | the queue |

mod call_trace;
mod context;
mod ids;
mod sampler;
mod span;
mod tracer;

pub(crate) use self::call_trace::CallTrace;
pub(crate) use self::ids::{SpanId, TraceId, TraceIds};
pub use self::sampler::TraceSampler;
pub(crate) use self::span::Span;
pub use self::tracer::{TraceStats, Tracer};
