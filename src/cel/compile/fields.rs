//! Fields and their presence.

use std::ops::Range;

use prost_reflect::MessageDescriptor;

use super::compiled::{Compiled, Place};
use super::compiler::Compiler;
use super::names::is_root_name;
use super::other_languages;
use super::types::named_fields;
use crate::cel::fields::{Cardinality, FieldReader, NamedField};
use crate::cel::functions::{self, Style};
use crate::cel::operators::Relation;
use crate::cel::syntax::{Expr, ExprKind, Literal};
use crate::cel::typed::{Path, TypedExpr};
use crate::cel::values::{Type, Value};
use crate::message::Slot;
use crate::schema::field_name;
use crate::suggest;

impl Compiler<'_, '_> {
    /// A field of a message, or an entry of a map.
    pub(super) fn field(&mut self, operand: Compiled, span: &Range<usize>, name: &str) -> Compiled {
        if let Some(message) = operand.place.as_ref().and_then(|place| place.message.clone()) {
            return match self.find_field(&message, span, name) {
                Some(field) => self.place(operand, field),
                None => Compiled::unknown(),
            };
        }
        if matches!(operand.expr, TypedExpr::Stored(_)) {
            return self.stored_name(operand, name);
        }
        match operand.value_type.clone() {
            Type::Message(message) if !operand.value_type.is_dyn() || name == "type_url" => {
                let Some(field) = self.find_field(&message, span, name) else {
                    return Compiled::unknown();
                };
                let value_type = field.value_type();
                self.wrap(operand, value_type, |operand| {
                    TypedExpr::Field(Box::new(operand), Box::new(field))
                })
            }
            Type::Map(key, value) if key.may_equal(&Type::String) => self.wrap(operand, *value, |operand| {
                TypedExpr::Member(Box::new(operand), Box::new(NamedField::new(name)))
            }),
            value_type if value_type.is_dyn() => self.wrap(operand.unpacked(), Type::Dyn, |operand| {
                TypedExpr::Member(Box::new(operand), Box::new(NamedField::new(name)))
            }),
            other => {
                self.problem(span.clone(), format!("{other} has no fields"));
                self.hint_for_member(name, &other);
                Compiled::unknown()
            }
        }
    }

    /// A hint for a name after the dot of a value that has no fields.
    fn hint_for_member(&mut self, name: &str, of: &Type) {
        let is_function =
            functions::all().any(|function| function.name == name && function.style != Style::Global);
        if let Some(hint) = other_languages::for_field(name, of) {
            self.hint(hint);
        } else if *of == Type::String && is_root_name(name) {
            self.hint("texts are joined by `+`, as in `a + 'b'`");
        } else if is_function {
            self.hint(format!("a function has brackets: `x.{name}()`"));
        }
    }

    /// `getField(message, 'name')`: for names that the grammar does not take after a dot.
    pub(super) fn field_by_text(&mut self, expr: &Expr, arguments: &[Expr]) -> Compiled {
        if let [message, name_expr] = arguments
            && let ExprKind::Literal(Literal::String(name)) = &name_expr.kind
        {
            let message = self.expr(message);
            return self.field(message, &name_expr.span, name);
        }
        self.problem(
            expr.span.clone(),
            "`getField` takes a message and the name of a field",
        );
        self.hint("write getField(message, 'field')");
        Compiled::unknown()
    }

    pub(super) fn find_field(
        &mut self,
        message: &MessageDescriptor,
        span: &Range<usize>,
        name: &str,
    ) -> Option<FieldReader> {
        let field = FieldReader::by_name(message, name);
        if field.is_none() {
            self.problem(
                span.clone(),
                format!("message {} has no field `{name}`", message.full_name()),
            );
            let names: Vec<String> = message
                .fields()
                .map(|field| field_name(&field).to_owned())
                .collect();
            let own_name = match name {
                "metadata" => Some("write `metadata['name']`".to_owned()),
                _ if is_root_name(name) => Some(format!("it stands alone: write `{name}`")),
                _ => other_languages::for_name(name).map(str::to_owned),
            };
            if let Some(hint) = suggest::did_you_mean(name, names.iter().map(String::as_str))
                .or(own_name)
                .or_else(|| suggest::hint(name, names.iter().map(String::as_str)))
            {
                self.hint(hint);
            }
        }
        field
    }

