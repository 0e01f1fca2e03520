//! The command line as a whole: flags, their environment variables, and wrong usage, which is exit code 2 and a message
//! that says what is right.
//!
//! The flags and variables are read from docs/command-line.md. Tests in src/bin/protod/tests compare that page with the
//! definition of the command line, so a new flag is tried here too.

use std::process::{self, Output};

/// A row of a table of the page.
#[derive(Debug, Clone, Copy)]
struct Row<'p> {
    /// As in `--addr ADDR`.
    flag: &'p str,
    variable: &'p str,
    text: &'p str,
}

impl<'p> Row<'p> {
    fn of(line: &'p str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.split(" | ").map(str::trim).collect();
        let [names, _, variable, text] = cells[..] else {
            return None;
        };
        let quoted = |cell: &'p str| Some(cell.trim_matches('`')).filter(|cell| !cell.is_empty());
        let flag = names
            .split(", ")
            .filter_map(quoted)
            .find(|name| !name.starts_with('-') || name.starts_with("--"));
        Some(Self {
            flag: flag?,
            variable: quoted(variable)?,
            text,
        })
    }

    /// The name of its value; `None` for a switch.
    fn value(self) -> Option<&'p str> {
        match self.flag.split_once(' ') {
            Some((_, value)) => Some(value),
            None => (!self.flag.starts_with("--")).then_some(self.flag),
        }
    }

    /// The arguments that give it these values.
    fn with(self, values: &[&str]) -> Vec<String> {
        let (flag, _) = self.flag.split_once(' ').unwrap_or((self.flag, ""));
        let argument = |value: &&str| {
            if flag.starts_with("--") {
                format!("{flag}={value}")
            } else {
                (*value).to_owned()
            }
        };
        values.iter().map(argument).collect()
    }
}

/// Each command that has variables, with arguments for which it ends at once, and its rows.
fn commands() -> Vec<(Vec<&'static str>, Vec<Row<'static>>)> {
    let page = include_str!("../docs/command-line.md");
    let rows = |command: &str| {
        let (_, section) = page.split_once(&format!("\n## {command}\n")).expect("a section");
        let section = section.split("\n## ").next().expect("one part at least");
        let rows: Vec<Row> = section.lines().filter_map(Row::of).collect();
        let shared = section.split("the flags of [").nth(1).unwrap_or_default();
        let without = shared
            .split("without `")
            .nth(1)
            .and_then(|rest| rest.split('`').next());
        let more = shared.split(']').next().filter(|command| !command.is_empty());
        (rows, more, without)
    };
    let lines: [&[&str]; 14] = [
        &["serve", "no-such-input"],
        &["check", "no-such-input"],
        &["explain", "a.B/C", "no-such-input"],
        &["call", "unix:/no/such/socket", "a.B/C"],
        &["bench", "unix:/no/such/socket", "a.B/C"],
        &["list", "unix:/no/such/socket"],
        &["describe", "unix:/no/such/socket"],
        &["wait", "no address"],
        &["calls", "--admin=unix:/no/such/socket"],
        &["verify", "a.B/C", "--admin=unix:/no/such/socket"],
        &["rules", "list", "--admin=unix:/no/such/socket"],
        &["reset", "--admin=unix:/no/such/socket"],
        &["build", "--output=no-such-output", "no-such-input"],
        &["init", "--from", "no-such.proto"],
    ];
    let commands = lines.map(|line| {
        let (mut all, more, without) = rows(line[0]);
        let shared = more.into_iter().flat_map(|more| rows(more).0);
        all.extend(shared.filter(|row| Some(row.flag) != without));
        (line.to_vec(), all)
    });
    let variables = page.lines().filter_map(Row::of).count();
    assert!(variables > 80, "{variables}");
    commands.to_vec()
}

