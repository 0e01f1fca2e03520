//! From the YAML parser's events to nodes, without recursion.
//!
//! What could hide a mistake is a problem: duplicate keys, unknown tags, a second document. Aliases are expanded
//! within bounds of number and depth, so that a small file can neither fill the memory nor overflow a stack.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::diagnosis::Trouble;
use super::json;
use super::node::{FEW_ENTRIES, MAX_DEPTH, MAX_NODES, Node, Yaml};
use super::places::Places;
use super::scalar::resolve;
use super::surrogates::{JoinedPairs, lone_half};
use super::trouble::{explain, key_trouble, quote_value_at};
use crate::error::{Problem, SourceText};

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// What is hardly meant: anchors that no alias names.
    pub(crate) warnings: Vec<Problem>,
    /// The aliases, in their order.
    pub(crate) aliases: Vec<Alias>,
}

/// An alias of a file, which stands for a copy of an anchored node.
#[derive(Debug)]
pub(crate) struct Alias {
    /// Where the alias is.
    pub(crate) place: Range<usize>,
    /// Where the node is that it stands for.
    pub(crate) node: Range<usize>,
}

/// Parses a file, which is one document; an empty file is [`Yaml::Null`].
pub(crate) fn parse(source: &SourceText) -> Result<Node, Vec<Problem>> {
    parse_document(source).map(|document| document.root)
}

/// The same, with what is known of its anchors and aliases.
pub(crate) fn parse_document(source: &SourceText) -> Result<Document, Vec<Problem>> {
    if let Some(root) = json::read(source.text()) {
        return Ok(Document {
            root,
            warnings: Vec::new(),
            aliases: Vec::new(),
        });
    }
    parse_yaml(source)
}

/// The same, whatever kind of YAML it is.
pub(super) fn parse_yaml(source: &SourceText) -> Result<Document, Vec<Problem>> {
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
    let warnings = builder.unused_anchors();
    let end = source.text().len();
    let root = builder.root.unwrap_or(Node {
        span: 0..end.min(1),
        value: Yaml::Null,
    });
    Ok(Document {
        root,
        warnings,
        aliases: builder.aliases,
    })
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
    /// How many levels its deepest child has.
    depth: usize,
}

enum Children {
    List(Vec<Node>),
    Map(OpenMap),
}

/// A mapping that is being read.
#[derive(Default)]
struct OpenMap {
    entries: Vec<(Node, Node)>,
    /// The key whose value comes next, and whether it is the key of a merge.
    key: Option<(Node, bool)>,
    /// The keys so far, if there are many.
    seen: Option<HashSet<String>>,
    /// The values of `<<`.
    merged: Vec<Node>,
}

impl OpenMap {
    /// Notes a key; `false` if it is here already.
    fn note(&mut self, text: &str) -> bool {
        if self.seen.is_none() && self.entries.len() < FEW_ENTRIES {
            let is_known = |(key, _): &(Node, Node)| match key.text() {
                Some(known) => known == text,
                None => key.key_text().is_some_and(|known| known == text),
            };
            let is_merged = text == "<<" && !self.merged.is_empty();
            return !(is_merged || self.entries.iter().any(is_known));
        }
        self.seen().insert(text.to_owned())
    }

    fn seen(&mut self) -> &mut HashSet<String> {
        let merges = !self.merged.is_empty();
        self.seen.get_or_insert_with(|| {
            let keys = self.entries.iter().filter_map(|(key, _)| key.key_text());
            keys.chain(merges.then(|| "<<".to_owned())).collect()
        })
    }
}

/// A node that aliases can name.
struct Anchored {
    node: Node,
    /// How many levels it has.
    depth: usize,
    is_used: bool,
}

struct Builder<'t> {
    source: &'t SourceText,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    aliases: Vec<Alias>,
    root: Option<Node>,
    nodes: usize,
    problems: Vec<Problem>,
}

