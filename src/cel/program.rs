//! A compiled expression: compiled once at load, run for each call.

use std::borrow::Cow;

use bytes::Bytes;

use super::compile::{Branch, compile};
use super::env::Env;
use super::eval::{Elements, Evaluation, QuickInt, RowReading, keys};
use super::problem::ExprProblem;
use super::scope::Scope;
use super::store::TreeKey;
use super::syntax;
use super::typed::{Rows, TypedExpr};
use super::uses::Uses;
use super::values::{EvalError, Type, Value};
use crate::collection::{Order, Position};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) root: TypedExpr,
    quick: Option<QuickInt>,
    result_type: Type,
    uses: Uses,
    /// What it costs, apart from its loops and from what depends on the sizes of values.
    cost: u64,
    request_path: Option<Box<[u32]>>,
    branches: Box<[Branch]>,
}

/// What a constraint says of a value.
#[derive(Debug)]
pub(crate) enum Verdict<'e> {
    Holds,
    /// With what the constraint says itself, if it does.
    Broken(Option<Cow<'e, str>>),
}

impl<'e> Verdict<'e> {
    fn of_bool(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Broken(None) }
    }

    fn of_text(text: Cow<'e, str>) -> Self {
        if text.is_empty() {
            Self::Holds
        } else {
            Self::Broken(Some(text))
        }
    }
}

/// Messages of a collection, for a loop that reads them in batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsOf<'p>(&'p Rows);

impl<'e> RowsOf<'e> {
    /// The place of the collection in [`Env::collections`].
    pub(crate) fn collection(self) -> usize {
        self.0.collection
    }

    /// Whether they come in the order in which they were written.
    pub(crate) fn is_oldest_first(self) -> bool {
        self.0.order == Order::Oldest
    }

    /// Begins after this one.
    pub(crate) fn begin(self, after: Option<Position>, env: &Env<'e>) -> Result<RowReading, EvalError> {
        RowReading::begin(self.0, after, &mut Evaluation::new(env))
    }

    /// The next of those that were read last; see [`RowReading::fetch`].
    pub(crate) fn next(
        self,
        reading: &mut RowReading,
        env: &Env<'e>,
    ) -> Result<Option<(Position, Value<'e>)>, EvalError> {
        reading.next_of_batch(self.0, &mut Evaluation::new(env))
    }

    /// The same, as the bytes of the message.
    pub(crate) fn next_message(
        self,
        reading: &mut RowReading,
        env: &Env<'e>,
    ) -> Result<Option<(Position, Bytes)>, EvalError> {
        let taken = reading.take(self.0, &mut Evaluation::new(env))?;
        Ok(taken.map(|(position, bytes, _)| (position, bytes)))
    }
}

impl Program {
    /// Parses and checks `source`. Returns all problems, not only the first.
    pub(crate) fn compile(source: &str, scope: &mut Scope<'_>) -> Result<Self, Vec<ExprProblem>> {
        let (root, uses, branches) = compile(source, &syntax::parse(source)?, scope)?;
        let path = root
            .place
            .map(|place| place.numbers)
            .filter(|path| !path.is_empty());
        Ok(Self {
            quick: QuickInt::of(&root.expr).filter(|_| root.value_type == Type::Int),
            cost: root.expr.fixed_cost(),
            root: root.expr,
            result_type: root.value_type,
            uses,
            branches: branches.into(),
            request_path: path.map(Vec::into_boxed_slice),
        })
    }

    /// The type of the result; [`Type::Dyn`] if it is known only at run time.
    pub(crate) fn result_type(&self) -> &Type {
        &self.result_type
    }

    /// What the whole program may give, if it is a choice by `?:`.
    pub(crate) fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// What the program reads.
    pub(crate) fn uses(&self) -> Uses {
        self.uses
    }

