//! Parts of fields that come in another order than that of their numbers, and members of oneofs that replace others.

use super::notes::{Notes, Part};
use crate::schema::JsonFields;

/// What of a oneof is kept, told from its last part on.
#[derive(Clone, Copy)]
struct Choice {
    /// The member that was set last.
    member: usize,
    /// Whether another has been met before it, which had replaced what came earlier.
    is_over: bool,
}

impl Notes {
    /// Orders the parts from `first` on by their fields, and leaves out the members of oneofs that others replace. The parts of
    /// a field stay in the order in which they came.
    pub(super) fn put_in_order(&mut self, first: usize, fields: &JsonFields) {
        if !fields.oneofs.is_empty() {
            self.choose(first, fields);
        }
        self.parts[first..].sort_by_key(|part| part.field());
    }

    fn choose(&mut self, first: usize, fields: &JsonFields) {
        let mut choices: Vec<Option<Choice>> = vec![None; fields.oneofs.len()];
        // From the last part to the first, the kept ones are moved to the end.
        let mut kept = self.parts.len();
        for at in (first..self.parts.len()).rev() {
            let part: Part = self.parts[at];
            let member = part.field();
            let is_kept = fields.list[member].oneof.is_none_or(|oneof| {
                let choice = choices[oneof].get_or_insert(Choice {
                    member,
                    is_over: false,
                });
                choice.is_over |= choice.member != member;
                !choice.is_over
            });
            if is_kept {
                kept -= 1;
                self.parts[kept] = part;
            }
        }
        self.parts.drain(first..kept);
    }
}
