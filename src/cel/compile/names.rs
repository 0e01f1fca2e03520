//! Names: `request` and the others that expressions start with, and variables.

use std::ops::Range;

use http::HeaderName;
use prost_reflect::MessageDescriptor;

use super::compiled::{Compiled, Place};
use super::compiler::Compiler;
use super::operators::pair;
use super::other_languages;
use super::types::{TYPES, message_type, named_fields};
use crate::cel::fields::{FieldReader, NamedField, ValueForm};
use crate::cel::functions;
use crate::cel::scope::ConstraintScope;
use crate::cel::syntax::{Expr, ExprKind, Name};
use crate::cel::typed::{Segment, TypedExpr};
use crate::cel::values::Type;
use crate::suggest;

/// The names that every expression knows.
const NAMES: &[&str] = &[
    "request",
    "requests",
    "received",
    "metadata",
    "state",
    "store",
    "collection",
    "call",
    "now",
];
/// The names that every constraint knows besides its own.
const NAMES_IN_CONSTRAINTS: &[&str] = &["now"];
const CALL_FACTS: &[&str] = &["method", "peer", "id", "count"];

/// Whether every expression of rules knows that name, unless a variable hides it.
pub(crate) fn is_root_name(name: &str) -> bool {
    NAMES.contains(&name)
}

impl Compiler<'_, '_> {
    pub(super) fn name(&mut self, expr: &Expr, name: &str) -> Compiled {
        if let Some(variable) = self.variable(name) {
            return variable;
        }
        let span = expr.span.clone();
        // `.request` is the request also where a macro has taken the name.
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(constant) = self.named_constant(name) {
            return constant;
        }
        let known = if self.names().contains(&name) { name } else { "" };
        match known {
            "request" => match self.request(&span) {
                Some((message, form)) => {
                    let value_type = message_type(&message);
                    self.uses.request = true;
                    let place = Place {
                        numbers: Vec::new(),
                        way: Vec::new(),
                        message: named_fields(&message),
                    };
                    let read = TypedExpr::Request(message, form);
                    Compiled {
                        place: Some(place),
                        ..Compiled::read(read, value_type)
                    }
                }
                None => Compiled::unknown(),
            },
            "requests" => match self.request(&span) {
                Some((message, form)) => {
                    self.uses.requests = true;
                    let list_type = Type::list(message_type(&message));
                    Compiled::read(TypedExpr::Requests(message, form), list_type)
                }
                None => Compiled::unknown(),
            },
            "received" => match self.request(&span) {
                Some(_) => {
                    self.uses.received = true;
                    self.volatile(TypedExpr::Received, Type::Int)
                }
                None => Compiled::unknown(),
            },
            "now" => self.volatile(TypedExpr::Now, Type::Timestamp),
            "metadata" => {
                self.uses.metadata = true;
                Compiled::read(TypedExpr::Metadata, Type::map(Type::String, Type::String))
            }
            "store" => {
                self.uses.store = true;
                Compiled::read(
                    TypedExpr::Stored(Box::default()),
                    Type::map(Type::String, Type::Dyn),
                )
            }
            "state" | "call" | "collection" => {
                self.problem(span, format!("`{name}` is not a value"));
                let example = match name {
                    "call" => Some("method"),
                    "collection" => self.scope.collections.first().map(|of| of.name.as_str()),
                    _ => self.scope.state.first().map(|(name, _)| name.as_str()),
                };
                if let Some(example) = example {
                    self.hint(format!("name what you want of it, such as `{name}.{example}`"));
                }
                Compiled::unknown()
            }
            _ => self.type_named(&[name]).unwrap_or_else(|| {
                self.problem(span, format!("unknown name `{name}`"));
                self.hint_for_name(name);
                Compiled::unknown()
            }),
        }
    }

