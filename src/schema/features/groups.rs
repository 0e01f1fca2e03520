//! Fields between tags, as groups that every client takes.
//!
//! To proto2 such a field is a group, whose message is declared beside it and has its name but for case. Clients in Go refuse
//! another. So where an edition has another, the field gets a copy of its message there: the bytes are the same, and only the
//! name of the type differs, which no bytes have. A message that holds itself is copied a few times, and has no fields then:
//! clients see what is in it as unknown fields.

use std::collections::{BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use prost_types::field_descriptor_proto::Type;

use super::lower::{delimited, features_of, is_map_entry, lowered_message, text, varint};
use super::set::{Edition, FeatureSet, PROTO2, PROTO3};
use crate::schema::name::qualified;
use crate::schema::wire::{DescriptorKind, RecordValue, put, records};

/// How many copies of messages a file gets, how often a message is copied into copies of itself, and how deep copies nest.
const MAX_COPIES: usize = 1000;
const MAX_WITHIN: usize = 3;
const MAX_DEPTH: usize = 30;

/// Numbers of fields of descriptors.
const NAME: u32 = 1;
const DEPENDENCY: u32 = 3;
const FIELD: u32 = 2;
const NESTED: u32 = 3;
const ENUM: u32 = 4;
const RANGE: u32 = 5;
const EXTENSION: u32 = 6;
const OPTIONS: u32 = 7;
const ONEOF: u32 = 8;
const TYPE: u32 = 5;
const TYPE_NAME: u32 = 6;

/// The types of the files so far. They are read when a copy is made.
#[derive(Debug, Default)]
pub(super) struct Types {
    files: Vec<Bytes>,
    /// How many of the files have been read.
    read: usize,
    by_name: HashMap<String, Origin>,
}

/// Where a type comes from.
#[derive(Debug, Clone)]
struct Origin {
    file: usize,
    /// The serialized message and the features around it; `None` for an enum.
    message: Option<(Bytes, FeatureSet)>,
}

impl Types {
    /// Notes the next file.
    pub(super) fn add(&mut self, file: &Bytes) {
        self.files.push(file.clone());
    }

    fn get(&mut self, name: &str) -> Option<Origin> {
        while self.read < self.files.len() {
            self.read_file(self.read);
            self.read += 1;
        }
        self.by_name.get(name).cloned()
    }

    fn read_file(&mut self, index: usize) {
        let file = self.files[index].clone();
        let edition = varint(&file, 14).and_then(|edition| Edition::try_from(edition).ok());
        let edition = edition.unwrap_or(if text(&file, 12) == "proto3" {
            PROTO3
        } else {
            PROTO2
        });
        let features = features_of(DescriptorKind::File, &file, &FeatureSet::of_edition(edition));
        let package = text(&file, 2);
        let messages = delimited(&file, 4).into_iter();
        let mut waiting: Vec<(String, &[u8], FeatureSet)> = messages
            .map(|message| (package.to_owned(), message, features))
            .collect();
        let mut note = |name: String, message: Option<(Bytes, FeatureSet)>| {
            self.by_name.insert(name, Origin { file: index, message });
        };
        for found in delimited(&file, 5) {
            note(qualified(package, text(found, NAME)), None);
        }
        while let Some((scope, message, above)) = waiting.pop() {
            let name = qualified(&scope, text(message, NAME));
            let own = features_of(DescriptorKind::Message, message, &above);
            for found in delimited(message, ENUM) {
                note(qualified(&name, text(found, NAME)), None);
            }
            let nested = delimited(message, NESTED).into_iter();
            waiting.extend(nested.map(|nested| (name.clone(), nested, own)));
            note(name, Some((file.slice_ref(message), above)));
        }
    }
}

/// A file of proto2 whose groups are all such as proto2 has. `types` have the files that it imports, and itself.
pub(super) fn with_proper_groups(file: Vec<u8>, types: &mut Types) -> Vec<u8> {
    let package = text(&file, 2).to_owned();
    if !has_odd_group(&file, &package, true) {
        return file;
    }
    let mut copying = Copying {
        types,
        left: MAX_COPIES,
        within: Vec::new(),
        needed: BTreeSet::new(),
    };
    let mut proper = copying.members(&file, &package, Kind::File);
    let own = [text(&file, NAME)];
    let imported: HashSet<&[u8]> = delimited(&file, DEPENDENCY).into_iter().collect();
    for needed in &copying.needed {
        let name = text(&copying.types.files[*needed], NAME);
        if !own.contains(&name) && !imported.contains(name.as_bytes()) {
            put(DEPENDENCY, name.as_bytes(), &mut proper);
        }
    }
    proper
}

/// What the members are those of.
#[derive(Clone, Copy)]
enum Kind<'n> {
    File,
    Message,
    /// The copy of a message with this full name.
    Copy(&'n str),
}

impl Kind<'_> {
    /// The numbers of its extensions and of its messages.
    fn numbers(self) -> (u32, u32) {
        match self {
            Self::File => (7, 4),
            Self::Message | Self::Copy(_) => (EXTENSION, NESTED),
        }
    }
}

