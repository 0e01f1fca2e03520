//! Links the files of a graph: looks up every name, reads every option, and fixes every byte of the result.

mod empty_options;
mod guard;
mod imports;
mod linker;
mod order;

pub(super) use self::linker::{Linked, link};
