//! `list` and `describe` look at a server or at protos; their arguments decide which.
//!
//! Both kinds of source give a schema, so that the commands need not know which one it was.

use std::path::{Path, PathBuf};

use clap::Args;
use protod::client::ClientBuilder;
use protod::{Error, Schema};

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
    /// Splits arguments into a source and the symbols after it. An address comes first and has a port or a scheme;
    /// inputs exist on disk; without either it is `./proto`, as for `serve`.
    pub(crate) fn split(arguments: &[String]) -> (Self, &[String]) {
        match arguments.split_first() {
            Some((first, symbols)) if is_address(first) => (Self::Server(first.clone()), symbols),
            _ => {
                let inputs = arguments.iter().take_while(|argument| is_input(argument)).count();
                let (inputs, symbols) = arguments.split_at(inputs);
                let inputs = match inputs {
                    [] => vec![PathBuf::from("./proto")],
                    inputs => inputs.iter().map(PathBuf::from).collect(),
                };
                (Self::Protos(inputs), symbols)
            }
        }
    }

    /// The schema of these symbols, or of everything.
    pub(crate) async fn schema(&self, lookup: &Lookup, symbols: &[String]) -> Result<Schema, Error> {
        match self {
            Self::Protos(inputs) => lookup.target.load(inputs),
            Self::Server(address) => {
                let mut builder = lookup.client(address)?;
                // Only symbols are asked for by name; a file is looked for among all there are.
                let by_symbol = symbols.iter().all(|symbol| !is_input(symbol));
                if lookup.target.uses_reflection() && by_symbol {
                    for symbol in symbols {
                        builder = builder.symbol(symbol.trim_start_matches('.').replace('/', "."));
                    }
                }
                let client = builder.connect().await?;
                Ok(client.schema().clone())
            }
        }
    }
}

/// The failure for a name that the schema does not have.
pub(crate) fn unknown(kind: &str, name: &str, schema: &Schema) -> Failure {
    let hint = schema.suggest(name.trim_start_matches('.'));
    let hint = hint.map(|near| format!("; did you mean {near}?"));
    Failure::new(format!("there is no {kind} {name}{}", hint.unwrap_or_default()))
}

fn is_input(argument: &str) -> bool {
    INPUT_ENDINGS.iter().any(|ending| argument.ends_with(ending)) || Path::new(argument).exists()
}

fn is_address(argument: &str) -> bool {
    argument.contains(':') && !is_input(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_a_server_or_inputs_and_then_symbols() {
        let split = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let (source, symbols) = Source::split(&arguments);
            (format!("{source:?}"), symbols.join(" "))
        };
        let table: [(&[&str], &str, &str); 6] = [
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
                &["src", "gone.proto", "a.B/C"],
                r#"Protos(["src", "gone.proto"])"#,
                "a.B/C",
            ),
            (&["localhost:1", "a.B"], r#"Server("localhost:1")"#, "a.B"),
            (&["unix:/run/x"], r#"Server("unix:/run/x")"#, ""),
        ];
        for (arguments, source, symbols) in table {
            assert_eq!(
                split(arguments),
                (source.to_owned(), symbols.to_owned()),
                "{arguments:?}"
            );
        }
    }
}
