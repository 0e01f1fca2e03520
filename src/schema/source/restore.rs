//! Puts back what was lowered for the parser: the places of all elements, and the names behind placeholders.

use std::ops::Range;

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::lower::{Lowered, PLACEHOLDER};

/// Makes of the descriptor of a lowered text that of the text that was written.
pub(super) fn restore(lowered: &Lowered<'_>, written: &str, file: &mut FileDescriptorProto) {
    if lowered.is_as_written() {
        return;
    }
    let (from, to) = (Lines::new(&lowered.text), Lines::new(written));
    for location in file
        .source_code_info
        .iter_mut()
        .flat_map(|info| &mut info.location)
    {
        if let Some(span) = from.offsets(&location.span) {
            location.span = to.span(&lowered.written(span));
        }
    }
    if lowered.names.is_empty() {
        return;
    }
    let names = Names(&lowered.names);
    names.types(&mut file.extension);
    names.enums(&mut file.enum_type);
    let mut messages: Vec<&mut DescriptorProto> = file.message_type.iter_mut().collect();
    while let Some(message) = messages.pop() {
        message
            .reserved_name
            .iter_mut()
            .for_each(|name| names.put_back(name));
        names.types(&mut message.field);
        names.types(&mut message.extension);
        names.enums(&mut message.enum_type);
        messages.extend(&mut message.nested_type);
    }
}

/// The names behind placeholders, by number.
struct Names<'n>(&'n [String]);

impl Names<'_> {
    fn types(&self, fields: &mut [FieldDescriptorProto]) {
        fields
            .iter_mut()
            .filter_map(|field| field.type_name.as_mut())
            .for_each(|name| self.put_back(name));
    }

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

/// The lines of a text, to get from spans of `SourceCodeInfo` to offsets and back.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(newlines).collect())
    }

    fn offsets(&self, span: &[i32]) -> Option<Range<usize>> {
        let (start_line, start, end_line, end) = match *span {
            [line, start, end] => (line, start, line, end),
            [line, start, end_line, end] => (line, start, end_line, end),
            _ => return None,
        };
        let offset = |line: i32, column: i32| {
            let start = self.0.get(usize::try_from(line).ok()?)?;
            Some(start + usize::try_from(column).ok()?)
        };
        Some(offset(start_line, start)?..offset(end_line, end)?)
    }

    fn span(&self, offsets: &Range<usize>) -> Vec<i32> {
        let position = |offset: usize| {
            let line = self.0.partition_point(|start| *start <= offset) - 1;
            [line as i32, (offset - self.0[line]) as i32]
        };
        let [start_line, start] = position(offsets.start);
        let [end_line, end] = position(offsets.end);
        if start_line == end_line {
            vec![start_line, start, end]
        } else {
            vec![start_line, start, end_line, end]
        }
    }
}
