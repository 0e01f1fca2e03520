//! Notes where the parts of a message's fields are.

use super::notes::{Contents, Part, Parts, Range};
use super::printer::Printer;
use crate::message::error::MessageError;
use crate::message::wire::WireType;
use crate::schema::{JsonFields, Layout, Shape};

impl Printer<'_, '_> {
    /// Notes the parts of the fields of a message, by the numbers of their fields, without those that others replace
    /// in a oneof.
    pub(super) fn note(
        &mut self,
        layout: &Layout,
        fields: &JsonFields,
        contents: Contents,
    ) -> Result<Parts, MessageError> {
        let first = self.notes.parts.len();
        let mut order = Order::default();
        match contents {
            Contents::One(range) => self.note_range(layout, fields, range, &mut order)?,
            Contents::Pieces { first, last } => {
                for index in first..last {
                    let range = self.notes.ranges[index];
                    self.note_range(layout, fields, range, &mut order)?;
                }
            }
        }
        if order.is_broken {
            self.notes.put_in_order(first, fields);
        }
        Ok(Parts {
            first,
            last: self.notes.parts.len(),
        })
    }

    fn note_range(
        &mut self,
        layout: &Layout,
        fields: &JsonFields,
        range: Range,
        order: &mut Order,
    ) -> Result<(), MessageError> {
        let mut reader = self.reader(range);
        loop {
            let Some(byte) = reader.peek() else { return Ok(()) };
            let mut packed = false;
            let index = if let Some(index) = layout.index_of_short_key(byte) {
                reader.pass();
                index
            } else {
                let (number, wire_type) = reader.key()?;
                let Some(index) = layout.field_index(number) else {
                    if wire_type == WireType::StartGroup {
                        let at = range.end - reader.rest().len() as u32;
                        let (_, after) = self.groups.end(self.wire, number, at)?;
                        reader = self.reader(Range {
                            start: after,
                            ..range
                        });
                    } else {
                        reader.skip(number, wire_type, 0)?;
                    }
                    continue;
                };
                packed = wire_type as u32 != layout.fields[index].shape.wire_type();
                index
            };
            let at = range.end - reader.rest().len() as u32;
            let field = &layout.fields[index];
            match field.shape {
                _ if packed => drop(reader.delimited()?),
                Shape::Varint | Shape::ClosedEnum(_) => drop(reader.varint()?),
                Shape::Fixed32 => drop(reader.fixed32()?),
                Shape::Fixed64 => drop(reader.fixed64()?),
                Shape::Text | Shape::Bytes | Shape::Message(_) => drop(reader.delimited()?),
                Shape::Group(_) => {
                    let (_, after) = self.groups.end(self.wire, field.number, at)?;
                    reader = self.reader(Range {
                        start: after,
                        ..range
                    });
                }
            }
            order.follow(index, field.repeated, fields.list[index].oneof);
            self.notes.parts.push(Part::new(index, packed, at));
        }
    }
}

/// Whether fields come as JSON has them.
#[derive(Default)]
struct Order {
    /// The index after that of the last field.
    next: usize,
    /// The oneofs that have come, each as one of 64 bits. Two that share a bit are taken for one, which costs time only.
    oneofs: u64,
    is_broken: bool,
}

impl Order {
    #[inline]
    fn follow(&mut self, index: usize, repeated: bool, oneof: Option<usize>) {
        if index < self.next && !(repeated && index + 1 == self.next) {
            self.is_broken = true;
        }
        self.next = index + 1;
        if let Some(oneof) = oneof {
            let bit = 1 << (oneof % 64);
            self.is_broken |= self.oneofs & bit != 0;
            self.oneofs |= bit;
        }
    }
}