struct Copying<'t> {
    types: &'t mut Types,
    /// How many copies there may still be.
    left: usize,
    /// The messages whose copies are being made, from the outermost.
    within: Vec<String>,
    /// The files whose types the copies refer to.
    needed: BTreeSet<usize>,
}

impl Copying<'_> {
    /// The members of a file or a message, whose name is that of the package or the message.
    fn members(&mut self, bytes: &[u8], name: &str, kind: Kind<'_>) -> Vec<u8> {
        let (extensions, messages) = kind.numbers();
        let is_copy = matches!(kind, Kind::Copy(_));
        let mut names = Names::of(bytes, kind);
        let mut proper = Vec::with_capacity(bytes.len());
        let mut copies = Vec::new();
        for record in records(bytes).flatten() {
            match (record.number, record.value) {
                (NAME, _) if is_copy => {}
                (EXTENSION | ENUM | RANGE, _) if is_copy => {}
                // A message set has nothing but extensions, and nothing extends a copy.
                (OPTIONS, RecordValue::Delimited(options)) if is_copy && varint(options, 1) == Some(1) => {}
                (number, RecordValue::Delimited(field))
                    if number == extensions || (number == FIELD && !matches!(kind, Kind::File)) =>
                {
                    let (field, copy) = self.field(field, name, kind, &mut names);
                    put(number, &field, &mut proper);
                    copies.extend(copy);
                }
                (number, RecordValue::Delimited(nested)) if number == messages => {
                    if is_copy {
                        if is_map_entry(nested) {
                            self.note_types(nested);
                            proper.extend_from_slice(record.whole);
                        }
                        continue;
                    }
                    let inner = qualified(name, text(nested, NAME));
                    put(number, &self.members(nested, &inner, Kind::Message), &mut proper);
                }
                _ => proper.extend_from_slice(record.whole),
            }
        }
        for copy in copies {
            put(messages, &copy, &mut proper);
        }
        proper
    }

    /// A field or an extension, and the copy of its message if it needs one.
    fn field(
        &mut self,
        field: &[u8],
        scope: &str,
        kind: Kind<'_>,
        names: &mut Names,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        let of = text(field, TYPE_NAME).trim_start_matches('.');
        let mut renamed = None;
        let mut copy = None;
        let mut retyped = None;
        if is_odd_group(field, scope) {
            let (name, message) = names.pair(text(field, NAME));
            let full = qualified(scope, &message);
            copy = Some(self.copy(of, &full));
            retyped = Some(full);
            renamed = Some(name);
        } else if let Kind::Copy(original) = kind {
            match of.strip_prefix(original).and_then(|rest| rest.strip_prefix('.')) {
                Some(entry) if names.entries.contains(entry) => retyped = Some(qualified(scope, entry)),
                _ => self.note_type(of),
            }
        }
        let mut proper = Vec::with_capacity(field.len() + 16);
        for record in records(field).flatten() {
            match (record.number, &renamed, &retyped) {
                (NAME, Some(name), _) => put(NAME, name.as_bytes(), &mut proper),
                (TYPE_NAME, _, Some(full)) => put(TYPE_NAME, format!(".{full}").as_bytes(), &mut proper),
                _ => proper.extend_from_slice(record.whole),
            }
        }
        (proper, copy)
    }

    /// A copy of a message under another full name.
    fn copy(&mut self, of: &str, full: &str) -> Vec<u8> {
        let mut copy = Vec::new();
        let name = full.rsplit('.').next().unwrap_or(full);
        put(NAME, name.as_bytes(), &mut copy);
        let count = self.within.iter().filter(|within| *within == of).count();
        let origin = self.types.get(of).and_then(|origin| origin.message);
        if let Some((message, above)) = origin
            && count < MAX_WITHIN
            && self.left > 0
            && self.within.len() < MAX_DEPTH
        {
            self.left -= 1;
            let scope = of.rsplit_once('.').map_or("", |(scope, _)| scope);
            let lowered = lowered_message(&message, &above, scope);
            self.within.push(of.to_owned());
            copy.extend(self.members(&lowered, full, Kind::Copy(of)));
            self.within.pop();
        }
        copy
    }

    /// Notes the types of the fields of an entry of a map.
    fn note_types(&mut self, entry: &[u8]) {
        for field in delimited(entry, FIELD) {
            self.note_type(text(field, TYPE_NAME).trim_start_matches('.'));
        }
    }

    fn note_type(&mut self, name: &str) {
        if let Some(origin) = self.types.get(name).filter(|_| !name.is_empty()) {
            self.needed.insert(origin.file);
        }
    }
}

