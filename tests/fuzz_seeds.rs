//! Runs the fuzz targets on their seeds, without a fuzzer, so that what was found once stays fixed.

#![expect(clippy::print_stdout, reason = "the harness shows it when a test fails")]

#[expect(unreachable_pub, reason = "the fuzzers' crate exports them")]
#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Runs each file of `fuzz/seeds/TARGET` through the target.
fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(&folder).expect("the target has seeds") {
        let path = entry.expect("a folder that can be read").path();
        // Printed only if the test fails.
        println!("{}", path.display());
        check(&fs::read(&path).expect("a file"));
        seeds += 1;
    }
    assert_ne!(seeds, 0, "{} is empty", folder.display());
}

macro_rules! seeds {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            run(stringify!($target), targets::$target);
        }
    )*};
}

seeds! {
    descriptor_set proto_text lowering rules_file message json json_transcode reflection schema_cache http1 envelopes path_template query
}
