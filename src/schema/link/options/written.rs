//! Takes the options that a file writes out of its descriptors, with what is needed to read them.
//!
//! Options of descriptor.proto are read at once, since linking depends on some, as `packed` and `allow_alias`. Custom ones
//! wait until the file is linked, since it may define them itself.

use prost::Message;
use prost_reflect::MessageDescriptor;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueOptions, ExtensionRangeOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions, MethodOptions,
    OneofOptions, ServiceDescriptorProto, ServiceOptions, UninterpretedOption,
};

use super::contents::Contents;
use super::demands::Demands;
use super::extension::Nothing;
use super::fault::Fault;
use super::set::set_option;
use crate::schema::element_path::ElementPath;
use crate::schema::name::qualified;
use crate::schema::source::{TEXT_DEFAULT, options_message};
use crate::schema::valid_texts::with_valid_texts;
use crate::schema::wire::DescriptorKind;

/// The options of one element.
#[derive(Debug)]
pub(super) struct ElementOptions {
    /// Where the options are: a path of `SourceCodeInfo`.
    pub(super) path: Vec<i32>,
    /// The scope in which names are looked up.
    pub(super) scope: String,
    /// What kind of element it is, by `FieldOptions.OptionTargetType`.
    pub(super) target: i32,
    pub(super) contents: Contents,
    /// Whether they are those of a field that an entry of its map got too. What is wrong is said of the field.
    pub(super) is_copy: bool,
    /// Those that wait, each with its number among the options of the element.
    pub(super) waiting: Vec<(i32, UninterpretedOption)>,
}

/// What is said of an option, and where it is.
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
    const TARGET: i32;
    fn written(&mut self) -> &mut Vec<UninterpretedOption>;
}

