//! Values that are not fields of a message: the variables of `state`, the rounds of a loop.
//!
//! Written in YAML, with `${…}` anywhere; a string that is one expression keeps its type.

use super::text::Text;
use crate::cel::{Program, Value};

/// A value as a rule writes it.
#[derive(Debug)]
pub(crate) enum ValueTemplate {
    Constant(Value<'static>),
    Program(Program),
    Text(Text),
    List(Box<[ValueTemplate]>),
    Map(Box<[(String, ValueTemplate)]>),
}
