//! CEL expressions, parsed by the `cel` crate and compiled at load into a typed tree of our own.
//!
//! [`Program::compile`] resolves every name against a [`Scope`] and reports all problems with their places;
//! [`Program::eval`] then looks nothing up: it reads fields of the request from their slots, or from its bytes, and
//! borrows text and bytes from them.
//!
//! ```text
//! text ── parse ─► syntax tree ── compile ─► typed tree (tree) ── eval, loops, operators, functions ─► Value
//!                                  Scope ─┘                          Env ─┘
//! ```

mod access;
mod compile;
mod equal;
mod equalities;
mod eval;
mod field;
mod functions;
mod loops;
mod operators;
mod parse;
mod quick;
mod reader;
mod store;
mod text;
mod tree;
mod types;
mod value;
mod volatile;
mod well_known;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http::HeaderMap;
use prost_reflect::MessageDescriptor;

pub(crate) use self::access::metadata_value;
use self::compile::Compiler;
pub(crate) use self::equalities::Equality;
use self::eval::Frame;
pub(crate) use self::parse::prepare_parser;
use self::quick::QuickInt;
pub(crate) use self::store::Store;
use self::tree::Node;
pub(crate) use self::types::Type;
pub(crate) use self::value::{MessageValue, Value};
use crate::message::{Picked, Picker};
use crate::schema::{LayoutId, Layouts, Schema};

/// The names that an expression may use and their types, at load.
#[derive(Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) schema: &'s Schema,
    /// The type of `request`, where one is at hand; nothing in an `open` event or a condition on metadata alone.
    pub(crate) request: Option<(MessageDescriptor, LayoutId)>,
    /// Gives a slot to each singular field path of `request` that the expression reads.
    pub(crate) picker: &'s mut Picker,
    /// The variables of `state`: their index is their place in [`Env::state`].
    pub(crate) state: &'s [(String, Type)],
    /// Counters and elements (`as: n`), innermost last: their index is their place in [`Env::locals`].
    pub(crate) locals: &'s [(String, Type)],
}

/// What an expression reads at run time. The lifetime is that of the event at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Env<'e> {
    pub(crate) layouts: &'e Layouts,
    /// The message at hand: its bytes, checked, and its picked fields.
    pub(crate) request: Option<(&'e [u8], &'e Picked)>,
    /// All messages so far, checked; empty unless some program [uses](Uses) them.
    pub(crate) requests: &'e [Bytes],
    /// How many messages have come, the one at hand included.
    pub(crate) received: u64,
    /// The client's headers.
    pub(crate) metadata: &'e HeaderMap,
    pub(crate) state: &'e [Value<'static>],
    /// The variables that calls share; empty unless some program [uses](Uses) them.
    pub(crate) store: &'e Store,
    pub(crate) locals: &'e [Value<'static>],
    pub(crate) call: &'e CallFacts,
}

/// What `call` names.
#[derive(Debug, Default)]
pub(crate) struct CallFacts {
    /// `package.Service/Method`.
    pub(crate) method: String,
    /// The client's address.
    pub(crate) peer: String,
    /// Unique among the calls of this server.
    pub(crate) id: u64,
    /// What `random()` and `uuid()` give follows from it and from `id`, where the user asked for that.
    pub(crate) seed: Option<u64>,
    /// How many random numbers were drawn.
    pub(crate) drawn: AtomicU64,
}

/// What a program looks at; decides when a condition can be taken, and what a session has to keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) request: bool,
    pub(crate) requests: bool,
    pub(crate) metadata: bool,
    pub(crate) state: bool,
    pub(crate) store: bool,
    pub(crate) locals: bool,
    /// `now`, `random()`, `uuid()`, `received`, `call`: another value on each evaluation or call.
    pub(crate) volatile: bool,
}

/// An expression that does not compile: where in its text, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExprProblem {
    /// Byte offsets into the expression's text.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// An expression that failed on the values of this call, such as a division by zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct EvalError {
    /// One word wide, so that results go through registers.
    #[expect(clippy::box_collection, reason = "as above")]
    text: Box<String>,
}

impl ExprProblem {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            hint: None,
        }
    }
}

impl EvalError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: Box::new(text.into()),
        }
    }

    /// What failed, for people.
    pub(crate) fn into_text(self) -> String {
        *self.text
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    root: Node,
    quick: Option<QuickInt>,
    result_type: Type,
    uses: Uses,
    request_path: Option<Box<[u32]>>,
}

impl Program {
    /// Parses and checks `source`; all problems, not the first.
    pub(crate) fn compile(source: &str, scope: &mut Scope<'_>) -> Result<Self, Vec<ExprProblem>> {
        let parsed = parse::parse(source)?;
        let mut compiler = Compiler::new(&parsed, scope);
        let root = compiler.root();
        if !compiler.problems.is_empty() {
            let mut problems = compiler.problems;
            problems.sort_by_key(|problem| problem.span.start);
            return Err(problems);
        }
        let path = root
            .place
            .map(|place| place.numbers)
            .filter(|path| !path.is_empty());
        Ok(Self {
            quick: QuickInt::of(&root.node).filter(|_| root.value_type == Type::Int),
            root: root.node,
            result_type: root.value_type,
            uses: compiler.uses,
            request_path: path.map(Vec::into_boxed_slice),
        })
    }

    /// The type of the result; [`Type::Dyn`] where only the values tell.
    pub(crate) fn result_type(&self) -> &Type {
        &self.result_type
    }

    /// What the program looks at.
    pub(crate) fn uses(&self) -> Uses {
        self.uses
    }

    /// The result, if it is the same for every call.
    pub(crate) fn constant(&self) -> Option<Value<'static>> {
        match &self.root {
            Node::Const(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// If the whole program is a path into `request` (`request.a.b`), its field numbers: a message field set
    /// from it copies presence too.
    pub(crate) fn request_path(&self) -> Option<&[u32]> {
        self.request_path.as_deref()
    }

    /// If the whole program adds a constant to the variable of `state` at that place, which: `${state.n + 1}`.
    pub(crate) fn added_to_state(&self, place: usize) -> Option<i64> {
        self.quick.as_ref()?.added_to(place)
    }

    /// Runs a program whose result is an [int](Type::Int), and makes no value on the way.
    #[inline(always)]
    pub(crate) fn eval_int(&self, env: &Env<'_>) -> Result<i64, EvalError> {
        if let Some(quick) = &self.quick
            && let Some(number) = quick.eval(env)
        {
            return Ok(number);
        }
        self.eval_int_of_tree(env)
    }

    #[inline(never)]
    fn eval_int_of_tree(&self, env: &Env<'_>) -> Result<i64, EvalError> {
        self.root.eval_int(&mut Frame::new(env))
    }

    /// Runs a program whose result is a [double](Type::Double), and makes no value on the way.
    #[inline]
    pub(crate) fn eval_double(&self, env: &Env<'_>) -> Result<f64, EvalError> {
        self.root.eval_double(&mut Frame::new(env))
    }

    /// Runs the program.
    pub(crate) fn eval<'e>(&'e self, env: &Env<'e>) -> Result<Value<'e>, EvalError> {
        self.root.eval(&mut Frame::new(env))
    }
}
