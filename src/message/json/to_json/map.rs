//! Prints maps: each key once, with the value that came last, in the order of the keys.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::entry::{Entry, Key};
use super::notes::{Contents, Parts, Range};
use super::printer::Printer;
use super::scalar::{Scalar, as_text, put_json, put_quoted};
use crate::message::check::MAX_DEPTH;
use crate::message::error::MessageError;
use crate::schema::{JsonFields, JsonKind};

/// The fields of an entry.
const KEY: u32 = 1;
const VALUE: u32 = 2;

impl<'w> Printer<'w, '_> {
    /// Returns whether there is an entry.
    pub(super) fn map(
        &mut self,
        fields: &'w JsonFields,
        key: JsonKind,
        value: JsonKind,
        parts: Parts,
        depth: u32,
    ) -> Result<bool, MessageError> {
        let first = self.entries.len();
        for index in parts.first..parts.last {
            let contents = self.delimited_at(self.notes.parts[index].at)?;
            let key = self.key_of(key, contents)?;
            self.entries.push(Entry { key, contents });
        }
        self.sort_entries(first);
        let last = self.entries.len();
        let mut separator = b'{';
        for index in first..last {
            let Entry { key: at, contents } = self.entries[index];
            let start = self.json.len();
            self.json.push(separator);
            self.put_key(key, at);
            if self.entry_value(fields, value, contents, depth)? {
                separator = b',';
            } else {
                self.json.truncate(start);
            }
        }
        self.entries.truncate(first);
        let holds_any = separator == b',';
        if holds_any {
            self.json.push(b'}');
        }
        Ok(holds_any)
    }

    fn key_of(&self, kind: JsonKind, contents: Range) -> Result<Key, MessageError> {
        let mut found = match kind {
            JsonKind::String => Key::Text(Range {
                start: contents.end,
                end: contents.end,
            }),
            _ => Key::Unsigned(0),
        };
        let mut reader = self.reader(contents);
        while !reader.is_empty() {
            let (number, wire_type) = reader.key()?;
            if number != KEY {
                reader.skip(number, wire_type, MAX_DEPTH)?;
                continue;
            }
            let scalar = Scalar::read(kind, &mut reader)?;
            found = match scalar {
                Scalar::Bool(truth) => Key::Unsigned(truth.into()),
                Scalar::I32(number) => Key::Signed(number.into()),
                Scalar::I64(number) => Key::Signed(number),
                Scalar::U32(number) => Key::Unsigned(number.into()),
                Scalar::U64(number) => Key::Unsigned(number),
                Scalar::Text(text) => {
                    let end = contents.end - reader.rest().len() as u32;
                    let start = end - text.len() as u32;
                    Key::Text(Range { start, end })
                }
                _ => found,
            };
        }
        Ok(found)
    }

    /// Sorts the entries from `first` on by their keys, and leaves of each key the last.
    fn sort_entries(&mut self, first: usize) {
        let Self { entries, wire, .. } = self;
        let text = |range: Range| &wire[range.start as usize..range.end as usize];
        let is_utf8 = |entry: &Entry| match entry.key {
            Key::Text(range) => std::str::from_utf8(text(range)).is_ok(),
            _ => true,
        };
        // What is replaced in texts can make two of them one.
        let are_utf8 = entries[first..].iter().all(is_utf8);
        let as_printed = |range: Range| match text(range) {
            bytes if are_utf8 => Cow::Borrowed(bytes),
            bytes => match as_text(bytes) {
                Cow::Borrowed(_) => Cow::Borrowed(bytes),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
        };
        let compare = |one: &Entry, other: &Entry| match (one.key, other.key) {
            (Key::Text(one), Key::Text(other)) => as_printed(one).cmp(&as_printed(other)),
            (one, other) => one.number().cmp(&other.number()),
        };
        let rest = &entries[first..];
        if rest.is_sorted_by(|one, other| compare(one, other) == Ordering::Less) {
            return;
        }
        entries[first..].sort_by(compare);
        let mut kept = first;
        for index in first..entries.len() {
            let entry = entries[index];
            if index + 1 == entries.len() || compare(&entry, &entries[index + 1]) != Ordering::Equal {
                entries[kept] = entry;
                kept += 1;
            }
        }
        entries.truncate(kept);
    }

    fn put_key(&mut self, kind: JsonKind, key: Key) {
        match key {
            Key::Text(range) => {
                let text = &self.wire[range.start as usize..range.end as usize];
                put_json(self.json, &*as_text(text));
            }
            Key::Unsigned(truth) if kind == JsonKind::Bool => put_json(self.json, bool_text(truth != 0)),
            Key::Signed(number) => put_quoted(self.json, |json| put_json(json, &number)),
            Key::Unsigned(number) => put_quoted(self.json, |json| put_json(json, &number)),
        }
        self.json.push(b':');
    }

    /// Prints the value of an entry. Returns `false` for one that a closed enum does not name.
    fn entry_value(
        &mut self,
        fields: &'w JsonFields,
        kind: JsonKind,
        contents: Range,
        depth: u32,
    ) -> Result<bool, MessageError> {
        let mark = self.notes.ranges.len();
        let mut last = None;
        let mut reader = self.reader(contents);
        while !reader.is_empty() {
            let (number, wire_type) = reader.key()?;
            let at = contents.end - reader.rest().len() as u32;
            reader.skip(number, wire_type, MAX_DEPTH)?;
            if number == VALUE {
                last = Some(at);
                if let JsonKind::Message(_) = kind {
                    let range = self.delimited_at(at)?;
                    self.notes.ranges.push(range);
                }
            }
        }
        if let JsonKind::Message(id) | JsonKind::Group(id) = kind {
            let pieces = Contents::Pieces {
                first: mark,
                last: self.notes.ranges.len(),
            };
            self.message(id, pieces, depth)?;
            self.notes.ranges.truncate(mark);
            return Ok(true);
        }
        let scalar = match last {
            Some(at) => Scalar::read(kind, &mut self.reader_from(at))?,
            None => Scalar::absent(kind, fields),
        };
        let is_known = scalar.is_known(fields);
        if is_known {
            self.put(scalar, fields)?;
        }
        Ok(is_known)
    }
}

fn bool_text(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}
