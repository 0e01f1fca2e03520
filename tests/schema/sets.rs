//! Descriptor sets from any source: good, damaged, hostile.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileOptions, MessageOptions,
    UninterpretedOption, uninterpreted_option,
};
use protod::Schema;

use crate::support::{Tree, located, names, repository_file, set_file, set_of};

fn tagged(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    prost::encoding::bytes::encode(number, &bytes.to_vec(), &mut record);
    record
}

#[test]
fn a_set_of_an_unknown_edition_is_refused_not_panicked() {
    let of_edition = |edition: Option<i32>| {
        let mut file = set_file("a.proto", &[], "A");
        file.syntax = Some("editions".to_owned());
        let mut bytes = file.encode_to_vec();
        if let Some(edition) = edition {
            prost::encoding::int32::encode(14, &edition, &mut bytes);
        }
        let mut set = set_of([set_file("plain.proto", &[], "Plain")]);
        set.extend(tagged(1, &bytes));
        Schema::from_descriptor_set(&set)
    };
    assert!(of_edition(Some(1000)).is_ok());
    for (edition, named) in [
        (Some(9999), "edition 9999"),
        (Some(-1), "an unknown edition"),
        (None, "an unknown edition"),
    ] {
        assert_eq!(
            located(of_edition(edition)),
            [format!(
                "descriptor set: file 'a.proto' has {named}, which protod does not know"
            )]
        );
    }
}

#[test]
fn a_set_cut_anywhere_is_an_error_and_no_panic() {
    let mut set = repository_file("descriptors/stream.binpb");
    let first_file = set.len();
    set.extend(repository_file("descriptors/search.binpb"));
    for length in 0..set.len() {
        let result = Schema::from_descriptor_set(&set[..length]);
        if length == first_file {
            assert_eq!(result.unwrap().methods().len(), 3);
        } else {
            let problems = located(result);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with("descriptor set: "), "{problems:?}");
        }
    }
}

#[test]
fn what_is_no_set_is_said_to_be_none() {
    let tree = Tree::new(&[("text.pb", "syntax = \"proto3\";"), ("empty.pb", "")]);
    tree.write("one_file.pb", set_file("a.proto", &[], "A").encode_to_vec());
    for (name, expected) in [
        ("text.pb", "text.pb: is not a descriptor set"),
        ("one_file.pb", "one_file.pb: is not a descriptor set"),
        ("empty.pb", "empty.pb: holds no files"),
    ] {
        let error = tree.load(name).unwrap_err();
        assert!(
            error.problems()[0]
                .hint()
                .unwrap()
                .contains("protoc --include_imports")
        );
        let problems = tree.problems(Err(error));
        assert!(problems[0].starts_with(expected), "{problems:?}");
    }
}

#[test]
fn a_dependency_that_the_set_lacks_is_named() {
    let set = set_of([set_file(
        "a.proto",
        &["b.proto", "google/protobuf/any.proto"],
        "A",
    )]);
    assert_eq!(
        located(Schema::from_descriptor_set(&set)),
        ["descriptor set: file 'a.proto' imports 'b.proto', which is not in the set"]
    );
}

#[test]
fn the_files_of_a_set_may_come_in_any_order() {
    let set = set_of([
        set_file("a.proto", &["b.proto"], "A"),
        set_file("b.proto", &[], "B"),
    ]);
    let schema = Schema::from_descriptor_set(&set).unwrap();
    assert_eq!(
        schema.files().iter().map(|file| &*file.name).collect::<Vec<_>>(),
        ["b.proto", "a.proto"]
    );
}

#[test]
fn a_cycle_in_a_set_is_named() {
    let set = set_of([
        set_file("a.proto", &["b.proto"], "A"),
        set_file("b.proto", &["a.proto"], "B"),
    ]);
    assert_eq!(
        located(Schema::from_descriptor_set(&set)),
        ["descriptor set: file 'b.proto': import cycle: a.proto -> b.proto -> a.proto"]
    );
}

#[test]
fn a_symbol_in_two_files_of_a_set_is_named() {
    let set = set_of([
        set_file("a.proto", &[], "Twice"),
        set_file("b.proto", &[], "Twice"),
    ]);
    assert_eq!(
        located(Schema::from_descriptor_set(&set)),
        ["descriptor set: file 'b.proto': name 'Twice' is already defined in file 'a.proto'"]
    );
}

#[test]
fn a_set_brings_its_own_google_files_or_takes_the_built_in() {
    let any = set_file("google/protobuf/any.proto", &[], "OwnAny");
    let a = set_file("a.proto", &["google/protobuf/any.proto"], "A");
    let own = Schema::from_descriptor_set(&set_of([a.clone(), any])).unwrap();
    assert!(own.pool().get_message_by_name("OwnAny").is_some());
    let built_in = Schema::from_descriptor_set(&set_of([a])).unwrap();
    assert!(
        built_in
            .pool()
            .get_message_by_name("google.protobuf.Any")
            .is_some()
    );
    assert_eq!(names(&built_in), ["a.proto"]);
}

