//! The collections that rules files declare: their names, the types of their messages, and how much of them is kept.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::identifier::{as_identifier, is_identifier};
use crate::cel::CollectionType;
use crate::collection::{Declaration, Durability, Retention};
use crate::duration::parse_nanoseconds;
use crate::error::{Problem, SourceText};
use crate::rules::file::FileCollections;
use crate::schema::{Schema, field_named};
use crate::suggest;
use crate::yaml::{Node, Yaml, entries, find};

/// The keys of a collection.
pub(super) const COLLECTION_KEYS: [&str; 4] = ["type", "key", "keep", "durability"];
/// The keys of what is kept of a collection.
pub(super) const KEEP_KEYS: [&str; 3] = ["count", "size", "age"];
/// What must have happened before a client is told that a message is stored.
pub(super) const DURABILITIES: [&str; 3] = ["memory", "flush", "fsync"];

/// What names do not begin with: tables of a file that are not those of collections do.
const NOT_OURS: [&str; 2] = ["protod_", "sqlite_"];

/// A collection, and where it is declared.
#[derive(Debug)]
pub(in crate::rules) struct DeclaredCollection {
    pub(in crate::rules) declaration: Declaration,
    pub(in crate::rules) source: SourceText,
    pub(in crate::rules) place: Range<usize>,
    key: Option<FieldDescriptor>,
}

impl DeclaredCollection {
    /// The collection as expressions see it.
    pub(super) fn as_type(&self) -> CollectionType {
        CollectionType {
            name: self.declaration.name.to_string(),
            message: self.declaration.message.clone(),
            key: self.key.clone(),
        }
    }
}

/// The collections of all files. Names are those of all files together.
pub(super) fn declared<'f>(
    schema: &Schema,
    files: impl Iterator<Item = &'f FileCollections>,
    problems: &mut Vec<Problem>,
) -> Vec<DeclaredCollection> {
    let mut found = Vec::new();
    let mut places: BTreeMap<String, (String, String)> = BTreeMap::new();
    for file in files {
        for (name, node) in &file.entries {
            let mut reader = Reader {
                schema,
                source: &file.source,
                problems,
            };
            let Some(text) = reader.name(name) else {
                continue;
            };
            let place = place_of(&file.source, name.span.start);
            // A file has tables of these names, whose case does not matter to it.
            if let Some((known, first)) = places.insert(text.to_ascii_lowercase(), (text.clone(), place)) {
                let (message, hint) = if known == text {
                    (
                        format!("the collection `{text}` is declared already, at {first}"),
                        "rules of all files know a collection: declare it once",
                    )
                } else {
                    (
                        format!(
                            "the collections `{text}` and `{known}`, at {first}, differ in capital letters only"
                        ),
                        "a file cannot tell them apart: give one of them another name",
                    )
                };
                let problem = Problem::at(&file.source, name.span.clone(), message);
                problems.push(problem.with_hint(hint));
                continue;
            }
            found.extend(reader.collection(text, name, node));
        }
    }
    found
}

fn place_of(source: &SourceText, at: usize) -> String {
    match source.position(at) {
        Some((line, column)) => format!("{}:{line}:{column}", source.name()),
        None => source.name().to_owned(),
    }
}

