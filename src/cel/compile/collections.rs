//! Collections: `collection.points`, and what is asked of it.
//!
//! A collection is a list of messages, so that all functions and macros of lists go with it. What would read all of it and
//! need not has a form of its own here: the filters, of which the engine does what it can, and the questions.

use std::ops::Range;

use prost_reflect::Kind;

use super::compiled::Compiled;
use super::compiler::Compiler;
use super::types::message_type;
use crate::cel::fields::{Cardinality, FieldReader, ValueForm};
use crate::cel::operators::Relation;
use crate::cel::syntax::{Expr, ExprKind};
use crate::cel::typed::{Question, RowCondition, RowFilter, Rows, TypedExpr};
use crate::cel::values::Type;
use crate::collection::Order;
use crate::suggest;

/// What is asked of a collection by a word behind a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowsWord {
    Get,
    Has,
    Newest,
    Count,
    First,
    Last,
    Sum,
    Average,
    Min,
    Max,
}

impl RowsWord {
    const ALL: [Self; 10] = [
        Self::Get,
        Self::Has,
        Self::Newest,
        Self::Count,
        Self::First,
        Self::Last,
        Self::Sum,
        Self::Average,
        Self::Min,
        Self::Max,
    ];

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }

    /// The word that was meant, as a hint.
    pub(super) fn near(name: &str) -> Option<String> {
        suggest::did_you_mean(name, Self::ALL.map(Self::name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Has => "has",
            Self::Newest => "newest",
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
            Self::Sum => "sum",
            Self::Average => "average",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// What stands in its brackets, as an example.
    fn example(self) -> &'static str {
        match self {
            Self::Get | Self::Has => "key",
            Self::Newest | Self::Count | Self::First | Self::Last => "",
            Self::Sum | Self::Average | Self::Min | Self::Max => "'field'",
        }
    }

    /// Whether a field of this type can be asked for.
    fn takes(self, field: &FieldReader) -> bool {
        let is_number = matches!(field.value_type(), Type::Int | Type::Uint | Type::Double);
        let is_ordered = is_number || field.value_type() == Type::String;
        match self {
            Self::Sum | Self::Average => is_number,
            _ => is_ordered,
        }
    }
}

impl Compiler<'_, '_> {
    /// `collection.name`.
    pub(super) fn collection(&mut self, span: &Range<usize>, name: &str) -> Compiled {
        let collections = self.scope.collections;
        let Some(place) = collections.iter().position(|of| of.name == name) else {
            self.problem(span.clone(), format!("there is no collection `{name}`"));
            if collections.is_empty() {
                self.hint(format!(
                    "declare it at the top of a rules file: `collections: {{{name}: package.Message}}`"
                ));
            }
            self.hint_near(name, collections.iter().map(|of| of.name.as_str()));
            return Compiled::unknown();
        };
        self.uses.collections = true;
        let message = &collections[place].message;
        let rows = Rows {
            collection: place,
            name: name.into(),
            form: ValueForm::of(message),
            message: message.clone(),
            order: Order::Oldest,
            conditions: Vec::new(),
            filters: Vec::new(),
        };
        let list = Type::list(message_type(message));
        self.volatile(TypedExpr::Rows(Box::new(rows)), list)
    }

    /// Whether an expression is a collection, or what is left of one by filters.
    pub(super) fn is_of_collection(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Select(operand, _) => self.is_name(operand, "collection"),
            ExprKind::Call {
                target: Some(target),
                function,
                ..
            } => matches!(function.text.as_str(), "filter" | "newest") && self.is_of_collection(target),
            _ => false,
        }
    }

    /// `collection.points.get(key)`, and the other words.
    #[inline(never)]
    pub(super) fn asked_of_rows(
        &mut self,
        word: RowsWord,
        span: &Range<usize>,
        target: &Expr,
        arguments: &[Expr],
    ) -> Compiled {
        let rows = self.expr(target);
        let TypedExpr::Rows(of) = &rows.expr else {
            return Compiled::unknown();
        };
        let name = word.name();
        let (place, element) = (of.collection, message_type(&of.message));
        let is_whole = of.conditions.is_empty() && of.filters.is_empty();
        let wanted = usize::from(!word.example().is_empty());
        if arguments.len() != wanted {
            self.problem(
                span.clone(),
                format!("`{name}` does not take {} arguments", arguments.len()),
            );
            let written = self.written(target).to_owned();
            self.hint(format!("write `{written}.{name}({})`", word.example()));
            return Compiled::unknown();
        }
        let question = match word {
            RowsWord::Newest => {
                let list = rows.value_type.clone();
                return self.wrap(rows, list, |mut rows| {
                    if let TypedExpr::Rows(rows) = &mut rows {
                        rows.order = Order::Newest;
                    }
                    rows
                });
            }
            RowsWord::Count => return self.wrap(rows, Type::Int, |rows| asked(rows, Question::Count)),
            RowsWord::First => return self.wrap(rows, element, |rows| asked(rows, Question::First)),
            RowsWord::Last => return self.wrap(rows, element, |rows| asked(rows, Question::Last)),
            RowsWord::Get | RowsWord::Has => {
                return self.by_key(word, span, rows, (place, is_whole), &arguments[0]);
            }
            RowsWord::Sum => Question::Sum,
            RowsWord::Average => Question::Average,
            RowsWord::Min => Question::Least,
            RowsWord::Max => Question::Greatest,
        };
        let Some(field) = self.asked_field(word, place, &arguments[0]) else {
            return Compiled::unknown();
        };
        let value_type = if word == RowsWord::Average {
            Type::Double
        } else {
            field.value_type()
        };
        self.wrap(rows, value_type, |rows| asked(rows, question(field)))
    }

    /// `get(key)` and `has(key)`.
    fn by_key(
        &mut self,
        word: RowsWord,
        span: &Range<usize>,
        rows: Compiled,
        (place, is_whole): (usize, bool),
        key_expr: &Expr,
    ) -> Compiled {
        let of = &self.scope.collections[place];
        let name = word.name();
        let Some(field) = of.key.as_ref().map(FieldReader::of) else {
            let message = format!("the collection {} has no key", of.name);
            let hint = format!(
                "declare one: `{}: {{type: {}, key: FIELD}}`",
                of.name,
                of.message.full_name()
            );
            self.problem(span.clone(), message);
            self.hint(hint);
            return Compiled::unknown();
        };
        if !is_whole {
            self.problem(span.clone(), format!("`{name}` is for the collection as a whole"));
            self.hint("leave out the filter, or ask `.filter(…).first()`, or `.filter(…).count() > 0`");
            return Compiled::unknown();
        }
        let element = message_type(&of.message);
        let key = self.expr(key_expr).unpacked();
        let due = field.value_type();
        if !key.value_type.may_equal(&due) {
            let message = format!("the key is {due}, found {}", key.value_type);
            return self.problem(key_expr.span.clone(), message);
        }
        let value_type = if word == RowsWord::Get {
            element
        } else {
            Type::Bool
        };
        self.combine(vec![rows, key], value_type, |mut exprs| {
            let key = exprs.pop().expect("there are two");
            let question = match word {
                RowsWord::Get => Question::Get(key),
                _ => Question::Has(key),
            };
            asked(exprs.pop().expect("there are two"), question)
        })
    }

    /// The field that a text names.
    fn asked_field(&mut self, word: RowsWord, place: usize, argument: &Expr) -> Option<FieldReader> {
        let message = self.scope.collections[place].message.clone();
        let given = self.expr(argument);
        let Some(name) = given.constant_text().map(str::to_owned) else {
            let message = format!("`{}` takes the name of a field as a text", word.name());
            self.problem(argument.span.clone(), message);
            self.hint(format!("such as `{}('value')`", word.name()));
            return None;
        };
        let field = self.find_field(&message, &argument.span, &name)?;
        if !matches!(field.cardinality, Cardinality::Singular) || !word.takes(&field) {
            let what = match word {
                RowsWord::Sum | RowsWord::Average => "a number",
                _ => "a number or a text",
            };
            let found = field.value_type();
            self.problem(
                argument.span.clone(),
                format!("`{name}` is {found}, and not {what}"),
            );
            return None;
        }
        Some(field)
    }

    /// Rows that a condition filters. `parts` are the rows and the condition.
    pub(super) fn filtered(&mut self, parts: Vec<Compiled>, value_type: Type, variable: usize) -> Compiled {
        self.combine(parts, value_type, |mut exprs| {
            let condition = exprs.pop().expect("a filter has a condition");
            let mut rows = exprs.pop().expect("a filter has a range");
            if let TypedExpr::Rows(rows) = &mut rows {
                rows.filter(condition, variable);
            }
            rows
        })
    }
}

