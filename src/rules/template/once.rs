//! What a message in a loop has in each round: written once, and copied after that.
//!
//! Bytes that follow from the request and the metadata alone are the same until the next event. In a loop, runs of
//! operations that write such bytes become one [`Once`], whose first round leaves them in the call's [`Memos`].

use std::cell::{Cell, RefCell};

use super::Misfit;
use super::flat::flatten;
use super::literal::{pad, put_padded};
use super::write::{Nested, Op, write_all};
use crate::cel::{Env, Program};

/// A run of operations that write the same bytes in each round.
#[derive(Debug)]
pub(super) struct Once {
    /// The memo's place.
    place: usize,
    ops: Box<[Op]>,
}

/// What the loops of one call have written before; valid for one event.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    memos: Box<[Memo]>,
    event: u64,
}

#[derive(Debug, Default)]
struct Memo {
    /// The event that the bytes are of; 0 before the first.
    event: Cell<u64>,
    /// The bytes, and padding.
    padded: RefCell<Vec<u8>>,
    length: Cell<usize>,
}

impl Memos {
    /// Room for so many.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            memos: (0..count).map(|_| Memo::default()).collect(),
            event: 1,
        }
    }

    /// Begins another event: what was written before is not valid any more.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.event += 1;
    }
}

impl Once {
    #[inline]
    pub(super) fn write(&self, env: &Env<'_>, memos: &Memos, buffer: &mut Vec<u8>) -> Result<(), Misfit> {
        let Some(memo) = memos.memos.get(self.place) else {
            return write_all(&self.ops, env, memos, buffer);
        };
        if memo.event.get() != memos.event {
            let mut bytes = memo.padded.borrow_mut();
            bytes.clear();
            write_all(&self.ops, env, memos, &mut bytes)?;
            memo.length.set(bytes.len());
            pad(&mut bytes);
            memo.event.set(memos.event);
        }
        put_padded(buffer, &memo.padded.borrow(), memo.length.get());
        Ok(())
    }
}

/// Makes one [`Once`] of each run of operations that are the same in every round and not constant; `memos` counts
/// the places.
pub(super) fn hoist(ops: Box<[Op]>, memos: &mut usize) -> Box<[Op]> {
    let mut hoisted = Vec::with_capacity(ops.len());
    let mut run = Vec::new();
    for op in ops {
        if is_invariant(&op) {
            run.push(op);
            continue;
        }
        end_run(&mut run, &mut hoisted, memos);
        hoisted.push(match op {
            Op::Nested(nested) => Op::Nested(Nested::new(hoist(nested.ops, memos))),
            other => other,
        });
    }
    end_run(&mut run, &mut hoisted, memos);
    hoisted.into()
}

fn end_run(run: &mut Vec<Op>, hoisted: &mut Vec<Op>, memos: &mut usize) {
    if run.iter().all(|op| matches!(op, Op::Constant(_))) {
        hoisted.append(run);
        return;
    }
    hoisted.push(Op::Once(Once {
        place: *memos,
        ops: flatten(std::mem::take(run).into()),
    }));
    *memos += 1;
}

fn is_invariant(op: &Op) -> bool {
    match op {
        Op::Constant(_) | Op::Copy(_) | Op::CopyMessage(_) => true,
        Op::Once(_) | Op::Open(_) | Op::Close(_) => false,
        Op::Nested(nested) => nested.ops.iter().all(is_invariant),
        Op::Int(int) => is_same(&int.program),
        Op::Double(double) => is_same(&double.program),
        Op::Joined(joined) => joined.text.programs().all(is_same),
        Op::Dynamic(dynamic) => is_same(&dynamic.program),
    }
}

/// Whether a program gives the same in each round: it reads nothing that steps change.
fn is_same(program: &Program) -> bool {
    let uses = program.uses();
    !(uses.state || uses.store || uses.locals || uses.volatile)
}
