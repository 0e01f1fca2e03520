//! [`Original`]: what of a file its copy in the descriptor pool does not have, read from the file's own bytes.
//!
//! The pool's copy of a file with an edition is one of proto2 or proto3, and that of any file may have more imports and other
//! names in JSON.

use std::collections::{BTreeMap, HashMap};

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use prost_types::SourceCodeInfo;

use crate::schema::features::{EDITION_2024, Edition, edition_name};
use crate::schema::name::qualified;
use crate::schema::source::options_message;
use crate::schema::wire::{DescriptorKind, RecordValue, records};

/// A file as it was compiled. Elements go by their paths in `SourceCodeInfo`.
#[derive(Debug, Default)]
pub(super) struct Original {
    /// Empty in files of proto2.
    syntax: String,
    edition: Edition,
    package: String,
    pub(super) dependencies: Vec<String>,
    pub(super) option_dependencies: Vec<String>,
    pub(super) info: SourceCodeInfo,
    options: HashMap<Vec<i32>, Vec<u8>>,
    json_names: HashMap<Vec<i32>, String>,
    visibility: HashMap<Vec<i32>, u64>,
    /// The full names of all enums.
    enums: BTreeMap<Vec<i32>, String>,
}

impl Original {
    /// Reads a serialized file, which has been checked.
    pub(super) fn of(descriptor: &[u8]) -> Self {
        let mut original = Self::default();
        for record in records(descriptor).flatten() {
            let text = |contents: &[u8]| String::from_utf8_lossy(contents).into_owned();
            match (record.number, record.value) {
                (2, RecordValue::Delimited(package)) => original.package = text(package),
                (3, RecordValue::Delimited(name)) => original.dependencies.push(text(name)),
                (9, RecordValue::Delimited(info)) => {
                    original.info = SourceCodeInfo::decode(info).unwrap_or_default();
                }
                (12, RecordValue::Delimited(syntax)) => original.syntax = text(syntax),
                (14, RecordValue::Varint(edition)) => original.edition = edition as i32,
                (15, RecordValue::Delimited(name)) => original.option_dependencies.push(text(name)),
                _ => {}
            }
        }
        let package = original.package.clone();
        original.read(DescriptorKind::File, descriptor, &mut Vec::new(), &package);
        original
    }