/// What is asked of rows.
pub(super) fn asked(rows: TypedExpr, question: Question) -> TypedExpr {
    match rows {
        TypedExpr::Rows(rows) => TypedExpr::Asked(Box::new((*rows, question))),
        other => other,
    }
}

impl Rows {
    /// Adds a condition: for the engine, as far as it can find what it holds for, and else for each row.
    fn filter(&mut self, condition: TypedExpr, variable: usize) {
        match condition {
            TypedExpr::And(parts) => {
                for part in *parts {
                    self.filter(part, variable);
                }
            }
            other => match as_condition(other, variable) {
                Ok(condition) => self.conditions.push(condition),
                Err(condition) => {
                    let cost = condition.fixed_cost();
                    self.filters.push(RowFilter {
                        variable,
                        condition,
                        cost,
                    });
                }
            },
        }
    }
}

/// The condition for the engine, if it is a comparison of a field with what is known before the row is.
fn as_condition(condition: TypedExpr, variable: usize) -> Result<RowCondition, TypedExpr> {
    let relation = match &condition {
        TypedExpr::CompareInt(relation, _) => *relation,
        TypedExpr::EqualText(false, _) => Relation::Equal,
        TypedExpr::EqualText(true, _) => Relation::NotEqual,
        _ => return Err(condition),
    };
    let (TypedExpr::CompareInt(_, operands) | TypedExpr::EqualText(_, operands)) = &condition else {
        return Err(condition);
    };
    let [left, right] = &**operands;
    let turns = match (field_of_row(left, variable), field_of_row(right, variable)) {
        (true, false) if is_known_before(right) => false,
        (false, true) if is_known_before(left) => true,
        _ => return Err(condition),
    };
    let (TypedExpr::CompareInt(_, operands) | TypedExpr::EqualText(_, operands)) = condition else {
        unreachable!("it is one of them")
    };
    let [left, right] = *operands;
    let (field, value, relation) = if turns {
        (right, left, relation.turned())
    } else {
        (left, right, relation)
    };
    match field {
        TypedExpr::Field(_, field) => Ok(RowCondition {
            field: *field,
            relation,
            value,
        }),
        _ => unreachable!("it is a field of the row"),
    }
}

