//! What to write where the type of an expression does not fit its field: a conversion, a condition, an element, a field of it,
//! or a message with it.

use prost_reflect::{Kind, MessageDescriptor};

use super::constant::{no_enum_value, range};
use super::typing::{accepts, is_integer};
use crate::cel::{
    Branch, FieldInfo, FieldReader, JsonForm, Misfit, Program, Type, Value, accepts_element, accepts_field,
    put_value,
};
use crate::rules::compile::identifier::is_identifier;
use crate::rules::plan::template::Target;
use crate::schema::field_name;

/// The most fields that a hint writes out.
const MAX_FIELDS: usize = 4;

/// A hint at the expression `source`, whose values are of the type `found` and do not fit the target.
pub(super) fn hint(
    target: &Target,
    found: &Type,
    constant: Option<&Value<'_>>,
    source: &str,
) -> Option<String> {
    let source = source.trim();
    let list = match target {
        Target::Field(field) if field.map_entry().is_some() => {
            let hint =
                "a map is made by a loop: `{each: \"${list}\", as: x, key: \"${x.name}\", value: \"${x}\"}`";
            return Some(hint.to_owned());
        }
        Target::Field(field) if field.repeated => Some(field),
        _ => None,
    };
    if let Some(field) = list {
        return in_list(field, found, source);
    }
    let message = match target {
        Target::Contents(message, _) => Some(message),
        Target::Field(field) | Target::Element(field) => field.message(),
    };
    if let Some(message) = message {
        return match JsonForm::of(message) {
            Some(form) => well_known(form, found, source),
            None => in_message(message, found, source),
        };
    }
    let kind = target.scalar()?;
    let hint = match found {
        Type::Message(_) | Type::List(_) | Type::Map(..) if *kind == Kind::String => {
            Some("`json(…)` makes it text".to_owned())
        }
        Type::Message(_) | Type::List(_) | Type::Map(..) => part_of(target, found, source),
        _ => conversion(kind, found, constant, source),
    };
    hint.or_else(|| {
        let example = match kind {
            Kind::Bool => "true",
            Kind::Double | Kind::Float => "1.5",
            Kind::String => "'text'",
            Kind::Bytes => "b'text'",
            _ => "1",
        };
        Some(format!("write what gives such a value, as `${{{example}}}` does"))
    })
}

/// A single value that is made of a list, a map or a message.
fn part_of(target: &Target, found: &Type, source: &str) -> Option<String> {
    let fits = |value: &Type| accepts(target, value).is_ok();
    match found {
        Type::List(items) if is_path(source) && fits(items) => Some(format!(
            "write `${{{source}[0]}}`, its first element; `size({source})` is how many there are"
        )),
        Type::List(_) | Type::Map(..) if fits(&Type::Int) => {
            Some(format!("write `${{size({source})}}`: how many it has"))
        }
        Type::List(_) | Type::Map(..) if fits(&Type::Bool) => {
            Some(format!("compare it: `${{size({source}) > 0}}`"))
        }
        Type::Message(message) if is_path(source) => {
            let field = fields_of(message).find(|(_, field)| fits(&field.value_type()))?;
            Some(format!(
                "write one of its fields, such as `${{{source}.{}}}`",
                field.0
            ))
        }
        _ => None,
    }
}

/// What is wrong with one of the values that an expression chooses from, and what to do.
pub(super) fn branch_misfit(
    target: &Target,
    branch: &Branch,
    source: &str,
) -> Option<(String, Option<String>)> {
    let found = &branch.value_type;
    if let Err(expected) = accepts(target, found) {
        let message = format!("expected {expected} for {}, found {found}", target.name());
        let source = source.get(branch.span.clone()).unwrap_or("x");
        let constant = branch.text.as_ref().map(|text| Value::String(text.into()));
        return Some((message, hint(target, found, constant.as_ref(), source)));
    }
    match (target.scalar()?, &branch.text) {
        (Kind::Enum(descriptor), Some(name)) if descriptor.get_value_by_name(name).is_none() => {
            let mismatch = no_enum_value(descriptor, name);
            Some((mismatch.message, mismatch.hint))
        }
        _ => None,
    }
}

/// Why a constant of a type that fits does not fit itself, as a number that is too large, and what to do about it.
pub(super) fn constant_misfit(target: &Target, program: &Program) -> Option<(Misfit, Option<String>)> {
    let (Target::Field(field) | Target::Element(field)) = target else {
        return None;
    };
    let value = program.constant().filter(|value| !matches!(value, Value::Null))?;
    let kind = target.scalar().filter(|kind| kind.as_message().is_none())?;
    let misfit = put_value(&mut Vec::new(), field, &value).err()?;
    let hint = match (kind, &value) {
        (Kind::Enum(values), Value::String(name)) => no_enum_value(values, name).hint,
        (kind, _) => range(kind),
    };
    Some((misfit, hint))
}

