//! docs/command-line.md lists every command and flag of the binary, with its default and environment variable.
//!
//! The tables of the page are made from the definition of the command line. A mark `<!-- serve -->` stands before
//! the table of a command; `<!-- call but list -->` leaves out the flags that `list` has too. After a change,
//! `UPDATE_DOCS=1 cargo test --bin protod page` writes them anew.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use clap::{Arg, Command};

const PAGE: &str = "docs/command-line.md";

#[test]
fn the_page_has_every_command_and_flag() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).expect("the page is there");
    let made = with_tables(&page);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &made).expect("the page can be written");
    }
    let lines = page.lines().zip(made.lines()).zip(1..);
    for ((found, expected), line) in lines {
        assert_eq!(
            found, expected,
            "{PAGE}:{line}: run UPDATE_DOCS=1 cargo test --bin protod page"
        );
    }
    assert_eq!(page.lines().count(), made.lines().count(), "{PAGE}");
    for command in commands() {
        let heading = format!("\n## {}\n", command.get_name());
        assert!(
            page.contains(&heading),
            "{PAGE} has no section {}",
            command.get_name()
        );
    }
}

/// Tests that this file's own tables are read from something.
#[test]
fn a_flag_is_told_with_its_default_and_its_environment_variable() {
    let table = table(&command("serve"), None);
    let addr = table
        .lines()
        .find(|line| line.contains("`--addr ADDR`"))
        .expect("serve has it");
    assert!(addr.contains("| `127.0.0.1:9002` | `PROTOD_ADDR` |"), "{addr}");
    let rules = table
        .lines()
        .find(|line| line.contains("`--rules PATH`"))
        .expect("serve has it");
    assert!(rules.contains("| every *.rules.yaml"), "{rules}");
}

/// The commands, those that clap adds left out.
fn commands() -> Vec<Command> {
    let root = super::definition();
    let commands = root
        .get_subcommands()
        .filter(|command| command.get_name() != "help");
    commands.cloned().collect()
}

fn command(name: &str) -> Command {
    let command = commands().into_iter().find(|command| command.get_name() == name);
    command.unwrap_or_else(|| panic!("{PAGE} has a table of {name}, which is no command"))
}

/// The page with the table after each mark made anew.
fn with_tables(page: &str) -> String {
    let mut made = String::new();
    let mut in_table = false;
    for line in page.lines() {
        let mark = line
            .strip_prefix("<!-- ")
            .and_then(|line| line.strip_suffix(" -->"));
        if let Some(mark) = mark {
            let _ = writeln!(made, "{line}\n\n{}", table_of(mark));
            in_table = true;
            continue;
        }
        in_table &= line.is_empty() || line.starts_with('|');
        if !in_table {
            let _ = writeln!(made, "{line}");
        }
    }
    made
}

fn table_of(mark: &str) -> String {
    match mark.split_once(" but ") {
        _ if mark == "commands" => {
            let rows = commands().into_iter().map(|command| {
                let name = command.get_name();
                format!(
                    "| [`protod {name}`](#{name}) | {} |\n",
                    command.get_about().expect("it has a line")
                )
            });
            format!("| command | |\n|---|---|\n{}", rows.collect::<Vec<_>>().concat())
        }
        Some((name, but)) => table(&command(name), Some(&command(but))),
        None => table(&command(mark), None),
    }
}

/// The arguments of a command, without those that another has too and means by them the same.
fn table(command: &Command, but: Option<&Command>) -> String {
    let is_shared = |argument: &Arg| {
        but.is_some_and(|but| {
            but.get_arguments()
                .any(|other| other.get_long() == argument.get_long() && row(other) == row(argument))
        })
    };
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|argument| !matches!(argument.get_id().as_str(), "help" | "version"))
        .filter(|argument| argument.is_positional() || !is_shared(argument))
        .map(row)
        .collect();
    if rows.is_empty() {
        return "| argument or flag | |\n|---|---|\n| none | |\n".to_owned();
    }
    format!(
        "| argument or flag | default | environment | |\n|---|---|---|---|\n{}",
        rows.concat()
    )
}

fn row(argument: &Arg) -> String {
    let help = argument.get_help().expect("each argument has help").to_string();
    let takes_value = argument.get_action().takes_values();
    let values = |values: Vec<String>| {
        values
            .into_iter()
            .filter(|_| takes_value)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let default = argument.get_default_values().iter();
    let default = values(
        default
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect(),
    );
    let possible = argument.get_possible_values().into_iter();
    let possible = values(possible.map(|value| format!("`{}`", value.get_name())).collect());
    // A default that is more than a value stands in the text.
    let (help, default) = help
        .split_once(" [default: ")
        .map_or((help.as_str(), default.as_str()), |(help, default)| {
            (help, default.trim_end_matches(']'))
        });
    let environment = argument
        .get_env()
        .map(|name| format!("`{}`", name.to_string_lossy()));
    format!(
        "| {} | {} | {} | {}{} |\n",
        names(argument),
        cell(default),
        environment.unwrap_or_default(),
        cell(help),
        if possible.is_empty() {
            possible
        } else {
            format!(": {possible}")
        }
    )
}

/// As in `-d`, `--data DATA`.
fn names(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default().join(" ");
    if argument.is_positional() {
        return cell(&format!("`{value}`"));
    }
    let takes_value = argument.get_action().takes_values();
    let long = argument.get_long().expect("each flag has a long name");
    let long = if takes_value {
        format!("`--{long} {value}`")
    } else {
        format!("`--{long}`")
    };
    let short = argument.get_short().map(|short| format!("`-{short}`, "));
    let aliases = argument.get_visible_aliases().unwrap_or_default();
    let aliases: Vec<_> = aliases.iter().map(|alias| format!(", `--{alias}`")).collect();
    cell(&format!(
        "{}{long}{}",
        short.unwrap_or_default(),
        aliases.concat()
    ))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
