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

use crate::arguments::schema::{Imports, Url};
use crate::failure::Failure;
use crate::output::stdout;

use self::scaffold::Example;

const EXAMPLES: &str = "Examples:
  protod init kitchen
  protod init books --example crud
  protod init --from api/orders.proto";

/// Write a starter proto with its rules, or rules for an existing proto.
///
/// DIR gets proto/kitchen.proto, proto/kitchen.rules.yaml and a README.md that walks through them; with --example, those of
/// another example. With --from, the
/// rules have one rule for each method of the proto, filled with samples, which take from the request what both have. Files that exist are never overwritten.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    /// The folder to write to [default: . or, with --from, the folder of the file]
    #[arg(value_name = "DIR", env = "PROTOD_DIR")]
    folder: Option<PathBuf>,

    /// What the folder begins with
    #[arg(
        long,
        value_name = "EXAMPLE",
        env = "PROTOD_EXAMPLE",
        default_value = "kitchen",
        conflicts_with = "from"
    )]
    example: Example,

    /// Write rules for this .proto or descriptor set, beside it; or for the services of a URL: grpc:// or grpcs://HOST:PORT,
    /// or https:// of a descriptor set
    #[arg(long, value_name = "FILE|URL", env = "PROTOD_FROM")]
    from: Option<PathBuf>,

    #[command(flatten)]
    imports: Imports,
}

impl Init {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.from {
            None => write_all(&scaffold::files(
                self.folder.as_deref().unwrap_or(Path::new(".")),
                self.example,
            )),
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
        let text = rules_text::of_proto(&schema, proto)
            .ok_or_else(|| Failure::new(format!("{} has no service", proto.display())))?;
        let file = rules_file_of(proto);
        let beside = proto.parent().filter(|_| Url::of(proto).is_none());
        let path = match self.folder.as_deref().or(beside) {
            Some(folder) => folder.join(file),
            None => file,
        };
        // What is written must load.
        Rules::from_text(&schema, &path.display().to_string(), &text)?;
        write_all(&[(path, text)])
    }
}

/// The name of the rules file of a file or a URL.
fn rules_file_of(proto: &Path) -> PathBuf {
    let last_of = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let last = path.trim_end_matches('/').rsplit('/').next();
        last.unwrap_or_default().to_owned()
    };
    match Url::of(proto) {
        None => PathBuf::from(proto.file_name().unwrap_or_default()).with_extension("rules.yaml"),
        Some(Url::Set(url)) => PathBuf::from(last_of(url)).with_extension("rules.yaml"),
        // The last part of a host is no ending.
        Some(Url::Reflection(url)) => {
            let authority = last_of(url);
            let host = authority.rsplit_once(':').map_or(&*authority, |(host, _)| host);
            let name = host.trim_matches(['[', ']']).replace(':', "-");
            PathBuf::from(format!("{name}.rules.yaml"))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_after_the_file_the_host_or_the_end_of_the_path() {
        for (proto, file) in [
            ("api/orders.proto", "orders.rules.yaml"),
            ("grpc://api.shop.test:9002", "api.shop.test.rules.yaml"),
            ("grpcs://[::1]:9002/", "--1.rules.yaml"),
            ("https://a.test/shop.binpb?v=1", "shop.rules.yaml"),
            ("https://a.test/shop/descriptor/main", "main.rules.yaml"),
        ] {
            assert_eq!(rules_file_of(Path::new(proto)), Path::new(file), "{proto}");
        }
    }
}
