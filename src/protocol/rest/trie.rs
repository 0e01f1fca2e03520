//! The matcher: from the verb and the path of a request to a binding.
//!
//! Templates are a tree by their segments. At each segment the literal is tried before `*`, and `*` before `**`, so the most
//! specific template wins. A node is visited at most once for a request, since there is one way to each: the time is bounded
//! by the length of the path and the size of the tree, whatever the path is.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use http::Method as Verb;
use percent_encoding::percent_decode_str;

use super::template::{Segment, Template};

/// The templates of bindings, which are known by their indices.
#[derive(Debug, Default)]
pub(super) struct Trie {
    root: Node,
    /// Every custom verb, the part of a path after its last colon.
    verbs: HashSet<String>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
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
    binding: usize,
}

/// What a request's path is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The binding, and the length of the path without its verb.
    Binding(usize, usize),
    /// There are templates of this path, for other verbs of HTTP.
    OtherVerbs(Vec<Verb>),
    Nothing,
}

impl Trie {
    /// Adds a template. Fails with the binding that has the same.
    pub(super) fn insert(
        &mut self,
        method: Option<&Verb>,
        template: &Template,
        binding: usize,
    ) -> Result<(), usize> {
        let mut node = &mut self.root;
        let mut has_rest = false;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => node = node.literals.entry(text.clone()).or_default(),
                Segment::One => node = node.one.get_or_insert_default(),
                Segment::Rest => has_rest = true,
            }
        }
        let ends = if has_rest { &mut node.rests } else { &mut node.ends };
        let same = |end: &&End| end.method.as_ref() == method && end.verb == template.verb;
        if let Some(known) = ends.iter().find(same) {
            return Err(known.binding);
        }
        let end = End {
            method: method.cloned(),
            verb: template.verb.clone(),
            binding,
        };
        // One for all verbs of HTTP is less specific.
        let place = if method.is_some() { 0 } else { ends.len() };
        ends.insert(place, end);
        self.verbs.extend(template.verb.clone());
        Ok(())
    }

    /// The binding of a request, by its path with escapes.
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
            if let Some(binding) = self.root.find(some_segments(segments), wanted, &mut allowed) {
                return Found::Binding(binding, 1 + segments.len());
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
    /// The binding for what is left of a path. Notes the verbs of HTTP that other bindings of the path have.
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
                _ => return Some(end.binding),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks requests up among templates, each `VERB /path`.
    fn check(templates: &[&str], requests: &[(&str, &str)]) {
        let mut trie = Trie::default();
        for (index, template) in templates.iter().enumerate() {
            let (method, template) = template.split_once(' ').expect("a verb");
            let method = (method != "*").then(|| method.parse().expect("a verb"));
            let template = Template::parse(template).expect("a template");
            trie.insert(method.as_ref(), &template, index)
                .expect("another one");
        }
        for (request, expected) in requests {
            let (method, path) = request.split_once(' ').expect("a verb");
            let found = match trie.find(&method.parse().expect("a verb"), path) {
                Found::Nothing => "none".to_owned(),
                Found::OtherVerbs(verbs) => {
                    let verbs: Vec<_> = verbs.iter().map(Verb::as_str).collect();
                    verbs.join(", ")
                }
                Found::Binding(binding, length) => {
                    let template = templates[binding];
                    let parsed = Template::parse(template.split_once(' ').unwrap().1).unwrap();
                    let values = parsed.variables.iter().map(|variable| {
                        let value =
                            captured(&path[..length], &variable.segments, parsed.takes_rest(variable));
                        format!(" {}={value}", variable.field)
                    });
                    template.to_owned() + &values.collect::<String>()
                }
            };
            assert_eq!(found, *expected, "{request}");
        }
    }

    #[test]
    fn the_most_specific_template_wins() {
        check(
            &[
                "GET /a/**",
                "GET /b/*",
                "GET /c/*/d/**",
                "GET /c/*/d/e",
                "GET /c/f/d/e",
                "GET /",
            ],
            &[
                ("GET /a", "GET /a/**"),
                ("GET /a/", "GET /a/**"),
                ("GET /a/b", "GET /a/**"),
                ("GET /a/b/c/d/e/f", "GET /a/**"),
                ("GET /b/c", "GET /b/*"),
                ("GET /b", "none"),
                ("GET /b/", "none"),
                ("GET /b/c/d", "none"),
                ("GET /c/u/d/v", "GET /c/*/d/**"),
                ("GET /c/v/d/w/x", "GET /c/*/d/**"),
                ("GET /c/x/y/d/z", "none"),
                ("GET /c//d/w", "none"),
                ("GET /c/x/d/e", "GET /c/*/d/e"),
                ("GET /c/f/d/e", "GET /c/f/d/e"),
                ("GET /c/f/d/g", "GET /c/*/d/**"),
                ("GET /", "GET /"),
                ("GET *", "none"),
                ("GET /A/b", "none"),
            ],
        );
    }

    #[test]
    fn variables_take_their_segments() {
        check(
            &[
                "GET /a/{x}/c/d/e",
                "GET /{x=a/*}/b/{y=*}/c",
                "GET /a/{x=b/*}/{y=d/**}",
                "GET /{x=*}/a",
                "GET /a/b/{x=*}",
                "GET /a/b/c/{x=**}",
                "GET /{x=*}/d/e/f/{y=**}",
            ],
            &[
                ("GET /a/book/c/d/e", "GET /a/{x}/c/d/e x=book"),
                (
                    "GET /a/hello/b/world/c",
                    "GET /{x=a/*}/b/{y=*}/c x=a/hello y=world",
                ),
                (
                    "GET /a/b/zoo/d/animal/tiger",
                    "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d/animal/tiger",
                ),
                ("GET /a/b/zoo/d", "GET /a/{x=b/*}/{y=d/**} x=b/zoo y=d"),
                ("GET /foo/a", "GET /{x=*}/a x=foo"),
                ("GET /a/b/foo", "GET /a/b/{x=*} x=foo"),
                ("GET /a/b/c", "GET /a/b/c/{x=**} x="),
                ("GET /a/b/d", "GET /a/b/{x=*} x=d"),
                ("GET /a/b/c/foo/bar/baz", "GET /a/b/c/{x=**} x=foo/bar/baz"),
                ("GET /a/b/c/", "GET /a/b/c/{x=**} x="),
                (
                    "GET /foo/d/e/f/bar/baz",
                    "GET /{x=*}/d/e/f/{y=**} x=foo y=bar/baz",
                ),
                ("GET /foo/d/e/f", "GET /{x=*}/d/e/f/{y=**} x=foo y="),
            ],
        );
    }

    #[test]
    fn a_verb_is_one_if_a_template_has_it() {
        check(
            &[
                "GET /person",
                "GET /person/{id=*}",
                "GET /{x=**}:verb",
                "POST /person/{id}:a%20b",
            ],
            &[
                ("GET /person:verb", "GET /{x=**}:verb x=person"),
                ("GET /person/jason:verb", "GET /{x=**}:verb x=person/jason"),
                ("GET /animal/cat:verb", "GET /{x=**}:verb x=animal/cat"),
                ("GET /person", "GET /person"),
                ("GET /person/jason", "GET /person/{id=*} id=jason"),
                ("GET /animal", "none"),
                ("GET /person:other", "none"),
                ("GET /person/jason:other", "GET /person/{id=*} id=jason:other"),
                ("GET /person/jason%3Averb", "GET /person/{id=*} id=jason%3Averb"),
                ("GET /person/a:b:verb", "GET /{x=**}:verb x=person/a:b"),
                ("GET /:verb", "GET /{x=**}:verb x="),
                ("POST /person/jason:a%20b", "POST /person/{id}:a%20b id=jason"),
                ("GET /person/jason:a%20b", "GET /person/{id=*} id=jason:a%20b"),
                ("GET /person/jason:", "GET /person/{id=*} id=jason:"),
            ],
        );
    }

    #[test]
    fn literals_are_compared_without_escapes() {
        check(
            &["GET /a%20b/c%3Ad", "GET /ü", "GET /x/{y}"],
            &[
                ("GET /a%20b/c:d", "GET /a%20b/c%3Ad"),
                ("GET /a%20b/c%3ad", "GET /a%20b/c%3Ad"),
                ("GET /%61%20b/%63%3Ad", "GET /a%20b/c%3Ad"),
                ("GET /%C3%BC", "GET /ü"),
                ("GET /%78/y%2Fz", "GET /x/{y} y=y%2Fz"),
                ("GET /x%2Fy", "none"),
                ("GET /%FF", "none"),
                ("GET /%", "none"),
            ],
        );
    }

    #[test]
    fn other_verbs_of_http_are_told_and_a_less_specific_template_may_have_the_right_one() {
        check(
            &[
                "GET /v1/{name=**}",
                "POST /v1/shelves",
                "DELETE /v1/shelves/{id}",
                "* /any/{x}",
                "PUT /any/{x}",
                "POST /v1/shelves:sort",
            ],
            &[
                ("GET /v1/shelves", "GET /v1/{name=**} name=shelves"),
                ("POST /v1/shelves", "POST /v1/shelves"),
                ("PUT /v1/shelves", "GET, POST"),
                ("POST /v1/shelves/1", "DELETE, GET"),
                ("DELETE /v1/shelves:sort", "GET, POST"),
                ("DELETE /nothing", "none"),
                ("PUT /any/1", "PUT /any/{x} x=1"),
                ("PROPFIND /any/1", "* /any/{x} x=1"),
            ],
        );
    }

    #[test]
    fn the_same_template_is_there_once_for_a_verb() {
        let mut trie = Trie::default();
        let mut insert = |verb: &Verb, text| trie.insert(Some(verb), &Template::parse(text).unwrap(), 7);
        assert_eq!(insert(&Verb::GET, "/v1/{a}"), Ok(()));
        assert_eq!(insert(&Verb::PUT, "/v1/{a}"), Ok(()));
        assert_eq!(insert(&Verb::GET, "/v1/{b=*}"), Err(7));
        assert_eq!(insert(&Verb::GET, "/v1/{b=*}:c"), Ok(()));
        assert_eq!(insert(&Verb::GET, "/{b=v1/*}"), Err(7));
        assert_eq!(insert(&Verb::GET, "/v1/**"), Ok(()));
        assert_eq!(insert(&Verb::GET, "/v1/{x=**}"), Err(7));
    }

    /// The tree is what bounds the work, so it is as large as it can be in one direction: two ways at each segment.
    #[test]
    fn the_work_is_bounded_for_every_path() {
        let mut trie = Trie::default();
        for ways in 0..1 << 10 {
            let way = |at: u32| if ways >> at & 1 == 0 { "/a" } else { "/*" };
            let text: String = (0..10).map(way).collect();
            trie.insert(
                Some(&Verb::GET),
                &Template::parse(&(text + "/end")).unwrap(),
                ways,
            )
            .unwrap();
        }
        // All of its 2,047 nodes are visited, and none twice; the rest of the path is looked at by nobody.
        let path = "/a".repeat(10_000);
        for _ in 0..100 {
            assert_eq!(trie.find(&Verb::GET, &path), Found::Nothing);
        }
    }
}