#[test]
fn an_option_that_nests_without_end_is_refused() {
    let name_part = uninterpreted_option::NamePart {
        name_part: "o".to_owned(),
        is_extension: true,
    };
    let option = UninterpretedOption {
        name: vec![name_part],
        aggregate_value: Some("a{".repeat(300_000)),
        ..Default::default()
    };
    let options = FileOptions {
        uninterpreted_option: vec![option],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        options: Some(options),
        ..set_file("a.proto", &[], "A")
    };
    assert_eq!(
        located(Schema::from_descriptor_set(&set_of([file]))),
        ["descriptor set: file 'a.proto': an option nests more than 140 levels deep"]
    );
}

#[test]
fn messages_that_nest_without_end_are_refused() {
    let mut nested = DescriptorProto {
        name: Some("M".to_owned()),
        ..Default::default()
    }
    .encode_to_vec();
    for _ in 0..5_000 {
        nested = [tagged(1, b"M"), tagged(3, &nested)].concat();
    }
    let file = [tagged(1, b"a.proto"), tagged(4, &nested)].concat();
    assert!(!located(Schema::from_descriptor_set(&tagged(1, &file))).is_empty());
}

#[test]
fn an_option_that_does_not_decode_is_refused() {
    let text = "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\"; \
                extend google.protobuf.FileOptions { string label = 50001; }";
    let schema = Schema::from_source("label.proto", text).unwrap();
    let mut set: Vec<u8> = schema
        .files()
        .iter()
        .flat_map(|file| tagged(1, &file.descriptor))
        .collect();
    let mut option = Vec::new();
    prost::encoding::uint64::encode(50001, &7, &mut option);
    let file = set_file("a.proto", &["label.proto"], "A").encode_to_vec();
    set.extend(tagged(1, &[file, tagged(8, &option)].concat()));
    let problems = located(Schema::from_descriptor_set(&set));
    assert!(
        problems[0].starts_with("descriptor set: file 'a.proto': failed to decode"),
        "{problems:?}"
    );
    assert!(problems[0].contains("invalid wire type"), "{problems:?}");
}

#[test]
fn a_message_of_very_many_fields_loads() {
    let field = |number: i32| FieldDescriptorProto {
        name: Some(format!("f{number}")),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::Int32.into()),
        ..Default::default()
    };
    let fields = (20_000..90_000).map(field).collect();
    let mut file = set_file("a.proto", &[], "A");
    file.message_type[0].field = fields;
    assert!(Schema::from_descriptor_set(&set_of([file])).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Schema::from_descriptor_set(&bytes);
        let _ = Schema::from_descriptor_set(&tagged(1, &bytes));
        let _ = Schema::from_descriptor_set(&tagged(1, &[tagged(1, b"a.proto"), bytes].concat()));
    }

    #[test]
    fn no_damage_to_a_set_panics(places in proptest::collection::vec((0_usize..1260, proptest::num::u8::ANY), 1..6)) {
        let mut set = repository_file("descriptors/stream.binpb");
        for (place, byte) in places {
            set[place] = byte;
        }
        if let Ok(schema) = Schema::from_descriptor_set(&set) {
            for method in schema.methods() {
                let _ = method.input();
            }
            let _ = schema.pool();
            for file in schema.files() {
                let _ = schema.proto_text(&file.name);
            }
        }
    }
}

#[test]
fn source_info_that_is_damaged_is_a_problem_at_load() {
    let file = set_file("a.proto", &[], "A").encode_to_vec();
    let locations = |bytes: &[u8]| tagged(9, bytes);
    // A path that is no list of numbers, comments that are a number, and source info that is a number.
    for damage in [
        locations(&tagged(1, &tagged(1, &[0xff]))),
        locations(&tagged(1, &[0x18, 1])),
        vec![9 << 3, 1],
    ] {
        let set = tagged(1, &[&file[..], &damage].concat());
        assert_eq!(
            located(Schema::from_descriptor_set(&set)),
            ["descriptor set: file 'a.proto' has source info that is damaged"]
        );
    }
    let sound = tagged(
        1,
        &[&file[..], &locations(&tagged(1, &tagged(1, &[4, 0])))].concat(),
    );
    assert!(Schema::from_descriptor_set(&sound).is_ok());
}

#[test]
fn map_entry_without_a_value_is_refused_not_panicked() {
    let problem = "message 'E' is marked as the entry of a map, but is not one";
    for fields in [
        "int32 key = 1;",
        "int32 value = 2;",
        "double key = 1; int32 value = 2;",
        "repeated int32 key = 1; int32 value = 2;",
    ] {
        let text = format!("syntax = \"proto3\"; message E {{ option map_entry = true; {fields} }}");
        assert_eq!(
            located(Schema::from_source("a.proto", &text)),
            [format!("a.proto: {problem}")]
        );
    }
    let mut file = set_file("a.proto", &[], "E");
    file.message_type[0].options = Some(MessageOptions {
        map_entry: Some(true),
        ..Default::default()
    });
    assert_eq!(
        located(Schema::from_descriptor_set(&set_of([file]))),
        [format!("descriptor set: file 'a.proto': {problem}")]
    );
}
