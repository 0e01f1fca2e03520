//! The plan of a message type: its own constraints, its oneofs, and its fields.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor};

use super::compiler::{Compiler, about};
use super::contradictions::endless;
use super::options::{flag, messages, option, rules, texts};
use super::place::{OPTIONS_OF_FIELD, OPTIONS_OF_MESSAGE, Place};
use crate::cel::{ConstraintScope, FieldReader, Type};
use crate::schema::{field_name, field_named};
use crate::suggest;
use crate::validate::path::PathElement;
use crate::validate::plan::{Arrival, Constraint, Group, MessagePlan, RequiredOneof};

/// The slots of a message's fields, by number.
#[derive(Debug, Default)]
pub(super) struct Slots(HashMap<u32, usize>);

impl Slots {
    pub(super) fn of(&mut self, field: &FieldDescriptor) -> usize {
        let next = self.0.len();
        *self.0.entry(field.number()).or_insert(next)
    }
}

impl Compiler<'_> {
    pub(super) fn message_plan(&mut self, message: &MessageDescriptor) -> MessagePlan {
        let layout = self.schema.layouts().find(message.full_name());
        let layout = layout.expect("layouts hold every message of the schema");
        let mut slots = Slots::default();
        if let Some(field) = endless(message) {
            let place = Place::of_field(&field);
            let text = format!(
                "each {} must hold another {0}, without an end",
                message.full_name()
            );
            let hint = "leave out `required`, or `min_items`, of a field on the way";
            self.problems
                .push(place.problem(self.schema, &text).with_hint(hint));
        }
        let own = option(&message.options(), "buf.validate.message");
        let place = Place::of_message(message);
        let constraints = own
            .as_ref()
            .map(|own| self.message_constraints(own, message, &place))
            .unwrap_or_default();
        let groups = own
            .as_ref()
            .map(|own| self.groups(own, message, &place, &mut slots))
            .unwrap_or_default();
        let grouped: HashSet<u32> = groups
            .iter()
            .flat_map(|group| group.members.iter().map(|(_, reader)| reader.number()))
            .collect();
        let required_oneofs = message.oneofs().filter(|oneof| {
            let rules = option(&oneof.options(), "buf.validate.oneof");
            rules.is_some_and(|rules| flag(&rules, "required"))
        });
        let oneofs = required_oneofs
            .map(|oneof| RequiredOneof {
                element: Arc::new(PathElement::of_oneof(&oneof)),
                about: Arc::new(about(
                    "required",
                    "exactly one field is required in oneof",
                    "",
                    Vec::new(),
                )),
                slots: oneof.fields().map(|field| slots.of(&field)).collect(),
            })
            .collect();
        let mut fields = Vec::new();
        let mut declared: Vec<FieldDescriptor> = message.fields().collect();
        // prost-reflect's order is that of the numbers.
        declared.sort_by_key(|field| field.path().last().copied());
        for field in declared {
            let is_grouped = grouped.contains(&field.number());
            fields.extend(self.field_plan(&field, is_grouped, &mut slots));
        }
        let numbers = self
            .schema
            .layouts()
            .get(layout)
            .fields
            .iter()
            .map(|field| field.number);
        MessagePlan {
            arrivals: arrivals(numbers, message, &slots),
            descriptor: message.clone(),
            layout,
            constraints,
            groups,
            oneofs,
            fields,
            slots: slots.0.len(),
        }
    }

    /// `(buf.validate.message).cel` and `.cel_expression`.
    fn message_constraints(
        &mut self,
        own: &DynamicMessage,
        message: &MessageDescriptor,
        place: &Place,
    ) -> Vec<Constraint> {
        let scope = || ConstraintScope {
            this: Type::Message(message.clone()),
            constants: Vec::new(),
        };
        let mut constraints = Vec::new();
        for expression in texts(own, "cel_expression") {
            let about = about("", "", &expression, Vec::new());
            constraints.extend(self.constraint(&expression, scope(), about, place));
        }
        for rule in rules(own) {
            self.expect_id(&rule, place);
            let about = about(&rule.id, &rule.message, &rule.expression, Vec::new());
            constraints.extend(self.constraint(&rule.expression, scope(), about, place));
        }
        constraints
    }

    /// `(buf.validate.message).oneof`.
    fn groups(
        &mut self,
        own: &DynamicMessage,
        message: &MessageDescriptor,
        place: &Place,
        slots: &mut Slots,
    ) -> Vec<Group> {
        let mut groups = Vec::new();
        for rule in messages(own, "oneof") {
            let names = texts(&rule, "fields");
            if let Some((text, hint)) = wrong_group(&names, message) {
                let problem = place.problem(self.schema, &text);
                self.problems.push(problem.with_hint_if(hint));
                continue;
            }
            let fields = names.iter().filter_map(|name| field_named(message, name));
            let members = fields
                .map(|field| (slots.of(&field), FieldReader::of(&field)))
                .collect();
            let names = names.join(", ");
            let said = |text: String| Arc::new(about("message.oneof", &text, "", Vec::new()));
            groups.push(Group {
                members,
                if_several: said(format!("only one of {names} can be set")),
                if_none: flag(&rule, "required").then(|| said(format!("one of {names} must be set"))),
            });
        }
        groups
    }
}

/// What is wrong with the fields that a `oneof` rule names, and what mends it.
fn wrong_group(names: &[String], message: &MessageDescriptor) -> Option<(String, Option<String>)> {
    if names.is_empty() {
        let hint = "name two or more, as in `fields: [\"email\", \"phone\"]`";
        return Some(("`oneof` names no fields".to_owned(), Some(hint.to_owned())));
    }
    names.iter().enumerate().find_map(|(index, name)| {
        if names[..index].contains(name) {
            let text = format!("`oneof` names the field {name} twice");
            return Some((text, Some("name each field once".to_owned())));
        }
        if field_named(message, name).is_some() {
            return None;
        }
        let fields: Vec<FieldDescriptor> = message.fields().collect();
        let hint = suggest::hint(name, fields.iter().map(field_name));
        Some((
            format!("`oneof` names the field {name}, which there is not"),
            hint,
        ))
    })
}

/// What each field of a layout does when it comes.
fn arrivals(numbers: impl Iterator<Item = u32>, message: &MessageDescriptor, slots: &Slots) -> Vec<Arrival> {
    numbers
        .map(|number| {
            let oneof = message
                .get_field(number)
                .and_then(|field| field.containing_oneof());
            let siblings = oneof.iter().flat_map(OneofDescriptor::fields);
            Arrival {
                slot: slots.0.get(&number).copied(),
                clears: siblings
                    .filter(|sibling| sibling.number() != number)
                    .filter_map(|sibling| slots.0.get(&sibling.number()).copied())
                    .collect(),
            }
        })
        .collect()
}

impl Place {
    fn of_message(message: &MessageDescriptor) -> Self {
        Self {
            file: message.parent_file(),
            path: message.path().to_vec(),
            options: OPTIONS_OF_MESSAGE,
            what: format!("message {}", message.full_name()),
            message: message.full_name().to_owned(),
        }
    }

    pub(super) fn of_field(field: &FieldDescriptor) -> Self {
        Self {
            file: field.parent_file(),
            path: field.path().to_vec(),
            options: OPTIONS_OF_FIELD,
            what: format!("field {}", field.full_name()),
            message: field.parent_message().full_name().to_owned(),
        }
    }
}
