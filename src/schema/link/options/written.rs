//! Takes the options that a file writes out of its descriptors, with what is needed to read them.
//!
//! Options of descriptor.proto are read at once, since linking depends on some, as `packed` and `allow_alias`. Custom ones
//! wait until the file is linked, since it may define them itself.

use prost::Message;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueOptions, ExtensionRangeOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions, MethodOptions,
    OneofOptions, ServiceDescriptorProto, ServiceOptions, UninterpretedOption,
};

use super::contents::Contents;
use super::demands::Demands;
use super::fault::Fault;
use super::set::set_option;
use crate::schema::link::symbols::qualified;
use crate::schema::wire::DescriptorKind;

/// The options of one element.
#[derive(Debug)]
pub(super) struct ElementOptions {
    /// Where the options are: a path of `SourceCodeInfo`.
    pub(super) path: Vec<i32>,
    /// The scope in which names are looked up.
    pub(super) scope: String,
    /// What kind of element it is, by `FieldOptions.OptionTargetType`.
    pub(super) target: u64,
    pub(super) contents: Contents,
    /// Those that wait, each with its number among the options of the element.
    pub(super) waiting: Vec<(i32, UninterpretedOption)>,
}

/// An option that cannot be read, and where it is.
#[derive(Debug)]
pub(in crate::schema::link) struct OptionProblem {
    pub(in crate::schema::link) path: Vec<i32>,
    pub(in crate::schema::link) fault: Fault,
}

/// The number of `uninterpreted_option` in all options.
const UNINTERPRETED: i32 = 999;

/// The messages of options, in prost-types.
trait OptionsMessage: Message + Default {
    const KIND: DescriptorKind;
    /// `FieldOptions.OptionTargetType`.
    const TARGET: u64;
    fn written(&mut self) -> &mut Vec<UninterpretedOption>;
}

macro_rules! options_messages {
    ($($message:ident $kind:ident $target:literal)*) => {
        $(impl OptionsMessage for $message {
            const KIND: DescriptorKind = DescriptorKind::$kind;
            const TARGET: u64 = $target;
            fn written(&mut self) -> &mut Vec<UninterpretedOption> {
                &mut self.uninterpreted_option
            }
        })*
    };
}

options_messages! {
    FileOptions File 1
    MessageOptions Message 3
    FieldOptions Field 4
    OneofOptions Oneof 5
    ExtensionRangeOptions ExtensionRange 2
    EnumOptions Enum 6
    EnumValueOptions EnumValue 7
    ServiceOptions Service 8
    MethodOptions Method 9
}

/// The options of a file, taken out of it.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) elements: Vec<ElementOptions>,
    pub(super) problems: Vec<OptionProblem>,
    /// Where options were, and where they are now that their names are known.
    pub(super) moved: Vec<(Vec<i32>, Vec<i32>)>,
}

impl Taken {
    /// Notes what came of the n-th option of an element.
    pub(super) fn note(&mut self, options: &[i32], index: i32, set: Result<Vec<i32>, Fault>) {
        let path = [options, &[UNINTERPRETED, index]].concat();
        match set {
            Ok(numbers) => self.moved.push((path, [options, &numbers].concat())),
            Err(fault) => self.problems.push(OptionProblem { path, fault }),
        }
    }
}

/// Takes all options out of `file`, and leaves in it what prost-types knows of them. `demands` learns what fields demand.
pub(super) fn take_options(file: &mut FileDescriptorProto, demands: &mut Demands) -> Taken {
    let package = file.package().to_owned();
    let mut walk = Walk {
        demands,
        path: Vec::new(),
        taken: Taken::default(),
    };
    walk.options(8, &mut file.options, &package);
    for (index, message) in (0..).zip(&mut file.message_type) {
        walk.at(&[4, index], |walk| walk.message(message, &package));
    }
    for (index, found) in (0..).zip(&mut file.enum_type) {
        walk.at(&[5, index], |walk| walk.enumeration(found, &package));
    }
    for (index, service) in (0..).zip(&mut file.service) {
        walk.at(&[6, index], |walk| walk.service(service, &package));
    }
    walk.fields(7, &mut file.extension, &package);
    walk.taken
}

