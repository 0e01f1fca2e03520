//! Puts back what was lowered for the parser: the places of all elements, and the names behind placeholders.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use super::lower::PLACEHOLDER;
use super::lowered::Lowered;
use crate::error::{Lines, SourceText};
use crate::schema::each::{each_field, each_message};
use crate::schema::places::{offsets, span};

/// Makes of the descriptor of a lowered text that of the text that was written.
pub(super) fn restore(lowered: &Lowered<'_>, written: &SourceText, file: &mut FileDescriptorProto) {
    if lowered.is_as_written() {
        return;
    }
    let lines = Lines::new(&lowered.text);
    let mut numbers = Vec::new();
    if let Some(info) = &mut file.source_code_info {
        info.location.retain_mut(|location| {
            let Some(offsets) = offsets(&lines, &location.span) else {
                return true;
            };
            let mut place = match offsets.end {
                // A text without a token ends where it begins, and begins where it ends.
                0 => lowered.written(offsets.start..offsets.start).start..0,
                _ => lowered.written(offsets.clone()),
            };
            // A default is placed at its value, and an option at its name.
            if let Some(value) = lowered.text_defaults.get(&place.start) {
                place.start = *value;
            }
            location.span = span(written.lines(), &place);
            if let Some(number) = lowered.numbers.get(&place.start) {
                numbers.push((location.path.clone(), *number));
            }
            // What was put in for the parser has no place.
            !place.is_empty() || offsets.is_empty()
        });
    }
    for (path, number) in numbers {
        // A number that does not fit stays small, and its range is refused.
        let _ = put_back_number(file, &path, number);
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

/// Puts a number where a small one stands for it: the number of a field, or an end of a range.
fn put_back_number(file: &mut FileDescriptorProto, path: &[i32], number: i32) -> Option<()> {
    match *path {
        [7, extension, 3] => file.extension.get_mut(index(extension)?)?.number = Some(number),
        [5, found, ref path @ ..] => put_back_in_enum(file.enum_type.get_mut(index(found)?)?, path, number)?,
        [4, message, ref path @ ..] => {
            put_back_in_message(file.message_type.get_mut(index(message)?)?, path, number)?;
        }
        _ => {}
    }
    Some(())
}

fn put_back_in_message(message: &mut DescriptorProto, path: &[i32], number: i32) -> Option<()> {
    // The end of a range is exclusive.
    let end = number.wrapping_add(1);
    match *path {
        [3, nested, ref path @ ..] => {
            put_back_in_message(message.nested_type.get_mut(index(nested)?)?, path, number)?;
        }
        [4, found, ref path @ ..] => {
            put_back_in_enum(message.enum_type.get_mut(index(found)?)?, path, number)?;
        }
        [2, field, 3] => message.field.get_mut(index(field)?)?.number = Some(number),
        [6, extension, 3] => message.extension.get_mut(index(extension)?)?.number = Some(number),
        [5, range, 1] => message.extension_range.get_mut(index(range)?)?.start = Some(number),
        [5, range, 2] => message.extension_range.get_mut(index(range)?)?.end = Some(end),
        [9, range, 1] => message.reserved_range.get_mut(index(range)?)?.start = Some(number),
        [9, range, 2] => message.reserved_range.get_mut(index(range)?)?.end = Some(end),
        _ => {}
    }
    Some(())
}

fn put_back_in_enum(found: &mut EnumDescriptorProto, path: &[i32], number: i32) -> Option<()> {
    match *path {
        [4, range, 1] => found.reserved_range.get_mut(index(range)?)?.start = Some(number),
        [4, range, 2] => found.reserved_range.get_mut(index(range)?)?.end = Some(number),
        _ => {}
    }
    Some(())
}

fn index(index: i32) -> Option<usize> {
    usize::try_from(index).ok()
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
