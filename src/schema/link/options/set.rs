//! Sets one option in the message of options: looks up the parts of its name, and reads its value.

use prost_reflect::{Kind, MessageDescriptor};
use prost_types::UninterpretedOption;
use prost_types::uninterpreted_option::NamePart;

use super::aggregate::read_aggregate;
use super::contents::{Contents, Slot, Value};
use super::fault::{Fault, Lookup};
use super::literal::Literal;
use crate::schema::kind::kind_name;
use crate::schema::named::field_named;

/// The option that holds the features of an element. protoc needs the defaults of a feature before it reads the file that
/// uses it, and asks so of names that lead to it, and not of those in braces.
const FEATURES: &str = "features";

/// Sets an option. Returns the numbers of the fields that its name leads through, or what is wrong.
pub(super) fn set_option(
    contents: &mut Contents,
    option: &UninterpretedOption,
    scope: &str,
    names: &dyn Lookup,
) -> Result<Vec<i32>, Fault> {
    let mut path = Vec::with_capacity(option.name.len() + 1);
    let mut at = contents;
    let Some((last, before)) = option.name.split_last() else {
        return Err("an option has no name".to_owned().into());
    };
    for (index, part) in before.iter().enumerate() {
        let slot = find_slot(&at.descriptor, &option.name[..=index], part, scope, names)?;
        path.push(slot.number as i32);
        let name = written_name(&option.name[..=index]);
        if slot.is_list {
            return Err(format!("option '{name}' is a list: set it whole, in braces").into());
        }
        at = at.message_mut(&slot).ok_or_else(|| {
            format!(
                "option '{name}' is no message, and has no field '{}'",
                last.name_part
            )
        })?;
    }
    let slot = find_slot(&at.descriptor, &option.name, last, scope, names)?;
    path.push(slot.number as i32);
    if !slot.is_list && at.has(slot.number) {
        return Err(format!(
            "option field '{}' has already been set",
            written_name(&option.name)
        )
        .into());
    }
    let value = value_of(option, &slot, names)?;
    let index = at.push(&slot, value);
    path.extend(slot.is_list.then_some(index as i32));
    Ok(path)
}

/// The field or extension that a part of an option's name stands for; `name` is the name up to it.
fn find_slot(
    descriptor: &MessageDescriptor,
    name: &[NamePart],
    part: &NamePart,
    scope: &str,
    names: &dyn Lookup,
) -> Result<Slot, Fault> {
    if part.is_extension {
        let slot = names.extension(descriptor, &part.name_part, scope)?;
        let is_feature = matches!(name, [first, ..] if !first.is_extension && first.name_part == FEATURES);
        return if is_feature && names.is_own(&slot.full_name) {
            Err(Fault {
                message: format!(
                    "the feature '{}' is used in the file that defines it",
                    written_name(name)
                ),
                hint: Some("define it in a file of its own, and import that".to_owned()),
            })
        } else {
            Ok(slot)
        };
    }
    match field_named(descriptor, &part.name_part) {
        Some(field) => Ok(Slot::of_field(&field)),
        None => Err(format!("option field '{}' is not defined", written_name(name)).into()),
    }
}

fn value_of(option: &UninterpretedOption, slot: &Slot, names: &dyn Lookup) -> Result<Value, Fault> {
    let name = written_name(&option.name);
    match (&slot.kind, &option.aggregate_value) {
        (Kind::Message(descriptor), Some(text)) => read_aggregate(text, descriptor, names)
            .map(Value::Message)
            .map_err(|fault| fault.of(&format!("option '{name}'"))),
        (kind, _) => {
            let (literal, found) = literal_of(option);
            // An integer has no sign where it is zero.
            let literal = match (kind, literal) {
                (Kind::Float | Kind::Double, Some(Literal::Integer { magnitude: 0, .. })) => {
                    Some(Literal::Float(0.0))
                }
                (_, literal) => literal,
            };
            let value = literal.map_or(Err(String::new()), |literal| literal.value(kind));
            value.map_err(|_| {
                let list = if slot.is_list { "repeated " } else { "" };
                let kind = kind_name(kind);
                Fault::from(format!(
                    "expected a value of type '{list}{kind}' for option '{name}', but found '{found}'"
                ))
            })
        }
    }
}

/// The literal of an option, and how it is written.
fn literal_of(option: &UninterpretedOption) -> (Option<Literal>, String) {
    if let Some(word) = &option.identifier_value {
        (Some(Literal::Word(word.clone())), word.clone())
    } else if let Some(magnitude) = option.positive_int_value {
        let is_negative = false;
        (
            Some(Literal::Integer {
                is_negative,
                magnitude,
            }),
            magnitude.to_string(),
        )
    } else if let Some(integer) = option.negative_int_value {
        let literal = Literal::Integer {
            is_negative: true,
            magnitude: integer.unsigned_abs(),
        };
        (Some(literal), integer.to_string())
    } else if let Some(float) = option.double_value {
        (Some(Literal::Float(float)), float.to_string())
    } else if let Some(text) = &option.string_value {
        let found = format!("\"{}\"", text.escape_ascii());
        (Some(Literal::Text(text.clone())), found)
    } else {
        (None, option.aggregate_value.clone().unwrap_or_default())
    }
}

/// The name of an option as protos write it.
pub(super) fn written_name(parts: &[NamePart]) -> String {
    let parts = parts.iter().map(|part| {
        if part.is_extension {
            format!("({})", part.name_part)
        } else {
            part.name_part.clone()
        }
    });
    parts.collect::<Vec<_>>().join(".")
}
