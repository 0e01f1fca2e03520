//! What types of other languages are called in protobuf, for hints.

/// Types of other languages, and those of protobuf.
pub(super) const TYPES: [(&str, &str); 22] = [
    ("int", "int32"),
    ("integer", "int32"),
    ("short", "int32"),
    ("int16", "int32"),
    ("int8", "int32"),
    ("long", "int64"),
    ("uint", "uint32"),
    ("byte", "bytes"),
    ("blob", "bytes"),
    ("str", "string"),
    ("text", "string"),
    ("boolean", "bool"),
    ("float32", "float"),
    ("float64", "double"),
    ("number", "double"),
    ("decimal", "double"),
    ("date", "google.protobuf.Timestamp"),
    ("datetime", "google.protobuf.Timestamp"),
    ("timestamp", "google.protobuf.Timestamp"),
    ("duration", "google.protobuf.Duration"),
    ("empty", "google.protobuf.Empty"),
    ("object", "google.protobuf.Struct"),
];
