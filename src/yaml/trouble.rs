//! What is wrong with text that is not YAML, in words for those who write it: where, what, and what to do.
//!
//! The parser says where it gave up and what it had expected. What is wrong is often before that, and most often it is one
//! of few things: a value that needs quotes, a tab, a bracket or a quote that is not closed, a line in the wrong column.

use std::ops::Range;

use super::diagnosis::{Trouble, in_quotes};
use super::layout::{Layout, line_start};
use super::mustache;
use crate::suggest;

/// Explains why the parser stopped `at` a byte of the text, saying `info`.
pub(super) fn explain(text: &str, at: usize, info: &str) -> Trouble {
    let at = at.min(text.len());
    let stop = Stop {
        text,
        at,
        info,
        layout: Layout::at(text, at),
    };
    stop.tab()
        .or_else(|| stop.tag_of_template())
        .or_else(|| stop.expression())
        .or_else(|| stop.first_character())
        .or_else(|| stop.string())
        .or_else(|| stop.colon())
        .or_else(|| stop.bracket())
        .or_else(|| stop.column())
        .unwrap_or_else(|| Trouble {
            span: at..at,
            message: format!("not valid YAML: {info}"),
            hint: None,
        })
}

/// Explains a key that is a list or a mapping: as a template such as `{{ x }}` without quotes is.
pub(super) fn key_trouble(text: &str, key: &Range<usize>, kind: &str) -> Trouble {
    let outer = text[..key.start].trim_end_matches(' ').strip_suffix('{');
    let template = outer.and_then(|before| mustache::trouble(text, before.len()));
    template.unwrap_or_else(|| {
        let hint = "a key is a text; if it is one, put it in quotes";
        Trouble::new(key.clone(), format!("{kind} cannot be a key"), hint)
    })
}

/// What to do with the value at `start`, which has to be in quotes.
pub(crate) fn quote_value_at(text: &str, start: usize) -> String {
    in_quotes(Layout::at(text, start).value(text))
}

/// The value that strings and operators after each other were meant to be: in an expression `"a > 1" && "b"` is `a > 1 && b`, and
/// else `"Hello " + request.name` is `Hello ${request.name}`.
fn joined(value: &str, is_expression: bool) -> Option<String> {
    let operators: &[&str] = if is_expression { &["&&", "||"] } else { &["+"] };
    let mut written = String::new();
    let mut rest = value;
    let mut strings = 0;
    loop {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let end = if let Some(quote) = quote {
            strings += 1;
            let end = rest[1..].find(quote)? + 1;
            written.push_str(&rest[1..end]);
            end + 1
        } else if is_expression {
            return None;
        } else {
            let end = rest.find('+').unwrap_or(rest.len());
            let path = rest[..end].trim();
            let is_path = |letter: char| letter.is_alphanumeric() || "_.[]'()-".contains(letter);
            if !path.starts_with(char::is_alphabetic) || !path.chars().all(is_path) {
                return None;
            }
            written.extend(["${", path, "}"]);
            end
        };
        rest = rest[end..].trim();
        if rest.is_empty() {
            break;
        }
        let operator = operators.iter().find(|operator| rest.starts_with(**operator))?;
        if is_expression {
            written.extend([" ", operator, " "]);
        }
        rest = rest[operator.len()..].trim_start();
    }
    (strings > 0).then_some(written)
}

/// What to do with a value in quotes that has the same quotes in it. `end` is where its first string ends.
fn requoted(value: &str, end: usize, is_expression: bool) -> String {
    let quote = &value[..1];
    let other = if quote == "'" { "\"" } else { "'" };
    let first = value.get(..end).unwrap_or(value);
    let opens = first.rfind("${").is_some_and(|open| !first[open..].contains('}'));
    if let Some(joined) = joined(value, is_expression) {
        return in_quotes(&joined);
    }
    match value[1..].strip_suffix(quote) {
        // A string of an expression ends the string around it.
        Some(inside) if opens && !inside.contains(other) => {
            format!("put it in the other quotes: `{other}{inside}{other}`")
        }
        _ if opens => format!("write the strings in the expression with `{other}`"),
        _ => in_quotes(value),
    }
}

