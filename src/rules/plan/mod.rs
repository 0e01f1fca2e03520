//! Rules in their compiled form.
//!
//! [`compile`](super::compile) makes these types when rules load, and [`run`](super::run) reads them for each call.
//! They are data; the few functions here are those that both need.

mod answer;
mod condition;
mod distribution;
mod metadata;
mod numbers;
mod pattern;
mod pause;
mod rule;
mod sample;
mod status;
mod steps;
pub(crate) mod template;
mod text;
mod value;
mod wire_scalar;

pub(crate) use self::answer::{Answer, SignalHandler, Timer};
pub(crate) use self::condition::{
    Condition, Equality, Expected, ExpectedMetadata, MetadataCondition, Stage, When,
};
pub(crate) use self::distribution::Distribution;
pub(crate) use self::metadata::{
    Header, HeaderValue, Metadata, ascii_value, binary_value, decode_base64, encode_base64, no_base64,
};
pub(crate) use self::numbers::{IntEncoding, canonical};
pub(crate) use self::pattern::Pattern;
pub(crate) use self::pause::{Pause, duration_of};
pub(crate) use self::rule::{After, Counting, Outline, Rule, RuleId, RuleLog};
pub(crate) use self::sample::{SampleTemplate, Sampler};
pub(crate) use self::status::{CodeTemplate, StatusTemplate, code_of};
pub(crate) use self::steps::{
    Assignment, Change, IntAssignment, Op, RowsStep, SignalStep, Steps, StoreStep, Variable,
};
pub(crate) use self::text::{Text, TextPiece};
pub(crate) use self::value::{Each, EachValue, KEY_AND_VALUE, Page, ValueTemplate, count_of};
pub(crate) use self::wire_scalar::WireScalar;
