//! What the command line accepts and refuses, and what every flag has.
//!
//! tests/command_line.rs runs the binary on some of what is refused, for the exit code and the message.

use clap::{ArgAction, Parser as _};

use crate::cli::Cli;

#[test]
fn levels_of_the_log_are_for_all_or_for_a_module() {
    for sound in [
        "",
        "off",
        "WARN",
        "info,protod=debug",
        "info, protod::live=trace,",
        "protod=off",
    ] {
        let log = format!("--log={sound}");
        let parsed = <Cli>::try_parse_from(["protod", "serve", &log]);
        assert!(parsed.is_ok(), "{sound}: {parsed:?}");
    }
}

/// Every flag that takes a number, a size or a time: a new one belongs to one of the lists.
#[test]
fn a_limit_of_nothing_is_wrong_usage() {
    let zero_is_sound = [
        "sample-stream-length",
        "seed",
        "drain-old",
        "drain-timeout",
        "max-connection-age-grace",
        "warm-up",
    ];
    for command in super::definition().get_subcommands() {
        let arguments = match command.get_name() {
            "call" | "bench" => vec!["protod", command.get_name(), "a:1", "p.S/M"],
            name => vec!["protod", name],
        };
        for flag in command.get_arguments() {
            let value = flag.get_value_names().unwrap_or_default().join(" ");
            let zero = match value.as_str() {
                "N" | "SIZE" => "0",
                "TIME" => "0s",
                _ => continue,
            };
            let name = flag.get_long().expect("it is a flag");
            let parse = |value: &str| {
                let flag = format!("--{name}={value}");
                <Cli>::try_parse_from(arguments.iter().copied().chain([flag.as_str()]))
            };
            assert_eq!(
                parse(zero).is_ok(),
                zero_is_sound.contains(&name),
                "--{name} {zero}"
            );
            for wrong in ["-1", "1x", "99999999999999999999999s", ""] {
                let error = parse(wrong).expect_err(wrong).to_string();
                let is_clear = [
                    "at least",
                    "at most",
                    "negative",
                    "unit",
                    "as in",
                    "a value is required",
                ];
                assert!(is_clear.iter().any(|part| error.contains(part)), "{error}");
            }
        }
    }
}

#[test]
fn every_size_takes_a_unit() {
    for command in super::definition().get_subcommands() {
        let sizes = command.get_arguments().filter(|flag| {
            let names = flag.get_value_names().unwrap_or_default();
            names.iter().any(|name| name.as_str() == "SIZE")
        });
        for flag in sizes {
            let flag = format!("--{}=64k", flag.get_long().expect("it is a flag"));
            let line = ["protod", command.get_name(), "a:1", "p.S/M", &flag];
            let parsed = <Cli>::try_parse_from(line);
            assert!(parsed.is_ok(), "{flag}: {parsed:?}");
        }
    }
}

#[test]
fn a_size_that_no_call_fits_or_that_http2_does_not_know_is_wrong_usage() {
    for (flag, sound) in [
        ("--max-header-size=1k", true),
        ("--max-frame-size=16k", true),
        ("--stream-window=2GiB", false),
        ("--max-header-size=10", false),
        ("--max-header-size=1024", true),
        ("--max-frame-size=1", false),
        ("--max-frame-size=16384", true),
        ("--max-frame-size=16777215", true),
        ("--max-frame-size=16777216", false),
    ] {
        let parsed = <Cli>::try_parse_from(["protod", "serve", flag]);
        assert_eq!(parsed.is_ok(), sound, "{flag}");
    }
}

/// The examples of the help; each is a line that begins with `  protod `.
#[test]
fn the_examples_of_the_help_are_commands() {
    let mut examples = 0;
    for command in super::definition().get_subcommands() {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        for example in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            if example.starts_with('#') {
                continue;
            }
            examples += 1;
            // What comes after it is the shell's.
            let example = example.split(" < ").next().unwrap_or(example);
            let parsed = <Cli>::try_parse_from(words(example));
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
            assert_eq!(words(example)[1], command.get_name());
        }
    }
    assert!(examples > 10, "{examples}");
}

/// The words of a line, as a shell splits it: at spaces, but not in single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().expect("there is one").push(other),
        }
    }
    words
}

#[test]
fn every_flag_has_an_environment_variable() {
    for command in super::definition().get_subcommands() {
        for flag in command.get_arguments().filter(|argument| {
            !argument.is_positional() && !matches!(argument.get_long(), Some("help" | "version"))
        }) {
            let env = flag
                .get_env()
                .unwrap_or_else(|| panic!("{} of {}", flag.get_id(), command.get_name()));
            assert!(env.to_string_lossy().starts_with("PROTOD_"), "{}", flag.get_id());
        }
    }
}

/// tests/command_line.rs tries the variables of those that say so.
#[test]
fn an_argument_with_a_variable_says_that_it_may_be_repeated() {
    for command in super::definition().get_subcommands() {
        for argument in command
            .get_arguments()
            .filter(|argument| argument.get_env().is_some())
        {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let repeats = matches!(argument.get_action(), ArgAction::Append);
            assert_eq!(help.contains("; repeatable"), repeats, "{}", argument.get_id());
        }
    }
}

/// A tip of clap's own would name another flag that is written alike.
#[test]
fn words_of_other_tools_get_a_tip() {
    for (arguments, tip) in [
        (&["serve", "--port", "9002"][..], "--addr"),
        (&["serve", "-p", "9002"], "--addr"),
        (&["serve", "--stub=stubs"], "--rules"),
        (&["serve", "--proto", "a.proto"], "without a flag"),
        (&["serve", "--tls"], "--tls-cert"),
        (&["serve", "--log_level=debug"], "--log debug"),
        (&["serve", "--watch"], "--no-watch"),
        (&["call", "--plaintext", "a:1", "p.S/M"], "https://"),
        (&["start", "api"], "protod serve"),
        (&["lint"], "protod check"),
        (&["version"], "protod --version"),
    ] {
        let line = std::iter::once("protod").chain(arguments.iter().copied());
        let line: Vec<std::ffi::OsString> = line.map(Into::into).collect();
        let error = crate::environment::parse(&line).expect_err(tip).to_string();
        let tips: Vec<&str> = error.lines().filter(|line| line.contains("tip: ")).collect();
        assert!(tips.len() == 1 && tips[0].contains(tip), "{arguments:?}: {error}");
    }
}
