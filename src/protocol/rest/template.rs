//! Path templates of `google.api.http`, as texts and as segments.
//!
//! ```text
//! Template = "/" Segments [ Verb ] ;
//! Segments = Segment { "/" Segment } ;
//! Segment  = "*" | "**" | LITERAL | Variable ;
//! Variable = "{" FieldPath [ "=" Segments ] "}" ;
//! FieldPath = IDENT { "." IDENT } ;
//! Verb     = ":" LITERAL ;
//! ```

use std::ops::Range;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// A template has no more segments than this.
pub(super) const MAX_SEGMENTS: usize = 100;

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) segments: Vec<Segment>,
    pub(super) variables: Vec<Variable>,
    /// What comes after the last colon.
    pub(super) verb: Option<String>,
}

/// What a template says of one segment of a path, or of several.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Segment {
    /// This text, without its escapes.
    Literal(String),
    /// `*`: any one that is not empty.
    One,
    /// `**`: all that are left, or none. It is the last.
    Rest,
}

/// A part of the path that becomes a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// The names of fields, from the request message on, with dots between them.
    pub(super) field: String,
    /// Which segments it takes.
    pub(super) segments: Range<usize>,
    /// Whether it may hold slashes: a `%2F` in it stays as it is.
    pub(super) is_multi: bool,
}

/// What is wrong with a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TemplateError {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl TemplateError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Template {
    /// Parses a template.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let Some(rest) = text.strip_prefix('/') else {
            let error = TemplateError::new(format!("the path {text:?} does not begin with a slash"));
            return Err(match text {
                "" => TemplateError::new("the path is empty").hint("write one as in `/v1/shelves/{shelf}`"),
                _ => error.hint(format!("write `/{text}`")),
            });
        };
        let mut parser = Parser {
            rest,
            template: Self {
                segments: Vec::new(),
                variables: Vec::new(),
                verb: None,
            },
        };
        // The root has no segments. The grammar has at least one, but services are told apart by their roots, too.
        if !rest.is_empty() {
            parser.segments(false)?;
        }
        if let Some(verb) = parser.rest.strip_prefix(':') {
            if verb.contains([':', '/']) {
                return Err(TemplateError::new("a path ends with its verb, and has one")
                    .hint("a colon stands before the verb alone; write another as `%3A`"));
            }
            parser.template.verb = Some(literal(verb)?);
        } else if let Some(next) = parser.rest.chars().next() {
            return Err(match next {
                '}' => TemplateError::new("there is a `}` without its `{`"),
                _ => TemplateError::new(format!(
                    "a variable is a whole segment, and {:?} follows it",
                    parser.rest
                ))
                .hint("after a variable comes a slash, a verb or the end"),
            });
        }
        Ok(parser.template)
    }

    /// Whether a variable takes all that is left of a path: its last segment is `**`, which nothing follows.
    pub(super) fn takes_rest(&self, variable: &Variable) -> bool {
        self.segments[variable.segments.end - 1] == Segment::Rest
    }
}

struct Parser<'t> {
    rest: &'t str,
    template: Template,
}

