//! The names in texts. They are few, so that they hide each other.

pub(super) const NAMES: [&str; 12] = [
    "A", "B", "Outer", "Inner", "base", "Map", "Color", "Stream", "Group", "message", "map", "optional",
];
pub(super) const TYPES: [&str; 12] = [
    "Aa", "Bb", "Outer", "Inner", "Item", "Color", "Stream", "Part", "Word", "Node", "Leaf", "Base",
];
pub(super) const FIELDS: [&str; 20] = [
    "a", "b", "foo_bar", "fooBar", "foo", "base", "item", "optional", "message", "group", "map", "_x", "x_",
    "x", "FOO", "stream", "color", "inner", "reserved", "s3",
];
pub(super) const SCALARS: [&str; 15] = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64",
    "float", "double", "bool", "string", "bytes",
];
