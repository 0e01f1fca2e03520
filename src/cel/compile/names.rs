//! Names: what expressions know from the start, variables, and the values of enums.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SelectExpr};
use http::HeaderName;
use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use super::{Compiler, Place, Typed};
use crate::cel::field::Field;
use crate::cel::functions;
use crate::cel::tree::Node;
use crate::cel::well_known::WellKnown;
use crate::cel::{Type, Value};

/// The names that every expression knows.
const NAMES: &[&str] = &[
    "request", "requests", "received", "metadata", "state", "store", "call", "now",
];
/// The names of the language's own types; `google.protobuf.Timestamp` and `Duration` are found like any message.
const TYPES: &[&str] = &[
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
];
const CALL_FACTS: &[&str] = &["method", "peer", "id"];

impl Compiler<'_, '_> {
    pub(super) fn name(&mut self, expr: &IdedExpr, name: &str) -> Typed {
        if let Some(variable) = self.variable(name) {
            return variable;
        }
        let span = self.parsed.span(expr);
        // `.request` is the request also where a macro has taken the name.
        let name = name.strip_prefix('.').unwrap_or(name);
        match name {
            "request" => match self.request(&span) {
                Some((message, known)) => {
                    let value_type = message_type(&message);
                    self.uses.request = true;
                    let place = Place {
                        numbers: Vec::new(),
                        way: Vec::new(),
                        message: named_fields(&message),
                    };
                    let node = Node::Request(message, known);
                    Typed {
                        place: Some(place),
                        ..Typed::read(node, value_type)
                    }
                }
                None => Typed::unknown(),
            },
            "requests" => match self.request(&span) {
                Some((message, known)) => {
                    self.uses.requests = true;
                    let list_type = Type::list(message_type(&message));
                    Typed::read(Node::Requests(message, known), list_type)
                }
                None => Typed::unknown(),
            },
            "received" => self.volatile(Node::Received, Type::Int),
            "now" => self.volatile(Node::Now, Type::Timestamp),
            "metadata" => {
                self.uses.metadata = true;
                Typed::read(Node::Metadata, Type::map(Type::String, Type::String))
            }
            "store" => {
                self.uses.store = true;
                Typed::read(Node::Store, Type::map(Type::String, Type::Dyn))
            }
            "state" | "call" => {
                self.problem(span, format!("`{name}` is not a value"));
                let example = match name {
                    "call" => Some("method"),
                    _ => self.scope.state.first().map(|(name, _)| name.as_str()),
                };
                if let Some(example) = example {
                    self.hint(format!("name what you want of it, such as `{name}.{example}`"));
                }
                Typed::unknown()
            }
            _ => self.type_named(&[name]).unwrap_or_else(|| {
                self.problem(span, format!("unknown name `{name}`"));
                self.hint_for_name(name);
                Typed::unknown()
            }),
        }
    }

    /// The variable of a macro or a step with this name, innermost first.
    fn variable(&mut self, name: &str) -> Option<Typed> {
        if let Some(place) = self.variables.iter().rposition(|(other, _)| other == name) {
            let value_type = self.variables[place].1.clone();
            let typed = Typed::read(Node::Variable(place), value_type);
            return Some(Typed {
                fixed: true,
                variable: Some(place),
                ..typed
            });
        }
        let place = self.scope.locals.iter().rposition(|(other, _)| other == name)?;
        self.uses.locals = true;
        Some(Typed::read(
            Node::Local(place),
            self.scope.locals[place].1.clone(),
        ))
    }

    /// Whether the expression is this one of the common names, and nothing nearer has taken it.
    pub(super) fn is_name(&self, expr: &IdedExpr, wanted: &str) -> bool {
        matches!(&expr.expr, Expr::Ident(name) if name == wanted && !self.is_variable(name))
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        let mut variables = self.variables.iter().chain(self.scope.locals);
        variables.any(|(other, _)| other == name)
    }

