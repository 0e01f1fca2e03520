//! `list` and `describe` look at a server or at protos; their arguments decide which.
//!
//! Both kinds of source give a schema, so that the commands need not know which one it was.

use std::path::{Path, PathBuf};

use clap::Args;
use prost_reflect::FileDescriptor;
use protod::client::ClientBuilder;
use protod::{Error, Schema};

use super::schema::Url;
use super::target::{Target, within};
use super::time::Time;
use crate::failure::Failure;

/// An argument that ends so is an input even if there is no such file, so that the error says that it is missing.
const INPUT_ENDINGS: [&str; 7] = [".proto", ".binpb", ".pb", ".protoset", ".desc", ".dsc", ".fds"];

/// How to look symbols up.
#[derive(Debug, Args)]
pub(crate) struct Lookup {
    #[command(flatten)]
    pub(crate) target: Target,

    /// How long the server may take to answer, as in 5s or 2m
    #[arg(
        long,
        value_name = "TIME",
        env = "PROTOD_DEADLINE",
        default_value_t = Time(ClientBuilder::DEFAULT_REFLECTION_TIMEOUT),
        value_parser = Time::parse_positive
    )]
    deadline: Time,
}

impl Lookup {
    /// A client of the server at `address`.
    pub(crate) fn client(&self, address: &str) -> Result<ClientBuilder, Error> {
        Ok(within(self.deadline.0, self.target.client(address)?))
    }
}

/// Where symbols are looked up.
#[derive(Debug)]
pub(crate) enum Source {
    Server(String),
    Protos(Vec<PathBuf>),
}

impl Source {
    /// Splits arguments into a source and the names after it, of symbols and of files. An address comes first and has a
    /// port or a scheme; inputs exist on disk, or are URLs with a path; without either it is `./proto`, as for `serve`.
    ///
    /// After an input, a proto that is not there is the import name of a file, and so is one in a folder that is an input, or
    /// one that is an input already.
    pub(crate) fn split(arguments: &[String]) -> (Self, Vec<String>) {
        if let Some((first, names)) = arguments.split_first()
            && is_address(first)
        {
            return (Self::Server(first.clone()), names.to_vec());
        }
        let mut inputs: Vec<PathBuf> = Vec::new();
        let mut names = Vec::new();
        for argument in arguments {
            let path = Path::new(argument);
            let of_input = inputs.iter().find_map(|input| proto_of(input, path));
            if let Some(name) = of_input {
                names.push(name);
            } else if names.is_empty() && is_input(argument) && (inputs.is_empty() || !is_missing_proto(path))
            {
                inputs.push(path.to_owned());
            } else {
                names.push(argument.clone());
            }
        }
        if inputs.is_empty() {
            inputs.push(PathBuf::from("./proto"));
        }
        (Self::Protos(inputs), names)
    }

    /// The schema of these symbols and files, or of everything.
    pub(crate) async fn schema(&self, lookup: &Lookup, names: &[String]) -> Result<Schema, Error> {
        match self {
            Self::Protos(inputs) => {
                let files = names.iter().filter(|name| is_proto(name));
                lookup.target.load(inputs, files)
            }
            Self::Server(address) => {
                let mut builder = lookup.client(address)?;
                if lookup.target.uses_reflection() {
                    for name in names {
                        builder = if is_proto(name) {
                            builder.file(name)
                        } else {
                            builder.symbol(name.trim_start_matches('.').replace('/', "."))
                        };
                    }
                }
                let client = builder.connect().await?;
                Ok(client.schema().clone())
            }
        }
    }
}

/// The file that a name means: by its import name, or by the end of one.
pub(crate) fn file_named(schema: &Schema, name: &str) -> Option<FileDescriptor> {
    let pool = schema.pool();
    let ends_so = |file: &FileDescriptor| {
        let folder = file.name().strip_suffix(name);
        folder.is_some_and(|folder| folder.ends_with('/'))
    };
    let by_end = || pool.files().find(ends_so).filter(|_| is_proto(name));
    pool.get_file_by_name(name).or_else(by_end)
}

