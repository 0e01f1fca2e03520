//! Names as the style guide wants them, which edition 2024 and later enforce unless `features.enforce_naming_style` says
//! `STYLE_LEGACY`.

use std::borrow::Cow;
use std::collections::HashSet;

use prost_reflect::MessageDescriptor;

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::Message;
use crate::schema::element_path::ElementPath;

/// How a name is written.
#[derive(Debug, Clone, Copy)]
pub(in crate::schema) enum Style {
    /// `TitleCase`.
    Title,
    /// `lower_snake_case`.
    LowerSnake,
    /// `UPPER_SNAKE_CASE`.
    UpperSnake,
}

/// The names that a member of a message must not seem to belong to.
#[derive(Debug, Default)]
pub(super) struct Members<'m>(HashSet<Cow<'m, str>>);

impl<'m> Members<'m> {
    pub(super) fn of(message: &'m Message) -> Self {
        let fields = message.field.iter().map(|field| field.name.as_str());
        let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name.as_str());
        Self(fields.chain(oneofs).map(Cow::Borrowed).collect())
    }

    /// Those of a message that an extension extends.
    pub(super) fn of_extended(message: &MessageDescriptor) -> Self {
        let fields = message.fields().map(|field| field.name().to_owned());
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let oneofs = oneofs.map(|oneof| oneof.name().to_owned());
        Self(fields.chain(oneofs).map(Cow::Owned).collect())
    }
}

const OPT_OUT: &str = "or write features.enforce_naming_style = STYLE_LEGACY";

/// Checks a name. `what` is what has it: "message", "field".
pub(super) fn check_style(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    name: &str,
    style: Style,
    what: &str,
    path: &ElementPath<'_>,
) {
    if facts.features.has_style()
        && let Some(wanted) = style.broken_by(name)
    {
        let hint = format!("rename it, {OPT_OUT}");
        report.problem_with_hint(path, format!("the name of the {what} '{name}' {wanted}"), hint);
    }
}

/// Checks that code generated for a field or a oneof does not collide with that for another, as the style of 2026 demands.
pub(super) fn check_collisions(
    report: &mut Report<'_>,
    name: &str,
    members: &Members<'_>,
    path: &ElementPath<'_>,
) {
    let prefixes = ["has_", "get_", "set_", "clear_"].into_iter();
    let mut others = prefixes
        .filter_map(|prefix| name.strip_prefix(prefix))
        .chain(name.strip_suffix("_value"));
    let hint = "rename it, or write features.enforce_naming_style = STYLE2024";
    if let Some(other) = others.find(|other| members.0.contains(*other)) {
        let text = format!("code generated for '{name}' collides with that for '{other}'");
        report.problem_with_hint(path, text, hint);
    } else if name == "descriptor" {
        let text = "code generated for 'descriptor' collides with what every message has";
        report.problem_with_hint(path, text, hint);
    }
}

impl Style {
    /// What the style wants of a name that it does not allow.
    pub(in crate::schema) fn broken_by(self, name: &str) -> Option<&'static str> {
        let first = name.bytes().next()?;
        let all = |allowed: fn(u8) -> bool| name.bytes().all(allowed);
        match self {
            Self::Title if !all(|byte| byte.is_ascii_alphanumeric()) => Some("is not in TitleCase"),
            Self::Title if !first.is_ascii_uppercase() => Some("does not begin with a capital letter"),
            Self::Title => None,
            Self::LowerSnake if !all(is_lower_snake) => Some("is not in lower_snake_case"),
            Self::LowerSnake if !first.is_ascii_lowercase() => Some("does not begin with a small letter"),
            Self::UpperSnake if !all(is_upper_snake) => Some("is not in UPPER_SNAKE_CASE"),
            Self::UpperSnake if !first.is_ascii_uppercase() => Some("does not begin with a capital letter"),
            Self::LowerSnake | Self::UpperSnake => {
                has_odd_underscores(name).then_some("has an underscore that no letter follows")
            }
        }
    }
}

fn is_lower_snake(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.'
}

fn is_upper_snake(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Whether an underscore stands at an end, or before something else than a letter.
fn has_odd_underscores(name: &str) -> bool {
    let pairs = name.as_bytes().windows(2);
    let is_odd = |pair: &[u8]| pair[0] == b'_' && !pair[1].is_ascii_alphabetic();
    name.starts_with('_') || name.ends_with('_') || { pairs }.any(is_odd)
}
