//! Random schemas: two files, each proto2 or proto3, with messages of every kind of field, and a service that takes the
//! first message and answers with another.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, FileDescriptorSet, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};
use protod::Schema;

use crate::choices::Choices;

/// The method whose answers are of a random type; streams go both ways.
pub(crate) const MAKE: &str = "b.Service/Make";
/// The method whose answer has a field for each type that an expression may have.
pub(crate) const COMPUTE: &str = "b.Service/Compute";

const SCALARS: [Type; 15] = [
    Type::Int32,
    Type::String,
    Type::Int64,
    Type::Uint32,
    Type::Uint64,
    Type::Sint32,
    Type::Sint64,
    Type::Fixed32,
    Type::Fixed64,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Bool,
    Type::Bytes,
    Type::Float,
    Type::Double,
];

/// What a map's key may be: the scalars but for the last three.
const KEYS: &[Type] = SCALARS.first_chunk::<12>().expect("there are as many").as_slice();

pub(crate) fn schema(choices: &mut Choices<'_>) -> Schema {
    let mut known = Vec::new();
    let first = File::new("a", choices).build(&mut known, choices);
    let mut second = File::new("b", choices).build(&mut known, choices);
    second.dependency.push("a.proto".to_owned());
    second.message_type.push(result());
    let method = |name: &str, output: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(known[0].clone()),
        output_type: Some(output.to_owned()),
        ..MethodDescriptorProto::default()
    };
    second.service.push(ServiceDescriptorProto {
        name: Some("Service".to_owned()),
        method: vec![
            MethodDescriptorProto {
                client_streaming: Some(true),
                server_streaming: Some(true),
                ..method("Make", choices.pick::<String>(&known))
            },
            method("Compute", ".b.Result"),
        ],
        options: None,
    });
    let set = FileDescriptorSet {
        file: vec![first, second],
    };
    Schema::from_descriptor_set(&set.encode_to_vec()).unwrap_or_else(|error| panic!("{error}\n{set:#?}"))
}

