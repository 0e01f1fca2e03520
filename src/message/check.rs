//! One pass over the bytes of a message that checks all of them, and picks out what a plan reads.
//!
//! After it, nothing about the bytes can be wrong: wire types fit the descriptor, lengths add up, strings of proto3 are
//! UTF-8, nesting and the number of elements are bounded. Unknown fields are well formed and stay in the bytes, and so do
//! numbers that a closed enum does not name.

use super::pick::{PickNode, Picked, Picker, Raw};
use super::wire::{Malformed, Reader, WireType};
use crate::schema::{FieldLayout, Layout, LayoutId, Layouts, Shape};

/// Sub-messages and groups may be nested this deep; prost's own limit.
pub(crate) const MAX_DEPTH: u32 = 100;

/// How many messages that are within each other this makes, the outermost one included.
pub(crate) const MAX_NESTED: u32 = MAX_DEPTH + 1;

/// How many values one message may hold, by default: every occurrence of a field counts, known or not, in unknown groups
/// too, and every element of a packed field. A [`Value`](prost_reflect::Value) takes 56 bytes and an unknown field 48, so
/// long lists of them decode to about 60 MiB. Short lists and sub-messages have room for more than they hold: at worst,
/// which is lists of one message with a list of one message in it, an element takes 900 bytes.
pub(crate) const DEFAULT_MAX_ELEMENTS: u32 = 1 << 20;

/// How much one message may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Values, each element of a list counted.
    pub(crate) max_elements: u32,
    /// Levels of sub-messages and groups; no more than [`MAX_DEPTH`].
    pub(crate) max_depth: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_elements: DEFAULT_MAX_ELEMENTS,
            max_depth: MAX_DEPTH,
        }
    }
}

/// Checks the bytes of one message.
#[inline]
pub(crate) fn check(
    layouts: &Layouts,
    layout: LayoutId,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<(), Malformed> {
    let picked = &mut Picked::default();
    let mut check = Check::new(layouts, None, bytes, bounds, picked);
    check.fields::<false, false>(layouts.get(layout), None, None, bytes, bounds.max_depth)
}

/// In which order the fields of a message stand in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By their numbers, in the message and in all that are in it, and each once: the values of a list stand together. So they
    /// are written by nearly everybody.
    Ascending,
    Any,
}

/// Checks the bytes of one message, and tells in which order its fields stand.
#[inline]
pub(crate) fn check_order(
    layouts: &Layouts,
    layout: LayoutId,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<Order, Malformed> {
    let picked = &mut Picked::default();
    let mut check = Check::new(layouts, None, bytes, bounds, picked);
    check.fields::<false, true>(layouts.get(layout), None, None, bytes, bounds.max_depth)?;
    Ok(check.order)
}

/// Checks the bytes of one message of the picker's root type, and fills its slots.
#[inline]
pub(crate) fn check_and_pick(
    layouts: &Layouts,
    picker: &Picker,
    bytes: &[u8],
    bounds: Bounds,
    picked: &mut Picked,
) -> Result<(), Malformed> {
    picked.clear();
    let root = picker.root();
    let mut check = Check::new(layouts, Some(picker), bytes, bounds, picked);
    let layout = layouts.get(root.layout);
    check.fields::<true, false>(layout, Some(root), None, bytes, bounds.max_depth)
}

struct Check<'c> {
    layouts: &'c Layouts,
    picker: Option<&'c Picker>,
    /// The whole message.
    bytes: &'c [u8],
    picked: &'c mut Picked,
    /// What is left of the budget.
    elements: u32,
    bounds: Bounds,
    order: Order,
    /// What comes after the group that has just ended.
    after_group: &'c [u8],
}

/// A field whose key is not [short](Layout::index_of_short_key).
enum Other {
    /// Its value is still to be read; the field's index.
    Value(usize),
    /// It is a field that is read; its index.
    Packed(usize),
    /// It is no field of the message, and is read.
    Unknown,
    /// It was no field, but the end of the group.
    GroupEnd,
}

impl<'c> Check<'c> {
    fn new(
        layouts: &'c Layouts,
        picker: Option<&'c Picker>,
        bytes: &'c [u8],
        bounds: Bounds,
        picked: &'c mut Picked,
    ) -> Self {
        Self {
            layouts,
            picker,
            bytes,
            picked,
            elements: bounds.max_elements,
            bounds,
            order: Order::Ascending,
            after_group: &[],
        }
    }