/// The failure for a name that the schema does not have.
pub(crate) fn unknown(kind: &str, name: &str, schema: &Schema) -> Failure {
    let hint = schema.suggest(name.trim_start_matches('.'));
    let hint = hint.map(|near| format!("; did you mean {near}?"));
    Failure::new(format!("there is no {kind} {name}{}", hint.unwrap_or_default()))
}

fn is_input(argument: &str) -> bool {
    match Url::of(Path::new(argument)) {
        // A server has no path, and a descriptor set has one.
        Some(Url::Set(url)) => url.splitn(4, '/').nth(3).is_some_and(|path| !path.is_empty()),
        Some(Url::Reflection(_)) => false,
        // The path of a socket may end as it likes.
        None if argument.starts_with("unix:") => false,
        None => INPUT_ENDINGS.iter().any(|ending| argument.ends_with(ending)) || Path::new(argument).exists(),
    }
}

fn is_address(argument: &str) -> bool {
    argument.contains(':') && !is_input(argument)
}

fn is_proto(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "proto")
}

fn is_missing_proto(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "proto") && !path.exists()
}

/// The name of a proto that is `input`, or in the folder that is.
fn proto_of(input: &Path, path: &Path) -> Option<String> {
    let is_proto = path.extension()? == "proto";
    let (input, path) = (input.canonicalize().ok()?, path.canonicalize().ok()?);
    let below = path.strip_prefix(&input).ok().filter(|_| is_proto)?;
    let is_input = below.as_os_str().is_empty();
    let name = if is_input {
        path.file_name()?
    } else {
        below.as_os_str()
    };
    name.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_a_server_or_inputs_and_then_names() {
        let split = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let (source, names) = Source::split(&arguments);
            (format!("{source:?}"), names.join(" "))
        };
        let table: [(&[&str], &str, &str); 16] = [
            (&[], r#"Protos(["./proto"])"#, ""),
            (
                &["proto.StreamService"],
                r#"Protos(["./proto"])"#,
                "proto.StreamService",
            ),
            (
                &["proto", "proto.A", "proto.B"],
                r#"Protos(["proto"])"#,
                "proto.A proto.B",
            ),
            (
                &["gone.proto", "src", "a.B/C"],
                r#"Protos(["gone.proto", "src"])"#,
                "a.B/C",
            ),
            (
                &["src", "proto", "google/type/money.proto", "a.B"],
                r#"Protos(["src", "proto"])"#,
                "google/type/money.proto a.B",
            ),
            (
                &["proto", "a.B", "./proto/search.proto"],
                r#"Protos(["proto"])"#,
                "a.B search.proto",
            ),
            (
                &["proto/stream.proto", "proto/search.proto"],
                r#"Protos(["proto/stream.proto", "proto/search.proto"])"#,
                "",
            ),
            (
                &["proto/stream.proto", "proto/stream.proto"],
                r#"Protos(["proto/stream.proto"])"#,
                "stream.proto",
            ),
            (
                &["proto/stream.proto", "a.B", "./proto/stream.proto"],
                r#"Protos(["proto/stream.proto"])"#,
                "a.B stream.proto",
            ),
            (&["proto", "gone.binpb"], r#"Protos(["proto", "gone.binpb"])"#, ""),
            (&["localhost:1", "a.B"], r#"Server("localhost:1")"#, "a.B"),
            (&["unix:/run/x"], r#"Server("unix:/run/x")"#, ""),
            (&["unix:/run/x.proto"], r#"Server("unix:/run/x.proto")"#, ""),
            (&["grpc://a.test:1", "a.B"], r#"Server("grpc://a.test:1")"#, "a.B"),
            (
                &["https://a.test:1/", "a.B"],
                r#"Server("https://a.test:1/")"#,
                "a.B",
            ),
            (
                &["https://a.test/set", "a.B"],
                r#"Protos(["https://a.test/set"])"#,
                "a.B",
            ),
        ];
        for (arguments, source, names) in table {
            assert_eq!(
                split(arguments),
                (source.to_owned(), names.to_owned()),
                "{arguments:?}"
            );
        }
    }
}
