//! Message templates: ProtoJSON with `${ CEL }` in it, compiled into operations that write wire bytes.
//!
//! What is constant is encoded when the rules load; the rest is written in place, straight into the frame, with no
//! message object in between. Fields are in the order of their numbers, as prost writes them, and a field without
//! presence is left out when its value is the default.

mod op;
mod padded;
mod target;

pub(crate) use self::op::{
    Cached, Close, Copy, CopyMessage, Double, Dynamic, EachOp, Int, Joined, MAX_OPEN, Nested, NextPage, Op,
    Open, Presence, Spot, Template, TotalSize, Writes,
};
pub(crate) use self::padded::{PaddedBytes, pad, put_padded};
pub(crate) use self::target::Target;
