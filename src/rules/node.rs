//! YAML 1.2 as a tree in which every node knows its place.
//!
//! The parser's events are turned into [`Node`]s without recursion. Scalars are resolved by YAML's core schema.
//! What a rules file has no use for is a problem rather than a surprise: duplicate keys, unknown tags, a second
//! document. Aliases are expanded within a budget, so that no file grows without bound.

use std::collections::{HashMap, HashSet};
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
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(self
                .problem(span, "a second document")
                .with_hint("one file holds one list of rules; put the others into files of their own")),
            Event::DocumentStart(_) => Ok(()),
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
            } => match waiting.take() {
                Some(key) => entries.push((key, node)),
                None => {
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
            },
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
    text.parse().ok().map(Yaml::Float)
}
