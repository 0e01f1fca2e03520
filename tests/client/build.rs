//! `protod build`: the sets that it writes are those of protoc, and other programs read them.
//!
//! It needs protoc, grpcurl and buf, which `make test` installs.

use std::fs;
use std::path::Path;
use std::process::Command;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use protod::Schema;
use serde_json::Value;

use crate::cli::{prints, protod};
use crate::programs::{buf, grpcurl};

const MONEY: &str = r#"syntax = "proto3";
package acme;
// How much.
message Money { int64 cents = 1; string currency_code = 2; }
"#;

const SHOP: &str = r#"syntax = "proto3";
package acme;
import "acme/options.proto";
import "acme/money.proto";
import "google/protobuf/timestamp.proto";
// Sells.
service Shop {
  rpc Buy(Order) returns (stream Order) { option (price) = {cents: 5, currency_code: "CHF"}; }
  rpc Sell(stream Order) returns (Order) {}
}
message Order {
  Money price = 1;
  google.protobuf.Timestamp at = 2 [deprecated = true];
  map<string, int32> counts = 3;
  optional int32 size = 4;
  repeated int32 sizes = 5 [packed = false, json_name = "SIZES"];
  oneof by { string card = 6; bytes token = 7; }
  reserved 8 to 10;
  enum State { UNKNOWN = 0; DONE = 1; }
  State state = 11;
}
"#;

const OPTIONS: &str = r#"syntax = "proto2";
package acme;
import "google/protobuf/descriptor.proto";
import "acme/money.proto";
extend google.protobuf.MethodOptions { optional Money price = 50001; }
message Old { optional int32 number = 1 [default = -7]; extensions 100 to 199; }
"#;

const PROTOC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/clients/bin/protoc");

/// A folder with these protos below `api`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("api/acme")).expect("it can be made");
    for (name, text) in [("money", MONEY), ("shop", SHOP), ("options", OPTIONS)] {
        let path = folder.path().join(format!("api/acme/{name}.proto"));
        fs::write(path, text).expect("it can be written");
    }
    folder
}

/// What `protod build ARGS -o FILE` writes.
async fn built(folder: &Path, args: &[&str]) -> Vec<u8> {
    let file = folder.join("built.binpb");
    let output = file.to_str().expect("UTF-8");
    let said = prints(&[&["build"], args, &["-o", output]].concat()).await;
    assert_eq!(said, format!("wrote {output}\n"));
    fs::read(file).expect("it was written")
}

/// What protoc writes of these files.
fn compiled(folder: &Path, args: &[&str]) -> Vec<u8> {
    let file = folder.join("compiled.binpb");
    let api = format!("-I{}/api", folder.display());
    let output = format!("--descriptor_set_out={}", file.display());
    let status = Command::new(PROTOC).args([&*api, &*output]).args(args).status();
    assert!(status.expect("make test installs protoc").success());
    fs::read(file).expect("it was written")
}

fn names(set: &[u8]) -> Vec<String> {
    let set = FileDescriptorSet::decode(set).expect("a set");
    set.file.iter().map(|file| file.name().to_owned()).collect()
}

#[tokio::test]
async fn a_set_has_the_bytes_of_protocs() {
    let folder = folder();
    let api = folder.path().join("api");
    let api = api.to_str().expect("UTF-8");

    // Without imports, which may be of another version.
    let all = ["acme/money.proto", "acme/options.proto", "acme/shop.proto"];
    let theirs = compiled(folder.path(), &all);
    assert_eq!(built(folder.path(), &[api, "--exclude-imports"]).await, theirs);

    // The files of google/protobuf are protoc's own for both.
    let shop = format!("{api}/acme/shop.proto");
    let input = [&*shop, "-I", api];
    let theirs = compiled(folder.path(), &["--include_imports", "acme/shop.proto"]);
    let ours = built(folder.path(), &input).await;
    assert_eq!(names(&ours), names(&theirs));
    assert_eq!(ours, theirs);

    let theirs = compiled(folder.path(), &["acme/shop.proto"]);
    assert_eq!(
        built(folder.path(), &[&input[..], &["--exclude-imports"]].concat()).await,
        theirs
    );
}

