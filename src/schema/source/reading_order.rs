//! The order of source info: protoc's parser notes an element when it begins to read it.
//!
//! So the places are in the order of the text, and an element comes before what is in it. Three kinds are noted at another
//! place than the one they begin at, which [`Turns`] knows: what an `extend` block extends, the message of a group, and
//! options that several ranges share. Our parser sorts by path, which is where this starts from.

use std::collections::HashMap;

use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

use crate::schema::wire::DescriptorKind;

/// The numbers of fields of `FieldDescriptorProto`.
const EXTENDEE: i32 = 2;
const NUMBER: i32 = 3;
const TYPE: i32 = 5;
const TYPE_NAME: i32 = 6;
const FIELD_OPTIONS: i32 = 8;
/// Of `DescriptorProto`.
const FIELD: i32 = 2;
const MESSAGE_NAME: i32 = 1;
/// Of `DescriptorProto.ExtensionRange`.
const RANGE_OPTIONS: i32 = 3;

/// Puts the places of a file, which are sorted by path, in the order in which protoc reads the elements.
pub(super) fn put_in_reading_order(file: &mut FileDescriptorProto) {
    let Some(info) = &mut file.source_code_info else {
        return;
    };
    let mut turns = Turns::of(&info.location).turns;
    turns.sort_unstable();
    // Each place is swapped once, to where it stays.
    for first in 0..turns.len() {
        let mut to = first;
        loop {
            let from = std::mem::replace(&mut turns[to].index, to);
            if from == first {
                break;
            }
            info.location.swap(to, from);
            to = from;
        }
    }
}

/// A line, and a column below it.
type Position = u64;

/// When an element is read. The first of two that differ decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// Where the parser is when it notes the first place of this statement or part.
    at: Position,
    /// Which range it is of those that share options: protoc notes all options for each of them.
    range: i32,
    /// Where the parser is when it notes this place.
    then: Position,
    /// How deep the element is.
    depth: usize,
    /// The field that it is of the element around it.
    number: i32,
    /// Where the place is in the order of paths.
    index: usize,
}

/// The turns of the places of a file.
#[derive(Debug)]
struct Turns {
    turns: Vec<Turn>,
    groups: Vec<Group>,
}

/// A group is a field and a message. protoc notes the message, and that it is the type of the field, at its braces.
#[derive(Debug)]
struct Group {
    /// Where the field begins, and the message with it.
    start: Position,
    /// Where what is in front of the braces ends.
    header_end: Position,
    /// The index of the place of the field's type.
    type_name: usize,
}

impl Turns {
    fn of(locations: &[Location]) -> Self {
        let mut found = Self {
            turns: locations.iter().zip(0..).map(Turn::in_text).collect(),
            groups: Vec::new(),
        };
        // Of the last element, in the order of paths.
        let mut element = Position::default();
        let mut number_end = Position::default();
        let mut options = Position::default();
        for (index, location) in locations.iter().enumerate() {
            let target = PathTarget::of(&location.path);
            let turn = &mut found.turns[index];
            match (target.kind, target.rest) {
                (_, []) => element = turn.at,
                // Each extension has a place for what it extends.
                (DescriptorKind::Field, [EXTENDEE]) if target.is_extension => turn.note_at(element),
                (DescriptorKind::Field, [NUMBER]) => number_end = end(location),
                // No other field has both.
                (DescriptorKind::Field, [TYPE_NAME]) if follows_type(locations, index) => {
                    found.groups.push(Group {
                        start: element,
                        header_end: number_end,
                        type_name: index,
                    });
                }
                (DescriptorKind::Field, [FIELD_OPTIONS]) => {
                    if let Some(group) = found.groups.last_mut().filter(|group| group.start == element) {
                        group.header_end = end(location);
                    }
                }
                (DescriptorKind::ExtensionRange, [RANGE_OPTIONS, inner @ ..]) => {
                    if inner.is_empty() {
                        options = turn.at;
                    }
                    turn.at = options;
                    turn.range = target.index;
                }
                _ => {}
            }
        }
        found.note_groups(locations);
        found
    }

    /// Notes groups at their braces.
    fn note_groups(&mut self, locations: &[Location]) {
        if self.groups.is_empty() {
            return;
        }
        for group in &self.groups {
            self.turns[group.type_name].note_at(group.header_end);
        }
        let header_ends: HashMap<Position, Position> = self
            .groups
            .iter()
            .map(|group| (group.start, group.header_end))
            .collect();
        let mut group = None;
        for (turn, location) in self.turns.iter_mut().zip(locations) {
            let target = PathTarget::of(&location.path);
            match (target.kind, target.rest) {
                (DescriptorKind::Message, []) => group = header_ends.get(&turn.at),
                (DescriptorKind::Message, [MESSAGE_NAME]) => {}
                _ => continue,
            }
            if let Some(header_end) = group {
                turn.note_at(*header_end);
            }
        }
    }
}

impl Turn {
    /// The turn of an element that is noted where it begins.
    fn in_text((location, index): (&Location, usize)) -> Self {
        let start = start(location);
        Self {
            at: start,
            range: 0,
            then: start,
            depth: location.path.len(),
            number: location.path.last().copied().unwrap_or_default(),
            index,
        }
    }

    fn note_at(&mut self, position: Position) {
        self.at = position;
        self.then = position;
    }
}

/// What a path leads to.
#[derive(Debug)]
struct PathTarget<'p> {
    /// The last element on the path.
    kind: DescriptorKind,
    is_extension: bool,
    /// Its index among those like it.
    index: i32,
    /// What of the path is below it.
    rest: &'p [i32],
}

impl<'p> PathTarget<'p> {
    fn of(path: &'p [i32]) -> Self {
        let mut target = Self {
            kind: DescriptorKind::File,
            is_extension: false,
            index: 0,
            rest: path,
        };
        while let [number, index, rest @ ..] = target.rest
            && let Ok(known) = u32::try_from(*number)
            && let Some(kind) = target.kind.child(known)
            && kind != DescriptorKind::Options
        {
            let is_member = target.kind == DescriptorKind::Message && *number == FIELD;
            target = Self {
                kind,
                is_extension: kind == DescriptorKind::Field && !is_member,
                index: *index,
                rest,
            };
        }
        target
    }
}

/// Whether the place before this one is that of the field's type.
fn follows_type(locations: &[Location], index: usize) -> bool {
    let (Some(before), [field @ .., _]) = (locations[..index].last(), &*locations[index].path) else {
        return false;
    };
    before.path.strip_prefix(field) == Some(&[TYPE])
}

fn start(location: &Location) -> Position {
    match *location.span {
        [line, column, ..] => position(line, column),
        _ => Position::default(),
    }
}

fn end(location: &Location) -> Position {
    match *location.span {
        [line, _, column] | [_, _, line, column] => position(line, column),
        _ => Position::default(),
    }
}

/// The parser counts from 0.
fn position(line: i32, column: i32) -> Position {
    u64::from(line.unsigned_abs()) << 32 | u64::from(column.unsigned_abs())
}
