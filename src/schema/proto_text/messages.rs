//! Messages as proto text, with what they hold.
//!
//! Groups and maps make messages of their own, which stand among the nested ones in the order of the source. Where that is not
//! known, the nested messages in front of them are printed first.

use std::collections::HashSet;

use super::element::{Printer, Within, visibility};
use super::fields::{Siblings, in_brackets, real_oneof};
use super::lines::spaced;
use super::literals::range;
use super::parts::Parts;
use crate::schema::descriptor::{Field, MAX_FIELD_NUMBER, Message, Oneof};
use crate::schema::name::qualified;

/// The messages of a file or a message that are to be printed.
struct Waiting<'m> {
    siblings: Siblings<'m>,
    /// The path of their list.
    list: Vec<i32>,
    /// The first that has not been printed.
    next: usize,
    /// Those that a field or an extension makes: they are printed with it.
    made: HashSet<i32>,
}

impl Printer<'_> {
    /// The messages and the extensions of the file itself.
    pub(super) fn file_messages(&self, parts: &mut Parts) {
        let file = self.file;
        let siblings = Siblings {
            messages: &file.message_type,
            scope: &file.package,
        };
        let mut waiting = self.waiting(siblings, vec![4], file.extension.iter());
        self.extensions(&file.extension, &[7], &mut waiting, parts);
        self.messages_before(None, &mut waiting, parts);
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
        let fields = message.field.iter().chain(&message.extension);
        let mut waiting = self.waiting(Siblings::of(within), [path, &[3]].concat(), fields);
        for (index, field) in (0..).zip(&message.field) {
            self.messages_before(Some(field), &mut waiting, &mut parts);
            let field_path = [path, &[2, index]].concat();
            match real_oneof(field) {
                None => parts.push(
                    self.comments.place(&field_path),
                    self.field(field, within, &field_path),
                ),
                // A oneof is printed at the place of its first member.
                Some(oneof) if first_member(message, oneof) == Some(index) => {
                    let declared = usize::try_from(oneof).ok();
                    if let Some(declared) = declared.and_then(|index| message.oneof_decl.get(index)) {
                        let place = self.comments.place(&[path, &[8, oneof]].concat());
                        parts.push(place, self.oneof(declared, within, oneof));
                    }
                }
                Some(_) => {}
            }
        }
        let extensions = [path, &[6]].concat();
        self.extensions(&message.extension, &extensions, &mut waiting, &mut parts);
        self.messages_before(None, &mut waiting, &mut parts);
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

    /// Extensions in the scope of the `waiting` messages, whose list has the path `list`.
    fn extensions(&self, extensions: &[Field], list: &[i32], waiting: &mut Waiting<'_>, parts: &mut Parts) {
        for (index, extension) in (0..).zip(extensions) {
            self.messages_before(Some(extension), waiting, parts);
            let path = [list, &[index]].concat();
            let text = self.extension(extension, waiting.siblings.scope, &path);
            parts.push(self.comments.place(&path), text);
        }
    }

    /// The messages that are to be printed beside `fields`. Their list has the path `list`.
    fn waiting<'m>(
        &self,
        siblings: Siblings<'m>,
        list: Vec<i32>,
        fields: impl Iterator<Item = &'m Field>,
    ) -> Waiting<'m> {
        let made = fields.filter_map(|field| siblings.made_by(field, self.has_edition()));
        Waiting {
            siblings,
            list,
            next: 0,
            made: made.map(|(index, _)| index).collect(),
        }
    }

    /// Prints the messages in front of the one that a field makes, if it makes one, and passes over that one. Without a field
    /// it prints all that are left.
    fn messages_before(&self, field: Option<&Field>, waiting: &mut Waiting<'_>, parts: &mut Parts) {
        let Siblings { messages, scope } = waiting.siblings;
        let end = match field {
            None => messages.len() as i32,
            Some(field) => match waiting.siblings.made_by(field, self.has_edition()) {
                Some((made, _)) => made,
                None => return,
            },
        };
        for (index, message) in (0..end).zip(messages).skip(waiting.next) {
            if waiting.made.contains(&index) {
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
        waiting.next = waiting.next.max(end as usize);
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
