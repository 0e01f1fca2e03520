//! Editions: how the elements of a file behave, and the same file in the words of proto2 or proto3.
//!
//! | file | what it has |
//! |---|---|
//! | `set` | the features of an element, and the defaults of each edition |
//! | `lower` | a file with an edition as one of proto2 or proto3, for prost-reflect |
//! | `clients` | a file with an edition for clients that do not know it |
//! | `groups` | fields between tags as groups, for those clients |
//! | `symbols` | what other files may use, and which enums are closed |
//! | `marks` | what the copy that prost-reflect gets cannot say otherwise |

mod clients;
mod groups;
mod lower;
mod marks;
mod set;
mod symbols;

pub use self::clients::DescriptorEdition;
pub(crate) use self::clients::{Translation, option_dependencies};
pub(super) use self::lower::{delimited, lowered_for_pool, text, varint};
pub(super) use self::marks::mark;
pub(crate) use self::marks::{is_closed, verifies_utf8};
pub(super) use self::set::{
    EDITION_2023, EDITION_2024, Edition, FeatureSet, IMPLICIT, LEGACY_REQUIRED, PACKED, PROTO2, PROTO3,
    STRICT, edition_name, edition_named, is_known,
};
pub(super) use self::symbols::edition_symbols;
