//! How much was loaded, in words.
//!
//! `check` prints it as its result, and `serve` above its list of services.

use protod::{Rules, Schema};

/// How much there is, in words.
pub(crate) fn summary(schema: &Schema, rules: &Rules) -> String {
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let services = count(schema.services().len(), "service");
    let methods = count(schema.methods().len(), "method");
    format!("{services}, {methods}, {}", count(rules.len(), "rule"))
}
