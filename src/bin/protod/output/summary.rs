//! How much was loaded, in words.
//!
//! `check` prints it as its result, and `serve` above its list of services.

use protod::{HttpRules, Rules, Schema};

/// How much there is, in words.
pub(crate) fn summary(schema: &Schema, rules: &Rules, http_rules: &HttpRules) -> String {
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let services = count(schema.services().len(), "service");
    let methods = count(schema.methods().len(), "method");
    let rules = count(rules.len(), "rule");
    match http_rules.routes().count() {
        0 => format!("{services}, {methods}, {rules}"),
        routes => format!("{services}, {methods}, {rules}, {}", count(routes, "REST route")),
    }
}
