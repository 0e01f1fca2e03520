//! YAML 1.2 as a tree in which every node knows its place.
//!
//! The parser's events are turned into [`Node`]s without recursion. Scalars are resolved by YAML's core schema.
//! What a rules file has no use for is a problem rather than a surprise: duplicate keys, unknown tags, a second
//! document. Aliases are expanded within a budget, so that no file grows without bound.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::mem;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use crate::Problem;
use crate::error::SourceText;

/// A node deeper than this is a problem: messages end at depth 100 too.
const MAX_DEPTH: usize = 100;
/// More nodes than this, aliases expanded, is a problem.
const MAX_NODES: usize = 4_000_000;

/// A value and the bytes of the file that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Yaml,
}

/// A value by YAML's core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    /// Wide enough for every 64-bit integer of proto.
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What the value is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Yaml::Null => "null",
            Yaml::Bool(_) => "a boolean",
            Yaml::Int(_) | Yaml::Float(_) => "a number",
            Yaml::Text(_) => "a string",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that may stand as a key: what was meant, whether YAML took it for a number or not.
    pub(crate) fn key_text(&self) -> Option<String> {
        match &self.value {
            Yaml::Text(text) => Some(text.clone()),
            Yaml::Int(number) => Some(number.to_string()),
            Yaml::Bool(truth) => Some(truth.to_string()),
            Yaml::Float(number) => Some(number.to_string()),
            Yaml::Null => Some("null".to_owned()),
            Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// How many entries a mapping has.
    pub(crate) fn entries(&self) -> usize {
        match &self.value {
            Yaml::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// A hash of the values, wherever in a file they stand.
    pub(crate) fn content_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_values(&mut hasher);
        hasher.finish()
    }

    fn hash_values(&self, hasher: &mut impl Hasher) {
        mem::discriminant(&self.value).hash(hasher);
        match &self.value {
            Yaml::Null => {}
            Yaml::Bool(truth) => truth.hash(hasher),
            Yaml::Int(number) => number.hash(hasher),
            Yaml::Float(number) => number.to_bits().hash(hasher),
            Yaml::Text(text) => text.hash(hasher),
            Yaml::List(items) => {
                items.len().hash(hasher);
                for item in items {
                    item.hash_values(hasher);
                }
            }
            Yaml::Map(entries) => {
                entries.len().hash(hasher);
                for (key, value) in entries {
                    key.hash_values(hasher);
                    value.hash_values(hasher);
                }
            }
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Yaml::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Yaml::Map(entries) => {
                1 + entries
                    .iter()
                    .map(|(key, value)| key.size() + value.size())
                    .sum::<usize>()
            }
            _ => 1,
        }
    }
}

/// Reads the one document of a file; an empty file is [`Yaml::Null`].
pub(crate) fn parse(source: &SourceText) -> Result<Node, Vec<Problem>> {
    let mut builder = Builder::new(source);
    let mut parser = Parser::new_from_str(source.text());
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let span = builder.places.span(span);
                if let Err(problem) = builder.event(event, span) {
                    builder.problems.push(problem);
                    break;
                }
            }
            Err(error) => {
                let at = builder.places.offset(error.marker());
                builder.problems.push(Problem::at(
                    source,
                    at..at,
                    format!("not valid YAML: {}", error.info()),
                ));
                break;
            }
        }
    }
    if !builder.problems.is_empty() {
        return Err(builder.problems);
    }
    let end = source.text().len();
    Ok(builder.root.unwrap_or(Node {
        span: 0..end.min(1),
        value: Yaml::Null,
    }))
}

/// Turns the parser's markers into byte offsets.
///
/// Lines and columns are used, and not the marker's index: after a comment with characters of several bytes the
/// parser's index is off, while each line's columns start afresh.
struct Places<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends_line =
            |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let line_starts = std::iter::once(0)
            .chain((0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1))
            .collect();
        Self { text, line_starts }
    }

    fn offset(&self, marker: &Marker) -> usize {
        let Some(start) = self.line_starts.get(marker.line().saturating_sub(1)) else {
            return self.text.len();
        };
        let line = &self.text[*start..];
        line.char_indices()
            .nth(marker.col())
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    fn span(&self, span: Span) -> Range<usize> {
        let start = self.offset(&span.start);
        let end = self.offset(&span.end).max(start);
        // Ends are where the next token begins: the blanks and breaks before it are not the value's.
        let trimmed = self.text[start..end].trim_end().len();
        start..start + trimmed
    }
}

