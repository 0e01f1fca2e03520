//! Messages that an expression makes: `package.Message{field: value}`.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::compiled::Compiled;
use super::compiler::Compiler;
use super::types::message_type;
use crate::cel::encode::{FieldInfo, JsonForm, accepts_field, takes_null};
use crate::cel::fields::ValueForm;
use crate::cel::syntax::{Expr, Name};
use crate::cel::typed::{Construct, TypedExpr};
use crate::cel::values::Type;
use crate::schema::field_name;
use crate::suggest;

impl Compiler<'_, '_> {
    pub(super) fn message(&mut self, name: &Name, fields: &[(Name, Expr)]) -> Compiled {
        let Some(descriptor) = self.message_named(name) else {
            // What is wrong in the fields is told, too.
            for (_, value) in fields {
                self.expr(value);
            }
            return Compiled::unknown();
        };
        let before = self.problems.len();
        let mut found: Vec<(FieldInfo, &Name, Compiled)> = Vec::with_capacity(fields.len());
        for (name, expr) in fields {
            let value = self.expr(expr);
            let Some(field) = self.field_to_set(&descriptor, name) else {
                continue;
            };
            let clash = |(other, other_name, _): &(FieldInfo, &Name, Compiled)| {
                field.clash(&name.text, other, &other_name.text)
            };
            if let Some(message) = found.iter().find_map(clash) {
                self.problem(name.span.clone(), message);
                continue;
            }
            self.check_field(&field, &value, expr);
            found.push((field, name, value));
        }
        let is_missing = |field: &FieldDescriptor| {
            field.cardinality() == prost_reflect::Cardinality::Required
                && !found.iter().any(|(other, ..)| other.number == field.number())
        };
        if let Some(missing) = descriptor.fields().find(is_missing) {
            let message = format!("the required field {} is missing", missing.full_name());
            self.problem(name.span.clone(), message);
        }
        if self.problems.len() > before {
            return Compiled::unknown();
        }
        found.sort_by_key(|(field, ..)| field.number);
        let (mut infos, mut values) = (Vec::new(), Vec::new());
        for (field, _, value) in found {
            infos.push(field);
            values.push(value);
        }
        let value_type = message_type(&descriptor);
        // A message without fields is the same each time, too.
        let fixed = values.iter().all(|value| value.fixed);
        let layout = self.scope.schema.layouts().find(descriptor.full_name());
        let made = self.combine(values, value_type, |exprs| {
            TypedExpr::Message(Box::new(Construct {
                form: ValueForm::of(&descriptor),
                layout,
                fields: infos.into_iter().zip(exprs).collect(),
                descriptor,
            }))
        });
        Compiled { fixed, ..made }
    }

    /// The message type of that name, in the request's package or one around it.
    fn message_named(&mut self, name: &Name) -> Option<MessageDescriptor> {
        let pool = self.scope.schema.pool().clone();
        let named = |name: &str| {
            pool.get_message_by_name(name)
                .filter(|message| !message.is_map_entry())
        };
        let found = match name.text.strip_prefix('.') {
            Some(full_name) => named(full_name),
            None => self.find(&[name.text.as_str()], named),
        };
        if found.is_none() {
            let text = name.text.trim_start_matches('.');
            self.problem(name.span.clone(), format!("there is no message type `{text}`"));
            let known: Vec<MessageDescriptor> = pool
                .all_messages()
                .filter(|message| !message.is_map_entry())
                .collect();
            // By the whole name, or by its last part, where the package is forgotten or another one.
            let full_names = || known.iter().map(MessageDescriptor::full_name);
            let by_last = || {
                let near = suggest::nearest(last_part(text), full_names().map(last_part))?;
                full_names().find(|name| last_part(name) == near)
            };
            if let Some(near) = suggest::nearest(text, full_names()).or_else(by_last) {
                self.hint(format!("did you mean `{near}`?"));
            }
        }
        found
    }

    /// The field of that name: its proto name or its JSON name, or that of an extension in backquotes.
    fn field_to_set(&mut self, descriptor: &MessageDescriptor, name: &Name) -> Option<FieldInfo> {
        let text = name.text.as_str();
        let field =
            FieldInfo::find(descriptor, text).or_else(|| FieldInfo::find(descriptor, &format!("[{text}]")));
        if field.is_none() {
            let message = format!("message {} has no field `{text}`", descriptor.full_name());
            self.problem(name.span.clone(), message);
            let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
            self.hint_near(text, fields.iter().map(field_name));
        }
        field
    }

    /// Checks the type of a field's value, as far as it is known.
    fn check_field(&mut self, field: &FieldInfo, value: &Compiled, expr: &Expr) {
        let name = &field.full_name;
        let found = &value.value_type;
        // Null leaves a message unset, and nothing else.
        let takes_null = match &field.kind {
            Kind::Message(message) => !matches!(
                JsonForm::of(message),
                Some(JsonForm::Struct | JsonForm::ListValue)
            ),
            kind => takes_null(kind),
        };
        if *found == Type::Null && (field.repeated || !takes_null) {
            self.problem(expr.span.clone(), format!("{name} cannot be null"));
            self.hint("leave the field out");
        } else if let Err(expected) = accepts_field(field, found) {
            let message = format!("expected {expected} for {name}, found {found}");
            self.problem(expr.span.clone(), message);
        } else if let (Kind::Enum(descriptor), Some(text), false) =
            (&field.kind, value.constant_text(), field.repeated)
        {
            self.enum_number(descriptor, text, &expr.span);
        }
    }
}

/// `Message` of `package.Message`.
fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
