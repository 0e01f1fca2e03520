//! Fields and their presence, elements and entries.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr};
use prost_reflect::MessageDescriptor;

use super::names::{message_type, named_fields};
use super::operators::pair;
use super::{Compiler, Place, Typed};
use crate::cel::field::{Cardinality, Field};
use crate::cel::operators::Relation;
use crate::cel::tree::{Node, Path};
use crate::cel::{Type, Value};
use crate::message::Slot;

impl Compiler<'_, '_> {
    /// A field of a message, or an entry of a map.
    pub(super) fn field(&mut self, operand: Typed, span: &Range<usize>, name: &str) -> Typed {
        if let Some(message) = operand.place.as_ref().and_then(|place| place.message.clone()) {
            return match self.find_field(&message, span, name) {
                Some(field) => self.place(operand, field),
                None => Typed::unknown(),
            };
        }
        match operand.value_type.clone() {
            Type::Message(message) if !operand.value_type.is_dyn() || name == "type_url" => {
                let Some(field) = self.find_field(&message, span, name) else {
                    return Typed::unknown();
                };
                let value_type = field.value_type();
                self.wrap(operand, value_type, |node| {
                    Node::Field(Box::new(node), Box::new(field))
                })
            }
            Type::Map(key, value) if key.may_equal(&Type::String) => {
                self.wrap(operand, *value, |node| Node::Member(Box::new(node), name.into()))
            }
            value_type if value_type.is_dyn() => self.wrap(operand.unpacked(), Type::Dyn, |node| {
                Node::Member(Box::new(node), name.into())
            }),
            other => self.problem(span.clone(), format!("{other} has no fields")),
        }
    }

    pub(super) fn wrap(
        &mut self,
        operand: Typed,
        value_type: Type,
        node: impl FnOnce(Node) -> Node,
    ) -> Typed {
        self.combine(vec![operand], value_type, |mut nodes| node(nodes.remove(0)))
    }

    fn find_field(&mut self, message: &MessageDescriptor, span: &Range<usize>, name: &str) -> Option<Field> {
        let field = Field::by_name(message, name);
        if field.is_none() {
            self.problem(
                span.clone(),
                format!("message {} has no field `{name}`", message.full_name()),
            );
            let names: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
            self.hint_near(name, names.iter().map(String::as_str));
        }
        field
    }

    /// A field of the request: from its slot where it can have one, else by reading the bytes.
    fn place(&mut self, operand: Typed, field: Field) -> Typed {
        let Some(mut place) = operand.place else {
            return Typed::unknown();
        };
        let value_type = field.value_type();
        place.numbers.push(field.number);
        place.message = field.sub_message().and_then(named_fields);
        let slot = if field.is_scalar() {
            self.slot(&place.numbers)
        } else {
            None
        };
        let node = if let Some(slot) = slot {
            Node::Picked(slot, Box::new(field))
        } else {
            let way = place.way.clone().into();
            place.way.push(field.clone());
            Node::Path(Box::new(Path { way, field }))
        };
        Typed {
            place: Some(place),
            ..Typed::read(node, value_type)
        }
    }

    fn slot(&mut self, numbers: &[u32]) -> Option<Slot> {
        self.scope.picker.slot(self.scope.schema.layouts(), numbers)
    }

    /// `has(operand.field)`.
    pub(super) fn has(&mut self, expr: &IdedExpr, arguments: &[IdedExpr]) -> Typed {
        let [
            IdedExpr {
                expr: Expr::Select(select),
                ..
            },
        ] = arguments
        else {
            self.problem(self.parsed.span(expr), "`has` takes one field");
            self.hint("write has(request.field)");
            return Typed::unknown();
        };
        let span = self.parsed.name_span(&arguments[0]);
        if self.is_name(&select.operand, "metadata") {
            return self.metadata(&span, &select.field, Node::HasMetadata, Type::Bool);
        }
        if self.is_name(&select.operand, "store") {
            let name = Typed::constant(Value::text(select.field.clone()), Type::String);
            return self.store(name, Type::Bool, Node::HasStore);
        }
        if self.is_name(&select.operand, "state") {
            self.state(&span, &select.field);
            return Typed::constant(Value::Bool(true), Type::Bool);
        }
        let operand = self.expr(&select.operand);
        let message = match (&operand.place, &operand.value_type) {
            (
                Some(Place {
                    message: Some(message),
                    ..
                }),
                _,
            ) => Some(message.clone()),
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
            Type::Map(..) | Type::Dyn | Type::Message(_) => {
                self.wrap(operand.unpacked(), Type::Bool, |node| {
                    Node::HasMember(Box::new(node), select.field.as_str().into())
                })
            }
            other => self.problem(span, format!("{other} has no fields")),
        }
    }

    /// Whether a field is set: on the wire, or for a field without presence, not at its default.
    fn presence(&mut self, operand: Typed, field: Field) -> Typed {
        let Some(place) = operand.place.as_ref().filter(|place| place.message.is_some()) else {
            return self.wrap(operand, Type::Bool, |node| {
                Node::HasField(Box::new(node), Box::new(field))
            });
        };
        if field.has_presence {
            let numbers: Vec<u32> = place.numbers.iter().copied().chain([field.number]).collect();
            if let Some(slot) = self.slot(&numbers) {
                return Typed::read(Node::HasPicked(slot), Type::Bool);
            }
            return self.wrap(operand, Type::Bool, |node| {
                Node::HasField(Box::new(node), Box::new(field))
            });
        }
        let default = match &field.cardinality {
            Cardinality::Singular => field.default.clone(),
            Cardinality::List => Value::List(Vec::new()),
            Cardinality::Map(..) => Value::Map(Vec::new()),
        };
        let read = self.place(operand, field);
        let value_type = read.value_type.clone();
        self.compared(Relation::NotEqual, read, Typed::constant(default, value_type))
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
        if self.is_name(container_expr, "store") && key.value_type == Type::String {
            return self.store(key, Type::Dyn, Node::StoreValue);
        }
        if self.is_name(container_expr, "requests")
            && let Some((message, known)) = self.request(&self.parsed.span(container_expr))
        {
            self.uses.requests = true;
            let value_type = message_type(&message);
            let read = self.wrap(key, value_type, |place| {
                Node::RequestAt(message, known, Box::new(place))
            });
            return self.not_fixed(read);
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
        self.combine(parts, element, |nodes| Node::Index(pair(nodes)))
    }

    /// `value in container`.
    pub(super) fn contained(&mut self, value_expr: &IdedExpr, container_expr: &IdedExpr) -> Typed {
        let value = self.expr(value_expr).unpacked();
        if self.is_name(container_expr, "metadata")
            && let Some(name) = value.constant_text().map(str::to_owned)
        {
            return self.metadata(
                &self.parsed.span(value_expr),
                &name,
                Node::HasMetadata,
                Type::Bool,
            );
        }
        if self.is_name(container_expr, "store") && value.value_type == Type::String {
            return self.store(value, Type::Bool, Node::HasStore);
        }
        let container = self.expr(container_expr).unpacked();
        if let (Type::Enum(descriptor), Node::Const(Value::List(names))) =
            (&value.value_type, &container.node)
        {
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
        self.combine(vec![value, container], Type::Bool, |nodes| Node::In(pair(nodes)))
    }
}
