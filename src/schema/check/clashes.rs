//! What clashes within a file, or with another: names and numbers that are used twice, numbers that are not free, and values
//! that an enum does not have.
//!
//! The descriptor pool finds most of this too, but looks for the place of each problem from the beginning of the file. What is
//! found here never reaches it.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions,
};

use super::ranges::{NumberRange, Ranges};
use super::report::Report;
use crate::schema::descriptor::MAX_FIELD_NUMBER;
use crate::schema::element_path::ElementPath;
use crate::schema::name::qualified;

/// Numbers that protobuf keeps for itself.
const OWN_NUMBERS: std::ops::Range<i32> = 19_000..20_000;

/// Finds the file that has a full name already.
type FindOwner<'f> = &'f dyn Fn(&str) -> Option<&'f str>;

/// Checks a file whose names are resolved. `pool` has the messages that it extends, and `owner` knows what other files define.
pub(in crate::schema) fn check_clashes<'f>(
    report: &mut Report<'_>,
    file: &'f FileDescriptorProto,
    pool: &'f DescriptorPool,
    owner: FindOwner<'f>,
) {
    let mut clashes = Clashes {
        report,
        pool,
        owner,
        is_proto3: file.syntax() == "proto3",
        local: Local::of(file),
        ranges: HashMap::new(),
    };
    clashes.file(file);
}

/// What a file defines, by full name.
#[derive(Default)]
struct Local<'f> {
    messages: HashMap<String, &'f DescriptorProto>,
    enums: HashMap<String, &'f EnumDescriptorProto>,
}

impl<'f> Local<'f> {
    fn of(file: &'f FileDescriptorProto) -> Self {
        let mut local = Self::default();
        let mut waiting: Vec<(String, &DescriptorProto)> = Vec::new();
        let all = file.message_type.iter();
        let scope = file.package();
        waiting.extend(all.map(|message| (qualified(scope, message.name()), message)));
        let enums = file.enum_type.iter();
        local
            .enums
            .extend(enums.map(|found| (qualified(scope, found.name()), found)));
        while let Some((name, message)) = waiting.pop() {
            let nested = message.nested_type.iter();
            waiting.extend(nested.map(|nested| (qualified(&name, nested.name()), nested)));
            let enums = message.enum_type.iter();
            local
                .enums
                .extend(enums.map(|found| (qualified(&name, found.name()), found)));
            local.messages.insert(name, message);
        }
        local
    }
}

struct Clashes<'r, 's, 'f> {
    report: &'r mut Report<'s>,
    pool: &'f DescriptorPool,
    owner: FindOwner<'f>,
    is_proto3: bool,
    local: Local<'f>,
    /// The numbers that messages leave to extensions.
    ranges: HashMap<&'f str, Ranges>,
}

/// The names in one scope, each with the path of its element.
type Names<'f> = HashMap<&'f str, Vec<i32>>;

impl<'f> Clashes<'_, '_, 'f> {
    fn file(&mut self, file: &'f FileDescriptorProto) {
        let package = file.package();
        let mut names = Names::new();
        for (index, message) in file.message_type.iter().enumerate() {
            let path = ElementPath::in_file(4, index);
            if self.top_level(&mut names, package, message.name(), &path) {
                self.message(message, &qualified(package, message.name()), &path);
            }
        }
        for (index, found) in file.enum_type.iter().enumerate() {
            let path = ElementPath::in_file(5, index);
            if self.top_level(&mut names, package, found.name(), &path) {
                self.enumeration(&mut names, found, package, &path);
            }
        }
        for (index, service) in file.service.iter().enumerate() {
            let path = ElementPath::in_file(6, index);
            if self.top_level(&mut names, package, service.name(), &path) {
                let scope = qualified(package, service.name());
                let mut names = Names::new();
                for (index, method) in service.method.iter().enumerate() {
                    self.name(&mut names, &scope, method.name(), &path.element(2, index));
                }
            }
        }
        for (index, extension) in file.extension.iter().enumerate() {
            let path = ElementPath::in_file(7, index);
            self.top_level(&mut names, package, extension.name(), &path);
            self.extension(extension, &path);
        }
    }

