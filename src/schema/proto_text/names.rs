//! Names of types: the shortest name that refers to a type in a given scope.
//!
//! The rules of scopes are those of protobuf, where an inner name hides an outer one, even if it is not a type.

use prost_reflect::DescriptorPool;

/// The shortest name of `full_name` in `scope` (a package, message or service).
pub(super) fn relative<'n>(
    pool: &DescriptorPool,
    scope: &str,
    full_name: &'n str,
) -> std::borrow::Cow<'n, str> {
    let starts = full_name.match_indices('.').map(|(dot, _)| dot + 1).chain([0]);
    let mut starts: Vec<usize> = starts.collect();
    starts.sort_unstable_by(|a, b| b.cmp(a));
    for start in starts {
        let name = &full_name[start..];
        let first = name.split('.').next().unwrap_or(name);
        if !WORDS.contains(&first) && meaning(pool, scope, name).as_deref() == Some(full_name) {
            return name.into();
        }
    }
    format!(".{full_name}").into()
}

/// The words that mean something else where a type is expected.
const WORDS: [&str; 30] = [
    "bool",
    "bytes",
    "double",
    "enum",
    "export",
    "extend",
    "extensions",
    "fixed32",
    "fixed64",
    "float",
    "group",
    "int32",
    "int64",
    "local",
    "map",
    "message",
    "oneof",
    "option",
    "optional",
    "repeated",
    "required",
    "reserved",
    "sfixed32",
    "sfixed64",
    "sint32",
    "sint64",
    "stream",
    "string",
    "uint32",
    "uint64",
];

/// The full name that a name refers to in a scope. By protobuf's rule, the innermost scope with its first part decides.
fn meaning(pool: &DescriptorPool, scope: &str, name: &str) -> Option<String> {
    let first = name.split('.').next().unwrap_or(name);
    let mut scope = Some(scope);
    while let Some(inner) = scope {
        let join = |name: &str| {
            if inner.is_empty() {
                name.to_owned()
            } else {
                format!("{inner}.{name}")
            }
        };
        if exists(pool, &join(first)) {
            return Some(join(name));
        }
        scope = match inner.rsplit_once('.') {
            Some((outer, _)) => Some(outer),
            None => (!inner.is_empty()).then_some(""),
        };
    }
    None
}

/// Whether a type, or anything that a type's name can begin with, has this name.
fn exists(pool: &DescriptorPool, name: &str) -> bool {
    let is_package = || {
        pool.files().any(|file| {
            let package = file.package_name();
            package
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    pool.get_message_by_name(name).is_some()
        || pool.get_enum_by_name(name).is_some()
        || pool.get_service_by_name(name).is_some()
        || pool.get_extension_by_name(name).is_some()
        || is_field(pool, name)
        || is_package()
}

/// Whether this is the name of a field, which hides a type of the same name outside its message.
fn is_field(pool: &DescriptorPool, name: &str) -> bool {
    let Some((message, field)) = name.rsplit_once('.') else {
        return false;
    };
    let message = pool.get_message_by_name(message);
    message.is_some_and(|message| message.get_field_by_name(field).is_some())
}
