//! [`Place`]: where in a sample a value is made up, and how deep messages may nest there.
//!
//! To keep samples small, a message type occurs at most twice on the way down, and each message divides its budget among
//! the messages in it. Required fields are made up beyond that. Nothing is made up below a depth that is well within the
//! hundred levels that decoders allow.

use prost_reflect::MessageDescriptor;

use super::seed::Seed;

/// How many messages one sample may hold in the worst case.
const MESSAGE_BUDGET: u32 = 1 << 12;

/// The budget below which only required messages are made up. It is a thousandth, so that a sample holds about a
/// thousand messages that are not required.
const OPTIONAL_BUDGET: u32 = MESSAGE_BUDGET >> 10;

/// How deep messages may nest, required or not.
const MAX_DEPTH: usize = 32;

/// Where in a sample a value is made up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) seed: Seed,
    budget: u32,
    above: Option<Above<'a>>,
    /// Whether this is inside an `Any`. Its bytes are part of the sample, so maps have one entry: several are encoded in
    /// no fixed order.
    packed: bool,
}

/// The message types on the way down, nearest first.
#[derive(Debug, Clone, Copy)]
struct Above<'a> {
    message: &'a MessageDescriptor,
    place: &'a Place<'a>,
}

impl<'a> Place<'a> {
    pub(super) fn root(seed: Seed) -> Self {
        Self {
            seed,
            budget: MESSAGE_BUDGET,
            above: None,
            packed: false,
        }
    }

    /// The place of one of `shares` fields or elements. `number` is mixed into its seed.
    pub(super) fn part(&self, number: u64, shares: usize) -> Self {
        let shares = u32::try_from(shares.max(1)).unwrap_or(u32::MAX);
        Self {
            seed: self.seed.with_number(number),
            budget: self.budget / shares,
            ..*self
        }
    }

    /// The place of the message in an `Any`.
    pub(super) fn in_any(&self) -> Self {
        Self {
            packed: true,
            ..self.part(0, 1)
        }
    }

    /// How many of `entries` a map may have here, unless rules require more.
    pub(super) fn entries(&self, entries: usize) -> usize {
        if self.packed { 1 } else { entries }
    }

    /// The place of the fields of a message of this type.
    pub(super) fn inside(&'a self, message: &'a MessageDescriptor) -> Place<'a> {
        let above = Some(Above { message, place: self });
        Place {
            budget: self.budget.saturating_sub(1),
            above,
            ..*self
        }
    }

    /// Whether a message of this type may be made up here.
    pub(super) fn has_room_for(&self, message: &MessageDescriptor, required: bool) -> bool {
        let (mut depth, mut repeats) = (0, 0);
        for above in self.above() {
            depth += 1;
            repeats += usize::from(above == message);
        }
        let is_affordable = if required {
            self.budget > 0
        } else {
            self.budget >= OPTIONAL_BUDGET && repeats < 2
        };
        is_affordable && depth < MAX_DEPTH
    }

    /// Whether this is inside a message of this type.
    pub(super) fn is_inside(&self, message: &MessageDescriptor) -> bool {
        self.above().any(|above| above == message)
    }

    /// Whether this is inside two messages of this type.
    pub(super) fn repeats(&self, message: &MessageDescriptor) -> bool {
        self.above().filter(|above| *above == message).count() > 1
    }

    fn above(&self) -> impl Iterator<Item = &'a MessageDescriptor> {
        std::iter::successors(self.above, |above| above.place.above).map(|above| above.message)
    }
}
