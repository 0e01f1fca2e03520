//! The problems of the parser: what it found, what it expected, and what was probably meant.

use std::ops::Range;

use super::lexer::{Token, TokenKind};
use crate::cel::problem::ExprProblem;

/// The most text that a message repeats, in characters.
const MAX_QUOTED: usize = 20;

/// Words that CEL reserves: they cannot name variables and functions.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A problem of syntax. An empty hint is none.
pub(super) fn syntax_problem(
    span: Range<usize>,
    message: impl AsRef<str>,
    hint: impl Into<String>,
) -> ExprProblem {
    let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
    let message = format!("syntax error: {}", message.as_ref());
    ExprProblem {
        hint,
        ..ExprProblem::new(span, message)
    }
}

/// A token that does not fit. `before` is the token before it, and `open` the innermost bracket that is open.
pub(super) fn unexpected(
    text: &str,
    found: &Token,
    expected: &str,
    before: Option<&Token>,
    open: Option<&Token>,
) -> ExprProblem {
    let written = &text[found.span.clone()];
    let message = match found.kind {
        TokenKind::End => format!("expected {expected}, found the end"),
        TokenKind::Unclosed if written.starts_with('`') => {
            "a name in backquotes has letters, digits, `_`, `.`, `-`, `/` and spaces, and a backquote at its end".to_owned()
        }
        TokenKind::Unclosed => "the string is not closed".to_owned(),
        TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace if open.is_none() => {
            format!("`{written}` closes no bracket")
        }
        _ => format!("expected {expected}, found `{}`", shortened(written)),
    };
    let hint = hint(text, found, expected, before, open);
    syntax_problem(found.span.clone(), message, hint)
}

/// What the parser expects where a value may begin.
pub(super) const OPERAND: &str = "an expression";