    /// The result, if it is the same for every call.
    pub(crate) fn constant(&self) -> Option<Value<'static>> {
        match &self.root {
            TypedExpr::Const(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// If the whole program is a path into `request` (`request.a.b`), its field numbers: a message field set
    /// from it copies presence too.
    pub(crate) fn request_path(&self) -> Option<&[u32]> {
        self.request_path.as_deref()
    }

    /// The constant, if the whole program adds one to the variable of `state` at that place: `${state.n + 1}`.
    pub(crate) fn added_to_state(&self, place: usize) -> Option<i64> {
        self.quick.as_ref()?.added_to(place)
    }

    /// Runs a program whose result is an [int](Type::Int), without making a [`Value`].
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
        self.root.eval_int(&mut Evaluation::new(env))
    }

    /// Runs a program whose result is a [double](Type::Double), without making a [`Value`].
    #[inline]
    pub(crate) fn eval_double(&self, env: &Env<'_>) -> Result<f64, EvalError> {
        self.root.eval_double(&mut Evaluation::new(env))
    }

    /// Runs a program whose result is a [bool](Type::Bool), without making a [`Value`].
    #[inline]
    pub(crate) fn eval_bool(&self, env: &Env<'_>) -> Result<bool, EvalError> {
        self.root.eval_bool(&mut Evaluation::new(env))
    }

    /// Runs a program whose result is a [string](Type::String), without making a [`Value`].
    #[inline]
    pub(crate) fn eval_text<'e>(&'e self, env: &Env<'e>) -> Result<Cow<'e, str>, EvalError> {
        self.root.eval_text(&mut Evaluation::new(env))
    }

    /// Runs a program whose result is a [list](Type::List), and gives each element to `take`.
    pub(crate) fn each_element<'e>(
        &'e self,
        env: &Env<'e>,
        take: &mut dyn FnMut(Value<'e>) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        self.root.each_element(&mut Evaluation::new(env), take)
    }

    /// The elements of the list or the map that the program gives.
    pub(crate) fn elements<'e>(&'e self, env: &Env<'e>) -> Result<Elements<'e>, EvalError> {
        let mut evaluation = Evaluation::new(env);
        if let TypedExpr::Stored(path) = &self.root {
            return Elements::stored(path, &mut evaluation);
        }
        if let TypedExpr::Rows(rows) = &self.root {
            return Elements::rows(rows, env);
        }
        if let Some(elements) = self.root.list_elements(&evaluation)? {
            return Ok(Elements::of_field(elements));
        }
        match self.root.peek(&evaluation) {
            Some(value) => Elements::borrowed(value, &env.call.budget),
            None => Elements::of(self.root.eval(&mut evaluation)?, &env.call.budget),
        }
    }

    /// Whether the program is a path of the store, which can be set.
    pub(crate) fn is_place_of_store(&self) -> bool {
        matches!(&self.root, TypedExpr::Stored(path) if !path.is_empty())
    }

    /// The keys of the [path of the store](Self::is_place_of_store) that the program is.
    pub(crate) fn place_of_store(&self, env: &Env<'_>) -> Result<Vec<TreeKey>, EvalError> {
        match &self.root {
            TypedExpr::Stored(path) => keys(path, &mut Evaluation::new(env)),
            _ => Ok(Vec::new()),
        }
    }

    /// The messages of a collection, if the whole program is some, and nothing that is made of them.
    pub(crate) fn rows(&self) -> Option<RowsOf<'_>> {
        match &self.root {
            TypedExpr::Rows(rows) => Some(RowsOf(rows)),
            _ => None,
        }
    }

    /// What a run costs, apart from what depends on the sizes of values.
    pub(crate) fn fixed_cost(&self) -> u64 {
        self.root.fixed_cost()
    }

    /// Whether the whole program is a field of a loop's element (`item.a.b`) that can be unset: a field that is set from it
    /// copies that, too.
    pub(crate) fn is_field_of_element(&self) -> bool {
        self.root.is_field_of_element()
    }

    /// Runs a program that is a [field of an element](Self::is_field_of_element); `None` if it is unset.
    pub(crate) fn eval_field<'e>(&'e self, env: &Env<'e>) -> Result<Option<Value<'e>>, EvalError> {
        self.root.eval_field(&mut Evaluation::new(env))
    }

    /// Runs a constraint on what `this` is set to.
    pub(crate) fn check<'e>(&'e self, evaluation: &mut Evaluation<'_, 'e>) -> Result<Verdict<'e>, EvalError> {
        evaluation.budget().charge(self.cost)?;
        if self.result_type == Type::Bool {
            return self.root.eval_bool(evaluation).map(Verdict::of_bool);
        }
        let mut result = &self.root;
        // Most are `this <= 5 ? 'must be greater than 5' : ''`.
        while let TypedExpr::If(parts) = result {
            let [condition, then, otherwise] = &**parts;
            result = if condition.eval_bool(evaluation)? {
                then
            } else {
                otherwise
            };
        }
        match result {
            TypedExpr::Const(Value::String(text)) => Ok(Verdict::of_text(Cow::Borrowed(text))),
            other => match other.eval(evaluation)? {
                Value::Bool(holds) => Ok(Verdict::of_bool(holds)),
                Value::String(text) => Ok(Verdict::of_text(text)),
                other => Err(EvalError::without_values(format!(
                    "it gives {}, and not a bool or a text",
                    other.type_name()
                ))),
            },
        }
    }

    /// Runs the program.
    pub(crate) fn eval<'e>(&'e self, env: &Env<'e>) -> Result<Value<'e>, EvalError> {
        self.root.eval(&mut Evaluation::new(env))
    }
}
