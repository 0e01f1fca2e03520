//! Where groups end.
//!
//! A group has no length, so its end is found by reading it. Groups can be within groups, and each would be read once for
//! every group that it is in. So the first that reads one notes the ends of all groups in it, up to the next message that has
//! a length: those inside of that are noted when it is printed.

use crate::message::check::MAX_DEPTH;
use crate::message::wire::{Malformed, Reader, WireType};

/// The ends of groups.
#[derive(Debug, Default)]
pub(super) struct GroupEnds {
    /// In the order of their starts from [`first`](Self::first) on.
    list: Vec<GroupEnd>,
    /// The first of those in the message that is printed.
    first: usize,
}

#[derive(Debug, Clone, Copy)]
struct GroupEnd {
    /// After the tag that begins it.
    start: u32,
    /// Before the tag that ends it.
    end: u32,
    /// After that tag.
    after: u32,
}

/// The groups that were known before a message.
pub(super) struct GroupMark {
    length: usize,
    first: usize,
}

impl GroupEnds {
    /// Begins a message that has a length.
    pub(super) fn enter(&mut self) -> GroupMark {
        let mark = GroupMark {
            length: self.list.len(),
            first: self.first,
        };
        self.first = mark.length;
        mark
    }

    /// Forgets what was noted since.
    pub(super) fn leave(&mut self, mark: &GroupMark) {
        self.list.truncate(mark.length);
        self.first = mark.first;
    }

    /// Where the contents of the group end that begins before `at`, and where what follows it begins.
    pub(super) fn end(&mut self, wire: &[u8], number: u32, at: u32) -> Result<(u32, u32), Malformed> {
        let known = self.list[self.first..].binary_search_by_key(&at, |group| group.start);
        let index = match known {
            Ok(index) => self.first + index,
            Err(_) => self.note(wire, number, at)?,
        };
        let group = self.list[index];
        Ok((group.end, group.after))
    }

    /// Notes the ends of a group and of those in it. Returns its index. A checked message has no more levels of them than
    /// [`MAX_DEPTH`].
    fn note(&mut self, wire: &[u8], number: u32, at: u32) -> Result<usize, Malformed> {
        let index = self.list.len();
        self.list.push(GroupEnd {
            start: at,
            end: at,
            after: at,
        });
        let mut reader = Reader::new(&wire[at as usize..]);
        let place = |reader: &Reader<'_>| (wire.len() - reader.rest().len()) as u32;
        loop {
            let before = place(&reader);
            let (inner, wire_type) = reader.key()?;
            let after = place(&reader);
            match wire_type {
                WireType::EndGroup if inner == number => {
                    let group = &mut self.list[index];
                    (group.end, group.after) = (before, after);
                    return Ok(index);
                }
                WireType::StartGroup => {
                    let inner = self.note(wire, inner, after)?;
                    reader = Reader::new(&wire[self.list[inner].after as usize..]);
                }
                _ => drop(reader.skip(inner, wire_type, MAX_DEPTH)?),
            }
        }
    }
}
