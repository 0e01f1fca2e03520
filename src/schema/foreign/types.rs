//! What types of other languages are called in protobuf.

use crate::schema::kind::{scalar_name, scalar_named};

/// Types of other languages in lower case, and those of protobuf.
pub(in crate::schema) const TYPES: [(&str, &str); 89] = [
    ("int", "int32"),
    ("integer", "int32"),
    ("short", "int32"),
    ("int16", "int32"),
    ("int8", "int32"),
    ("i8", "int32"),
    ("i16", "int32"),
    ("i32", "int32"),
    ("smallint", "int32"),
    ("long", "int64"),
    ("i64", "int64"),
    ("isize", "int64"),
    ("bigint", "int64"),
    ("uint", "uint32"),
    ("uint8", "uint32"),
    ("uint16", "uint32"),
    ("ushort", "uint32"),
    ("u8", "uint32"),
    ("u16", "uint32"),
    ("u32", "uint32"),
    ("unsigned", "uint32"),
    ("ulong", "uint64"),
    ("u64", "uint64"),
    ("usize", "uint64"),
    ("size", "uint64"),
    ("byte", "bytes"),
    ("blob", "bytes"),
    ("binary", "bytes"),
    ("bytearray", "bytes"),
    ("buffer", "bytes"),
    ("uint8array", "bytes"),
    ("bytebuffer", "bytes"),
    ("str", "string"),
    ("text", "string"),
    ("char", "string"),
    ("character", "string"),
    ("charsequence", "string"),
    ("rune", "string"),
    ("varchar", "string"),
    ("cstring", "string"),
    ("utf8", "string"),
    ("id", "string"),
    ("uuid", "string"),
    ("guid", "string"),
    ("email", "string"),
    ("url", "string"),
    ("uri", "string"),
    ("boolean", "bool"),
    ("bit", "bool"),
    ("float32", "float"),
    ("f32", "float"),
    ("single", "float"),
    ("float64", "double"),
    ("f64", "double"),
    ("real", "double"),
    ("number", "double"),
    ("decimal", "double"),
    ("numeric", "double"),
    ("bigdecimal", "double"),
    ("date", "google.protobuf.Timestamp"),
    ("time", "google.protobuf.Timestamp"),
    ("datetime", "google.protobuf.Timestamp"),
    ("timestamp", "google.protobuf.Timestamp"),
    ("timestamptz", "google.protobuf.Timestamp"),
    ("instant", "google.protobuf.Timestamp"),
    ("systemtime", "google.protobuf.Timestamp"),
    ("localdate", "google.protobuf.Timestamp"),
    ("localdatetime", "google.protobuf.Timestamp"),
    ("offsetdatetime", "google.protobuf.Timestamp"),
    ("zoneddatetime", "google.protobuf.Timestamp"),
    ("datetimeoffset", "google.protobuf.Timestamp"),
    ("duration", "google.protobuf.Duration"),
    ("timedelta", "google.protobuf.Duration"),
    ("timespan", "google.protobuf.Duration"),
    ("empty", "google.protobuf.Empty"),
    ("void", "google.protobuf.Empty"),
    ("unit", "google.protobuf.Empty"),
    ("none", "google.protobuf.Empty"),
    ("null", "google.protobuf.Empty"),
    ("nil", "google.protobuf.Empty"),
    ("object", "google.protobuf.Struct"),
    ("dict", "google.protobuf.Struct"),
    ("dictionary", "google.protobuf.Struct"),
    ("hashmap", "google.protobuf.Struct"),
    ("json", "google.protobuf.Value"),
    ("jsonb", "google.protobuf.Value"),
    ("unknown", "google.protobuf.Value"),
    ("dynamic", "google.protobuf.Value"),
    ("variant", "google.protobuf.Value"),
];

/// Lists of other languages.
pub(super) const LISTS: [&str; 19] = [
    "array",
    "arraylist",
    "collection",
    "hashset",
    "ienumerable",
    "iterable",
    "iterator",
    "linkedlist",
    "list",
    "readonlyarray",
    "repeated",
    "seq",
    "sequence",
    "set",
    "slice",
    "stream",
    "tuple",
    "vec",
    "vector",
];

/// Maps of other languages.
pub(super) const MAPS: [&str; 12] = [
    "btreemap",
    "dict",
    "dictionary",
    "hash",
    "hashmap",
    "idictionary",
    "indexmap",
    "linkedhashmap",
    "map",
    "mapping",
    "record",
    "treemap",
];

/// What may be absent, in other languages.
pub(super) const OPTIONALS: [&str; 4] = ["maybe", "nullable", "option", "optional"];

/// The packages and modules of other languages that have types of these names.
const LIBRARIES: [&str; 14] = [
    "chrono",
    "datetime",
    "decimal",
    "google",
    "graphql",
    "java",
    "json",
    "kotlin",
    "serde_json",
    "std",
    "system",
    "time",
    "typing",
    "uuid",
];

/// What a field is whose type is the bare name of a list or a map.
pub(in crate::schema) fn container_hint(name: &str) -> Option<&'static str> {
    let plain = name.to_lowercase();
    if LISTS.contains(&plain.as_str()) {
        return Some("a list is `repeated string names = 1;`");
    }
    let is_map = MAPS.contains(&plain.as_str());
    is_map.then_some("a map is `map<string, int32> counts = 1;`")
}

/// Whether a word can be nothing but a type.
pub(super) fn is_scalar(word: &str) -> bool {
    let of_go = [
        "int", "int8", "int16", "uint", "uint8", "uint16", "float32", "float64", "byte", "rune",
    ];
    scalar_named(word).is_some() || of_go.contains(&word)
}

/// The type of protobuf for a name of another language.
pub(in crate::schema) fn own_type(name: &str) -> Option<&'static str> {
    let mut parts = name.split('.').rev();
    let last = parts.next()?;
    let library = parts.next_back().map(str::to_lowercase);
    if library.is_some_and(|library| !LIBRARIES.contains(&library.as_str()))
        || name.starts_with("google.protobuf.")
    {
        return None;
    }
    let plain = last.to_lowercase();
    // `int64_t` is a type of C.
    let plain = plain.strip_suffix("_t").unwrap_or(&plain);
    if let Some(scalar) = scalar_named(plain).and_then(scalar_name) {
        return Some(scalar);
    }
    let found = TYPES.iter().find(|(other, _)| *other == plain);
    found.map(|(_, own)| *own)
}

/// Code in quotes, and the import of what comes with protobuf, unless `text` has it.
pub(in crate::schema) fn with_import(code: &str, text: &str) -> String {
    let well_known = [
        ("Timestamp", "timestamp"),
        ("Duration", "duration"),
        ("Empty", "empty"),
        ("Struct", "struct"),
        ("Value", "struct"),
    ];
    let is_used = |(name, _): &&(&str, &str)| code.contains(&format!("google.protobuf.{name}"));
    let import = well_known.iter().find(is_used).and_then(|(_, file)| {
        let import = format!("google/protobuf/{file}.proto");
        (!text.contains(&import)).then(|| format!(", and `import \"{import}\";`"))
    });
    format!("`{code}`{}", import.unwrap_or_default())
}
