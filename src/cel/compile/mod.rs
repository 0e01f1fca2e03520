//! From the syntax tree to the typed tree: every name, field, enum value, function and operator is resolved here.
//!
//! A part that is wrong becomes a [`Problem`](ExprProblem) and goes on as a value of unknown type, so that one mistake
//! gives one problem and the rest is still checked. What depends on nothing is computed here, once.

mod calls;
mod fields;
mod names;
mod operators;

use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, MapExpr};
use http::HeaderMap;
use prost_reflect::MessageDescriptor;

use super::eval::Frame;
use super::field::Field;
use super::parse::Parsed;
use super::tree::Node;
use super::{CallFacts, Env, ExprProblem, Scope, Type, Uses, Value};
use crate::cel::Store;
use crate::suggest;

/// The tree is walked by recursion, here and when it runs.
const MAX_DEPTH: usize = 200;

// What a constant could look at; it does not.
static NO_METADATA: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
static NO_CALL: CallFacts = CallFacts {
    method: String::new(),
    peer: String::new(),
    id: 0,
    seed: None,
    drawn: AtomicU64::new(0),
};
static NO_STORE: LazyLock<Store> = LazyLock::new(Store::default);

/// Compiles one expression.
pub(super) struct Compiler<'c, 's> {
    parsed: &'c Parsed<'c>,
    scope: &'c mut Scope<'s>,
    /// The variables of the macros around, outermost first.
    variables: Vec<(String, Type)>,
    pub(super) uses: Uses,
    pub(super) problems: Vec<ExprProblem>,
}

/// A compiled part, with what the compiler knows of it.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) value_type: Type,
    /// Whether it reads nothing but constants and variables of macros.
    fixed: bool,
    /// The outermost variable that it reads.
    variable: Option<usize>,
    /// Why constants in it cannot be computed; forgiven if what is around them can do without.
    faults: Vec<ExprProblem>,
    /// Where in the request it is, if it is a path into it.
    pub(super) place: Option<Place>,
}

/// A path into the request, through singular sub-messages.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) numbers: Vec<u32>,
    way: Vec<Field>,
    /// The message type there, if its fields can be read by name.
    message: Option<MessageDescriptor>,
}

impl Typed {
    /// Something that is not the same for every call.
    fn read(node: Node, value_type: Type) -> Self {
        Self {
            node,
            value_type,
            fixed: false,
            variable: None,
            faults: Vec::new(),
            place: None,
        }
    }

    fn constant(value: Value<'static>, value_type: Type) -> Self {
        Self {
            fixed: true,
            ..Self::read(Node::Const(value), value_type)
        }
    }

    /// Stands for a part that has a problem.
    fn unknown() -> Self {
        Self::read(Node::Const(Value::Null), Type::Dyn)
    }

    /// The text, if it is known.
    fn constant_text(&self) -> Option<&str> {
        match &self.node {
            Node::Const(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// What an operator or a function works on: the contents of an `Any`.
    fn unpacked(mut self) -> Self {
        if self.value_type != Type::Dyn && self.value_type.is_dyn() {
            self.node = Node::Unpack(Box::new(self.node));
            self.value_type = Type::Dyn;
        }
        self.place = None;
        self
    }
}

impl<'c, 's> Compiler<'c, 's> {
    pub(super) fn new(parsed: &'c Parsed<'c>, scope: &'c mut Scope<'s>) -> Self {
        Self {
            parsed,
            scope,
            variables: Vec::new(),
            uses: Uses::default(),
            problems: Vec::new(),
        }
    }

    /// Compiles the whole expression.
    pub(super) fn root(&mut self) -> Typed {
        if depth(&self.parsed.root) > MAX_DEPTH {
            let message = format!("the expression is nested more than {MAX_DEPTH} deep");
            return self.problem(0..self.parsed.text.len(), message);
        }
        let mut root = self.expr(&self.parsed.root);
        self.problems.append(&mut root.faults);
        root
    }

    fn expr(&mut self, expr: &IdedExpr) -> Typed {
        let typed = match &expr.expr {
            Expr::Literal(literal) => constant(literal),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::Call(call) => self.call(expr, call),
            Expr::List(list) => {
                let elements: Vec<Typed> = list.elements.iter().map(|element| self.expr(element)).collect();
                let element_type = elements
                    .iter()
                    .map(|element| element.value_type.clone())
                    .reduce(Type::join);
                let list_type = Type::list(element_type.unwrap_or(Type::Dyn));
                self.combine(elements, list_type, |nodes| Node::List(nodes.into()))
            }
            Expr::Map(map) => self.map(map),
            Expr::Struct(_) => {
                self.problem(self.parsed.span(expr), "an expression cannot build a message");
                self.hint("write the message as ProtoJSON, with `${…}` in its fields");
                Typed::unknown()
            }
            Expr::Comprehension(_) | Expr::Unspecified => {
                self.problem(self.parsed.span(expr), "this expression is not supported")
            }
        };
        self.folded(typed, expr)
    }

    fn map(&mut self, map: &MapExpr) -> Typed {
        let mut parts = Vec::with_capacity(map.entries.len() * 2);
        for entry in &map.entries {
            match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    let key = self.expr(&entry.key);
                    let is_key = matches!(key.value_type, Type::Int | Type::Uint | Type::Bool | Type::String);
                    if !is_key && !key.value_type.is_dyn() {
                        let message = format!("{} cannot be the key of a map", key.value_type);
                        self.problem(self.parsed.span(&entry.key), message);
                    }
                    parts.push(key);
                    parts.push(self.expr(&entry.value));
                }
                EntryExpr::StructField(field) => {
                    self.problem(self.parsed.span(&field.value), "a map has keys, not fields");
                }
            }
        }
        let join = |offset: usize| {
            let types = parts
                .iter()
                .skip(offset)
                .step_by(2)
                .map(|part| part.value_type.clone());
            types.reduce(Type::join).unwrap_or(Type::Dyn)
        };
        let map_type = Type::map(join(0), join(1));
        self.combine(parts, map_type, |nodes| {
            let mut nodes = nodes.into_iter();
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                entries.push((key, value));
            }
            Node::Map(entries.into())
        })
    }