impl<'t> Builder<'t> {
    fn new(source: &'t SourceText) -> Self {
        Self {
            source,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            aliases: Vec::new(),
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
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let value = match resolve(&text, style, tag.as_deref()) {
                    Ok(value) => value,
                    Err(message) => {
                        let hint = included(tag.as_deref(), &text)
                            .unwrap_or_else(|| quote_value_at(self.source.text(), span.start));
                        self.problems
                            .push(self.problem(span.clone(), message).with_hint(hint));
                        Yaml::Null
                    }
                };
                let is_merge = style == ScalarStyle::Plain && text == "<<";
                self.add(Node { span, value }, anchor, 1, is_merge)
            }
            Event::SequenceStart(anchor, tag) => {
                self.expect_tag(tag.as_deref(), "seq", &span);
                self.start(span, anchor, Children::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.expect_tag(tag.as_deref(), "map", &span);
                self.start(span, anchor, Children::Map(OpenMap::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let value = match open.children {
                    Children::List(mut items) => {
                        items.shrink_to_fit();
                        Yaml::List(items)
                    }
                    Children::Map(map) => Yaml::Map(self.merge(map)),
                };
                // The parser ends a block where the next one begins.
                let block = &self.source.text()[open.span.start..span.end.max(open.span.end)];
                let span = open.span.start..open.span.start + block.trim_end().len();
                self.add(Node { span, value }, open.anchor, open.depth + 1, false)
            }
        }
    }

    /// Adds a copy of the node that an alias stands for.
    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Problem> {
        let Some(anchored) = self.anchors.get_mut(&anchor) else {
            return Err(self.problem(span, "an alias inside of the node that it names"));
        };
        anchored.is_used = true;
        let depth = anchored.depth;
        // Count before cloning: a few nested aliases could fill the memory.
        self.nodes += anchored.node.size();
        let node = (self.nodes <= MAX_NODES).then(|| anchored.node.clone());
        self.within_budget(&span)?;
        self.within_depth(depth, &span)?;
        let Some(node) = node else { return Ok(()) };
        self.aliases.push(Alias {
            place: span,
            node: node.span.clone(),
        });
        self.add(node, 0, depth, false)
    }

    /// The entries of a mapping with those that it merges. Its own entries win, and then those that are merged first.
    fn merge(&mut self, mut map: OpenMap) -> Vec<(Node, Node)> {
        if map.merged.is_empty() {
            // There are many of them, and most have one or two entries.
            map.entries.shrink_to_fit();
            return map.entries;
        }
        map.seen();
        let OpenMap {
            entries,
            seen,
            merged,
            ..
        } = map;
        let mut seen = seen.unwrap_or_default();
        let mut all = Vec::new();
        for value in merged {
            let Node { span, value } = value;
            let maps = match value {
                Yaml::Map(_) => vec![Node { span, value }],
                Yaml::List(items) => items,
                _ => vec![Node { span, value }],
            };
            for map in maps {
                let Yaml::Map(merged) = map.value else {
                    let problem = self.problem(
                        map.span.clone(),
                        format!("`<<` merges mappings, and this is {}", map.kind()),
                    );
                    self.problems
                        .push(problem.with_hint("write an alias, as in `<<: *base`, or a list of them"));
                    continue;
                };
                let mut is_new = |key: &Node| key.key_text().is_some_and(|text| seen.insert(text));
                all.extend(merged.into_iter().filter(|(key, _)| is_new(key)));
            }
        }
        all.extend(entries);
        all
    }

    /// A warning for each anchor that no alias names: such an `&` is often part of a text.
    fn unused_anchors(&self) -> Vec<Problem> {
        let unused = self.anchors.values().filter(|anchored| !anchored.is_used);
        unused
            .map(|anchored| {
                let text = self.source.text();
                let start = anchored.node.span.start;
                let start = if text[start..].starts_with('&') {
                    start
                } else {
                    text[..start].rfind('&').unwrap_or(start)
                };
                let ends_name = |letter: char| letter.is_whitespace() || ",[]{}".contains(letter);
                let name = text[start..].split(ends_name).next().unwrap_or_default();
                let problem = self.problem(
                    start..start + name.len(),
                    format!("no alias names the anchor `{name}`"),
                );
                let alias = name.trim_start_matches('&');
                let quoted = quote_value_at(text, start);
                let hint = format!(
                    "leave it out, or, if it is text, {quoted}; what an anchor names is `*{alias}` elsewhere"
                );
                problem.with_hint(hint).into_warning()
            })
            .collect()
    }

    /// Adds a problem if a list or a mapping has a tag that says something else.
    fn expect_tag(&mut self, tag: Option<&Tag>, suffix: &str, span: &Range<usize>) {
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == suffix)) {
            let problem = self.problem(span.clone(), format!("unknown tag `{tag}`"));
            let hint = quote_value_at(self.source.text(), span.start);
            self.problems.push(problem.with_hint(hint));
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
            depth: 0,
        });
        Ok(())
    }

    /// Adds a node of `depth` levels. `is_merge` says whether it merges others if it is a key.
    fn add(&mut self, node: Node, anchor: usize, depth: usize, is_merge: bool) -> Result<(), Problem> {
        self.nodes += 1;
        self.within_budget(&node.span)?;
        if anchor != 0 {
            let anchored = Anchored {
                node: node.clone(),
                depth,
                is_used: false,
            };
            self.anchors.insert(anchor, anchored);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.depth = open.depth.max(depth);
        let map = match &mut open.children {
            Children::List(items) => {
                items.push(node);
                return Ok(());
            }
            Children::Map(map) => map,
        };
        match map.key.take() {
            Some((_, true)) => map.merged.push(node),
            Some((key, false)) => map.entries.push((key, node)),
            None => {
                let text = match &node.value {
                    Yaml::Text(text) => Some(Cow::Borrowed(text.as_str())),
                    _ => node.key_text().map(Cow::Owned),
                };
                match text {
                    Some(text) if !map.note(&text) => self.problems.push(
                        Problem::at(self.source, node.span.clone(), format!("`{text}` is here twice"))
                            .with_label("the second one")
                            .with_hint("leave one of them out"),
                    ),
                    Some(_) => {}
                    // What comes after it would be told of, too, and be no fault of its own.
                    None => {
                        let Trouble { span, message, hint } =
                            key_trouble(self.source.text(), &node.span, node.kind());
                        return Err(self.problem(span, message).with_hint_if(hint));
                    }
                }
                map.key = Some((node, is_merge));
            }
        }
        Ok(())
    }

    /// A node of `depth` levels may be added here.
    fn within_depth(&self, depth: usize, span: &Range<usize>) -> Result<(), Problem> {
        if self.open.len() + depth > MAX_DEPTH + 1 {
            return Err(self.problem(
                span.clone(),
                format!("nested deeper than {MAX_DEPTH} levels, aliases expanded"),
            ));
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

/// What to do about a tag that includes a file, as other tools have it: `!include receipt.json`.
fn included(tag: Option<&Tag>, name: &str) -> Option<String> {
    let suffix = tag?.suffix.to_lowercase();
    let is_include = ["include", "file", "import", "load", "read"]
        .iter()
        .any(|word| suffix.contains(word));
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|_| is_include)?;
    Some(match ending {
        "json" | "ndjson" | "jsonl" => format!(
            "the messages of a file are `reply_file: {name}`, in place of `reply`, or `send_file: {name}` for a step"
        ),
        _ => "no file is part of another: all rules files of a folder are read, and messages stand in files of JSON".to_owned(),
    })
}