    /// A field of the request: from its slot where it can have one, else by reading the bytes.
    fn place(&mut self, operand: Compiled, field: FieldReader) -> Compiled {
        let Some(mut place) = operand.place else {
            return Compiled::unknown();
        };
        let value_type = field.value_type();
        place.numbers.push(field.number);
        place.message = field.sub_message().and_then(named_fields);
        let slot = if field.is_scalar() {
            self.slot(&place.numbers)
        } else {
            None
        };
        let read = if let Some(slot) = slot {
            TypedExpr::Picked(slot, Box::new(field))
        } else {
            let way = place.way.clone().into();
            place.way.push(field.clone());
            TypedExpr::Path(Box::new(Path { way, field }))
        };
        Compiled {
            place: Some(place),
            ..Compiled::read(read, value_type)
        }
    }

    fn slot(&mut self, numbers: &[u32]) -> Option<Slot> {
        self.scope.picker.slot(self.scope.schema.layouts(), numbers)
    }

    /// `has(operand.field)`.
    pub(super) fn has(&mut self, expr: &Expr, arguments: &[Expr]) -> Compiled {
        let [
            Expr {
                kind: ExprKind::Select(operand_expr, name),
                ..
            },
        ] = arguments
        else {
            self.problem(expr.span.clone(), "`has` takes one field");
            let hint = match arguments {
                [
                    Expr {
                        kind: ExprKind::Index(parts),
                        ..
                    },
                ] => {
                    let [container, key] = [&parts[0], &parts[1]].map(|part| self.written(part));
                    format!("write `{key} in {container}`")
                }
                _ => "write has(request.field)".to_owned(),
            };
            self.hint(hint);
            return Compiled::unknown();
        };
        let (span, name) = (name.span.clone(), name.text.as_str());
        if self.is_name(operand_expr, "metadata") {
            return self.metadata(&span, name, TypedExpr::HasMetadata, Type::Bool);
        }
        if self.is_name(operand_expr, "state") {
            self.state(&span, name);
            return Compiled::constant(Value::Bool(true), Type::Bool);
        }
        let operand = self.expr(operand_expr);
        if matches!(operand.expr, TypedExpr::Stored(_)) {
            let part = self.stored_name(operand, name);
            return self.wrap(part, Type::Bool, |part| match part {
                TypedExpr::Stored(path) => TypedExpr::HasStored(path),
                other => other,
            });
        }
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
            return match self.find_field(&message, &span, name) {
                Some(field) => self.presence(operand, field),
                None => Compiled::unknown(),
            };
        }
        match operand.value_type.clone() {
            Type::Map(..) | Type::Dyn | Type::Message(_) => {
                self.wrap(operand.unpacked(), Type::Bool, |operand| {
                    TypedExpr::HasMember(Box::new(operand), Box::new(NamedField::new(name)))
                })
            }
            other => self.problem(span, format!("{other} has no fields")),
        }
    }

    /// Whether a field is set: on the wire, or for a field without presence, not at its default.
    fn presence(&mut self, operand: Compiled, field: FieldReader) -> Compiled {
        let Some(place) = operand.place.as_ref().filter(|place| place.message.is_some()) else {
            return self.wrap(operand, Type::Bool, |operand| {
                TypedExpr::HasField(Box::new(operand), Box::new(field))
            });
        };
        if field.has_presence {
            let numbers: Vec<u32> = place.numbers.iter().copied().chain([field.number]).collect();
            if let Some(slot) = self.slot(&numbers) {
                return Compiled::read(TypedExpr::HasPicked(slot), Type::Bool);
            }
            return self.wrap(operand, Type::Bool, |operand| {
                TypedExpr::HasField(Box::new(operand), Box::new(field))
            });
        }
        let default = match &field.cardinality {
            Cardinality::Singular => field.default.clone(),
            Cardinality::List => Value::List(Vec::new()),
            Cardinality::Map(..) => Value::Map(Vec::new()),
        };
        let read = self.place(operand, field);
        let value_type = read.value_type.clone();
        self.compared(Relation::NotEqual, read, Compiled::constant(default, value_type))
    }
}