    /// Reads an element, and those in it, which are in `scope`.
    fn read(&mut self, kind: DescriptorKind, element: &[u8], path: &mut Vec<i32>, scope: &str) {
        let mut counts: HashMap<u32, i32> = HashMap::new();
        let names = records(element)
            .flatten()
            .filter_map(|record| match record.value {
                RecordValue::Delimited(name) if record.number == 1 => std::str::from_utf8(name).ok(),
                _ => None,
            });
        let name = qualified(scope, names.last().unwrap_or_default());
        let scope = if kind == DescriptorKind::Message {
            &name
        } else {
            scope
        };
        if kind == DescriptorKind::Enum {
            self.enums.insert(path.clone(), name.clone());
        }
        for record in records(element).flatten() {
            match (kind, record.number, record.value) {
                (DescriptorKind::Field, 10, RecordValue::Delimited(name)) => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    self.json_names.insert(path.clone(), name);
                }
                (DescriptorKind::Message, 11, RecordValue::Varint(visibility))
                | (DescriptorKind::Enum, 6, RecordValue::Varint(visibility)) => {
                    self.visibility.insert(path.clone(), visibility);
                }
                (_, number, RecordValue::Delimited(contents)) => {
                    let Some(child) = kind.child(number) else { continue };
                    let above = path.len();
                    path.push(number as i32);
                    if child == DescriptorKind::Options {
                        self.options.insert(path.clone(), contents.to_vec());
                    } else {
                        let count = counts.entry(number).or_default();
                        path.push(*count);
                        *count += 1;
                        self.read(child, contents, path, scope);
                    }
                    path.truncate(above);
                }
                _ => {}
            }
        }
    }

    /// The statement that a file begins with.
    pub(super) fn syntax_statement(&self) -> String {
        match self.syntax.as_str() {
            "editions" => format!("edition = \"{}\";\n", edition_name(self.edition)),
            "" => "syntax = \"proto2\";\n".to_owned(),
            syntax => format!("syntax = \"{syntax}\";\n"),
        }
    }

    pub(super) fn has_edition(&self) -> bool {
        self.syntax == "editions"
    }

    pub(super) fn is_proto3(&self) -> bool {
        self.syntax == "proto3"
    }

    /// The options of the element with this path.
    pub(super) fn options(
        &self,
        pool: &DescriptorPool,
        kind: DescriptorKind,
        path: &[i32],
    ) -> DynamicMessage {
        let name = kind.options_type().expect("an element that has options");
        let own = pool.get_message_by_name(&format!("google.protobuf.{name}"));
        // An old descriptor.proto has no features.
        let is_new = |known: &MessageDescriptor| known.get_field_by_name("features").is_some();
        let own = own.filter(|own| !self.has_edition() || is_new(own));
        let descriptor = own.or_else(|| options_message(name));
        let descriptor = descriptor.expect("descriptor.proto has all options");
        let (number, _) = kind.features().expect("an element that has options");
        let bytes = self.options.get(&[path, &[number as i32]].concat());
        let bytes = bytes.map(Vec::as_slice).unwrap_or_default();
        let options = DynamicMessage::decode(descriptor.clone(), bytes);
        let mut options = options.unwrap_or_else(|_| DynamicMessage::new(descriptor));
        if self.edition >= EDITION_2024 {
            add_lost_features(&mut options, kind);
        }
        options
    }

    /// Whether an element has options, although there may be none among them.
    pub(super) fn has_options(&self, kind: DescriptorKind, path: &[i32]) -> bool {
        let features = kind.features();
        features.is_some_and(|(number, _)| self.options.contains_key(&[path, &[number as i32]].concat()))
    }

    pub(super) fn json_name(&self, path: &[i32]) -> Option<&str> {
        self.json_names.get(path).map(String::as_str)
    }

    /// `export` or `local` and a blank, where it is written.
    pub(super) fn visibility(&self, path: &[i32]) -> &'static str {
        match self.visibility.get(path) {
            Some(1) => "local ",
            Some(2) => "export ",
            _ => "",
        }
    }

    /// The full names of the enums of the file or message with this path, in their order.
    pub(super) fn enums_in(&self, path: &[i32]) -> impl Iterator<Item = &str> {
        let enums = self.enums.iter();
        let is_in = move |found: &[i32]| found.len() == path.len() + 2 && found.starts_with(path);
        enums
            .filter(move |(found, _)| is_in(found))
            .map(|(_, name)| name.as_str())
    }

    /// The path of an enum, by its full name.
    pub(super) fn enum_path(&self, full_name: &str) -> Option<&[i32]> {
        let mut enums = self.enums.iter();
        enums
            .find(|(_, name)| *name == full_name)
            .map(|(path, _)| path.as_slice())
    }
}

/// Features that are for the source alone are lost where a file was compiled, and what is left may be none. Without them the
/// text may not compile again, so the most lenient stand for those that were there.
fn add_lost_features(options: &mut DynamicMessage, kind: DescriptorKind) {
    const STYLE_LEGACY: i32 = 2;
    const EXPORT_ALL: i32 = 1;
    if !options.has_field_by_name("features") {
        return;
    }
    let Some(Value::Message(features)) = options.get_field_by_name_mut("features") else {
        return;
    };
    if features.fields().next().is_some() || features.extensions().next().is_some() {
        return;
    }
    let mut set = |name: &str, value: i32| features.set_field_by_name(name, Value::EnumNumber(value));
    set("enforce_naming_style", STYLE_LEGACY);
    if kind == DescriptorKind::File {
        set("default_symbol_visibility", EXPORT_ALL);
    }
}
