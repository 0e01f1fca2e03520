//! `features.default_symbol_visibility = STRICT`: nothing that is nested is shared with other files, but the enums of a
//! message that is there for their names alone.

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{
    MAX_FIELD_NUMBER, Message, VISIBILITY_EXPORT, VISIBILITY_LOCAL, VISIBILITY_UNSET,
};
use crate::schema::element_path::ElementPath;
use crate::schema::features::STRICT;

/// Checks what is nested in a message. `is_nested` says whether it is so itself.
pub(super) fn check_visibility(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    is_nested: bool,
    path: &ElementPath<'_>,
) {
    if facts.features.default_symbol_visibility != Some(STRICT) {
        return;
    }
    let hint = "move it out of the message, or leave out `export`";
    for (index, nested) in message.nested_type.iter().enumerate() {
        if nested.visibility == VISIBILITY_EXPORT {
            let text = format!("the nested message '{}' cannot be exported", nested.name);
            report.problem_with_hint(&path.element(3, index), text, hint);
        }
    }
    if is_namespace(message, is_nested) {
        return;
    }
    for (index, nested) in message.enum_type.iter().enumerate() {
        if nested.visibility == VISIBILITY_EXPORT {
            let text = format!("the nested enum '{}' cannot be exported", nested.name);
            report.problem_with_hint(&path.element(4, index), text, hint);
        }
    }
}

/// Whether a message is there for the names of its enums alone: `local message M { export enum E { … } reserved 1 to max; }`.
fn is_namespace(message: &Message, is_nested: bool) -> bool {
    let is_local = matches!(message.visibility, VISIBILITY_LOCAL | VISIBILITY_UNSET);
    let reserves_all = match message.reserved_range.as_slice() {
        [range] => range.start == 1 && range.end == MAX_FIELD_NUMBER + 1,
        _ => false,
    };
    !is_nested && is_local && reserves_all
}
