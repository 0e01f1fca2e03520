//! The rules of `google.api.http` as they are written, in a proto or in a service config.

use std::ops::Range;

use http::Method as Verb;
use prost::Message as _;

use super::fault::{Fault, Spot};
use crate::error::SourceText;
use crate::schema::Element;

/// The number of the extension `google.api.http` of `google.protobuf.MethodOptions`.
pub(super) const HTTP: u32 = 72_295_728;

/// One way to call a method.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// `None` stands for every verb.
    pub(super) verb: Option<Verb>,
    pub(super) path: String,
    /// A field of the request, `*` for the request itself, or empty for no body.
    pub(super) body: String,
    /// A field of the response, or empty for the response itself.
    pub(super) response_body: String,
    /// Whether a `%2F` in a variable of several segments becomes a slash.
    pub(super) decodes_slashes: bool,
    pub(super) origin: Origin,
}

/// Where a rule is written.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Proto(Element),
    Config(Box<Spans>),
}

/// The places of a rule in a service config.
#[derive(Debug, Clone)]
pub(super) struct Spans {
    pub(super) source: SourceText,
    pub(super) path: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) response_body: Range<usize>,
}

/// A part of a rule.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Path,
    Body,
    ResponseBody,
}

impl Rule {
    /// Whether both say the same at the same place in a proto.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        let is_same_place = match (&self.origin, &other.origin) {
            (Origin::Proto(one), Origin::Proto(other)) => one == other,
            _ => false,
        };
        is_same_place
            && self.verb == other.verb
            && self.path == other.path
            && self.body == other.body
            && self.response_body == other.response_body
            && self.decodes_slashes == other.decodes_slashes
    }

    /// What is wrong with a part of the rule.
    pub(super) fn fault(&self, part: Part, message: String) -> Fault {
        Fault::new(self.spot(part), message)
    }

    /// Where a part of the rule is written.
    pub(super) fn spot(&self, part: Part) -> Spot {
        match &self.origin {
            Origin::Proto(element) => {
                let written = match part {
                    Part::Path => &self.path,
                    Part::Body => &self.body,
                    Part::ResponseBody => &self.response_body,
                };
                Spot::Proto(element.clone(), quoted(written))
            }
            Origin::Config(spans) => {
                let span = match part {
                    Part::Path => &spans.path,
                    Part::Body => &spans.body,
                    Part::ResponseBody => &spans.response_body,
                };
                Spot::Config(spans.source.clone(), span.clone())
            }
        }
    }
}

/// A text as protos mostly write it.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("\"{text}\"")
    }
}

/// `google.api.HttpRule`, as far as it is read.
#[derive(Clone, PartialEq, prost::Message)]
struct HttpRule {
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6, 8")]
    pattern: Option<Pattern>,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(message, repeated, tag = "11")]
    additional_bindings: Vec<HttpRule>,
    #[prost(string, tag = "12")]
    response_body: String,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Pattern {
    #[prost(string, tag = "2")]
    Get(String),
    #[prost(string, tag = "3")]
    Put(String),
    #[prost(string, tag = "4")]
    Post(String),
    #[prost(string, tag = "5")]
    Delete(String),
    #[prost(string, tag = "6")]
    Patch(String),
    #[prost(message, tag = "8")]
    Custom(CustomPattern),
}

#[derive(Clone, PartialEq, prost::Message)]
struct CustomPattern {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
}

/// The verb of a custom pattern; `None` for `*`.
pub(super) fn custom_verb(kind: &str) -> Result<Option<Verb>, String> {
    match kind {
        "*" => Ok(None),
        // Requests would have to write it so, too.
        kind if kind.contains(|letter: char| letter.is_ascii_lowercase()) => Err(format!(
            "{kind:?} is no verb of HTTP, which are written in capitals: `{}`",
            kind.to_ascii_uppercase()
        )),
        kind => Verb::from_bytes(kind.as_bytes())
            .map(Some)
            .map_err(|_| format!("{kind:?} is no verb of HTTP; `*` stands for all of them")),
    }
}

/// What is wrong with a rule that gives no verb or no path.
pub(super) const NO_PATTERN: &str =
    "the rule has no path: set `get`, `put`, `post`, `delete`, `patch` or `custom`";

/// What is wrong with bindings in bindings.
pub(super) const NESTED: &str = "a binding in `additional_bindings` has `additional_bindings` of its own";

/// The rules in the value of the option of a method, its own and the additional ones: each, or what is wrong with it.
pub(super) fn rules_of_option(value: &[u8], element: &Element) -> Vec<Result<Rule, String>> {
    let mut rule = match HttpRule::decode(value) {
        Ok(rule) => rule,
        Err(error) => return vec![Err(format!("the option cannot be read: {error}"))],
    };
    let additional = std::mem::take(&mut rule.additional_bindings);
    let is_nested = |rule: &HttpRule| !rule.additional_bindings.is_empty();
    let nested = additional.iter().any(is_nested).then(|| Err(NESTED.to_owned()));
    let rules = [rule].into_iter().chain(additional);
    rules.map(|rule| rule.read(element)).chain(nested).collect()
}

impl HttpRule {
    /// The rule without its additional ones. Fails with what is wrong.
    fn read(self, element: &Element) -> Result<Rule, String> {
        let (verb, path) = match self.pattern.ok_or(NO_PATTERN)? {
            Pattern::Get(path) => (Some(Verb::GET), path),
            Pattern::Put(path) => (Some(Verb::PUT), path),
            Pattern::Post(path) => (Some(Verb::POST), path),
            Pattern::Delete(path) => (Some(Verb::DELETE), path),
            Pattern::Patch(path) => (Some(Verb::PATCH), path),
            Pattern::Custom(custom) => (custom_verb(&custom.kind)?, custom.path),
        };
        Ok(Rule {
            verb,
            path,
            body: self.body,
            response_body: self.response_body,
            decodes_slashes: false,
            origin: Origin::Proto(element.clone()),
        })
    }
}
