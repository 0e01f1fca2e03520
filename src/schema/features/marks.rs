//! What the pool's descriptors cannot say by themselves: marks on the copies of files that prost-reflect gets.
//!
//! prost-reflect knows proto2 and proto3. In its copy of a file with an edition, an enum or a string may be unlike those of
//! the syntax that the copy has. Such an enum has a reserved name that no proto can write, and such a string an empty name
//! of a type, which means nothing otherwise. Whoever asks for either goes through the two functions here.

use prost_reflect::{EnumDescriptor, Syntax};
use prost_types::{EnumDescriptorProto, FieldDescriptorProto};

/// The reserved name of an enum that is open in proto2, or closed in proto3. Reserved names have no control characters.
pub(super) const UNLIKE_ITS_SYNTAX: &str = "\u{1}";

/// Marks an enum of proto3 as closed.
pub(in crate::schema) fn mark(found: &mut EnumDescriptorProto) {
    found.reserved_name.push(UNLIKE_ITS_SYNTAX.to_owned());
}

/// Whether a reserved name is none that a proto has.
fn is_mark(reserved_name: &str) -> bool {
    reserved_name == UNLIKE_ITS_SYNTAX
}

/// Whether an enum has no values but those that it names, as those of proto2. On the wire another number is an unknown
/// field, as in C++ and Java.
pub(crate) fn is_closed(enumeration: &EnumDescriptor) -> bool {
    let reserved = &enumeration.enum_descriptor_proto().reserved_name;
    let is_marked = reserved.last().is_some_and(|name| is_mark(name));
    (enumeration.parent_file().syntax() == Syntax::Proto2) != is_marked
}

/// Whether a string has to be UTF-8, as those of proto3. `syntax` is that of the file that declares the field.
pub(crate) fn verifies_utf8(field: &FieldDescriptorProto, syntax: Syntax) -> bool {
    let is_marked = field.type_name.is_some();
    (syntax == Syntax::Proto3) != is_marked
}
