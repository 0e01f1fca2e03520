//! Finds the parts of a message in a loop that are the same in each round, so that they are written once and then copied.
//!
//! Bytes that depend only on the request and the metadata are the same until the next event. Runs of operations
//! that write such bytes become one [`Cached`].

use super::flatten::flatten;
use crate::cel::Program;
use crate::rules::plan::template::{Cached, Nested, Op};

/// Makes one [`Cached`] of each run of operations that are the same in every round and not constant; `cached` counts
/// the places.
pub(super) fn hoist(ops: Box<[Op]>, cached: &mut usize) -> Box<[Op]> {
    let mut hoisted = Vec::with_capacity(ops.len());
    let mut run = Vec::new();
    for op in ops {
        if is_invariant(&op) {
            run.push(op);
            continue;
        }
        end_run(&mut run, &mut hoisted, cached);
        hoisted.push(match op {
            Op::Nested(nested) => Op::Nested(Nested::new(hoist(nested.ops, cached))),
            other => other,
        });
    }
    end_run(&mut run, &mut hoisted, cached);
    hoisted.into()
}

fn end_run(run: &mut Vec<Op>, hoisted: &mut Vec<Op>, cached: &mut usize) {
    if run.iter().all(|op| matches!(op, Op::Constant(_))) {
        hoisted.append(run);
        return;
    }
    hoisted.push(Op::Cached(Cached {
        place: *cached,
        ops: flatten(std::mem::take(run).into()),
    }));
    *cached += 1;
}

fn is_invariant(op: &Op) -> bool {
    match op {
        Op::Constant(_) | Op::Copy(_) | Op::CopyMessage(_) => true,
        Op::Cached(_) | Op::Open(_) | Op::Close(_) | Op::Each(_) | Op::NextPage(_) | Op::TotalSize(_) => {
            false
        }
        Op::Nested(nested) => nested.ops.iter().all(is_invariant),
        Op::Int(int) => is_same(&int.program),
        Op::Double(double) => is_same(&double.program),
        Op::Joined(joined) => joined.text.programs().all(is_same),
        Op::Dynamic(dynamic) => is_same(&dynamic.program),
    }
}

/// Whether a program has the same result in each round: it reads nothing that steps change.
fn is_same(program: &Program) -> bool {
    let uses = program.uses();
    !(uses.state || uses.store || uses.locals || uses.volatile)
}
