//! Strings: the standard library's and those of the strings extension. Indices count code points.

use super::format::format;
use super::function::{Code, Function, Overload, Parameter, ResultType, Style, bounded};
use crate::cel::values::{EvalError, Evaluated, Value, no_overload};

const TEXT_TO_TEXT: &[Overload] = &[Overload(&[Parameter::Text], ResultType::Is(Parameter::Text))];
const TWO_TEXTS_TO_BOOL: &[Overload] = &[Overload(
    &[Parameter::Text, Parameter::Text],
    ResultType::Is(Parameter::Bool),
)];
/// Bytes as `buf.validate` has them.
const TWO_TEXTS_OR_BYTES_TO_BOOL: &[Overload] = &[
    Overload(
        &[Parameter::Text, Parameter::Text],
        ResultType::Is(Parameter::Bool),
    ),
    Overload(
        &[Parameter::Bytes, Parameter::Bytes],
        ResultType::Is(Parameter::Bool),
    ),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::member(
        "contains",
        Code::Test(contains, |text, part| text.contains(part)),
        TWO_TEXTS_OR_BYTES_TO_BOOL,
    ),
    Function::member(
        "startsWith",
        Code::Test(starts_with, |text, part| text.starts_with(part)),
        TWO_TEXTS_OR_BYTES_TO_BOOL,
    ),
    Function::member(
        "endsWith",
        Code::Test(ends_with, |text, part| text.ends_with(part)),
        TWO_TEXTS_OR_BYTES_TO_BOOL,
    ),
    Function {
        name: "matches",
        style: Style::Both,
        code: Code::Two(matches),
        overloads: TWO_TEXTS_TO_BOOL,
    },
    Function::member(
        "charAt",
        Code::Two(char_at),
        &[Overload(
            &[Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "indexOf",
        Code::Two(index_of),
        &[Overload(
            &[Parameter::Text, Parameter::Text],
            ResultType::Is(Parameter::Int),
        )],
    ),
    Function::member(
        "indexOf",
        Code::Three(index_of_from),
        &[Overload(
            &[Parameter::Text, Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Int),
        )],
    ),
    Function::member(
        "lastIndexOf",
        Code::Two(last_index_of),
        &[Overload(
            &[Parameter::Text, Parameter::Text],
            ResultType::Is(Parameter::Int),
        )],
    ),
    Function::member(
        "lastIndexOf",
        Code::Three(last_index_of_from),
        &[Overload(
            &[Parameter::Text, Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Int),
        )],
    ),
    Function::member("lowerAscii", Code::One(lower_ascii), TEXT_TO_TEXT),
    Function::member("upperAscii", Code::One(upper_ascii), TEXT_TO_TEXT),
    Function::member("trim", Code::One(trim), TEXT_TO_TEXT),
    Function::member(
        "replace",
        Code::Three(replace),
        &[Overload(
            &[Parameter::Text, Parameter::Text, Parameter::Text],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "replace",
        Code::Four(replace_n),
        &[Overload(
            &[Parameter::Text, Parameter::Text, Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "split",
        Code::Two(split),
        &[Overload(
            &[Parameter::Text, Parameter::Text],
            ResultType::Is(Parameter::Texts),
        )],
    ),
    Function::member(
        "split",
        Code::Three(split_n),
        &[Overload(
            &[Parameter::Text, Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Texts),
        )],
    ),
    Function::member(
        "substring",
        Code::Two(substring_from),
        &[Overload(
            &[Parameter::Text, Parameter::Int],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "substring",
        Code::Three(substring),
        &[Overload(
            &[Parameter::Text, Parameter::Int, Parameter::Int],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "join",
        Code::One(join),
        &[Overload(&[Parameter::Texts], ResultType::Is(Parameter::Text))],
    ),
    Function::member(
        "join",
        Code::Two(join_with),
        &[Overload(
            &[Parameter::Texts, Parameter::Text],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function::member(
        "format",
        Code::Two(format),
        &[Overload(
            &[Parameter::Text, Parameter::List],
            ResultType::Is(Parameter::Text),
        )],
    ),
    Function {
        name: "strings.quote",
        style: Style::Global,
        code: Code::One(quote),
        overloads: TEXT_TO_TEXT,
    },
];

fn contains<'e>(text: Value<'e>, part: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &part) {
        (Value::String(text), Value::String(part)) => Ok(Value::Bool(text.contains(&**part))),
        (Value::Bytes(bytes), Value::Bytes(part)) => Ok(Value::Bool(contains_bytes(bytes, part))),
        (text, part) => no_overload("contains", &[text, part]),
    }
}

/// In time that grows with the sum of both lengths.
fn contains_bytes(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

fn starts_with<'e>(text: Value<'e>, part: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &part) {
        (Value::String(text), Value::String(part)) => Ok(Value::Bool(text.starts_with(&**part))),
        (Value::Bytes(bytes), Value::Bytes(part)) => Ok(Value::Bool(bytes.starts_with(part))),
        (text, part) => no_overload("startsWith", &[text, part]),
    }
}

fn ends_with<'e>(text: Value<'e>, part: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &part) {
        (Value::String(text), Value::String(part)) => Ok(Value::Bool(text.ends_with(&**part))),
        (Value::Bytes(bytes), Value::Bytes(part)) => Ok(Value::Bool(bytes.ends_with(part))),
        (text, part) => no_overload("endsWith", &[text, part]),
    }
}

/// The compiler makes parts of their own of it, which can charge for what the pattern costs.
fn matches<'e>(text: Value<'e>, pattern: Value<'e>) -> Evaluated<Value<'e>> {
    no_overload("matches", &[&text, &pattern])
}

fn char_at<'e>(text: Value<'e>, index: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &index) {
        (Value::String(text), Value::Int(index)) => {
            let place = place("charAt", text, *index)?;
            Ok(Value::text(
                text[place..].chars().next().map(String::from).unwrap_or_default(),
            ))
        }
        (text, index) => no_overload("charAt", &[text, index]),
    }
}

fn index_of<'e>(text: Value<'e>, part: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &part) {
        (Value::String(text), Value::String(part)) => Ok(Value::Int(
            text.find(&**part).map_or(-1, |found| code_points(&text[..found])),
        )),
        (text, part) => no_overload("indexOf", &[text, part]),
    }
}

fn index_of_from<'e>(text: Value<'e>, part: Value<'e>, from: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(text), Value::String(part), Value::Int(from)) = (&text, &part, &from) else {
        return no_overload("indexOf", &[&text, &part, &from]);
    };
    let (from, start) = search_start("indexOf", text, part, *from)?;
    let found = text[start..].find(&**part);
    Ok(Value::Int(found.map_or(-1, |found| {
        from + code_points(&text[start..start + found])
    })))
}

fn last_index_of<'e>(text: Value<'e>, part: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &part) {
        (Value::String(text), Value::String(part)) => Ok(Value::Int(
            text.rfind(&**part)
                .map_or(-1, |found| code_points(&text[..found])),
        )),
        (text, part) => no_overload("lastIndexOf", &[text, part]),
    }
}

fn last_index_of_from<'e>(text: Value<'e>, part: Value<'e>, from: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(text), Value::String(part), Value::Int(from)) = (&text, &part, &from) else {
        return no_overload("lastIndexOf", &[&text, &part, &from]);
    };
    let (_, start) = search_start("lastIndexOf", text, part, *from)?;
    // The match may begin there, so it may end its own length later.
    let end = text[start..]
        .char_indices()
        .nth(part.chars().count())
        .map_or(text.len(), |(end, _)| start + end);
    Ok(Value::Int(
        text[..end]
            .rfind(&**part)
            .map_or(-1, |found| code_points(&text[..found])),
    ))
}

