//! The query of a request as fields of its message.
//!
//! A parameter is a field by its path, with the names of the proto or of JSON: `page_size=3`, `filter.tag=a&filter.tag=b`. What
//! the path or the body of the binding sets is no parameter, and one that names no field is an error, since a slip would
//! otherwise look like an answer. Parameters whose names begin with `$` belong to the HTTP API and not to the message:
//! they are left alone.

use std::collections::HashSet;

use super::binding::{Binding, Body};
use super::field_path::FieldPath;
use super::value::Types;
use crate::excerpt::excerpt;
use crate::protocol::query::{parameters, unescaped};
use crate::schema::{Form, LayoutId};

/// Appends the fields that a query sets. Returns their paths. Fails with what is wrong.
pub(super) fn read_query(
    binding: &Binding,
    types: Types<'_>,
    query: &str,
    wire: &mut Vec<u8>,
) -> Result<HashSet<FieldPath>, String> {
    let mut set = Set {
        binding,
        types,
        fields: HashSet::new(),
        oneofs: HashSet::new(),
    };
    let fields = binding.fields();
    for path in fields.variables.iter().flatten().chain(&fields.body) {
        // Two variables of one oneof are a matter of the rule.
        let _ = set.note_oneofs(path);
    }
    for (name, value) in parameters(query) {
        let name = unescaped(name);
        let name = String::from_utf8_lossy(&name);
        if name.starts_with('$') {
            continue;
        }
        let read = set.parameter(&name, &unescaped(value), wire);
        read.map_err(|why| format!("the parameter {:?}: {why}", excerpt(&name)))?;
    }
    Ok(set.fields)
}

struct Set<'s> {
    binding: &'s Binding,
    types: Types<'s>,
    /// The fields that came, in which a second value is an error unless they are repeated.
    fields: HashSet<FieldPath>,
    /// The oneofs of which a member came or is in the path or the body, each by the path to its message.
    oneofs: HashSet<(Vec<(LayoutId, u16)>, u16)>,
}

impl Set<'_> {
    fn parameter(&mut self, name: &str, text: &[u8], wire: &mut Vec<u8>) -> Result<(), String> {
        let layouts = self.types.layouts();
        let path = FieldPath::find(layouts, self.types.of.layout, name)?;
        self.expect_free(&path)?;
        let field = path.last(layouts);
        let is_new = self.fields.insert(path.clone());
        let value = match &field.form {
            Form::One(_) if !is_new => return Err("it comes twice, and the field has one value".to_owned()),
            Form::One(value) | Form::List(value) => value,
            Form::Map(_) => return Err("it is a map, which no parameter can set".to_owned()),
        };
        self.note_oneofs(&path)?;
        let value = self.types.read(value, text)?;
        path.put(layouts, &value, wire);
        Ok(())
    }

    /// Notes of which oneofs a path has members. Fails for one of which another member came.
    fn note_oneofs(&mut self, path: &FieldPath) -> Result<(), String> {
        let layouts = self.types.layouts();
        for end in 1..=path.steps().len() {
            let (message, index) = path.steps()[end - 1];
            let Some(oneof) = layouts.fields(message).field(index).oneof else {
                continue;
            };
            // Two parameters may set two fields of the same member.
            let member = (path.steps()[..end].to_vec(), u16::MAX);
            let around = (path.steps()[..end - 1].to_vec(), oneof);
            if self.oneofs.insert(member) && !self.oneofs.insert(around) {
                let oneof = &layouts.fields(message).oneofs[usize::from(oneof)].name;
                return Err(format!("another field of the oneof `{oneof}` is set, too"));
            }
        }
        Ok(())
    }

    /// Fails for a field that the path or the body sets.
    fn expect_free(&self, path: &FieldPath) -> Result<(), String> {
        let fields = self.binding.fields();
        if fields
            .variables
            .iter()
            .flatten()
            .any(|variable| path.is_below(variable))
        {
            return Err("the path of the request sets it".to_owned());
        }
        match (&self.binding.way.body, &fields.body) {
            (Body::Whole, _) => Err("the fields that are not in the path are in the body".to_owned()),
            (_, Some(body)) if path.is_below(body) => Err("it is in the body".to_owned()),
            _ => Ok(()),
        }
    }
}