/// What was probably meant.
fn hint(text: &str, found: &Token, expected: &str, before: Option<&Token>, open: Option<&Token>) -> String {
    let wants_operand = expected == OPERAND;
    let rest = &text[found.span.start..];
    let word = &text[found.span.clone()];
    let word_before = before.map_or("", |token| &text[token.span.clone()]);
    let fixed = match found.kind {
        TokenKind::End if before.is_none() => "the expression is empty",
        TokenKind::End if wants_operand || word_before == "." => "the expression ends too early",
        TokenKind::End if open.is_none() && text.contains("?.") => {
            "leave out the `?`: the fields of an unset message read as their defaults"
        }
        TokenKind::End if open.is_none() => "write `condition ? this : that`",
        TokenKind::Question if wants_operand && word_before == "?" => "write `has(a.b) ? a.b : x`",
        TokenKind::QuotedName if wants_operand => "a string stands in `'…'` or `\"…\"`",
        TokenKind::Colon if !wants_operand && open.is_none() => {
            "write `condition ? this : that`; for a default, `has(a.b) ? a.b : x`"
        }
        TokenKind::Star if word_before == "*" => "there is no operator for powers: multiply, as in `x * x`",
        TokenKind::Plus if word_before == "+" => "write `x + 1`; a variable is changed by `set`",
        TokenKind::Unknown if rest.starts_with('=') && matches!(word_before, "+" | "-" | "*" | "/") => {
            "write the whole value, as in `store.n + 1`; `set` gives it to the variable"
        }
        TokenKind::Colon
            if !wants_operand && open.is_some_and(|open| open.kind == TokenKind::LeftBracket) =>
        {
            "a part of a list is `list.slice(1, 3)`, and of a text `text.substring(1, 3)`"
        }
        TokenKind::Dot if rest.starts_with("..") || word_before == "." => {
            "texts and lists are joined by `+`, as in `a + 'b'` and `a + [b]`"
        }
        TokenKind::String if word_before == "." => "texts are joined by `+`, as in `a + 'b'`",
        TokenKind::String if expected == "a field's name" => {
            "a field's name stands without quotes: `Type{field: value}`"
        }
        TokenKind::String if matches!(word_before, "f" | "F" | "t" | "$") => {
            "text and values are joined by `+`, or written with `${…}` in them"
        }
        TokenKind::Name if is_number(before) && UNITS.contains(&word) => "a duration is `duration('5s')`",
        TokenKind::Name if word == "as" && !wants_operand => {
            "types are converted by `string(x)`, `int(x)`, `double(x)`"
        }
        TokenKind::Name if word == "for" && !wants_operand => {
            "lists have `map` and `filter`: `list.map(x, x.name)`"
        }
        TokenKind::In if word_before == "." && rest[2..].trim_start().starts_with('(') => "write `x in list`",
        TokenKind::LeftBrace if wants_operand && rest.starts_with("{{") => {
            "write the expression without `{{` and `}}`"
        }
        TokenKind::Colon if !wants_operand && open.is_some_and(|open| open.kind == TokenKind::LeftParen) => {
            "arguments have no names; a message is made in braces: `Type{field: value}`"
        }
        TokenKind::Name if word_before == "new" => {
            "leave out `new`: a message is made by its name, `Type{field: value}`"
        }
        TokenKind::Unknown if rest.starts_with('=') && expected == "`:`" => {
            "a field is set by a colon: `Type{field: value}`"
        }
        TokenKind::Question if expected == "`:`" => "put the inner `?:` in brackets",
        TokenKind::RightParen if wants_operand && word_before == "," => "leave out the comma",
        TokenKind::Unclosed if rest.starts_with(['\'', '"']) => {
            "a string ends with the quote that it begins with, on its line"
        }
        TokenKind::Unknown if rest.starts_with("${") => {
            "leave out `${` and `}`: an expression stands alone here"
        }
        TokenKind::Unknown if rest.starts_with("=>") && variable(text, Some(found), open).is_none() => {
            "write a variable and an expression: `list.exists(x, x == 1)`"
        }
        TokenKind::Unknown if rest.starts_with("=>") => "",
        TokenKind::Unknown if rest.starts_with("=~") => "write `x.matches('…')`",
        TokenKind::Unknown => match rest.chars().next() {
            Some('=') => "`==` compares",
            Some('$' | '@') => "the request is `request`, and its fields are `request.name`",
            Some('&') if is_text(before) || rest[1..].trim_start().starts_with(['\'', '"']) => {
                "texts are joined by `+`, as in `a + 'b'`, and conditions by `&&`"
            }
            Some('&') => "write `&&`",
            Some('|') if is_filter(&rest[1..]) => {
                "a filter is a function of the value: `x.trim()`, `size(x)`; a default is `x != '' ? x : y`"
            }
            Some('|') => "write `||`",
            Some('“' | '”' | '„' | '‘' | '’' | '«' | '»') => {
                "a string stands in `'…'` or `\"…\"`"
            }
            Some('#') => "a comment begins with `//`",
            Some(';') => "leave out the `;`",
            Some('^') => "write `math.bitXor(a, b)`",
            Some('~') if wants_operand => "write `math.bitNot(a)`",
            Some('~') => "`+` joins texts, as in `'a' + string(b)`",
            _ => "",
        },
        TokenKind::Name if word == "and" && !wants_operand => "write `&&`",
        TokenKind::Name if word == "or" && !wants_operand => "write `||`",
        TokenKind::Name | TokenKind::In if word_before == "not" || word == "not" => "write `!(…)`",
        TokenKind::Name if !wants_operand => operator_in_words(word),
        TokenKind::Greater if word_before == "<" => "write `!=`",
        TokenKind::Greater if word_before == "-" && variable(text, before, open).is_none() => {
            "a field is read by a dot: `request.name`"
        }
        TokenKind::Unclosed if rest.starts_with('`') && rest.contains("${") => {
            "text stands in `'…'`, and is joined by `+`: `'a ' + request.name`"
        }
        TokenKind::Minus | TokenKind::Not if matches!(word_before, "!" | "-") => {
            "put the operand in brackets"
        }
        TokenKind::Double if word.starts_with('.') && !wants_operand => "an element is read as `list[0]`",
        _ => "",
    };
    let joins = !wants_operand
        && match found.kind {
            TokenKind::String => may_end_text(before),
            TokenKind::Name => is_text(before),
            _ => false,
        };
    let fixed = match fixed {
        "" if joins => "texts are joined by `+`, as in `a + 'b'`",
        fixed => fixed,
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    let is_arrow = rest.starts_with("=>") || word_before == "-" && rest.starts_with('>');
    let arrow = if word_before == "-" { before } else { Some(found) };
    if let Some((function, variable)) = variable(text, arrow, open).filter(|_| is_arrow) {
        return format!("a comma follows the variable: `{function}({variable}, …)`");
    }
    match (found.kind, open) {
        (
            TokenKind::End | TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace,
            Some(open),
        ) if !wants_operand => {
            let opened = &text[open.span.start..found.span.start];
            format!("the bracket of `{}` is not closed", shortened(opened.trim_end()))
        }
        (TokenKind::In | TokenKind::True | TokenKind::False | TokenKind::Null, _) if word_before == "." => {
            format!("put the name in backquotes: .`{word}`")
        }
        _ => String::new(),
    }
}

/// The function and the variable of `function(variable -> …)`, whose arrow begins at that token.
fn variable<'t>(text: &'t str, arrow: Option<&Token>, open: Option<&Token>) -> Option<(&'t str, &'t str)> {
    let open = open.filter(|open| open.kind == TokenKind::LeftParen)?;
    let inside = text.get(open.span.end..arrow?.span.start)?.trim();
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let before = &text[..open.span.start];
    let start = before.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let function = &before[start.map_or(0, |start| start + 1)..];
    let is_variable = !inside.is_empty() && is_name(inside) && !inside.starts_with("request");
    let own = match function {
        "some" | "any" => "exists",
        "every" => "all",
        "find" | "where" => "filter",
        "select" | "forEach" | "collect" => "map",
        _ => function,
    };
    (is_variable && !function.is_empty()).then_some((own, inside))
}

