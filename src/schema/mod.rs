//! From proto text or descriptor sets to an immutable [`Schema`], before the first byte is served.
//!
//! Everything that can be wrong with the input is found here, all of it at once and with its place. The result is known
//! to be valid: the compiler's own bytes of every file, and, when somebody asks for them, the descriptor pool and the tables
//! that the hot path reads.
//!
//! | stage | what it does |
//! |---|---|
//! | `source` | finds and reads the inputs and all that they import |
//! | `remote` | asks places that are no files, such as servers |
//! | `cache` | takes what has not changed from what another process compiled |
//! | `link` | looks up every name, and reads every option |
//! | `features` | what editions mean for each element, and files with editions for the descriptor pool |
//! | `check` | refuses what protoc refuses and the libraries do not |
//! | `compiled`, `tables`, `method`, `method_types`, `layouts` | the result |
//! | `fields`, `keys`, `enums` | the result by name, for types of Rust |
//! | `stand_ins` | bytes of a text that are no UTF-8, while it is compiled |
//! | `valid_texts` | texts that are no UTF-8, for libraries that take nothing else |
//! | `proto_text`, `text_format` | the result, printed as proto text, and its options |

mod builder;
mod cache;
mod check;
mod compiled;
mod declared;
mod definitions;
mod descriptor;
mod descriptor_set;
mod each;
mod earlier;
mod element_path;
mod enums;
mod fast_map;
mod features;
mod field;
mod fields;
mod foreign;
mod guarded;
mod hints;
mod index;
mod json_fields;
mod keys;
mod kind;
mod known;
mod layout;
mod layouts;
mod link;
mod method;
mod method_options;
mod method_types;
mod name;
mod named;
mod option_hints;
mod outline;
mod overlay;
#[cfg(any(feature = "client", feature = "rules"))]
mod own_services;
mod places;
mod plain;
mod pool_bytes;
mod proto_text;
mod quoted;
mod raw_types;
mod remote;
mod schema_file;
mod source;
mod stand_ins;
mod tables;
mod tabs;
mod text_format;
mod valid_texts;
mod warning;
mod well_known;
mod wire;

pub use self::builder::SchemaBuilder;
pub use self::compiled::{InputFolder, Schema};
pub(crate) use self::definitions::SymbolKind;
#[cfg(feature = "rules")]
pub(crate) use self::definitions::packages_of;
pub use self::descriptor_set::DescriptorSet;
pub(crate) use self::descriptor_set::descriptor_set_of;
pub(crate) use self::enums::{EnumTable, simple};
pub(crate) use self::fast_map::{FastMap, FastSet};
pub use self::features::DescriptorEdition;
pub(crate) use self::features::{Translation, is_closed, option_dependencies};
pub(crate) use self::field::{Detail, Entry, Field, Form, Named, Oneof, ValueType};
pub(crate) use self::fields::Fields;
pub(crate) use self::index::SchemaIndex;
pub(crate) use self::json_fields::{JsonField, JsonFields, JsonForm, JsonKind};
pub(crate) use self::keys::{StructKey, StructKeys, Target};
pub(crate) use self::kind::kind_name;
pub(crate) use self::known::Names;
pub(crate) use self::layout::{FieldLayout, Layout, LayoutId, Shape};
pub(crate) use self::layouts::Layouts;
pub use self::method::Method;
pub(crate) use self::method_options::{Element, ElementPlaces, MethodOption};
pub(crate) use self::name::{outwards, qualified};
pub(crate) use self::named::{field_called, field_name, field_named};
pub(crate) use self::overlay::Overlay;
#[cfg(any(feature = "client", feature = "rules"))]
pub(crate) use self::own_services::OWN_SERVICES;
pub(crate) use self::raw_types::{RawField, RawKind, RawTypes};
pub(crate) use self::remote::RememberedSource;
pub use self::remote::SchemaSource;
pub use self::schema_file::SchemaFile;
pub use self::source::ImportResolver;
#[cfg(feature = "client")]
pub(crate) use self::source::well_known_files;
pub(crate) use self::source::{error_details, first_bracket_below, is_schema_source};
pub(crate) use self::text_format::{AnyTypes, text_format};
#[cfg(feature = "client")]
pub(crate) use self::valid_texts::decoded_file;
pub(crate) use self::valid_texts::with_valid_texts;
pub(crate) use self::well_known::{WellKnown, is_null_value};
