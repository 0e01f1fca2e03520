//! Where an element of a file is, as `SourceCodeInfo` writes it: numbers of fields and indices of elements.
//!
//! A path stands on the stack of the walk, each part behind the one above it, so that only those that are asked for their
//! numbers cost an allocation.

/// A path from a file to one of its elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementPath<'p> {
    above: Option<&'p ElementPath<'p>>,
    field: i32,
    index: Option<i32>,
}

impl<'p> ElementPath<'p> {
    /// A field of the file itself.
    pub(super) fn of_file(field: i32) -> Self {
        Self {
            above: None,
            field,
            index: None,
        }
    }

    /// An element of a list of the file.
    pub(super) fn in_file(field: i32, index: usize) -> Self {
        Self {
            index: Some(index_number(index)),
            ..Self::of_file(field)
        }
    }

    /// A field of this element.
    pub(super) fn field(&'p self, field: i32) -> Self {
        Self {
            above: Some(self),
            field,
            index: None,
        }
    }

    /// An element of a list of this element.
    pub(super) fn element(&'p self, field: i32, index: usize) -> Self {
        Self {
            index: Some(index_number(index)),
            ..self.field(field)
        }
    }

    /// The path as numbers.
    pub(super) fn numbers(&self) -> Vec<i32> {
        let mut numbers = self.above.map(Self::numbers).unwrap_or_default();
        numbers.push(self.field);
        numbers.extend(self.index);
        numbers
    }
}

fn index_number(index: usize) -> i32 {
    i32::try_from(index).expect("a file of at most 64 MiB has fewer elements")
}
