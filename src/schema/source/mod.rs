//! The sources of a schema: finds and reads the inputs and all that they import.
//!
//! The result is a [`FileGraph`], whose files have been parsed, but whose references to types have not been looked up.

mod block;
#[cfg(feature = "buf")]
mod buf;
#[cfg(not(feature = "buf"))]
#[path = "no_buf.rs"]
mod buf;
#[cfg(feature = "buf")]
mod buf_file;
#[cfg(feature = "buf")]
mod buf_lock;
#[cfg(not(feature = "buf"))]
#[path = "no_buf_lock.rs"]
mod buf_lock;
mod chosen_names;
mod comments;
mod defaults;
mod dependencies;
mod edition;
mod escapes;
mod file;
mod graph;
mod imports;
mod inputs;
mod literals;
mod looked_at;
mod lower;
mod lowered;
mod missing;
mod nesting;
mod oneofs;
mod parsed;
mod reading_order;
mod resolver;
mod restore;
mod set;
mod shipped;
mod text;
mod tokens;
mod wording;
mod written_features;

pub(super) use self::edition::{EditionParts, OPTION_DEPENDENCY, Visibility};
pub(super) use self::file::{FileContents, FileId, TextFile, same_file};
pub(super) use self::graph::FileGraph;
pub(super) use self::imports::ImportRoots;
pub(crate) use self::inputs::is_schema_source;
pub(super) use self::inputs::{Inputs, absolute};
pub(super) use self::literals::OTHER_BASE;
pub(super) use self::lower::TEXT_DEFAULT;
pub(crate) use self::nesting::first_bracket_below;
pub use self::resolver::ImportResolver;
pub(super) use self::resolver::Resolvers;
pub(super) use self::set::{SetFile, read as read_set};
pub(crate) use self::shipped::error_details;
#[cfg(feature = "client")]
pub(crate) use self::shipped::well_known_files;
pub(super) use self::shipped::{bundled_file_of, bundled_files, descriptor_proto, options_message};
pub(super) use self::text::read as read_text;
pub(super) use self::tokens::{TokenKind, tokens};
pub(super) use self::wording::oddity;
