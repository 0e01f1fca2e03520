//! What to do about the problems of options that the linker finds, of which most are rules of `buf.validate`.
//!
//! The options that come with protod are known by their descriptors. Those of users get no suggestions.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::foreign::{self, OF_FIELD, RULES, TYPES, VERBS};
use super::source::bundled_files;
use crate::suggest;

/// A hint for a problem of an option, by what the linker says of it at this place of a text.
pub(super) fn hint(message: &str, text: &str, at: usize) -> Option<String> {
    if let Some(option) = quoted_after(message, "option field '") {
        return match option.strip_prefix('(').and_then(|rest| rest.split_once(").")) {
            Some((extension, path)) => hint_for_path(extension, path, text, at),
            None => hint_for_option(option),
        };
    }
    if let Some(expected) = quoted_after(message, "expected a value of type '") {
        let option = quoted_after(message, "for option '")?;
        return hint_for_value(expected, quoted_after(message, "but found '")?, option, text);
    }
    if message.contains("has no field '")
        && let Some(message_name) = quoted_after(message, "': '")
    {
        let name = quoted_after(message, "has no field '")?;
        return hint_for_field(name, &KNOWN.get_message_by_name(message_name)?, text, at);
    }
    if message.contains("takes an integer")
        || message.contains("takes a number")
        || message.contains("takes a bool")
    {
        return Some("leave out the quotes".to_owned());
    }
    if message.contains("takes a text in quotes") {
        return Some("put it in double quotes".to_owned());
    }
    if message.contains("expected ':' after '") {
        let name = quoted_after(message, "expected ':' after '")?;
        return Some(format!(
            "in braces a value stands behind a colon: `{{{name}: …}}`"
        ));
    }
    if message.contains("is a list: set it whole") {
        return Some("write `cel = {id: \"…\", expression: \"…\"}`, or `cel_expression = \"…\"`".to_owned());
    }
    if let Some(name) =
        quoted_before(message, "' resolves to '").or_else(|| quoted_before(message, "' is not an extension"))
    {
        return hint_for_validate(name);
    }
    let expected = quoted_after(message, "expected an extension to type '")?;
    hint_for_extension(expected, quoted_after(message, "but '")?)
}

/// Whether an option of protobuf itself has this name.
pub(super) fn is_option(name: &str) -> bool {
    messages_of_options().any(|message| message.get_field_by_name(name).is_some())
}

/// The messages that hold the options of protobuf itself.
fn messages_of_options() -> impl Iterator<Item = MessageDescriptor> {
    KNOWN
        .all_messages()
        .filter(|message| message.package_name() == "google.protobuf" && message.name().ends_with("Options"))
}

/// The text in single quotes that ends before this, at the begin of a message.
fn quoted_before<'m>(message: &'m str, end: &str) -> Option<&'m str> {
    message.split_once(end)?.0.strip_prefix('\'')
}

/// For a name in brackets that begins as the options of `buf.validate` do, and is none of them.
fn hint_for_validate(name: &str) -> Option<String> {
    let rest = name.trim_start_matches('.').strip_prefix("buf.validate")?;
    let mut parts = rest.trim_start_matches('.').split('.');
    let first = parts.next().unwrap_or_default();
    let rest = parts.fold(String::new(), |rest, part| rest + "." + part);
    Some(match first {
        "field" | "message" | "oneof" => format!("write `(buf.validate.{first}){rest}`"),
        "" => "write `(buf.validate.field)`".to_owned(),
        name if is_rule_of_field(name) => format!("write `(buf.validate.field).{name}{rest}`"),
        name => match suggest::nearest(name, ["field", "message", "oneof"]) {
            Some(near) => format!("write `(buf.validate.{near}){rest}`"),
            None => {
                "the options are `(buf.validate.field)`, `(buf.validate.message)` and `(buf.validate.oneof)`"
                    .to_owned()
            }
        },
    })
}

fn is_rule_of_field(name: &str) -> bool {
    let rules = KNOWN.get_message_by_name("buf.validate.FieldRules");
    rules.is_some_and(|rules| rules.get_field_by_name(name).is_some())
}

/// The text in single quotes that begins after this.
fn quoted_after<'m>(message: &'m str, begin: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(begin)?;
    rest.split('\'').next()
}