fn lower_ascii(text: Value<'_>) -> Evaluated<Value<'_>> {
    match &text {
        Value::String(text) => Ok(Value::text(text.to_ascii_lowercase())),
        other => no_overload("lowerAscii", &[other]),
    }
}

fn upper_ascii(text: Value<'_>) -> Evaluated<Value<'_>> {
    match &text {
        Value::String(text) => Ok(Value::text(text.to_ascii_uppercase())),
        other => no_overload("upperAscii", &[other]),
    }
}

fn trim(text: Value<'_>) -> Evaluated<Value<'_>> {
    match &text {
        Value::String(text) => Ok(Value::text(text.trim().to_owned())),
        other => no_overload("trim", &[other]),
    }
}

fn replace<'e>(text: Value<'e>, from: Value<'e>, to: Value<'e>) -> Evaluated<Value<'e>> {
    replace_n(text, from, to, Value::Int(-1))
}

/// Replaces the first `count` occurrences, or all of them if it is negative.
fn replace_n<'e>(text: Value<'e>, from: Value<'e>, to: Value<'e>, count: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(text), Value::String(from), Value::String(to), Value::Int(count)) =
        (&text, &from, &to, &count)
    else {
        return no_overload("replace", &[&text, &from, &to, &count]);
    };
    let count = usize::try_from(*count).unwrap_or(usize::MAX);
    let replaced = text.matches(&**from).take(count).count();
    bounded(
        "replace",
        replaced
            .checked_mul(to.len())
            .and_then(|added| added.checked_add(text.len())),
    )?;
    Ok(Value::text(text.replacen(&**from, to, count)))
}