/// The units of durations.
const UNITS: [&str; 10] = ["ns", "us", "ms", "s", "m", "h", "d", "sec", "min", "days"];

fn is_text(token: Option<&Token>) -> bool {
    token.is_some_and(|token| token.kind == TokenKind::String)
}

/// Whether what ends with this token may be a text.
fn may_end_text(token: Option<&Token>) -> bool {
    token.is_some_and(|token| {
        matches!(
            token.kind,
            TokenKind::String | TokenKind::Name | TokenKind::RightParen | TokenKind::RightBracket
        )
    })
}

fn is_number(token: Option<&Token>) -> bool {
    token.is_some_and(|token| matches!(token.kind, TokenKind::Int | TokenKind::Double))
}

/// Whether a filter of Jinja, Liquid or Helm follows: ` upper`, ` default('x')`.
fn is_filter(rest: &str) -> bool {
    const FILTERS: [&str; 19] = [
        "default", "upper", "lower", "quote", "trim", "title", "length", "size", "join", "first", "last",
        "sort", "replace", "int", "float", "string", "tojson", "toJson", "round",
    ];
    let rest = rest.trim_start();
    let end = rest
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(rest.len());
    FILTERS.contains(&&rest[..end])
}

/// What is written instead of an operator that other languages write as a word; empty for other words.
fn operator_in_words(word: &str) -> &'static str {
    match word.to_lowercase().as_str() {
        "and" => "write `&&`",
        "or" => "write `||`",
        "is" | "eq" | "equals" => "write `==`",
        "isnt" | "ne" | "neq" => "write `!=`",
        "lt" => "write `<`",
        "gt" => "write `>`",
        "le" | "lte" => "write `<=`",
        "ge" | "gte" => "write `>=`",
        "mod" => "write `%`",
        "div" => "write `/`",
        "xor" => "write `!=`",
        "like" | "ilike" => "write `x.contains(t)`, `x.startsWith(t)` or `x.matches('…')`",
        "contains" => "write `x.contains(t)`, or `x in list`",
        "matches" => "write `x.matches('…')`",
        "startswith" => "write `x.startsWith(t)`",
        "endswith" => "write `x.endsWith(t)`",
        "if" | "unless" | "then" => "write `condition ? this : that`",
        "between" => "write `a <= x && x <= b`",
        _ => "",
    }
}

/// The problem of a reserved word in place of a variable or a function; `None` for other words.
pub(super) fn reserved(name: &str, span: &Range<usize>) -> Option<ExprProblem> {
    if !RESERVED.contains(&name) {
        return None;
    }
    let hint = match name {
        "if" | "else" => "write `condition ? this : that`",
        "for" | "while" | "loop" => "lists have `all`, `exists`, `map` and `filter`",
        "return" => "leave it out: an expression is its value",
        "let" | "var" | "const" => "a value that is needed twice is a variable of `state`",
        "function" => "write the expression itself: it has no functions of its own",
        "as" => "types are converted by `string(x)`, `int(x)`, `double(x)`",
        _ => "",
    };
    Some(syntax_problem(
        span.clone(),
        format!("`{name}` is a reserved word"),
        hint,
    ))
}

/// Syntax for optional values, which protod does not have.
pub(super) fn optional(span: Range<usize>, symbol: &str) -> ExprProblem {
    let hint = match symbol {
        ".?" => "write `has(a.b) ? a.b : x`",
        "[?" => "write `k in m ? m[k] : x`",
        _ => "",
    };
    syntax_problem(span, format!("unsupported syntax '{symbol}'"), hint)
}

/// The beginning of the text, on one line. Characters that nobody sees are written as their codes.
pub(super) fn shortened(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    let (text, ellipsis) = match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    let visible = |character: char| match character {
        '\\' | '\'' | '"' => character.to_string(),
        _ => character.escape_debug().to_string(),
    };
    text.chars().map(visible).collect::<String>() + ellipsis
}
