//! Why a command failed, for people: `error:`, `caused by:`, and problems of protos and rules with their place.
//!
//! A problem shows its line with a caret, and what to do about it. Colours are for a terminal only.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use miette::{Diagnostic, LabeledSpan};
use protod::Problem;

use super::colour;
use super::stderr::say_line;
use crate::failure::Failure;

/// So many problems are drawn; the others have a line each. A file that is no proto at all may have thousands.
const MOST_DRAWN: usize = 100;

/// Prints why a command failed: every problem of protos or rules, or an error and its causes.
pub(crate) fn report(failure: &Failure) {
    if !failure.problems().is_empty() {
        return print_problems(failure.problems());
    }
    say_line(format_args!("error: {failure}"));
    for cause in failure.causes() {
        say_line(format_args!("caused by: {cause}"));
    }
    if let Some(hint) = failure.hint() {
        say_line(format_args!("hint: {hint}"));
    }
}

/// Prints what is hardly meant in protos or rules that load.
pub(crate) fn warn<'p>(warnings: impl Iterator<Item = &'p Problem>) {
    let warnings: Vec<&Problem> = warnings.collect();
    draw_all(&warnings);
    if !warnings.is_empty() {
        say_line(format_args!("warning: {}", warning_count(warnings.len())));
    }
}

/// How many warnings there are, in words.
pub(crate) fn warning_count(count: usize) -> String {
    format!("{count} warning{}", if count == 1 { "" } else { "s" })
}

/// Prints every problem, and how many there are.
fn print_problems(problems: &[Problem]) {
    draw_all(&problems.iter().collect::<Vec<_>>());
    let count = problems.len();
    say_line(format_args!(
        "error: {count} problem{}",
        if count == 1 { "" } else { "s" }
    ));
}

fn draw_all(problems: &[&Problem]) {
    let renderer = if colour::is_wanted() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let (drawn, others) = problems.split_at(problems.len().min(MOST_DRAWN));
    for problem in drawn {
        say_line(format_args!("{}\n", draw(problem, &renderer)));
    }
    for problem in others {
        say_line(undrawn(problem));
    }
}

/// A problem with its place in words.
fn undrawn(problem: &Problem) -> String {
    let kind = if problem.is_warning() { "warning" } else { "error" };
    format!("{kind}: {}", problem.located())
}

/// A problem with its lines, as rustc draws them. A problem of a file as a whole has its path and no lines.
fn draw(problem: &Problem, renderer: &Renderer) -> String {
    let labels: Vec<LabeledSpan> = Diagnostic::labels(problem).into_iter().flatten().collect();
    let excerpts = excerpts(problem, &labels);
    let hint = problem.hint();
    if excerpts.is_empty() {
        let help = hint.map(|hint| format!("\nhelp: {hint}"));
        return undrawn(problem) + &help.unwrap_or_default();
    }
    let message = problem.to_string();
    let level = if problem.is_warning() {
        Level::WARNING
    } else {
        Level::ERROR
    };
    let mut group = Group::with_title(level.primary_title(&message));
    for (label, excerpt) in labels.iter().zip(&excerpts) {
        group = group.element(excerpt.snippet(label));
    }
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.message(hint));
    }
    renderer.render(&[group])
}

/// The lines around each of a problem's places; none if the problem has no place.
fn excerpts<'a>(problem: &'a Problem, labels: &[LabeledSpan]) -> Vec<Excerpt<'a>> {
    let read = |label: &LabeledSpan| {
        let contents = problem.source_code()?.read_span(label.inner(), 1, 1).ok()?;
        let text = std::str::from_utf8(contents.data()).ok()?;
        Some(Excerpt {
            text,
            path: contents.name().unwrap_or_default().to_owned(),
            offset: contents.span().offset(),
            first_line: contents.line() + 1,
        })
    };
    labels.iter().map_while(read).collect()
}

/// Lines of a file.
struct Excerpt<'a> {
    text: &'a str,
    path: String,
    /// Where the lines begin, in bytes from the file's beginning.
    offset: usize,
    first_line: usize,
}

impl Excerpt<'_> {
    fn snippet(&self, label: &LabeledSpan) -> Snippet<'_, Annotation<'_>> {
        let start = label.offset().saturating_sub(self.offset).min(self.text.len());
        let end = (start + label.len()).min(self.text.len());
        let text = label.label().map(str::to_owned);
        Snippet::source(self.text)
            .path(&self.path)
            .line_start(self.first_line)
            .fold(false)
            .annotation(AnnotationKind::Primary.span(start..end).label(text))
    }
}
