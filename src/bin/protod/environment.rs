//! The values of flags, and the environment variables beside them, written as people write them for containers and
//! shells.
//!
//! clap reads both. What is here makes it read all of them alike, for every flag of every command:
//!
//! - An empty variable counts as unset. Only that of a session does not: it is what a script has whose session was not made, and
//!   its calls must not become those of no session.
//! - The variable of a switch takes `1`, `true`, `yes` or `on`, and `0`, `false`, `no` or `off`, in any case.
//! - The variable of a flag that may be repeated takes several values: paths are separated as in `PATH`, and everything
//!   else, paths beside URLs included, by line breaks.
//! - A variable that goes against what the command line says, as a flag that cannot be beside another does, is left out.
//! - A bad value is reported by the name of its variable, or of its flag, also if it begins with a minus.

use std::env;
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, PoisonError};

use clap::builder::ValueHint;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _, Error, Parser as _};

use crate::cli::Cli;
use crate::deferred::Definition;
use crate::other_flags::with_tip;

/// The variables that may not be empty.
const NOT_EMPTY: [&str; 1] = ["PROTOD_SESSION"];

/// The variables that are left out, because they go against the command line.
static LEFT_OUT: Mutex<Vec<OsString>> = Mutex::new(Vec::new());

/// Parses a command line and its environment variables.
pub(crate) fn parse(line: &[OsString]) -> Result<Cli<ReadEnvironment>, Error> {
    let line = &attach_negative_values(line);
    loop {
        match Cli::<ReadEnvironment>::try_parse_from(line) {
            Err(error) if leave_out_against(&error, line) => {}
            parsed => return parsed.map_err(|error| with_tip(explain(error, line))),
        }
    }
}

/// Leaves the variables out whose flags cannot be beside what is on the line. Returns whether there are any.
fn leave_out_against(error: &Error, line: &[OsString]) -> bool {
    if error.kind() != ErrorKind::ArgumentConflict {
        return false;
    }
    let named = [ContextKind::InvalidArg, ContextKind::PriorArg].into_iter();
    let named = named.filter_map(|kind| error.get(kind));
    let named = named.flat_map(|value| match value {
        ContextValue::String(one) => vec![one],
        ContextValue::Strings(several) => several.iter().collect(),
        _ => Vec::new(),
    });
    let (on_line, others): (Vec<_>, Vec<_>) = named.partition(|argument| is_on_line(argument, line));
    if on_line.is_empty() {
        return false;
    }
    let mut root = <Cli>::command();
    root.build();
    let variables = others
        .into_iter()
        .filter_map(|other| variable_of(&root, line, other));
    let mut left_out = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let before = left_out.len();
    for variable in variables.map(OsString::from) {
        // What is on the line by its short name is not there by a variable.
        if env::var_os(&variable).is_some() && !left_out.contains(&variable) {
            left_out.push(variable);
        }
    }
    left_out.len() > before
}