    /// Notes a name that other files see as well. Returns whether it is free.
    fn top_level(
        &mut self,
        names: &mut Names<'f>,
        package: &str,
        name: &'f str,
        path: &ElementPath<'_>,
    ) -> bool {
        if !self.name(names, package, name, path) {
            return false;
        }
        let full = qualified(package, name);
        let owner = (self.owner)(&full);
        if let Some(owner) = owner {
            let message = format!("name '{full}' is already defined in file '{owner}'");
            self.report.problem(&path.field(1), message);
        }
        owner.is_none()
    }

    /// Notes a name in a scope. Returns whether it is free.
    fn name(&mut self, names: &mut Names<'f>, scope: &str, name: &'f str, path: &ElementPath<'_>) -> bool {
        if let Some(first) = names.get(name) {
            let message = format!("name '{}' is defined twice", qualified(scope, name));
            let first = [first.as_slice(), &[1]].concat();
            self.report.clash(&first, &path.field(1), message);
            return false;
        }
        names.insert(name, path.numbers());
        true
    }

    fn message(&mut self, message: &'f DescriptorProto, name: &str, path: &ElementPath<'_>) {
        let mut names = Names::with_capacity(message.field.len());
        for (index, oneof) in message.oneof_decl.iter().enumerate() {
            self.name(&mut names, name, oneof.name(), &path.element(8, index));
        }
        let exclusive = |start: i32, end: i32| (i64::from(start), i64::from(end));
        let ranges = message.reserved_range.iter();
        let reserved = Ranges::new(ranges.map(|range| exclusive(range.start(), range.end())));
        let extensions = ranges_of(message);
        if !is_message_set(message) {
            for range in extensions
                .iter()
                .filter(|range| range.end - 1 > MAX_FIELD_NUMBER.into())
            {
                let message = format!("{range} is beyond the greatest number of a field, {MAX_FIELD_NUMBER}");
                self.report.problem(&path.element(5, range.index), message);
            }
        }
        let mut numbers: HashMap<i32, usize> = HashMap::with_capacity(message.field.len());
        for (index, field) in message.field.iter().enumerate() {
            let path_of = |index: usize| path.element(2, index);
            let path = path_of(index);
            self.name(&mut names, name, field.name(), &path);
            let number = field.number();
            let number_path = path.field(3);
            if let Some(first) = numbers.insert(number, index) {
                let message = format!("field number '{number}' is already used");
                self.report
                    .clash(&path_of(first).field(3).numbers(), &number_path, message);
            }
            self.valid_number(number, MAX_FIELD_NUMBER, &number_path);
            for (ranges, what) in [(&reserved, "reserved"), (&extensions, "extension")] {
                if let Some(range) = ranges.meeting(one(number)) {
                    let message = format!("field number '{number}' conflicts with {what} range '{range}'");
                    self.report.problem(&number_path, message);
                }
            }
            self.default(field, &path);
        }
        for (index, extension) in message.extension.iter().enumerate() {
            let path = path.element(6, index);
            self.name(&mut names, name, extension.name(), &path);
            self.extension(extension, &path);
        }
        for (index, found) in message.enum_type.iter().enumerate() {
            let path = path.element(4, index);
            if self.name(&mut names, name, found.name(), &path) {
                self.enumeration(&mut names, found, name, &path);
            }
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            let path = path.element(3, index);
            if self.name(&mut names, name, nested.name(), &path) {
                self.message(nested, &qualified(name, nested.name()), &path);
            }
        }
    }

    fn valid_number(&mut self, number: i32, greatest: i32, path: &ElementPath<'_>) {
        let hint = if !(1..=greatest).contains(&number) {
            format!("numbers of fields are from 1 to {greatest}")
        } else if OWN_NUMBERS.contains(&number) {
            let last = OWN_NUMBERS.end - 1;
            format!("protobuf keeps {} to {last} for itself", OWN_NUMBERS.start)
        } else {
            return;
        };
        self.report
            .problem_with_hint(path, format!("invalid field number '{number}'"), hint);
    }

