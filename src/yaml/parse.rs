//! From the YAML parser's events to nodes, without recursion.
//!
//! What could hide a mistake is a problem: duplicate keys, unknown tags, a second document. Aliases are expanded
//! within a budget, so that a small file cannot fill the memory.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::node::{Node, Yaml};
use super::places::Places;
use super::scalar::resolve;
use super::surrogates::{JoinedPairs, lone_half};
use super::trouble::{Trouble, explain, quote_value_at};
use crate::error::{Problem, SourceText};

/// Nodes may nest this deep; messages may nest 100 levels deep, too.
const MAX_DEPTH: usize = 100;
/// A file may have this many nodes, with aliases expanded.
const MAX_NODES: usize = 4_000_000;

/// Parses a file, which is one document; an empty file is [`Yaml::Null`].
pub(crate) fn parse(source: &SourceText) -> Result<Node, Vec<Problem>> {
    let joined = JoinedPairs::of(source.text());
    let text = joined.as_ref().map_or(source.text(), |joined| &joined.text);
    let original = |span: Range<usize>| match &joined {
        Some(joined) => joined.original(span.start)..joined.original(span.end),
        None => span,
    };
    let places = Places::new(text);
    let mut builder = Builder::new(source);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((mut event, span)) => {
                let span = places.span(span);
                if let (Some(joined), Event::Scalar(scalar, style, ..)) = (&joined, &mut event)
                    && *style != ScalarStyle::DoubleQuoted
                {
                    *scalar = joined.restored(scalar, span.clone()).into();
                }
                if let Err(problem) = builder.event(event, original(span)) {
                    builder.problems.push(problem);
                    break;
                }
            }
            Err(error) => {
                let at = places.offset(error.marker());
                let half = lone_half(text, at).filter(|_| is_bad_escape(&error));
                let problem = if let Some((place, message)) = half {
                    Problem::at(source, original(place), message).with_hint(
                        "write the two halves one after the other, as `\\ud83d\\ude00`, or the character itself",
                    )
                } else {
                    let Trouble { span, message, hint } = explain(text, at, error.info());
                    Problem::at(source, original(span), message).with_hint_if(hint)
                };
                builder.problems.push(problem);
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

/// Whether an escape is no character.
fn is_bad_escape(error: &ScanError) -> bool {
    error.info().contains("invalid Unicode character escape code")
}

/// A list or mapping that is being read.
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
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            problems: Vec::new(),
        }
    }

    /// An `Err` ends parsing.
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(self
                .problem(span, "a second document")
                .with_hint("one file holds one document; put the others into files of their own")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    // Count before cloning: a few nested aliases could fill the memory.
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
                        let hint = quote_value_at(self.source.text(), span.start);
                        self.problems
                            .push(self.problem(span.clone(), message).with_hint(hint));
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