    /// The name that the expression is, if nothing has that name.
    pub(super) fn unknown_name<'x>(&self, expr: &'x IdedExpr) -> Option<&'x str> {
        match &expr.expr {
            Expr::Ident(name) => {
                let known = self.is_variable(name) || NAMES.contains(&name.as_str());
                (!known && self.type_named(&[name]).is_none()).then_some(name)
            }
            _ => None,
        }
    }

    pub(super) fn volatile(&mut self, node: Node, value_type: Type) -> Typed {
        self.uses.volatile = true;
        Typed::read(node, value_type)
    }

    pub(super) fn request(&mut self, span: &Range<usize>) -> Option<(MessageDescriptor, Option<WellKnown>)> {
        let request = self.scope.request.as_ref().map(|(message, _)| message.clone());
        if request.is_none() {
            self.problem(span.clone(), "no request is at hand here");
        }
        request.map(|message| (message.clone(), WellKnown::of(&message)))
    }

    fn hint_for_name(&mut self, name: &str) {
        if self.scope.state.iter().any(|(other, _)| other == name) {
            return self.hint(format!("did you mean `state.{name}`?"));
        }
        let is_field = |message: &MessageDescriptor| Field::by_name(message, name).is_some();
        if self
            .scope
            .request
            .as_ref()
            .is_some_and(|(message, _)| is_field(message))
        {
            return self.hint(format!("did you mean `request.{name}`?"));
        }
        let variables: Vec<String> = self
            .variables
            .iter()
            .chain(self.scope.locals)
            .map(|(name, _)| name.clone())
            .collect();
        // One letter is a variable that is missing, whatever type begins with it.
        let types = if name.len() > 1 { TYPES } else { &[] };
        self.hint_near(
            name,
            NAMES
                .iter()
                .chain(types)
                .copied()
                .chain(variables.iter().map(String::as_str)),
        );
    }

    pub(super) fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Typed {
        let span = self.parsed.name_span(expr);
        if self.is_name(&select.operand, "state") {
            return self.state(&span, &select.field);
        }
        if self.is_name(&select.operand, "call") {
            return self.call_fact(&span, &select.field);
        }
        if self.is_name(&select.operand, "metadata") {
            return self.metadata(&span, &select.field, Node::MetadataValue, Type::String);
        }
        if self.is_name(&select.operand, "store") {
            let name = Typed::constant(Value::text(select.field.clone()), Type::String);
            return self.store(name, Type::Dyn, Node::StoreValue);
        }
        if let Some(segments) = self.qualified_name(expr) {
            let constant = self.enum_constant(&segments, &span);
            if let Some(constant) = constant.or_else(|| self.type_named(&segments)) {
                return constant;
            }
        }
        let operand = self.expr(&select.operand);
        self.field(operand, &span, &select.field)
    }

    pub(super) fn state(&mut self, span: &Range<usize>, name: &str) -> Typed {
        self.uses.state = true;
        if let Some(place) = self.scope.state.iter().position(|(other, _)| other == name) {
            return Typed::read(Node::State(place), self.scope.state[place].1.clone());
        }
        self.problem(span.clone(), format!("there is no variable `{name}` in state"));
        let state = self.scope.state;
        self.hint_near(name, state.iter().map(|(name, _)| name.as_str()));
        Typed::unknown()
    }

    /// A look at the variables that calls share, which may be other ones at any time.
    pub(super) fn store(
        &mut self,
        name: Typed,
        value_type: Type,
        node: impl FnOnce(Box<Node>) -> Node,
    ) -> Typed {
        self.uses.store = true;
        let typed = self.wrap(name, value_type, |name| node(Box::new(name)));
        self.not_fixed(typed)
    }

    fn call_fact(&mut self, span: &Range<usize>, name: &str) -> Typed {
        match name {
            "method" => self.volatile(Node::CallMethod, Type::String),
            "peer" => self.volatile(Node::CallPeer, Type::String),
            "id" => self.volatile(Node::CallId, Type::Int),
            _ => {
                self.problem(span.clone(), format!("`call` has no `{name}`"));
                self.hint(format!("it has {}", CALL_FACTS.join(", ")));
                Typed::unknown()
            }
        }
    }

    /// A look at the metadata under a name that is known at load.
    pub(super) fn metadata(
        &mut self,
        span: &Range<usize>,
        name: &str,
        node: impl FnOnce(HeaderName) -> Node,
        value_type: Type,
    ) -> Typed {
        self.uses.metadata = true;
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) if header.as_str() == name => Typed::read(node(header), value_type),
            Ok(header) => {
                self.problem(span.clone(), "names of metadata are in lower case");
                self.hint(format!("did you mean `{header}`?"));
                Typed::unknown()
            }
            Err(_) => self.problem(span.clone(), format!("`{name}` cannot be a name of metadata")),
        }
    }

    /// The segments of `a.b.c`, if `a` is no name that has a value.
    fn qualified_name<'x>(&self, expr: &'x IdedExpr) -> Option<Vec<&'x str>> {
        let segments = segments(expr)?;
        let root = *segments.first()?;
        (!self.is_variable(root) && !NAMES.contains(&root)).then_some(segments)
    }

    /// `package.Enum.VALUE`, or with less of the package where the request's own package is meant.
    fn enum_constant(&mut self, segments: &[&str], span: &Range<usize>) -> Option<Typed> {
        let (value_name, enum_name) = segments.split_last()?;
        let pool = self.scope.schema.pool();
        let descriptor = self.find(enum_name, |name| pool.get_enum_by_name(name))?;
        Some(match self.enum_number(&descriptor, value_name, span) {
            Some(number) => {
                let value_type = Type::Enum(descriptor.clone());
                Typed::constant(Value::Enum(descriptor, number), value_type)
            }
            None => Typed::unknown(),
        })
    }

    /// A type by its name: one of the language's own, a message or an enum.
    fn type_named(&self, segments: &[&str]) -> Option<Typed> {
        let pool = self.scope.schema.pool();
        let name = match segments {
            [name] if TYPES.contains(name) => (*name).to_owned(),
            _ => {
                let message = self.find(segments, |name| pool.get_message_by_name(name));
                let an_enum = || self.find(segments, |name| pool.get_enum_by_name(name));
                let message = message.map(|message| type_name(&message));
                message.or_else(|| Some(an_enum()?.full_name().to_owned()))?
            }
        };
        Some(Typed::constant(Value::Type(name.into()), Type::Meta))
    }

    /// What has this name in the request's package, or in one around it, innermost first.
    fn find<T>(&self, segments: &[&str], named: impl Fn(&str) -> Option<T>) -> Option<T> {
        let name = segments.join(".");
        let mut scope = self
            .scope
            .request
            .as_ref()
            .map_or("", |(message, _)| message.full_name());
        loop {
            let found = if scope.is_empty() {
                named(&name)
            } else {
                named(&format!("{scope}.{name}"))
            };
            if found.is_some() || scope.is_empty() {
                return found;
            }
            scope = scope.rsplit_once('.').map_or("", |(parent, _)| parent);
        }
    }

    /// The number of an enum value, or a problem.
    pub(super) fn enum_number(
        &mut self,
        descriptor: &EnumDescriptor,
        name: &str,
        span: &Range<usize>,
    ) -> Option<i32> {
        let number = crate::cel::equal::enum_number(descriptor, name);
        if number.is_none() {
            self.problem(
                span.clone(),
                format!("enum {} has no value `{name}`", descriptor.full_name()),
            );
            let names: Vec<String> = descriptor.values().map(|value| value.name().to_owned()).collect();
            self.hint_near(name, names.iter().map(String::as_str));
        }
        number
    }
}

