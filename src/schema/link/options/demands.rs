//! What fields demand when they are options, or in options: the elements and editions that they are for, and that required
//! ones are there.

use std::collections::HashMap;

use prost::Message as _;
use prost_reflect::{Cardinality, EnumValueDescriptor, Kind};

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
    /// The editions that have a value of an enum.
    values: HashMap<String, FeatureSupport>,
}

/// What is said of the options of an element.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

impl Demands {
    /// Notes the options of a field.
    pub(super) fn note(&mut self, field: String, options: &Contents) {
        self.fields.insert(field, FieldDemands::of(&options.encode()));
    }

    /// Notes the options of a value of an enum.
    pub(super) fn note_value(&mut self, value: String, options: &Contents) {
        let support = support_of_value(&options.encode());
        self.values.extend(support.map(|support| (value, support)));
    }

    fn of<'d>(&'d self, slot: &'d Slot) -> &'d FieldDemands {
        self.fields.get(&slot.full_name).unwrap_or(&slot.demands)
    }

    fn of_value(&self, value: &EnumValueDescriptor) -> Option<FeatureSupport> {
        let known = self.values.get(value.full_name()).cloned();
        known.or_else(|| {
            value.enum_value_descriptor_proto().options.as_ref()?;
            support_of_value(&value.options().encode_to_vec())
        })
    }

    pub(super) fn is_for_source(&self, slot: &Slot) -> bool {
        self.of(slot).is_for_source
    }

    /// What is wrong with the options of an element, whose number is `target`, in a file of an edition.
    pub(super) fn check(&self, options: &Contents, target: i32, edition: Edition) -> Found {
        let mut found = Found::default();
        self.check_fields(options, target, edition, &mut found);
        found
    }

    fn check_fields(&self, contents: &Contents, target: i32, edition: Edition, found: &mut Found) {
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
                found.problems.push(text.into());
            }
            if let Some(support) = &demands.support {
                found.lifetime(support, &slot.full_name, edition);
            }
            if let Kind::Enum(of) = &slot.kind {
                let numbers = values.iter().filter_map(|value| match value {
                    Value::Varint(number) => Some(*number as i32),
                    _ => None,
                });
                for value in numbers.filter_map(|number| of.get_value(number)) {
                    if let Some(support) = self.of_value(&value) {
                        found.lifetime(&support, value.full_name(), edition);
                    }
                }
            }
            if slot.is_utf8 && values.iter().any(Value::is_odd_text) {
                found.problems.push(Fault {
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
                    found.problems.push(text.into());
                }
                self.check_fields(message, target, edition, found);
            }
        }
    }
}

impl Found {
    /// Notes the use of a field or a value in an edition that does not have it, or soon will not.
    fn lifetime(&mut self, support: &FeatureSupport, name: &str, edition: Edition) {
        let in_edition = match edition {
            PROTO2 | PROTO3 => edition_name(edition),
            _ => format!("edition {}", edition_name(edition)),
        };
        if edition < support.edition_introduced {
            let first = edition_name(support.edition_introduced);
            let message = format!("'{name}' is there from edition {first} on, and not in {in_edition}");
            self.problems.push(message.into());
        } else if let Some(removed) = support.edition_removed.filter(|removed| edition >= *removed) {
            let removed = edition_name(removed);
            self.problems.push(Fault {
                message: format!("'{name}' is there until edition {removed}, and not in {in_edition}"),
                hint: support.removal_error.as_deref().map(escaped),
            });
        } else if support
            .edition_deprecated
            .is_some_and(|deprecated| edition >= deprecated)
        {
            self.warnings.push(Fault {
                message: format!("'{name}' is deprecated in {in_edition}"),
                hint: support.deprecation_warning.as_deref().map(escaped),
            });
        }
    }
}

fn support_of_value(options: &[u8]) -> Option<FeatureSupport> {
    EnumValueOptions::decode(options).ok()?.feature_support
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
