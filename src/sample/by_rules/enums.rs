//! Enum values within their rules.
//!
//! The zero value usually means "unspecified", so another one is chosen if the rules allow it.

use prost_reflect::{EnumDescriptor, EnumValueDescriptor, Value};
use prost_types::EnumValueOptions;

use crate::sample::annotations::ValidationRules;
use crate::sample::seed::Random;

/// The number of one of the enum's values. It is not zero and not deprecated if there are others.
pub(in crate::sample) fn number(
    enum_type: &EnumDescriptor,
    rules: &ValidationRules,
    more_than_zero: bool,
    random: &mut Random,
) -> i32 {
    let numbers = |name| -> Vec<i32> { rules.list(name).iter().filter_map(Value::as_i32).collect() };
    if let Some(constant) = rules.value("const").and_then(|value| value.as_i32()) {
        return constant;
    }
    let (never, among) = (numbers("not_in"), numbers("in"));
    let among = if among.is_empty() {
        numbers("example")
    } else {
        among
    };
    let of_rules = among
        .iter()
        .copied()
        .filter(|number| *number != 0 || !more_than_zero)
        .collect();
    let is_current = |value: &EnumValueDescriptor| {
        let options = value.enum_value_descriptor_proto().options.as_ref();
        value.number() != 0 && !options.is_some_and(EnumValueOptions::deprecated)
    };
    let current = enum_type
        .values()
        .filter(is_current)
        .map(|value| value.number())
        .collect();
    let other = enum_type
        .values()
        .map(|value| value.number())
        .filter(|number| *number != 0)
        .collect();
    let choices = if among.is_empty() {
        [current, other]
    } else {
        [of_rules, among]
    };
    let choice = choices.into_iter().find_map(|mut choices: Vec<i32>| {
        choices.retain(|number| !never.contains(number));
        random.pick(&choices).copied()
    });
    choice.unwrap_or_else(|| enum_type.default_value().number())
}
