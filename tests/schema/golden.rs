//! protod's compile of `proto/` compared with protoc's.

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodOptions};
use protod::Schema;

use crate::support::repository_file;

#[test]
fn descriptor_bytes_equal_protoc() {
    for name in ["stream", "search"] {
        let ours = Schema::load(format!("proto/{name}.proto")).unwrap();
        let theirs = repository_file(&format!("descriptors/{name}.binpb"));
        let decoded = FileDescriptorSet::decode(&*theirs).unwrap();
        let mut files = decoded.file.iter();
        assert!(
            files.all(|file| file.source_code_info.is_some()),
            "{name}: protoc kept it"
        );
        assert!(
            ours.descriptor_set().source_info(true).encode() == theirs,
            "{name}"
        );
    }
}

#[test]
fn options_of_methods_are_as_protoc_writes_them_the_empty_ones_too() {
    let source = r#"syntax = "proto3"; package p; message M {}
service S { rpc A(M) returns (M); rpc B(stream M) returns (stream M) {} }
service T { rpc C(M) returns (stream M) { option deprecated = true; } rpc D(M) returns (M) {} }"#;
    let schema = Schema::from_source("p.proto", source).unwrap();
    let bytes = &schema.files()[0].descriptor;
    let file = FileDescriptorProto::decode(&**bytes).unwrap();
    let methods = file.service.iter().flat_map(|service| &service.method);
    let options: Vec<_> = methods.map(|method| method.options.clone()).collect();
    let empty = MethodOptions::default();
    let deprecated = MethodOptions {
        deprecated: Some(true),
        ..MethodOptions::default()
    };
    assert_eq!(
        options,
        [None, Some(empty.clone()), Some(deprecated), Some(empty)]
    );
    assert_eq!(file.encode_to_vec(), **bytes, "in the order of numbers");
}

#[test]
fn protocs_own_bytes_are_handed_out_verbatim() {
    for name in ["stream", "search"] {
        let set = repository_file(&format!("descriptors/{name}.binpb"));
        let schema = Schema::from_descriptor_set(&set).unwrap();
        let [file] = schema.files() else {
            panic!("one file")
        };
        assert!(set.ends_with(&file.descriptor) && set.len() - file.descriptor.len() == 3);
    }
}

#[test]
fn text_and_set_give_the_same_methods() {
    let text = Schema::load("proto").unwrap();
    let names: Vec<&str> = text.methods().iter().map(|method| method.name()).collect();
    assert_eq!(
        names,
        [
            "proto.SearchService/Search",
            "proto.StreamService/List",
            "proto.StreamService/Record",
            "proto.StreamService/Route"
        ]
    );
    let sets = Schema::builder()
        .input("descriptors/stream.binpb")
        .input("descriptors/search.binpb");
    let sets = sets.build().unwrap();
    assert_eq!(
        sets.methods()
            .iter()
            .map(|method| method.name())
            .collect::<Vec<_>>(),
        names
    );
}

/// protoc writes the text of a float's default differently, but with the same value. On the right is what protoc 36.2
/// writes for the literal on the left.
#[test]
fn float_defaults_have_the_values_of_protocs() {
    const DOUBLES: &[(&str, &str)] = &[
        ("0.1", "0.1"),
        ("1e20", "1e+20"),
        ("1e-7", "1e-07"),
        ("-0.0", "-0"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("123456789.123456789", "123456789.12345679"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "4.94065645841247e-324"),
    ];
    const FLOATS: &[(&str, &str)] = &[
        ("0.1", "0.1"),
        ("16777217", "16777216"),
        ("3.4028235e38", "3.40282347e+38"),
        ("1e-45", "1.40129846e-45"),
        ("1e40", "inf"),
        ("-nan", "nan"),
    ];
    for (kind, literals) in [("double", DOUBLES), ("float", FLOATS)] {
        for (literal, protocs) in literals {
            let text =
                format!("syntax = \"proto2\"; message M {{ optional {kind} f = 1 [default = {literal}]; }}");
            let ours = Schema::from_source("f.proto", &text).unwrap();
            let mut file = FileDescriptorProto::decode(&*ours.files()[0].descriptor).unwrap();
            file.message_type[0].field[0].default_value = Some((*protocs).to_owned());
            let theirs = FileDescriptorSet { file: vec![file] }.encode_to_vec();
            let theirs = Schema::from_descriptor_set(&theirs).unwrap();
            let [ours, theirs] = [ours, theirs].map(|schema| {
                let message = schema.pool().get_message_by_name("M").unwrap();
                match message.get_field_by_name("f").unwrap().default_value() {
                    prost_reflect::Value::F64(value) => value,
                    prost_reflect::Value::F32(value) => value.into(),
                    other => panic!("{other:?}"),
                }
            });
            let same = ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan());
            assert!(same, "{kind} {literal}: {ours} is not {theirs}");
        }
    }
}
