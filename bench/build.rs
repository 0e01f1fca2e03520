//! Compiles the twin's services: the repository's own protos and the bench's, by tonic-prost-build.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for folder in ["../proto", "proto"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let set = protox::compile(
        ["stream.proto", "search.proto", "bench.proto"],
        ["../proto", "proto"],
    )?;
    tonic_prost_build::configure()
        // This favours the twin: a payload is a slice of the receive buffer, not a copy.
        .bytes(".bench.Chunk.data")
        .compile_fds(set)?;
    Ok(())
}