    /// Reads fields to the end of the bytes, or of the group of that number. `PICK` says whether there is a picker, so
    /// that a check without one is compiled without what picking needs, and `ORDER` whether somebody asks for the order. The reader can stay in registers, because nothing
    /// that is called here takes it by reference.
    fn fields<const PICK: bool, const ORDER: bool>(
        &mut self,
        layout: &Layout,
        node: Option<&PickNode>,
        group: Option<u32>,
        bytes: &'c [u8],
        depth: u32,
    ) -> Result<(), Malformed> {
        let mut reader = Reader::new(bytes);
        // The index of the lowest field that may come next.
        let mut lowest = 0;
        loop {
            let Some(byte) = reader.peek() else {
                return if group.is_none() {
                    Ok(())
                } else {
                    Err(Malformed::Truncated)
                };
            };
            let index = if let Some(index) = layout.index_of_short_key(byte) {
                reader.pass();
                index
            } else {
                let other;
                (other, reader) = self.other_field(layout, group, reader, depth)?;
                match other {
                    Other::Value(index) => index,
                    Other::Packed(index) => {
                        if ORDER {
                            self.note_order(&mut lowest, index, layout);
                        }
                        continue;
                    }
                    Other::Unknown => continue,
                    Other::GroupEnd => {
                        self.after_group = reader.rest();
                        return Ok(());
                    }
                }
            };
            if ORDER {
                self.note_order(&mut lowest, index, layout);
            }
            self.spend(1)?;
            let pick = node.filter(|_| PICK).map(|node| &node.picks[index]);
            let field = &layout.fields[index];
            let raw = match field.shape {
                Shape::Varint => Raw::Varint(reader.varint()?),
                Shape::ClosedEnum(id) => {
                    let raw = reader.varint()?;
                    if !layout.is_value(id, raw) {
                        continue;
                    }
                    Raw::Varint(raw)
                }
                Shape::Fixed32 => Raw::Fixed32(reader.fixed32()?),
                Shape::Fixed64 => Raw::Fixed64(reader.fixed64()?),
                Shape::Text => {
                    let text = reader.delimited()?;
                    if !text.is_ascii() && std::str::from_utf8(text).is_err() {
                        return Err(Malformed::Utf8(field.number));
                    }
                    self.span(text)
                }
                Shape::Bytes => self.span(reader.delimited()?),
                Shape::Message(id) => {
                    let contents = reader.delimited()?;
                    let layouts = self.layouts;
                    let (layout, node) = (layouts.get(id), self.node(pick.and_then(|pick| pick.node)));
                    let depth = if layout.is_map_entry {
                        depth
                    } else {
                        deeper(depth)?
                    };
                    self.fields::<PICK, ORDER>(layout, node, None, contents, depth)?;
                    match pick.and_then(|pick| pick.slot) {
                        // No one range of bytes holds a message that came in pieces.
                        Some(slot) if self.picked.get(slot) != Raw::Absent => Raw::Present,
                        _ => self.span(contents),
                    }
                }
                Shape::Group(id) => {
                    let (layouts, node) = (self.layouts, self.node(pick.and_then(|pick| pick.node)));
                    let group = Some(field.number);
                    self.fields::<PICK, ORDER>(layouts.get(id), node, group, reader.rest(), deeper(depth)?)?;
                    reader = Reader::new(self.after_group);
                    Raw::Present
                }
            };
            if let Some(pick) = pick {
                self.picked.clear_slots(&pick.clears);
                if let Some(slot) = pick.slot {
                    self.picked.set(slot, raw);
                }
            }
        }
    }

    /// A field whose key has more than one byte, or another wire type than its own; also returns the reader after it.
    #[inline(never)]
    fn other_field(
        &mut self,
        layout: &Layout,
        group: Option<u32>,
        mut reader: Reader<'c>,
        depth: u32,
    ) -> Result<(Other, Reader<'c>), Malformed> {
        let (number, wire_type) = reader.key()?;
        if wire_type == WireType::EndGroup && group == Some(number) {
            return Ok((Other::GroupEnd, reader));
        }
        let Some(index) = layout.field_index(number) else {
            // A decoded message keeps unknown groups field by field.
            let fields = reader.skip(number, wire_type, depth)?;
            self.spend(fields)?;
            return Ok((Other::Unknown, reader));
        };
        let field = &layout.fields[index];
        if wire_type as u32 == field.shape.wire_type() {
            return Ok((Other::Value(index), reader));
        }
        if wire_type != WireType::LengthDelimited || !field.repeated {
            return Err(Malformed::WireType(number));
        }
        self.spend(1)?;
        self.packed(field, reader.delimited()?)?;
        Ok((Other::Packed(index), reader))
    }