/// The conversion of one scalar to another.
fn conversion(kind: &Kind, found: &Type, constant: Option<&Value<'_>>, source: &str) -> Option<String> {
    let operand = if is_path(source) {
        source.to_owned()
    } else {
        format!("({source})")
    };
    let converts = |function: &str| Some(format!("`{function}(…)` converts it"));
    let write = |expression: String| Some(format!("write `${{{expression}}}`"));
    match (kind, found) {
        (Kind::Bool, _) => truth(found, constant, &operand),
        (Kind::String, Type::Null | Type::Dyn) => None,
        (Kind::String, _) => converts("string"),
        (Kind::Bytes, Type::String) => converts("bytes"),
        (Kind::Bytes, Type::Int | Type::Uint | Type::Double) => write(format!("bytes(string({source}))")),
        (Kind::Double | Kind::Float, Type::String) => converts("double"),
        (Kind::Double | Kind::Float, Type::Bool) => write(format!("{operand} ? 1.0 : 0.0")),
        (Kind::Double | Kind::Float, Type::Timestamp) => write(format!("double(int({source}))")),
        (Kind::Double | Kind::Float, Type::Duration) => {
            write(format!("double({operand}.getMilliseconds()) / 1000.0"))
        }
        (Kind::Enum(values), _) => {
            let first = values.values().next()?;
            Some(format!(
                "write the name of a value, as in `${{'{}'}}`",
                first.name()
            ))
        }
        (kind, Type::Bool) if is_integer(kind) => write(format!("{operand} ? 1 : 0")),
        (kind, Type::Duration) if is_integer(kind) => write(format!("{operand}.getSeconds()")),
        (kind, Type::Int | Type::Uint | Type::Double | Type::String | Type::Timestamp)
            if is_integer(kind) =>
        {
            let unsigned = matches!(kind, Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64);
            match found {
                Type::Timestamp if unsigned => write(format!("uint(int({source}))")),
                _ if unsigned => converts("uint"),
                _ => converts("int"),
            }
        }
        _ => None,
    }
}

/// What is true or false of a value.
fn truth(found: &Type, constant: Option<&Value<'_>>, operand: &str) -> Option<String> {
    let literal = match constant {
        Some(Value::Int(number)) => Some(*number != 0),
        Some(Value::String(text)) => match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    };
    if let Some(truth) = literal {
        return Some(format!("write `{truth}`"));
    }
    let comparison = match found {
        Type::Int => "!= 0",
        Type::Uint => "!= 0u",
        Type::Double => "!= 0.0",
        Type::String => "== 'true'",
        Type::Timestamp => "< now",
        Type::Duration => "> duration('0s')",
        Type::Enum(values) => {
            let first = values.values().next()?;
            return Some(format!("compare it: `${{{operand} != '{}'}}`", first.name()));
        }
        Type::Bytes => return Some(format!("compare it: `${{size({operand}) > 0}}`")),
        _ => return None,
    };
    Some(format!("compare it: `${{{operand} {comparison}}}`"))
}

/// A list that is made of what was found.
fn in_list(field: &FieldInfo, found: &Type, source: &str) -> Option<String> {
    let element = field.element();
    match found {
        Type::Map(keys, _) if accepts_element(&element, keys).is_ok() => Some(format!(
            "write `${{{}.map(key, key)}}` for its keys",
            short(source)
        )),
        Type::Map(_, values) if accepts_element(&element, values).is_ok() && is_path(source) => Some(
            format!("write `${{{source}.map(key, {source}[key])}}` for its values"),
        ),
        Type::List(items) => {
            let function = match (&element.kind, &**items) {
                (Kind::String, Type::Message(_) | Type::List(_) | Type::Map(..)) => "json",
                (Kind::String, _) => "string",
                (kind, Type::String | Type::Double) if is_integer(kind) => "int",
                (Kind::Double | Kind::Float, Type::String) => "double",
                (Kind::Message(message), _) => {
                    let made = in_message(message, items, "x").is_some();
                    return made.then(|| {
                        let first = message.fields().next();
                        let name = first.map(|field| field_name(&field).to_owned()).unwrap_or_default();
                        format!(
                            "write its messages in a loop: `{{each: \"${{{source}}}\", as: x, value: {{{name}: …}}}}`"
                        )
                    });
                }
                _ => {
                    return Some(format!(
                        "make its elements what is due: `${{{}.map(x, …)}}`",
                        short(source)
                    ));
                }
            };
            Some(format!("write `${{{}.map(x, {function}(x))}}`", short(source)))
        }
        found if accepts_element(&element, found).is_ok() => {
            Some(format!("put it in a list: `[\"${{{source}}}\"]`"))
        }
        Type::Int | Type::Uint | Type::Double | Type::Bool | Type::Timestamp | Type::Duration
            if element.kind == Kind::String =>
        {
            Some(format!("put it in a list as text: `[\"${{string({source})}}\"]`"))
        }
        _ => Some("a list is written with its elements, as in `[\"${x}\", \"${y}\"]`".to_owned()),
    }
}