struct Walk<'p> {
    demands: &'p mut Demands,
    path: Vec<i32>,
    taken: Taken,
}

impl Walk<'_> {
    fn at(&mut self, path: &[i32], visit: impl FnOnce(&mut Self)) {
        let above = self.path.len();
        self.path.extend(path);
        visit(self);
        self.path.truncate(above);
    }

    fn message(&mut self, message: &mut DescriptorProto, scope: &str) {
        self.options(7, &mut message.options, scope);
        let name = qualified(scope, message.name());
        self.fields(2, &mut message.field, &name);
        self.fields(6, &mut message.extension, &name);
        for (index, nested) in (0..).zip(&mut message.nested_type) {
            self.at(&[3, index], |walk| walk.message(nested, &name));
        }
        for (index, found) in (0..).zip(&mut message.enum_type) {
            self.at(&[4, index], |walk| walk.enumeration(found, &name));
        }
        for (index, range) in (0..).zip(&mut message.extension_range) {
            self.at(&[5, index], |walk| {
                walk.options(3, &mut range.options, scope);
            });
        }
        for (index, oneof) in (0..).zip(&mut message.oneof_decl) {
            self.at(&[8, index], |walk| {
                walk.options(2, &mut oneof.options, &name);
            });
        }
    }

    fn fields(&mut self, number: i32, fields: &mut [FieldDescriptorProto], scope: &str) {
        for (index, field) in (0..).zip(fields) {
            self.at(&[number, index], |walk| {
                if walk.options(8, &mut field.options, scope) {
                    let options = walk.taken.elements.last().expect("those of the field");
                    walk.demands
                        .note(qualified(scope, field.name()), &options.contents);
                }
            });
        }
    }

    fn enumeration(&mut self, found: &mut EnumDescriptorProto, scope: &str) {
        self.options(3, &mut found.options, scope);
        for (index, value) in (0..).zip(&mut found.value) {
            self.at(&[2, index], |walk| {
                walk.options(3, &mut value.options, scope);
            });
        }
    }

    fn service(&mut self, service: &mut ServiceDescriptorProto, scope: &str) {
        self.options(3, &mut service.options, scope);
        let name = qualified(scope, service.name());
        for (index, method) in (0..).zip(&mut service.method) {
            self.at(&[2, index], |walk| {
                walk.options(4, &mut method.options, &name);
            });
        }
    }

    /// Takes the options of the element at the path of the walk, and tells whether there are any. `scope` is where their
    /// names are looked up.
    fn options<T: OptionsMessage>(&mut self, number: i32, options: &mut Option<T>, scope: &str) -> bool {
        let Some(options) = options.as_mut() else {
            return false;
        };
        let written = std::mem::take(options.written());
        if written.is_empty() {
            return false;
        }
        let path = [self.path.as_slice(), &[number]].concat();
        let mut element = ElementOptions {
            scope: scope.to_owned(),
            target: T::TARGET,
            contents: Contents::new(descriptor_of(T::KIND)),
            waiting: Vec::new(),
            path,
        };
        for (index, option) in (0..).zip(written) {
            if option.name.iter().any(|part| part.is_extension) {
                element.waiting.push((index, option));
                continue;
            }
            let no_extension = |_: &MessageDescriptor, name: &str, _: &str| {
                Err(Fault::from(format!("name '{name}' is not defined")))
            };
            let set = set_option(&mut element.contents, &option, scope, &no_extension);
            self.taken.note(&element.path, index, set);
        }
        match T::decode(&*element.contents.encode()) {
            Ok(read) => *options = read,
            Err(_) => self.taken.problems.push(OptionProblem {
                path: element.path.clone(),
                fault: Fault::from("a text among the options is not UTF-8".to_owned()),
            }),
        }
        self.taken.elements.push(element);
        true
    }
}

/// The message of the options of an element, as it comes with the library. It is not that of the pool in which the file is
/// linked: a pool that somebody else refers to is copied when a file is added.
fn descriptor_of(kind: DescriptorKind) -> MessageDescriptor {
    let name = kind.options_type().expect("an element that has options");
    let found = DescriptorPool::global().get_message_by_name(&format!("google.protobuf.{name}"));
    found.expect("the library knows all options")
}
