//! Trees of protos in temporary folders, and short views of schemas and errors.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protod::{Error, Schema};

/// A folder of files, removed when dropped. It looks like a repository, so that no folder above it is searched.
pub(crate) struct Tree(tempfile::TempDir);

impl Tree {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().expect("a temporary folder"));
        tree.write(".git/config", "");
        for (name, text) in files {
            tree.write(name, text);
        }
        tree
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, contents).expect("a file");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() {
            self.0.path().to_owned()
        } else {
            self.0.path().join(name)
        }
    }

    pub(crate) fn load(&self, name: &str) -> Result<Schema, Error> {
        Schema::load(self.path(name))
    }

    /// `file:line:column: message` of every problem, with paths as they are in the tree.
    pub(crate) fn problems(&self, result: Result<Schema, Error>) -> Vec<String> {
        let prefix = format!("{}/", self.0.path().display());
        located(result)
            .iter()
            .map(|problem| problem.replace(&prefix, ""))
            .collect()
    }
}

/// `file:line:column: message` of every problem.
pub(crate) fn located(result: Result<Schema, Error>) -> Vec<String> {
    let error = result.expect_err("a problem was expected");
    assert!(error.is_schema(), "{error}");
    assert!(!error.problems().is_empty(), "an error without problems");
    error.problems().iter().map(protod::Problem::located).collect()
}

/// The names of the schema's files, sorted, without those of google/protobuf.
pub(crate) fn names(schema: &Schema) -> Vec<&str> {
    let names = schema.files().iter().map(|file| file.name.as_str());
    let mut names: Vec<&str> = names
        .filter(|name| !name.starts_with("google/protobuf/"))
        .collect();
    names.sort_unstable();
    names
}

/// A proto3 file of package `package` with only a message `name`.
pub(crate) fn message(package: &str, name: &str) -> String {
    format!("syntax = \"proto3\";\npackage {package};\nmessage {name} {{}}\n")
}

/// A proto3 file that imports `imports` and has a message `name`, with one field of each of `types`.
pub(crate) fn user(name: &str, imports: &[&str], types: &[&str]) -> String {
    let imports: Vec<String> = imports
        .iter()
        .map(|import| format!("import \"{import}\";\n"))
        .collect();
    let fields = types.iter().enumerate();
    let fields: Vec<String> = fields
        .map(|(index, kind)| format!("  {kind} field_{index} = {};\n", index + 1))
        .collect();
    format!(
        "syntax = \"proto3\";\n{}message {name} {{\n{}}}\n",
        imports.concat(),
        fields.concat()
    )
}

/// The bytes of a set that holds `files`.
pub(crate) fn set_of(files: impl IntoIterator<Item = FileDescriptorProto>) -> Vec<u8> {
    FileDescriptorSet {
        file: files.into_iter().collect(),
    }
    .encode_to_vec()
}

/// A file of a set that imports `imports` and has a message of the name `message`.
pub(crate) fn set_file(name: &str, imports: &[&str], message: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        syntax: Some("proto3".to_owned()),
        dependency: imports.iter().map(|import| (*import).to_owned()).collect(),
        message_type: vec![prost_types::DescriptorProto {
            name: Some(message.to_owned()),
            ..Default::default()
        }],
        ..Default::default()
    }
}

pub(crate) fn repository_file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the repository")
}