/// A list or mapping whose end has not come yet.
struct Open {
    span: Range<usize>,
    anchor: usize,
    children: Children,
}

enum Children {
    List(Vec<Node>),
    Map {
        entries: Vec<(Node, Node)>,
        key: Option<Node>,
        seen: HashSet<String>,
    },
}

struct Builder<'t> {
    source: &'t SourceText,
    places: Places<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
    problems: Vec<Problem>,
}

impl<'t> Builder<'t> {
    fn new(source: &'t SourceText) -> Self {
        Self {
            source,
            places: Places::new(source.text()),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            problems: Vec::new(),
        }
    }

    /// An `Err` ends the reading.
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(self
                .problem(span, "a second document")
                .with_hint("one file holds one list of rules; put the others into files of their own")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    // Counted before it is cloned, or a few aliases of aliases fill the memory first.
                    self.nodes += node.size();
                    self.within_budget(&span)?;
                    let node = node.clone();
                    self.add(node, 0)
                }
                None => Err(self.problem(span, "an alias inside of the node that it names")),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let value = match resolve(&text, style, tag.as_deref()) {
                    Ok(value) => value,
                    Err(message) => {
                        self.problems.push(self.problem(span.clone(), message));
                        Yaml::Null
                    }
                };
                self.add(Node { span, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.start(span, anchor, Children::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let map = Children::Map {
                    entries: Vec::new(),
                    key: None,
                    seen: HashSet::new(),
                };
                self.start(span, anchor, map)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open {
                    span: started,
                    anchor,
                    children,
                }) = self.open.pop()
                else {
                    return Ok(());
                };
                let value = match children {
                    Children::List(items) => Yaml::List(items),
                    Children::Map { entries, .. } => Yaml::Map(entries),
                };
                self.add(
                    Node {
                        span: started.start..span.end.max(started.end),
                        value,
                    },
                    anchor,
                )
            }
        }
    }

    fn start(&mut self, span: Range<usize>, anchor: usize, children: Children) -> Result<(), Problem> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.problem(span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open {
            span,
            anchor,
            children,
        });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        self.nodes += 1;
        self.within_budget(&node.span)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.children {
            Children::List(items) => items.push(node),
            Children::Map {
                entries,
                key: waiting,
                seen,
            } => {
                if let Some(key) = waiting.take() {
                    entries.push((key, node));
                } else {
                    match node.key_text() {
                        Some(text) if seen.contains(&text) => self.problems.push(
                            Problem::at(self.source, node.span.clone(), format!("`{text}` is here twice"))
                                .with_label("the second one"),
                        ),
                        Some(text) => {
                            seen.insert(text);
                        }
                        None => self.problems.push(Problem::at(
                            self.source,
                            node.span.clone(),
                            format!("{} cannot be a key", node.kind()),
                        )),
                    }
                    *waiting = Some(node);
                }
            }
        }
        Ok(())
    }

    fn within_budget(&self, span: &Range<usize>) -> Result<(), Problem> {
        if self.nodes > MAX_NODES {
            return Err(self.problem(
                span.clone(),
                format!("more than {MAX_NODES} values, aliases expanded"),
            ));
        }
        Ok(())
    }

    fn problem(&self, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::at(self.source, span, message)
    }
}

/// A scalar by the core schema (YAML 1.2.2, section 10.3.2), or by its tag.
fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Yaml, String> {
    let plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else {
        return Ok(if plain {
            resolve_plain(text)
        } else {
            Yaml::Text(text.to_owned())
        });
    };
    let wanted = match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("", "!") | ("!", "") => "str",
        (_, suffix) if tag.is_yaml_core_schema() => suffix,
        _ => "",
    };
    match (wanted, resolve_plain(text)) {
        ("str", _) => Ok(Yaml::Text(text.to_owned())),
        ("int", value @ Yaml::Int(_))
        | ("float", value @ Yaml::Float(_))
        | ("bool", value @ Yaml::Bool(_))
        | ("null", value @ Yaml::Null) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "`!!float 1` asks for a float")]
        ("float", Yaml::Int(value)) => Ok(Yaml::Float(value as f64)),
        ("int" | "float" | "bool" | "null", _) => Err(format!("`{text}` does not fit its tag `!!{wanted}`")),
        _ => Err(format!("unknown tag `{tag}`")),
    }
}

