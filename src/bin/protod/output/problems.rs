//! Problems of protos and rules for people: the place with a caret, and what to do.

use std::io::{IsTerminal as _, stderr};

use miette::{GraphicalReportHandler, GraphicalTheme};
use protod::Problem;

use super::colour;
use super::stderr::say_line;

/// Prints every problem, and how many there are.
pub(crate) fn print_problems(problems: &[Problem]) {
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
