//! Looks at a type before there is a message: which fields its structs have, which variants its enums, and what each
//! asks for.
//!
//! The type is deserialized from nothing, by a deserializer that answers each question with a value of the kind that is
//! asked for and compares the question with the schema. The values do not matter, and a type may refuse them. So one run does
//! not see everything: the type is run again and again, each time with the keys and variants that are not done yet, until
//! a run finds nothing new. A type that refers to itself ends at its second appearance, and so do runs: each marks at least
//! one key of a struct or variant of an enum as done.
//!
//! | file | what it does |
//! |---|---|
//! | `runs` | runs a type until nothing new is found |
//! | `findings` | keeps what is done and what does not fit |
//! | `place` | what of the schema a deserializer stands for |
//! | `values` | answers serde's questions |
//! | `fields`, `variants`, `elements` | give it what is in structs, enums, lists and maps |

mod elements;
mod fields;
mod findings;
mod place;
mod runs;
mod values;
mod variants;

pub(super) use self::runs::misfits;