fn split<'e>(text: Value<'e>, separator: Value<'e>) -> Evaluated<Value<'e>> {
    split_n(text, separator, Value::Int(-1))
}

/// At most `count` parts, the last with all that is left; all parts if it is negative. An empty separator splits
/// between code points.
fn split_n<'e>(text: Value<'e>, separator: Value<'e>, count: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(text), Value::String(separator), Value::Int(count)) = (&text, &separator, &count)
    else {
        return no_overload("split", &[&text, &separator, &count]);
    };
    let count = usize::try_from(*count).unwrap_or(usize::MAX);
    let part = |part: &str| Value::text(part.to_owned());
    if count == 0 {
        return Ok(Value::List(Vec::new()));
    }
    if !separator.is_empty() {
        return Ok(Value::List(text.splitn(count, &**separator).map(part).collect()));
    }
    let mut parts = Vec::new();
    let mut rest = &**text;
    while let Some(first) = rest.chars().next() {
        let end = if parts.len() + 1 == count {
            rest.len()
        } else {
            first.len_utf8()
        };
        parts.push(part(&rest[..end]));
        rest = &rest[end..];
    }
    Ok(Value::List(parts))
}

fn substring_from<'e>(text: Value<'e>, start: Value<'e>) -> Evaluated<Value<'e>> {
    match (&text, &start) {
        (Value::String(text), Value::Int(start)) => {
            Ok(Value::text(text[place("substring", text, *start)?..].to_owned()))
        }
        (text, start) => no_overload("substring", &[text, start]),
    }
}

fn substring<'e>(text: Value<'e>, start: Value<'e>, end: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::String(text), Value::Int(start), Value::Int(end)) = (&text, &start, &end) else {
        return no_overload("substring", &[&text, &start, &end]);
    };
    if start > end {
        return Err(EvalError::new(format!(
            "substring: it ends at {end}, before its start at {start}"
        )));
    }
    let (start, end) = (place("substring", text, *start)?, place("substring", text, *end)?);
    Ok(Value::text(text[start..end].to_owned()))
}

fn join(list: Value<'_>) -> Evaluated<Value<'_>> {
    join_with(list, Value::text(""))
}

fn join_with<'e>(list: Value<'e>, separator: Value<'e>) -> Evaluated<Value<'e>> {
    let (Value::List(values), Value::String(separator)) = (&list, &separator) else {
        return no_overload("join", &[&list, &separator]);
    };
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::String(text) => parts.push(&**text),
            other => return no_overload("join", &[other]),
        }
    }
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    bounded(
        "join",
        separator
            .len()
            .checked_mul(parts.len())
            .and_then(|added| added.checked_add(length)),
    )?;
    Ok(Value::text(parts.join(separator)))
}

/// The text as a literal in double quotes.
fn quote(text: Value<'_>) -> Evaluated<Value<'_>> {
    let Value::String(text) = &text else {
        return no_overload("strings.quote", &[&text]);
    };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    Ok(Value::text(quoted))
}

fn code_points(text: &str) -> i64 {
    text.chars().count() as i64
}

/// The index to search from, and its place. An empty part is found everywhere, at most at the end; for another the
/// index has to be that of a character.
fn search_start(name: &str, text: &str, part: &str, from: i64) -> Evaluated<(i64, usize)> {
    let length = code_points(text);
    if part.is_empty() {
        let from = from.min(length);
        return Ok((from, place(name, text, from)?));
    }
    if from == length {
        return Err(EvalError::new(format!("{name}: index out of range: {from}")));
    }
    Ok((from, place(name, text, from)?))
}

/// Where the code point `index` begins, in bytes; the end counts too.
fn place(name: &str, text: &str, index: i64) -> Evaluated<usize> {
    let out_of_range = || EvalError::new(format!("{name}: index out of range: {index}"));
    let wanted = usize::try_from(index).map_err(|_| out_of_range())?;
    let ends = std::iter::once(text.len());
    let mut places = text.char_indices().map(|(place, _)| place).chain(ends);
    places.nth(wanted).ok_or_else(out_of_range)
}