    fn extension(&mut self, extension: &'f FieldDescriptorProto, path: &ElementPath<'_>) {
        let extendee = extension.extendee().trim_start_matches('.');
        let number = extension.number();
        let path_of_number = path.field(3);
        let in_pool = self.pool.get_message_by_name(extendee);
        let extended = self.local.messages.get(extendee).copied();
        let Some(extended) = extended.or_else(|| in_pool.as_ref().map(MessageDescriptor::descriptor_proto))
        else {
            return;
        };
        let greatest = if is_message_set(extended) {
            i32::MAX - 1
        } else {
            MAX_FIELD_NUMBER
        };
        self.valid_number(number, greatest, &path_of_number);
        let ranges = self.ranges.entry(extendee).or_insert_with(|| ranges_of(extended));
        if ranges.meeting(one(number)).is_none() {
            let message = format!("message '{extendee}' does not define '{number}' as an extension number");
            self.report.problem(&path_of_number, message);
        }
        self.default(extension, path);
    }

    /// Checks that an enum has the value that is a default, and that no message has a default.
    fn default(&mut self, field: &FieldDescriptorProto, path: &ElementPath<'_>) {
        let Some(default) = &field.default_value else {
            return;
        };
        let of = field.type_name().trim_start_matches('.');
        let is_there = match field.r#type() {
            Type::Enum => match self.local.enums.get(of) {
                Some(found) => found.value.iter().any(|value| value.name() == default),
                None => self
                    .pool
                    .get_enum_by_name(of)
                    .is_none_or(|found| found.get_value_by_name(default).is_some()),
            },
            Type::Message | Type::Group => false,
            _ => true,
        };
        if !is_there {
            let message = format!("invalid default value '{default}' for type '{of}'");
            self.report.problem(&path.field(7), message);
        }
    }

    /// Checks an enum, whose values are in the scope around it.
    fn enumeration(
        &mut self,
        names: &mut Names<'f>,
        found: &'f EnumDescriptorProto,
        scope: &str,
        path: &ElementPath<'_>,
    ) {
        // Its values are seen by other files then.
        let is_outermost = matches!(*path.numbers(), [5, _]);
        let Some(first) = found.value.first() else {
            self.report.problem(path, "enums must have at least one value");
            return;
        };
        if self.is_proto3 && first.number() != 0 {
            let path = path.element(2, 0);
            self.report
                .problem(&path.field(2), "the first value for proto3 enums must be 0");
        }
        let options = found.options.as_ref();
        let has_aliases = options.is_some_and(EnumOptions::allow_alias);
        // The ends of an enum's ranges are inclusive.
        let reserved = found.reserved_range.iter();
        let reserved = Ranges::new(reserved.map(|range| (range.start().into(), i64::from(range.end()) + 1)));
        let mut numbers: HashMap<i32, usize> = HashMap::with_capacity(found.value.len());
        for (index, value) in found.value.iter().enumerate() {
            let path_of = |index: usize| path.element(2, index);
            let path = path_of(index);
            if is_outermost {
                self.top_level(names, scope, value.name(), &path);
            } else {
                self.name(names, scope, value.name(), &path);
            }
            let number = value.number();
            let number_path = path.field(2);
            if let Some(first) = numbers.insert(number, index)
                && !has_aliases
            {
                let message = format!("enum number '{number}' has already been used");
                let hint = "give it a number of its own, or set the option allow_alias";
                let first = path_of(first).field(2).numbers();
                self.report.clash_with_hint(&first, &number_path, message, hint);
            }
            if let Some(range) = reserved.meeting(one(number)) {
                let message = format!("enum number '{number}' conflicts with reserved range '{range}'");
                let hint = "give the value another number, or take this one out of `reserved`";
                self.report.problem_with_hint(&number_path, message, hint);
            }
        }
    }
}

fn is_message_set(message: &DescriptorProto) -> bool {
    let options = message.options.as_ref();
    options.is_some_and(MessageOptions::message_set_wire_format)
}

fn ranges_of(message: &DescriptorProto) -> Ranges {
    let ranges = message.extension_range.iter();
    Ranges::new(ranges.map(|range| (range.start().into(), range.end().into())))
}

/// The range that is one number.
fn one(number: i32) -> NumberRange {
    let start = i64::from(number);
    NumberRange {
        start,
        end: start + 1,
        index: 0,
    }
}
