//! protod's verdict on a descriptor set is protoc's too: on the names in it, which no parser has seen.

use std::fs;
use std::process::Command;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};
use protod::Schema;

use crate::compiled::protoc;

fn field(name: &str, number: i32) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::String.into()),
        ..FieldDescriptorProto::default()
    }
}

/// A file of a syntax in which everything has a name.
fn file(syntax: &str, fields: &[&str]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some("a.proto".to_owned()),
        package: Some("p.q".to_owned()),
        syntax: Some(syntax.to_owned()),
        message_type: vec![DescriptorProto {
            name: Some("M".to_owned()),
            field: (1..)
                .zip(fields)
                .map(|(number, name)| field(name, number))
                .collect(),
            nested_type: vec![DescriptorProto {
                name: Some("N".to_owned()),
                field: (1..)
                    .zip(fields)
                    .map(|(number, name)| field(name, number))
                    .collect(),
                ..DescriptorProto::default()
            }],
            ..DescriptorProto::default()
        }],
        enum_type: vec![EnumDescriptorProto {
            name: Some("E".to_owned()),
            value: vec![EnumValueDescriptorProto {
                name: Some("V".to_owned()),
                number: Some(0),
                options: None,
            }],
            ..EnumDescriptorProto::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("S".to_owned()),
            method: vec![MethodDescriptorProto {
                name: Some("Do".to_owned()),
                input_type: Some(".p.q.M".to_owned()),
                output_type: Some(".p.q.M".to_owned()),
                ..MethodDescriptorProto::default()
            }],
            options: None,
        }],
        ..FileDescriptorProto::default()
    }
}

/// Whether protoc takes a set.
fn protoc_takes(set: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("set");
    fs::write(&path, set).expect("a file");
    let output = Command::new(protoc())
        .arg(format!("--descriptor_set_in={}", path.display()))
        .args(["-o/dev/null", "a.proto"])
        .output()
        .expect("protoc runs");
    output.status.success()
}

/// Gives the element of a file another name.
type Rename = fn(&mut FileDescriptorProto, String);

const ELEMENTS: [(&str, Rename); 8] = [
    ("the package", |file, name| file.package = Some(name)),
    ("a field", |file, name| {
        file.message_type[0].field[0].name = Some(name);
    }),
    ("a nested message", |file, name| {
        file.message_type[0].nested_type[0].name = Some(name);
    }),
    ("an enum", |file, name| file.enum_type[0].name = Some(name)),
    ("a value", |file, name| {
        file.enum_type[0].value[0].name = Some(name);
    }),
    ("a service", |file, name| file.service[0].name = Some(name)),
    ("a method", |file, name| {
        file.service[0].method[0].name = Some(name);
    }),
    ("a oneof", |file, name| {
        let message = &mut file.message_type[0];
        message.oneof_decl.push(OneofDescriptorProto {
            name: Some(name),
            options: None,
        });
        message.field[0].oneof_index = Some(0);
    }),
];

#[test]
fn names_in_a_set_are_identifiers() {
    let names = [
        "x", "X_1", "1x", "_", "a b", "a-b", "a.b", "", "\u{e9}", "a/b", "a\n", "a\0",
    ];
    for (what, rename) in ELEMENTS {
        for name in names {
            let mut file = file("proto3", &["a"]);
            rename(&mut file, name.to_owned());
            if what == "the package" {
                // The types of the method are in it.
                file.service.clear();
            }
            let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
            let loaded = Schema::from_descriptor_set(&set);
            assert_eq!(loaded.is_ok(), protoc_takes(&set), "{what} {name:?}: {loaded:?}");
            if let Err(error) = loaded {
                let problem = error.problems()[0].to_string();
                assert!(
                    problem.starts_with("file 'a.proto': "),
                    "{what} {name:?}: {problem}"
                );
            }
        }
    }
}

/// Messages that are deprecated become those with `deprecated_legacy_json_field_conflicts`, which prost-types does not know.
fn with_legacy_json_names(mut set: Vec<u8>) -> Vec<u8> {
    const DEPRECATED: [u8; 4] = [7 << 3 | 2, 2, 3 << 3, 1];
    for at in 0..set.len() - DEPRECATED.len() {
        if set[at..].starts_with(&DEPRECATED) {
            set[at + 2] = 11 << 3;
        }
    }
    set
}

#[test]
fn fields_of_a_set_may_have_names_that_are_alike() {
    let alike: [&[&str]; 7] = [
        &["a", "A"],
        &["a_b", "A_b"],
        &["abc", "ABC", "_abc"],
        &["foo_bar", "fooBar"],
        &["foo_bar", "foo__bar"],
        &["a", "a"],
        &["a_1", "a1"],
    ];
    for syntax in ["proto2", "proto3"] {
        for legacy in [false, true] {
            for names in alike {
                let mut file = file(syntax, names);
                let message = &mut file.message_type[0];
                let options = legacy.then(|| MessageOptions {
                    deprecated: Some(true),
                    ..MessageOptions::default()
                });
                message.nested_type[0].options.clone_from(&options);
                message.options = options;
                let set = with_legacy_json_names(FileDescriptorSet { file: vec![file] }.encode_to_vec());
                let loaded = Schema::from_descriptor_set(&set);
                let what = format!("{syntax} {legacy} {names:?}");
                assert_eq!(loaded.is_ok(), protoc_takes(&set), "{what}: {loaded:?}");
                if let Ok(schema) = loaded {
                    // Its bytes are those of the set.
                    let file = &schema.files()[0].descriptor;
                    assert_eq!(set[set.len() - file.len()..], **file, "{what}");
                    let input = schema.method("p.q.S/Do").expect("it is there").input();
                    assert_eq!(input.fields().len(), names.len(), "{what}");
                }
            }
        }
    }
}
