//! Trees of protos that others have published, as they are: protod takes them and compiles them to protoc's descriptors, every
//! service can be described by a client, and the samples of every method are messages that keep their own rules.
//!
//! `scripts/install-clients.sh` installs the trees, each of an exact version, into `target/clients/trees`. The test that is ignored
//! checks others: `PROTOD_TREES` names a file with a line for each, of what protoc is given as the root, the input below it, and
//! other import paths.

#[path = "../support/compiled.rs"]
mod compiled;
#[path = "../clients/programs.rs"]
#[expect(dead_code, reason = "the other programs are for the tests of clients")]
mod programs;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the server is in this process")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use prost_reflect::DynamicMessage;
use protod::{Message, Sampler, Schema, Server, Validator};
use tokio::sync::oneshot;

use crate::compiled::{File, protoc, records};
use crate::programs::grpcurl;

/// Where a tree is.
struct Tree {
    /// The folder from which its files are named.
    root: PathBuf,
    /// What is loaded: the root, or a folder below it.
    input: PathBuf,
    /// Where the files are that it imports.
    import_paths: Vec<PathBuf>,
}

impl Tree {
    fn installed(root: &str, input: &str, import_paths: &[&str]) -> Self {
        let trees = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients/trees");
        assert!(
            trees.exists(),
            "target/clients/trees is missing: run make test, which installs it"
        );
        Self {
            root: trees.join(root),
            input: trees.join(root).join(input),
            import_paths: import_paths.iter().map(|path| trees.join(path)).collect(),
        }
    }

    /// One line of the file that `PROTOD_TREES` names.
    fn named(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let root = PathBuf::from(words.next().expect("a root"));
        Self {
            input: root.join(words.next().expect("an input")),
            root,
            import_paths: words.map(PathBuf::from).collect(),
        }
    }

    fn load(&self) -> Schema {
        let mut builder = Schema::builder().input(&self.input);
        // Files that nobody imports are named from the root too.
        for path in std::iter::once(&self.root).chain(&self.import_paths) {
            builder = builder.import_path(path);
        }
        builder.build().unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The files of the input, as protoc compiles them, with all that they import.
    fn by_protoc(&self) -> Vec<File> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let set = folder.path().join("set");
        let mut names = Vec::new();
        protos_below(&self.input, &mut names);
        let names = names
            .iter()
            .map(|path| path.strip_prefix(&self.root).expect("it is below"));
        // protoc comes with google/protobuf, as protod does. The copy of a tree counts first.
        let own = protoc()
            .canonicalize()
            .expect("it is there")
            .join("../../include");
        let paths = std::iter::once(&self.root)
            .chain(&self.import_paths)
            .chain([&own]);
        let output = Command::new(protoc())
            .args(paths.map(|path| format!("-I{}", path.display())))
            .args(["--include_imports", "--include_source_info", "-o"])
            .arg(&set)
            .args(names)
            .output()
            .expect("protoc runs");
        assert!(
            output.status.success(),
            "protoc: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let set = fs::read(set).expect("protoc wrote it");
        records(&set).map(|(_, _, file)| File::new(file)).collect()
    }
}

fn protos_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            protos_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
}

/// Checks all of a tree. Returns how many services it has.
async fn check(tree: Tree) -> usize {
    let schema = tree.load();
    same_as_by_protoc(&tree, &schema);
    samples_are_valid(&schema);
    services_can_be_described(&schema).await;
    schema.services().len()
}

fn same_as_by_protoc(tree: &Tree, schema: &Schema) {
    let mut theirs = tree.by_protoc();
    let ours = schema.files().iter();
    let mut ours: Vec<File> = ours.map(|file| File::new(&file.descriptor)).collect();
    for files in [&mut ours, &mut theirs] {
        files.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let names = |files: &[File]| -> Vec<String> { files.iter().map(|file| file.name.clone()).collect() };
    assert_eq!(names(&ours), names(&theirs));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(ours.bytes == theirs.bytes, "{}: other bytes", ours.name);
        let mut places = ours.locations.iter().zip(&theirs.locations);
        assert!(
            ours.locations == theirs.locations,
            "{}: {} places and {} of protoc's, of which the first that differ are {:?}",
            ours.name,
            ours.locations.len(),
            theirs.locations.len(),
            places.find(|(ours, theirs)| ours != theirs)
        );
    }
}

/// A sample is what a method answers that has no rules.
fn samples_are_valid(schema: &Schema) {
    let sampler = Sampler::new(1);
    for method in schema.methods() {
        let (name, output) = (method.name(), method.output());
        let validator = Validator::new(schema, [output.clone()]).unwrap_or_else(|error| panic!("{error:?}"));
        let request = sampler.sample_message(method.input(), "request", None, 0);
        let sample = sampler.sample(method, Some(&request), 0);
        let bytes = sample.encode_to_vec();
        let message = Message::decode(schema, output, bytes.clone());
        let message = message.unwrap_or_else(|error| panic!("{name}: {error}"));
        let decoded = DynamicMessage::decode(output.clone(), &*bytes).expect("it was checked");
        assert!(decoded == sample, "{name}: another after decoding");
        let json = message
            .to_json()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = Message::from_json(output.clone(), &json);
        let read = read.unwrap_or_else(|error| panic!("{name}: {error}: {json}"));
        let read = read.to_dynamic().expect("it was read");
        assert!(read == sample, "{name}: another after JSON: {json}");
        let validated = validator.validate(&message);
        validated.unwrap_or_else(|error| panic!("{name}: {error}: {json}"));
    }
}

async fn services_can_be_described(schema: &Schema) {
    let server = Server::builder(schema.clone()).build().expect("it needs nothing");
    let bound = server.bind("127.0.0.1:0").await.expect("a free port");
    let address = bound.local_addr().to_string();
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(bound.serve_until(async move { drop(stopped.await) }));
    // Without a symbol it describes every service.
    let output = grpcurl()
        .run(["-plaintext", "-max-time", "100", &address, "describe"])
        .await;
    let described = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for service in schema.services() {
        let line = format!("{service} is a service:\n");
        assert!(described.contains(&line), "{service} is not described");
    }
    let methods = described
        .lines()
        .filter(|line| line.trim_start().starts_with("rpc "));
    // Those of health and reflection are there too.
    assert!(methods.count() >= schema.methods().len());
}

macro_rules! trees {
    ($($name:ident: $root:literal $input:literal [$($import:literal)*], $services:literal services;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let services = check(Tree::installed($root, $input, &[$($import),*])).await;
                assert_eq!(services, $services);
            }
        )*
    };
}

trees! {
    cosmos_sdk: "github.com/cosmos/cosmos-sdk/proto" "" [
        "github.com/cosmos/gogoproto" "github.com/cosmos/cosmos-proto/proto" "google-proto-files"
    ], 51 services;
    grpc_gateway: "github.com/grpc-ecosystem/grpc-gateway/v2" "" ["google-proto-files"], 24 services;
    buf: "github.com/bufbuild/buf/proto" "" [], 34 services;
    containerd: "" "github.com/containerd/containerd/api" ["google-proto-files"], 19 services;
    kubernetes: "" "k8s.io" [], 0 services;
    istio: "istio.io/api" "networking" ["google-proto-files"], 0 services;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a list of trees"]
async fn trees_that_are_named() {
    let list = std::env::var_os("PROTOD_TREES").expect("PROTOD_TREES names a list");
    let list = fs::read_to_string(list).expect("a list");
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        check(Tree::named(line)).await;
    }
}
