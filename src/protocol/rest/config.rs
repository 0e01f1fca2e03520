//! Rules in a service config: the section `http` of `google.api.Service`, in YAML or JSON.
//!
//! ```yaml
//! type: google.api.Service
//! http:
//!   rules:
//!   - selector: acme.Shop.GetBook
//!     get: /v1/{name=shelves/*/books/*}
//! ```

use std::fs;
use std::path::Path;

use http::Method as Verb;

use super::rule::{NESTED, NO_PATTERN, Origin, Rule, Spans, custom_verb};
use crate::error::{Problem, SourceText};
use crate::suggest;
use crate::yaml::{Entry, Node, Yaml, entries, find, parse};

/// A rule and the methods that it is for.
#[derive(Debug)]
pub(super) struct ConfigRule {
    selector: String,
    place: (SourceText, std::ops::Range<usize>),
    /// The rule itself, and its additional bindings.
    pub(super) rules: Vec<Rule>,
}

const PATTERNS: [(&str, Verb); 5] = [
    ("get", Verb::GET),
    ("put", Verb::PUT),
    ("post", Verb::POST),
    ("delete", Verb::DELETE),
    ("patch", Verb::PATCH),
];

const KEYS: [&str; 12] = [
    "selector",
    "get",
    "put",
    "post",
    "delete",
    "patch",
    "custom",
    "body",
    "response_body",
    "responseBody",
    "additional_bindings",
    "additionalBindings",
];

/// The text of a file.
pub(super) fn text_of(path: &Path) -> Result<SourceText, Problem> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(SourceText::new(name, text)),
        Err(error) => {
            let problem = Problem::in_file(name, format!("cannot be read: {error}"));
            Err(problem.needing(std::path::absolute(path)))
        }
    }
}

/// Reads the rules of a text.
pub(super) fn read(source: &SourceText, problems: &mut Vec<Problem>) -> Vec<ConfigRule> {
    let root = match parse(source) {
        Ok(root) => root,
        Err(found) => {
            problems.extend(found);
            return Vec::new();
        }
    };
    let Some(http) = root.get("http") else {
        let problem = Problem::in_file(source.name(), "there is no section `http`");
        problems.push(
            problem.with_hint("write `http:`, and below it `rules:` with a list, as in google.api.Service"),
        );
        return Vec::new();
    };
    let known = [
        "rules",
        "fully_decode_reserved_expansion",
        "fullyDecodeReservedExpansion",
    ];
    let Some(found) = entries(source, problems, http, "the section `http`", &known, |_| None) else {
        return Vec::new();
    };
    let decodes = known[1..].iter().find_map(|name| find(&found, name));
    let decodes_slashes = decodes.is_some_and(|entry| {
        if let Yaml::Bool(decodes) = entry.value.value {
            return decodes;
        }
        expected(source, problems, entry.value, "true or false");
        false
    });
    let Some(rules) = find(&found, "rules") else {
        return Vec::new();
    };
    if !matches!(rules.value.value, Yaml::List(_) | Yaml::Null) {
        expected(source, problems, rules.value, "a list of rules");
    }
    let mut reader = Reader {
        source,
        problems,
        decodes_slashes,
    };
    rules
        .value
        .items()
        .iter()
        .filter_map(|rule| reader.config_rule(rule))
        .collect()
}

fn expected(source: &SourceText, problems: &mut Vec<Problem>, node: &Node, what: &str) {
    let message = format!("expected {what}, found {}", node.kind());
    problems.push(Problem::at(source, node.span.clone(), message));
}

struct Reader<'r> {
    source: &'r SourceText,
    problems: &'r mut Vec<Problem>,
    decodes_slashes: bool,
}

