//! One pass over the bytes of a message that checks all of them, and picks out what a plan reads.
//!
//! After it, nothing about the bytes can be wrong: wire types fit the descriptor, lengths add up, strings are
//! UTF-8, nesting and the number of elements are bounded. Unknown fields are well formed and stay in the bytes.

use super::pick::{Node, Picked, Picker, Raw};
use super::wire::{Malformed, Reader, WireType};
use crate::schema::{FieldLayout, Layout, LayoutId, Layouts, Shape};

/// Sub-messages and groups may be nested this deep; prost's own limit.
pub(crate) const MAX_DEPTH: u32 = 100;

/// How many values one message may hold, by default: every occurrence of a field counts, and every element of a
/// packed field. A [`Value`](prost_reflect::Value) takes 56 bytes, so this bounds a decoded message to about 60 MiB.
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
pub(crate) fn check(
    layouts: &Layouts,
    layout: LayoutId,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<(), Malformed> {
    let mut check = Check {
        layouts,
        picker: None,
        picked: &mut Picked::default(),
        elements: bounds.max_elements,
        bounds,
    };
    let reader = &mut Reader::new(bytes);
    check.fields(layouts.get(layout), None, None, reader, 0, bounds.max_depth)
}

/// Checks the bytes of one message of the picker's root type, and fills its slots.
pub(crate) fn check_and_pick(
    layouts: &Layouts,
    picker: &Picker,
    bytes: &[u8],
    bounds: Bounds,
    picked: &mut Picked,
) -> Result<(), Malformed> {
    picked.clear();
    let root = picker.root();
    let mut check = Check {
        layouts,
        picker: Some(picker),
        picked,
        elements: bounds.max_elements,
        bounds,
    };
    let reader = &mut Reader::new(bytes);
    check.fields(
        layouts.get(root.layout),
        Some(root),
        None,
        reader,
        0,
        bounds.max_depth,
    )
}

struct Check<'c> {
    layouts: &'c Layouts,
    picker: Option<&'c Picker>,
    picked: &'c mut Picked,
    /// What is left of the budget.
    elements: u32,
    bounds: Bounds,
}

impl<'c> Check<'c> {
    /// Reads fields to the end of the reader, or of the group of that number. `base` is where the reader's bytes
    /// begin in the whole message.
    fn fields(
        &mut self,
        layout: &Layout,
        node: Option<&Node>,
        group: Option<u32>,
        reader: &mut Reader<'_>,
        base: usize,
        depth: u32,
    ) -> Result<(), Malformed> {
        loop {
            let Some(byte) = reader.peek() else {
                return if group.is_none() {
                    Ok(())
                } else {
                    Err(Malformed::Truncated)
                };
            };
            let index = if let Some(index) = layout.index_of_short_key(byte) {
                reader.pass(1);
                index
            } else {
                let (number, wire_type) = reader.key()?;
                if wire_type == WireType::EndGroup && group == Some(number) {
                    return Ok(());
                }
                match self.other_field(layout, number, wire_type, reader, depth)? {
                    Some(index) => index,
                    None => continue,
                }
            };
            self.spend(1)?;
            let pick = node.map(|node| &node.picks[index]);
            if let Some(pick) = pick {
                self.picked.clear_slots(&pick.clears);
            }
            let field = &layout.fields[index];
            let raw = match field.shape {
                Shape::Varint => Raw::Varint(reader.varint()?),
                Shape::Fixed32 => Raw::Fixed32(reader.fixed32()?),
                Shape::Fixed64 => Raw::Fixed64(reader.fixed64()?),
                Shape::Text => {
                    let text = reader.delimited()?;
                    if !text.is_ascii() && std::str::from_utf8(text).is_err() {
                        return Err(Malformed::Utf8(field.number));
                    }
                    Raw::span(base + reader.position() - text.len(), text.len())
                }
                Shape::Bytes => {
                    let length = reader.delimited()?.len();
                    Raw::span(base + reader.position() - length, length)
                }
                Shape::Message(id) => {
                    let contents = reader.delimited()?;
                    let layouts = self.layouts;
                    let (layout, node) = (layouts.get(id), self.node(pick.and_then(|pick| pick.node)));
                    let depth = if layout.is_map_entry {
                        depth
                    } else {
                        deeper(depth)?
                    };
                    let base = base + reader.position() - contents.len();
                    self.fields(layout, node, None, &mut Reader::new(contents), base, depth)?;
                    match pick.and_then(|pick| pick.slot) {
                        // No one range of bytes holds a message that came in pieces.
                        Some(slot) if self.picked.get(slot) != Raw::Absent => Raw::Present,
                        _ => Raw::span(base, contents.len()),
                    }
                }
                Shape::Group(id) => {
                    let (layouts, node) = (self.layouts, self.node(pick.and_then(|pick| pick.node)));
                    let group = Some(field.number);
                    self.fields(layouts.get(id), node, group, reader, base, deeper(depth)?)?;
                    Raw::Present
                }
            };
            if let Some(slot) = pick.and_then(|pick| pick.slot) {
                self.picked.set(slot, raw);
            }
        }
    }

    /// A field whose key has more than one byte or that comes in another way: gives its index if its value is still
    /// to be read, and nothing if that is done.
    #[inline(never)]
    fn other_field(
        &mut self,
        layout: &Layout,
        number: u32,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        depth: u32,
    ) -> Result<Option<usize>, Malformed> {
        let Some(index) = layout.field_index(number) else {
            self.spend(1)?;
            reader.skip(number, wire_type, depth)?;
            return Ok(None);
        };
        let field = &layout.fields[index];
        if wire_type as u32 == field.shape.wire_type() {
            return Ok(Some(index));
        }
        if wire_type != WireType::LengthDelimited || !field.repeated {
            return Err(Malformed::WireType(number));
        }
        self.spend(1)?;
        self.packed(field, reader.delimited()?)?;
        Ok(None)
    }

    /// The elements of a packed field. Lists have no slots.
    fn packed(&mut self, field: &FieldLayout, contents: &[u8]) -> Result<(), Malformed> {
        let width = match field.shape {
            Shape::Varint => {
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

    fn node(&self, index: Option<u16>) -> Option<&'c Node> {
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
