//! The matcher: from the verb and the path of a request to a rule.
//!
//! Templates are a tree by their segments. At each segment the literal is tried before `*`, and `*` before `**`, so the most
//! specific template wins. A node is visited at most once for a request, since there is one way to each: the time is bounded
//! by the length of the path and the size of the tree, whatever the path is.

use std::borrow::Cow;
use std::collections::HashSet;

use http::Method as Verb;
use percent_encoding::percent_decode_str;

use super::template::{Segment, Template};
use crate::schema::FastMap;

/// The templates of rules, which are known by their numbers.
#[derive(Debug, Default)]
pub(super) struct Trie {
    root: Node,
    /// Every custom verb, the part of a path after its last colon.
    verbs: HashSet<String>,
}

#[derive(Debug, Default)]
struct Node {
    literals: FastMap<String, Node>,
    one: Option<Box<Node>>,
    /// The templates that end here.
    ends: Vec<End>,
    /// The templates that go on with `**`.
    rests: Vec<End>,
}

/// The end of a template.
#[derive(Debug)]
struct End {
    /// `None` stands for all of HTTP's verbs.
    method: Option<Verb>,
    verb: Option<String>,
    rule: usize,
}

/// What a request's path is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The number of the rule, and the length of the path without its verb.
    Rule(usize, usize),
    /// There are templates of this path, for other verbs of HTTP.
    OtherVerbs(Vec<Verb>),
    Nothing,
}

impl Trie {
    /// Adds the template of a rule. Fails with the rule that has the same.
    pub(super) fn insert(
        &mut self,
        method: Option<&Verb>,
        template: &Template,
        rule: usize,
    ) -> Result<(), usize> {
        let mut node = &mut self.root;
        let mut has_rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = node.literal(text),
                Segment::One => node = node.one.get_or_insert_default(),
                Segment::Rest => has_rest = true,
            }
        }
        let ends = if has_rest { &mut node.rests } else { &mut node.ends };
        let same = |end: &&End| end.method.as_ref() == method && end.verb == template.verb;
        if let Some(known) = ends.iter().find(same) {
            return Err(known.rule);
        }
        let end = End {
            method: method.cloned(),
            verb: template.verb.clone(),
            rule,
        };
        // One for all verbs of HTTP is less specific.
        let place = if method.is_some() { 0 } else { ends.len() };
        ends.insert(place, end);
        self.verbs.extend(template.verb.clone());
        Ok(())
    }

    /// The rule of a request, by its path with escapes.
    pub(super) fn find(&self, method: &Verb, path: &str) -> Found {
        let Some(segments) = path.strip_prefix('/') else {
            return Found::Nothing;
        };
        let mut allowed = Vec::new();
        let (before, verb) = self.split_verb(segments);
        let ways = [(before, verb), (segments, None)];
        let ways = if verb.is_some() { &ways[..] } else { &ways[1..] };
        for (segments, verb) in ways {
            let wanted = Wanted { method, verb: *verb };
            if let Some(rule) = self.root.find(some_segments(segments), wanted, &mut allowed) {
                return Found::Rule(rule, 1 + segments.len());
            }
        }
        if allowed.is_empty() {
            return Found::Nothing;
        }
        allowed.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        allowed.dedup();
        Found::OtherVerbs(allowed)
    }

    /// A path and its custom verb, if it ends with one that some template has.
    fn split_verb<'p>(&self, segments: &'p str) -> (&'p str, Option<&'p str>) {
        let last = segments.rfind('/').map_or(0, |slash| slash + 1);
        let Some(colon) = segments[last..].rfind(':') else {
            return (segments, None);
        };
        let (before, verb) = (&segments[..last + colon], &segments[last + colon + 1..]);
        if self.verbs.contains(&*decoded(verb)) {
            (before, Some(verb))
        } else {
            (segments, None)
        }
    }
}

/// The segments of a path without its first slash. The root has none.
fn some_segments(path: &str) -> Option<&str> {
    (!path.is_empty()).then_some(path)
}

#[derive(Clone, Copy)]
struct Wanted<'w> {
    method: &'w Verb,
    verb: Option<&'w str>,
}

impl Node {
    /// The node after a literal.
    fn literal(&mut self, text: &str) -> &mut Self {
        // Nearly always there is one: a service has its methods below a few paths.
        if !self.literals.contains_key(text) {
            self.literals.insert(text.to_owned(), Self::default());
        }
        self.literals.get_mut(text).expect("it is there by now")
    }

    /// The rule for what is left of a path. Notes the verbs of HTTP that other rules of the path have.
    fn find(&self, rest: Option<&str>, wanted: Wanted<'_>, allowed: &mut Vec<Verb>) -> Option<usize> {
        let Some(rest) = rest else {
            let found = wanted.among(&self.ends, allowed);
            return found.or_else(|| wanted.among(&self.rests, allowed));
        };
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        if let Some(node) = self.literals.get(&*decoded(segment))
            && let Some(found) = node.find(after, wanted, allowed)
        {
            return Some(found);
        }
        if let Some(node) = &self.one
            && !segment.is_empty()
            && let Some(found) = node.find(after, wanted, allowed)
        {
            return Some(found);
        }
        wanted.among(&self.rests, allowed)
    }
}

impl Wanted<'_> {
    fn among(self, ends: &[End], allowed: &mut Vec<Verb>) -> Option<usize> {
        let verb = self.verb.map(decoded);
        for end in ends.iter().filter(|end| end.verb.as_deref() == verb.as_deref()) {
            match &end.method {
                Some(method) if method != self.method => allowed.push(method.clone()),
                _ => return Some(end.rule),
            }
        }
        None
    }
}

/// A segment without its escapes, for comparison with a literal.
fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// The part of a path that `segments` of its template take. `path` begins with a slash and has no custom verb.
pub(super) fn captured<'p>(path: &'p str, segments: &std::ops::Range<usize>, has_rest: bool) -> &'p str {
    let mut slashes = path.match_indices('/').map(|(slash, _)| slash);
    let Some(start) = slashes.nth(segments.start) else {
        return "";
    };
    let end = if has_rest {
        path.len()
    } else {
        slashes.nth(segments.len() - 1).unwrap_or(path.len())
    };
    &path[start + 1..end]
}
