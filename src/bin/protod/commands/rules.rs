//! `protod rules`: the rules of a running server, how often each was chosen, and those that are put in front of them, for all calls
//! or for those of a session.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::arguments::admin_client::AdminTarget;
use crate::arguments::session::SessionName;
use crate::arguments::target::client_runtime;
use crate::failure::Failure;
use crate::output::stderr::say_line;
use crate::output::stdout;
use crate::output::table::table;

const EXAMPLES: &str = "Examples:
  # All rules, with how often each was chosen
  protod rules list
  # Those of a method that no call has reached
  protod rules list --unused --method shop.Orders/Get
  # Rules in front of those of files, until they are deleted, or the server stops
  protod rules put sold-out.rules.yaml
  protod rules delete sold-out
  # From stdin, by a name, and there again after a restart
  protod rules put - --name sold-out --keep < sold-out.rules.yaml
  # Only for the calls of a session, until it ends
  protod rules put sold-out.rules.yaml --session checkout-7
  # The text of rules that were put, or of a rule where it stands
  protod rules get sold-out
  protod rules get ./shop.rules.yaml:3:5";

/// What a name by the name of a file is without.
const ENDINGS: [&str; 8] = [
    ".rules.yaml",
    ".rules.yml",
    ".rules.json",
    ".yaml",
    ".yml",
    ".json",
    ".rules",
    ".txt",
];

/// Look at the rules of a running server, put rules in front of them, and delete those.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rules {
    /// What to do with the rules
    #[arg(value_enum, value_name = "ACTION")]
    action: Action,

    /// The file with the rules to put, or - for stdin; the name by which the rules to get or to delete were put; the place of the
    /// rule to get
    #[arg(
        value_name = "FILE|NAME|PLACE",
        required_if_eq_any([("action", "put"), ("action", "get")])
    )]
    target: Option<String>,

    /// Only the rules of this method, package.Service/Method
    #[arg(long, value_name = "METHOD", env = "PROTOD_METHOD")]
    method: Option<String>,

    /// The rules of this session: put or delete those that answer its calls alone; list those that answer its calls, with how
    /// often they did
    #[arg(long, value_name = "NAME", env = "PROTOD_SESSION")]
    session: Option<SessionName>,

    /// Only the rules that were never chosen
    #[arg(long, env = "PROTOD_UNUSED")]
    unused: bool,

    /// The name by which rules are put; those of the same name are replaced [default: that of the file, or put-1 and so on]
    #[arg(long, value_name = "NAME", env = "PROTOD_NAME")]
    name: Option<String>,

    /// Put rules that are there again after a restart; the server needs --kept-rules
    #[arg(long, env = "PROTOD_KEEP")]
    keep: bool,

    /// Only check the rules that would be put
    #[arg(long, env = "PROTOD_CHECK")]
    check: bool,

    /// Delete all rules that were put
    #[arg(long, env = "PROTOD_ALL", conflicts_with = "target")]
    all: bool,

    /// Print JSON
    #[arg(long, env = "PROTOD_JSON")]
    json: bool,

    #[command(flatten)]
    admin: AdminTarget,
}

/// What to do with the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// List them: how often each was chosen, its name, its place and its methods
    List,
    /// Put rules in front of those of files
    Put,
    /// Print the text of rules that were put, or of a rule of a file
    Get,
    /// Delete rules that were put
    Delete,
}

