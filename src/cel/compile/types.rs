//! Names of types and of enum values, in the request's package and those around it.

use std::ops::Range;

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use super::compiled::Compiled;
use super::compiler::Compiler;
use crate::cel::fields::ValueForm;
use crate::cel::values::{self, Type, Value};
use crate::suggest;

/// The names of the language's own types; `google.protobuf.Timestamp` and `Duration` are found like any message.
pub(super) const TYPES: &[&str] = &[
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
impl Compiler<'_, '_> {
    /// `package.Enum.VALUE`, or with less of the package where the request's own package is meant.
    pub(super) fn enum_constant(&mut self, segments: &[&str], span: &Range<usize>) -> Option<Compiled> {
        let (value_name, enum_name) = segments.split_last()?;
        let pool = self.scope.schema.pool();
        let descriptor = self.find(enum_name, |name| pool.get_enum_by_name(name))?;
        Some(match self.enum_number(&descriptor, value_name, span) {
            Some(number) => {
                let value_type = Type::Enum(descriptor.clone());
                Compiled::constant(Value::Enum(descriptor, number), value_type)
            }
            None => Compiled::unknown(),
        })
    }

    /// A type by its name: one of the language's own, a message or an enum.
    pub(super) fn type_named(&self, segments: &[&str]) -> Option<Compiled> {
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
        Some(Compiled::constant(Value::Type(name.into()), Type::Meta))
    }

    /// Finds a name in the request's package or in one around it, innermost first.
    pub(super) fn find<T>(&self, segments: &[&str], named: impl Fn(&str) -> Option<T>) -> Option<T> {
        let name = segments.join(".");
        let mut scope = self.scope.within;
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
        let number = values::enum_number(descriptor, name);
        if number.is_none() {
            self.problem(
                span.clone(),
                format!("enum {} has no value `{name}`", descriptor.full_name()),
            );
            let names: Vec<String> = descriptor.values().map(|value| value.name().to_owned()).collect();
            if let Some(hint) = suggest::hint(name, names.iter().map(String::as_str)) {
                self.hint(hint);
            }
        }
        number
    }
}

/// The type of a whole message as a value.
pub(super) fn message_type(message: &MessageDescriptor) -> Type {
    ValueForm::of(message).map_or_else(|| Type::Message(message.clone()), |known| known.type_of(message))
}

/// The name of the type that values of a message type have.
fn type_name(message: &MessageDescriptor) -> String {
    let name = match ValueForm::of(message) {
        Some(ValueForm::Struct) => "map",
        Some(ValueForm::ListValue) => "list",
        Some(ValueForm::Wrapper(kind)) => match kind {
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
    ValueForm::of(message)
        .is_none_or(|known| known.has_fields())
        .then(|| message.clone())
}
