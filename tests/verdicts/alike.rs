//! What protod takes as a text it takes as a descriptor set too, and from another server: the bytes stay what they are on each
//! of these ways, and what is printed of them is the same.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use protod::client::ReflectionSource;
use protod::{Schema, SchemaSource as _, Server};
use tokio::runtime::Runtime;

use crate::compiled::{File, records};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("threads"));

/// What differs when the serialized `set` is loaded: its bytes, or the text that is printed of it.
pub(crate) fn as_set(set: &[u8]) -> Vec<String> {
    let mut differences = Vec::new();
    for (what, set) in [
        ("a set", set.to_vec()),
        ("a set without places", without_info(set)),
    ] {
        differences.extend(loaded(&set).err().map(|why| format!("as {what}: {why}")));
    }
    differences
}

/// What differs when a server has the set, when a server has it from that one, and when that one is asked.
pub(crate) fn by_reflection(set: &[u8]) -> Result<(), String> {
    let mut told = with_service(set);
    for _ in 0..2 {
        let schema = Schema::from_descriptor_set(&told).map_err(|error| format!("{error:?}"))?;
        let url = RUNTIME.block_on(async {
            let server = Server::builder(schema).build().expect("it is sound");
            let bound = server.bind("127.0.0.1:0").await.expect("a free port");
            let url = format!("grpc://{}", bound.local_addr());
            tokio::spawn(bound.serve());
            url
        });
        let source = ReflectionSource::new(url).expect("an address");
        let answer = source.descriptor_set().map_err(|error| format!("{error:?}"))?;
        for (_, _, file) in records(&told) {
            if !records(&answer).any(|(_, _, answered)| answered == file) {
                return Err(format!("a server has {:?} otherwise", File::new(file).name));
            }
        }
        told = answer.to_vec();
    }
    Ok(())
}

fn loaded(set: &[u8]) -> Result<(), String> {
    let schema = Schema::from_descriptor_set(set).map_err(|error| format!("{:?}", error.problems()))?;
    let kept = schema.descriptor_set().source_info(true).encode();
    let mut own = Vec::new();
    for (_, _, file) in records(set) {
        if !records(&kept).any(|(_, _, kept)| kept == file) {
            return Err(format!("{:?} has other bytes", File::new(file).name));
        }
        // What comes with protod is not compiled again.
        own.extend(Some(File::new(file)).filter(|file| !is_built_in(file)));
    }
    // The pool, and the options in it, can be read.
    for file in schema.pool().files() {
        file.options();
        let messages = file.messages().map(|message| message.options());
        messages.for_each(drop);
    }
    let printed = own.iter().fold(Schema::builder(), |builder, file| {
        let text = schema.proto_text(&file.name).expect("the file is there");
        builder.source(&file.name, text)
    });
    let printed = printed
        .build()
        .map_err(|error| format!("printed otherwise: {:?}", error.problems()))?;
    for file in own {
        let again = printed.files().iter().find(|again| again.name == file.name);
        if File::new(&again.expect("the file is there").descriptor).bytes != file.bytes {
            return Err(format!(
                "printed otherwise: {}",
                schema.proto_text(&file.name).unwrap_or_default()
            ));
        }
    }
    Ok(())
}

fn is_built_in(file: &File) -> bool {
    let built_in = file.name.starts_with("google/protobuf/").then(|| {
        let schema = Schema::builder().import(&file.name).build().ok()?;
        let built_in = schema
            .files()
            .iter()
            .find(|built_in| built_in.name == file.name)?;
        Some(File::new(&built_in.descriptor).bytes)
    });
    built_in.flatten().is_some_and(|bytes| bytes == file.bytes)
}

fn without_info(set: &[u8]) -> Vec<u8> {
    let mut without = Vec::new();
    for (_, _, file) in records(set) {
        prost::encoding::bytes::encode(1, &File::new(file).bytes, &mut without);
    }
    without
}

/// The set with a service in a file that imports all others: a server is asked for the files of its services.
fn with_service(set: &[u8]) -> Vec<u8> {
    let file = FileDescriptorProto {
        name: Some("protod_service.proto".to_owned()),
        package: Some("protod_service".to_owned()),
        syntax: Some("proto3".to_owned()),
        dependency: records(set).map(|(_, _, file)| File::new(file).name).collect(),
        message_type: vec![DescriptorProto {
            name: Some("Nothing".to_owned()),
            ..DescriptorProto::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("Service".to_owned()),
            method: vec![MethodDescriptorProto {
                name: Some("Do".to_owned()),
                input_type: Some(".protod_service.Nothing".to_owned()),
                output_type: Some(".protod_service.Nothing".to_owned()),
                ..MethodDescriptorProto::default()
            }],
            options: None,
        }],
        ..FileDescriptorProto::default()
    };
    [set, &FileDescriptorSet { file: vec![file] }.encode_to_vec()].concat()
}
