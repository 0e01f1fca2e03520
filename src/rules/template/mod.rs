//! Message templates: ProtoJSON with `${ CEL }` in it, compiled into programs that write wire bytes.
//!
//! What is constant is encoded when the rules load; the rest is written in place, straight into the frame, with
//! no message object in between. Fields are in the order of their numbers, as prost writes them, and a field
//! without presence is left out when its value is the default.

mod compile;
mod constant;
mod field;
mod flat;
mod json;
mod literal;
mod once;
mod value;
mod well_known;
mod write;

use prost_reflect::MessageDescriptor;
use tonic::Status;

use self::compile::Builder;
pub(crate) use self::constant::{constant, decode_base64};
pub(crate) use self::field::Field;
pub(crate) use self::once::Memos;
pub(crate) use self::value::canonical;
pub(crate) use self::well_known::{WellKnown, takes_null};
use self::write::Op;
use super::compiler::Compiler;
use super::node::Node;
use crate::cel::{Env, EvalError};

/// A message, ready to be written.
#[derive(Debug)]
pub(crate) struct Template {
    ops: Box<[Op]>,
}

impl Template {
    /// Compiles a message of type `descriptor`; problems go to the compiler.
    pub(crate) fn compile(
        compiler: &mut Compiler<'_>,
        node: &Node,
        descriptor: &MessageDescriptor,
    ) -> Option<Self> {
        let before = compiler.problems.len();
        let mut builder = Builder::new(compiler);
        builder.message(node, descriptor);
        let mut ops = builder.finish();
        if !compiler.locals.is_empty() {
            ops = once::hoist(ops, &mut compiler.memos);
        }
        let ops = flat::flatten(ops);
        (compiler.problems.len() == before).then_some(Self { ops })
    }

    /// Appends the message's bytes. After an error the buffer holds half a message.
    #[inline]
    pub(crate) fn write(&self, env: &Env<'_>, memos: &Memos, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        write::write_all(&self.ops, env, memos, buffer)
    }
}

/// Why a template could not be written with the values of this call. One word wide, so that results go through
/// registers.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Misfit(Box<MisfitKind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum MisfitKind {
    /// A value that its field does not take.
    #[error("field {field}: {message}")]
    Value { field: String, message: String },
    /// An expression that failed.
    #[error("field {field}: {error}")]
    Eval { field: String, error: EvalError },
    /// The transport does not take the message.
    #[error("{}", .0.message())]
    Transport(Status),
}

impl Misfit {
    pub(crate) fn into_kind(self) -> MisfitKind {
        *self.0
    }
}

impl From<MisfitKind> for Misfit {
    fn from(kind: MisfitKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<Status> for Misfit {
    fn from(status: Status) -> Self {
        MisfitKind::Transport(status).into()
    }
}

#[cfg(test)]
mod tests;