/// The names in a scope.
struct Names {
    taken: HashSet<String>,
    /// Those of the entries of maps.
    entries: HashSet<String>,
}

impl Names {
    fn of(bytes: &[u8], kind: Kind<'_>) -> Self {
        let (lists, enums): (&[u32], u32) = match kind {
            Kind::File => (&[4, 5, 6, 7], 5),
            // A copy has neither the messages nor the enums.
            Kind::Copy(_) => (&[FIELD, ONEOF], ENUM),
            Kind::Message => (&[FIELD, NESTED, ENUM, EXTENSION, ONEOF], ENUM),
        };
        let named = lists.iter().flat_map(|list| delimited(bytes, *list));
        let values = delimited(bytes, enums)
            .into_iter()
            .flat_map(|found| delimited(found, 2));
        let entries = delimited(bytes, NESTED).into_iter();
        let entries = entries.filter(|nested| !matches!(kind, Kind::File) && is_map_entry(nested));
        let entries: HashSet<String> = entries.map(|entry| text(entry, NAME).to_owned()).collect();
        let taken = named.chain(values).map(|named| text(named, NAME).to_owned());
        Self {
            taken: taken.chain(entries.iter().cloned()).collect(),
            entries,
        }
    }

    /// The names of a group for a field: of the field, in small letters, and of its message, with a capital at least.
    fn pair(&mut self, field: &str) -> (String, String) {
        let mut name = field.to_ascii_lowercase();
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            name.insert(0, 'x');
        }
        loop {
            let is_free = name == field || !self.taken.contains(&name);
            let messages = (1..=name.len()).map(|capitals| {
                let (front, rest) = name.split_at(capitals);
                format!("{}{rest}", front.to_ascii_uppercase())
            });
            let message = messages
                .filter(|_| is_free)
                .find(|message| !self.taken.contains(message));
            if let Some(message) = message {
                self.taken.extend([name.clone(), message.clone()]);
                return (name, message);
            }
            name.push('_');
        }
    }
}

/// Whether a field in a scope is a group that proto2 does not have.
fn is_odd_group(field: &[u8], scope: &str) -> bool {
    if varint(field, TYPE) != Some(Type::Group as u64) {
        return false;
    }
    let of = text(field, TYPE_NAME).trim_start_matches('.');
    let (parent, message) = of.rsplit_once('.').unwrap_or(("", of));
    let has_capital = message.starts_with(|first: char| first.is_ascii_uppercase());
    parent != scope || !has_capital || message.to_ascii_lowercase() != text(field, NAME)
}

/// Whether there is such a group in a file or a message.
fn has_odd_group(bytes: &[u8], scope: &str, is_file: bool) -> bool {
    let kind = if is_file { Kind::File } else { Kind::Message };
    let (extensions, messages) = kind.numbers();
    let fields = delimited(bytes, extensions).into_iter();
    let own = delimited(bytes, FIELD).into_iter().filter(|_| !is_file);
    let mut fields = fields.chain(own);
    fields.any(|field| is_odd_group(field, scope)) || {
        let mut nested = delimited(bytes, messages).into_iter();
        nested.any(|nested| has_odd_group(nested, &qualified(scope, text(nested, NAME)), false))
    }
}
