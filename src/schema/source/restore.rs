//! Puts back what was lowered for the parser: the places of all elements, and the names behind placeholders.

use prost_types::{EnumDescriptorProto, FileDescriptorProto};

use super::lower::{Lowered, PLACEHOLDER};
use crate::error::{Lines, SourceText};
use crate::schema::each::{each_field, each_message};
use crate::schema::places::{offsets, span};

/// Makes of the descriptor of a lowered text that of the text that was written.
pub(super) fn restore(lowered: &Lowered<'_>, written: &SourceText, file: &mut FileDescriptorProto) {
    if lowered.is_as_written() {
        return;
    }
    let lines = Lines::new(&lowered.text);
    if let Some(info) = &mut file.source_code_info {
        info.location.retain_mut(|location| {
            let Some(offsets) = offsets(&lines, &location.span) else {
                return true;
            };
            let place = lowered.written(offsets.clone());
            location.span = span(written.lines(), &place);
            // What was put in for the parser has no place.
            !place.is_empty() || offsets.is_empty()
        });
    }
    if lowered.names.is_empty() {
        return;
    }
    let names = Names(&lowered.names);
    each_field(file, |field| {
        field.type_name.iter_mut().for_each(|name| names.put_back(name));
    });
    names.enums(&mut file.enum_type);
    each_message(file, |message| {
        message
            .reserved_name
            .iter_mut()
            .for_each(|name| names.put_back(name));
        names.enums(&mut message.enum_type);
    });
}

/// The names behind placeholders, by number.
struct Names<'n>(&'n [String]);

impl Names<'_> {
    fn enums(&self, enums: &mut [EnumDescriptorProto]) {
        enums
            .iter_mut()
            .flat_map(|found| &mut found.reserved_name)
            .for_each(|name| self.put_back(name));
    }

    fn put_back(&self, name: &mut String) {
        let Some(rest) = name.strip_prefix(PLACEHOLDER) else {
            return;
        };
        let (number, rest) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
        if let Some(written) = number.parse().ok().and_then(|number: usize| self.0.get(number)) {
            *name = format!("{written}{rest}");
        }
    }
}