/// Runs protod with these variables and no others of its own.
fn protod(line: &[impl AsRef<str>], variables: &[(&str, &str)]) -> Output {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_protod"));
    command
        .args(line.iter().map(AsRef::as_ref))
        .stdin(process::Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PROTOD_") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied());
    command.output().expect("protod can be started")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    for (line, rows) in commands() {
        let rows = rows.iter().filter(|row| row.variable != "PROTOD_SESSION");
        let empty: Vec<_> = rows.map(|row| (row.variable, "")).collect();
        let (unset, empty) = (protod(&line, &[]), protod(&line, &empty));
        assert_ne!(unset.status.code(), Some(2), "{}", said(&unset));
        assert_eq!(empty, unset, "{line:?}");
    }
}

#[test]
fn a_session_that_is_empty_is_wrong_usage_and_never_none() {
    let mut seen = 0;
    for (line, rows) in commands() {
        if rows.iter().all(|row| row.variable != "PROTOD_SESSION") {
            continue;
        }
        seen += 1;
        let by_flag: Vec<&str> = line.iter().copied().chain(["--session", ""]).collect();
        for output in [protod(&line, &[("PROTOD_SESSION", "")]), protod(&by_flag, &[])] {
            assert_eq!(output.status.code(), Some(2), "{line:?}: {}", said(&output));
            assert!(
                said(&output).contains("protod sessions create"),
                "{}",
                said(&output)
            );
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn a_variable_that_goes_against_the_line_is_left_out() {
    let socket = "--admin=unix:/no/such/socket";
    for (line, variables) in [
        (
            vec!["calls", "--open", socket],
            vec![("PROTOD_WHERE", "true"), ("PROTOD_LIMIT", "5")],
        ),
        (vec!["calls", "--where=true", socket], vec![("PROTOD_OPEN", "1")]),
        (
            vec!["calls", "17", socket],
            vec![("PROTOD_OPEN", "1"), ("PROTOD_FOLLOW", "1")],
        ),
        (
            vec!["push", "17", "-d", "{}", socket],
            vec![("PROTOD_METHOD", "a.B/C")],
        ),
        (vec!["end", "17", socket], vec![("PROTOD_METHOD", "a.B/C")]),
        (vec!["rules", "delete", "x", socket], vec![("PROTOD_ALL", "1")]),
        (
            vec!["verify", "a.B/C", "--never", socket],
            vec![("PROTOD_EXACTLY", "2"), ("PROTOD_AT_LEAST", "1")],
        ),
        (
            vec!["calls", "--admin-token", "x", socket],
            vec![("PROTOD_ADMIN_TOKEN_FILE", "/no/such/file")],
        ),
    ] {
        let output = protod(&line, &variables);
        assert_eq!(output.status.code(), Some(1), "{line:?}: {}", said(&output));
        assert!(
            said(&output).contains("/no/such/socket"),
            "{line:?}: {}",
            said(&output)
        );
    }
    let both = ["calls", "--open", "--where=true", socket];
    assert_eq!(
        protod(&both, &[]).status.code(),
        Some(2),
        "the line goes against itself"
    );
    let variables = [("PROTOD_EXACTLY", "2"), ("PROTOD_NEVER", "1")];
    let output = protod(&["verify", "a.B/C", socket], &variables);
    assert_eq!(output.status.code(), Some(2), "one variable against the other");
}

#[test]
fn words_that_make_no_sense_together_are_wrong_usage() {
    for (line, words) in [
        (&["sessions", "list", "one"][..], "takes no name"),
        (&["collections", "list", "one"], "takes no name"),
        (&["rules", "list", "one"], "takes no name"),
        (&["rules", "delete"], "which rules?"),
        (
            &["describe", "proto", "proto.SearchRequest", "--openapi"],
            "whole protos",
        ),
    ] {
        let output = protod(line, &[]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {said}");
        assert!(said.contains(words), "{line:?}: {said}");
    }
}

#[test]
fn the_variable_of_a_switch_takes_all_usual_spellings() {
    for (line, rows) in commands() {
        let switches: Vec<_> = rows.iter().filter(|row| row.value().is_none()).collect();
        for spelling in ["1", "0", "TRUE", "False", "yes", "No", "ON", "off"] {
            let all: Vec<_> = switches.iter().map(|row| (row.variable, spelling)).collect();
            // All switches at once may make no sense together, which is said of their values.
            let said = said(&protod(&line, &all));
            assert!(!said.contains("invalid value"), "{spelling}: {said}");
        }
        if let Some(switch) = switches.first() {
            let said = said(&protod(&line, &[(switch.variable, "maybe")]));
            assert!(said.contains("invalid value 'maybe'"), "{line:?}: {said}");
        }
    }
    let describe = ["describe", "proto", "proto.SearchRequest"];
    let template = protod(&[&describe[..], &["--template"]].concat(), &[]);
    let text = protod(&describe, &[]);
    assert!(template.status.success() && text.status.success() && template != text);
    for (spelling, expected) in [("1", &template), ("Yes", &template), ("0", &text), ("OFF", &text)] {
        assert_eq!(
            &protod(&describe, &[("PROTOD_TEMPLATE", spelling)]),
            expected,
            "{spelling}"
        );
    }
}

#[test]
fn a_bad_value_in_the_environment_is_told_by_its_variable() {
    for (line, rows) in commands() {
        for row in rows {
            let must_fail = match row.value() {
                None => true,
                Some(value) => ["N", "SIZE", "TIME", "LEVEL", "NAME: VALUE"].contains(&value),
            };
            // A folder would be made.
            let wrong = if row.value() == Some("DIR") {
                "/dev/null/loud"
            } else {
                "loud=loud"
            };
            let output = protod(&line, &[(row.variable, wrong)]);
            if must_fail {
                assert_eq!(output.status.code(), Some(2), "{row:?}");
            }
            let said = said(&output);
            // That a flag is missing is told by the flag.
            if said.contains("invalid value") {
                assert!(said.contains(row.variable), "{row:?}: {said}");
                let flag = row.flag.split(' ').next().expect("one word at least");
                assert!(!said.contains(&format!("'{flag}")), "{row:?}: {said}");
            }
        }
    }
}

#[test]
fn a_bad_value_of_a_flag_is_told_by_the_flag() {
    for (line, rows) in commands() {
        for row in rows {
            let Some(value @ ("N" | "SIZE" | "TIME" | "UNITS")) = row.value() else {
                continue;
            };
            let flag = row.flag.split_whitespace().find(|word| word.starts_with("--"));
            let flag = flag.expect("it has a long name");
            for wrong in ["-5s", "-1", "-1k", "-.5h", "5q"] {
                let spaced = [flag, wrong].map(str::to_owned).to_vec();
                for words in [spaced, vec![format!("{flag}={wrong}")]] {
                    let words: Vec<String> = line.iter().map(ToString::to_string).chain(words).collect();
                    // The value of its variable does not matter.
                    let output = protod(&words, &[(row.variable, "5q")]);
                    let said = said(&output);
                    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
                    let told = format!("error: invalid value '{wrong}' for '{flag} <{value}>': ");
                    assert!(said.starts_with(&told), "{words:?}: {said}");
                }
            }
        }
    }
    // A switch takes none, and what comes after `--` is no value.
    let said_of = |line: &[&str]| said(&protod(line, &[]));
    let switch = said_of(&["serve", "--no-watch", "-5s"]);
    assert!(
        switch.contains("unexpected value '-5s' for '--no-watch'"),
        "{switch}"
    );
    let input = said_of(&["check", "--", "-5s"]);
    assert!(input.contains("-5s"), "{input}");
    assert!(!input.contains("unexpected"), "{input}");
}

#[test]
fn the_variable_of_a_flag_that_repeats_takes_several_values() {
    let separator = if cfg!(windows) { ";" } else { ":" };
    for (line, rows) in commands() {
        for row in rows.iter().filter(|row| row.text.contains("repeatable")) {
            // An input that the line has already is not read from the environment.
            let line = match row.value() {
                Some("INPUT") if !row.flag.starts_with("--") => &line[..line.len() - 1],
                _ => &line[..],
            };
            let (values, separator) = match row.value() {
                Some("NAME: VALUE") => (["x-one: a, b:c", "none"], "\n"),
                _ => (["no-such,one", "no-such-two"], separator),
            };
            let flags: Vec<String> = line
                .iter()
                .map(ToString::to_string)
                .chain(row.with(&values))
                .collect();
            let (by_flag, by_variable) = (
                protod(&flags, &[]),
                protod(line, &[(row.variable, &values.join(separator))]),
            );
            assert_eq!(
                by_variable.status.code(),
                by_flag.status.code(),
                "{row:?}: {}",
                said(&by_variable)
            );
            // Wrong usage names the flag or the variable.
            if by_flag.status.code() != Some(2) {
                assert_eq!(by_variable, by_flag, "{row:?}");
            }
        }
    }
}

#[test]
fn a_level_of_the_log_that_is_none_is_wrong_usage() {
    for (given, wrong) in [
        ("foo", "foo"),
        ("info,foo", "foo"),
        ("foo=bar", "foo=bar"),
        ("info,protod=loud", "protod=loud"),
        ("=debug", "=debug"),
    ] {
        for by_flag in [true, false] {
            let mut serve = process::Command::new(env!("CARGO_BIN_EXE_protod"));
            serve.args(["serve", "no-such-input"]);
            if by_flag {
                serve.arg(format!("--log={given}"));
            } else {
                serve.env("PROTOD_LOG", given);
            }
            let output = serve.output().expect("protod can be started");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert_eq!(output.status.code(), Some(2), "{said}");
            for part in [
                if by_flag {
                    "'--log <LEVEL>'"
                } else {
                    "'PROTOD_LOG'"
                },
                &format!("`{wrong}`"),
                "off, error, warn, info, debug and trace",
                "`info,protod=debug`",
            ] {
                assert!(said.contains(part), "{part} is not in {said}");
            }
        }
    }
}

#[test]
fn an_address_that_is_none_is_wrong_usage_with_a_hint() {
    for (addr, hint) in [
        (
            "9002",
            "127.0.0.1:9002 for this machine only, or :9002 for all its addresses",
        ),
        ("localhost", "HOST:PORT"),
        ("::1:9002", "[::1]:9002"),
        ("http://localhost:9002", "HOST:PORT"),
        ("localhost:99999", "from 0 to 65535"),
    ] {
        let output = protod(&["serve", "no-such-input", "--addr", addr], &[]);
        assert_eq!(output.status.code(), Some(2), "{addr}");
        assert!(said(&output).contains(hint), "{}", said(&output));
    }
}

#[test]
fn certificates_for_sources_are_read_whether_an_input_needs_them_or_not() {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    for (file, why) in [
        ("/nope", "cannot read /nope"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "Cargo.toml"),
    ] {
        let output = protod(&["check", proto, "--schema-ca", file], &[]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}
