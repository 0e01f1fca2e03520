//! Checks a linked file for what protoc refuses and the libraries that link it do not.
//!
//! Other tools read the descriptors that protod serves, and refuse what protoc refuses. So the verdict on a text is
//! protoc's: tests/verdicts has a text for each rule, and the suite compares the two.
//!
//! | file | what it checks |
//! |---|---|
//! | `written` | what can only be seen before linking |
//! | `clashes` | what the descriptor pool would refuse |
//! | `files`, `messages`, `fields`, `enums`, `extensions` | what holds for each of them |
//! | `reserved`, `declarations`, `json_names`, `features`, `limits`, `style`, `visibility` | one matter each |
//! | `report`, `ranges`, `facts` | what all of them use |

mod clashes;
mod declarations;
mod enums;
mod extensions;
mod facts;
mod features;
mod fields;
mod files;
mod json_names;
mod limits;
mod messages;
mod ranges;
mod report;
mod reserved;
mod style;
mod visibility;
mod written;

pub(super) use self::clashes::check_clashes;
pub(super) use self::files::{Checks, check_file};
pub(super) use self::json_names::wrong_json_names;
pub(super) use self::limits::{fields_of_oneofs, has_many_members, has_many_values, is_large_oneof};
pub(super) use self::report::Report;
pub(super) use self::style::Style;
pub(super) use self::written::check_written;