impl Rules {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match self.action {
            Action::List => self.list(),
            Action::Put => self.put(),
            Action::Get => self.get(),
            Action::Delete => self.delete(),
        }
    }

    fn list(&self) -> Result<(), Failure> {
        if self.target.is_some() {
            return Err(Failure::usage(
                "`protod rules list` takes no name: --method METHOD lists the rules of a method, and `protod rules get` prints one",
            ));
        }
        let method = if self.unused { "UnusedRules" } else { "ListRules" };
        let request = json!({
            "method": self.method.as_deref().unwrap_or_default(),
            "session": self.session(),
        });
        let answer = client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.list(method, request, "rules").await
        })?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        for aside in list_of(&answer["setAside"]) {
            let (name, session) = (text(aside, "name"), text(aside, "session"));
            let whose = if session.is_empty() {
                String::new()
            } else {
                format!(" for the session {session:?}")
            };
            say_line(format_args!(
                "warning: the rules put as {name}{whose} are set aside: they do not fit what is served"
            ));
            say_problems("warning", aside, "problems", None);
        }
        let rules = list_of(&answer["rules"]);
        let row = |rule: &Value| {
            [
                text(rule, "hits"),
                text(rule, "name"),
                text(rule, "place"),
                methods(rule),
            ]
        };
        let is_of_session = |rule: &Value| !text(rule, "session").is_empty();
        if !rules.iter().any(is_of_session) {
            let rows = rules.iter().map(row);
            return stdout::print(&table(["HITS", "RULE", "PLACE", "METHODS"], rows));
        }
        let rows = rules.iter().map(|rule| {
            let [hits, name, place, methods] = row(rule);
            [hits, name, place, text(rule, "session"), methods]
        });
        stdout::print(&table(["HITS", "RULE", "PLACE", "SESSION", "METHODS"], rows))
    }

    fn get(&self) -> Result<(), Failure> {
        let target = self.target.as_deref().unwrap_or_default();
        // No name has a colon.
        let key = if target.contains(':') { "place" } else { "put" };
        let answer = self.ask("GetRule", &json!({ key: target, "session": self.session() }))?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        let yaml = text(&answer, "yaml");
        let end = if yaml.ends_with('\n') { "" } else { "\n" };
        stdout::print(&format!("{yaml}{end}"))
    }

    fn session(&self) -> Option<&str> {
        self.session.as_ref().map(SessionName::as_str)
    }

    fn put(&self) -> Result<(), Failure> {
        let file = self.target.as_deref().unwrap_or("-");
        let yaml = read(file)?;
        if yaml.trim().is_empty() {
            let file = if file == "-" { "stdin" } else { file };
            return Err(Failure::new(format!(
                "{file} is empty: there are no rules to put"
            )));
        }
        let name = self.name.as_deref().unwrap_or_else(|| name_of(file));
        let request = json!({
            "name": name,
            "yaml": yaml,
            "session": self.session(),
            "keep": self.keep,
            "check_only": self.check,
        });
        let answer = self.ask("PutRules", &request)?;
        if self.json {
            stdout::print(&format!("{answer:#}\n"))?;
        }
        let name = text(&answer, "name");
        let place = (&*name, if file == "-" { &*name } else { file });
        say_problems("warning", &answer, "warnings", Some(place));
        let problems = say_problems("error", &answer, "problems", Some(place));
        if problems > 0 {
            return Err(Failure::new(counted(problems, "problem")));
        }
        if self.json {
            return Ok(());
        }
        let rules = counted(answer["rules"].as_u64().unwrap_or_default() as usize, "rule");
        let done = if self.check { "can be put" } else { "put" };
        stdout::print(&format!("{rules} {done} as {name}\n"))
    }

    fn delete(&self) -> Result<(), Failure> {
        if self.target.is_none() && !self.all {
            return Err(Failure::usage(
                "which rules? Give the name by which they were put, or --all",
            ));
        }
        let name = self.target.as_deref().unwrap_or_default();
        let answer = self.ask("DeleteRules", &json!({ "name": name, "session": self.session() }))?;
        if self.json {
            return stdout::print(&format!("{answer:#}\n"));
        }
        Ok(())
    }

    fn ask(&self, method: &str, request: &Value) -> Result<Value, Failure> {
        client_runtime()?.block_on(async {
            let admin = self.admin.connect().await?;
            admin.call(method, request).await
        })
    }
}

fn read(file: &str) -> Result<String, Failure> {
    let read = if file == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    read.map_err(|error| Failure::caused(format!("cannot read {file}"), error))
}

/// The name for the rules of a file. Empty for stdin: the server makes one.
fn name_of(file: &str) -> &str {
    if file == "-" {
        return "";
    }
    let name = Path::new(file).file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or(file);
    ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// Prints the problems in a field of an answer. In those of the rules that are put, the file is named in the place of their name.
/// Returns how many there are, with those that the answer had no room for.
fn say_problems(kind: &str, answer: &Value, field: &str, put: Option<(&str, &str)>) -> usize {
    let problems = list_of(&answer[field]);
    for problem in problems {
        let mut place = text(problem, "file");
        if let Some((name, file)) = put
            && place == name
        {
            file.clone_into(&mut place);
        }
        for number in ["line", "column"].map(|number| problem[number].as_u64().unwrap_or_default()) {
            if number > 0 {
                place = format!("{place}:{number}");
            }
        }
        let colon = if place.is_empty() { "" } else { ": " };
        say_line(format_args!("{kind}: {place}{colon}{}", text(problem, "message")));
        let hint = text(problem, "hint");
        if !hint.is_empty() {
            say_line(format_args!("hint: {hint}"));
        }
    }
    let more = match field {
        "warnings" => &answer["moreWarnings"],
        _ => &answer["moreProblems"],
    };
    let more = more.as_u64().unwrap_or_default() as usize;
    if more > 0 {
        say_line(format_args!("{kind}: and {more} more"));
    }
    problems.len() + more
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The methods of a rule on one line.
fn methods(rule: &Value) -> String {
    let methods: Vec<&str> = list_of(&rule["methods"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    match rule["moreMethods"].as_u64() {
        None | Some(0) => methods.join(", "),
        Some(more) => format!("{}, and {more} more", methods.join(", ")),
    }
}
