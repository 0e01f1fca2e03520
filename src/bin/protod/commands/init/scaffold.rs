//! The files of a new folder.
//!
//! They are kept as files in `template/`, a folder for each example, and compiled into the binary. Tests serve them, and walk
//! through their READMEs.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// What a new folder begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Example {
    /// The four kinds of calls, with little of everything.
    #[default]
    Kitchen,
    /// Points that are streamed in, kept, and read while they come.
    Sync,
    /// Messages that are created, read, updated, deleted and listed.
    Crud,
    /// Rooms whose listeners hear what is said.
    Chat,
}

type Files = [(&'static str, &'static str); 3];

/// The files of an example.
macro_rules! example {
    ($name:literal) => {
        [
            (
                concat!("proto/", $name, ".proto"),
                include_str!(concat!("template/", $name, "/", $name, ".proto")),
            ),
            (
                concat!("proto/", $name, ".rules.yaml"),
                include_str!(concat!("template/", $name, "/", $name, ".rules.yaml")),
            ),
            (
                "README.md",
                include_str!(concat!("template/", $name, "/README.md")),
            ),
        ]
    };
}

impl Example {
    fn files(self) -> Files {
        match self {
            Self::Kitchen => example!("kitchen"),
            Self::Sync => example!("sync"),
            Self::Crud => example!("crud"),
            Self::Chat => example!("chat"),
        }
    }
}

/// The files of a new folder, with their texts.
pub(super) fn files(folder: &Path, example: Example) -> Vec<(PathBuf, String)> {
    let files = example.files().into_iter();
    files
        .map(|(path, text)| (folder.join(path), text.to_owned()))
        .collect()
}
