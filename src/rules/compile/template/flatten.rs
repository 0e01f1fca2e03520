//! Puts the operations of a message and its nested messages into one list: running one list is faster than running
//! lists in lists.

use crate::rules::plan::template::{Close, MAX_OPEN, Nested, Op, Open, PaddedBytes};

/// Puts the operations of nested messages into the list of the outermost message.
pub(super) fn flatten(ops: Box<[Op]>) -> Box<[Op]> {
    let mut flat = Vec::with_capacity(ops.len());
    flatten_into(&mut flat, ops, 0);
    flat.into()
}

fn flatten_into(flat: &mut Vec<Op>, ops: Box<[Op]>, level: u8) {
    for op in ops {
        match op {
            Op::Nested(nested) if usize::from(level) < MAX_OPEN => {
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
                    around: PaddedBytes::new(&[&before[..], &[0]].concat()),
                    width: nested.width,
                })));
                flatten_into(flat, nested.ops, level + 1);
                append(flat, Op::Close(Close { level, open }));
            }
            Op::Nested(nested) => flat.push(Op::Nested(Nested::new(flatten(nested.ops)))),
            Op::Each(mut looped) => {
                looped.ops = flatten(looped.ops);
                flat.push(Op::Each(looped));
            }
            other => append(flat, other),
        }
    }
}

/// Appends an operation, or merges it with the last one.
fn append(flat: &mut Vec<Op>, op: Op) {
    match (flat.last_mut(), op) {
        (Some(Op::Open(open)), Op::Constant(literal)) if open.gap + 1 == open.around.bytes().len() => {
            open.around = PaddedBytes::new(&[open.around.bytes(), literal.bytes()].concat());
        }
        (Some(Op::Int(int)), Op::Close(close)) if int.close.is_none() => int.close = Some(close),
        (_, op) => flat.push(op),
    }
}