/// Whether it is a field of the row that an engine compares as expressions do. One that can be unset is none: what it is then
/// is a matter of its type.
fn field_of_row(expr: &TypedExpr, variable: usize) -> bool {
    let TypedExpr::Field(message, field) = expr else {
        return false;
    };
    let is_compared = matches!(
        field.kind,
        Kind::Int32
            | Kind::Int64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::String
    );
    is_compared
        && !field.has_presence
        && matches!(field.cardinality, Cardinality::Singular)
        && matches!(**message, TypedExpr::Variable(place) if place == variable)
}

/// Whether its value is known before a row is read, since it reads none.
fn is_known_before(expr: &TypedExpr) -> bool {
    match expr {
        TypedExpr::Const(_)
        | TypedExpr::Picked(..)
        | TypedExpr::Path(_)
        | TypedExpr::MetadataValue(_)
        | TypedExpr::State(_)
        | TypedExpr::Local(_)
        | TypedExpr::Element(..)
        | TypedExpr::Received
        | TypedExpr::RequestCount
        | TypedExpr::CallId
        | TypedExpr::CallCount
        | TypedExpr::CallMethod
        | TypedExpr::CallPeer => true,
        TypedExpr::Field(inner, _) | TypedExpr::Negate(inner) => is_known_before(inner),
        TypedExpr::IntMath(_, parts) => parts.iter().all(is_known_before),
        TypedExpr::Concat(parts) => parts.iter().all(is_known_before),
        _ => false,
    }
}
