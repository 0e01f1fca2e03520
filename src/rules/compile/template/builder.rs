//! From a YAML tree and a message type to nested operations.
//!
//! Constants are collected in one byte string until something dynamic comes. A sub-message without anything dynamic
//! becomes part of that string, because its length is known.

use prost_reflect::{Kind, MessageDescriptor, Value};

use super::constant::constant;
use super::message_hint::{converted_by, message_hint};
use crate::cel::{FieldInfo, JsonForm, takes_null};
use crate::message::{WireType, key, put_scalar, put_varint};
use crate::rules::compile::compiler::RuleCompiler;
use crate::rules::compile::field_hint::{field_hint, file_hint, rule_key_hint};
use crate::rules::compile::identifier::is_identifier;
use crate::rules::compile::interpolation::Piece;
use crate::rules::compile::values::each::{Due, is_loop};
use crate::rules::compile::values::text::compile_text_pieces;
use crate::rules::plan::template::{Joined, Nested, Op, PaddedBytes, Target};
use crate::yaml::{Entry, Node, Yaml, cut_by_comma};

/// Builds the operations of one message.
pub(super) struct Builder<'b, 'c> {
    pub(super) compiler: &'b mut RuleCompiler<'c>,
    ops: Vec<Op>,
    /// Constant bytes that are not yet part of an operation.
    constant: Vec<u8>,
}