/// For a field of a custom option that is not there: `int32.min` of `buf.validate.field`.
fn hint_for_path(extension: &str, path: &str, text: &str, at: usize) -> Option<String> {
    let mut extensions = KNOWN.all_extensions();
    let extension = extensions.find(|known| known.full_name() == extension)?;
    let mut message = extension.kind().as_message()?.clone();
    for name in path.split('.') {
        match message.get_field_by_name(name) {
            Some(field) => message = field.kind().as_message()?.clone(),
            None => return hint_for_field(name, &message, text, at),
        }
    }
    None
}

fn hint_for_field(name: &str, message: &MessageDescriptor, text: &str, at: usize) -> Option<String> {
    let plain = name.replace('_', "").to_lowercase();
    if message.full_name() == "buf.validate.FieldRules" {
        let of_type = foreign::rules_type(text, at);
        let rules = of_type
            .as_deref()
            .and_then(|rules| message.get_field_by_name(rules));
        let rules = rules.and_then(|rules| rules.kind().as_message().cloned());
        if let (Some(of_type), Some(rules)) = (of_type, rules)
            && let Some(own) =
                own_rule(&plain, &rules).or_else(|| rules.get_field_by_name(name).map(|_| name))
        {
            return Some(format!("write `(buf.validate.field).{of_type}.{own}`"));
        }
        if matches!(plain.as_str(), "list" | "array" | "slice") {
            return Some("write `repeated`".to_owned());
        }
    }
    if let Some((_, own)) = OF_FIELD.iter().find(|(other, _)| *other == plain) {
        return Some(format!("write `(buf.validate.field).{own}`"));
    }
    if let Some(own) = own_rule(&plain, message) {
        return Some(format!("write `{own}`"));
    }
    if message.full_name().starts_with("buf.validate.")
        && matches!(plain.as_str(), "multipleof" | "step" | "range" | "between")
    {
        let rule = "(buf.validate.field).cel = {id: \"step\", expression: \"this % 5 == 0\"}";
        let range = "{gte: 1, lte: 5}";
        return Some(match plain.as_str() {
            "range" | "between" => format!("write both ends, as in `(buf.validate.field).int32 = {range}`"),
            _ => format!("write an expression, as in `{rule}`"),
        });
    }
    let mut types = TYPES.iter();
    let is_meant = |(other, own): &&(&str, &str)| *other == name && message.get_field_by_name(own).is_some();
    if let Some((_, own)) = types.find(is_meant) {
        return Some(format!("write `{own}`"));
    }
    let fields: Vec<FieldDescriptor> = message.fields().collect();
    suggest::hint(name, fields.iter().map(FieldDescriptor::name)).or_else(|| {
        let is_rules = message.full_name().starts_with("buf.validate.");
        is_rules.then(|| "docs/validation.md lists the rules; any other is an expression, as in `cel_expression = \"this != ''\"`".to_owned())
    })
}

/// The rule of these that is meant by another name.
fn own_rule(plain: &str, rules: &MessageDescriptor) -> Option<&'static str> {
    let (_, owns) = RULES.iter().find(|(other, _)| *other == plain)?;
    let name = |own: &&&str| {
        own.split(' ')
            .next()
            .is_some_and(|name| rules.get_field_by_name(name).is_some())
    };
    owns.iter().find(name).copied()
}

/// For an option without brackets that protobuf does not have.
fn hint_for_option(name: &str) -> Option<String> {
    let fields: Vec<FieldDescriptor> = messages_of_options()
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .collect();
    if matches!(name, "required" | "nullable" | "optional") {
        let rule = OF_FIELD.iter().find(|(other, _)| *other == name)?.1;
        return Some(format!(
            "write `(buf.validate.field).{rule}`, and `import \"buf/validate/validate.proto\";`"
        ));
    }
    if VERBS.contains(&name) {
        let import = "import \"google/api/annotations.proto\";";
        return Some(format!(
            "write `(google.api.http) = {{ {name}: … }}`, and `{import}`"
        ));
    }
    let others = ["json_name", "default"];
    let known = fields.iter().map(FieldDescriptor::name).chain(others);
    suggest::did_you_mean(name, known).or_else(|| {
        let brackets =
            "the name of an option that protos define stands in brackets, as in `(buf.validate.field)`";
        Some(brackets.to_owned())
    })
}

/// For an option of one kind of element that another kind has.
fn hint_for_extension(expected: &str, given: &str) -> Option<String> {
    let (package, _) = given.rsplit_once('.')?;
    let mut extensions = KNOWN.all_extensions();
    let meant = extensions.find(|other| {
        other.containing_message().full_name() == expected && other.package_name() == package
    })?;
    Some(format!("did you mean `{}`?", meant.full_name()))
}

