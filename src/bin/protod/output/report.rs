//! Why a command failed, for people: `error:`, `caused by:`, and problems of protos and rules with their place.
//!
//! A problem shows its line with a caret, and what to do about it. Lines and colours are drawn on a terminal only.

use std::io::{IsTerminal as _, stderr};

use miette::{GraphicalReportHandler, GraphicalTheme};
use protod::Problem;

use super::colour;
use super::stderr::say_line;
use crate::failure::Failure;

/// Prints why a command failed: every problem of protos or rules, or an error and its causes.
pub(crate) fn report(failure: &Failure) {
    if !failure.problems().is_empty() {
        return print_problems(failure.problems());
    }
    say_line(format_args!("error: {failure}"));
    for cause in failure.causes() {
        say_line(format_args!("caused by: {cause}"));
    }
}

/// Prints every problem, and how many there are.
fn print_problems(problems: &[Problem]) {
    let handler = GraphicalReportHandler::new_themed(theme()).with_links(false);
    for problem in problems {
        let mut report = String::new();
        // A problem of a file as a whole has no line to show, and miette would not name the file.
        if problem.position().is_some() && handler.render_report(&mut report, problem).is_ok() {
            say_line(report.trim_end());
        } else {
            say_line(format_args!("  x {}", problem.located()));
            if let Some(hint) = problem.hint() {
                say_line(format_args!("  help: {hint}"));
            }
        }
        say_line("");
    }
    let count = problems.len();
    say_line(format_args!(
        "error: {count} problem{}",
        if count == 1 { "" } else { "s" }
    ));
}

/// Lines and colours for a terminal; plain text for everything else.
fn theme() -> GraphicalTheme {
    match (stderr().is_terminal(), colour::is_wanted()) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    }
}
