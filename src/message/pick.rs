//! The few fields of a message that a plan reads, found while the bytes are checked.
//!
//! A [`Picker`] is a tree of field paths beside the [`Layouts`], each path with a slot. One pass over the bytes
//! (see [`check`](super::check)) verifies all of them and leaves in each slot of a [`Picked`] what the wire had
//! there, by protobuf's own rules: the last value wins, and a member of a oneof clears the others.
//!
//! Only paths of singular fields have slots. Lists, maps and whole sub-messages that may come in pieces are read
//! from the bytes when someone asks.

use prost_reflect::OneofDescriptor;

use crate::schema::{LayoutId, Layouts, Shape};

/// Where a [`Picker`] leaves the value of one field path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slot(u16);

/// What the wire had for a slot; varints and fixed values are raw, spans are byte ranges of the checked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Raw {
    /// Not on the wire (or cleared by a later member of its oneof).
    #[default]
    Absent,
    /// A varint, undecoded: bool, enum, and all but fixed integers.
    Varint(u64),
    /// Four little-endian bytes.
    Fixed32(u32),
    /// Eight little-endian bytes.
    Fixed64(u64),
    /// A string, bytes, or a sub-message that came whole: offset and length.
    Span(u32, u32),
    /// A sub-message that is a group, or came in pieces.
    Present,
}

/// A tree of field paths, for one root message type.
#[derive(Debug)]
pub(crate) struct Picker {
    nodes: Vec<PickNode>,
    slots: u16,
}

/// The picks of one message type on the way.
#[derive(Debug)]
pub(super) struct PickNode {
    pub(super) layout: LayoutId,
    /// In step with the layout's `fields`.
    pub(super) picks: Box<[Pick]>,
}

/// What to do when a field comes.
#[derive(Debug, Clone, Default)]
pub(super) struct Pick {
    pub(super) slot: Option<Slot>,
    /// The node of a sub-message, by index.
    pub(super) node: Option<u16>,
    /// Slots of the other members of the field's oneof, and of everything below them.
    pub(super) clears: Vec<Slot>,
}

/// The slots, filled.
#[derive(Debug, Default, Clone)]
pub(crate) struct Picked {
    slots: Vec<Raw>,
}

impl Picker {
    /// A picker without slots, for messages of `layout`.
    pub(crate) fn new(layouts: &Layouts, layout: LayoutId) -> Self {
        Self {
            nodes: vec![PickNode::new(layouts, layout)],
            slots: 0,
        }
    }

    /// The slot of a path of singular fields, by field numbers, from the root; the same for the same path.
    /// `None` if the path has a list or a map in it, a number that its type does not have, or no numbers.
    pub(crate) fn slot(&mut self, layouts: &Layouts, path: &[u32]) -> Option<Slot> {
        let (&last, way) = path.split_last()?;
        let mut siblings = Vec::new();
        let mut node = 0;
        for &number in way {
            let field = singular(layouts, self.nodes[node].layout, number)?;
            let (Shape::Message(below) | Shape::Group(below)) = field.shape else {
                return None;
            };
            siblings.extend(
                self.oneof_siblings(layouts, node, number)
                    .map(|index| (node, index)),
            );
            node = if let Some(below) = self.nodes[node].picks[field.index].node {
                below as usize
            } else {
                self.nodes.push(PickNode::new(layouts, below));
                let below = u16::try_from(self.nodes.len() - 1).ok()?;
                self.nodes[node].picks[field.index].node = Some(below);
                below as usize
            };
        }
        let field = singular(layouts, self.nodes[node].layout, last)?;
        if let Some(slot) = self.nodes[node].picks[field.index].slot {
            return Some(slot);
        }
        siblings.extend(
            self.oneof_siblings(layouts, node, last)
                .map(|index| (node, index)),
        );
        let slot = Slot(self.slots);
        self.slots = self.slots.checked_add(1)?;
        self.nodes[node].picks[field.index].slot = Some(slot);
        for (node, index) in siblings {
            self.nodes[node].picks[index].clears.push(slot);
        }
        Some(slot)
    }

    /// The indexes of the fields that share a oneof with field `number` of a node's message.
    fn oneof_siblings<'l>(
        &self,
        layouts: &'l Layouts,
        node: usize,
        number: u32,
    ) -> impl Iterator<Item = usize> + use<'l> {
        let layout = layouts.get(self.nodes[node].layout);
        let oneof = layout
            .descriptor
            .get_field(number)
            .and_then(|field| field.containing_oneof());
        let siblings: Vec<u32> = oneof
            .iter()
            .flat_map(OneofDescriptor::fields)
            .map(|field| field.number())
            .collect();
        siblings
            .into_iter()
            .filter(move |sibling| *sibling != number)
            .filter_map(move |sibling| layout.field_index(sibling))
    }

    pub(super) fn root(&self) -> &PickNode {
        &self.nodes[0]
    }

    pub(super) fn node(&self, index: u16) -> &PickNode {
        &self.nodes[index as usize]
    }

    /// Empty slots for this picker, to be used again for each message.
    pub(crate) fn picked(&self) -> Picked {
        Picked {
            slots: vec![Raw::Absent; self.slots as usize],
        }
    }
}

impl PickNode {
    fn new(layouts: &Layouts, layout: LayoutId) -> Self {
        Self {
            layout,
            picks: vec![Pick::default(); layouts.get(layout).fields.len()].into(),
        }
    }
}

/// A field of a message that is no list and no map.
struct Singular {
    index: usize,
    shape: Shape,
}

fn singular(layouts: &Layouts, layout: LayoutId, number: u32) -> Option<Singular> {
    let layout = layouts.get(layout);
    let index = layout.field_index(number)?;
    let field = &layout.fields[index];
    (!field.repeated).then_some(Singular {
        index,
        shape: field.shape,
    })
}

impl Raw {
    pub(super) fn span(offset: usize, length: usize) -> Self {
        // A message is far below 4 GiB: its frame's length has 32 bits.
        Self::Span(offset as u32, length as u32)
    }
}

impl Picked {
    pub(super) fn clear(&mut self) {
        self.slots.fill(Raw::Absent);
    }

    #[inline]
    pub(super) fn clear_slots(&mut self, slots: &[Slot]) {
        for slot in slots {
            self.slots[slot.0 as usize] = Raw::Absent;
        }
    }

    #[inline]
    pub(super) fn set(&mut self, slot: Slot, raw: Raw) {
        self.slots[slot.0 as usize] = raw;
    }

    /// What the last message had there.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Raw {
        self.slots[slot.0 as usize]
    }
}