macro_rules! options_messages {
    ($($message:ident $kind:ident $target:literal)*) => {
        $(impl OptionsMessage for $message {
            const KIND: DescriptorKind = DescriptorKind::$kind;
            const TARGET: i32 = $target;
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
    pub(super) warnings: Vec<OptionProblem>,
    /// Where options were, and where they are now that their names are known.
    pub(super) moved: Vec<(Vec<i32>, Vec<i32>)>,
    /// The defaults that are no UTF-8, by their paths. The file has them as far as they are.
    pub(super) defaults: Vec<(Vec<i32>, Vec<u8>)>,
}

impl Taken {
    /// Notes what came of the n-th option of an element.
    pub(super) fn note(&mut self, element: &ElementOptions, index: i32, set: Result<Vec<i32>, Fault>) {
        let options = &*element.path;
        let path = [options, &[UNINTERPRETED, index]].concat();
        match set {
            Ok(numbers) => self.moved.push((path, [options, &numbers].concat())),
            Err(_) if element.is_copy => {}
            Err(fault) => self.problems.push(OptionProblem { path, fault }),
        }
    }
}

/// Takes all options out of `file`, and leaves in it what prost-types knows of them. `demands` learns what fields demand.
pub(super) fn take_options(file: &mut FileDescriptorProto, demands: &mut Demands) -> Taken {
    let package = file.package().to_owned();
    let mut walk = Walk {
        demands,
        taken: Taken::default(),
        is_in_entry: false,
    };
    walk.options(&mut file.options, &package, &ElementPath::of_file(8));
    for (index, message) in file.message_type.iter_mut().enumerate() {
        walk.message(message, &package, &ElementPath::in_file(4, index));
    }
    for (index, found) in file.enum_type.iter_mut().enumerate() {
        walk.enumeration(found, &package, &ElementPath::in_file(5, index));
    }
    for (index, service) in file.service.iter_mut().enumerate() {
        walk.service(service, &package, &ElementPath::in_file(6, index));
    }
    walk.fields(&mut file.extension, &package, |index| {
        ElementPath::in_file(7, index)
    });
    walk.taken
}

struct Walk<'d> {
    demands: &'d mut Demands,
    taken: Taken,
    /// Whether the fields are those of an entry of a map.
    is_in_entry: bool,
}

impl Walk<'_> {
    fn message(&mut self, message: &mut DescriptorProto, scope: &str, path: &ElementPath<'_>) {
        self.options(&mut message.options, scope, &path.field(7));
        let name = qualified(scope, message.name());
        self.is_in_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
        self.fields(&mut message.field, &name, |index| path.element(2, index));
        self.is_in_entry = false;
        self.fields(&mut message.extension, &name, |index| path.element(6, index));
        for (index, nested) in message.nested_type.iter_mut().enumerate() {
            self.message(nested, &name, &path.element(3, index));
        }
        for (index, found) in message.enum_type.iter_mut().enumerate() {
            self.enumeration(found, &name, &path.element(4, index));
        }
        for (index, range) in message.extension_range.iter_mut().enumerate() {
            self.options(&mut range.options, scope, &path.element(5, index).field(3));
        }
        for (index, oneof) in message.oneof_decl.iter_mut().enumerate() {
            self.options(&mut oneof.options, &name, &path.element(8, index).field(2));
        }
    }

    fn fields<'p>(
        &mut self,
        fields: &mut [FieldDescriptorProto],
        scope: &str,
        path: impl Fn(usize) -> ElementPath<'p>,
    ) {
        for (index, field) in fields.iter_mut().enumerate() {
            self.text_default(field, &path(index));
            if self.options(&mut field.options, scope, &path(index).field(8)) {
                let options = self.taken.elements.last().expect("those of the field");
                self.demands
                    .note(qualified(scope, field.name()), &options.contents);
            }
        }
    }

    /// Takes the default of a string that was written as an option. What is left in its place says nothing, so that the
    /// others keep their numbers.
    fn text_default(&mut self, field: &mut FieldDescriptorProto, path: &ElementPath<'_>) {
        const DEFAULT_VALUE: i32 = 7;
        let Some(options) = &mut field.options else { return };
        for (index, option) in (0..).zip(&mut options.uninterpreted_option) {
            let is_default = matches!(&*option.name, [part] if part.name_part == TEXT_DEFAULT);
            let text = option.string_value.take_if(|_| is_default);
            let Some(text) = text else { continue };
            option.name.clear();
            let options = path.field(8).numbers();
            let written = [&*options, &[UNINTERPRETED, index]].concat();
            if field.default_value.is_some() {
                let fault = Fault::from("option field 'default' has already been set".to_owned());
                self.taken.problems.push(OptionProblem { path: written, fault });
                continue;
            }
            let default = path.field(DEFAULT_VALUE).numbers();
            self.taken.moved.push((written, default.clone()));
            field.default_value = Some(String::from_utf8_lossy(&text).into_owned());
            if std::str::from_utf8(&text).is_err() {
                self.taken.defaults.push((default, text));
            }
        }
        if options
            .uninterpreted_option
            .iter()
            .all(|option| option.name.is_empty())
        {
            field.options = None;
        }
    }

    fn enumeration(&mut self, found: &mut EnumDescriptorProto, scope: &str, path: &ElementPath<'_>) {
        self.options(&mut found.options, scope, &path.field(3));
        for (index, value) in found.value.iter_mut().enumerate() {
            if self.options(&mut value.options, scope, &path.element(2, index).field(3)) {
                let options = self.taken.elements.last().expect("those of the value");
                self.demands
                    .note_value(qualified(scope, value.name()), &options.contents);
            }
        }
    }

    fn service(&mut self, service: &mut ServiceDescriptorProto, scope: &str, path: &ElementPath<'_>) {
        self.options(&mut service.options, scope, &path.field(3));
        let name = qualified(scope, service.name());
        for (index, method) in service.method.iter_mut().enumerate() {
            self.options(&mut method.options, &name, &path.element(2, index).field(4));
        }
    }

    /// Takes the options that are at `path`, and tells whether there are any. `scope` is where their names are looked up.
    fn options<T: OptionsMessage>(
        &mut self,
        options: &mut Option<T>,
        scope: &str,
        path: &ElementPath<'_>,
    ) -> bool {
        let Some(options) = options.as_mut() else {
            return false;
        };
        let written = std::mem::take(options.written());
        if written.is_empty() {
            return false;
        }
        let mut element = ElementOptions {
            scope: scope.to_owned(),
            target: T::TARGET,
            contents: Contents::new(descriptor_of(T::KIND)),
            is_copy: self.is_in_entry,
            waiting: Vec::new(),
            path: path.numbers(),
        };
        for (index, option) in (0..).zip(written).filter(|(_, option)| !option.name.is_empty()) {
            let in_braces = option.aggregate_value.as_deref().unwrap_or_default();
            if option.name.iter().any(|part| part.is_extension) || in_braces.contains('[') {
                element.waiting.push((index, option));
                continue;
            }
            let set = set_option(&mut element.contents, &option, scope, &Nothing);
            self.taken.note(&element, index, set);
        }
        let encoded = element.contents.encode();
        let valid = with_valid_texts(&element.contents.descriptor, &encoded).unwrap_or(encoded);
        *options = T::decode(&*valid).expect("it has just been encoded");
        self.taken.elements.push(element);
        true
    }
}

/// The message of the options of an element.
fn descriptor_of(kind: DescriptorKind) -> MessageDescriptor {
    let name = kind.options_type().expect("an element that has options");
    options_message(name).expect("descriptor.proto has all options")
}
