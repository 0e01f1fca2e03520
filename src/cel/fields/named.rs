//! A field that an expression names where the message's type is known only when it runs: in the store, or in an `Any`.
//!
//! The same few types come again and again. What the name means in each of them is looked up once and kept, so that
//! reading a field does not search for its name. Keeping takes no lock that a reader waits for.

use std::borrow::Cow;
use std::sync::OnceLock;

use prost_reflect::MessageDescriptor;

use super::field::FieldReader;
use crate::cel::values::{EvalError, Evaluated};

/// For so many types the meaning is kept. In those that come later it is looked up each time.
const MAX_KNOWN: usize = 8;

/// A name, which may also be the key of a map.
#[derive(Debug)]
pub(in crate::cel) struct NamedField {
    name: Box<str>,
    known: OnceLock<Box<Known>>,
}

/// What the name means in one type.
#[derive(Debug)]
struct Known {
    message: MessageDescriptor,
    field: FieldReader,
    next: OnceLock<Box<Known>>,
}

impl NamedField {
    pub(in crate::cel) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            known: OnceLock::new(),
        }
    }

    pub(in crate::cel) fn name(&self) -> &str {
        &self.name
    }

    /// The field of that name in a type; an error if it has none.
    pub(in crate::cel) fn of(&self, message: &MessageDescriptor) -> Evaluated<Cow<'_, FieldReader>> {
        let mut place = &self.known;
        for _ in 0..MAX_KNOWN {
            let known = if let Some(known) = place.get() {
                known
            } else {
                let field = self.look_up(message)?;
                let new = Known {
                    message: message.clone(),
                    field,
                    next: OnceLock::new(),
                };
                // Another thread may have put another type here.
                place.get_or_init(|| Box::new(new))
            };
            if known.message == *message {
                return Ok(Cow::Borrowed(&known.field));
            }
            place = &known.next;
        }
        self.look_up(message).map(Cow::Owned)
    }

    fn look_up(&self, message: &MessageDescriptor) -> Evaluated<FieldReader> {
        let name = &*self.name;
        FieldReader::by_name(message, name)
            .ok_or_else(|| EvalError::without_values(format!("{} has no field {name}", message.full_name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_name_means_the_field_of_each_type_however_many_come() {
        let types: Vec<String> = (1..=20)
            .map(|n| format!("message M{n} {{ int32 value = {n}; }}"))
            .collect();
        let types = types.join("\n");
        let source = format!("syntax = \"proto3\";\n{types}\nmessage Other {{ int32 size = 1; }}");
        let schema = Schema::from_source("many.proto", &source).expect("the schema compiles");
        let message = |name: &str| schema.pool().get_message_by_name(name).expect("it is there");
        let field = NamedField::new("value");
        for _ in 0..2 {
            for n in 1..=20_u32 {
                let found = field.of(&message(&format!("M{n}"))).expect("it has the field");
                assert_eq!(found.number, n);
                assert_eq!(matches!(found, Cow::Borrowed(_)), n as usize <= MAX_KNOWN);
            }
            let error = field.of(&message("Other")).expect_err("it has no such field");
            assert_eq!(error.into_text(), "Other has no field value");
        }
    }
}
