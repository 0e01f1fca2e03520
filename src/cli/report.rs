//! Errors for people: the problem, its place with a caret, what caused it, what to do.

#![expect(clippy::print_stderr, reason = "the command line talks on stderr")]

use std::error::Error as _;
use std::io::IsTerminal;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::Error;

/// Prints every problem that the error holds, or the error and its causes.
pub(super) fn print_error(error: &Error) {
    if error.problems().is_empty() {
        eprintln!("error: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            eprintln!("caused by: {cause}");
            source = cause.source();
        }
        return;
    }
    let handler = GraphicalReportHandler::new_themed(theme()).with_links(false);
    for problem in error.problems() {
        let mut report = String::new();
        // A problem of a file as a whole has no line to show, and miette would not name the file.
        if problem.position().is_some() && handler.render_report(&mut report, problem).is_ok() {
            eprintln!("{}", report.trim_end());
        } else {
            eprintln!("  x {}", problem.located());
            if let Some(hint) = problem.hint() {
                eprintln!("  help: {hint}");
            }
        }
        eprintln!();
    }
    let count = error.problems().len();
    eprintln!("error: {count} problem{}", if count == 1 { "" } else { "s" });
}

/// Colour only for a terminal that wants it.
fn theme() -> GraphicalTheme {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match (std::io::stderr().is_terminal(), no_colour) {
        (true, false) => GraphicalTheme::unicode(),
        (true, true) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    }
}