#[tokio::test]
async fn source_info_is_written_on_request() {
    let folder = folder();
    let api = folder.path().join("api");
    let api = api.to_str().expect("UTF-8");
    let shop = format!("{api}/acme/shop.proto");
    let [with, without] = [
        &["--include_source_info", "--include_imports"][..],
        &["--include_imports"],
    ]
    .map(|args| compiled(folder.path(), &[args, &["acme/shop.proto"]].concat()));
    assert!(with.len() > 2 * without.len(), "protoc writes it");
    let input = [&*shop, "-I", api];
    let ours = built(folder.path(), &[&input[..], &["--source-info"]].concat()).await;
    assert_eq!(names(&ours), names(&with));
    assert!(ours == with, "other source info than protoc's");

    // A set is an input as protos are. What it has no source info of is written without.
    let file = folder.path().join("theirs.binpb");
    for (theirs, args, expected) in [
        (&with, &["--source-info"][..], &with),
        (&with, &[], &without),
        (&without, &["--source-info"], &without),
    ] {
        fs::write(&file, theirs).expect("it can be written");
        let input = file.to_str().expect("UTF-8");
        let written = built(folder.path(), &[&[input], args].concat()).await;
        assert!(written == *expected, "{args:?}");
    }
}

#[tokio::test]
async fn other_programs_and_protod_itself_read_what_it_writes() {
    let folder = folder();
    let api = folder.path().join("api");
    built(folder.path(), &[api.to_str().expect("UTF-8")]).await;
    let file = folder.path().join("built.binpb");
    let file = file.to_str().expect("UTF-8");

    let listed = grpcurl().prints(["-protoset", file, "list", "acme.Shop"]).await;
    assert_eq!(listed, "acme.Shop.Buy\nacme.Shop.Sell\n");
    let image = buf().prints(["build", file, "-o", "-#format=json"]).await;
    let image: Value = serde_json::from_str(&image).expect("JSON");
    assert_eq!(image["file"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        prints(&["list", file, "acme.Shop"]).await,
        "acme.Shop/Buy\nacme.Shop/Sell\n"
    );
    let server = crate::support::Server::start(&[file]).await;
    let answer = prints(&["call", server.address(), "acme.Shop/Sell"]).await;
    assert!(answer.contains("\"price\""), "{answer}");
}

#[tokio::test]
async fn json_has_the_options_that_the_protos_define() {
    let folder = folder();
    let api = folder.path().join("api");
    let api = api.to_str().expect("UTF-8");
    let printed = prints(&["build", api, "--json", "--exclude-imports", "-o", "-"]).await;
    let set: Value = serde_json::from_str(&printed).expect("JSON");
    let files = set["file"].as_array().expect("files");
    let names: Vec<_> = files.iter().map(|file| file["name"].as_str()).collect();
    assert_eq!(
        names,
        [
            Some("acme/money.proto"),
            Some("acme/options.proto"),
            Some("acme/shop.proto")
        ]
    );
    assert_eq!(
        files[2]["service"][0]["method"][0]["options"]["[acme.price]"]["cents"],
        "5"
    );
}

#[tokio::test]
async fn what_cannot_be_built_or_written_is_told() {
    let folder = folder();
    let (_, stderr, code) = protod(&["build", "gone", "-o", "-"]).await;
    assert_eq!(
        (stderr.as_str(), code),
        ("error: gone: no such file or folder\n\nerror: 1 problem\n", 1)
    );
    let output = folder.path().to_str().expect("UTF-8");
    let (_, stderr, code) = protod(&["build", "proto", "-o", output]).await;
    assert!(
        stderr.starts_with(&format!("error: cannot write {output}\n")),
        "{stderr}"
    );
    assert_eq!(code, 1);
    let (_, stderr, code) = protod(&["build", "proto"]).await;
    assert!(stderr.contains("--output <FILE>"), "{stderr}");
    assert_eq!(code, 2);
}

#[test]
fn only_what_was_asked_for_is_no_import() {
    let shop = r#"syntax = "proto3"; import "money.proto"; import "google/type/date.proto"; message Shop {}"#;
    let schema = Schema::builder()
        .source("shop.proto", shop)
        .resolver(|name: &str| (name == "money.proto").then(|| MONEY.to_owned()))
        .import("google/type/date.proto")
        .build()
        .expect("it compiles");
    let imports: Vec<_> = schema
        .files()
        .iter()
        .map(|file| (&*file.name, file.is_import))
        .collect();
    assert_eq!(
        imports,
        [
            ("money.proto", true),
            ("google/type/date.proto", false),
            ("shop.proto", false)
        ]
    );
}