impl Reader<'_> {
    fn at(&mut self, node: &Node, message: impl Into<String>) {
        self.problems
            .push(Problem::at(self.source, node.span.clone(), message));
    }

    fn config_rule(&mut self, node: &Node) -> Option<ConfigRule> {
        let found = entries(self.source, self.problems, node, "a rule", &KEYS, |_| None)?;
        let Some(selector) = find(&found, "selector") else {
            self.at(
                node,
                "the rule has no `selector`: name the method, as in `acme.Shop.GetBook`",
            );
            return None;
        };
        let name = self.text(selector)?;
        let mut rules = vec![self.rule(node, &found)?];
        let additional = ["additional_bindings", "additionalBindings"];
        if let Some(additional) = additional.iter().find_map(|name| find(&found, name)) {
            if !matches!(additional.value.value, Yaml::List(_)) {
                expected(self.source, self.problems, additional.value, "a list of bindings");
            }
            for node in additional.value.items() {
                rules.extend(self.additional(node));
            }
        }
        Some(ConfigRule {
            selector: name,
            place: (self.source.clone(), selector.value.span.clone()),
            rules,
        })
    }

    fn additional(&mut self, node: &Node) -> Option<Rule> {
        let found = entries(self.source, self.problems, node, "a binding", &KEYS, |_| None)?;
        if let Some(nested) = found.iter().find(|entry| entry.name.starts_with("additional")) {
            self.at(nested.key, NESTED);
            return None;
        }
        self.rule(node, &found)
    }

    /// The rule with these entries.
    fn rule(&mut self, node: &Node, found: &[Entry<'_>]) -> Option<Rule> {
        let mut patterns = Vec::new();
        for (name, verb) in PATTERNS {
            if let Some(entry) = find(found, name) {
                patterns.push((entry.key, Some(verb), self.text(entry)?, entry.value.span.clone()));
            }
        }
        if let Some(custom) = find(found, "custom") {
            let known = ["kind", "path"];
            let inner = entries(
                self.source,
                self.problems,
                custom.value,
                "`custom`",
                &known,
                |_| None,
            )?;
            let (Some(kind), Some(path)) = (find(&inner, "kind"), find(&inner, "path")) else {
                self.at(
                    custom.value,
                    "`custom` has a `kind`, which is a verb of HTTP or `*`, and a `path`",
                );
                return None;
            };
            let verb = match custom_verb(&self.text(kind)?) {
                Ok(verb) => verb,
                Err(message) => {
                    self.at(kind.value, message);
                    return None;
                }
            };
            patterns.push((custom.key, verb, self.text(path)?, path.value.span.clone()));
        }
        let mut patterns = patterns.into_iter();
        let Some((_, verb, path, span)) = patterns.next() else {
            self.at(node, NO_PATTERN);
            return None;
        };
        if let Some((key, ..)) = patterns.next() {
            self.at(
                key,
                "the rule has two paths: put the second into `additional_bindings`",
            );
            return None;
        }
        let body = find(found, "body");
        let response_body = find(found, "response_body").or_else(|| find(found, "responseBody"));
        let span_of =
            |entry: Option<&Entry<'_>>| entry.map_or(span.clone(), |entry| entry.value.span.clone());
        let spans = Spans {
            source: self.source.clone(),
            body: span_of(body),
            response_body: span_of(response_body),
            path: span,
        };
        Some(Rule {
            verb,
            path,
            body: self.optional(body)?,
            response_body: self.optional(response_body)?,
            decodes_slashes: self.decodes_slashes,
            origin: Origin::Config(Box::new(spans)),
        })
    }

    fn optional(&mut self, entry: Option<&Entry<'_>>) -> Option<String> {
        entry.map_or(Some(String::new()), |entry| self.text(entry))
    }

    fn text(&mut self, entry: &Entry<'_>) -> Option<String> {
        let text = entry.value.text().map(str::to_owned);
        if text.is_none() {
            expected(self.source, self.problems, entry.value, "a string");
        }
        text
    }
}

impl ConfigRule {
    /// Which of these methods, each `package.Service/Method`, the rule is for. Tells of patterns that name none.
    pub(super) fn selected<'m>(&self, methods: &[&'m str], problems: &mut Vec<Problem>) -> Vec<&'m str> {
        let mut selected = Vec::new();
        for pattern in self.selector.split(',').map(str::trim) {
            let problem = |message: String| Problem::at(&self.place.0, self.place.1.clone(), message);
            let is_wildcard = pattern == "*" || pattern.ends_with(".*");
            let prefix = pattern.strip_suffix('*').unwrap_or(pattern);
            if prefix.contains('*') || (pattern.ends_with('*') && !is_wildcard) {
                problems.push(
                    problem(format!(
                        "the selector `{pattern}` has a `*` that is not its last part"
                    ))
                    .with_hint("a `*` stands for whole names at the end, as in `acme.Shop.*`"),
                );
                continue;
            }
            let before = selected.len();
            for method in methods {
                let dotted = method.replace('/', ".");
                let is_selected = if is_wildcard {
                    dotted.starts_with(prefix)
                } else {
                    dotted == pattern
                };
                if is_selected && !selected.contains(method) {
                    selected.push(*method);
                }
            }
            if selected.len() == before && !is_wildcard {
                let names: Vec<String> = methods.iter().map(|method| method.replace('/', ".")).collect();
                let slashed = pattern.replace('/', ".");
                let hint = if names.contains(&slashed) {
                    Some(format!("a selector has dots only: `{slashed}`"))
                } else {
                    suggest::did_you_mean(pattern, names.iter().map(String::as_str))
                };
                problems.push(problem(format!("the schema has no method `{pattern}`")).with_hint_if(hint));
            } else if selected.len() == before {
                problems.push(problem(format!("the schema has no method below `{pattern}`")));
            }
        }
        selected
    }
}