/// For a value of another type.
fn hint_for_value(expected: &str, found: &str, option: &str, text: &str) -> Option<String> {
    let unquoted = found.trim_matches('"');
    let is_quoted = found.starts_with('"');
    let known = KNOWN.get_enum_by_name(expected);
    if let Some(known) = known {
        let plain = unquoted.to_uppercase();
        let value = match plain.as_str() {
            "TRUE" => Some("IGNORE_ALWAYS".to_owned()).filter(|_| expected == "buf.validate.Ignore"),
            "IGNORE_EMPTY" | "IGNORE_DEFAULT" | "EMPTY" => Some("IGNORE_IF_ZERO_VALUE".to_owned()),
            _ => {
                let mut values = known.values();
                let is_it = |name: &str| name == plain || name.ends_with(&format!("_{plain}"));
                values
                    .find(|value| is_it(value.name()))
                    .map(|value| value.name().to_owned())
            }
        };
        let is_as_written = is_quoted && value.as_deref() == Some(unquoted);
        if is_as_written {
            return Some(format!("leave out the quotes: `{unquoted}`"));
        }
        let names: Vec<String> = known.values().map(|value| value.name().to_owned()).collect();
        return value
            .map(|value| format!("write `{value}`"))
            .or_else(|| suggest::hint(unquoted, names.iter().map(String::as_str)));
    }
    let path = option.trim_start_matches('(').replacen(')', "", 1);
    let is_rule = path.starts_with("buf.validate.field");
    match expected {
        "string" | "bytes" if !is_quoted => Some("put it in double quotes".to_owned()),
        "bool" => match unquoted.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" if !is_quoted => Some("write `true`".to_owned()),
            "false" | "no" | "off" | "0" if !is_quoted => Some("write `false`".to_owned()),
            _ if is_quoted => Some(format!("leave out the quotes: `{unquoted}`")),
            _ => Some("write `true` or `false`".to_owned()),
        },
        "google.protobuf.Duration" => {
            let nanoseconds = crate::duration::parse_nanoseconds(unquoted)?;
            let (seconds, nanos) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
            Some(match nanos {
                0 => format!("write its seconds: `{{seconds: {seconds}}}`"),
                nanos => format!("write its seconds: `{{seconds: {seconds}, nanos: {nanos}}}`"),
            })
        }
        "google.protobuf.Timestamp" => {
            Some("write its seconds since 1970, as in `{seconds: 1577836800}` for 2020-01-01".to_owned())
        }
        "buf.validate.FieldRules" if unquoted == "required" => {
            Some("write `(buf.validate.field).required = true`".to_owned())
        }
        _ if expected.ends_with("buf.validate.Rule") && is_quoted => {
            let name = option.rsplit_once('.').map_or(option, |(before, _)| before);
            Some(format!("write `{name}.cel_expression = {found}`"))
        }
        _ if expected.ends_with("int32") && is_rule && is_identifier(unquoted) => {
            // The value of an enum: rules have its number.
            let number = foreign::number_of_value(text, unquoted)?;
            Some(format!("write its number: `{number}`"))
        }
        _ if is_quoted => Some(format!("leave out the quotes: `{unquoted}`")),
        _ => range_of(expected).map(|range| format!("it takes whole numbers {range}")),
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// The integers of a type.
fn range_of(expected: &str) -> Option<String> {
    let plain = expected.trim_start_matches("repeated ");
    let (least, greatest) = match plain {
        "int32" | "sint32" | "sfixed32" => (i32::MIN.to_string(), i32::MAX.to_string()),
        "int64" | "sint64" | "sfixed64" => (i64::MIN.to_string(), i64::MAX.to_string()),
        "uint32" | "fixed32" => ("0".to_owned(), u32::MAX.to_string()),
        "uint64" | "fixed64" => ("0".to_owned(), u64::MAX.to_string()),
        _ => return None,
    };
    Some(format!("from {least} to {greatest}"))
}

/// What comes with protod.
static KNOWN: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let decoded = bundled_files().filter_map(|file| FileDescriptorProto::decode(file).ok());
    let mut files: Vec<FileDescriptorProto> = decoded.collect();
    let mut pool = DescriptorPool::new();
    // Each after those that it imports.
    let is_next = |pool: &DescriptorPool, file: &FileDescriptorProto| {
        let mut imports = file.dependency.iter();
        imports.all(|import| pool.get_file_by_name(import).is_some())
    };
    while let Some(at) = files.iter().position(|file| is_next(&pool, file)) {
        if pool.add_file_descriptor_proto(files.swap_remove(at)).is_err() {
            break;
        }
    }
    pool
});