/// A string node.
enum StringNode<'t> {
    Constant(String),
    /// A single expression: its value keeps its type.
    Whole(&'t str, usize),
    Mixed(Vec<Piece<'t>>),
}

impl<'b, 'c> Builder<'b, 'c> {
    pub(super) fn new(compiler: &'b mut RuleCompiler<'c>) -> Self {
        Self {
            compiler,
            ops: Vec::new(),
            constant: Vec::new(),
        }
    }

    pub(super) fn finish(mut self) -> Box<[Op]> {
        self.flush();
        self.ops.into()
    }

    fn flush(&mut self) {
        if !self.constant.is_empty() {
            let bytes = std::mem::take(&mut self.constant);
            self.ops.push(Op::Constant(PaddedBytes::new(&bytes)));
        }
    }

    pub(super) fn push(&mut self, op: Op) {
        self.flush();
        self.ops.push(op);
    }

    fn put(&mut self, number: u32, wire_type: WireType) {
        put_varint(&mut self.constant, key(number, wire_type).into());
    }

    /// The contents of a message, without key and length.
    pub(super) fn message(&mut self, node: &Node, descriptor: &MessageDescriptor) {
        if let Some(StringNode::Whole(source, at)) = self.string(node) {
            let target = Target::Contents(descriptor.clone(), JsonForm::of(descriptor));
            self.dynamic(node, source, at, target, false);
            return;
        }
        if let Some(well_known) = JsonForm::of(descriptor) {
            self.well_known(node, descriptor, well_known);
            return;
        }
        let Yaml::Map(entries) = &node.value else {
            let hint = message_hint(node, descriptor);
            let message = format!("expected {}, found {}", descriptor.full_name(), node.kind());
            let is_request = node.text() == Some("request");
            if is_request && self.compiler.input.0.full_name() != descriptor.full_name() {
                self.compiler.constant_problem(node, message, hint);
            } else {
                self.compiler.problem_hint(node, message, hint);
            }
            return;
        };
        self.fields(node, &entries.iter().collect::<Vec<_>>(), descriptor);
    }

    /// The fields of a message, in the order of their numbers.
    pub(super) fn fields(&mut self, node: &Node, entries: &[&(Node, Node)], descriptor: &MessageDescriptor) {
        let mut found: Vec<(FieldInfo, Entry<'_>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let name = key.key_text().unwrap_or_default();
            let Some(field) = FieldInfo::find(descriptor, &name) else {
                let hint = if name == "each" {
                    Some("`each` makes a list or a map, and one message is due here".to_owned())
                } else {
                    let all = entries.iter().copied();
                    cut_by_comma(self.compiler.source.text(), all, key)
                        .or_else(|| file_hint(&name, value))
                        .or_else(|| rule_key_hint(&name, "reply"))
                        .or_else(|| field_hint(descriptor, &name))
                };
                self.compiler.constant_problem(
                    key,
                    format!("the message {} has no field `{name}`", descriptor.full_name()),
                    hint,
                );
                continue;
            };
            let clash = |(other, entry): &(FieldInfo, Entry<'_>)| {
                let both = other.number == field.number || self.sets(value) && self.sets(entry.value);
                field.clash(&name, other, &entry.name).filter(|_| both)
            };
            if let Some(message) = found.iter().find_map(clash) {
                self.compiler.problem(key, message);
                continue;
            }
            found.push((field, Entry { name, key, value }));
        }
        for field in descriptor.fields().map(|field| FieldInfo::of_field(&field)) {
            if field.required
                && !self.compiler.partial
                && !found.iter().any(|(other, _)| other.number == field.number)
            {
                self.compiler
                    .problem(node, format!("the required field {} is missing", field.full_name));
            }
        }
        found.sort_by_key(|(field, _)| field.number);
        let paged = self.paged(descriptor, &found);
        let beside = paged.as_ref().map_or(&[][..], |paged| &paged.beside);
        let mut beside = beside.iter().peekable();
        for (field, entry) in &found {
            while let Some(paged) = &paged
                && let Some(other) = beside.next_if(|other| other.number < field.number)
            {
                self.beside_page(paged, other);
            }
            if paged.as_ref().is_some_and(|paged| paged.list == field.number) {
                self.looped_list(field, &field.element(), entry.value, Due::Pages);
            } else {
                self.field(field, entry.value);
            }
        }
        if let Some(paged) = &paged {
            for other in beside {
                self.beside_page(paged, other);
            }
        }
    }

    /// Whether the value of a member of a oneof sets it in any case. Of those that are copied from the request or from an
    /// element, at most one is set.
    fn sets(&self, value: &Node) -> bool {
        value.value != Yaml::Null && !self.copies(value)
    }

    /// Whether a value is a single field of the request, or of a loop's element.
    fn copies(&self, node: &Node) -> bool {
        let path = node
            .text()
            .and_then(|text| text.strip_prefix("${")?.strip_suffix('}')?.split_once('.'));
        path.is_some_and(|(root, path)| {
            (root == "request" || self.compiler.is_message_element(root))
                && path.split('.').all(is_identifier)
        })
    }

    fn field(&mut self, field: &FieldInfo, node: &Node) {
        if node.value == Yaml::Null && (field.repeated || !takes_null(&field.kind)) {
            return;
        }
        if !field.repeated {
            self.singular(field, node);
            return;
        }
        if let Some(StringNode::Whole(source, at)) = self.string(node) {
            self.dynamic(node, source, at, Target::Field(field.clone()), false);
        } else {
            self.repeated(field, node);
        }
    }

    /// A list or a map that is not one expression.
    pub(super) fn repeated(&mut self, field: &FieldInfo, node: &Node) {
        match field.map_entry() {
            Some(entry) => self.map(field, entry, node),
            None => self.list(field, node),
        }
    }

    fn list(&mut self, field: &FieldInfo, node: &Node) {
        let element = field.element();
        if is_loop(node) {
            self.looped_list(field, &element, node, Due::List);
            return;
        }
        let Yaml::List(items) = &node.value else {
            let hint = match node.key_text() {
                Some(text) if node.text().is_none() && field.kind == Kind::String => {
                    format!("put it in brackets: `[\"{text}\"]`")
                }
                Some(text) => format!("put it in brackets: `[{text}]`"),
                None => "put `- ` before it for a list of one, or make the list by `{each: …, value: …}`"
                    .to_owned(),
            };
            let message = format!("expected a list of {}, found {}", field.type_name(), node.kind());
            self.compiler.problem_hint(node, message, Some(hint));
            return;
        };
        let is_json = matches!(&element.kind, Kind::Message(message) if JsonForm::of(message).is_some());
        if let Some(looped) = items.iter().find(|item| is_loop(item)).filter(|_| !is_json) {
            let hint = match items.as_slice() {
                [_] => "leave out the brackets, or the `- `, around `each`: it makes the whole list",
                _ => "lists are joined by an expression: `${[a] + list.map(x, x.name)}`",
            };
            let message = format!("`each` makes a list, and one {} is due here", field.type_name());
            self.compiler.problem_hint(looped, message, Some(hint.to_owned()));
            return;
        }
        if let Some(null) = items
            .iter()
            .find(|item| item.value == Yaml::Null && !takes_null(&element.kind))
        {
            self.no_null(null);
            return;
        }
        if !field.packed {
            for item in items {
                self.singular(&element, item);
            }
        } else if !items.is_empty() {
            self.put(field.number, WireType::LengthDelimited);
            self.nested(|builder| {
                for item in items {
                    builder.scalar(&element, item, false);
                }
            });
        }
    }

    fn map(&mut self, field: &FieldInfo, entry: &MessageDescriptor, node: &Node) {
        let key_field = FieldInfo::of_field(&entry.map_entry_key_field()).element();
        let value_field = FieldInfo::of_field(&entry.map_entry_value_field()).element();
        if is_loop(node) {
            self.looped_map(field, &key_field, &value_field, node);
            return;
        }
        let Yaml::Map(entries) = &node.value else {
            let hint =
                "a map is a mapping: `{key: value}`, or a loop that makes one: `{each: …, key: …, value: …}`";
            let message = format!("expected a mapping, found {}", node.kind());
            self.compiler.problem_hint(node, message, Some(hint.to_owned()));
            return;
        };
        for (key, value) in entries {
            self.map_entry(field.number, &key_field, &value_field, (key, value));
        }
    }

    /// An entry of a map.
    pub(super) fn map_entry(
        &mut self,
        number: u32,
        key_field: &FieldInfo,
        value_field: &FieldInfo,
        (key, value): (&Node, &Node),
    ) {
        if value.value == Yaml::Null && !takes_null(&value_field.kind) {
            let hint = Some("leave the entry out".to_owned());
            self.compiler.problem_hint(value, "a map cannot hold null", hint);
            return;
        }
        self.put(number, WireType::LengthDelimited);
        self.nested(|builder| {
            builder.map_key(key_field, key);
            builder.singular(value_field, value);
        });
    }

    /// Reports null in a list.
    pub(super) fn no_null(&mut self, node: &Node) {
        let hint = Some("leave the element out".to_owned());
        self.compiler.problem_hint(node, "a list cannot hold null", hint);
    }

    /// The key of a map entry. In JSON keys are strings, and in YAML they may be numbers; both are taken for any key type.
    pub(super) fn map_key(&mut self, field: &FieldInfo, node: &Node) {
        let as_string = self.compiler.written(node).filter(|_| field.kind == Kind::String);
        let value = match (as_string, &field.kind, node.text()) {
            (Some(text), ..) => Yaml::Text(text),
            (None, Kind::Bool, Some("true")) => Yaml::Bool(true),
            (None, Kind::Bool, Some("false")) => Yaml::Bool(false),
            _ => node.value.clone(),
        };
        self.singular(
            field,
            &Node {
                span: node.span.clone(),
                value,
            },
        );
    }

    /// A field with one value, or one element of a list, with its key.
    pub(super) fn singular(&mut self, field: &FieldInfo, node: &Node) {
        let Some(message) = field.message() else {
            self.scalar(field, node, true);
            return;
        };
        if let Some(StringNode::Whole(source, at)) = self.string(node) {
            self.dynamic(node, source, at, Target::Field(field.clone()), true);
            return;
        }
        put_varint(&mut self.constant, field.key().into());
        if field.group {
            self.message(node, message);
            self.put(field.number, WireType::EndGroup);
        } else {
            self.nested(|builder| builder.message(node, message));
        }
    }

    /// A scalar. `keyed` says whether its key is written, which it is not in packed lists.
    pub(super) fn scalar(&mut self, field: &FieldInfo, node: &Node, keyed: bool) {
        if is_loop(node) {
            let hint = match field.kind {
                Kind::String => "`${list.map(x, x.name).join(', ')}` makes a text of a list",
                _ => "one value of a list is `${list[0]}`, `${list.first()}` or `${list.sum()}`",
            };
            let message = format!("`each` makes a list, and one {} is due here", field.type_name());
            self.compiler.problem_hint(node, message, Some(hint.to_owned()));
            return;
        }
        self.compiler.is_text_due = field.kind == Kind::String;
        let string = self.string(node);
        self.compiler.is_text_due = false;
        let text = match string {
            Some(StringNode::Whole(source, at)) => {
                let target = if keyed {
                    Target::Field(field.clone())
                } else {
                    Target::Element(field.clone())
                };
                self.dynamic(node, source, at, target, true);
                return;
            }
            Some(StringNode::Mixed(pieces)) => {
                self.joined(field, node, pieces);
                return;
            }
            Some(StringNode::Constant(text)) => Some(text),
            None if node.text().is_some() => return,
            None => None,
        };
        let written = self.compiler.written(node);
        match constant(&field.kind, node, text.as_deref(), written.as_deref()) {
            Ok(Value::EnumNumber(0)) if !field.presence => {}
            Ok(value) if !field.presence && value.is_default(&field.kind) && !is_minus_zero(&value) => {}
            Ok(value) => {
                if keyed {
                    put_varint(&mut self.constant, field.key().into());
                }
                let fits = put_scalar(&mut self.constant, &field.kind, &value);
                debug_assert!(fits, "made for another kind");
            }
            Err(mismatch) => self.compiler.problem_hint(node, mismatch.message, mismatch.hint),
        }
    }

    /// Text with expressions in it.
    fn joined(&mut self, field: &FieldInfo, node: &Node, pieces: Vec<Piece<'_>>) {
        if field.kind != Kind::String {
            let message = format!(
                "text with an expression in it is a string, and {} is {}",
                field.full_name,
                field.type_name()
            );
            let hint = self
                .compiler
                .as_one_expression(&pieces, converted_by(&field.kind));
            self.compiler.problem_hint(node, message, Some(hint));
            return;
        }
        if let Some(text) = compile_text_pieces(self.compiler, node, pieces) {
            self.push(Op::Joined(Box::new(Joined {
                key: field.key(),
                omit_empty: !field.presence,
                spot: self.compiler.spot(node, 0, &field.full_name),
                text,
            })));
        }
    }

    /// A length-delimited value, whose key is written already.
    pub(super) fn nested(&mut self, contents: impl FnOnce(&mut Builder<'_, 'c>)) {
        let mut inner = Builder::new(self.compiler);
        contents(&mut inner);
        if inner.ops.is_empty() {
            let bytes = inner.constant;
            put_varint(&mut self.constant, bytes.len() as u64);
            self.constant.extend_from_slice(&bytes);
        } else {
            let ops = inner.finish();
            self.push(Op::Nested(Nested::new(ops)));
        }
    }

    /// Appends constant bytes.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.constant.extend_from_slice(bytes);
    }

    /// Reads a string node. Returns `None` if the node is not a string, or has a problem, which is reported.
    fn string<'n>(&mut self, node: &'n Node) -> Option<StringNode<'n>> {
        let text = node.text()?;
        let mut pieces = self.compiler.split(node, text)?;
        Some(match pieces.as_slice() {
            [Piece::Expression { source, at }] => StringNode::Whole(source, *at),
            [Piece::Literal(_)] => match pieces.pop() {
                Some(Piece::Literal(text)) => StringNode::Constant(text),
                _ => return None,
            },
            _ => StringNode::Mixed(pieces),
        })
    }

    /// The constant text of a string node, for well-known types that are strings in JSON.
    pub(super) fn constant_text(
        &mut self,
        node: &Node,
        expected: &str,
        descriptor: &MessageDescriptor,
    ) -> Option<String> {
        match self.string(node) {
            Some(StringNode::Constant(text)) => Some(text),
            Some(StringNode::Mixed(pieces)) => {
                let function = match JsonForm::of(descriptor) {
                    Some(JsonForm::Duration) => "duration",
                    Some(JsonForm::Timestamp) => "timestamp",
                    _ => "",
                };
                let hint = self.compiler.as_one_expression(&pieces, function);
                let message = format!("expected {expected}, found text with an expression in it");
                self.compiler.problem_hint(node, message, Some(hint));
                None
            }
            _ => {
                if node.text().is_none() {
                    self.expected(node, expected);
                }
                None
            }
        }
    }

    pub(super) fn expected(&mut self, node: &Node, expected: &str) {
        self.compiler
            .problem(node, format!("expected {expected}, found {}", node.kind()));
    }
}

/// Whether a value is -0.0, which is not the default and must be written.
fn is_minus_zero(value: &Value) -> bool {
    match value {
        Value::F64(number) => number.to_bits() == (-0.0_f64).to_bits(),
        Value::F32(number) => number.to_bits() == (-0.0_f32).to_bits(),
        _ => false,
    }
}
