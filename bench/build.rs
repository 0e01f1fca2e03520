//! Compiles the services of both twins: the repository's own protos and the bench's by tonic-prost-build, and Search by
//! connectrpc-build.

use std::path::Path;

use protox::prost_reflect::prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for folder in ["../proto", "proto", "language"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let set = protox::compile(
        ["stream.proto", "search.proto", "bench.proto"],
        ["../proto", "proto"],
    )?;
    compile_connect(&set)?;
    tonic_prost_build::configure()
        // This favours the twin: a payload is a slice of the receive buffer, not a copy.
        .bytes(".bench.Chunk.data")
        .compile_fds(set)?;
    compile_language()
}

/// Only messages: the twin finds the handlers of all these methods in a table, and the code of a service for each would take long to
/// compile. The descriptors are what prost-reflect writes JSON by.
fn compile_language() -> Result<(), Box<dyn std::error::Error>> {
    let set = protox::compile(["language.proto"], ["language"])?;
    let file = Path::new(&std::env::var("OUT_DIR")?).join("language.binpb");
    std::fs::write(file, set.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        // Entries in the order of their keys, as rules have them.
        .btree_map(".")
        .compile_fds(set)?;
    Ok(())
}

/// connectrpc-build reads descriptors from a file, or starts protoc.
fn compile_connect(
    set: &protox::prost_reflect::prost_types::FileDescriptorSet,
) -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(&std::env::var("OUT_DIR")?).join("descriptors.binpb");
    std::fs::write(&file, set.encode_to_vec())?;
    connectrpc_build::Config::new()
        .descriptor_set(file)
        .files(&["search.proto"])
        .include_file("connect.rs")
        .compile()?;
    Ok(())
}
