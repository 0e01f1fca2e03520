//! What fields demand when they are options, or in options: the elements that they are for, and that required ones are there.

use std::collections::{HashMap, HashSet};

use super::contents::{Contents, Value};
use prost_reflect::Cardinality;

/// What the fields of the files so far demand, by their full names.
#[derive(Debug)]
pub(in crate::schema::link) struct Demands {
    /// The elements that a field is for, if it is not for all, by `FieldOptions.OptionTargetType`.
    targets: HashMap<String, Vec<u64>>,
    /// The fields that are for the source alone, and left out of what is served.
    for_source: HashSet<String>,
}

/// The numbers of fields in `FieldOptions`.
const RETENTION: u32 = 17;
const TARGETS: u32 = 19;
/// `RETENTION_SOURCE`.
const SOURCE: u64 = 2;

/// Those of descriptor.proto that are for the source: the copy that comes with the library does not say so.
const FOR_SOURCE: [&str; 2] = [
    "google.protobuf.ExtensionRangeOptions.declaration",
    "google.protobuf.ExtensionRangeOptions.verification",
];

impl Default for Demands {
    fn default() -> Self {
        Self {
            targets: HashMap::new(),
            for_source: FOR_SOURCE.map(str::to_owned).into(),
        }
    }
}

impl Demands {
    /// Notes the options of a field.
    pub(super) fn note(&mut self, field: String, options: &Contents) {
        if options.numbers(RETENTION).any(|retention| retention == SOURCE) {
            self.for_source.insert(field.clone());
        }
        let targets: Vec<u64> = options.numbers(TARGETS).collect();
        if !targets.is_empty() {
            self.targets.insert(field, targets);
        }
    }

    pub(super) fn is_for_source(&self, field: &str) -> bool {
        self.for_source.contains(field)
    }

    /// What is wrong with the options of an element, whose number is `target`.
    pub(super) fn check(&self, options: &Contents, target: u64) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_fields(options, target, &mut problems);
        problems
    }

    fn check_fields(&self, contents: &Contents, target: u64, problems: &mut Vec<String>) {
        for (slot, values) in contents.fields() {
            if let Some(targets) = self
                .targets
                .get(&slot.full_name)
                .filter(|targets| !targets.contains(&target))
            {
                let targets: Vec<&str> = targets.iter().copied().map(elements).collect();
                problems.push(format!(
                    "the option '{}' is for {} and not for {}",
                    slot.full_name,
                    targets.join(" and "),
                    elements(target)
                ));
            }
            for value in values {
                let Value::Message(message) = value else { continue };
                let required = message.descriptor.fields();
                let required = required.filter(|field| field.cardinality() == Cardinality::Required);
                for field in required.filter(|field| !message.has(field.number())) {
                    let text = "lacks the field";
                    problems.push(format!(
                        "the option '{}' {text} '{}', which is required",
                        slot.name,
                        field.name()
                    ));
                }
                self.check_fields(message, target, problems);
            }
        }
    }
}

/// The elements of an `OptionTargetType`.
fn elements(target: u64) -> &'static str {
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
