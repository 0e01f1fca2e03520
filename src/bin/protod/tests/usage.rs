//! What the command line takes and refuses. tests/command_line.rs runs the binary on what is refused.

use clap::Parser as _;

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
        let parsed = Cli::try_parse_from(["protod", "serve", &log]);
        assert!(parsed.is_ok(), "{sound}: {parsed:?}");
    }
}

#[test]
fn a_size_that_no_call_fits_or_that_http2_does_not_know_is_wrong_usage() {
    for (flag, sound) in [
        ("--max-header-size=10", false),
        ("--max-header-size=1024", true),
        ("--max-frame-size=1", false),
        ("--max-frame-size=16384", true),
        ("--max-frame-size=16777215", true),
        ("--max-frame-size=16777216", false),
    ] {
        let parsed = Cli::try_parse_from(["protod", "serve", flag]);
        assert_eq!(parsed.is_ok(), sound, "{flag}");
    }
}
