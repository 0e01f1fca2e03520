//! Made-up answers for methods without rules, based only on descriptors.
//!
//! Fields of the request that the response also has, with the same name and type, are copied. The rest is made up from
//! names, types and validation rules (`annotations` lists which). Every sample can be encoded, decoded and printed as
//! JSON. The same seed, method, request and index give the same sample.
//!
//! | module | what it makes up |
//! |---|---|
//! | `message` | whole samples |
//! | `copy` | what is copied from the request |
//! | `values` | one value of any kind; messages, lists and maps |
//! | `fields`, `place` | which fields a message gets, and how deep messages nest |
//! | `well_known` | the messages of `google.protobuf` |
//! | `by_rules` | values within validation rules |
//! | `by_name` | what a field's name suggests |
//! | `formats` | text in a format |
//! | `seed` | random numbers that are the same every time |

mod annotations;
mod by_name;
mod by_rules;
mod copy;
mod fields;
mod formats;
mod handler;
mod message;
mod place;
mod sampler;
mod seed;
mod values;
mod well_known;

pub use self::sampler::Sampler;
