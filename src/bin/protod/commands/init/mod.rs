//! `protod init`: the files to begin with, which are then the user's own.
//!
//! A folder gets a proto, its rules and a README that walks through both; a proto that is there already gets rules.
//! Nothing that exists is ever written over.

mod echo;
mod rules_text;
mod scaffold;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use protod::Rules;

use crate::arguments::target::Imports;
use crate::failure::Failure;
use crate::output::stdout;

const EXAMPLES: &str = "Examples:
  protod init kitchen
  protod init --from api/orders.proto";

/// Write a starter proto with its rules, or rules for an existing proto.
///
/// DIR gets proto/kitchen.proto, proto/kitchen.rules.yaml and a README.md that walks through them. With --from, the
/// rules have one rule for each method of the proto, filled with samples, which take from the request what both have. Files that exist are never overwritten.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    /// The folder to write to [default: . or, with --from, the folder of the proto]
    #[arg(value_name = "DIR", env = "PROTOD_DIR")]
    folder: Option<PathBuf>,

    /// Write rules for this .proto or descriptor set, beside it
    #[arg(long, value_name = "FILE", env = "PROTOD_FROM")]
    from: Option<PathBuf>,

    #[command(flatten)]
    imports: Imports,
}

impl Init {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.from {
            None => write_all(&scaffold::files(self.folder.as_deref().unwrap_or(Path::new(".")))),
            Some(proto) => self.rules_of(proto),
        }
    }

    fn rules_of(&self, proto: &Path) -> Result<(), Failure> {
        if proto.is_dir() {
            return Err(Failure::caused(
                format!("{} is a folder", proto.display()),
                "name one of its protos",
            ));
        }
        let schema = self.imports.load(&[proto.to_owned()])?;
        let file_name = proto.file_name().map_or(proto, Path::new);
        let text = rules_text::of_proto(&schema, proto)
            .ok_or_else(|| Failure::new(format!("{} has no service", proto.display())))?;
        let file = file_name.with_extension("rules.yaml");
        let path = match self.folder.as_deref().or(proto.parent()) {
            Some(folder) => folder.join(file),
            None => file,
        };
        // What is written must load.
        Rules::from_text(&schema, &path.display().to_string(), &text)?;
        write_all(&[(path, text)])
    }
}

/// Writes files and says which, or writes none where one of them exists.
fn write_all(files: &[(PathBuf, String)]) -> Result<(), Failure> {
    for (path, _) in files {
        if path.exists() {
            let error = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
            return Err(unwritable(path, error));
        }
    }
    for (path, text) in files {
        write(path, text).map_err(|error| unwritable(path, error))?;
        stdout::print(&format!("wrote {}\n", path.display()))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Fails if the file was created since it was looked for.
    File::create_new(path)?.write_all(text.as_bytes())
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::caused(format!("cannot write {}", path.display()), error)
}
