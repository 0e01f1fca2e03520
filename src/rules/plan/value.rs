//! Values that are not fields of a message, such as the variables of `state`.
//!
//! They are written in YAML, with `${…}` anywhere; a string that is a single expression keeps the expression's type.

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