    /// The elements of a packed field. Lists have no slots.
    fn packed(&mut self, field: &FieldLayout, contents: &[u8]) -> Result<(), Malformed> {
        let width = match field.shape {
            Shape::Varint | Shape::ClosedEnum(_) => {
                let mut reader = Reader::new(contents);
                while !reader.is_empty() {
                    reader.varint()?;
                    self.spend(1)?;
                }
                return Ok(());
            }
            Shape::Fixed32 => 4,
            Shape::Fixed64 => 8,
            _ => return Err(Malformed::WireType(field.number)),
        };
        if !contents.len().is_multiple_of(width) {
            return Err(Malformed::Truncated);
        }
        self.spend(contents.len() / width)
    }

    /// Notes that a field comes next.
    #[inline(always)]
    fn note_order(&mut self, lowest: &mut usize, index: usize, layout: &Layout) {
        if index < *lowest {
            self.order = Order::Any;
        }
        *lowest = index + usize::from(!layout.fields[index].repeated);
    }

    /// Where a part of the message is.
    #[inline]
    fn span(&self, part: &[u8]) -> Raw {
        let offset = part.as_ptr().addr() - self.bytes.as_ptr().addr();
        Raw::span(offset, part.len())
    }

    fn node(&self, index: Option<u16>) -> Option<&'c PickNode> {
        Some(self.picker?.node(index?))
    }

    #[inline]
    fn spend(&mut self, elements: usize) -> Result<(), Malformed> {
        let left = u32::try_from(elements)
            .ok()
            .and_then(|elements| self.elements.checked_sub(elements));
        self.elements = left.ok_or(Malformed::TooManyElements(self.bounds.max_elements))?;
        Ok(())
    }
}

fn deeper(depth: u32) -> Result<u32, Malformed> {
    depth.checked_sub(1).ok_or(Malformed::TooDeep)
}

#[cfg(test)]
mod tests {
    use super::{Bounds, MAX_DEPTH, check};
    use crate::message::wire::Malformed;
    use crate::schema::Schema;

    fn check_empty(bytes: &[u8], bounds: Bounds) -> Result<(), Malformed> {
        let schema = Schema::from_source("empty.proto", "syntax = \"proto3\"; message Empty {}").unwrap();
        let layouts = schema.layouts();
        check(layouts, layouts.find("Empty").unwrap(), bytes, bounds)
    }

    #[test]
    fn fields_in_unknown_groups_count() {
        let over = |max_elements| Err(Malformed::TooManyElements(max_elements));
        // Ten fields in group 1; a group 1 in it, with ten more and group 2, which has one.
        let flat = [&[0x0b][..], &[0x08, 0x00].repeat(10), &[0x0c]].concat();
        let nested = [&[0x0b][..], &flat, &[0x13, 0x10, 0x00, 0x14], &[0x0c]].concat();
        for (bytes, count) in [(&flat, 11), (&nested, 14)] {
            for (max_elements, outcome) in [
                (1, over(1)),
                (9, over(9)),
                (count - 1, over(count - 1)),
                (count, Ok(())),
                (count + 1, Ok(())),
            ] {
                let bounds = Bounds {
                    max_elements,
                    ..Bounds::default()
                };
                assert_eq!(check_empty(bytes, bounds), outcome, "{bytes:02x?}");
            }
        }
    }

    #[test]
    fn unknown_groups_are_nested_no_deeper_than_messages() {
        let nested = |depth| [[0x0b].repeat(depth), [0x0c].repeat(depth)].concat();
        let depth = MAX_DEPTH as usize;
        assert_eq!(check_empty(&nested(depth), Bounds::default()), Ok(()));
        assert_eq!(
            check_empty(&nested(depth + 1), Bounds::default()),
            Err(Malformed::TooDeep)
        );
    }
}
