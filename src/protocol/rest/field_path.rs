//! [`FieldPath`]: a field of a message in a message, by the names that lead to it.

use crate::message::{Malformed, WireType, key, put_delimited, put_varint};
use crate::schema::{Detail, Field, Fields, Form, LayoutId, Layouts, Named};

/// A field at the end of a path of messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FieldPath {
    /// For each step the message, and the index of the field in its table.
    steps: Vec<(LayoutId, u16)>,
}

/// A path has no more names than messages may be deep.
const MAX_STEPS: usize = 100;

/// What is said of lists and maps of which a part is named.
const OF_NONE: &str = "whose fields no parameter can set";

/// Why a name in the style of other tools, `tags[]` or `labels[key]`, is no field's.
fn in_brackets(fields: &Fields, name: &str) -> Option<String> {
    let (known, index) = name.split_once('[')?;
    let Named::Field(field) = fields.named(known)? else {
        return None;
    };
    let what = format!("{}.{known}", fields.full_name);
    match &fields.field(field).form {
        Form::List(_) if index == "]" => Some(format!(
            "{what} is repeated; leave out the brackets, and let the parameter come more than once"
        )),
        Form::List(_) => Some(format!("{what} is repeated, {OF_NONE}")),
        Form::Map(_) => Some(format!("{what} is a map, {OF_NONE}")),
        Form::One(_) => None,
    }
}

impl FieldPath {
    /// The field that `names`, with dots between them, lead to from a message on. Names are those of the proto or of JSON.
    ///
    /// Fails with what is wrong.
    pub(super) fn find(layouts: &Layouts, mut message: LayoutId, names: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut names = names.split('.').peekable();
        while let Some(name) = names.next() {
            let fields = layouts.fields(message);
            let Some(Named::Field(index)) = fields.named(name) else {
                if let Some(why) = in_brackets(fields, name) {
                    return Err(why);
                }
                return Err(format!(
                    "{} has no field {:?}{}",
                    fields.full_name,
                    crate::excerpt::excerpt(name),
                    crate::suggest::clause(name, fields.list.iter().map(|field| &*field.name))
                ));
            };
            if steps.len() == MAX_STEPS {
                return Err(format!("the path of a field has more than {MAX_STEPS} names"));
            }
            steps.push((message, index));
            if names.peek().is_none() {
                break;
            }
            match &fields.field(index).form {
                Form::One(value) => match value.detail {
                    Detail::Message { layout, .. } if layouts.fields(layout).well_known.is_some() => {
                        let held = &layouts.fields(layout).full_name;
                        return Err(format!(
                            "{}.{name} is a {held}, which has one value",
                            fields.full_name
                        ));
                    }
                    Detail::Message { layout, .. } => message = layout,
                    _ => {
                        return Err(format!(
                            "{}.{name} is no message, so it has no fields",
                            fields.full_name
                        ));
                    }
                },
                Form::List(_) => return Err(format!("{}.{name} is repeated, {OF_NONE}", fields.full_name)),
                Form::Map(_) => return Err(format!("{}.{name} is a map, {OF_NONE}", fields.full_name)),
            }
        }
        Ok(Self { steps })
    }

    /// The field at its end.
    pub(super) fn last<'l>(&self, layouts: &'l Layouts) -> &'l Field {
        let (message, index) = *self.steps.last().expect("a path has a step");
        layouts.fields(message).field(index)
    }

    /// Each step: the message and the index of the field.
    pub(super) fn steps(&self) -> &[(LayoutId, u16)] {
        &self.steps
    }

    /// Whether this is the other path, or leads to a field in it.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.steps.starts_with(&other.steps)
    }

    /// Appends a value of the field at its end, in all the messages around it.
    pub(super) fn put(&self, layouts: &Layouts, value: &Encoded, wire: &mut Vec<u8>) {
        let field = self.last(layouts);
        let mut inner = Vec::new();
        put_field(&mut inner, field, value);
        for (message, index) in self.steps.iter().rev().skip(1) {
            let mut outer = Vec::with_capacity(inner.len() + 8);
            let contents = Encoded {
                wire_type: WireType::LengthDelimited,
                bytes: inner,
            };
            put_field(&mut outer, layouts.fields(*message).field(*index), &contents);
            inner = outer;
        }
        wire.extend_from_slice(&inner);
    }
}

/// A value on the wire, without its key and, if it has a length, without that.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) wire_type: WireType,
    pub(super) bytes: Vec<u8>,
}

/// Appends a field with this value.
pub(super) fn put_field(wire: &mut Vec<u8>, field: &Field, value: &Encoded) {
    let (Form::One(of) | Form::List(of)) = &field.form else {
        // No value of a map is made here.
        return;
    };
    if let Detail::Message { group: true, .. } = of.detail {
        put_varint(wire, key(field.number, WireType::StartGroup).into());
        wire.extend_from_slice(&value.bytes);
        put_varint(wire, key(field.number, WireType::EndGroup).into());
        return;
    }
    put_varint(wire, key(field.number, value.wire_type).into());
    match value.wire_type {
        WireType::LengthDelimited => put_delimited(wire, &value.bytes),
        _ => wire.extend_from_slice(&value.bytes),
    }
}

/// The fields of a message with this number, as they are on the wire.
pub(super) fn records(message: &[u8], number: u32) -> Result<Vec<u8>, Malformed> {
    let mut reader = crate::message::Reader::new(message);
    let mut found = Vec::new();
    while !reader.is_empty() {
        let start = reader.position();
        let (field, wire_type) = reader.key()?;
        reader.skip(field, wire_type, crate::message::MAX_DEPTH)?;
        if field == number {
            found.extend_from_slice(&message[start..reader.position()]);
        }
    }
    Ok(found)
}
