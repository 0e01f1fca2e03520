//! Names, fields, presence, and elements of lists and maps.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SelectExpr};
use http::HeaderName;
use prost_reflect::{EnumDescriptor, MessageDescriptor};

use super::{Compiler, Place, Typed};
use crate::rules::expr::field::{Cardinality, Field};
use crate::rules::expr::functions;
use crate::rules::expr::operators::Relation;
use crate::rules::expr::tree::{Node, Path};
use crate::rules::expr::well_known::WellKnown;
use crate::rules::expr::{Type, Value};

/// The names that every expression knows. `store`, the variables that calls share, will be a
/// `map(string, dyn)` among them.
const NAMES: &[&str] = &["request", "requests", "received", "metadata", "state", "call", "now"];
const CALL_FACTS: &[&str] = &["method", "peer", "id"];

impl Compiler<'_, '_> {
    pub(super) fn name(&mut self, expr: &IdedExpr, name: &str) -> Typed {
        if let Some(variable) = self.variable(name) {
            return variable;
        }
        let span = self.parsed.span(expr);
        match name {
            "request" => match self.request(&span) {
                Some((message, known)) => {
                    let value_type = message_type(&message);
                    self.uses.request = true;
                    let place = Place { numbers: Vec::new(), way: Vec::new(), message: named_fields(&message) };
                    let node = Node::Request(message, known);
                    Typed { place: Some(place), ..Typed::read(node, value_type) }
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
            _ => {
                self.problem(span, format!("unknown name `{name}`"));
                self.hint_for_name(name);
                Typed::unknown()
            }
        }
    }

    /// The variable of a macro or a step with this name, innermost first.
    fn variable(&mut self, name: &str) -> Option<Typed> {
        if let Some(place) = self.variables.iter().rposition(|(other, _)| other == name) {
            let value_type = self.variables[place].1.clone();
            let typed = Typed::read(Node::Variable(place), value_type);
            return Some(Typed { fixed: true, variable: Some(place), ..typed });
        }
        let place = self.scope.locals.iter().rposition(|(other, _)| other == name)?;
        self.uses.locals = true;
        Some(Typed::read(Node::Local(place), self.scope.locals[place].1.clone()))
    }

    /// Whether the expression is this one of the common names, and nothing nearer has taken it.
    fn is_name(&self, expr: &IdedExpr, wanted: &str) -> bool {
        matches!(&expr.expr, Expr::Ident(name) if name == wanted && !self.is_variable(name))
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        let mut variables = self.variables.iter().chain(self.scope.locals);
        variables.any(|(other, _)| other == name)
    }

    pub(super) fn volatile(&mut self, node: Node, value_type: Type) -> Typed {
        self.uses.volatile = true;
        Typed::read(node, value_type)
    }

    fn request(&mut self, span: &Range<usize>) -> Option<(MessageDescriptor, Option<WellKnown>)> {
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
        if self.scope.request.as_ref().is_some_and(|(message, _)| is_field(message)) {
            return self.hint(format!("did you mean `request.{name}`?"));
        }
        let variables: Vec<String> =
            self.variables.iter().chain(self.scope.locals).map(|(name, _)| name.clone()).collect();
        self.hint_near(name, NAMES.iter().copied().chain(variables.iter().map(String::as_str)));
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
        if let Some(constant) = self.enum_constant(expr) {
            return constant;
        }
        let operand = self.expr(&select.operand);
        self.field(operand, &span, &select.field)
    }

    fn state(&mut self, span: &Range<usize>, name: &str) -> Typed {
        self.uses.state = true;
        if let Some(place) = self.scope.state.iter().position(|(other, _)| other == name) {
            return Typed::read(Node::State(place), self.scope.state[place].1.clone());
        }
        self.problem(span.clone(), format!("there is no variable `{name}` in state"));
        let state = self.scope.state;
        self.hint_near(name, state.iter().map(|(name, _)| name.as_str()));
        Typed::unknown()
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
    fn metadata(
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

    /// `package.Enum.VALUE`, or with less of the package where the request's own package is meant.
    fn enum_constant(&mut self, expr: &IdedExpr) -> Option<Typed> {
        let segments = qualified_name(expr)?;
        let root = *segments.first()?;
        if self.is_variable(root) || NAMES.contains(&root) {
            return None;
        }
        let (value_name, enum_name) = segments.split_last()?;
        let descriptor = self.find_enum(&enum_name.join("."))?;
        let span = self.parsed.name_span(expr);
        Some(match self.enum_number(&descriptor, value_name, &span) {
            Some(number) => {
                let value_type = Type::Enum(descriptor.clone());
                Typed::constant(Value::Enum(descriptor, number), value_type)
            }
            None => Typed::unknown(),
        })
    }

    fn find_enum(&self, name: &str) -> Option<EnumDescriptor> {
        let pool = self.scope.schema.pool();
        let mut scope = self.scope.request.as_ref().map_or("", |(message, _)| message.full_name());
        loop {
            let full_name = if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") };
            let found = pool.get_enum_by_name(&full_name);
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
        let number = crate::rules::expr::equal::enum_number(descriptor, name);
        if number.is_none() {
            self.problem(span.clone(), format!("enum {} has no value `{name}`", descriptor.full_name()));
            let names: Vec<String> = descriptor.values().map(|value| value.name().to_owned()).collect();
            self.hint_near(name, names.iter().map(String::as_str));
        }
        number
    }

    /// A field of a message, or an entry of a map.
    fn field(&mut self, operand: Typed, span: &Range<usize>, name: &str) -> Typed {
        if let Some(message) = operand.place.as_ref().and_then(|place| place.message.clone()) {
            return match self.find_field(&message, span, name) {
                Some(field) => self.place(operand, field),
                None => Typed::unknown(),
            };
        }
        match operand.value_type.clone() {
            Type::Message(message) if !operand.value_type.is_dyn() || name == "type_url" => {
                let Some(field) = self.find_field(&message, span, name) else { return Typed::unknown() };
                let value_type = field.value_type();
                self.wrap(operand, value_type, |node| Node::Field(Box::new(node), Box::new(field)))
            }
            Type::Map(key, value) if key.may_equal(&Type::String) => {
                self.wrap(operand, *value, |node| Node::Member(Box::new(node), name.into()))
            }
            value_type if value_type.is_dyn() => {
                self.wrap(operand.unpacked(), Type::Dyn, |node| Node::Member(Box::new(node), name.into()))
            }
            other => self.problem(span.clone(), format!("{other} has no fields")),
        }
    }

    fn wrap(&mut self, operand: Typed, value_type: Type, node: impl FnOnce(Node) -> Node) -> Typed {
        self.combine(vec![operand], value_type, |mut nodes| node(nodes.remove(0)))
    }

    fn find_field(&mut self, message: &MessageDescriptor, span: &Range<usize>, name: &str) -> Option<Field> {
        let field = Field::by_name(message, name);
        if field.is_none() {
            self.problem(span.clone(), format!("message {} has no field `{name}`", message.full_name()));
            let names: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
            self.hint_near(name, names.iter().map(String::as_str));
        }
        field
    }

    /// A field of the request: from its slot where it can have one, else by reading the bytes.
    fn place(&mut self, operand: Typed, field: Field) -> Typed {
        let Some(mut place) = operand.place else { return Typed::unknown() };
        let value_type = field.value_type();
        place.numbers.push(field.number);
        place.message = field.sub_message().and_then(named_fields);
        let slot = if field.is_scalar() { self.slot(&place.numbers) } else { None };
        let node = match slot {
            Some(slot) => Node::Picked(slot, Box::new(field)),
            None => {
                let way = place.way.clone().into();
                place.way.push(field.clone());
                Node::Path(Box::new(Path { way, field }))
            }
        };
        Typed { place: Some(place), ..Typed::read(node, value_type) }
    }

    fn slot(&mut self, numbers: &[u32]) -> Option<crate::message::Slot> {
        self.scope.picker.slot(self.scope.schema.layouts(), numbers)
    }

    /// `has(operand.field)`.
    pub(super) fn has(&mut self, expr: &IdedExpr, arguments: &[IdedExpr]) -> Typed {
        let [IdedExpr { expr: Expr::Select(select), .. }] = arguments else {
            self.problem(self.parsed.span(expr), "`has` takes one field");
            self.hint("write has(request.field)");
            return Typed::unknown();
        };
        let span = self.parsed.name_span(&arguments[0]);
        if self.is_name(&select.operand, "metadata") {
            return self.metadata(&span, &select.field, Node::HasMetadata, Type::Bool);
        }
        if self.is_name(&select.operand, "state") {
            self.state(&span, &select.field);
            return Typed::constant(Value::Bool(true), Type::Bool);
        }
        let operand = self.expr(&select.operand);
        let message = match (&operand.place, &operand.value_type) {
            (Some(Place { message: Some(message), .. }), _) => Some(message.clone()),
            (_, Type::Message(message)) if !operand.value_type.is_dyn() => Some(message.clone()),
            _ => None,
        };
        if let Some(message) = message {
            return match self.find_field(&message, &span, &select.field) {
                Some(field) => self.presence(operand, field),
                None => Typed::unknown(),
            };
        }
        match operand.value_type.clone() {
            Type::Map(..) | Type::Dyn | Type::Message(_) => self.wrap(operand.unpacked(), Type::Bool, |node| {
                Node::HasMember(Box::new(node), select.field.as_str().into())
            }),
            other => self.problem(span, format!("{other} has no fields")),
        }
    }

    /// Whether a field is set: on the wire, or for a field without presence, not at its default.
    fn presence(&mut self, operand: Typed, field: Field) -> Typed {
        let Some(place) = operand.place.as_ref().filter(|place| place.message.is_some()) else {
            return self.wrap(operand, Type::Bool, |node| Node::HasField(Box::new(node), Box::new(field)));
        };
        if field.has_presence {
            let numbers: Vec<u32> = place.numbers.iter().copied().chain([field.number]).collect();
            if let Some(slot) = self.slot(&numbers) {
                return Typed::read(Node::HasPicked(slot), Type::Bool);
            }
            return self.wrap(operand, Type::Bool, |node| Node::HasField(Box::new(node), Box::new(field)));
        }
        let default = match &field.cardinality {
            Cardinality::Singular => field.default.clone(),
            Cardinality::List => Value::List(Vec::new()),
            Cardinality::Map(..) => Value::Map(Vec::new()),
        };
        let read = self.place(operand, field);
        let value_type = read.value_type.clone();
        let parts = vec![read, Typed::constant(default, value_type)];
        self.combine(parts, Type::Bool, |nodes| Node::Compare(Relation::NotEqual, super::operators::pair(nodes)))
    }

    /// `container[key]`.
    pub(super) fn index(&mut self, expr: &IdedExpr, container_expr: &IdedExpr, key_expr: &IdedExpr) -> Typed {
        let key = self.expr(key_expr).unpacked();
        let key_span = self.parsed.span(key_expr);
        if let Some(name) = key.constant_text().map(str::to_owned) {
            if self.is_name(container_expr, "metadata") {
                return self.metadata(&key_span, &name, Node::MetadataValue, Type::String);
            }
            if self.is_name(container_expr, "state") {
                return self.state(&key_span, &name);
            }
        }
        if self.is_name(container_expr, "requests")
            && let Some((message, known)) = self.request(&self.parsed.span(container_expr))
        {
            self.uses.requests = true;
            let value_type = message_type(&message);
            return self.wrap(key, value_type, |place| Node::RequestAt(message, known, Box::new(place)));
        }
        let container = self.expr(container_expr);
        let element = match (&container.value_type, &key.value_type) {
            (Type::List(element), key) if key.may_be_number() => (**element).clone(),
            (Type::Map(keys, value), key) if keys.may_equal(key) => (**value).clone(),
            (container, _) if container.is_dyn() => Type::Dyn,
            // An extension's name has dots in it, so it is given as text.
            (Type::Message(_), Type::String) if let Some(name) = key.constant_text().map(str::to_owned) => {
                return self.field(container, &key_span, &name);
            }
            (container, key) => {
                let message = format!("{container} has no element for {key}");
                return self.problem(self.parsed.span(expr), message);
            }
        };
        let parts = vec![container.unpacked(), key];
        self.combine(parts, element, |nodes| Node::Index(super::operators::pair(nodes)))
    }

    /// `value in container`.
    pub(super) fn contained(&mut self, value_expr: &IdedExpr, container_expr: &IdedExpr) -> Typed {
        let value = self.expr(value_expr).unpacked();
        if self.is_name(container_expr, "metadata")
            && let Some(name) = value.constant_text().map(str::to_owned)
        {
            return self.metadata(&self.parsed.span(value_expr), &name, Node::HasMetadata, Type::Bool);
        }
        let container = self.expr(container_expr).unpacked();
        if let (Type::Enum(descriptor), Node::Const(Value::List(names))) = (&value.value_type, &container.node) {
            let (descriptor, span) = (descriptor.clone(), self.parsed.span(container_expr));
            for name in names {
                if let Value::String(name) = name {
                    self.enum_number(&descriptor, name, &span);
                }
            }
        }
        let fits = match &container.value_type {
            Type::List(element) => element.may_equal(&value.value_type),
            Type::Map(key, _) => key.may_equal(&value.value_type),
            other => other.is_dyn(),
        };
        if !fits {
            let message = format!("{} is never in {}", value.value_type, container.value_type);
            let span = self.parsed.span(value_expr).start..self.parsed.span(container_expr).end;
            return self.problem(span, message);
        }
        self.combine(vec![value, container], Type::Bool, |nodes| Node::In(super::operators::pair(nodes)))
    }
}

/// The type of a whole message as a value.
fn message_type(message: &MessageDescriptor) -> Type {
    WellKnown::of(message).map_or_else(|| Type::Message(message.clone()), |known| known.type_of(message))
}

/// The message type, if its fields are read by name.
fn named_fields(message: &MessageDescriptor) -> Option<MessageDescriptor> {
    WellKnown::of(message).is_none_or(|known| known.has_fields()).then(|| message.clone())
}

/// The segments of `a.b.c`.
fn qualified_name(expr: &IdedExpr) -> Option<Vec<&str>> {
    match &expr.expr {
        Expr::Ident(name) => Some(vec![name.trim_start_matches('.')]),
        Expr::Select(select) => {
            let mut segments = qualified_name(&select.operand)?;
            segments.push(&select.field);
            Some(segments)
        }
        _ => None,
    }
}

/// All names of functions, for hints.
pub(super) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().map(|function| function.name).chain(["random", "uuid", "has", "all", "exists", "map", "filter"])
}