/// A message that is made of what was found.
fn in_message(message: &MessageDescriptor, found: &Type, source: &str) -> Option<String> {
    let is_short = is_path(source);
    if let (Type::Message(other), true) = (found, is_short) {
        // A field of it may be what is due, and else both may have fields alike.
        let due = |(_, field): &(String, FieldReader)| matches!(field.value_type(), Type::Message(of) if of.full_name() == message.full_name());
        if let Some((name, _)) = fields_of(other).find(due) {
            return Some(format!("write `${{{source}.{name}}}`"));
        }
        let mut shared = Vec::new();
        for (name, field) in fields_of(other) {
            let own = FieldInfo::find(message, &name);
            if own.is_some_and(|own| accepts_field(&own, &field.value_type()).is_ok()) {
                shared.push(format!("{name}: \"${{{source}.{name}}}\""));
            }
        }
        if !shared.is_empty() {
            let rest = if shared.len() > MAX_FIELDS { ", …" } else { "" };
            shared.truncate(MAX_FIELDS);
            return Some(format!(
                "write the fields that both have: `{{{}{rest}}}`",
                shared.join(", ")
            ));
        }
    }
    let accepting = |field: &FieldInfo| accepts_field(field, found).is_ok();
    let named = source.rsplit('.').next().filter(|_| is_short);
    let named = named.filter(|name| FieldInfo::find(message, name).is_some_and(|field| accepting(&field)));
    let name = match named {
        Some(name) => name.to_owned(),
        None => message
            .fields()
            .find(|field| accepting(&FieldInfo::of_field(field)))
            .or_else(|| message.fields().next())
            .map(|field| field_name(&field).to_owned())?,
    };
    Some(format!(
        "a message is made of its fields, as in `{{{name}: {}}}`",
        if is_short && FieldInfo::find(message, &name).is_some_and(|field| accepting(&field)) {
            format!("\"${{{source}}}\"")
        } else {
            "…".to_owned()
        }
    ))
}

/// A time or a duration that is made of what was found.
fn well_known(form: JsonForm, found: &Type, source: &str) -> Option<String> {
    let expression = match (form, found) {
        (JsonForm::Timestamp, Type::Int) => format!("timestamp({source})"),
        (JsonForm::Timestamp, Type::Uint | Type::Double) => format!("timestamp(int({source}))"),
        (JsonForm::Timestamp, Type::Duration) => {
            return Some(format!("write `${{now + {}}}`", short(source)));
        }
        (JsonForm::Duration, Type::Int | Type::Uint | Type::Double) => {
            format!("duration(string({source}) + 's')")
        }
        (JsonForm::Duration, Type::Timestamp) => {
            return Some(format!("write `${{{} - now}}`", short(source)));
        }
        (JsonForm::FieldMask, Type::List(items)) if **items == Type::String => {
            format!("{}.join(',')", short(source))
        }
        (JsonForm::ListValue, _) => return Some(format!("write `${{[{source}]}}`")),
        (JsonForm::Struct, _) => {
            return Some(format!("write its names, as in `{{value: \"${{{source}}}\"}}`"));
        }
        _ => return None,
    };
    Some(format!("write `${{{expression}}}`"))
}

/// The fields of a message, by the names of its proto.
fn fields_of(message: &MessageDescriptor) -> impl Iterator<Item = (String, FieldReader)> {
    message
        .fields()
        .map(|field| (field_name(&field).to_owned(), FieldReader::of(&field)))
}

/// Whether an expression is a name and names after dots, which may be said again.
fn is_path(source: &str) -> bool {
    source.len() <= 60 && source.split('.').all(is_identifier)
}

/// An expression that may have something before and after it.
fn short(source: &str) -> String {
    if is_path(source) {
        source.to_owned()
    } else {
        format!("({source})")
    }
}
