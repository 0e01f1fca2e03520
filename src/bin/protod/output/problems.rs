//! Problems of protos and rules for people: the place with a caret, and what to do.

use std::io::IsTerminal;

use miette::{GraphicalReportHandler, GraphicalTheme};
use protod::Problem;

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

/// Colour only for a terminal that wants it.
fn theme() -> GraphicalTheme {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match (std::io::stderr().is_terminal(), no_colour) {
        (true, false) => GraphicalTheme::unicode(),
        (true, true) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    }
}
