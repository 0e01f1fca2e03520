//! The operations of a message and its nested messages in one list: running one list is faster than running lists in
//! lists.

use super::literal::Literal;
use super::write::{Nested, Op};
use crate::message::{Room, Width, close, open};

/// How many lengths can be open at a time in one list of operations.
const LEVELS: usize = 4;

/// The lengths that are open.
pub(super) type Rooms = [Room; LEVELS];

/// The beginning of a nested message.
#[derive(Debug)]
pub(super) struct Open {
    level: u8,
    /// What stands around the length: before it a key and whatever is constant before that, after it what the message
    /// begins with. In between is one byte for the length.
    around: Literal,
    /// Where that byte is.
    gap: usize,
    width: Width,
}

/// The end of a nested message.
#[derive(Debug)]
pub(super) struct Close {
    level: u8,
    /// The place of its [`Open`](Op::Open).
    open: usize,
}

/// Puts the operations of nested messages into the list of the outermost: running one list is faster than running
/// lists in lists.
pub(super) fn flatten(ops: Box<[Op]>) -> Box<[Op]> {
    let mut flat = Vec::with_capacity(ops.len());
    flatten_into(&mut flat, ops, 0);
    flat.into()
}

fn flatten_into(flat: &mut Vec<Op>, ops: Box<[Op]>, level: u8) {
    for op in ops {
        match op {
            Op::Nested(nested) if usize::from(level) < LEVELS => {
                let before = match flat.pop() {
                    Some(Op::Constant(literal)) => literal.bytes().to_vec(),
                    other => {
                        flat.extend(other);
                        Vec::new()
                    }
                };
                let open = flat.len();
                flat.push(Op::Open(Box::new(Open {
                    level,
                    gap: before.len(),
                    around: Literal::new(&[&before[..], &[0]].concat()),
                    width: nested.width,
                })));
                flatten_into(flat, nested.ops, level + 1);
                append(flat, Op::Close(Close { level, open }));
            }
            Op::Nested(nested) => flat.push(Op::Nested(Nested::new(flatten(nested.ops)))),
            other => append(flat, other),
        }
    }
}

/// Appends an operation, or makes it part of the last one.
fn append(flat: &mut Vec<Op>, op: Op) {
    match (flat.last_mut(), op) {
        (Some(Op::Open(open)), Op::Constant(literal)) if open.gap + 1 == open.around.bytes().len() => {
            open.around = Literal::new(&[open.around.bytes(), literal.bytes()].concat());
        }
        (Some(Op::Int(int)), Op::Close(close)) if int.close.is_none() => int.close = Some(close),
        (_, op) => flat.push(op),
    }
}

impl Open {
    /// Leaves room for the length.
    #[inline(always)]
    pub(super) fn write(&self, buffer: &mut Vec<u8>, rooms: &mut Rooms) {
        let start = buffer.len() + self.gap;
        let width = self.width.get();
        if width == 1 {
            self.around.put(buffer);
        } else {
            let (before, after) = self.around.bytes().split_at(self.gap);
            buffer.extend_from_slice(before);
            open(buffer, width);
            buffer.extend_from_slice(&after[1..]);
        }
        rooms[usize::from(self.level) % LEVELS] = Room { start, width };
    }
}

impl Close {
    #[inline(always)]
    pub(super) fn write(&self, ops: &[Op], rooms: &Rooms, buffer: &mut Vec<u8>) {
        if let Some(Op::Open(open)) = ops.get(self.open) {
            close(buffer, rooms[usize::from(self.level) % LEVELS], &open.width);
        }
    }
}
