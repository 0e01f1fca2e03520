//! What is counted of a server's calls, and the text in which monitoring systems read it.
//!
//! A method has its counters from its first call on, and keeps them over reloads, so that they never go down. A call finds
//! them by its endpoint and adds to them when it ends: nothing is looked up by name, and nothing is made for whoever reads.
//!
//! | file | what it is |
//! |---|---|
//! | `calls` | the counters of all methods |
//! | `series` | those of the calls of one method that ended alike, with their durations |
//! | `conventions` | how OpenTelemetry names what is counted |
//! | `open_metrics` | the text |

mod calls;
mod conventions;
mod open_metrics;
mod series;

pub(crate) use self::calls::{CallCounters, MethodCounters};
pub(crate) use self::conventions::{OTHER_METHODS, is_error, system};
pub(crate) use self::open_metrics::{Kind, OpenMetrics};
pub(crate) use self::series::{BOUNDS, Counted, Totals};
