//! Links the files of a graph: looks up every name, reads every option, and fixes every byte of the result.
//!
//! The input is a [`FileGraph`](super::source::FileGraph) whose imports are resolved. The output are
//! the bytes of each file.

mod for_pool;
mod guard;
mod imports;
mod linker;
mod names;
mod options;
mod order;
mod reuse;
mod scope;
mod set;
mod set_names;
mod shared_numbers;
mod stubs;
mod symbols;
mod text;
mod unused;

pub(super) use self::linker::link;
