//! Which methods a rule is for: the one that it names, all that a pattern with `*` names, or those of a list of both.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::Arc;

use super::method_hint::method_hint;
use crate::error::{Problem, SourceText};
use crate::schema::{Method, OWN_SERVICES, Schema};
use crate::suggest;
use crate::yaml::{Node, Yaml};

/// A method that a rule is for.
pub(super) struct NamedMethod {
    pub(super) method: Arc<Method>,
    /// Whether only patterns name it.
    pub(super) by_pattern: bool,
}

/// The methods of a rule, each once: `node` is a name or a pattern, or a list of them. What names none is a problem.
pub(super) fn rule_methods(
    schema: &Schema,
    source: &SourceText,
    node: &Node,
    problems: &mut Vec<Problem>,
) -> Vec<NamedMethod> {
    let names = match &node.value {
        Yaml::List(names) if names.is_empty() => {
            let message = "a rule needs a method, and this list has none";
            let problem = Problem::at(source, node.span.clone(), message);
            problems
                .push(problem.with_hint("such as `[package.Service/Method]`; `*/*` stands for all methods"));
            return Vec::new();
        }
        Yaml::List(names) => names,
        _ => slice::from_ref(node),
    };
    let mut methods: BTreeMap<String, NamedMethod> = BTreeMap::new();
    for name in names {
        let problem = |message| Problem::at(source, name.span.clone(), message);
        let Some(wanted) = name.text() else {
            let message = format!("expected the name of a method, found {}", name.kind());
            problems.push(problem(message).with_hint("such as `package.Service/Method`"));
            continue;
        };
        let named = methods_named(schema, wanted);
        if named.is_empty() {
            let problem = problem(format!("there is no method `{wanted}`"));
            problems.push(problem.with_hint_if(hint(schema, wanted)));
        }
        for method in named {
            let by_pattern = is_pattern(wanted);
            let known = methods.entry(method.name().to_owned());
            known
                .and_modify(|known| known.by_pattern &= by_pattern)
                .or_insert(NamedMethod { method, by_pattern });
        }
    }
    methods.into_values().collect()
}

/// Whether it names methods by a pattern.
fn is_pattern(wanted: &str) -> bool {
    wanted.contains('*')
}

/// The methods that `package.Service/Method` names, where `*` stands for any text but a slash.
pub(in crate::rules) fn methods_named(schema: &Schema, wanted: &str) -> Vec<Arc<Method>> {
    if !is_pattern(wanted) {
        return schema.method(wanted).cloned().into_iter().collect();
    }
    let Some((service, method)) = wanted.split_once('/') else {
        return Vec::new();
    };
    let methods = schema.methods().iter();
    let named = methods.filter(|of| is_service(service, of) && fits(method, short_name(of)));
    named.cloned().collect()
}

/// What may have been meant by a name that no method has.
fn hint(schema: &Schema, wanted: &str) -> Option<String> {
    let methods = schema.methods();
    let is_excluded = ["!", "-", "~", "not ", "except "]
        .iter()
        .any(|not| wanted.starts_with(not));
    if is_excluded {
        let hint = "a pattern leaves no method out: give that method a rule of its own before this one, since the first \
                    that matches answers";
        return Some(hint.to_owned());
    }
    if wanted != "*"
        && let Some(pattern) = star_of(wanted).filter(|pattern| !methods_named(schema, pattern).is_empty())
    {
        return Some(format!("`*` stands for any text but a slash: write `{pattern}`"));
    }
    let with_all = format!("{wanted}/*");
    if is_pattern(wanted) && wanted != "*" && !methods_named(schema, &with_all).is_empty() {
        return Some(format!(
            "a pattern has a service and a method: write `{with_all}`"
        ));
    }
    if let Some(names) = several(schema, wanted) {
        return Some(format!(
            "several methods are a list: write `[{}]`",
            names.join(", ")
        ));
    }
    let service_of = wanted.trim_matches('/').split('/').next().unwrap_or_default();
    if OWN_SERVICES.contains(&service_of) {
        let hint = format!(
            "the server itself answers `{service_of}`; rules answer it where its proto is among the protos that are served"
        );
        return Some(hint);
    }
    let Some((service, method)) = wanted.split_once('/').filter(|_| is_pattern(wanted)) else {
        let every = (wanted == "*").then(|| "`*/*` stands for all methods".to_owned());
        return every.or_else(|| method_hint(schema, wanted));
    };
    let is_known = methods.iter().any(|of| is_service(service, of));
    let known: BTreeSet<String> = if is_known {
        let of_service = methods.iter().filter(|of| is_service(service, of));
        of_service
            .map(|of| format!("{service}/{}", short_name(of)))
            .collect()
    } else {
        let services = methods.iter().map(|of| of.service());
        services.map(|service| format!("{service}/{method}")).collect()
    };
    suggest::hint(wanted, known.iter().map(String::as_str))
}