fn resolve_plain(text: &str) -> Yaml {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Yaml::Null,
        "true" | "True" | "TRUE" => Yaml::Bool(true),
        "false" | "False" | "FALSE" => Yaml::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Yaml::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Yaml::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Yaml::Float(f64::NEG_INFINITY),
        _ => integer(text)
            .or_else(|| float(text))
            .unwrap_or_else(|| Yaml::Text(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<Yaml> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(hex), _) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok()?,
        (_, Some(octal)) if octal.bytes().all(|b| b.is_ascii_digit()) => {
            i128::from_str_radix(octal, 8).ok()?
        }
        _ if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    Some(Yaml::Int(value))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`: Rust's own syntax without its words.
fn float(text: &str) -> Option<Yaml> {
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !numeric || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    // One that is too large for a float is no infinity: it stays text, which no number's field takes.
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Yaml::Float(number))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn parsed(text: &str) -> Result<Node, String> {
        parse(&SourceText::new("f", text)).map_err(|problems| format!("{problems:?}"))
    }

    fn value(text: &str) -> Yaml {
        parsed(text).unwrap().value
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        for (text, expected) in [
            ("18446744073709551615", Yaml::Int(u64::MAX.into())),
            ("0x1F", Yaml::Int(31)),
            ("0o17", Yaml::Int(15)),
            ("-12", Yaml::Int(-12)),
            ("1e3", Yaml::Float(1000.0)),
            (".5", Yaml::Float(0.5)),
            ("-.inf", Yaml::Float(f64::NEG_INFINITY)),
            ("True", Yaml::Bool(true)),
            ("~", Yaml::Null),
            ("yes", Yaml::Text("yes".to_owned())),
            ("1.2.3", Yaml::Text("1.2.3".to_owned())),
            ("inf", Yaml::Text("inf".to_owned())),
            ("1e309", Yaml::Text("1e309".to_owned())),
            ("'12'", Yaml::Text("12".to_owned())),
            ("!!str 12", Yaml::Text("12".to_owned())),
            ("!!float 12", Yaml::Float(12.0)),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn places_are_bytes_also_after_characters_of_several() {
        let text = "# ä€🙂 comment\nkä: {a: 'ö'} # ü\nlist:\n  - x\n";
        let Yaml::Map(entries) = value(text) else { panic!() };
        let Yaml::Map(inner) = &entries[0].1.value else {
            panic!()
        };
        assert_eq!(&text[entries[0].0.span.clone()], "kä");
        assert_eq!(&text[inner[0].1.span.clone()], "'ö'");
        let Yaml::List(items) = &entries[1].1.value else {
            panic!()
        };
        assert_eq!(&text[items[0].span.clone()], "x");
    }

    #[test]
    fn what_hides_a_mistake_is_a_problem() {
        for (text, expected) in [
            ("a: 1\na: 2\n", "f:2:1: `a` is here twice"),
            ("a: 1\n---\nb: 2\n", "a second document"),
            ("a: !custom 1\n", "unknown tag"),
            ("a: [1\n", "not valid YAML"),
            ("a:\n\t- b\n", "not valid YAML"),
            ("? [a]\n: b\n", "a list cannot be a key"),
            ("a: !!int x\n", "`x` does not fit its tag `!!int`"),
            ("a: *b\n", "not valid YAML"),
        ] {
            let problems = parsed(text).unwrap_err();
            assert!(problems.contains(expected), "{text}: {problems}");
        }
    }

    #[test]
    fn an_empty_file_is_null_and_json_is_yaml() {
        assert_eq!(value(""), Yaml::Null);
        assert_eq!(value("# nothing\n"), Yaml::Null);
        let Yaml::Map(entries) = value("{\"a\": \"b\\n\", \"c\": [1, null]}") else {
            panic!()
        };
        assert_eq!(entries[0].1.text(), Some("b\n"));
        let Yaml::Map(entries) = value("{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n") else {
            panic!()
        };
        assert_eq!(entries[0].0.text(), Some("a"));
    }

    #[test]
    fn aliases_are_expanded_but_no_bomb_is() {
        let Yaml::Map(entries) = value("a: &x [1, 2]\nb: *x\n") else {
            panic!()
        };
        assert_eq!(entries[0].1.value, entries[1].1.value);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
        }
        assert!(parsed(&bomb).unwrap_err().contains("aliases expanded"));
    }

    #[test]
    fn nesting_ends_somewhere() {
        let problems = parsed(&"[".repeat(101)).unwrap_err();
        assert!(problems.contains("nested deeper than 100 levels"), "{problems}");
        assert!(parsed(&"[".repeat(1_000_000)).is_err());
        assert!(parsed(&"- ".repeat(100_000)).is_err());
    }
}
