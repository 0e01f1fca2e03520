//! Prints a message: each of its fields from where its parts were noted.

use super::notes::{Contents, Part, Parts};
use super::printer::{Printer, deeper};
use super::scalar::Scalar;
use crate::message::error::MessageError;
use crate::schema::{JsonField, JsonFields, JsonForm, JsonKind, LayoutId, WellKnown};

impl<'w> Printer<'w, '_> {
    /// Prints a message. `depth` is how many messages may be within each other here.
    pub(super) fn message(
        &mut self,
        message: LayoutId,
        contents: Contents,
        depth: u32,
    ) -> Result<(), MessageError> {
        let depth = deeper(depth)?;
        let mark = self.groups.enter();
        self.contents(message, contents, depth)?;
        self.groups.leave(&mark);
        self.expect_room()
    }

    fn contents(&mut self, message: LayoutId, contents: Contents, depth: u32) -> Result<(), MessageError> {
        match self.layouts.json_fields(message).well_known {
            None | Some(WellKnown::Empty) => {
                self.json.push(b'{');
                self.fields(message, contents, true, depth)?;
                self.json.push(b'}');
                Ok(())
            }
            Some(WellKnown::Any) => self.any(contents, depth),
            Some(WellKnown::Wrapper) => self.wrapper(message, contents),
            Some(which @ (WellKnown::Timestamp | WellKnown::Duration)) => self.time(which, contents),
            Some(WellKnown::FieldMask) => self.field_mask(contents),
            Some(which @ (WellKnown::Struct | WellKnown::ListValue | WellKnown::Value)) => {
                self.struct_value(which, message, contents, depth)
            }
        }
    }

    /// Prints the fields of a message, without braces. `is_first` says that nothing is in the braces yet.
    pub(super) fn fields(
        &mut self,
        message: LayoutId,
        contents: Contents,
        mut is_first: bool,
        depth: u32,
    ) -> Result<(), MessageError> {
        let fields = self.layouts.json_fields(message);
        let parts = self.note(self.layouts.get(message), fields, contents)?;
        let mut rest = parts;
        while let Some((field, parts)) = self.next_field(fields, &mut rest) {
            let start = self.json.len();
            if !is_first {
                self.json.push(b',');
            }
            self.json.extend_from_slice(field.printed_name.as_bytes());
            if self.field(fields, field, parts, depth)? {
                is_first = false;
            } else {
                self.json.truncate(start);
            }
        }
        self.notes.parts.truncate(parts.first);
        Ok(())
    }

    /// The field of the next parts, and all of its parts.
    pub(super) fn next_field(
        &self,
        fields: &'w JsonFields,
        rest: &mut Parts,
    ) -> Option<(&'w JsonField, Parts)> {
        let parts = &self.notes.parts[rest.first..rest.last];
        let index = parts.first()?.field();
        let count = parts[1..].iter().take_while(|part| part.field() == index).count() + 1;
        let (first, last) = (rest.first, rest.first + count);
        rest.first = last;
        Some((&fields.list[index], Parts { first, last }))
    }

    /// Prints what a field holds. Returns whether it holds anything; what is printed then is to be taken away.
    pub(super) fn field(
        &mut self,
        fields: &'w JsonFields,
        field: &'w JsonField,
        parts: Parts,
        depth: u32,
    ) -> Result<bool, MessageError> {
        match (field.form, field.kind) {
            (JsonForm::Map { key }, value) => self.map(fields, key, value, parts, depth),
            (JsonForm::List { .. }, _) => self.list(fields, field, parts, depth),
            (JsonForm::One, JsonKind::Message(id) | JsonKind::Group(id)) => {
                let mark = self.notes.ranges.len();
                let contents = self.pieces(field.kind, field.number, parts)?;
                self.message_in(field.kind, id, contents, depth)?;
                self.notes.ranges.truncate(mark);
                Ok(true)
            }
            (JsonForm::One, kind) => {
                let Part { at, .. } = self.notes.parts[parts.last - 1];
                let scalar = Scalar::read(kind, &mut self.reader_from(at))?;
                let is_set = (field.has_presence || !scalar.is_zero()) && scalar.is_known(fields);
                if is_set {
                    self.put(scalar, fields)?;
                }
                Ok(is_set)
            }
        }
    }

    /// Prints a message that is a field's value: the groups in a group are known already.
    pub(super) fn message_in(
        &mut self,
        kind: JsonKind,
        message: LayoutId,
        contents: Contents,
        depth: u32,
    ) -> Result<(), MessageError> {
        match kind {
            JsonKind::Group(_) => {
                self.contents(message, contents, deeper(depth)?)?;
                self.expect_room()
            }
            _ => self.message(message, contents, depth),
        }
    }

    /// The contents of a message that came in these parts.
    pub(super) fn pieces(
        &mut self,
        kind: JsonKind,
        number: u32,
        parts: Parts,
    ) -> Result<Contents, MessageError> {
        let Parts { first, last } = parts;
        if last - first == 1 {
            let at = self.notes.parts[first].at;
            return Ok(Contents::One(self.contents_at(kind, number, at)?));
        }
        let before = self.notes.ranges.len();
        for index in first..last {
            let at = self.notes.parts[index].at;
            let range = self.contents_at(kind, number, at)?;
            self.notes.ranges.push(range);
        }
        Ok(Contents::Pieces {
            first: before,
            last: self.notes.ranges.len(),
        })
    }

    fn list(
        &mut self,
        fields: &'w JsonFields,
        field: &'w JsonField,
        parts: Parts,
        depth: u32,
    ) -> Result<bool, MessageError> {
        let mut separator = b'[';
        for index in parts.first..parts.last {
            let part = self.notes.parts[index];
            if let JsonKind::Message(id) | JsonKind::Group(id) = field.kind {
                self.json.push(separator);
                separator = b',';
                let range = self.contents_at(field.kind, field.number, part.at)?;
                self.message_in(field.kind, id, Contents::One(range), depth)?;
                continue;
            }
            let mut reader = if part.is_packed() {
                self.reader(self.delimited_at(part.at)?)
            } else {
                self.reader_from(part.at)
            };
            while !reader.is_empty() {
                let scalar = Scalar::read(field.kind, &mut reader)?;
                if scalar.is_known(fields) {
                    self.json.push(separator);
                    separator = b',';
                    self.put(scalar, fields)?;
                }
                if !part.is_packed() {
                    break;
                }
            }
        }
        let holds_any = separator == b',';
        if holds_any {
            self.json.push(b']');
        }
        Ok(holds_any)
    }
}
