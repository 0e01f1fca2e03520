//! Messages as proto text, with what they hold.
//!
//! Groups and maps make messages of their own, which stand among the nested ones in the order of the source. Where that is not
//! known, what has the nested messages in front of them is printed first.

use std::collections::{HashMap, HashSet};

use super::element::{Printer, Within, visibility};
use super::fields::{Siblings, in_brackets, real_oneof};
use super::lines::spaced;
use super::literals::range;
use super::parts::Parts;
use crate::schema::descriptor::{Field, MAX_FIELD_NUMBER, Message, Oneof};
use crate::schema::name::qualified;

/// The messages and extensions of a file or a message that are to be printed.
struct Waiting<'m> {
    siblings: Siblings<'m>,
    /// The path of the list of messages.
    list: Vec<i32>,
    /// The first message that has not been printed.
    next: i32,
    /// The messages that fields make: they are printed with those.
    made_by_fields: HashSet<i32>,
    extensions: &'m [Field],
    /// The path of their list.
    extension_list: Vec<i32>,
    /// The first extension that has not been printed.
    next_extension: usize,
    /// The messages that extensions make, with the indices of those.
    made_by_extensions: HashMap<i32, usize>,
}

impl Printer<'_> {
    /// The messages and the extensions of the file itself.
    pub(super) fn file_messages(&self, parts: &mut Parts) {
        let file = self.file;
        let siblings = Siblings {
            messages: &file.message_type,
            scope: &file.package,
        };
        let mut waiting = self.waiting(siblings, vec![4], &[], (&file.extension, vec![7]));
        self.rest(&mut waiting, parts);
    }

    pub(super) fn message(&self, within: &Within<'_>) -> String {
        let Within { message, name, path } = *within;
        let head = format!("{}message {}", visibility(message.visibility), message.name);
        let scope = name.rsplit_once('.').map_or("", |(scope, _)| scope);
        let options = self.options_of(path, scope);
        self.block(path, &head, &self.message_body(within, options))
    }

    /// What is in a message, after its `options`.
    pub(super) fn message_body(&self, within: &Within<'_>, options: Vec<String>) -> String {
        let Within { message, name, path } = *within;
        let mut parts = Parts::default();
        let extensions = (&*message.extension, [path, &[6]].concat());
        let list = [path, &[3]].concat();
        let mut waiting = self.waiting(Siblings::of(within), list, &message.field, extensions);
        for (index, field) in (0..).zip(&message.field) {
            let field_path = [path, &[2, index]].concat();
            match real_oneof(field) {
                None => {
                    self.before_field(field, &mut waiting, &mut parts);
                    parts.push(
                        self.comments.place(&field_path),
                        self.field(field, within, &field_path),
                    );
                }
                // A oneof is printed at the place of its first member.
                Some(oneof) if first_member(message, oneof) == Some(index) => {
                    let members = message.field.iter();
                    for member in members.filter(|field| real_oneof(field) == Some(oneof)) {
                        self.before_field(member, &mut waiting, &mut parts);
                    }
                    let declared = usize::try_from(oneof).ok();
                    if let Some(declared) = declared.and_then(|index| message.oneof_decl.get(index)) {
                        let place = self.comments.place(&[path, &[8, oneof]].concat());
                        parts.push(place, self.oneof(declared, within, oneof));
                    }
                }
                Some(_) => {}
            }
        }
        self.rest(&mut waiting, &mut parts);
        self.enums(&message.enum_type, name, path, &mut parts);

        let mut body = options;
        let max = max_of(message);
        let reserved = message.reserved_range.iter();
        let reserved: Vec<String> = reserved
            .map(|numbers| range(numbers.start, numbers.end, max))
            .collect();
        body.extend(self.reserved(&reserved, &message.reserved_name));
        body.extend(self.extension_ranges(within));
        body.extend(parts.in_order());
        spaced(body)
    }

    /// The ranges of extensions. Neighbours with the same options are written together.
    fn extension_ranges(&self, within: &Within<'_>) -> Vec<String> {
        let max = max_of(within.message);
        let mut statements: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        for (index, numbers) in (0..).zip(&within.message.extension_range) {
            let path = [within.path, &[5, index]].concat();
            let options = self.options.assignments(self.types, &path, within.name);
            let numbers = range(numbers.start, numbers.end, max);
            match statements.last_mut() {
                Some((ranges, known)) if *known == options => ranges.push(numbers),
                _ => statements.push((vec![numbers], options)),
            }
        }
        let statements = statements.into_iter();
        statements
            .map(|(ranges, options)| format!("extensions {}{};\n", ranges.join(", "), in_brackets(&options)))
            .collect()
    }

    /// A oneof of a message, with its index.
    pub(super) fn oneof(&self, oneof: &Oneof, within: &Within<'_>, index: i32) -> String {
        let path = [within.path, &[8, index]].concat();
        let mut body = self.options_of(&path, within.name);
        for (field_index, field) in (0..).zip(&within.message.field) {
            if real_oneof(field) == Some(index) {
                body.push(self.field(field, within, &[within.path, &[2, field_index]].concat()));
            }
        }
        self.block(&path, &format!("oneof {}", oneof.name), &body.concat())
    }

    /// What is to be printed beside `fields`: the messages, whose list has the path `list`, and the extensions with the path of
    /// theirs.
    fn waiting<'m>(
        &self,
        siblings: Siblings<'m>,
        list: Vec<i32>,
        fields: &[Field],
        (extensions, extension_list): (&'m [Field], Vec<i32>),
    ) -> Waiting<'m> {
        let made_by = |field: &Field| Some(siblings.made_by(field, self.has_edition())?.0);
        let by_extensions = extensions.iter().zip(0..);
        let by_extensions = by_extensions.filter_map(|(extension, index)| Some((made_by(extension)?, index)));
        Waiting {
            made_by_fields: fields.iter().filter_map(made_by).collect(),
            made_by_extensions: by_extensions.collect(),
            siblings,
            list,
            next: 0,
            extensions,
            extension_list,
            next_extension: 0,
        }
    }

    /// Prints what is in front of the message that a field makes, if it makes one, and passes over that one.
    fn before_field(&self, field: &Field, waiting: &mut Waiting<'_>, parts: &mut Parts) {
        if let Some((made, _)) = waiting.siblings.made_by(field, self.has_edition()) {
            self.messages_before(made, waiting, parts);
        }
    }

    /// Prints what has not been printed.
    fn rest(&self, waiting: &mut Waiting<'_>, parts: &mut Parts) {
        let messages = waiting.siblings.messages.len() as i32;
        self.messages_before(messages, waiting, parts);
        self.extensions_before(waiting.extensions.len(), waiting, parts);
    }

    /// Prints the messages in front of the one with the index `end`, with the extensions that make some of them.
    fn messages_before(&self, end: i32, waiting: &mut Waiting<'_>, parts: &mut Parts) {
        let Siblings { messages, scope } = waiting.siblings;
        let start = waiting.next;
        waiting.next = start.max(end);
        for (index, message) in (0..end).zip(messages).skip(start as usize) {
            if waiting.made_by_fields.contains(&index) {
                continue;
            }
            if let Some(extension) = waiting.made_by_extensions.get(&index).copied() {
                self.extensions_before(extension + 1, waiting, parts);
                continue;
            }
            let path = [&*waiting.list, &[index]].concat();
            let within = Within {
                message,
                name: &qualified(scope, &message.name),
                path: &path,
            };
            parts.push(self.comments.place(&path), self.message(&within));
        }
    }

    /// Prints the extensions in front of the one with the index `end`.
    fn extensions_before(&self, end: usize, waiting: &mut Waiting<'_>, parts: &mut Parts) {
        let scope = waiting.siblings.scope;
        let start = waiting.next_extension;
        waiting.next_extension = start.max(end);
        for (index, extension) in (0..).zip(waiting.extensions).take(end).skip(start) {
            let path = [&*waiting.extension_list, &[index]].concat();
            parts.push(
                self.comments.place(&path),
                self.extension(extension, scope, &path),
            );
        }
    }
}

/// The end of a range up to `max`.
fn max_of(message: &Message) -> i32 {
    let options = message.options.as_ref();
    let is_set = options.is_some_and(|options| options.message_set_wire_format);
    if is_set { i32::MAX } else { MAX_FIELD_NUMBER + 1 }
}

fn first_member(message: &Message, oneof: i32) -> Option<i32> {
    let mut fields = (0..).zip(&message.field);
    let first = fields.find(|(_, field)| real_oneof(field) == Some(oneof));
    first.map(|(index, _)| index)
}