/// The type of a whole message as a value.
pub(super) fn message_type(message: &MessageDescriptor) -> Type {
    WellKnown::of(message).map_or_else(|| Type::Message(message.clone()), |known| known.type_of(message))
}

/// The name of the type that values of a message type have.
fn type_name(message: &MessageDescriptor) -> String {
    let name = match WellKnown::of(message) {
        Some(WellKnown::Struct) => "map",
        Some(WellKnown::ListValue) => "list",
        Some(WellKnown::Wrapper(kind)) => match kind {
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Double | Kind::Float => "double",
            Kind::Uint32 | Kind::Uint64 => "uint",
            _ => "int",
        },
        _ => message.full_name(),
    };
    name.to_owned()
}

/// The message type, if its fields are read by name.
pub(super) fn named_fields(message: &MessageDescriptor) -> Option<MessageDescriptor> {
    WellKnown::of(message)
        .is_none_or(|known| known.has_fields())
        .then(|| message.clone())
}

/// The segments of `a.b.c`.
fn segments(expr: &IdedExpr) -> Option<Vec<&str>> {
    match &expr.expr {
        Expr::Ident(name) => Some(vec![name.trim_start_matches('.')]),
        Expr::Select(select) => {
            let mut segments = segments(&select.operand)?;
            segments.push(&select.field);
            Some(segments)
        }
        _ => None,
    }
}

/// All names of functions, for hints.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all()
        .map(|function| function.name)
        .chain(["random", "uuid", "has", "all", "exists", "map", "filter"])
}
