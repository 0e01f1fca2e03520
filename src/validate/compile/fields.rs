//! The plan of a field: whether it must be set, what its value must satisfy, and what it holds.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind};

use super::compiler::{Compiler, about};
use super::messages::Slots;
use super::options::{field, flag, message, option, rules, texts, value};
use super::place::Place;
use crate::cel::{ConstraintScope, FieldReader, Type};
use crate::schema::{WellKnown, kind_name};
use crate::validate::path::{PathElement, PathStep, Subscript};
use crate::validate::plan::{Constraint, FieldPlan, ValuePlan};

/// When the rules of a value are ignored: `buf.validate.Ignore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ignore {
    Unspecified,
    /// If it is unset, or the zero of its type. Old versions had two names for it.
    IfZero,
    Always,
}

impl Ignore {
    fn of(rules: &DynamicMessage) -> Self {
        match value(rules, "ignore").and_then(|value| value.as_enum_number()) {
            Some(1 | 2) => Self::IfZero,
            Some(3) => Self::Always,
            _ => Self::Unspecified,
        }
    }
}

/// A value that is checked: a field, an element of a list, or a key or value of a map.
pub(super) struct Target<'t> {
    pub(super) descriptor: &'t FieldDescriptor,
    /// Whether it is one element of the list.
    pub(super) is_element: bool,
    /// The way to its rules in `buf.validate.FieldRules`.
    pub(super) way: Vec<PathStep>,
    pub(super) place: &'t Place,
}

impl Target<'_> {
    pub(super) fn is_list(&self) -> bool {
        self.descriptor.is_list() && !self.is_element
    }

    fn is_map(&self) -> bool {
        self.descriptor.is_map() && !self.is_element
    }

    /// The type of `this`: a wrapper is what it holds.
    pub(super) fn this(&self) -> Type {
        if self.is_list() || self.is_map() {
            return FieldReader::of(self.descriptor).value_type();
        }
        match self.wrapped() {
            Some(wrapped) => FieldReader::of(&wrapped).element_type(),
            None => FieldReader::of(self.descriptor).element_type(),
        }
    }

    /// The field of a wrapper such as `google.protobuf.Int32Value`.
    fn wrapped(&self) -> Option<FieldDescriptor> {
        match self.descriptor.kind() {
            Kind::Message(message) if WellKnown::of(&message) == Some(WellKnown::Wrapper) => {
                message.get_field(1)
            }
            _ => None,
        }
    }

    /// The kind of the value, or of what its wrapper holds.
    pub(super) fn kind(&self) -> Kind {
        self.wrapped()
            .map_or_else(|| self.descriptor.kind(), |wrapped| wrapped.kind())
    }

    /// The field of `buf.validate.FieldRules` that has the rules for its type.
    pub(super) fn rules_of_type(&self) -> Option<String> {
        if self.is_list() {
            return Some("repeated".to_owned());
        }
        if self.is_map() {
            return Some("map".to_owned());
        }
        Some(match self.kind() {
            Kind::Message(message) => match WellKnown::of(&message)? {
                WellKnown::Any => "any".to_owned(),
                WellKnown::Duration => "duration".to_owned(),
                WellKnown::Timestamp => "timestamp".to_owned(),
                WellKnown::FieldMask => "field_mask".to_owned(),
                _ => return None,
            },
            Kind::Enum(_) => "enum".to_owned(),
            scalar => kind_name(&scalar).to_owned(),
        })
    }

    /// The way to a rule.
    pub(super) fn way_to(&self, steps: impl IntoIterator<Item = PathStep>) -> Vec<PathStep> {
        self.way.iter().cloned().chain(steps).collect()
    }
}

/// A step to a field of rules.
pub(super) fn step(rules: &DynamicMessage, name: &str, index: Option<usize>) -> PathStep {
    let element = Arc::new(PathElement::of_field(&field(rules, name)));
    PathStep::new(&element, index.map(|index| Subscript::Index(index as u64)))
}

