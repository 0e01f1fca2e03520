//! The fields of a message by the names that their proto has.
//!
//! A pool does not take two fields of proto3 whose names differ in case or underscores alone, which protoc takes. One of them has
//! another name in the pool, which no proto can write. Whoever asks for a field by its name, or for the name of one, goes through
//! the functions here.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

/// What comes behind the name of the proto in that of the pool.
const RENAMED: char = '\u{1}';

/// The name in a pool of the field `name`, of which there are others, so that this is the name of none of them.
pub(super) fn renamed(name: &str, count: usize) -> String {
    format!("{name}{RENAMED}{count}")
}

/// The name that the proto has for a field of a pool.
pub(crate) fn field_name(field: &FieldDescriptor) -> &str {
    name_in_proto(field.name())
}

/// The name that the proto has for a field that the pool calls so.
pub(super) fn name_in_proto(in_pool: &str) -> &str {
    in_pool.split(RENAMED).next().unwrap_or(in_pool)
}

/// The field of a message that its proto calls `name`.
pub(crate) fn field_named(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let by_name = message.get_field_by_name(name);
    by_name.or_else(|| {
        let is_it = |field: &FieldDescriptor| {
            let rest = field.name().strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(RENAMED))
        };
        message.fields().find(is_it)
    })
}

/// The field of a message that its proto calls `name`, or that has this name in JSON.
pub(crate) fn field_called(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    field_named(message, name).or_else(|| message.get_field_by_json_name(name))
}
