//! The names of fields in JSON, which must differ within a message.
//!
//! proto3 promises JSON to everyone, so all names count there, and in editions unless `features.json_format` says
//! `LEGACY_BEST_EFFORT`. In proto2, where JSON came later, two fields may have one name unless both were given theirs.

use std::collections::HashMap;

use super::facts::FileFacts;
use super::report::Report;
use crate::schema::descriptor::{Field, File, Message};
use crate::schema::element_path::ElementPath;
use crate::schema::features::{Edition, FeatureSet};
use crate::schema::name::{default_json_name, qualified};
use crate::schema::quoted::escaped;

/// The numbers of a field's names in `FieldDescriptorProto`.
const NAME: i32 = 1;
const JSON_NAME: i32 = 10;

const HINT: &str = "give one of them another with json_name";

pub(super) fn check_json_names(
    report: &mut Report<'_>,
    facts: &FileFacts<'_>,
    message: &Message,
    path: &ElementPath<'_>,
) {
    for fault in faults(message, facts.features.promises_json()) {
        let path = path.element(2, fault.field);
        let path = &path.field(fault.part);
        if fault.is_warning {
            report.warning(path, fault.text, HINT);
        } else if fault.part == NAME {
            report.problem_with_hint(path, fault.text, HINT);
        } else {
            report.problem(path, fault.text);
        }
    }
}

/// What is wrong with the names in JSON of a file without places, each with the name of the message.
pub(in crate::schema) fn wrong_json_names(file: &File, edition: Edition) -> Vec<String> {
    let features = FeatureSet::of_edition(edition).with(file.own_features());
    let mut wrong = Vec::new();
    let messages = file.message_type.iter();
    let mut waiting: Vec<(String, FeatureSet, &Message)> = messages
        .map(|message| (qualified(&file.package, &message.name), features, message))
        .collect();
    while let Some((name, features, message)) = waiting.pop() {
        let features = features.with(message.own_features());
        let options = message.options.as_ref();
        if !options.is_some_and(|options| options.deprecated_legacy_json_field_conflicts) {
            let faults = faults(message, features.promises_json()).into_iter();
            let faults = faults.filter(|fault| !fault.is_warning);
            wrong.extend(faults.map(|fault| format!("message '{name}': {}", fault.text)));
        }
        let nested = message.nested_type.iter();
        waiting.extend(nested.map(|nested| (qualified(&name, &nested.name), features, nested)));
    }
    wrong
}

/// What is wrong with a field, by its index, and with which part of it.
struct Fault {
    field: usize,
    part: i32,
    text: String,
    is_warning: bool,
}

fn faults(message: &Message, promises_json: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for given_names_count in [false, true] {
        let mut known: HashMap<Vec<u8>, (&Field, bool)> = HashMap::with_capacity(message.field.len());
        for (index, field) in message.field.iter().enumerate() {
            let mut fault = |part: i32, text: String, is_warning: bool| {
                faults.push(Fault {
                    field: index,
                    part,
                    text,
                    is_warning,
                });
            };
            let default = default_json_name(&field.name).into_bytes();
            let given = field
                .json_name
                .as_deref()
                .filter(|given| given_names_count && *given != default);
            let is_given = given.is_some();
            let name = given.map_or(default, <[u8]>::to_vec);
            if is_given && name.starts_with(b"[") && name.ends_with(b"]") {
                let text = format!(
                    "field '{}': a name in brackets is that of an extension in JSON",
                    field.name
                );
                fault(JSON_NAME, text, false);
            }
            if is_given && name.contains(&0) {
                let text = format!("field '{}': a name in JSON holds a zero byte", field.name);
                fault(JSON_NAME, text, false);
            }
            let Some((first, first_is_given)) = known.get(&name).copied() else {
                known.insert(name, (field, is_given));
                continue;
            };
            // Two default names were compared in the first round.
            let is_news = !given_names_count || is_given || first_is_given;
            if is_news {
                let text = format!(
                    "fields '{}' and '{}' have one name in JSON: '{}'",
                    first.name,
                    field.name,
                    escaped(&name)
                );
                fault(NAME, text, !(promises_json || is_given && first_is_given));
            }
        }
    }
    faults
}