/// Reads what is said of a collection.
struct Reader<'r> {
    schema: &'r Schema,
    source: &'r SourceText,
    problems: &'r mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, node: &Node, message: impl Into<String>, hint: Option<impl Into<String>>) {
        let problem = Problem::at(self.source, node.span.clone(), message);
        self.problems.push(problem.with_hint_if(hint));
    }

    fn name(&mut self, node: &Node) -> Option<String> {
        let name = node.key_text().unwrap_or_default();
        if is_identifier(&name) {
            let starts = |prefix: &&&str| {
                name.get(..prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            };
            let Some(prefix) = NOT_OURS.iter().find(starts) else {
                return Some(name);
            };
            let message = format!("a collection has no name that begins with `{prefix}`");
            self.problem(
                node,
                message,
                Some("a file of collections has tables of such names"),
            );
            return None;
        }
        let hint = as_identifier(&name).map(|meant| format!("write `{meant}`"));
        self.problem(node, "a collection has a name of letters, digits and `_`", hint);
        None
    }

    fn collection(&mut self, name: String, name_node: &Node, node: &Node) -> Option<DeclaredCollection> {
        let before = self.problems.len();
        let said = self.said(&name, node)?;
        let value = |name: &str| said.iter().find(|(key, _)| *key == name).map(|(_, node)| *node);
        let message = value("type").and_then(|node| self.message_type(node));
        let key = value("key").zip(message.as_ref());
        let key = key.and_then(|(node, message)| self.key(node, message));
        let keep = value("keep").map(|node| self.retention(node)).unwrap_or_default();
        let durability = value("durability")
            .map(|node| self.durability(node))
            .unwrap_or_default();
        let message = message.filter(|_| self.problems.len() == before)?;
        Some(DeclaredCollection {
            declaration: Declaration {
                name: name.into(),
                message,
                key: key.as_ref().map(FieldDescriptor::number),
                keep,
                durability,
            },
            source: self.source.clone(),
            place: name_node.span.clone(),
            key,
        })
    }

    /// What is said of a collection, by its keys. The name of a type is short for that alone.
    fn said<'n>(&mut self, name: &str, node: &'n Node) -> Option<Vec<(&'static str, &'n Node)>> {
        if node.text().is_some() {
            return Some(vec![("type", node)]);
        }
        let what = "a collection: the name of a message type, or a mapping with `type`";
        let entries = entries(self.source, self.problems, node, what, &COLLECTION_KEYS, |_| None)?;
        let value = |key: &'static str| Some((key, find(&entries, key)?.value));
        let said: Vec<_> = COLLECTION_KEYS.into_iter().filter_map(value).collect();
        // If there is an unknown key, it was reported already, and is probably `type` misspelt.
        if value("type").is_none() && entries.len() == node.entries() {
            let hint = Some(format!("such as `{name}: {{type: package.Message}}`"));
            self.problem(node, "a collection needs a `type`", hint);
        }
        Some(said)
    }

    fn message_type(&mut self, node: &Node) -> Option<MessageDescriptor> {
        let Some(name) = node.text() else {
            let message = format!("expected the name of a message type, found {}", node.kind());
            self.problem(node, message, Some("such as `package.Message`"));
            return None;
        };
        let pool = self.schema.pool();
        if let Some(found) = pool.get_message_by_name(name.trim_start_matches('.')) {
            return Some(found);
        }
        let known: Vec<MessageDescriptor> = pool.all_messages().filter(|of| !of.is_map_entry()).collect();
        let mut short = known.iter().filter(|of| of.name() == name);
        let hint = match short.next() {
            Some(found) => Some(format!("did you mean `{}`?", found.full_name())),
            None => suggest::hint(name, known.iter().map(MessageDescriptor::full_name)),
        };
        self.problem(node, format!("there is no message type `{name}`"), hint);
        None
    }

    /// The field by which messages are found: one whose values can be compared for equality.
    fn key(&mut self, node: &Node, message: &MessageDescriptor) -> Option<FieldDescriptor> {
        let Some(name) = node.text() else {
            let problem = format!("expected the name of a field, found {}", node.kind());
            self.problem(node, problem, None::<String>);
            return None;
        };
        let Some(field) = field_named(message, name) else {
            let fields: Vec<FieldDescriptor> = message.fields().collect();
            let hint = suggest::hint(name, fields.iter().map(FieldDescriptor::name));
            let problem = format!("the message {} has no field `{name}`", message.full_name());
            self.problem(node, problem, hint);
            return None;
        };
        let is_number = matches!(field.kind(), Kind::Double | Kind::Float);
        if field.is_list() || field.is_map() || matches!(field.kind(), Kind::Message(_)) || is_number {
            let problem = format!("`{name}` cannot be a key: {}", kind_of(&field));
            let hint = "a key is a single field: a text, an integer, a bool, an enum or bytes";
            self.problem(node, problem, Some(hint));
            return None;
        }
        Some(field)
    }

    fn retention(&mut self, node: &Node) -> Retention {
        let mut keep = Retention::default();
        let what = "what is kept, such as `{count: 1000000}`";
        let Some(entries) = entries(self.source, self.problems, node, what, &KEEP_KEYS, |_| None) else {
            return keep;
        };
        for entry in &entries {
            let node = entry.value;
            match entry.name.as_str() {
                "count" => {
                    keep.count = match &node.value {
                        Yaml::Int(count) => u64::try_from(*count).ok().filter(|count| *count > 0),
                        _ => None,
                    };
                    if keep.count.is_none() {
                        let message = "`count` is how many messages are kept, a number from 1";
                        self.problem(node, message, Some("such as `count: 1000000`"));
                    }
                }
                "size" => {
                    keep.size = match &node.value {
                        Yaml::Int(size) => u64::try_from(*size).ok(),
                        Yaml::Text(text) => bytes_of(text),
                        _ => None,
                    };
                    if keep.size.is_none() {
                        let message = "`size` is how many bytes of messages are kept";
                        self.problem(node, message, Some("such as `size: 64MiB`"));
                    }
                }
                _ => {
                    keep.age = node.text().and_then(age_of);
                    if keep.age.is_none() {
                        let message = "`age` is how long messages are kept, a duration";
                        self.problem(node, message, Some("such as `age: 7d` or `age: 12h`"));
                    }
                }
            }
        }
        keep
    }

    fn durability(&mut self, node: &Node) -> Durability {
        match node.text() {
            Some("memory") => Durability::Memory,
            Some("flush") => Durability::Flush,
            Some("fsync") => Durability::Fsync,
            other => {
                let hint = other.and_then(|other| suggest::did_you_mean(other, DURABILITIES));
                let message = format!("`durability` is one of `{}`", DURABILITIES.join("`, `"));
                self.problem(node, message, hint);
                Durability::default()
            }
        }
    }
}

/// What kind of field it is that is no key.
fn kind_of(field: &FieldDescriptor) -> &'static str {
    if field.is_map() {
        "it is a map"
    } else if field.is_list() {
        "it is a list"
    } else if matches!(field.kind(), Kind::Message(_)) {
        "it is a message"
    } else {
        "it is a floating-point number"
    }
}

/// A number of bytes with a unit of 1024.
fn bytes_of(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
        .unwrap_or((text, 1));
    let bytes = number.trim_end().parse::<u64>().ok()?.checked_mul(unit)?;
    (bytes > 0).then_some(bytes)
}

/// A duration, of which `d` is a day.
fn age_of(text: &str) -> Option<Duration> {
    if let Some(days) = text.strip_suffix('d') {
        let days: u64 = days.parse().ok()?;
        return days.checked_mul(24 * 60 * 60).map(Duration::from_secs);
    }
    let nanos = u64::try_from(parse_nanoseconds(text)?).ok()?;
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}
