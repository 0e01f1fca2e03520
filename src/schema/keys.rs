//! Which field of a message is which of a struct of Rust, and where a reader notes what it has found of each.

use std::sync::atomic::AtomicBool;

use super::field::{Field, Named, Oneof};

/// The keys of a struct, or of a map, that is read from a message.
#[derive(Debug)]
pub(crate) struct StructKeys {
    /// In the order of the struct. Each field and oneof once, whatever names the struct has for it.
    pub(crate) keys: Box<[StructKey]>,
    /// What the reader looks for in the bytes.
    pub(crate) slots: Box<[FieldSlot]>,
    /// Whether each key is a field of its own, and they have the order of their numbers, as in most structs.
    pub(crate) are_ascending: bool,
    /// By the index of a field in the layout: its slot plus one, or 0.
    slot_of: Box<[u16]>,
}

/// A key of a struct.
#[derive(Debug)]
pub(crate) struct StructKey {
    /// As the struct calls it.
    pub(crate) name: Box<str>,
    pub(crate) target: Target,
    /// Whether the struct has failed for want of this key, which is then given with the default of the proto.
    pub(crate) required: AtomicBool,
}

/// What a key stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The field of this slot.
    Field(u16),
    /// An index in [`Fields::oneofs`](super::fields::Fields::oneofs).
    Oneof(u16),
}

/// A field that is looked for.
#[derive(Debug)]
pub(crate) struct FieldSlot {
    /// An index in [`Fields::list`](super::fields::Fields::list).
    pub(crate) field: u16,
    /// The slots of the other members of its oneof, which it clears.
    pub(crate) clears: Box<[u16]>,
}

impl StructKeys {
    /// `names` are those of the struct that the message has.
    pub(super) fn new<'n>(
        fields: &[Field],
        oneofs: &[Oneof],
        names: impl Iterator<Item = (&'n str, Named)>,
    ) -> Self {
        let oneof_of = |field: u16| fields[usize::from(field)].oneof;
        let mut looked_for: Vec<u16> = Vec::new();
        let mut slot = |field: u16| {
            let known = looked_for.iter().position(|known| *known == field);
            known.unwrap_or_else(|| {
                looked_for.push(field);
                looked_for.len() - 1
            }) as u16
        };
        let mut taken = Vec::new();
        let mut keys = Vec::new();
        for (name, named) in names {
            if taken.contains(&named) {
                continue;
            }
            taken.push(named);
            let target = match named {
                Named::Field(field) => Target::Field(slot(field)),
                Named::Oneof(oneof) => Target::Oneof(oneof),
            };
            // All members of a oneof are looked for, since each clears the others.
            let oneof = match named {
                Named::Field(field) => oneof_of(field),
                Named::Oneof(oneof) => Some(oneof),
            };
            if let Some(oneof) = oneof {
                oneofs[usize::from(oneof)].members.iter().for_each(|member| {
                    slot(*member);
                });
            }
            keys.push(StructKey {
                name: name.into(),
                target,
                required: AtomicBool::new(false),
            });
        }
        let slots: Box<[FieldSlot]> = looked_for
            .iter()
            .map(|index| FieldSlot {
                field: *index,
                clears: (0..)
                    .zip(&looked_for)
                    .filter(|(_, other)| {
                        let oneof = oneof_of(*index);
                        *other != index && oneof.is_some() && oneof_of(**other) == oneof
                    })
                    .map(|(slot, _)| slot)
                    .collect(),
            })
            .collect();
        let at = |slot: &FieldSlot| fields[usize::from(slot.field)].at;
        let highest = slots.iter().map(at).max();
        let mut slot_of = vec![0; highest.map_or(0, |at| at + 1)];
        for (slot, place) in slots.iter().zip(1..) {
            slot_of[at(slot)] = place;
        }
        // Then there is one for each slot.
        let are_fields = keys.iter().all(|key| matches!(key.target, Target::Field(_)));
        let are_alone = slots.iter().all(|slot| slot.clears.is_empty());
        Self {
            are_ascending: are_fields && are_alone && slots.is_sorted_by_key(at),
            keys: keys.into(),
            slots,
            slot_of: slot_of.into(),
        }
    }

    /// The slot of the field with this index in the layout. `None` if nobody looks for it.
    #[inline]
    pub(crate) fn slot_at(&self, at: usize) -> Option<usize> {
        usize::from(*self.slot_of.get(at)?).checked_sub(1)
    }

    /// The slot of a field in [`Fields::list`](super::fields::Fields::list).
    pub(crate) fn slot_of_field(&self, field: u16) -> Option<u16> {
        let slot = self.slots.iter().position(|slot| slot.field == field)?;
        Some(slot as u16)
    }
}