impl Compiler<'_> {
    /// The plan of a field, if something is checked of it. The rules of a field of a group are ignored while it is unset.
    pub(super) fn field_plan(
        &mut self,
        field: &FieldDescriptor,
        is_grouped: bool,
        slots: &mut Slots,
    ) -> Option<FieldPlan> {
        let rules = option(&field.options(), "buf.validate.field");
        let ignore = rules.as_ref().map_or(Ignore::Unspecified, Ignore::of);
        if ignore == Ignore::Always {
            return None;
        }
        let place = Place::of_field(field);
        let target = Target {
            descriptor: field,
            is_element: false,
            way: Vec::new(),
            place: &place,
        };
        let required = rules
            .as_ref()
            .filter(|rules| flag(rules, "required"))
            .map(|rules| {
                Arc::new(about(
                    "required",
                    "value is required",
                    "",
                    vec![step(rules, "required", None)],
                ))
            });
        let value = self.value_plan(&target, rules.as_ref());
        if required.is_none() && value.is_empty() {
            return None;
        }
        let reader = FieldReader::of(field);
        Some(FieldPlan {
            slot: slots.of(field),
            element: Arc::new(PathElement::of_field(field)),
            required,
            skip_unset: reader.has_presence() || is_grouped || ignore == Ignore::IfZero,
            reader,
            value,
        })
    }

    fn value_plan(&mut self, target: &Target<'_>, rules: Option<&DynamicMessage>) -> ValuePlan {
        let mut plan = ValuePlan::default();
        if let Some(rules) = rules {
            match Ignore::of(rules) {
                Ignore::Always => return plan,
                Ignore::IfZero => plan.skip_zero = target.is_element,
                Ignore::Unspecified => {}
            }
            self.custom(target, rules, &mut plan.constraints);
            self.standard(target, rules, &mut plan);
        }
        let part = |name: &str| {
            let (rules, kind) = (rules?, target.rules_of_type()?);
            let of_type = message(rules, &kind)?;
            let part = message(&of_type, name)?;
            let way = target.way_to([step(rules, &kind, None), step(&of_type, name, None)]);
            Some((part, way))
        };
        let element = |compiler: &mut Self, descriptor: &FieldDescriptor, name: &str| {
            let (rules, way) = part(name).unzip();
            let element = Target {
                descriptor,
                is_element: true,
                way: way.unwrap_or_default(),
                place: target.place,
            };
            let plan = compiler.value_plan(&element, rules.as_ref());
            (!plan.is_empty()).then(|| Box::new(plan))
        };
        match target.descriptor.kind() {
            Kind::Message(entry) if target.is_map() => {
                plan.keys = element(self, &entry.map_entry_key_field(), "keys");
                plan.values = element(self, &entry.map_entry_value_field(), "values");
            }
            _ if target.is_list() => plan.items = element(self, target.descriptor, "items"),
            Kind::Message(inner) => plan.message = self.plan_of(&inner),
            _ => {}
        }
        plan
    }

    /// `cel` and `cel_expression` of a field.
    fn custom(
        &mut self,
        target: &Target<'_>,
        field_rules: &DynamicMessage,
        constraints: &mut Vec<Constraint>,
    ) {
        let scope = || ConstraintScope {
            this: target.this(),
            constants: Vec::new(),
        };
        for (index, expression) in texts(field_rules, "cel_expression").iter().enumerate() {
            let way = target.way_to([step(field_rules, "cel_expression", Some(index))]);
            let about = about("", "", expression, way);
            constraints.extend(self.constraint(expression, scope(), about, target.place));
        }
        for (index, rule) in rules(field_rules).iter().enumerate() {
            let way = target.way_to([step(field_rules, "cel", Some(index))]);
            self.expect_id(rule, target.place);
            let about = about(&rule.id, &rule.message, &rule.expression, way);
            constraints.extend(self.constraint(&rule.expression, scope(), about, target.place));
        }
    }
}
