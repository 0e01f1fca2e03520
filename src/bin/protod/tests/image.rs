//! The Dockerfile starts the binary with arguments and variables that it takes.

use std::fs;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::Cli;

struct Dockerfile {
    text: String,
}

impl Dockerfile {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile");
        let text = fs::read_to_string(path).expect("it is there");
        Self { text }
    }

    /// What follows the last of an instruction.
    fn last(&self, instruction: &str) -> &str {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '))
            .next_back()
            .unwrap_or_else(|| panic!("there is no {instruction}"))
    }

    /// A command in the form of a list.
    fn command(&self, instruction: &str) -> Vec<String> {
        serde_json::from_str(self.last(instruction).trim_start_matches("CMD ")).expect("a list of texts")
    }
}

#[test]
fn protod_takes_the_arguments_and_variables_of_the_image() {
    let file = Dockerfile::read();
    let entry = file.command("ENTRYPOINT");
    for arguments in [[entry, file.command("CMD")].concat(), file.command("HEALTHCHECK")] {
        Cli::try_parse_from(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    }
    let command = Cli::command();
    let serve = command.find_subcommand("serve").expect("it is there");
    let (name, address) = file.last("ENV").split_once('=').expect("a variable");
    assert!(
        serve
            .get_arguments()
            .any(|argument| argument.get_env().is_some_and(|env| env == name)),
        "{name}"
    );
    assert!(address.ends_with(&format!(":{}", file.last("EXPOSE"))));
}