/// The names in a text that lists several methods: `shop.Shop/Get, shop.Shop/List`, `shop.Shop/Get|List`, `shop.Shop/{Get,List}`.
fn several(schema: &Schema, wanted: &str) -> Option<Vec<String>> {
    let parts = wanted
        .split([',', '|', ';', '{', '}', '(', ')', ' '])
        .map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let mut service = "";
    let mut names = Vec::with_capacity(parts.len());
    for part in parts {
        match part.rsplit_once('/') {
            Some((of, "")) => service = of,
            Some((of, _)) => {
                service = of;
                names.push(part.to_owned());
            }
            None => names.push(format!("{service}/{part}")),
        }
    }
    let are_known = names.iter().all(|name| !methods_named(schema, name).is_empty());
    (names.len() > 1 && are_known).then_some(names)
}

/// A regular expression or a glob as a pattern, if it is one: `shop.Shop/.*`, `**`, `Get.+`.
fn star_of(wanted: &str) -> Option<String> {
    let plain = wanted.trim_start_matches(['^', '/']).trim_end_matches(['$', '/']);
    let pattern = [".*", ".+", "**", "?"]
        .iter()
        .fold(plain.replace("\\.", "."), |pattern, any| {
            pattern.replace(any, "*")
        });
    let pattern = match pattern.as_str() {
        "*" => "*/*".to_owned(),
        _ => pattern,
    };
    (is_pattern(&pattern) && pattern != wanted).then_some(pattern)
}

fn is_service(pattern: &str, method: &Method) -> bool {
    let service = method.service();
    pattern == service || fits(pattern, service) && !OWN_SERVICES.contains(&service)
}

/// The name of a method within its service.
fn short_name(method: &Method) -> &str {
    let name = method.name();
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

/// Whether a text is what a pattern stands for.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    // What lies between two `*` is found where it comes first; what follows the last one is at the end.
    let mut parts = rest.split('*');
    let Some(last) = parts.next_back() else {
        return true;
    };
    let mut left = text;
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(wanted: &str) -> Vec<String> {
        let schema = schema();
        let methods = methods_named(&schema, wanted);
        methods.iter().map(|method| method.name().to_owned()).collect()
    }

    fn schema() -> Schema {
        let files = [
            (
                "health.proto",
                "syntax = \"proto3\"; package grpc.health.v1; message M {}
                 service Health { rpc Check(M) returns (M); }",
            ),
            (
                "shop.proto",
                "syntax = \"proto3\"; package shop; message M {}
                 service Shop { rpc Get(M) returns (M); rpc GetAll(M) returns (M); }
                 service Admin { rpc Get(M) returns (M); }",
            ),
            (
                "orders.proto",
                "syntax = \"proto3\"; package shop.v1; message M {} service Orders { rpc Make(M) returns (M); }",
            ),
        ];
        let builder = files.iter().fold(Schema::builder(), |builder, (name, text)| {
            builder.source(*name, *text).import(*name)
        });
        builder.build().expect("it compiles")
    }

    #[test]
    fn a_star_stands_for_any_text_but_a_slash() {
        let all = [
            "shop.Admin/Get",
            "shop.Shop/Get",
            "shop.Shop/GetAll",
            "shop.v1.Orders/Make",
        ];
        for (wanted, expected) in [
            ("shop.Shop/Get", &all[1..2]),
            ("shop.Shop/*", &all[1..3]),
            ("shop.Shop/Get*", &all[1..3]),
            ("shop.Shop/*All", &all[2..3]),
            ("*/Make", &all[3..]),
            ("shop.*/*", &all[..]),
            ("*.v1.*/*", &all[3..]),
            ("sh*p.*s/*a*e", &all[3..]),
            ("*/*", &all[..]),
            ("shop.v2.*/*", &[]),
            ("shop.Shop/Getx*", &[]),
            ("*", &[]),
        ] {
            let mut found = named(wanted);
            found.sort();
            assert_eq!(found, expected, "{wanted}");
        }
    }

    #[test]
    fn what_fits_a_pattern() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*", "a", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "xbxa", false),
            ("**", "x", true),
            ("a*b*b", "ab", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn services_of_the_server_are_named_one_by_one() {
        assert_eq!(
            named("grpc.health.v1.Health/Check"),
            ["grpc.health.v1.Health/Check"]
        );
        assert_eq!(named("grpc.health.v1.Health/*"), ["grpc.health.v1.Health/Check"]);
    }

    #[test]
    fn what_was_meant_is_suggested() {
        let schema = schema();
        for (wanted, expected) in [
            ("*", "`*/*` stands for all methods"),
            ("shop.Shopp/*", "did you mean `shop.Shop/*`?"),
            ("Shop/*", "did you mean `shop.Shop/*`?"),
            ("shop.*/GetAl", "did you mean `shop.*/GetAll`?"),
        ] {
            assert_eq!(hint(&schema, wanted).as_deref(), Some(expected), "{wanted}");
        }
    }
}
