//! The rules of a type, such as `int32.gt`: those of `buf.validate`, and predefined ones of users, which extend them.
//!
//! Each is a field or an extension of a message of rules. Its own options say in CEL what a value of it means.

use std::sync::{Arc, LazyLock};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, OneofDescriptor, ReflectMessage as _};

use super::compiler::{Compiler, about};
use super::contradictions::contradiction;
use super::fields::{Target, step};
use super::options::{field, flag, message, option, rules, texts};
use crate::cel::{Budget, ConstraintScope, FieldReader, MessageValue, Type, Value};
use crate::schema::Schema;
use crate::validate::path::{PathElement, PathStep};
use crate::validate::plan::{Native, NativeCheck, ValuePlan};

/// The option that says what a rule means.
const PREDEFINED: &str = "buf.validate.predefined";

/// The version of `validate.proto` that comes with protod.
static BUNDLED: LazyLock<Schema> = LazyLock::new(|| {
    let schema = Schema::builder().import("buf/validate/validate.proto").build();
    schema.expect("it is bundled")
});

/// Whether a message of rules is of a `validate.proto` that does not say what its rules mean, as those before 0.8.
fn says_nothing(rules: &MessageDescriptor) -> bool {
    !rules
        .fields()
        .any(|field| option(&field.options(), PREDEFINED).is_some())
}

/// What the bundled version says of a rule.
fn bundled(rules: &MessageDescriptor, number: u32) -> Option<DynamicMessage> {
    let rules = BUNDLED.pool().get_message_by_name(rules.full_name())?;
    option(&rules.get_field(number)?.options(), PREDEFINED)
}

impl Compiler<'_> {
    /// Adds the rules of the value's type.
    pub(super) fn standard(
        &mut self,
        target: &Target<'_>,
        field_rules: &DynamicMessage,
        plan: &mut ValuePlan,
    ) {
        let descriptor = field_rules.descriptor();
        let of_types = descriptor.oneofs().find(|oneof| oneof.name() == "type");
        let mut members = of_types.iter().flat_map(OneofDescriptor::fields);
        let Some(kind) = members.find(|member| field_rules.has_field(member)) else {
            return;
        };
        let expected = target.rules_of_type();
        if expected.as_deref() != Some(kind.name()) {
            let hint = match expected {
                Some(expected) => format!("a field of its type has `{expected}` rules"),
                None => "a field of its type has no rules but `required` and `cel`".to_owned(),
            };
            let text = format!("`{}` rules do not fit it", kind.name());
            let problem = target.place.problem(self.schema, &text).with_hint(hint);
            self.problems.push(problem);
            return;
        }
        let Some(of_type) = message(field_rules, kind.name()) else {
            return;
        };
        if let Some((text, hint)) = contradiction(&of_type) {
            let problem = target.place.problem(self.schema, &text).with_hint(hint);
            self.problems.push(problem);
        }
        let to_type = step(field_rules, kind.name(), None);
        natives(target, &of_type, &to_type, plan);
        let bytes = of_type.encode_to_vec();
        let rules_value = Value::Message(MessageValue {
            descriptor: of_type.descriptor(),
            bytes: bytes.clone().into(),
        });
        let fields = of_type.fields().map(|(field, _)| {
            let element = PathElement::of_field(&field);
            (FieldReader::of(&field), element, field.options())
        });
        let extensions = of_type.extensions().map(|(extension, _)| {
            let element = PathElement::of_extension(&extension);
            (
                FieldReader::of_extension(&extension),
                element,
                extension.options(),
            )
        });
        let says_nothing = says_nothing(&of_type.descriptor());
        for (reader, element, options) in fields.chain(extensions) {
            let predefined = option(&options, PREDEFINED);
            let predefined = predefined
                .or_else(|| says_nothing.then(|| bundled(&of_type.descriptor(), reader.number()))?);
            let Some(predefined) = predefined else {
                continue;
            };
            let element = Arc::new(element);
            let read = reader.read(&bytes, &Budget::default());
            let Ok(Some(rule)) = read.map(|value| value.map(Value::into_owned)) else {
                continue;
            };
            for constraint in rules(&predefined) {
                let scope = ConstraintScope {
                    this: target.this(),
                    constants: vec![
                        ("rules", Type::Message(of_type.descriptor()), rules_value.clone()),
                        ("rule", reader.value_type(), rule.clone()),
                    ],
                };
                let way = target.way_to([to_type.clone(), PathStep::new(&element, None)]);
                let about = about(&constraint.id, &constraint.message, &constraint.expression, way);
                let compiled = self.constraint(&constraint.expression, scope, about, target.place);
                plan.constraints.extend(compiled);
            }
        }
    }
}

/// The rules that have no expression.
fn natives(target: &Target<'_>, of_type: &DynamicMessage, to_type: &PathStep, plan: &mut ValuePlan) {
    let mut add = |check: NativeCheck, id: &str, text: &str| {
        let (_, name) = id.split_once('.').expect("an id has two parts");
        let element = Arc::new(PathElement::of_field(&field(of_type, name)));
        let way = target.way_to([to_type.clone(), PathStep::new(&element, None)]);
        let about = Arc::new(about(id, text, "", way));
        plan.natives.push(Native { check, about });
    };
    match (of_type.descriptor().name(), target.kind()) {
        ("EnumRules", Kind::Enum(enumeration)) if flag(of_type, "defined_only") => {
            let mut numbers: Vec<i32> = enumeration.values().map(|value| value.number()).collect();
            numbers.sort_unstable();
            add(
                NativeCheck::DefinedOnly(numbers.into()),
                "enum.defined_only",
                "value must be one of the defined enum values",
            );
        }
        ("AnyRules", _) => {
            let (among, never) = (texts(of_type, "in"), texts(of_type, "not_in"));
            if !among.is_empty() {
                let text = "type URL must be in the allow list";
                add(NativeCheck::AnyIn(among.into()), "any.in", text);
            }
            if !never.is_empty() {
                let text = "type URL must not be in the block list";
                add(NativeCheck::AnyNotIn(never.into()), "any.not_in", text);
            }
        }
        _ => {}
    }
}
