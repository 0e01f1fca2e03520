//! The parts of a block, in the order of the source.

/// Parts of a block, each with the place it has in the source.
#[derive(Default)]
pub(super) struct Parts {
    /// Line and column. What has no place in the source is behind everything.
    parts: Vec<((i32, i32), String)>,
}

impl Parts {
    pub(super) fn push(&mut self, place: (i32, i32), text: String) {
        self.parts.push((place, text));
    }

    /// The parts in the order of the source, and as they came where that is not known.
    pub(super) fn in_order(mut self) -> impl Iterator<Item = String> {
        self.parts.sort_by_key(|(place, _)| *place);
        self.parts.into_iter().map(|(_, text)| text)
    }
}