/// Where the parser stopped, and why.
struct Stop<'t> {
    text: &'t str,
    at: usize,
    info: &'t str,
    layout: Layout,
}

impl Stop<'_> {
    fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|part| self.info.contains(part))
    }

    /// A tab in the indentation of the line where the parser stopped, or of the next one.
    fn tab(&self) -> Option<Trouble> {
        let says_tab = self.says(&["tab"]);
        if self.layout.in_brackets() && !says_tab {
            return None;
        }
        let own = line_start(self.text, self.at);
        let next = self.text[own..].find('\n').map(|end| own + end + 1);
        let place = self
            .tab_of_line(own)
            .or_else(|| next.filter(|_| says_tab).and_then(|next| self.tab_of_line(next)))
            .or_else(|| {
                self.text[own..]
                    .find('\t')
                    .filter(|_| says_tab)
                    .map(|tab| own + tab)
            })?;
        let tabs = self.text[place..]
            .bytes()
            .take_while(|byte| *byte == b'\t')
            .count();
        let hint = "indent with spaces: YAML takes no tabs there";
        Some(Trouble::new(
            place..place + tabs,
            "a tab in the indentation",
            hint,
        ))
    }

    /// The tab in the indentation of the line that begins at `start`.
    fn tab_of_line(&self, start: usize) -> Option<usize> {
        let line = self.text[start..].lines().next()?;
        let blanks = line
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        line[..blanks].find('\t').map(|tab| start + tab)
    }

    /// `${…}` without quotes where its own characters end the value.
    fn expression(&self) -> Option<Trouble> {
        if !self.says(&["flow", "not allowed", "bracket"]) {
            return None;
        }
        let line = line_start(self.text, self.at);
        // In brackets the parser stops at the brace, and else within the expression.
        let before = |past: usize| self.text.get(line..(self.at + past).min(self.text.len()));
        let Some(dollar) = before(1)?.rfind("${").map(|dollar| line + dollar) else {
            let braces = line + before(2)?.rfind("{{")?;
            return mustache::trouble(self.text, braces);
        };
        let layout = Layout::at(self.text, dollar);
        if layout.string.is_some() {
            return None;
        }
        let expression = self.text[dollar..].split_inclusive(['}', '\n']).next()?;
        let message = if layout.in_brackets() {
            "inside of `{}` and `[]`, a value with `${…}` needs quotes"
        } else {
            "a value with `: ` in it needs quotes"
        };
        let span = dollar..dollar + expression.trim_end().len();
        let value = layout.value(self.text);
        let hint = match self.before_comma(&layout) {
            Some(start) => in_quotes(&self.text[start..layout.start + value.len()]),
            None => mustache::rewritten(value).unwrap_or_else(|| in_quotes(value)),
        };
        Some(Trouble::new(span, message, hint))
    }

    /// Where the value begins that a comma in braces has cut before the place of `layout`: that of `Hello, ${x}` in
    /// `{text: Hello, ${x}}`.
    fn before_comma(&self, layout: &Layout) -> Option<usize> {
        let (bracket, _) = layout.brackets.last().filter(|(_, bracket)| *bracket == '{')?;
        let mut start = layout.start;
        loop {
            let comma = self.text[..start].trim_end().strip_suffix(',')?.len();
            if comma <= *bracket {
                return None;
            }
            start = Layout::at(self.text, comma).start;
            let before = self.text[..start].trim_end();
            if before.ends_with(':') {
                let is_plain = !self.text[start..].starts_with(['"', '\'', '[', '{']);
                return is_plain.then_some(start);
            }
        }
    }

    /// A line that is a tag of Helm, Go, ERB or Jinja: `{{- if .Values.x }}`, `<% end %>`. It may be the line before, of
    /// which YAML takes the one where the parser stopped to be the rest.
    fn tag_of_template(&self) -> Option<Trouble> {
        let own = line_start(self.text, self.at);
        let before = line_start(self.text, own.saturating_sub(1));
        let tag = |start: &usize| {
            let line = self.text[*start..].lines().next().unwrap_or_default().trim();
            let is_tag = |open: &str, close: &str| line.starts_with(open) && line.ends_with(close);
            is_tag("{{", "}}") && is_word_of_template(&line[2..])
                || is_tag("<%", "%>") && !line.starts_with("<%=")
        };
        let start = [own, before].into_iter().find(tag)?;
        let line = self.text[start..].lines().next()?;
        let start = start + line.len() - line.trim_start().len();
        let hint = "leave it out: rules have no tags, `when` and `choose` decide, `each` makes lists, and `#` begins a comment";
        let message = "a tag of a template is no YAML";
        Some(Trouble::new(start..start + line.trim().len(), message, hint))
    }

    /// A value whose first character has a meaning of its own.
    fn first_character(&self) -> Option<Trouble> {
        let start = self.layout.start;
        let first = self.text[start..].chars().next()?;
        if matches!(first, '%' | '#') && self.text[..start].ends_with('{') {
            let line = self.text[start..].lines().next().unwrap_or_default();
            let message = format!("`{{{first}` begins a mapping in YAML, and no tag of a template");
            let hint = "rules have no tags: `when` and `choose` decide, `each` makes lists, and `#` begins a comment";
            return Some(Trouble::new(
                start - 1..start + line.trim_end().len(),
                message,
                hint,
            ));
        }
        let means = match first {
            '`' => "a backquote cannot begin a value",
            '@' | '%' => "cannot begin a value",
            '*' if self.says(&["anchor", "alias"]) => {
                "begins an alias, and no anchor before it has this name"
            }
            '&' => "begins an anchor",
            '!' => "begins a tag",
            '>' | '|' if self.says(&["block scalar"]) => "begins a block of text in the next lines",
            _ => return None,
        };
        let value = self.layout.value(self.text);
        let span = start..start + value.len().max(first.len_utf8());
        let message = if first == '`' {
            means.to_owned()
        } else {
            format!("`{first}` {means}")
        };
        let is_name = |name: &&str| {
            name.chars()
                .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
        };
        let hint = match value.strip_prefix('*').filter(is_name) {
            Some(name) => match suggest::nearest(name, self.anchors()) {
                Some(near) => format!("did you mean `*{near}`?"),
                None => format!(
                    "write `&{name}` before what it names, or, if it is text, {}",
                    in_quotes(value)
                ),
            },
            None => in_quotes(value),
        };
        Some(Trouble::new(span, message, hint))
    }

    /// The names of the anchors before the place where the parser stopped.
    fn anchors(&self) -> impl Iterator<Item = &str> {
        let ends = |letter: char| letter.is_whitespace() || ",[]{}".contains(letter);
        let parts = self.text[..self.at].split(ends);
        parts
            .filter_map(|part| part.strip_prefix('&'))
            .filter(|name| !name.is_empty())
    }

    /// A string that does not end, goes on after its end, or has a wrong escape.
    fn string(&self) -> Option<Trouble> {
        let (text, at, start) = (self.text, self.at, self.layout.start);
        let first = text[start..]
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))?;
        if self.says(&["escape", "hexadecimal"]) {
            let (escape, letter) = wrong_escape(text, start + 1)?;
            let hint = match letter {
                '$' => "`$${` writes `${`",
                _ => "write `\\\\` for a backslash, or put the text in single quotes",
            };
            let span = escape..escape + 1 + letter.len_utf8();
            return Some(Trouble::new(span, format!("`\\{letter}` is not an escape"), hint));
        }
        if self.says(&["quoted scalar", "quoted"]) && !self.says(&["trailing content"]) {
            let line = text[start..].lines().next().unwrap_or_default();
            let hint = format!("it ends with the `{first}` that it begins with");
            return Some(Trouble::new(
                start..start + line.len(),
                "this string is not closed",
                hint,
            ));
        }
        if at == start {
            return None;
        }
        let value = self.layout.value(text);
        let end = (start + value.len()).max(at);
        let message = "the value goes on after its closing quote";
        let is_expression = mustache::is_expression_before(text, start);
        let hint = requoted(value, at - start, is_expression);
        Some(Trouble::new(at..end, message, hint))
    }

    /// A colon where no key may be: in a plain value, or in a line that goes on with one.
    fn colon(&self) -> Option<Trouble> {
        if !self.says(&["mapping values are not allowed", "illegal placement of ':'"]) {
            return None;
        }
        let (text, start) = (self.text, self.layout.start);
        let line = line_start(text, self.at);
        if self.layout.in_brackets() || !text[line..start].trim_start_matches([' ', '-']).is_empty() {
            let value = self.layout.value(text);
            let message = "a value with `: ` in it needs quotes";
            return Some(Trouble::new(
                start..start + value.len(),
                message,
                in_quotes(value),
            ));
        }
        // A line that begins with a key goes on with the value of the line before.
        let above = text[..line].trim_end().rsplit('\n').next().unwrap_or_default();
        let above_end = text[..line].trim_end().len();
        let above = above.trim_start_matches([' ', '-']);
        let colon = above
            .find(':')
            .filter(|colon| !above[colon + 1..].starts_with([' ', '/']));
        if let Some(colon) = colon {
            let span = above_end - above.len()..above_end;
            let hint = format!("write `{}: {}`", &above[..colon], &above[colon + 1..]);
            return Some(Trouble::new(span, "there is no blank after the `:`", hint));
        }
        let message = "this line is indented further than the one before it, which has a value already";
        let hint = "begin the keys of one mapping in the same column";
        Some(Trouble::new(start..self.at, message, hint))
    }

    /// A bracket that is not closed, or entries without a comma between them.
    fn bracket(&self) -> Option<Trouble> {
        if !self.says(&["flow", "bracket"]) {
            return None;
        }
        let (text, at) = (self.text, self.at);
        let found = text[at..].chars().next();
        let Some((open, bracket)) = self.layout.brackets.last().copied() else {
            let closing = found.filter(|letter| matches!(letter, '}' | ']'))?;
            let message = format!("`{closing}` closes no bracket");
            return Some(Trouble::new(
                at..at + 1,
                message,
                "leave it out, or put the value in quotes",
            ));
        };
        let closing = if bracket == '{' { '}' } else { ']' };
        if line_start(text, open) != line_start(text, at) || matches!(found, None | Some('}' | ']')) {
            let line = text[open..at].lines().next().unwrap_or_default();
            let span = open..open + line.trim_end().len();
            let message = format!("this `{bracket}` is not closed");
            return Some(Trouble::new(span, message, format!("it ends with `{closing}`")));
        }
        let rest = text[at..].lines().next().unwrap_or_default();
        let message = format!("expected `,` or `{closing}` here");
        let hint = "put `,` between entries, and quotes around a key or a value that has brackets or commas";
        Some(Trouble::new(at..at + rest.trim_end().len(), message, hint))
    }

    /// A line that begins in a column of its own, or text after the end of a value.
    fn column(&self) -> Option<Trouble> {
        if !self.says(&[
            "expected key",
            "'-' indicator",
            "indentation",
            "simple key",
            "expected <document",
        ]) {
            return None;
        }
        let (text, at) = (self.text, self.at);
        let rest = text[at..].lines().next().unwrap_or_default().trim_end();
        let before = &text[line_start(text, at)..at];
        let (message, hint) = if before.trim_start_matches([' ', '-']).is_empty() {
            (
                "this line begins in another column than those that it belongs to",
                "begin the keys of one mapping in the same column, and the `-` of one list, too",
            )
        } else if rest.starts_with("//") || rest.starts_with("/*") {
            ("the value has ended before this", "a comment begins with `#`")
        } else {
            ("the value has ended before this", "put the whole value in quotes")
        };
        Some(Trouble::new(at..at + rest.len(), message, hint))
    }
}

/// The first backslash of a double-quoted string that begins no escape, and the letter after it.
fn wrong_escape(text: &str, start: usize) -> Option<(usize, char)> {
    let mut letters = text[start..].char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => {
                let (_, escaped) = letters.next()?;
                if !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(escaped) {
                    return Some((start + place, escaped));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether what is after `{{` begins a tag and no value.
fn is_word_of_template(inside: &str) -> bool {
    let inside = inside.trim_start_matches('-').trim_start();
    let word = inside
        .split(|letter: char| !letter.is_alphabetic())
        .next()
        .unwrap_or_default();
    inside.starts_with(['/', '#', '$', '!'])
        || matches!(
            word,
            "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template" | "include" | "tpl"
        )
}
