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
    let mut reader = Reader::new(bytes);
    check.message(layouts.get(layout), None, &mut reader, 0, bounds.max_depth)
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
    let mut reader = Reader::new(bytes);
    check.message(
        layouts.get(root.layout),
        Some(root),
        &mut reader,
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
    /// Reads fields to the end of the reader. `base` is where the reader's bytes begin in the whole message.
    fn message(
        &mut self,
        layout: &Layout,
        node: Option<&Node>,
        reader: &mut Reader<'_>,
        base: usize,
        depth: u32,
    ) -> Result<(), Malformed> {
        while !reader.is_empty() {
            let (number, wire_type) = reader.key()?;
            self.field(layout, node, number, wire_type, reader, base, depth)?;
        }
        Ok(())
    }

    /// Reads fields up to the end tag of group `group`.
    fn group(
        &mut self,
        layout: &Layout,
        node: Option<&Node>,
        group: u32,
        reader: &mut Reader<'_>,
        base: usize,
        depth: u32,
    ) -> Result<(), Malformed> {
        loop {
            match reader.key()? {
                (number, WireType::EndGroup) if number == group => return Ok(()),
                (number, wire_type) => self.field(layout, node, number, wire_type, reader, base, depth)?,
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one recursive descent, all of it in registers"
    )]
    #[inline]
    fn field(
        &mut self,
        layout: &Layout,
        node: Option<&Node>,
        number: u32,
        wire_type: WireType,
        reader: &mut Reader<'_>,
        base: usize,
        depth: u32,
    ) -> Result<(), Malformed> {
        self.spend(1)?;
        let Some(index) = layout.field_index(number) else {
            return reader.skip(number, wire_type, depth);
        };
        let field = &layout.fields[index];
        let pick = node.map(|node| &node.picks[index]);
        if let Some(pick) = pick {
            self.picked.clear_slots(&pick.clears);
        }
        let raw = match (field.shape, wire_type) {
            (Shape::Varint, WireType::Varint) => Raw::Varint(reader.varint()?),
            (Shape::Fixed32, WireType::Fixed32) => Raw::Fixed32(reader.fixed32()?),
            (Shape::Fixed64, WireType::Fixed64) => Raw::Fixed64(reader.fixed64()?),
            (Shape::Text, WireType::LengthDelimited) => {
                let text = reader.delimited()?;
                if std::str::from_utf8(text).is_err() {
                    return Err(Malformed::Utf8(number));
                }
                Raw::span(base + reader.position() - text.len(), text.len())
            }
            (Shape::Bytes, WireType::LengthDelimited) => {
                let length = reader.delimited()?.len();
                Raw::span(base + reader.position() - length, length)
            }
            (Shape::Message(id), WireType::LengthDelimited) => {
                let contents = reader.delimited()?;
                let layouts = self.layouts;
                let (layout, node) = (layouts.get(id), self.node(pick.and_then(|pick| pick.node)));
                let depth = if layout.is_map_entry {
                    depth
                } else {
                    deeper(depth)?
                };
                let base = base + reader.position() - contents.len();
                self.message(layout, node, &mut Reader::new(contents), base, depth)?;
                Raw::Present
            }
            (Shape::Group(id), WireType::StartGroup) => {
                let (layouts, node) = (self.layouts, self.node(pick.and_then(|pick| pick.node)));
                self.group(layouts.get(id), node, number, reader, base, deeper(depth)?)?;
                Raw::Present
            }
            (_, WireType::LengthDelimited) if field.repeated => {
                return self.packed(field, reader.delimited()?);
            }
            (_, _) => return Err(Malformed::WireType(number)),
        };
        if let Some(slot) = pick.and_then(|pick| pick.slot) {
            self.picked.set(slot, raw);
        }
        Ok(())
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
