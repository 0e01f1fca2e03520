//! Statuses as rules write them: `{code, message, details}`.

use tonic::Code;

use super::template::Template;
use super::text::Text;
use super::value::ValueTemplate;
use crate::cel::Value;
use crate::handler::CODES;

/// A status to end a call with.
#[derive(Debug)]
pub(crate) struct StatusTemplate {
    pub(crate) code: CodeTemplate,
    pub(crate) message: Option<Text>,
    /// Writes them as they stand in a `google.rpc.Status`: a list of `google.protobuf.Any`.
    pub(crate) details: Option<Template>,
}

#[derive(Debug)]
pub(crate) enum CodeTemplate {
    Constant(Code),
    Dynamic(ValueTemplate),
}

impl StatusTemplate {
    /// Whether its code is always OK.
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.code, CodeTemplate::Constant(Code::Ok))
    }

    /// Whether its code is never OK.
    pub(crate) fn is_error(&self) -> bool {
        matches!(self.code, CodeTemplate::Constant(code) if code != Code::Ok)
    }
}

/// A code by its name or number.
pub(crate) fn code_of(value: &Value<'_>) -> Option<Code> {
    let number = match value {
        Value::Int(number) => usize::try_from(*number).ok()?,
        Value::Uint(number) => usize::try_from(*number).ok()?,
        Value::Enum(_, number) => usize::try_from(*number).ok()?,
        Value::String(name) => CODES.iter().position(|code| code == name)?,
        _ => return None,
    };
    (number < CODES.len()).then(|| Code::from(number as i32))
}