    /// A part made of parts. If not all of them are fixed, what is wrong with the others stays wrong.
    fn combine(
        &mut self,
        parts: Vec<Typed>,
        value_type: Type,
        node: impl FnOnce(Vec<Node>) -> Node,
    ) -> Typed {
        let fixed = parts.iter().all(|part| part.fixed);
        let variable = parts.iter().filter_map(|part| part.variable).min();
        let mut faults = Vec::new();
        let mut nodes = Vec::with_capacity(parts.len());
        for mut part in parts {
            faults.append(&mut part.faults);
            nodes.push(part.node);
        }
        if !fixed {
            self.problems.append(&mut faults);
        }
        Typed {
            node: node(nodes),
            value_type,
            fixed,
            variable,
            faults,
            place: None,
        }
    }

    /// The same part, made of what is known but not known itself.
    fn not_fixed(&mut self, mut typed: Typed) -> Typed {
        self.problems.append(&mut typed.faults);
        Typed {
            fixed: false,
            ..typed
        }
    }

    /// The same part, computed if nothing in it can change.
    fn folded(&mut self, mut typed: Typed, expr: &IdedExpr) -> Typed {
        if !typed.fixed || typed.variable.is_some() || matches!(typed.node, Node::Const(_)) {
            return typed;
        }
        let env = Env {
            layouts: self.scope.schema.layouts(),
            request: None,
            requests: &[],
            received: 0,
            metadata: &NO_METADATA,
            state: &[],
            store: &NO_STORE,
            locals: &[],
            call: &NO_CALL,
        };
        let mut frame = Frame::new(&env);
        // A loop inside finds its variable at the depth where it stands.
        frame.variables.resize(self.variables.len(), Value::Null);
        match typed.node.eval(&mut frame).map(Value::into_owned) {
            Ok(value) => Typed::constant(value, typed.value_type),
            Err(error) => {
                if typed.faults.is_empty() {
                    typed
                        .faults
                        .push(ExprProblem::new(self.parsed.span(expr), error.into_text()));
                }
                typed
            }
        }
    }

    fn problem(&mut self, span: Range<usize>, message: impl Into<String>) -> Typed {
        self.problems.push(ExprProblem::new(span, message));
        Typed::unknown()
    }

    /// Gives the last problem a hint.
    fn hint(&mut self, hint: impl Into<String>) {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.into());
        }
    }

    /// Gives the last problem the nearest of these names as a hint, if one is near.
    fn hint_near<'n>(&mut self, name: &str, candidates: impl IntoIterator<Item = &'n str>) {
        if let Some(question) = suggest::did_you_mean(name, candidates) {
            self.hint(question);
        }
    }
}

fn constant(literal: &LiteralValue) -> Typed {
    match literal {
        LiteralValue::Boolean(value) => Typed::constant(Value::Bool(*value.inner()), Type::Bool),
        LiteralValue::Int(value) => Typed::constant(Value::Int(*value.inner()), Type::Int),
        LiteralValue::UInt(value) => Typed::constant(Value::Uint(*value.inner()), Type::Uint),
        LiteralValue::Double(value) => Typed::constant(Value::Double(*value.inner()), Type::Double),
        LiteralValue::String(value) => Typed::constant(Value::text(value.inner().to_owned()), Type::String),
        LiteralValue::Bytes(value) => {
            Typed::constant(Value::Bytes(value.inner().to_vec().into()), Type::Bytes)
        }
        LiteralValue::Null => Typed::constant(Value::Null, Type::Null),
    }
}

/// How deep the tree is; counted without recursion, since it guards against too much of it.
fn depth(root: &IdedExpr) -> usize {
    let mut deepest = 0;
    let mut open = vec![(root, 1)];
    while let Some((expr, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let mut push = |part| open.push((part, depth + 1));
        match &expr.expr {
            Expr::Call(call) => call
                .target
                .iter()
                .map(Box::as_ref)
                .chain(&call.args)
                .for_each(push),
            Expr::Select(select) => push(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(push),
            Expr::Map(map) => map.entries.iter().for_each(|entry| {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    push(&entry.key);
                    push(&entry.value);
                }
            }),
            _ => {}
        }
    }
    deepest
}