/// Whether the line has an argument, by what clap's errors call it. What has no flag can come from nowhere else.
fn is_on_line(argument: &str, line: &[OsString]) -> bool {
    let Some(flag) = argument.split(' ').next().filter(|flag| flag.starts_with("--")) else {
        return true;
    };
    let mut words = line.iter().filter_map(|word| word.to_str());
    words.any(|word| {
        word.strip_prefix(flag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// The line with `--deadline=-5s` for `--deadline -5s`. clap would take a value that begins with a minus for a flag that
/// does not exist, and not for a bad value of the one before it.
fn attach_negative_values(line: &[OsString]) -> Vec<OsString> {
    let is_flag = |word: &OsStr| {
        word.to_str()
            .is_some_and(|word| word.starts_with('-') && !is_negative(word))
    };
    let mut attached: Vec<OsString> = Vec::with_capacity(line.len());
    let mut words = line.iter();
    for word in words.by_ref() {
        match attached.last_mut() {
            Some(flag)
                if is_flag(flag)
                    && !flag.to_string_lossy().contains('=')
                    && word.to_str().is_some_and(is_negative) =>
            {
                flag.push("=");
                flag.push(word);
            }
            _ => attached.push(word.clone()),
        }
        if word == "--" {
            break;
        }
    }
    attached.extend(words.cloned());
    attached
}

/// Whether a word is a number with a minus, or begins like one.
fn is_negative(word: &str) -> bool {
    let number = word
        .strip_prefix('-')
        .map(|number| number.trim_start_matches('.'));
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// Arguments that read their variables as described above.
#[derive(Debug)]
pub(crate) struct ReadEnvironment;

impl Definition for ReadEnvironment {
    fn change(argument: Arg) -> Arg {
        if is_left_out(&argument) {
            return argument.env(None::<&str>);
        }
        let argument = match argument.get_action() {
            ArgAction::SetTrue => return without_empty(argument.value_parser(parse_switch)),
            ArgAction::Set | ArgAction::Append => argument,
            _ => return argument,
        };
        let value = argument.get_env().and_then(env::var_os).unwrap_or_default();
        if !matches!(argument.get_action(), ArgAction::Append) || value.is_empty() {
            return without_empty(argument);
        }
        // clap's own delimiter would also split the values on the command line.
        let values = match argument.get_value_hint() {
            // Every URL has a colon.
            ValueHint::AnyPath if !value.to_string_lossy().contains("://") => {
                env::split_paths(&value).map(Into::into).collect()
            }
            _ => lines(&value),
        };
        let values = values.into_iter().filter(|value: &OsString| !value.is_empty());
        let values: Vec<_> = values.collect();
        argument.env(None::<&str>).default_values(values)
    }
}

/// Arguments that have no variables.
#[derive(Debug)]
struct WithoutEnvironment;

impl Definition for WithoutEnvironment {
    fn change(argument: Arg) -> Arg {
        argument.env(None::<&str>)
    }
}

fn is_left_out(argument: &Arg) -> bool {
    let left_out = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    argument
        .get_env()
        .is_some_and(|variable| left_out.iter().any(|out| out == variable))
}

fn without_empty(argument: Arg) -> Arg {
    let is_empty = argument
        .get_env()
        .filter(|variable| NOT_EMPTY.iter().all(|other| other != variable))
        .and_then(env::var_os)
        .is_some_and(|value| value.is_empty());
    if is_empty {
        argument.env(None::<&str>)
    } else {
        argument
    }
}

fn lines(value: &OsStr) -> Vec<OsString> {
    match value.to_str() {
        Some(text) => text.lines().map(|line| line.trim().into()).collect(),
        None => vec![value.to_owned()],
    }
}

fn parse_switch(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Ok(true),
        "0" | "false" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("a switch is 1, true, yes or on, or 0, false, no or off"),
    }
}

/// The error, with what only the declaration knows.
fn explain(mut error: Error, line: &[OsString]) -> Error {
    if error.kind() == ErrorKind::DisplayHelp {
        // The help lists the variables that were left out because they are empty.
        return <Cli>::try_parse_from(line).err().unwrap_or(error);
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg).cloned() else {
        return error;
    };
    let is_on_the_line = Cli::<WithoutEnvironment>::try_parse_from(line)
        .is_err_and(|other| other.get(ContextKind::InvalidArg) == error.get(ContextKind::InvalidArg));
    let mut root = <Cli>::command();
    root.build();
    if !is_on_the_line && let Some(variable) = variable_of(&root, line, &argument) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

/// The variable of an argument of the command that runs, by what clap's errors call the argument.
fn variable_of(root: &Command, line: &[OsString], argument: &str) -> Option<String> {
    let command = root.find_subcommand(line.get(1)?)?;
    let named = command
        .get_arguments()
        .find(|known| known.to_string() == argument)?;
    Some(named.get_env()?.to_string_lossy().into_owned())
}
