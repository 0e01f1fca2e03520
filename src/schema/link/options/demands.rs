//! What fields demand when they are options, or in options: the elements and editions that they are for, and that required
//! ones are there.

use std::collections::HashMap;

use prost::Message as _;
use prost_reflect::{Cardinality, EnumDescriptor, Kind};

use super::contents::{Contents, FieldDemands, Slot, Value};
use super::fault::Fault;
use crate::schema::descriptor::{EnumValueOptions, FeatureSupport};
use crate::schema::features::{Edition, PROTO2, PROTO3, edition_name};
use crate::schema::quoted::escaped;

/// What the fields of the texts so far demand, by their full names. The first pool, where options are looked up, has only a
/// part of their own options.
#[derive(Debug, Default)]
pub(in crate::schema::link) struct Demands {
    fields: HashMap<String, FieldDemands>,
}

impl Demands {
    /// Notes the options of a field.
    pub(super) fn note(&mut self, field: String, options: &Contents) {
        self.fields.insert(field, FieldDemands::of(&options.encode()));
    }

    fn of<'d>(&'d self, slot: &'d Slot) -> &'d FieldDemands {
        self.fields.get(&slot.full_name).unwrap_or(&slot.demands)
    }

    pub(super) fn is_for_source(&self, slot: &Slot) -> bool {
        self.of(slot).is_for_source
    }

    /// What is wrong with the options of an element, whose number is `target`, in a file of an edition.
    pub(super) fn check(&self, options: &Contents, target: i32, edition: Edition) -> Vec<Fault> {
        let mut problems = Vec::new();
        self.check_fields(options, target, edition, &mut problems);
        problems
    }

    fn check_fields(&self, contents: &Contents, target: i32, edition: Edition, problems: &mut Vec<Fault>) {
        for (slot, values) in contents.fields() {
            let demands = self.of(slot);
            if !demands.targets.is_empty() && !demands.targets.contains(&target) {
                let targets: Vec<&str> = demands.targets.iter().copied().map(elements).collect();
                let text = format!(
                    "the option '{}' is for {} and not for {}",
                    slot.full_name,
                    targets.join(" and "),
                    elements(target)
                );
                problems.push(text.into());
            }
            problems.extend(
                demands
                    .support
                    .as_ref()
                    .and_then(|support| outlived(support, &slot.full_name, edition)),
            );
            if let Kind::Enum(found) = &slot.kind {
                let numbers = values.iter().filter_map(|value| match value {
                    Value::Varint(number) => Some(*number as i32),
                    _ => None,
                });
                problems.extend(numbers.filter_map(|number| outlived_value(found, number, edition)));
            }
            if slot.is_utf8 && values.iter().any(Value::is_odd_text) {
                problems.push(Fault {
                    message: format!("the option '{}' is a string that has to be UTF-8", slot.full_name),
                    hint: Some("a field of type `bytes` may have any".to_owned()),
                });
            }
            for value in values {
                let Value::Message(message) = value else { continue };
                let required = message.descriptor.fields();
                let required = required.filter(|field| field.cardinality() == Cardinality::Required);
                for field in required.filter(|field| !message.has(field.number())) {
                    let text = "lacks the field";
                    let text = format!(
                        "the option '{}' {text} '{}', which is required",
                        slot.name,
                        field.name()
                    );
                    problems.push(text.into());
                }
                self.check_fields(message, target, edition, problems);
            }
        }
    }
}

/// What is wrong with the use of a field or a value in an edition that does not have it.
fn outlived(support: &FeatureSupport, name: &str, edition: Edition) -> Option<Fault> {
    let in_edition = match edition {
        PROTO2 | PROTO3 => edition_name(edition),
        _ => format!("edition {}", edition_name(edition)),
    };
    if edition < support.edition_introduced {
        let first = edition_name(support.edition_introduced);
        let message = format!("'{name}' is there from edition {first} on, and not in {in_edition}");
        return Some(message.into());
    }
    let removed = support.edition_removed.filter(|removed| edition >= *removed)?;
    Some(Fault {
        message: format!(
            "'{name}' is there until edition {}, and not in {in_edition}",
            edition_name(removed)
        ),
        hint: support.removal_error.as_deref().map(escaped),
    })
}

fn outlived_value(found: &EnumDescriptor, number: i32, edition: Edition) -> Option<Fault> {
    let value = found.get_value(number)?;
    value.enum_value_descriptor_proto().options.as_ref()?;
    let options = EnumValueOptions::decode(value.options().encode_to_vec().as_slice()).ok()?;
    outlived(&options.feature_support?, value.full_name(), edition)
}

/// The elements of an `OptionTargetType`.
fn elements(target: i32) -> &'static str {
    match target {
        1 => "files",
        2 => "ranges of extensions",
        3 => "messages",
        4 => "fields",
        5 => "oneofs",
        6 => "enums",
        7 => "values of enums",
        8 => "services",
        9 => "methods",
        _ => "other elements",
    }
}