    /// The names that the expression knows wherever it stands.
    pub(super) fn names(&self) -> &'static [&'static str] {
        match self.scope.constraint {
            None => NAMES,
            Some(_) => NAMES_IN_CONSTRAINTS,
        }
    }

    /// The constant that a constraint has under this name.
    fn named_constant(&self, name: &str) -> Option<Compiled> {
        let constants = &self.scope.constraint.as_ref()?.constants;
        let (_, value_type, value) = constants.iter().find(|(other, ..)| *other == name)?;
        Some(Compiled::constant(value.clone(), value_type.clone()))
    }

    /// The variable of a macro or a step with this name, innermost first.
    fn variable(&mut self, name: &str) -> Option<Compiled> {
        if let Some(place) = self.variables.iter().rposition(|(other, _)| other == name) {
            let value_type = self.variables[place].1.clone();
            let typed = Compiled::read(TypedExpr::Variable(place), value_type);
            return Some(Compiled {
                fixed: true,
                variable: Some(place),
                ..typed
            });
        }
        for (between, round) in self.scope.rounds.iter().rev().enumerate() {
            if let Some(place) = round.iter().position(|(other, _)| other == name) {
                self.uses.locals = true;
                return Some(Compiled::read(
                    TypedExpr::Element(between, place),
                    round[place].1.clone(),
                ));
            }
        }
        let place = self.scope.locals.iter().rposition(|(other, _)| other == name)?;
        self.uses.locals = true;
        Some(Compiled::read(
            TypedExpr::Local(place),
            self.scope.locals[place].1.clone(),
        ))
    }

    /// Whether the expression is this name of [`NAMES`], and no variable hides it.
    pub(super) fn is_name(&self, expr: &Expr, wanted: &str) -> bool {
        matches!(&expr.kind, ExprKind::Name(name) if name == wanted && !self.is_variable(name))
            && self.names().contains(&wanted)
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.variables_in_scope().any(|other| other == name) || self.named_constant(name).is_some()
    }

    fn variables_in_scope(&self) -> impl Iterator<Item = &str> {
        let rounds = self.scope.rounds.iter().flatten();
        let variables = self.variables.iter().chain(rounds).chain(self.scope.locals);
        variables.map(|(name, _)| name.as_str())
    }

    /// The name, if the expression is a name that is not known.
    pub(super) fn unknown_name<'x>(&self, expr: &'x Expr) -> Option<&'x str> {
        match &expr.kind {
            ExprKind::Name(name) => {
                let known = self.is_variable(name) || self.names().contains(&name.as_str());
                (!known && self.type_named(&[name]).is_none()).then_some(name)
            }
            _ => None,
        }
    }

    pub(super) fn volatile(&mut self, expr: TypedExpr, value_type: Type) -> Compiled {
        self.uses.volatile = true;
        Compiled::read(expr, value_type)
    }

    pub(super) fn random(&mut self, expr: TypedExpr, value_type: Type) -> Compiled {
        self.uses.random = true;
        self.volatile(expr, value_type)
    }

    pub(super) fn request(&mut self, span: &Range<usize>) -> Option<(MessageDescriptor, Option<ValueForm>)> {
        let request = self.scope.request.as_ref().map(|(message, _)| message.clone());
        if request.is_none() {
            self.problem(span.clone(), "there is no request here");
            self.hint("this is evaluated when the call begins, before the first message".to_owned());
        }
        request.map(|message| (message.clone(), ValueForm::of(&message)))
    }

    fn hint_for_name(&mut self, name: &str) {
        if self.scope.state.iter().any(|(other, _)| other == name) {
            return self.hint(format!("did you mean `state.{name}`?"));
        }
        let is_field = |message: &MessageDescriptor| FieldReader::by_name(message, name).is_some();
        if self
            .scope
            .request
            .as_ref()
            .is_some_and(|(message, _)| is_field(message))
        {
            return self.hint(format!("did you mean `request.{name}`?"));
        }
        if let Some(hint) = self.hint_for_place_in_loop(name) {
            return self.hint(hint);
        }
        let near = suggest::nearest(name, self.variables_in_scope()).map(str::to_owned);
        if let Some(near) = near {
            return self.hint(format!("did you mean `{near}`?"));
        }
        if let Some(hint) = other_languages::for_name(name) {
            return self.hint(hint);
        }
        if let Some(ConstraintScope { this, .. }) = &self.scope.constraint {
            let hint = match this {
                Type::Message(message) if is_field(message) => format!("did you mean `this.{name}`?"),
                _ if suggest::nearest(name, ["this", "now"]).is_some() => String::new(),
                _ => "the value is `this`".to_owned(),
            };
            if !hint.is_empty() {
                return self.hint(hint);
            }
        }
        if function_names().any(|function| function == name) {
            return self.hint(format!("a function has brackets: `{name}()`"));
        }
        if self.is_enum_value(name) {
            return self.hint(format!("write the name of an enum value in quotes: `'{name}'`"));
        }
        let package = self.scope.schema.pool().files().find_map(|file| {
            let rest = file.package_name().strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| file.package_name().to_owned())
        });
        if let Some(package) = package {
            return self.hint(format!(
                "`{package}` is a package: write `{package}.Enum.VALUE` for a value of an enum, `{package}.Type{{…}}` for a message"
            ));
        }
        let variables: Vec<String> = self.variables_in_scope().map(str::to_owned).collect();
        // A single letter is a missing variable rather than a type.
        let types = if name.len() > 1 { TYPES } else { &[] };
        self.hint_near(
            name,
            self.names()
                .iter()
                .chain(types)
                .copied()
                .chain(variables.iter().map(String::as_str)),
        );
        if self.problems.last().is_some_and(|problem| problem.hint.is_none()) {
            self.hint(format!("if it is text, put it in quotes: `'{name}'`"));
        }
    }

    /// What to do about a name for the place of a loop's element, or for the key of a map's entry.
    fn hint_for_place_in_loop(&self, name: &str) -> Option<String> {
        const PLACES: [&str; 10] = [
            "i", "idx", "index", "n", "counter", "position", "loop", "key", "k", "pos",
        ];
        if !PLACES.contains(&name.to_lowercase().as_str()) {
            return None;
        }
        let of_template = self.scope.rounds.last().map(Vec::as_slice);
        let of_step = self.scope.locals.last().map(std::slice::from_ref);
        Some(match of_template.or(of_step) {
            Some([(counter, Type::Int)]) if of_template.is_none() => {
                format!("the counter of `repeat` is `{counter}`")
            }
            Some([(element, _)]) => format!(
                "write `as: [{name}, {element}]` beside `each`: two names are the index and the element of a list, or the \
                 key and the value of a map"
            ),
            Some(_) => return None,
            None => "the counter of `repeat` is `i`; `as: [i, item]` beside `each` names an index, too; `call.count` counts \
                     the calls of a rule"
                .to_owned(),
        })
    }

    /// Whether an enum of the schema has a value of this name.
    fn is_enum_value(&self, name: &str) -> bool {
        let mut enums = self.scope.schema.pool().all_enums();
        enums.any(|of| of.get_value_by_name(name).is_some())
    }

    /// `operand.field`.
    pub(super) fn select(&mut self, expr: &Expr, operand: &Expr, field: &Name) -> Compiled {
        let (span, name) = (field.span.clone(), field.text.as_str());
        if self.is_name(operand, "state") {
            return self.state(&span, name);
        }
        if self.is_name(operand, "call") {
            return self.call_fact(&span, name);
        }
        if self.is_name(operand, "collection") {
            return self.collection(&span, name);
        }
        if self.is_name(operand, "metadata") {
            return self.metadata(&span, name, TypedExpr::MetadataValue, Type::String);
        }
        if let Some(segments) = self.qualified_name(expr) {
            let constant = self.enum_constant(&segments, &span);
            if let Some(constant) = constant.or_else(|| self.type_named(&segments)) {
                return constant;
            }
        }
        let operand_expr = operand;
        let operand = self.expr(operand);
        if let Type::List(element) = &operand.value_type
            && let Type::Message(message) = &**element
            && FieldReader::by_name(message, name).is_some()
        {
            self.problem(span, format!("{} has no fields", operand.value_type));
            let list = self.written(operand_expr);
            self.hint(format!(
                "write `{list}.map(x, x.{name})` for the list of them, or `{list}[0].{name}` for the first"
            ));
            return Compiled::unknown();
        }
        self.field(operand, &span, name)
    }

    pub(super) fn state(&mut self, span: &Range<usize>, name: &str) -> Compiled {
        self.uses.state = true;
        if let Some(place) = self.scope.state.iter().position(|(other, _)| other == name) {
            return Compiled::read(TypedExpr::State(place), self.scope.state[place].1.clone());
        }
        self.problem(span.clone(), format!("there is no variable `{name}` in state"));
        let state = self.scope.state;
        self.hint_near(name, state.iter().map(|(name, _)| name.as_str()));
        Compiled::unknown()
    }

    /// A part of what is at a path of the store.
    pub(super) fn stored_name(&mut self, operand: Compiled, name: &str) -> Compiled {
        self.wrap(operand, Type::Dyn, |operand| {
            longer(operand, Segment::Name(NamedField::new(name)))
        })
    }

    /// The same, by a key that an expression gives.
    pub(super) fn stored_key(&mut self, container: Compiled, key: Compiled) -> Compiled {
        self.combine(vec![container, key], Type::Dyn, |exprs| {
            let [container, key] = *pair(exprs);
            longer(container, Segment::Key(key))
        })
    }

    fn call_fact(&mut self, span: &Range<usize>, name: &str) -> Compiled {
        match name {
            "method" => self.volatile(TypedExpr::CallMethod, Type::String),
            "peer" => self.volatile(TypedExpr::CallPeer, Type::String),
            "id" => self.volatile(TypedExpr::CallId, Type::Int),
            "count" if self.scope.counted => {
                self.uses.count = true;
                self.volatile(TypedExpr::CallCount, Type::Int)
            }
            "count" => {
                self.problem(span.clone(), "`call.count` is not known here");
                self.hint(
                    "it counts the calls that a rule answers, so it is known only when the rule has matched; \
                     for every so many calls there are `times` and `answers`"
                        .to_owned(),
                );
                Compiled::unknown()
            }
            _ => {
                self.problem(span.clone(), format!("`call` has no `{name}`"));
                self.hint(format!("it has {}", CALL_FACTS.join(", ")));
                Compiled::unknown()
            }
        }
    }

    /// Reads metadata under a name that is known at load.
    pub(super) fn metadata(
        &mut self,
        span: &Range<usize>,
        name: &str,
        build: impl FnOnce(HeaderName) -> TypedExpr,
        value_type: Type,
    ) -> Compiled {
        self.uses.metadata = true;
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) if header.as_str() == name => Compiled::read(build(header), value_type),
            Ok(header) => {
                self.problem(span.clone(), "names of metadata are in lower case");
                self.hint(format!("did you mean `{header}`?"));
                Compiled::unknown()
            }
            Err(_) => self.problem(span.clone(), format!("`{name}` cannot be a name of metadata")),
        }
    }

    /// The segments of `a.b.c`, if `a` is no name that has a value.
    fn qualified_name<'x>(&self, expr: &'x Expr) -> Option<Vec<&'x str>> {
        let segments = expr.segments()?;
        let root = *segments.first()?;
        (!self.is_variable(root) && !self.names().contains(&root)).then_some(segments)
    }
}

/// A path of the store with another part.
fn longer(expr: TypedExpr, segment: Segment) -> TypedExpr {
    let TypedExpr::Stored(path) = expr else {
        unreachable!("it is a path of the store")
    };
    let mut path = path.into_vec();
    path.push(segment);
    TypedExpr::Stored(path.into())
}

/// All names of functions, for hints.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().map(|function| function.name).chain([
        "random", "uuid", "has", "getField", "all", "exists", "map", "filter",
    ])
}
