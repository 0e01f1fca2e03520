//! The names of fields in JSON, which must differ within a message.
//!
//! proto3 promises JSON to everyone, so all names count there, and in editions unless `features.json_format` says
//! `LEGACY_BEST_EFFORT`. In proto2, where JSON came later, two fields may have one name unless both were given theirs.

use std::collections::HashMap;

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{Field, Message};
use crate::schema::element_path::ElementPath;
use crate::schema::name::default_json_name;

pub(super) fn check_json_names(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    path: &ElementPath<'_>,
) {
    for given_names_count in [false, true] {
        let mut known: HashMap<String, (&Field, bool)> = HashMap::with_capacity(message.field.len());
        for (index, field) in message.field.iter().enumerate() {
            let default = default_json_name(&field.name);
            let given = field
                .json_name
                .as_deref()
                .filter(|given| given_names_count && *given != default);
            let is_given = given.is_some();
            let name = given.map_or(default, str::to_owned);
            let path = path.element(2, index);
            if is_given && name.starts_with('[') && name.ends_with(']') {
                let text = format!(
                    "field '{}': a name in brackets is that of an extension in JSON",
                    field.name
                );
                report.problem(&path.field(10), text);
            }
            if is_given && name.contains('\0') {
                report.problem(
                    &path.field(10),
                    format!("field '{}': a name in JSON holds a zero byte", field.name),
                );
            }
            let Some((first, first_is_given)) = known.insert(name.clone(), (field, is_given)) else {
                continue;
            };
            // Two default names were compared in the first round.
            let is_news = !given_names_count || is_given || first_is_given;
            if is_news && (facts.features.promises_json() || (is_given && first_is_given)) {
                let text = format!(
                    "fields '{}' and '{}' have one name in JSON: '{name}'",
                    first.name, field.name
                );
                report.problem_with_hint(&path.field(1), text, "give one of them another with json_name");
            }
        }
    }
}