/// The fields of all messages, one message per line, for the output of a failed test.
pub(crate) fn described(schema: &Schema) -> String {
    let messages = schema.pool().all_messages().filter(|message| {
        let package = message.package_name();
        package == "a" || package == "b"
    });
    let lines = messages.map(|message| {
        let fields = message.fields().map(|field| {
            let oneof = field
                .containing_oneof()
                .map_or(String::new(), |oneof| format!(" in {}", oneof.name()));
            format!(
                "{} {:?} {:?}{oneof}",
                field.name(),
                field.cardinality(),
                field.kind()
            )
        });
        let syntax = message.parent_file().syntax();
        let fields = fields.collect::<Vec<_>>().join("; ");
        format!("{} ({syntax:?}): {fields}", message.full_name())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `oneof value { int64 int = 1; … }`
fn result() -> DescriptorProto {
    let types = [
        ("int", Type::Int64),
        ("uint", Type::Uint64),
        ("double", Type::Double),
        ("text", Type::String),
        ("bytes", Type::Bytes),
        ("truth", Type::Bool),
    ];
    DescriptorProto {
        name: Some("Result".to_owned()),
        field: types
            .into_iter()
            .zip(1..)
            .map(|((name, field_type), number)| FieldDescriptorProto {
                oneof_index: Some(0),
                ..field(name, number, Label::Optional, field_type)
            })
            .collect(),
        oneof_decl: vec![oneof("value")],
        ..DescriptorProto::default()
    }
}

fn field(name: &str, number: i32, label: Label, field_type: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(field_type.into()),
        ..FieldDescriptorProto::default()
    }
}

fn oneof(name: &str) -> OneofDescriptorProto {
    OneofDescriptorProto {
        name: Some(name.to_owned()),
        options: None,
    }
}

/// A file that is being made.
struct File {
    package: &'static str,
    proto3: bool,
}

impl File {
    fn new(package: &'static str, choices: &mut Choices<'_>) -> Self {
        Self {
            package,
            proto3: choices.below(2) == 0,
        }
    }

    /// Builds the file, and adds its messages to the known ones.
    fn build(&self, known: &mut Vec<String>, choices: &mut Choices<'_>) -> FileDescriptorProto {
        let count = 1 + choices.below(3);
        let own = (0..count).map(|index| match index {
            0 | 1 => format!(".{}.M{index}", self.package),
            _ => format!(".{}.M0.M{index}", self.package),
        });
        known.extend(own);
        let mut messages: Vec<DescriptorProto> = (0..count)
            .map(|index| self.message(format!("M{index}"), known, choices))
            .collect();
        if count > 2 {
            let nested = messages.remove(2);
            messages[0].nested_type.push(nested);
        }
        FileDescriptorProto {
            name: Some(format!("{}.proto", self.package)),
            package: Some(self.package.to_owned()),
            syntax: self.proto3.then(|| "proto3".to_owned()),
            message_type: messages,
            enum_type: vec![self.numbers(choices)],
            ..FileDescriptorProto::default()
        }
    }

    /// An enum whose first value, the default, is not 0 in some proto2 files.
    fn numbers(&self, choices: &mut Choices<'_>) -> EnumDescriptorProto {
        let mut values = vec![("E_ZERO", 0), ("E_ONE", 1), ("E_BELOW", -2), ("E_FAR", 70_000)];
        if !self.proto3 && choices.one_in(2) {
            values.swap(0, 1);
        }
        let values = values.into_iter().map(|(name, number)| EnumValueDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            options: None,
        });
        EnumDescriptorProto {
            name: Some("Numbers".to_owned()),
            value: values.collect(),
            ..EnumDescriptorProto::default()
        }
    }

    fn message(&self, name: String, known: &[String], choices: &mut Choices<'_>) -> DescriptorProto {
        let mut message = DescriptorProto {
            name: Some(name),
            ..DescriptorProto::default()
        };
        let mut synthetic = Vec::new();
        let mut number = 0;
        for _ in 0..=choices.below(8) {
            number += choices.pick(&[1, 1, 1, 2, 14, 250, 5000]);
            let name = format!("f_{number}");
            match choices.below(8) {
                0 | 1 => message.field.push(self.singular(&name, number, known, choices)),
                2 if self.proto3 => {
                    synthetic.push(message.field.len());
                    message.field.push(FieldDescriptorProto {
                        proto3_optional: Some(true),
                        ..self.singular(&name, number, known, choices)
                    });
                }
                2 => message
                    .field
                    .push(with_default(self.singular(&name, number, known, choices))),
                3 | 4 => message.field.push(self.repeated(&name, number, known, choices)),
                5 => {
                    let entry = format!("F{number}Entry");
                    let full = format!(
                        "{}.{entry}",
                        self.full_name(message.name.as_deref().expect("it was set"))
                    );
                    message.nested_type.push(self.entry(entry, known, choices));
                    let map = field(&name, number, Label::Repeated, Type::Message);
                    message.field.push(FieldDescriptorProto {
                        type_name: Some(full),
                        ..map
                    });
                }
                _ => {
                    let index = message.oneof_decl.len() as i32;
                    message.oneof_decl.push(oneof(&format!("one_{number}")));
                    for _ in 0..2 + choices.below(2) {
                        message.field.push(FieldDescriptorProto {
                            oneof_index: Some(index),
                            ..self.singular(&format!("f_{number}"), number, known, choices)
                        });
                        number += 1;
                    }
                    number -= 1;
                }
            }
        }
        // Synthetic oneofs, which represent `optional`, come after the others.
        for place in synthetic {
            message.field[place].oneof_index = Some(message.oneof_decl.len() as i32);
            message
                .oneof_decl
                .push(oneof(&format!("_{}", message.field[place].name())));
        }
        message
    }

    fn full_name(&self, message: &str) -> String {
        match message {
            "M2" => format!(".{}.M0.M2", self.package),
            _ => format!(".{}.{message}", self.package),
        }
    }

    fn singular(
        &self,
        name: &str,
        number: i32,
        known: &[String],
        choices: &mut Choices<'_>,
    ) -> FieldDescriptorProto {
        let scalar =
            |choices: &mut Choices<'_>| field(name, number, Label::Optional, *choices.pick(&SCALARS));
        match choices.below(8) {
            4 => FieldDescriptorProto {
                type_name: Some(format!(".{}.Numbers", self.package)),
                ..field(name, number, Label::Optional, Type::Enum)
            },
            5 | 6 => FieldDescriptorProto {
                type_name: Some(choices.pick(known).clone()),
                ..field(name, number, Label::Optional, Type::Message)
            },
            7 if !self.proto3 => FieldDescriptorProto {
                type_name: Some(choices.pick(known).clone()),
                ..field(name, number, Label::Optional, Type::Group)
            },
            _ => scalar(choices),
        }
    }

    /// A list, packed or not, according to its syntax or its option.
    fn repeated(
        &self,
        name: &str,
        number: i32,
        known: &[String],
        choices: &mut Choices<'_>,
    ) -> FieldDescriptorProto {
        let mut repeated = self.singular(name, number, known, choices);
        repeated.set_label(Label::Repeated);
        let packable = !matches!(
            repeated.r#type(),
            Type::String | Type::Bytes | Type::Message | Type::Group
        );
        if packable && choices.one_in(2) {
            repeated.options = Some(FieldOptions {
                packed: Some(!self.proto3),
                ..FieldOptions::default()
            });
        }
        repeated
    }

    fn entry(&self, name: String, known: &[String], choices: &mut Choices<'_>) -> DescriptorProto {
        let mut value = self.singular("value", 2, known, choices);
        if value.r#type() == Type::Group {
            value.set_type(Type::Message);
        }
        DescriptorProto {
            name: Some(name),
            field: vec![field("key", 1, Label::Optional, *choices.pick(KEYS)), value],
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            }),
            ..DescriptorProto::default()
        }
    }
}

/// The same field with an explicit default, in proto2.
fn with_default(field: FieldDescriptorProto) -> FieldDescriptorProto {
    let default = match field.r#type() {
        Type::Message | Type::Group => return field,
        Type::Float | Type::Double => "2.5",
        Type::Bool => "true",
        Type::String => "of its own",
        Type::Bytes => "\\001\\377",
        Type::Enum => "E_FAR",
        _ => "17",
    };
    FieldDescriptorProto {
        default_value: Some(default.to_owned()),
        ..field
    }
}
