//! What to do about the problems of options that the linker finds, of which most are rules of `buf.validate`.
//!
//! The options that come with protod are known by their descriptors. Those of users get no suggestions.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};
use prost_types::FileDescriptorProto;

use super::foreign::TYPES;
use super::source::bundled_files;
use crate::suggest;

/// What rules of `buf.validate` are called elsewhere, and there.
const RULES: [(&str, &str); 8] = [
    ("min", "gte"),
    ("minimum", "gte"),
    ("max", "lte"),
    ("maximum", "lte"),
    ("eq", "const"),
    ("regex", "pattern"),
    ("regexp", "pattern"),
    ("one_of", "in"),
];

/// A hint for a problem of an option, by what the linker says.
pub(super) fn hint(message: &str) -> Option<String> {
    if let Some(option) = quoted_after(message, "option field '") {
        return match option.strip_prefix('(').and_then(|rest| rest.split_once(").")) {
            Some((extension, path)) => hint_for_path(extension, path),
            None => hint_for_option(option),
        };
    }
    if let Some(expected) = quoted_after(message, "expected a value of type '") {
        return hint_for_value(expected, quoted_after(message, "but found '")?);
    }
    let expected = quoted_after(message, "expected an extension to type '")?;
    hint_for_extension(expected, quoted_after(message, "but '")?)
}

/// The text in single quotes that begins after this.
fn quoted_after<'m>(message: &'m str, begin: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(begin)?;
    rest.split('\'').next()
}

/// For a field of a custom option that is not there: `int32.min` of `buf.validate.field`.
fn hint_for_path(extension: &str, path: &str) -> Option<String> {
    let mut extensions = KNOWN.all_extensions();
    let extension = extensions.find(|known| known.full_name() == extension)?;
    let mut message = extension.kind().as_message()?.clone();
    for name in path.split('.') {
        match message.get_field_by_name(name) {
            Some(field) => message = field.kind().as_message()?.clone(),
            None => return hint_for_field(name, &message),
        }
    }
    None
}

fn hint_for_field(name: &str, message: &MessageDescriptor) -> Option<String> {
    let mut others = TYPES.iter().chain(&RULES);
    let is_meant = |(other, own): &&(&str, &str)| *other == name && message.get_field_by_name(own).is_some();
    if let Some((_, own)) = others.find(is_meant) {
        return Some(format!("write `{own}`"));
    }
    let fields: Vec<FieldDescriptor> = message.fields().collect();
    suggest::hint(name, fields.iter().map(FieldDescriptor::name))
}

/// For an option without brackets that protobuf does not have.
fn hint_for_option(name: &str) -> Option<String> {
    let is_options = |message: &MessageDescriptor| {
        message.package_name() == "google.protobuf" && message.name().ends_with("Options")
    };
    let options = KNOWN.all_messages().filter(is_options);
    let fields: Vec<FieldDescriptor> = options
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .collect();
    suggest::did_you_mean(name, fields.iter().map(FieldDescriptor::name)).or_else(|| {
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
fn hint_for_value(expected: &str, found: &str) -> Option<String> {
    let is_text = matches!(expected, "string" | "bytes");
    match (is_text, found.strip_prefix('"')) {
        (true, None) => Some("put it in double quotes".to_owned()),
        (false, Some(unquoted)) => Some(format!(
            "leave out the quotes: `{}`",
            unquoted.trim_end_matches('"')
        )),
        _ => None,
    }
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
