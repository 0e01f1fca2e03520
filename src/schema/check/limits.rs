//! How much a message, a oneof or an enum of edition 2026 has at most, unless `features.enforce_proto_limits` says
//! `LEGACY_NO_EXPLICIT_LIMITS`.

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{Enum, Message};
use crate::schema::element_path::ElementPath;

const MAX_FIELDS: usize = 1500;
const MAX_ONEOFS: usize = 1000;
const MAX_FIELDS_OF_ONEOF: usize = 1200;
const MAX_VALUES: usize = 1700;

/// What to do about it.
const HINT: &str = "write features.enforce_proto_limits = LEGACY_NO_EXPLICIT_LIMITS to have more";

/// Checks how much a message has. Its oneofs are checked by themselves.
pub(super) fn check_message_limits(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    path: &ElementPath<'_>,
) {
    if !facts.features.has_limits() {
        return;
    }
    if message.field.len() > MAX_FIELDS {
        let text = format!("a message of edition 2026 has at most {MAX_FIELDS} fields");
        report.problem_with_hint(&path.element(2, MAX_FIELDS), text, HINT);
    }
    if message.oneof_decl.len() > MAX_ONEOFS {
        let text = format!("a message of edition 2026 has at most {MAX_ONEOFS} oneofs");
        report.problem_with_hint(&path.element(8, MAX_ONEOFS), text, HINT);
    }
}

/// Checks that a oneof does not have too many `fields`.
pub(super) fn check_oneof_limit(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    fields: usize,
    path: &ElementPath<'_>,
) {
    if facts.features.has_limits() && is_large_oneof(fields) {
        let text = format!("a oneof of edition 2026 has at most {MAX_FIELDS_OF_ONEOF} fields");
        report.problem_with_hint(path, text, HINT);
    }
}

/// Checks that an enum does not have too many values.
pub(super) fn check_enum_limit(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    found: &Enum,
    path: &ElementPath<'_>,
) {
    if facts.features.has_limits() && has_many_values(found) {
        let text = format!("an enum of edition 2026 has at most {MAX_VALUES} values");
        report.problem_with_hint(&path.element(2, MAX_VALUES), text, HINT);
    }
}

/// Whether a message has more fields or oneofs than the limits allow.
pub(in crate::schema) fn has_many_members(message: &Message) -> bool {
    message.field.len() > MAX_FIELDS || message.oneof_decl.len() > MAX_ONEOFS
}

/// Whether a oneof with so many fields has more than the limit allows.
pub(in crate::schema) fn is_large_oneof(fields: usize) -> bool {
    fields > MAX_FIELDS_OF_ONEOF
}

/// Whether an enum has more values than the limit allows.
pub(in crate::schema) fn has_many_values(found: &Enum) -> bool {
    found.value.len() > MAX_VALUES
}

/// How many fields each oneof of a message has.
pub(in crate::schema) fn fields_of_oneofs(message: &Message) -> Vec<usize> {
    let mut fields = vec![0; message.oneof_decl.len()];
    for oneof in message.field.iter().filter_map(|field| field.oneof_index) {
        let oneof = usize::try_from(oneof).unwrap_or(usize::MAX);
        if let Some(fields) = fields.get_mut(oneof) {
            *fields += 1;
        }
    }
    fields
}