impl Parser<'_> {
    /// Segments with slashes between them, up to what is no part of one.
    fn segments(&mut self, in_variable: bool) -> Result<(), TemplateError> {
        loop {
            self.segment(in_variable)?;
            match self.rest.strip_prefix('/') {
                Some(rest) => self.rest = rest,
                None => return Ok(()),
            }
        }
    }

    fn segment(&mut self, in_variable: bool) -> Result<(), TemplateError> {
        if self.rest.starts_with('{') {
            if in_variable {
                return Err(TemplateError::new("there is a variable in a variable")
                    .hint("a variable has literals, `*` and `**` in it"));
            }
            return self.variable();
        }
        let end = self
            .rest
            .find(['/', ':', '{', '}', '='])
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        let segment = match text {
            "*" => Segment::One,
            "**" => Segment::Rest,
            text => {
                // An equals sign may be in a literal.
                let end = self.rest.find(['/', ':', '{', '}']).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(if text.is_empty() { 0 } else { end });
                self.rest = rest;
                return self.push(Segment::Literal(literal(text)?));
            }
        };
        self.rest = rest;
        self.push(segment)
    }

    fn push(&mut self, segment: Segment) -> Result<(), TemplateError> {
        if self.template.segments.last() == Some(&Segment::Rest) {
            return Err(TemplateError::new("`**` is not the last segment")
                .hint("`**` takes all that is left of the path, so only a verb can follow it"));
        }
        if self.template.segments.len() == MAX_SEGMENTS {
            return Err(TemplateError::new(format!(
                "the path has more than {MAX_SEGMENTS} segments"
            )));
        }
        self.template.segments.push(segment);
        Ok(())
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        let unclosed = || TemplateError::new("there is a `{` without its `}`");
        self.rest = &self.rest[1..];
        let end = self.rest.find(['=', '}']).ok_or_else(unclosed)?;
        let field = self.rest[..end].to_owned();
        if !field.split('.').all(is_identifier) {
            return Err(TemplateError::new(format!("{field:?} is no name of a field"))
                .hint("a variable is written as `{field}` or `{field=segments}`, with the field's name in the proto"));
        }
        let start = self.template.segments.len();
        if self.rest[end..].starts_with('=') {
            self.rest = &self.rest[end + 1..];
            self.segments(true)?;
            if self.rest.is_empty() {
                return Err(unclosed());
            }
            self.rest = self.rest.strip_prefix('}').ok_or_else(|| {
                TemplateError::new("a verb stands at the end of the path, and not in a variable")
            })?;
        } else {
            self.rest = &self.rest[end + 1..];
            self.push(Segment::One)?;
        }
        if self.template.variables.iter().any(|known| known.field == field) {
            return Err(TemplateError::new(format!("there are two variables `{field}`"))
                .hint("each variable sets a field of its own"));
        }
        let segments = start..self.template.segments.len();
        let is_multi = segments.len() > 1 || self.template.segments[start] == Segment::Rest;
        self.template.variables.push(Variable {
            field,
            segments,
            is_multi,
        });
        Ok(())
    }
}

/// A literal without its escapes.
fn literal(text: &str) -> Result<String, TemplateError> {
    if text.is_empty() {
        return Err(
            TemplateError::new("a segment or a verb is empty").hint("leave out the slash or the colon")
        );
    }
    if let Some(other) = text.chars().find(|letter| !is_literal(*letter)) {
        let error = TemplateError::new(format!("{text:?} has {other:?}, which no path has as it is"));
        return Err(match other {
            '*' => error.hint("`*` stands for a whole segment"),
            '?' => error.hint("fields that are not in the path become parameters of the query by themselves"),
            other => error.hint(format!("write it as `{}`", escaped(other))),
        });
    }
    let mut escapes = text.split('%').skip(1);
    if let Some(wrong) = escapes.find(|after| !is_escape(after)) {
        let shown: String = wrong.chars().take(2).collect();
        return Err(
            TemplateError::new(format!("{text:?} has `%{shown}`, which is no escape"))
                .hint("two hexadecimal digits follow a `%`; itself it is `%25`"),
        );
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| TemplateError::new(format!("{text:?} is not UTF-8 without its escapes")))
}

/// Whether what follows a `%` begins with two hexadecimal digits.
fn is_escape(after: &str) -> bool {
    let digits = after.as_bytes().get(..2);
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

fn escaped(letter: char) -> String {
    let mut bytes = [0; 4];
    let bytes = letter.encode_utf8(&mut bytes).as_bytes();
    percent_encode(bytes, NON_ALPHANUMERIC).to_string()
}

/// What RFC 3986 allows in a segment, but for the colon; and letters that are not of ASCII.
fn is_literal(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || !letter.is_ascii() || "-._~%!$&'()+,;=@".contains(letter)
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
